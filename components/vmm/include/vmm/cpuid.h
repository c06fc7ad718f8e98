/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest sees of CPUID: a table that a client fills, starting from the machine's own. */
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

/*
 * Takes the leaves of the policy table in cpuid.c over from the machine, cut down to the features
 * that this library has an answer for: no APIC, no MTRRs, no VMX or SVM, no XSAVE, no MWAIT.
 */
void vmm_cpuid_init(struct vmm_cpuid *cpuid, vmm_cpuid_reader *reader);

/* Adds or replaces an entry. False when the table is full. */
bool vmm_cpuid_set(struct vmm_cpuid *cpuid, const struct vmm_cpuid_entry *entry);

/* What the guest gets. Leaves beyond the highest read like the highest basic one, as on Intel. */
struct vmm_cpuid_values vmm_cpuid_get(const struct vmm_cpuid *cpuid, uint32_t leaf,
                                      uint32_t subleaf);

void vmm_cpuid_host(uint32_t leaf, uint32_t subleaf, struct vmm_cpuid_values *values);

#endif
