/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest sees of CPUID: a table that starts from the machine's own, and that a client may
 * change. */
#ifndef VMM_CPUID_H
#define VMM_CPUID_H

#include <stdbool.h>
#include <stdint.h>

#define VMM_CPUID_ENTRIES_MAX 48

struct vmm_cpuid_values {
    uint32_t eax, ebx, ecx, edx;
};

struct vmm_cpuid_entry {
    uint32_t leaf, subleaf;
    bool any_subleaf;
    struct vmm_cpuid_values values;
};

struct vmm_cpuid {
    unsigned count;
    struct vmm_cpuid_entry entries[VMM_CPUID_ENTRIES_MAX];
};

/* Reads CPUID of the machine; vmm_cpuid_host() or a substitute in tests. */
typedef void vmm_cpuid_reader(uint32_t leaf, uint32_t subleaf, struct vmm_cpuid_values *values);

struct vmm_cpuid_config {
    vmm_cpuid_reader *reader;
    uint64_t tsc_hz;
    unsigned cpus;
};

/*
 * The machine's CPUID, cut down to what cpuid_policy.c lets guests have, with what the board has
 * (local APIC, topology, frequencies) and the name of this hypervisor. False when the table is
 * full.
 */
bool vmm_cpuid_init(struct vmm_cpuid *cpuid, const struct vmm_cpuid_config *config);

/* Adds or replaces an entry. False when the table is full. */
bool vmm_cpuid_set(struct vmm_cpuid *cpuid, const struct vmm_cpuid_entry *entry);

/* What the guest gets. Leaves beyond the highest read like the highest basic one, as on Intel. */
struct vmm_cpuid_values vmm_cpuid_get(const struct vmm_cpuid *cpuid, uint32_t leaf,
                                      uint32_t subleaf);

/* True for leaves that tell about the present CR4 and XCR0 of the CPU that asks: what the table has
 * of them is completed by vmm_cpuid_depend(). */
bool vmm_cpuid_depends(uint32_t leaf, uint32_t subleaf);
void vmm_cpuid_depend(struct vmm_cpuid_values *values, uint32_t leaf, uint32_t subleaf,
                      uint64_t cr4, uint64_t xcr0);

/* The bits of XCR0 that the guest may set; 0 without XSAVE. */
uint64_t vmm_cpuid_xcr0(const struct vmm_cpuid *cpuid);

void vmm_cpuid_host(uint32_t leaf, uint32_t subleaf, struct vmm_cpuid_values *values);

#endif
