/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/vmx_capability.h>

static bool has(uint64_t msr, uint64_t bit)
{
    return (msr & bit) != 0;
}

struct vmx_basic vmx_basic_decode(uint64_t msr)
{
    return (struct vmx_basic){
        .revision = (uint32_t)x86_bits(msr, 30, 0),
        .region_size = (uint32_t)x86_bits(msr, 44, 32),
        .physical_32 = has(msr, VMX_BASIC_PHYSICAL_32),
        .dual_monitor = has(msr, VMX_BASIC_DUAL_MONITOR),
        .memory_type = (uint8_t)x86_bits(msr, 53, 50),
        .ins_outs_information = has(msr, VMX_BASIC_INS_OUTS_INFO),
        .true_controls = has(msr, VMX_BASIC_TRUE_CONTROLS),
        .any_error_code = has(msr, VMX_BASIC_ANY_ERROR_CODE),
    };
}

struct vmx_misc vmx_misc_decode(uint64_t msr)
{
    return (struct vmx_misc){
        .preemption_timer_shift = (uint8_t)x86_bits(msr, 4, 0),
        .save_lma = has(msr, VMX_MISC_SAVE_LMA),
        .activity_hlt = has(msr, VMX_MISC_ACTIVITY_HLT),
        .activity_shutdown = has(msr, VMX_MISC_ACTIVITY_SHUTDOWN),
        .activity_wait_for_sipi = has(msr, VMX_MISC_ACTIVITY_WAIT_FOR_SIPI),
        .pt_in_vmx = has(msr, VMX_MISC_PT_IN_VMX),
        .smbase_in_smm = has(msr, VMX_MISC_SMBASE_IN_SMM),
        .cr3_targets = (uint16_t)x86_bits(msr, 24, 16),
        .msr_list_maximum = 512U * ((uint32_t)x86_bits(msr, 27, 25) + 1U),
        .block_smi = has(msr, VMX_MISC_BLOCK_SMI),
        .vmwrite_any = has(msr, VMX_MISC_VMWRITE_ANY),
        .inject_length_0 = has(msr, VMX_MISC_INJECT_LENGTH_0),
        .mseg_revision = (uint32_t)x86_bits(msr, 63, 32),
    };
}

struct vmx_ept_vpid vmx_ept_vpid_decode(uint64_t msr)
{
    return (struct vmx_ept_vpid){
        .execute_only = has(msr, VMX_EPT_VPID_EXECUTE_ONLY),
        .walk_4 = has(msr, VMX_EPT_VPID_WALK_4),
        .walk_5 = has(msr, VMX_EPT_VPID_WALK_5),
        .memory_uc = has(msr, VMX_EPT_VPID_UC),
        .memory_wb = has(msr, VMX_EPT_VPID_WB),
        .page_2m = has(msr, VMX_EPT_VPID_2M),
        .page_1g = has(msr, VMX_EPT_VPID_1G),
        .invept = has(msr, VMX_EPT_VPID_INVEPT),
        .accessed_dirty = has(msr, VMX_EPT_VPID_ACCESSED_DIRTY),
        .advanced_exit_information = has(msr, VMX_EPT_VPID_ADVANCED_EXIT_INFO),
        .supervisor_shadow_stack = has(msr, VMX_EPT_VPID_SUPERVISOR_SHADOW_STACK),
        .invept_single = has(msr, VMX_EPT_VPID_INVEPT_SINGLE),
        .invept_all = has(msr, VMX_EPT_VPID_INVEPT_ALL),
        .invvpid = has(msr, VMX_EPT_VPID_INVVPID),
        .invvpid_address = has(msr, VMX_EPT_VPID_INVVPID_ADDRESS),
        .invvpid_single = has(msr, VMX_EPT_VPID_INVVPID_SINGLE),
        .invvpid_all = has(msr, VMX_EPT_VPID_INVVPID_ALL),
        .invvpid_single_retain_global = has(msr, VMX_EPT_VPID_INVVPID_SINGLE_RETAIN_GLOBAL),
    };
}
