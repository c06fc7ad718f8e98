/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/cpuid.h>
#include <vmm/cpuid_policy.h>

/* A processor with everything, of a vendor. */
static uint32_t vendor;

static void everything(uint32_t leaf, uint32_t subleaf, struct vmm_cpuid_values *values)
{
    *values = (struct vmm_cpuid_values){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    if (leaf == 0)
        *values = (struct vmm_cpuid_values){0x1f, vendor, 0x6c65746e, 0x49656e69};
    if (leaf == 4 && subleaf == 3)
        values->eax = 0;
}

#define INTEL 0x756e6547
#define AMD   0x68747541

static struct vmm_cpuid cpuid;

static void make(uint32_t of, uint64_t tsc_hz, unsigned cpus)
{
    const struct vmm_cpuid_config config = {everything, tsc_hz, cpus};

    vendor = of;
    assert_true(vmm_cpuid_init(&cpuid, &config));
}

/* Reads a table, as the functions of components/x86 want it. */
static struct x86_cpuid_regs read_guest(void *context, uint32_t leaf, uint32_t subleaf)
{
    struct vmm_cpuid_values values = vmm_cpuid_get(context, leaf, subleaf);

    return (struct x86_cpuid_regs){values.eax, values.ebx, values.ecx, values.edx};
}

static bool has(enum x86_feature feature)
{
    return x86_feature_present(read_guest, &cpuid, feature);
}

static void each_feature_is_decided(void **state)
{
    (void)state;
    for (unsigned i = 0; i < X86_FEATURE_COUNT; i++)
        if (vmm_cpuid_rules[i] == VMM_CPUID_UNDECIDED)
            fail_msg("no rule for %s", x86_feature_info((enum x86_feature)i)->name);
}

static void features_follow_the_policy(void **state)
{
    (void)state;
    make(INTEL, HZ, 1);
    for (unsigned i = 0; i < X86_FEATURE_COUNT; i++)
        if (has((enum x86_feature)i) !=
            (vmm_cpuid_rules[i] == VMM_CPUID_PASS || vmm_cpuid_rules[i] == VMM_CPUID_GIVE))
            fail_msg("%s", x86_feature_info((enum x86_feature)i)->name);
    /* what would be wrong to show */
    assert_false(has(X86_FEATURE_VMX) || has(X86_FEATURE_SVM) || has(X86_FEATURE_MONITOR) ||
                 has(X86_FEATURE_OSXSAVE) || has(X86_FEATURE_RTM) || has(X86_FEATURE_XSAVES));
    assert_true(has(X86_FEATURE_APIC) && has(X86_FEATURE_X2APIC) && has(X86_FEATURE_TSC_DEADLINE) &&
                has(X86_FEATURE_HYPERVISOR) && has(X86_FEATURE_LM) && has(X86_FEATURE_AVX2));
}

/* What the machine lacks the guest does not get, but for what is given. */
static void nothing(uint32_t leaf, uint32_t subleaf, struct vmm_cpuid_values *values)
{
    (void)subleaf;
    *values = (struct vmm_cpuid_values){leaf ? 0 : 0xd, 0, 0, 0};
}

static void what_the_machine_lacks(void **state)
{
    const struct vmm_cpuid_config config = {nothing, HZ, 1};

    (void)state;
    assert_true(vmm_cpuid_init(&cpuid, &config));
    for (unsigned i = 0; i < X86_FEATURE_COUNT; i++)
        assert_int_equal(has((enum x86_feature)i), vmm_cpuid_rules[i] == VMM_CPUID_GIVE);
    assert_int_equal(vmm_cpuid_xcr0(&cpuid), 0);
}

static void leaves_beyond_the_highest(void **state)
{
    (void)state;
    make(INTEL, HZ, 1);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0, 0).eax, 0x16);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0x80000000, 0).eax, 0x80000008);
    /* as the highest basic leaf */
    assert_int_equal(vmm_cpuid_get(&cpuid, 0x17, 0).eax, 1000);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0x80000009, 0).eax, 1000);
    /* within the range but not in the table, and in the hypervisors' range */
    assert_int_equal(vmm_cpuid_get(&cpuid, 0xa, 0).eax, 0);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0x40000001, 0).ebx, 0);
    make(AMD, HZ, 1);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0, 0).eax, 0xd);
}

static void name_of_the_hypervisor(void **state)
{
    struct vmm_cpuid_values values;

    (void)state;
    make(INTEL, HZ, 1);
    values = vmm_cpuid_get(&cpuid, 0x40000000, 0);
    assert_int_equal(values.eax, 0x40000000);
    assert_memory_equal(&values.ebx, "NacelleVMM  ", 12);
    /* Linux, arch/x86/include/asm/processor.h, hypervisor_cpuid_base: every 100h leaves */
    values = vmm_cpuid_get(&cpuid, 0x40000100, 0);
    assert_int_equal(values.eax, 0x40000101);
    assert_memory_equal(&values.ebx, "KVMKVMKVM\0\0\0", 12);
    /* no clock, no memory that is shared with a hypervisor, no hypercalls */
    values = vmm_cpuid_get(&cpuid, 0x40000101, 0);
    assert_int_equal(values.eax & ~(1u << 1), 0);
}

static void frequencies(void **state)
{
    struct vmm_cpuid_values tsc;

    (void)state;
    make(INTEL, 3399999999ull, 1);
    tsc = vmm_cpuid_get(&cpuid, 0x15, 0);
    assert_int_equal((uint64_t)tsc.ecx * tsc.ebx / tsc.eax, 3399999999ull);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0x16, 0).eax, 3399);
    make(INTEL, 5000000000ull, 1);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0x15, 0).ecx, 0);
}

static void one_cpu_and_four(void **state)
{
    (void)state;
    make(INTEL, HZ, 1);
    assert_int_equal(vmm_cpuid_get(&cpuid, 1, 0).ebx >> 16, 1);
    assert_int_equal(vmm_cpuid_get(&cpuid, 1, 0).edx & 1u << 28, 0);
    assert_int_equal(vmm_cpuid_get(&cpuid, 4, 0).eax >> 14, 0);
    assert_int_equal(vmm_cpuid_get(&cpuid, 4, 3).eax, 0);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0xb, 1).eax, 0);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0xb, 1).ebx, 1);
    make(INTEL, HZ, 4);
    assert_int_equal(vmm_cpuid_get(&cpuid, 1, 0).ebx >> 16, 4);
    assert_true(vmm_cpuid_get(&cpuid, 1, 0).edx & 1u << 28);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0xb, 1).eax, 2);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0xb, 1).ebx, 4);
}

/* SDM vol. 1, 13.2. */
static void xsave_areas(void **state)
{
    struct vmm_cpuid_values values;

    (void)state;
    make(AMD, HZ, 1);
    values = vmm_cpuid_get(&cpuid, 0xd, 0);
    assert_int_equal(values.eax, 7);
    assert_int_equal(values.ecx, 832);
    assert_int_equal(vmm_cpuid_xcr0(&cpuid), 7);
    vmm_cpuid_depend(&values, 0xd, 0, 0, 3);
    assert_int_equal(values.ebx, 576);
    vmm_cpuid_depend(&values, 0xd, 0, 0, 7);
    assert_int_equal(values.ebx, 832);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0xd, 2).eax, 256);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0xd, 2).ebx, 576);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0xd, 3).eax, 0);
    /* AMD has some bits twice */
    assert_true(vmm_cpuid_get(&cpuid, 0x80000001, 0).edx & 1u << 9);
}

static void entries_can_be_added_and_replaced(void **state)
{
    struct vmm_cpuid_entry entry = {4, 2, false, {1, 2, 3, 4}};

    (void)state;
    cpuid = (struct vmm_cpuid){0};
    assert_true(vmm_cpuid_set(&cpuid, &entry));
    assert_int_equal(vmm_cpuid_get(&cpuid, 4, 2).edx, 4);
    assert_int_equal(vmm_cpuid_get(&cpuid, 4, 1).edx, 0);
    entry.values.edx = 5;
    assert_true(vmm_cpuid_set(&cpuid, &entry));
    assert_int_equal(cpuid.count, 1);
    assert_int_equal(vmm_cpuid_get(&cpuid, 4, 2).edx, 5);
    for (entry.leaf = 5; cpuid.count < VMM_CPUID_ENTRIES_MAX; entry.leaf++)
        assert_true(vmm_cpuid_set(&cpuid, &entry));
    assert_false(vmm_cpuid_set(&cpuid, &entry));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_feature_is_decided),
        cmocka_unit_test(features_follow_the_policy),
        cmocka_unit_test(what_the_machine_lacks),
        cmocka_unit_test(name_of_the_hypervisor),
        cmocka_unit_test(frequencies),
        cmocka_unit_test(one_cpu_and_four),
        cmocka_unit_test(xsave_areas),
        cmocka_unit_test(leaves_beyond_the_highest),
        cmocka_unit_test(entries_can_be_added_and_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
