/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/apic.h>
#include <x86/msr.h>

#include "test_main.h"

static void addresses_and_names(void **state)
{
    static const struct {
        uint32_t constant;
        uint32_t address;
        const char *name;
    } cases[] = {
        {X86_MSR_TIME_STAMP_COUNTER, 0x10, "IA32_TIME_STAMP_COUNTER"},
        {X86_MSR_APIC_BASE, 0x1b, "IA32_APIC_BASE"},
        {X86_MSR_FEATURE_CONTROL, 0x3a, "IA32_FEATURE_CONTROL"},
        {X86_MSR_SPEC_CTRL, 0x48, "IA32_SPEC_CTRL"},
        {X86_MSR_PRED_CMD, 0x49, "IA32_PRED_CMD"},
        {X86_MSR_MTRRCAP, 0xfe, "IA32_MTRRCAP"},
        {X86_MSR_ARCH_CAPABILITIES, 0x10a, "IA32_ARCH_CAPABILITIES"},
        {X86_MSR_FLUSH_CMD, 0x10b, "IA32_FLUSH_CMD"},
        {X86_MSR_SYSENTER_CS, 0x174, "IA32_SYSENTER_CS"},
        {X86_MSR_SYSENTER_ESP, 0x175, "IA32_SYSENTER_ESP"},
        {X86_MSR_SYSENTER_EIP, 0x176, "IA32_SYSENTER_EIP"},
        {X86_MSR_MISC_ENABLE, 0x1a0, "IA32_MISC_ENABLE"},
        {X86_MSR_DEBUGCTL, 0x1d9, "IA32_DEBUGCTL"},
        {X86_MSR_MTRR_PHYSMASK9, 0x213, "IA32_MTRR_PHYSMASK9"},
        {X86_MSR_MTRR_FIX4K_F8000, 0x26f, "IA32_MTRR_FIX4K_F8000"},
        {X86_MSR_PAT, 0x277, "IA32_PAT"},
        {X86_MSR_MTRR_DEF_TYPE, 0x2ff, "IA32_MTRR_DEF_TYPE"},
        {X86_MSR_PERF_GLOBAL_CTRL, 0x38f, "IA32_PERF_GLOBAL_CTRL"},
        {X86_MSR_VMX_BASIC, 0x480, "IA32_VMX_BASIC"},
        {X86_MSR_VMX_EPT_VPID_CAP, 0x48c, "IA32_VMX_EPT_VPID_CAP"},
        {X86_MSR_VMX_VMFUNC, 0x491, "IA32_VMX_VMFUNC"},
        {X86_MSR_VMX_PROCBASED_CTLS3, 0x492, "IA32_VMX_PROCBASED_CTLS3"},
        {X86_MSR_U_CET, 0x6a0, "IA32_U_CET"},
        {X86_MSR_S_CET, 0x6a2, "IA32_S_CET"},
        {X86_MSR_TSC_DEADLINE, 0x6e0, "IA32_TSC_DEADLINE"},
        {X86_MSR_X2APIC_APICID, 0x802, "IA32_X2APIC_APICID"},
        {X86_MSR_X2APIC_ISR0 + 5, 0x815, "IA32_X2APIC_ISR5"},
        {X86_MSR_X2APIC_SELF_IPI, 0x83f, "IA32_X2APIC_SELF_IPI"},
        {X86_MSR_XSS, 0xda0, "IA32_XSS"},
        {X86_MSR_EFER, 0xc0000080, "IA32_EFER"},
        {X86_MSR_STAR, 0xc0000081, "IA32_STAR"},
        {X86_MSR_LSTAR, 0xc0000082, "IA32_LSTAR"},
        {X86_MSR_CSTAR, 0xc0000083, "IA32_CSTAR"},
        {X86_MSR_FMASK, 0xc0000084, "IA32_FMASK"},
        {X86_MSR_FS_BASE, 0xc0000100, "IA32_FS_BASE"},
        {X86_MSR_GS_BASE, 0xc0000101, "IA32_GS_BASE"},
        {X86_MSR_KERNEL_GS_BASE, 0xc0000102, "IA32_KERNEL_GS_BASE"},
        {X86_MSR_TSC_AUX, 0xc0000103, "IA32_TSC_AUX"},
        {X86_MSR_AMD_SYSCFG, 0xc0010010, "SYSCFG"},
        {X86_MSR_AMD_HWCR, 0xc0010015, "HWCR"},
        {X86_MSR_AMD_VM_CR, 0xc0010114, "VM_CR"},
        {X86_MSR_AMD_VM_HSAVE_PA, 0xc0010117, "VM_HSAVE_PA"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(cases[i].constant, cases[i].address);
        assert_non_null(x86_msr_name(cases[i].address));
        assert_string_equal(x86_msr_name(cases[i].address), cases[i].name);
    }
}

static void unknown_addresses(void **state)
{
    static const uint32_t unknown[] = {2,     0x15,       0x214,      0x801,
                                       0x900, 0xc0000085, 0xc0000099, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
        assert_null(x86_msr_name(unknown[i]));
}

/* Whole ranges have names: all VMX capability MSRs, all variable and fixed MTRRs. */
static void ranges(void **state)
{
    unsigned fixed = 0;

    (void)state;
    for (uint32_t msr = X86_MSR_VMX_FIRST; msr <= X86_MSR_VMX_LAST; msr++)
        assert_memory_equal(x86_msr_name(msr), "IA32_VMX_", 9);
    for (uint32_t msr = 0x200; msr <= 0x213; msr++)
        assert_memory_equal(x86_msr_name(msr), "IA32_MTRR_PHYS", 14);
    for (uint32_t msr = 0x250; msr <= 0x26f; msr++)
        fixed += x86_msr_name(msr) != NULL;
    assert_int_equal(fixed, 11);
}

/* No two addresses share a name, so that the table has no slip of copying. */
static void names_are_unique(void **state)
{
    static const char *names[1024];
    static const struct {
        uint32_t first;
        uint32_t last;
    } areas[] = {{0, 0x1fff}, {0xc0000000, 0xc0001fff}, {0xc0010000, 0xc0011fff}};
    size_t count = 0;

    (void)state;
    for (size_t area = 0; area < ARRAY_SIZE(areas); area++) {
        for (uint32_t msr = areas[area].first; msr <= areas[area].last; msr++) {
            const char *name = x86_msr_name(msr);

            if (name == NULL)
                continue;
            for (size_t i = 0; i < count; i++)
                assert_string_not_equal(name, names[i]);
            assert_true(count < ARRAY_SIZE(names));
            names[count++] = name;
        }
    }
    assert_true(count > 200);
}

static void bits(void **state)
{
    (void)state;
    assert_int_equal(X86_FEATURE_CONTROL_LOCK | X86_FEATURE_CONTROL_VMX_OUTSIDE_SMX, 0x5);
    assert_int_equal(X86_EFER_SCE | X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE, 0xd01);
    assert_int_equal(X86_EFER_SVME, 0x1000);
    assert_int_equal(X86_APIC_BASE_BSP | X86_APIC_BASE_ENABLE | X86_APIC_BASE_DEFAULT, 0xfee00900);
    assert_int_equal(X86_VM_CR_LOCK | X86_VM_CR_SVMDIS, 0x18);
    assert_int_equal(X86_MISC_ENABLE_XD_DISABLE, 0x400000000);
}

static void x2apic_registers(void **state)
{
    (void)state;
    assert_int_equal(X86_APIC_MSR(X86_APIC_ID), X86_MSR_X2APIC_APICID);
    assert_int_equal(X86_APIC_MSR(X86_APIC_EOI), X86_MSR_X2APIC_EOI);
    assert_int_equal(X86_APIC_MSR(X86_APIC_SVR), X86_MSR_X2APIC_SIVR);
    assert_int_equal(X86_APIC_MSR(X86_APIC_ICR_LOW), X86_MSR_X2APIC_ICR);
    assert_int_equal(X86_APIC_MSR(X86_APIC_LVT_TIMER), X86_MSR_X2APIC_LVT_TIMER);
    assert_int_equal(X86_APIC_MSR(X86_APIC_DIV_CONF), X86_MSR_X2APIC_DIV_CONF);
    assert_int_equal(x86_apic_icr(3, X86_APIC_DELIVERY_INIT | X86_APIC_ICR_ASSERT, false),
                     0x0300000000004500);
    assert_int_equal(x86_apic_icr(3, X86_APIC_DELIVERY_STARTUP | 8, true), 0x0000000300000608);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_names),
        cmocka_unit_test(unknown_addresses),
        cmocka_unit_test(ranges),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(bits),
        cmocka_unit_test(x2apic_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
