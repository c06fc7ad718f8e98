/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The VMX capability MSRs that are not allowed-settings words, decoded into plain values.
 *
 * Intel SDM vol. 3, appendix A; the section is named at each structure.
 */

#ifndef X86_VMX_CAPABILITY_H
#define X86_VMX_CAPABILITY_H

#include <x86/bits.h>

/* IA32_VMX_BASIC: A.1. */
#define VMX_BASIC_PHYSICAL_32    X86_BIT(48)
#define VMX_BASIC_DUAL_MONITOR   X86_BIT(49)
#define VMX_BASIC_INS_OUTS_INFO  X86_BIT(54)
#define VMX_BASIC_TRUE_CONTROLS  X86_BIT(55)
#define VMX_BASIC_ANY_ERROR_CODE X86_BIT(56)

/* IA32_VMX_MISC: A.6. */
#define VMX_MISC_SAVE_LMA               X86_BIT(5)
#define VMX_MISC_ACTIVITY_HLT           X86_BIT(6)
#define VMX_MISC_ACTIVITY_SHUTDOWN      X86_BIT(7)
#define VMX_MISC_ACTIVITY_WAIT_FOR_SIPI X86_BIT(8)
#define VMX_MISC_PT_IN_VMX              X86_BIT(14)
#define VMX_MISC_SMBASE_IN_SMM          X86_BIT(15)
#define VMX_MISC_BLOCK_SMI              X86_BIT(28)
#define VMX_MISC_VMWRITE_ANY            X86_BIT(29)
#define VMX_MISC_INJECT_LENGTH_0        X86_BIT(30)

/* IA32_VMX_EPT_VPID_CAP: A.10. */
#define VMX_EPT_VPID_EXECUTE_ONLY                 X86_BIT(0)
#define VMX_EPT_VPID_WALK_4                       X86_BIT(6)
#define VMX_EPT_VPID_WALK_5                       X86_BIT(7)
#define VMX_EPT_VPID_UC                           X86_BIT(8)
#define VMX_EPT_VPID_WB                           X86_BIT(14)
#define VMX_EPT_VPID_2M                           X86_BIT(16)
#define VMX_EPT_VPID_1G                           X86_BIT(17)
#define VMX_EPT_VPID_INVEPT                       X86_BIT(20)
#define VMX_EPT_VPID_ACCESSED_DIRTY               X86_BIT(21)
#define VMX_EPT_VPID_ADVANCED_EXIT_INFO           X86_BIT(22)
#define VMX_EPT_VPID_SUPERVISOR_SHADOW_STACK      X86_BIT(23)
#define VMX_EPT_VPID_INVEPT_SINGLE                X86_BIT(25)
#define VMX_EPT_VPID_INVEPT_ALL                   X86_BIT(26)
#define VMX_EPT_VPID_INVVPID                      X86_BIT(32)
#define VMX_EPT_VPID_INVVPID_ADDRESS              X86_BIT(40)
#define VMX_EPT_VPID_INVVPID_SINGLE               X86_BIT(41)
#define VMX_EPT_VPID_INVVPID_ALL                  X86_BIT(42)
#define VMX_EPT_VPID_INVVPID_SINGLE_RETAIN_GLOBAL X86_BIT(43)

#ifndef __ASSEMBLER__

/* IA32_VMX_BASIC: A.1. */
struct vmx_basic {
    uint32_t revision;         /* VMCS revision identifier, 31 bits */
    uint32_t region_size;      /* bytes for a VMXON region or VMCS, 1-4096 */
    bool physical_32;          /* addresses of VMX structures are limited to 32 bits */
    bool dual_monitor;         /* dual-monitor treatment of SMI and SMM */
    uint8_t memory_type;       /* for VMX structures: 0 UC, 6 WB */
    bool ins_outs_information; /* INS and OUTS exits give instruction information */
    bool true_controls;        /* the TRUE capability MSRs exist */
    bool any_error_code;       /* hardware exceptions inject with or without an error code */
};

/* IA32_VMX_MISC: A.6. */
struct vmx_misc {
    uint8_t preemption_timer_shift; /* the timer counts down when this TSC bit changes */
    bool save_lma;                  /* exits store EFER.LMA into "IA-32e mode guest" */
    bool activity_hlt;
    bool activity_shutdown;
    bool activity_wait_for_sipi;
    bool pt_in_vmx;            /* processor trace can be used in VMX operation */
    bool smbase_in_smm;        /* RDMSR in SMM can read IA32_SMBASE */
    uint16_t cr3_targets;      /* number of CR3-target values, 0-256 */
    uint32_t msr_list_maximum; /* recommended maximum of entries in an MSR area: 512 * (n + 1) */
    bool block_smi;            /* IA32_SMM_MONITOR_CTL bit 2 */
    bool vmwrite_any;          /* VMWRITE may write exit-information fields */
    bool inject_length_0;      /* software events may be injected with instruction length 0 */
    uint32_t mseg_revision;
};

/* IA32_VMX_EPT_VPID_CAP: A.10. */
struct vmx_ept_vpid {
    bool execute_only; /* pages may be execute-only */
    bool walk_4;       /* page walks of length 4 */
    bool walk_5;       /* page walks of length 5 */
    bool memory_uc;    /* EPT structures may be uncacheable */
    bool memory_wb;    /* EPT structures may be write-back */
    bool page_2m;
    bool page_1g;
    bool invept;
    bool accessed_dirty;
    bool advanced_exit_information; /* EPT violations say more about the linear address's rights */
    bool supervisor_shadow_stack;
    bool invept_single;
    bool invept_all;
    bool invvpid;
    bool invvpid_address;
    bool invvpid_single;
    bool invvpid_all;
    bool invvpid_single_retain_global;
};

/* Decoders of the values of these MSRs. Every 64-bit value has a result. */
struct vmx_basic vmx_basic_decode(uint64_t msr);
struct vmx_misc vmx_misc_decode(uint64_t msr);
struct vmx_ept_vpid vmx_ept_vpid_decode(uint64_t msr);

/* IA32_VMX_VMCS_ENUM bits 9:1: highest index (bits 9:1) of any field encoding (A.9). */
static inline uint32_t vmx_vmcs_enum_highest_index(uint64_t msr)
{
    return (uint32_t)x86_bits(msr, 9, 1);
}

#endif /* __ASSEMBLER__ */

#endif
