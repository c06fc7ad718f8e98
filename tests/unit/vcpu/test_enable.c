/* SPDX-License-Identifier: BSD-2-Clause */
/* vcpu_cpu_enable on every processor of data/cpus, and on ones with something missing. */

#include "model.h"
#include "test.h"

#include <x86/control.h>
#include <x86/msr.h>
#include <x86/vmx_controls.h>

#include "internal.h"

#define HASWELL "corei7_haswell_4770"

static struct vcpu_enable_failure failure;
static const struct vcpu_host_context host = {.xcr0 = 3};

static enum nacelle_error enable(void)
{
    failure = (struct vcpu_enable_failure){NULL, NULL};
    return vcpu_cpu_enable(&model_cpu->engine, model_pages(1, 1), &host, &failure);
}

static void all_models(void **state)
{
    static const struct {
        const char *name, *what, *where;
        uint32_t features; /* of those that models differ in */
    } models[] = {
        {"bx_generic", "EPT", "IA32_VMX_PROCBASED_CTLS2", 0},
        {"core2_penryn_t9600", "EPT", "IA32_VMX_PROCBASED_CTLS2", 0},
        {"corei5_arrandale_m520", NULL, NULL, 0},
        {"corei7_sandy_bridge_2600k", NULL, NULL, VCPU_FEATURE_XSAVE},
        {"corei7_haswell_4770", NULL, NULL, VCPU_FEATURE_XSAVE | VCPU_FEATURE_EPT_1G},
        {"broadwell_ult", NULL, NULL, VCPU_FEATURE_XSAVE | VCPU_FEATURE_EPT_1G},
        {"corei7_skylake_x", NULL, NULL, VCPU_FEATURE_XSAVE | VCPU_FEATURE_EPT_1G},
        {"corei7_icelake_u", NULL, NULL,
         VCPU_FEATURE_XSAVE | VCPU_FEATURE_EPT_1G | VCPU_FEATURE_MTF},
        {"tigerlake", NULL, NULL,
         VCPU_FEATURE_XSAVE | VCPU_FEATURE_EPT_1G | VCPU_FEATURE_ANY_ERROR_CODE | VCPU_FEATURE_MTF},
    };
    const uint32_t all = VCPU_FEATURE_TIMER | VCPU_FEATURE_VPID | VCPU_FEATURE_PAT |
                         VCPU_FEATURE_EPT_2M | VCPU_FEATURE_TSC_AUX | VCPU_FEATURE_STRING_INFO |
                         VCPU_FEATURE_INVEPT_SINGLE;

    (void)state;
    for (unsigned i = 0; i < COUNT(models); i++) {
        uint64_t cr4;

        model_reset(models[i].name);
        cr4 = model_cpu->cr4;
        if (models[i].what != NULL) {
            assert_int_equal(enable(), NACELLE_ERROR_UNSUPPORTED);
            assert_string_equal(failure.what, models[i].what);
            assert_string_equal(failure.where, models[i].where);
            assert_int_equal(model_cpu->cr4, cr4);
            assert_int_equal(model_counts.wrmsr, 0);
            assert_int_equal(model_cpu->vmxon, 0);
            continue;
        }
        assert_int_equal(enable(), NACELLE_ERROR_OK);
        assert_true(model_cpu->vmxon != 0);
        assert_int_equal(model_cpu->engine.features & all, all);
        assert_int_equal(model_cpu->engine.features &
                             (VCPU_FEATURE_XSAVE | VCPU_FEATURE_EPT_1G |
                              VCPU_FEATURE_ANY_ERROR_CODE | VCPU_FEATURE_MTF),
                         models[i].features);
        assert_int_equal(vcpu_vendor(), NACELLE_VENDOR_VMX);
        vcpu_cpu_disable(&model_cpu->engine);
        assert_int_equal(model_cpu->vmxon, 0);
        assert_int_equal(model_cpu->cr4 & X86_CR4_VMXE, 0);
    }
}

static void control_words(void **state)
{
    const struct vcpu_cpu *cpu = &model_cpu->engine;
    uint32_t proc = VMX_PROC_HLT_EXITING | VMX_PROC_IO_BITMAPS | VMX_PROC_MSR_BITMAPS |
                    VMX_PROC_CR8_LOAD_EXITING | VMX_PROC_CR8_STORE_EXITING |
                    VMX_PROC_MOV_DR_EXITING | VMX_PROC_SECONDARY_CONTROLS | VMX_PROC_RDPMC_EXITING |
                    VMX_PROC_MWAIT_EXITING | VMX_PROC_MONITOR_EXITING;
    uint32_t off = VMX_PROC_CR3_LOAD_EXITING | VMX_PROC_INVLPG_EXITING | VMX_PROC_RDTSC_EXITING |
                   VMX_PROC_INTERRUPT_WINDOW_EXITING | VMX_PROC_NMI_WINDOW_EXITING |
                   VMX_PROC_PAUSE_EXITING | VMX_PROC_MONITOR_TRAP_FLAG;

    (void)state;
    model_reset(HASWELL);
    assert_int_equal(enable(), NACELLE_ERROR_OK);
    assert_int_equal(cpu->procedure & proc, proc);
    assert_int_equal(cpu->procedure & off, 0);
    assert_int_equal(cpu->procedure2, VMX_PROC2_EPT | VMX_PROC2_UNRESTRICTED_GUEST |
                                          VMX_PROC2_RDTSCP | VMX_PROC2_VPID |
                                          VMX_PROC2_WBINVD_EXITING | VMX_PROC2_INVPCID);
    /* Default1 bits that the TRUE MSRs do not set free: 0x16, 0x04006172, 0x36dfb, 0x11fb. */
    assert_int_equal(cpu->pin, 0x16 | 1 | 8 | 32 | 64);
    assert_int_equal(cpu->procedure & 0x04006172, 0x04006172);
    assert_int_equal(cpu->exit, 0x36dfb | 0x4 | 0x200 | 0x8000 | 0x7c0000);
    assert_int_equal(cpu->entry, 0x11fb | 0x4 | 0x4000 | 0x8000);
    assert_int_equal(cpu->physical_bits, 40);
    assert_int_equal(cpu->host_efer & X86_EFER_SCE, 0);
    assert_true((cpu->host_cr0 & X86_CR0_TS) != 0);
    assert_true((cpu->host_cr4 & X86_CR4_OSXSAVE) != 0);
    /* CET and its kin are not for guests, VMXE is shadowed. */
    assert_int_equal(cpu->cr4_allowed & (X86_CR4_VMXE | X86_CR4_SMXE | X86_CR4_CET), 0);
}

static void xcr0(void **state)
{
    (void)state;
    model_reset("corei5_arrandale_m520");
    assert_int_equal(enable(), NACELLE_ERROR_OK);
    assert_int_equal(model_cpu->engine.xcr0_supported, 3);
    model_reset(HASWELL);
    assert_int_equal(enable(), NACELLE_ERROR_OK);
    assert_int_equal(model_cpu->engine.xcr0_supported, 7);
    model_reset("tigerlake");
    assert_int_equal(enable(), NACELLE_ERROR_OK);
    assert_int_equal(model_cpu->engine.xcr0_supported, 0x2e7);
    /* AVX-512 that ends beyond the state page's array, and AMX: not for guests. */
    model_reset("tigerlake");
    model_set_leaf(0xd, 7, 1024, 2100, 0, 0);
    model_leaf(0xd, 0)->eax |= 0x60000;
    model_set_leaf(0xd, 17, 64, 2752, 0, 0);
    model_set_leaf(0xd, 18, 8192, 2816, 0, 0);
    assert_int_equal(enable(), NACELLE_ERROR_OK);
    assert_int_equal(model_cpu->engine.xcr0_supported, 0x207);
}

static void firmware(void **state)
{
    (void)state;
    model_reset(HASWELL);
    model_set_msr(X86_MSR_FEATURE_CONTROL, 0);
    assert_int_equal(enable(), NACELLE_ERROR_OK);
    assert_int_equal(model_msr(X86_MSR_FEATURE_CONTROL), 5);
    model_reset(HASWELL);
    model_set_msr(X86_MSR_FEATURE_CONTROL, 1);
    assert_int_equal(enable(), NACELLE_ERROR_UNSUPPORTED);
    assert_string_equal(failure.where, "IA32_FEATURE_CONTROL");
    assert_int_equal(model_msr(X86_MSR_FEATURE_CONTROL), 1);
}

/* Clears allowed 1-settings (bits 63:32) or other bits of one MSR. */
static void missing(void **state)
{
    static const struct {
        uint32_t msr;
        uint64_t bits;
        const char *what, *where;
    } cases[] = {
        {0x48b, UINT64_C(0x80) << 32, "unrestricted guest", "IA32_VMX_PROCBASED_CTLS2"},
        {0x48b, UINT64_C(0x82) << 32, "EPT", "IA32_VMX_PROCBASED_CTLS2"},
        {0x48e, UINT64_C(0x80000000) << 32, "EPT", "IA32_VMX_PROCBASED_CTLS"},
        {0x48d, UINT64_C(0x20) << 32, "virtual NMIs", "IA32_VMX_PINBASED_CTLS"},
        {0x48e, UINT64_C(0x2000000) << 32, "use I/O bitmaps", "IA32_VMX_PROCBASED_CTLS"},
        {0x48f, UINT64_C(0x200000) << 32, "load IA32_EFER", "IA32_VMX_EXIT_CTLS"},
        {0x490, UINT64_C(0x8000) << 32, "load IA32_EFER", "IA32_VMX_ENTRY_CTLS"},
        {0x48c, 0x40, "EPT page walks of length 4", "IA32_VMX_EPT_VPID_CAP"},
        {0x48c, 0x4000, "write-back EPT structures", "IA32_VMX_EPT_VPID_CAP"},
        {0x48c, 0x100000, "INVEPT", "IA32_VMX_EPT_VPID_CAP"},
        {0x485, 0x20, "saving of IA32_EFER.LMA at exits", "IA32_VMX_MISC"},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(cases); i++) {
        model_reset(HASWELL);
        model_set_msr(cases[i].msr, model_msr(cases[i].msr) & ~cases[i].bits);
        assert_int_equal(enable(), NACELLE_ERROR_UNSUPPORTED);
        assert_string_equal(failure.what, cases[i].what);
        assert_string_equal(failure.where, cases[i].where);
        assert_int_equal(model_cpu->vmxon, 0);
    }
}

static void optional(void **state)
{
    (void)state;
    model_reset(HASWELL);
    model_set_msr(0x48d, model_msr(0x48d) & ~(UINT64_C(0x40) << 32));
    assert_int_equal(enable(), NACELLE_ERROR_OK);
    assert_int_equal(model_cpu->engine.features & VCPU_FEATURE_TIMER, 0);
    assert_int_equal(model_cpu->engine.exit & VMX_EXITCTL_SAVE_PREEMPTION_TIMER, 0);
    model_reset(HASWELL);
    model_set_msr(0x48c, model_msr(0x48c) & 0xffffffff); /* no INVVPID */
    assert_int_equal(enable(), NACELLE_ERROR_OK);
    assert_int_equal(model_cpu->engine.features & VCPU_FEATURE_VPID, 0);
    assert_int_equal(model_cpu->engine.procedure2 & VMX_PROC2_VPID, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_models), cmocka_unit_test(control_words), cmocka_unit_test(xcr0),
    cmocka_unit_test(firmware),   cmocka_unit_test(missing),       cmocka_unit_test(optional),
};

TEST_MAIN(tests)
