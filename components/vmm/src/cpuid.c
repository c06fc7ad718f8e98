/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUID policy (SDM vol 2, CPUID; APM vol 3, appendix E). */
#include <stddef.h>
#include <vmm/cpuid.h>

#define BASIC_MAX    0x01u
#define EXTENDED     0x80000000u
#define EXTENDED_MAX 0x80000008u
#define ALL          UINT32_MAX

enum {
    EDX_FPU = 1u << 0,
    EDX_VME = 1u << 1,
    EDX_DE = 1u << 2,
    EDX_PSE = 1u << 3,
    EDX_TSC = 1u << 4,
    EDX_MSR = 1u << 5,
    EDX_PAE = 1u << 6,
    EDX_CX8 = 1u << 8,
    EDX_SEP = 1u << 11,
    EDX_PGE = 1u << 13,
    EDX_CMOV = 1u << 15,
    EDX_PAT = 1u << 16,
    EDX_PSE36 = 1u << 17,
    EDX_CLFSH = 1u << 19,
    EDX_MMX = 1u << 23,
    EDX_FXSR = 1u << 24,
    EDX_SSE = 1u << 25,
    EDX_SSE2 = 1u << 26,
};

#define LEAF_1_EDX                                                                            \
    (EDX_FPU | EDX_VME | EDX_DE | EDX_PSE | EDX_TSC | EDX_MSR | EDX_PAE | EDX_CX8 | EDX_SEP | \
     EDX_PGE | EDX_CMOV | EDX_PAT | EDX_PSE36 | EDX_CLFSH | EDX_MMX | EDX_FXSR | EDX_SSE |    \
     EDX_SSE2)

enum {
    ECX_SSE3 = 1u << 0,
    ECX_SSSE3 = 1u << 9,
    ECX_CX16 = 1u << 13,
    ECX_SSE4_1 = 1u << 19,
    ECX_SSE4_2 = 1u << 20,
    ECX_POPCNT = 1u << 23,
    ECX_HYPERVISOR = 1u << 31, /* reserved for hypervisors to set (SDM vol 2, CPUID) */
};

#define LEAF_1_ECX     (ECX_SSE3 | ECX_SSSE3 | ECX_CX16 | ECX_SSE4_1 | ECX_SSE4_2 | ECX_POPCNT)

#define EXTENDED_1_ECX 0x00000001u /* LAHF in 64-bit mode */
#define EXTENDED_1_EDX 0x20100800u /* SYSCALL, no-execute, long mode */

/* What is kept of a leaf of the machine. */
struct policy {
    uint32_t leaf;
    struct vmm_cpuid_values mask;
};

static const struct policy policies[] = {
    {0x00000000, {0, ALL, ALL, ALL}},   {0x00000001, {ALL, 0x0000ffff, LEAF_1_ECX, LEAF_1_EDX}},
    {0x80000000, {0, ALL, ALL, ALL}},   {0x80000001, {ALL, 0, EXTENDED_1_ECX, EXTENDED_1_EDX}},
    {0x80000002, {ALL, ALL, ALL, ALL}}, {0x80000003, {ALL, ALL, ALL, ALL}},
    {0x80000004, {ALL, ALL, ALL, ALL}}, {0x80000008, {0x0000ffff, 0, 0, 0}},
};

bool vmm_cpuid_set(struct vmm_cpuid *cpuid, const struct vmm_cpuid_entry *entry)
{
    for (unsigned i = 0; i < cpuid->count; i++) {
        struct vmm_cpuid_entry *other = &cpuid->entries[i];

        if (other->leaf == entry->leaf && other->any_subleaf == entry->any_subleaf &&
            other->subleaf == entry->subleaf) {
            *other = *entry;
            return true;
        }
    }
    if (cpuid->count == VMM_CPUID_ENTRIES_MAX)
        return false;
    cpuid->entries[cpuid->count++] = *entry;
    return true;
}

void vmm_cpuid_init(struct vmm_cpuid *cpuid, vmm_cpuid_reader *reader)
{
    *cpuid = (struct vmm_cpuid){0};
    for (unsigned i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        const struct policy *policy = &policies[i];
        struct vmm_cpuid_entry entry = {.leaf = policy->leaf, .any_subleaf = true};

        reader(policy->leaf, 0, &entry.values);
        entry.values.eax &= policy->mask.eax;
        entry.values.ebx &= policy->mask.ebx;
        entry.values.ecx &= policy->mask.ecx;
        entry.values.edx &= policy->mask.edx;
        if (policy->leaf == 0)
            entry.values.eax = BASIC_MAX;
        if (policy->leaf == 1)
            entry.values.ecx |= ECX_HYPERVISOR;
        if (policy->leaf == EXTENDED)
            entry.values.eax = EXTENDED_MAX;
        (void)vmm_cpuid_set(cpuid, &entry);
    }
}

static const struct vmm_cpuid_entry *find(const struct vmm_cpuid *cpuid, uint32_t leaf,
                                          uint32_t subleaf)
{
    for (unsigned i = 0; i < cpuid->count; i++)
        if (cpuid->entries[i].leaf == leaf &&
            (cpuid->entries[i].any_subleaf || cpuid->entries[i].subleaf == subleaf))
            return &cpuid->entries[i];
    return NULL;
}

/* The highest leaf of the range (basic, extended) that `leaf` lies in; 0 if there is none. */
static uint32_t highest(const struct vmm_cpuid *cpuid, uint32_t leaf)
{
    const struct vmm_cpuid_entry *entry = find(cpuid, leaf & 0xc0000000u, 0);

    return entry ? entry->values.eax : 0;
}

struct vmm_cpuid_values vmm_cpuid_get(const struct vmm_cpuid *cpuid, uint32_t leaf,
                                      uint32_t subleaf)
{
    const struct vmm_cpuid_entry *entry = find(cpuid, leaf, subleaf);

    if (!entry && leaf > highest(cpuid, leaf) && (leaf & 0xf0000000u) != 0x40000000u)
        entry = find(cpuid, highest(cpuid, 0), subleaf);
    return entry ? entry->values : (struct vmm_cpuid_values){0};
}

void vmm_cpuid_host(uint32_t leaf, uint32_t subleaf, struct vmm_cpuid_values *values)
{
    __asm__ volatile("cpuid"
                     : "=a"(values->eax), "=b"(values->ebx), "=c"(values->ecx), "=d"(values->edx)
                     : "a"(leaf), "c"(subleaf));
}
