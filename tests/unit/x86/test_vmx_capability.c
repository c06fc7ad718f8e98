/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/msr.h>
#include <x86/vmx_capability.h>

#include "cpu_data.h"
#include "test_main.h"

static void basic(void **state)
{
    struct vmx_basic value = vmx_basic_decode(0x01d8100000000004);

    (void)state;
    assert_int_equal(value.revision, 4);
    assert_int_equal(value.region_size, 4096);
    assert_false(value.physical_32);
    assert_false(value.dual_monitor);
    assert_int_equal(value.memory_type, 6);
    assert_true(value.ins_outs_information);
    assert_true(value.true_controls);
    assert_true(value.any_error_code);

    value = vmx_basic_decode(0x000303ff80000001);
    assert_int_equal(value.revision, 1);
    assert_int_equal(value.region_size, 0x3ff);
    assert_true(value.physical_32);
    assert_true(value.dual_monitor);
    assert_int_equal(value.memory_type, 0);
    assert_false(value.ins_outs_information);
    assert_false(value.true_controls);
    assert_false(value.any_error_code);
}

static void misc(void **state)
{
    struct vmx_misc value = vmx_misc_decode(0x00000012640401e7);

    (void)state;
    assert_int_equal(value.preemption_timer_shift, 7);
    assert_true(value.save_lma);
    assert_true(value.activity_hlt);
    assert_true(value.activity_shutdown);
    assert_true(value.activity_wait_for_sipi);
    assert_false(value.pt_in_vmx);
    assert_false(value.smbase_in_smm);
    assert_int_equal(value.cr3_targets, 4);
    assert_int_equal(value.msr_list_maximum, 1536);
    assert_false(value.block_smi);
    assert_true(value.vmwrite_any);
    assert_true(value.inject_length_0);
    assert_int_equal(value.mseg_revision, 0x12);

    value = vmx_misc_decode(0x1100c000);
    assert_int_equal(value.preemption_timer_shift, 0);
    assert_false(value.save_lma);
    assert_false(value.activity_hlt);
    assert_true(value.pt_in_vmx);
    assert_true(value.smbase_in_smm);
    assert_int_equal(value.cr3_targets, 256);
    assert_int_equal(value.msr_list_maximum, 512);
    assert_true(value.block_smi);
    assert_false(value.vmwrite_any);
}

/* A field comes from its own bits alone: 0 when these are 0 and all others 1. */
static void fields(void **state)
{
    (void)state;
    assert_int_equal(vmx_basic_decode(~X86_MASK(30, 0)).revision, 0);
    assert_int_equal(vmx_basic_decode(~X86_MASK(44, 32)).region_size, 0);
    assert_int_equal(vmx_basic_decode(~X86_MASK(53, 50)).memory_type, 0);
    assert_int_equal(vmx_misc_decode(~X86_MASK(4, 0)).preemption_timer_shift, 0);
    assert_int_equal(vmx_misc_decode(~X86_MASK(24, 16)).cr3_targets, 0);
    assert_int_equal(vmx_misc_decode(~X86_MASK(27, 25)).msr_list_maximum, 512);
    assert_int_equal(vmx_misc_decode(~X86_MASK(63, 32)).mseg_revision, 0);
}

static void ept_vpid(void **state)
{
    struct vmx_ept_vpid haswell = vmx_ept_vpid_decode(0x00000f0106334141);
    struct vmx_ept_vpid arrandale = vmx_ept_vpid_decode(0x00000f0106114141);
    struct vmx_ept_vpid none = vmx_ept_vpid_decode(0);
    struct vmx_ept_vpid rare = vmx_ept_vpid_decode(X86_BIT(7) | X86_BIT(22) | X86_BIT(23));

    (void)state;
    assert_true(haswell.execute_only && haswell.walk_4 && haswell.memory_uc && haswell.memory_wb);
    assert_true(haswell.page_2m && haswell.page_1g && haswell.accessed_dirty);
    assert_true(haswell.invept && haswell.invept_single && haswell.invept_all);
    assert_true(haswell.invvpid && haswell.invvpid_address && haswell.invvpid_single);
    assert_true(haswell.invvpid_all && haswell.invvpid_single_retain_global);
    assert_false(haswell.walk_5 || haswell.advanced_exit_information ||
                 haswell.supervisor_shadow_stack);
    assert_true(arrandale.page_2m);
    assert_false(arrandale.page_1g || arrandale.accessed_dirty);
    assert_memory_equal(&none, &(struct vmx_ept_vpid){0}, sizeof(none));
    assert_true(rare.walk_5 && rare.advanced_exit_information && rare.supervisor_shadow_stack);
    assert_false(rare.walk_4 || rare.invept);
}

/* What any processor with VMX states: regions of at most a page, write-back; 4-level EPT. */
static void processors(void **state)
{
    unsigned with_vmx = 0;
    unsigned with_ept = 0;

    (void)state;
    for (size_t i = 0; i < CPU_MODELS; i++) {
        struct cpu_data cpu;
        uint64_t msr;

        cpu_data_read(cpu_models[i], &cpu);
        if (!cpu_data_msr(&cpu, X86_MSR_VMX_BASIC, &msr))
            continue;
        with_vmx++;
        assert_in_range(vmx_basic_decode(msr).region_size, 1, 4096);
        assert_int_equal(vmx_basic_decode(msr).memory_type, 6);
        if (!cpu_data_msr(&cpu, X86_MSR_VMX_EPT_VPID_CAP, &msr))
            continue;
        with_ept++;
        assert_true(vmx_ept_vpid_decode(msr).walk_4);
        assert_true(vmx_ept_vpid_decode(msr).page_2m);
    }
    assert_int_equal(with_vmx, 9);
    assert_int_equal(with_ept, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(basic),    cmocka_unit_test(misc),       cmocka_unit_test(fields),
        cmocka_unit_test(ept_vpid), cmocka_unit_test(processors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
