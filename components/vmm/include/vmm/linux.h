/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading Linux by its 64-bit boot protocol (Linux, Documentation/x86/boot.rst). */
#ifndef VMM_LINUX_H
#define VMM_LINUX_H

#include <nacelle/vcpu_state.h>
#include <stddef.h>
#include <stdint.h>
#include <vmm/memory.h>

#define VMM_LINUX_PROBLEM_MAX 120

/* What is to be booted. The files stay the caller's and are only read. */
struct vmm_linux {
    const uint8_t *kernel; /* a bzImage; for vmm/pvh.h an ELF file */
    uint64_t kernel_size;  /* bytes */
    const uint8_t *initrd; /* NULL: none */
    uint64_t initrd_size;
    const char *command_line;
    uint64_t ram_size; /* bytes of RAM from guest-physical address 0 on, below 3 GiB */
    uint64_t rsdp;     /* guest-physical address of ACPI's root pointer, 0: none */
};

/* Where the kernel starts. */
struct vmm_linux_entry {
    uint64_t rip;
    uint64_t parameters; /* guest-physical address of struct boot_params, in rsi, or what vmm/pvh.h
                            has in its place */
};

/*
 * Puts the kernel, its initial RAM disk, command line, parameters and memory map, and page tables
 * and descriptors to start with, into the guest's memory. Returns NULL and sets `entry`, or what is
 * wrong, in one line that lies in `problem`.
 */
const char *vmm_linux_load(const struct vmm_linux *boot, const struct vmm_memory *memory,
                           struct vmm_linux_entry *entry, char problem[VMM_LINUX_PROBLEM_MAX]);

/* The groups of state that vmm_linux_enter() changes; all have to be fetched before. */
#define VMM_LINUX_GROUPS                                                                     \
    (NACELLE_GROUP_IP | NACELLE_GROUP_RSP | NACELLE_GROUP_SEGMENTS | NACELLE_GROUP_CONTROL | \
     NACELLE_GROUP_TABLES)

/* Sets a vCPU's state as the protocol wants it at the kernel's entry, and marks it dirty. */
void vmm_linux_enter(const struct vmm_linux_entry *entry, struct nacelle_vcpu_state *state);

#endif
