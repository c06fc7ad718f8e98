/* SPDX-License-Identifier: BSD-2-Clause */
/* The board: a PC with the devices that SeaBIOS needs, wired up. */
#ifndef VMM_PC_H
#define VMM_PC_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/acpi.h>
#include <vmm/acpi_pm.h>
#include <vmm/apic_bus.h>
#include <vmm/clock.h>
#include <vmm/cmos.h>
#include <vmm/cpuid.h>
#include <vmm/debug_port.h>
#include <vmm/fw_cfg.h>
#include <vmm/ioapic.h>
#include <vmm/keyboard.h>
#include <vmm/lapic.h>
#include <vmm/line.h>
#include <vmm/memory.h>
#include <vmm/mmio.h>
#include <vmm/msr.h>
#include <vmm/mtrr.h>
#include <vmm/pci.h>
#include <vmm/pic.h>
#include <vmm/pit.h>
#include <vmm/ports.h>
#include <vmm/pvpanic.h>
#include <vmm/reset.h>
#include <vmm/system_control.h>
#include <vmm/uart.h>

/* One entry of the "etc/e820" file, as SeaBIOS and QEMU lay it out. */
struct vmm_e820_entry {
    uint64_t address, size;
    uint32_t type; /* 1: RAM, 2: reserved */
} __attribute__((packed));

struct vmm_pc {
    struct vmm_clock clock;
    struct vmm_ports ports;
    struct vmm_memory memory;
    struct vmm_mmio mmio;
    struct vmm_cpuid cpuid;
    struct vmm_msrs msrs;
    struct vmm_mtrr mtrr;
    struct vmm_pic pic;
    struct vmm_apic_bus apic_bus;
    struct vmm_lapic lapics[VMM_APIC_BUS_MAX]; /* by APIC ID, one for each vCPU */
    struct vmm_ioapic ioapic;
    struct vmm_pit pit;
    struct vmm_cmos cmos;
    struct vmm_keyboard keyboard;
    struct vmm_system_control system_control;
    struct vmm_uart com1;
    struct vmm_acpi_pm acpi_pm;
    struct vmm_pci pci;
    struct vmm_pci_function host_bridge;
    uint8_t pci_levels; /* of PIRQA to PIRQD, a bit each */
    struct vmm_fw_cfg fw_cfg;
    struct vmm_debug_port debug;
    struct vmm_pvpanic pvpanic;
    struct vmm_e820_entry e820;
    struct vmm_reset reset;
};

struct vmm_pc_config {
    uint64_t memory; /* bytes of RAM from address 0 on, below 3 GiB */
    uint64_t tsc_hz;
    uint64_t tsc;       /* now */
    uint64_t unix_time; /* now */
    unsigned cpus;      /* 1 to VMM_APIC_BUS_MAX */
    /* How long SeaBIOS waits before it tries again to boot, milliseconds; all ones: for ever. */
    uint32_t boot_fail_wait;
    vmm_debug_line *print; /* takes what the firmware writes to its debug port; may be NULL */
    void *context;
    vmm_cpuid_reader *cpuid;
    struct vmm_uart_host com1;       /* the other end of the serial port */
    struct vmm_pvpanic_host pvpanic; /* who hears that the guest has panicked */
};

/* What ACPI has to tell of this board, with so many CPUs. */
struct vmm_acpi_board vmm_pc_acpi_board(unsigned cpus);

/* Makes the board; its memory regions are added by who has the memory (vmm_memory_add). False for a
 * wrong number of CPUs, and when a table is too small, which is a mistake in this library. */
bool vmm_pc_init(struct vmm_pc *pc, const struct vmm_pc_config *config);

/*
 * An interrupt line of the board, by its number in ACPI's system: 0 to 15 are the ISA interrupts,
 * which reach the 8259 and the I/O APIC (IRQ 0 at its pin 2), 16 to 23 pins of the I/O APIC alone.
 */
struct vmm_line vmm_pc_line(struct vmm_pc *pc, unsigned gsi);

#endif
