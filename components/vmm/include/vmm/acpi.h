/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI tables (ACPI specification 6.4, chapter 5) of a board, in the guest's memory. The devices
 * are described in src/board.asl. */
#ifndef VMM_ACPI_H
#define VMM_ACPI_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/memory.h>

/* Where the tables lie: memory of the guest that is none for it, below 1 MiB, where ACPI 5.2.5.1
 * has the root pointer searched for. */
#define VMM_ACPI_TABLES      0xe0000ull
#define VMM_ACPI_TABLES_SIZE 0x20000ull

#define VMM_ACPI_CPUS_MAX    64

/* What a board is. */
struct vmm_acpi_board {
    unsigned cpus; /* local APICs with identifiers from 0 on; at most VMM_ACPI_CPUS_MAX */
    uint32_t local_apic, io_apic; /* addresses; the I/O APIC has pins 0 to 23 */
    uint32_t pci_window; /* address of bus 0's configuration space (PNP0A03 in board.asl) */
    uint16_t pm_event, pm_control, pm_timer; /* first ports (vmm/acpi_pm.h) */
    uint16_t reset_port;                     /* and what resets when it is written there */
    uint8_t reset_value;
    uint8_t sci;   /* interrupt request line, level-triggered, active high */
    bool keyboard; /* there is an 8042 */
};

/* Writes the tables into `bytes`, which are to lie at `address` (a multiple of 64) in the guest's
 * memory; the root pointer comes first. Returns how many were used, or 0 when there are too few, or
 * too many CPUs. */
uint32_t vmm_acpi_write(const struct vmm_acpi_board *board, uint8_t *bytes, uint32_t size,
                        uint64_t address);

/* Writes the tables for a guest without firmware. Returns the address of the root pointer, or 0
 * when there is no memory at VMM_ACPI_TABLES, or too many CPUs. */
uint64_t vmm_acpi_build(const struct vmm_acpi_board *board, const struct vmm_memory *memory);

#endif
