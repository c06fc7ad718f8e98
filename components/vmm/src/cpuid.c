/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUID of a guest (SDM vol. 2, CPUID; APM vol. 3, appendix E): the leaves. */
#include <stddef.h>
#include <vmm/cpuid.h>
#include <vmm/cpuid_policy.h>
#include <x86/bits.h>
#include <x86/control.h>

#define KVM_SIGNATURE            (X86_CPUID_HYPERVISOR + 0x100)
#define KVM_FEATURES             (KVM_SIGNATURE + 1)
#define KVM_FEATURE_NOP_IO_DELAY (1u << 1)

#define INTEL_MAX                X86_CPUID_FREQUENCY
#define OTHER_MAX                X86_CPUID_XSTATE
#define EXTENDED_MAX             X86_CPUID_ADDRESS_SIZES
#define AMD_CACHES_L1            0x80000005u
#define CACHES_L2                0x80000006u
#define DESCRIPTORS              0x00000002u
#define ALL                      UINT32_MAX

#define GENUINE_INTEL            0x756e6547u /* "Genu", in EBX of leaf 0 */
#define AUTHENTIC_AMD            0x68747541u /* "Auth" */

#define OSXSAVE                  X86_BIT32(27)
#define HTT                      X86_BIT32(28)
#define CACHE_LEVELS             4
#define CACHE_TYPE               0x1fu
/* XCR0 of a guest: cpuid_policy.c says why no more. Ends at 832 bytes of the XSAVE area. */
#define XCR0         (X86_XCR0_X87 | X86_XCR0_SSE | X86_XCR0_AVX)
#define XSAVE_LEGACY 576u /* with the header (SDM vol. 1, 13.4) */
#define AVX_OFFSET   576u
#define AVX_SIZE     256u

/* Bits of 80000001H:EDX that are those of 1:EDX again, on AMD (APM vol. 3, E.4.2). */
#define AMD_DUPLICATES 0x0183f3ffu

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

static bool put(struct vmm_cpuid *cpuid, uint32_t leaf, struct vmm_cpuid_values values)
{
    const struct vmm_cpuid_entry entry = {.leaf = leaf, .any_subleaf = true, .values = values};

    return vmm_cpuid_set(cpuid, &entry);
}

static bool put_subleaf(struct vmm_cpuid *cpuid, uint32_t leaf, uint32_t subleaf,
                        struct vmm_cpuid_values values)
{
    const struct vmm_cpuid_entry entry = {.leaf = leaf, .subleaf = subleaf, .values = values};

    return vmm_cpuid_set(cpuid, &entry);
}

static struct vmm_cpuid_values machine(const struct vmm_cpuid_config *config, uint32_t leaf,
                                       uint32_t subleaf)
{
    struct vmm_cpuid_values values = {0};

    config->reader(leaf, subleaf, &values);
    return values;
}

static uint32_t *in(struct vmm_cpuid_values *values, enum x86_cpuid_register reg)
{
    switch (reg) {
    case X86_CPUID_EAX:
        return &values->eax;
    case X86_CPUID_EBX:
        return &values->ebx;
    case X86_CPUID_ECX:
        return &values->ecx;
    default:
        return &values->edx;
    }
}

/* Features of a leaf, as the policy has them. */
static struct vmm_cpuid_values features(const struct vmm_cpuid_config *config, uint32_t leaf,
                                        uint32_t subleaf)
{
    struct vmm_cpuid_values have = machine(config, leaf, subleaf), values = {0};

    for (unsigned i = 0; i < X86_FEATURE_COUNT; i++) {
        const struct x86_cpuid_feature *feature = x86_feature_info((enum x86_feature)i);
        uint32_t bit = X86_BIT32(feature->bit);

        if (feature->leaf != leaf || feature->subleaf != subleaf)
            continue;
        if (vmm_cpuid_rules[i] == VMM_CPUID_GIVE ||
            (vmm_cpuid_rules[i] == VMM_CPUID_PASS && *in(&have, feature->reg) & bit))
            *in(&values, feature->reg) |= bit;
    }
    return values;
}

static bool put_basic(struct vmm_cpuid *cpuid, const struct vmm_cpuid_config *config)
{
    struct vmm_cpuid_values id = machine(config, 0, 0), values;
    struct vmm_cpuid_values version = machine(config, X86_CPUID_FEATURES, 0);

    id.eax = id.ebx == GENUINE_INTEL ? INTEL_MAX : OTHER_MAX;
    values = features(config, X86_CPUID_FEATURES, 0);
    values.eax = version.eax;
    /* the size of CLFLUSH, how many CPUs share a package, the APIC ID of the first */
    values.ebx = (version.ebx & 0xff00) | config->cpus << 16;
    if (config->cpus > 1)
        values.edx |= HTT;
    return put(cpuid, 0, id) && put(cpuid, X86_CPUID_FEATURES, values) &&
           put(cpuid, X86_CPUID_THERMAL, features(config, X86_CPUID_THERMAL, 0)) &&
           put_subleaf(cpuid, X86_CPUID_EXTENDED_FEATURES, 0,
                       features(config, X86_CPUID_EXTENDED_FEATURES, 0));
}

/* As the machine has them, but each of one CPU. */
static bool put_caches(struct vmm_cpuid *cpuid, const struct vmm_cpuid_config *config)
{
    bool ok = put(cpuid, DESCRIPTORS, machine(config, DESCRIPTORS, 0));

    for (unsigned i = 0; i < CACHE_LEVELS && ok; i++) {
        struct vmm_cpuid_values values = machine(config, X86_CPUID_CACHES, i);

        if (!(values.eax & CACHE_TYPE))
            break;
        values.eax &= 0x3fff;
        ok = put_subleaf(cpuid, X86_CPUID_CACHES, i, values);
    }
    return ok;
}

/* One thread a core, all cores in a package (SDM vol. 2, leaf 0BH). */
static bool put_topology(struct vmm_cpuid *cpuid, const struct vmm_cpuid_config *config)
{
    unsigned shift = 0;

    while (1u << shift < config->cpus)
        shift++;
    return put_subleaf(cpuid, X86_CPUID_TOPOLOGY, 0, (struct vmm_cpuid_values){0, 1, 0x100, 0}) &&
           put_subleaf(cpuid, X86_CPUID_TOPOLOGY, 1,
                       (struct vmm_cpuid_values){shift, config->cpus, 0x201, 0});
}

static bool put_xstate(struct vmm_cpuid *cpuid, const struct vmm_cpuid_config *config)
{
    uint32_t have = machine(config, X86_CPUID_XSTATE, 0).eax, components = have & (uint32_t)XCR0;
    bool avx = components & X86_XCR0_AVX;
    const struct vmm_cpuid_values state = {components, XSAVE_LEGACY,
                                           avx ? AVX_OFFSET + AVX_SIZE : XSAVE_LEGACY, 0};

    if (!(vmm_cpuid_get(cpuid, X86_CPUID_FEATURES, 0).ecx & X86_BIT32(26)))
        return true;
    return put_subleaf(cpuid, X86_CPUID_XSTATE, 0, state) &&
           put_subleaf(cpuid, X86_CPUID_XSTATE, 1, features(config, X86_CPUID_XSTATE, 1)) &&
           (!avx || put_subleaf(cpuid, X86_CPUID_XSTATE, 2,
                                (struct vmm_cpuid_values){AVX_SIZE, AVX_OFFSET, 0, 0}));
}

/* The TSC by the crystal's clock, which is the APIC timer's too (SDM vol. 3, 10.5.4): both run at
 * the same rate here. Faster than 32 bits can say: unknown, and guests measure it. */
static bool put_frequency(struct vmm_cpuid *cpuid, const struct vmm_cpuid_config *config)
{
    uint32_t mhz = (uint32_t)(config->tsc_hz / 1000000);

    if (config->tsc_hz > UINT32_MAX)
        return true;
    return put(cpuid, X86_CPUID_TSC,
               (struct vmm_cpuid_values){1, 1, (uint32_t)config->tsc_hz, 0}) &&
           put(cpuid, X86_CPUID_FREQUENCY, (struct vmm_cpuid_values){mhz, mhz, 0, 0});
}

/*
 * The range that SDM vol. 2 leaves to hypervisors: a name, and a further interface 100h leaves on,
 * where systems look for one that they know. It is KVM's (Linux, virt/kvm/x86/cpuid.rst in its
 * Documentation) with nothing in it but that ports need no delays. By its name Linux takes the APIC
 * in x2APIC mode without a unit that remaps interrupts; else each of its accesses is one to memory,
 * to be decoded.
 */
static bool put_hypervisor(struct vmm_cpuid *cpuid)
{
    static const struct {
        uint32_t leaf;
        struct vmm_cpuid_values values;
    } leaves[] = {
        {X86_CPUID_HYPERVISOR,
         {X86_CPUID_HYPERVISOR, 0x6563614eu, 0x56656c6cu, 0x20204d4du}},  /* "NacelleVMM  " */
        {KVM_SIGNATURE, {KVM_FEATURES, 0x4b4d564bu, 0x564b4d56u, 0x4du}}, /* "KVMKVMKVM" */
        {KVM_FEATURES, {KVM_FEATURE_NOP_IO_DELAY, 0, 0, 0}},
    };

    for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
        if (!put(cpuid, leaves[i].leaf, leaves[i].values))
            return false;
    return true;
}

static bool put_extended(struct vmm_cpuid *cpuid, const struct vmm_cpuid_config *config)
{
    struct vmm_cpuid_values id = machine(config, X86_CPUID_MAX_EXTENDED, 0);
    struct vmm_cpuid_values version = machine(config, X86_CPUID_EXTENDED, 0);
    struct vmm_cpuid_values values = features(config, X86_CPUID_EXTENDED, 0);
    struct vmm_cpuid_values sizes = features(config, X86_CPUID_ADDRESS_SIZES, 0);

    id.eax = EXTENDED_MAX;
    values.eax = version.eax;
    if (vmm_cpuid_get(cpuid, 0, 0).ebx == AUTHENTIC_AMD)
        values.edx |= vmm_cpuid_get(cpuid, X86_CPUID_FEATURES, 0).edx & AMD_DUPLICATES;
    sizes.eax = machine(config, X86_CPUID_ADDRESS_SIZES, 0).eax & 0xffff;
    for (uint32_t leaf = X86_CPUID_BRAND_0; leaf <= CACHES_L2; leaf++)
        if (!put(cpuid, leaf, machine(config, leaf, 0)))
            return false;
    return put(cpuid, X86_CPUID_MAX_EXTENDED, id) && put(cpuid, X86_CPUID_EXTENDED, values) &&
           put(cpuid, X86_CPUID_POWER, features(config, X86_CPUID_POWER, 0)) &&
           put(cpuid, X86_CPUID_ADDRESS_SIZES, sizes);
}

bool vmm_cpuid_init(struct vmm_cpuid *cpuid, const struct vmm_cpuid_config *config)
{
    *cpuid = (struct vmm_cpuid){0};
    return put_basic(cpuid, config) && put_caches(cpuid, config) && put_topology(cpuid, config) &&
           put_xstate(cpuid, config) &&
           (vmm_cpuid_get(cpuid, 0, 0).eax < X86_CPUID_FREQUENCY || put_frequency(cpuid, config)) &&
           put_hypervisor(cpuid) && put_extended(cpuid, config);
}

bool vmm_cpuid_depends(uint32_t leaf, uint32_t subleaf)
{
    return leaf == X86_CPUID_FEATURES || (leaf == X86_CPUID_XSTATE && subleaf <= 1);
}

/* The compact form has the components that are in use one behind the other. With x87, SSE and AVX
 * both forms are the same. */
void vmm_cpuid_depend(struct vmm_cpuid_values *values, uint32_t leaf, uint32_t subleaf,
                      uint64_t cr4, uint64_t xcr0)
{
    uint32_t size = xcr0 & X86_XCR0_AVX ? AVX_OFFSET + AVX_SIZE : XSAVE_LEGACY;

    if (leaf == X86_CPUID_FEATURES && cr4 & X86_CR4_OSXSAVE)
        values->ecx |= OSXSAVE;
    if (leaf == X86_CPUID_XSTATE && values->ebx && subleaf == 0)
        values->ebx = size;
    if (leaf == X86_CPUID_XSTATE && values->eax && subleaf == 1)
        values->ebx = size;
}

uint64_t vmm_cpuid_xcr0(const struct vmm_cpuid *cpuid)
{
    return vmm_cpuid_get(cpuid, X86_CPUID_XSTATE, 0).eax;
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
