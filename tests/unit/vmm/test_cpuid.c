/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/cpuid.h>

/* A processor with everything. */
static void everything(uint32_t leaf, uint32_t subleaf, struct vmm_cpuid_values *values)
{
    (void)subleaf;
    *values = (struct vmm_cpuid_values){leaf == 0 ? 0x1f : UINT32_MAX, UINT32_MAX, UINT32_MAX,
                                        UINT32_MAX};
}

static void features_without_an_answer_are_hidden(void **state)
{
    struct vmm_cpuid cpuid;
    struct vmm_cpuid_values one, extended;

    (void)state;
    vmm_cpuid_init(&cpuid, everything);
    one = vmm_cpuid_get(&cpuid, 1, 0);
    extended = vmm_cpuid_get(&cpuid, 0x80000001, 0);
    assert_int_equal(one.edx & (1u << 9), 0);       /* APIC */
    assert_int_equal(one.edx & (1u << 12), 0);      /* MTRR */
    assert_int_equal(one.ecx & (1u << 3), 0);       /* MONITOR */
    assert_int_equal(one.ecx & (1u << 5), 0);       /* VMX */
    assert_int_equal(one.ecx & (3u << 26), 0);      /* XSAVE, OSXSAVE */
    assert_int_equal(one.ecx & (1u << 30), 0);      /* RDRAND */
    assert_int_equal(extended.ecx & (1u << 2), 0);  /* SVM */
    assert_int_equal(one.edx & (1u << 4), 1u << 4); /* TSC */
    assert_true(one.ecx & (1u << 31));              /* under a hypervisor */
    assert_true(extended.edx & (1u << 29));         /* long mode */
}

static void leaves_beyond_the_highest(void **state)
{
    struct vmm_cpuid cpuid;

    (void)state;
    vmm_cpuid_init(&cpuid, everything);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0, 0).eax, 1);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0x80000000, 0).eax, 0x80000008);
    /* as the highest basic leaf */
    assert_int_equal(vmm_cpuid_get(&cpuid, 7, 0).edx, vmm_cpuid_get(&cpuid, 1, 0).edx);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0x80000009, 0).edx, vmm_cpuid_get(&cpuid, 1, 0).edx);
    /* within the extended range but not in the table, and in the hypervisors' range */
    assert_int_equal(vmm_cpuid_get(&cpuid, 0x80000005, 0).eax, 0);
    assert_int_equal(vmm_cpuid_get(&cpuid, 0x40000000, 0).ebx, 0);
}

static void entries_can_be_added_and_replaced(void **state)
{
    struct vmm_cpuid cpuid = {0};
    struct vmm_cpuid_entry entry = {4, 2, false, {1, 2, 3, 4}};

    (void)state;
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
        cmocka_unit_test(features_without_an_answer_are_hidden),
        cmocka_unit_test(leaves_beyond_the_highest),
        cmocka_unit_test(entries_can_be_added_and_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
