/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * VM-execution, VM-exit and VM-entry controls, and how to fit them to a processor.
 *
 * Bits: Intel SDM vol. 3, 24.6 (execution), 24.7 (exit), 24.8 (entry). Fitting: 31.5.1, A.2-A.5.
 * The bits of the exit and entry words are called VMX_EXITCTL_ and VMX_ENTRYCTL_, because
 * VMX_EXIT_ names exit reasons and exit information.
 */

#ifndef X86_VMX_CONTROLS_H
#define X86_VMX_CONTROLS_H

#include <x86/bits.h>

/* Pin-based controls: 24.6.1. */
#define VMX_PIN_EXTERNAL_INTERRUPT_EXITING X86_BIT32(0)
#define VMX_PIN_NMI_EXITING                X86_BIT32(3)
#define VMX_PIN_VIRTUAL_NMIS               X86_BIT32(5)
#define VMX_PIN_PREEMPTION_TIMER           X86_BIT32(6)
#define VMX_PIN_POSTED_INTERRUPTS          X86_BIT32(7)

/* Primary processor-based controls: 24.6.2. */
#define VMX_PROC_INTERRUPT_WINDOW_EXITING X86_BIT32(2)
#define VMX_PROC_TSC_OFFSETTING           X86_BIT32(3)
#define VMX_PROC_HLT_EXITING              X86_BIT32(7)
#define VMX_PROC_INVLPG_EXITING           X86_BIT32(9)
#define VMX_PROC_MWAIT_EXITING            X86_BIT32(10)
#define VMX_PROC_RDPMC_EXITING            X86_BIT32(11)
#define VMX_PROC_RDTSC_EXITING            X86_BIT32(12)
#define VMX_PROC_CR3_LOAD_EXITING         X86_BIT32(15)
#define VMX_PROC_CR3_STORE_EXITING        X86_BIT32(16)
#define VMX_PROC_TERTIARY_CONTROLS        X86_BIT32(17)
#define VMX_PROC_CR8_LOAD_EXITING         X86_BIT32(19)
#define VMX_PROC_CR8_STORE_EXITING        X86_BIT32(20)
#define VMX_PROC_TPR_SHADOW               X86_BIT32(21)
#define VMX_PROC_NMI_WINDOW_EXITING       X86_BIT32(22)
#define VMX_PROC_MOV_DR_EXITING           X86_BIT32(23)
#define VMX_PROC_UNCONDITIONAL_IO_EXITING X86_BIT32(24)
#define VMX_PROC_IO_BITMAPS               X86_BIT32(25)
#define VMX_PROC_MONITOR_TRAP_FLAG        X86_BIT32(27)
#define VMX_PROC_MSR_BITMAPS              X86_BIT32(28)
#define VMX_PROC_MONITOR_EXITING          X86_BIT32(29)
#define VMX_PROC_PAUSE_EXITING            X86_BIT32(30)
#define VMX_PROC_SECONDARY_CONTROLS       X86_BIT32(31)

/* Secondary processor-based controls: 24.6.2. */
#define VMX_PROC2_VIRTUALIZE_APIC_ACCESSES     X86_BIT32(0)
#define VMX_PROC2_EPT                          X86_BIT32(1)
#define VMX_PROC2_DESCRIPTOR_TABLE_EXITING     X86_BIT32(2)
#define VMX_PROC2_RDTSCP                       X86_BIT32(3)
#define VMX_PROC2_VIRTUALIZE_X2APIC_MODE       X86_BIT32(4)
#define VMX_PROC2_VPID                         X86_BIT32(5)
#define VMX_PROC2_WBINVD_EXITING               X86_BIT32(6)
#define VMX_PROC2_UNRESTRICTED_GUEST           X86_BIT32(7)
#define VMX_PROC2_APIC_REGISTER_VIRTUALIZATION X86_BIT32(8)
#define VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY   X86_BIT32(9)
#define VMX_PROC2_PAUSE_LOOP_EXITING           X86_BIT32(10)
#define VMX_PROC2_RDRAND_EXITING               X86_BIT32(11)
#define VMX_PROC2_INVPCID                      X86_BIT32(12)
#define VMX_PROC2_VM_FUNCTIONS                 X86_BIT32(13)
#define VMX_PROC2_VMCS_SHADOWING               X86_BIT32(14)
#define VMX_PROC2_ENCLS_EXITING                X86_BIT32(15)
#define VMX_PROC2_RDSEED_EXITING               X86_BIT32(16)
#define VMX_PROC2_PML                          X86_BIT32(17)
#define VMX_PROC2_EPT_VIOLATION_VE             X86_BIT32(18)
#define VMX_PROC2_CONCEAL_VMX_FROM_PT          X86_BIT32(19)
#define VMX_PROC2_XSAVES                       X86_BIT32(20)
#define VMX_PROC2_PASID_TRANSLATION            X86_BIT32(21)
#define VMX_PROC2_MODE_BASED_EPT_EXECUTE       X86_BIT32(22)
#define VMX_PROC2_SUB_PAGE_WRITE_PERMISSIONS   X86_BIT32(23)
#define VMX_PROC2_PT_USES_GUEST_PHYSICAL       X86_BIT32(24)
#define VMX_PROC2_TSC_SCALING                  X86_BIT32(25)
#define VMX_PROC2_USER_WAIT_AND_PAUSE          X86_BIT32(26)
#define VMX_PROC2_PCONFIG                      X86_BIT32(27)
#define VMX_PROC2_ENCLV_EXITING                X86_BIT32(28)
#define VMX_PROC2_BUS_LOCK_DETECTION           X86_BIT32(30)
#define VMX_PROC2_INSTRUCTION_TIMEOUT          X86_BIT32(31)

/* Tertiary processor-based controls, 64 bits: 24.6.2. */
#define VMX_PROC3_LOADIWKEY_EXITING         X86_BIT(0)
#define VMX_PROC3_HLAT                      X86_BIT(1)
#define VMX_PROC3_EPT_PAGING_WRITE          X86_BIT(2)
#define VMX_PROC3_GUEST_PAGING_VERIFICATION X86_BIT(3)
#define VMX_PROC3_IPI_VIRTUALIZATION        X86_BIT(4)
#define VMX_PROC3_MSR_LIST                  X86_BIT(6)
#define VMX_PROC3_VIRTUALIZE_SPEC_CTRL      X86_BIT(7)
#define VMX_PROC3_APIC_TIMER_VIRTUALIZATION X86_BIT(8)

/* Primary VM-exit controls: 24.7.1. */
#define VMX_EXITCTL_SAVE_DEBUG_CONTROLS     X86_BIT32(2)
#define VMX_EXITCTL_HOST_ADDRESS_SPACE_SIZE X86_BIT32(9)
#define VMX_EXITCTL_LOAD_PERF_GLOBAL_CTRL   X86_BIT32(12)
#define VMX_EXITCTL_ACKNOWLEDGE_INTERRUPT   X86_BIT32(15)
#define VMX_EXITCTL_SAVE_PAT                X86_BIT32(18)
#define VMX_EXITCTL_LOAD_PAT                X86_BIT32(19)
#define VMX_EXITCTL_SAVE_EFER               X86_BIT32(20)
#define VMX_EXITCTL_LOAD_EFER               X86_BIT32(21)
#define VMX_EXITCTL_SAVE_PREEMPTION_TIMER   X86_BIT32(22)
#define VMX_EXITCTL_CLEAR_BNDCFGS           X86_BIT32(23)
#define VMX_EXITCTL_CONCEAL_VMX_FROM_PT     X86_BIT32(24)
#define VMX_EXITCTL_CLEAR_RTIT_CTL          X86_BIT32(25)
#define VMX_EXITCTL_CLEAR_LBR_CTL           X86_BIT32(26)
#define VMX_EXITCTL_CLEAR_UINV              X86_BIT32(27)
#define VMX_EXITCTL_LOAD_CET                X86_BIT32(28)
#define VMX_EXITCTL_LOAD_PKRS               X86_BIT32(29)
#define VMX_EXITCTL_SAVE_PERF_GLOBAL_CTRL   X86_BIT32(30)
#define VMX_EXITCTL_SECONDARY_CONTROLS      X86_BIT32(31)

/* Secondary VM-exit controls, 64 bits: 24.7.1. */
#define VMX_EXITCTL2_SAVE_FRED                     X86_BIT(0)
#define VMX_EXITCTL2_LOAD_FRED                     X86_BIT(1)
#define VMX_EXITCTL2_PREMATURELY_BUSY_SHADOW_STACK X86_BIT(3)

/* VM-entry controls: 24.8.1. */
#define VMX_ENTRYCTL_LOAD_DEBUG_CONTROLS     X86_BIT32(2)
#define VMX_ENTRYCTL_IA32E_MODE_GUEST        X86_BIT32(9)
#define VMX_ENTRYCTL_ENTRY_TO_SMM            X86_BIT32(10)
#define VMX_ENTRYCTL_DEACTIVATE_DUAL_MONITOR X86_BIT32(11)
#define VMX_ENTRYCTL_LOAD_PERF_GLOBAL_CTRL   X86_BIT32(13)
#define VMX_ENTRYCTL_LOAD_PAT                X86_BIT32(14)
#define VMX_ENTRYCTL_LOAD_EFER               X86_BIT32(15)
#define VMX_ENTRYCTL_LOAD_BNDCFGS            X86_BIT32(16)
#define VMX_ENTRYCTL_CONCEAL_VMX_FROM_PT     X86_BIT32(17)
#define VMX_ENTRYCTL_LOAD_RTIT_CTL           X86_BIT32(18)
#define VMX_ENTRYCTL_LOAD_UINV               X86_BIT32(19)
#define VMX_ENTRYCTL_LOAD_CET                X86_BIT32(20)
#define VMX_ENTRYCTL_LOAD_LBR_CTL            X86_BIT32(21)
#define VMX_ENTRYCTL_LOAD_PKRS               X86_BIT32(22)
#define VMX_ENTRYCTL_LOAD_FRED               X86_BIT32(23)

/* VM functions: 25.5.5.2, bits of VMCS_VM_FUNCTION_CONTROLS and IA32_VMX_VMFUNC. */
#define VMX_VMFUNC_EPTP_SWITCHING X86_BIT(0)

#ifndef __ASSEMBLER__

/* Which control word a bit belongs to. */
enum vmx_control_word {
    VMX_WORD_PIN,
    VMX_WORD_PROC,
    VMX_WORD_PROC2,
    VMX_WORD_PROC3,
    VMX_WORD_EXIT,
    VMX_WORD_EXIT2,
    VMX_WORD_ENTRY,
    VMX_WORD_COUNT
};

/* The manual's name of a control, as "enable EPT"; NULL for a bit (0-63) that has none. */
const char *vmx_control_name(enum vmx_control_word word, unsigned bit);

/* The name of a control word, as "secondary processor-based"; "unknown" for any other number. */
const char *vmx_control_word_name(enum vmx_control_word word);

/* The bits of a word that have a name here. */
uint64_t vmx_control_known(enum vmx_control_word word);

/*
 * The capability MSR that rules a word. true_controls is bit 55 of IA32_VMX_BASIC: with it the
 * TRUE MSRs say which of the default1 bits may be 0 (A.2). 0 for a number that is no word.
 * Bochs 2.7 sets that bit on its models without EPT, where the TRUE MSRs do not exist: read them
 * with x86_rdmsr_safe and fall back to the plain ones.
 */
uint32_t vmx_control_msr(enum vmx_control_word word, bool true_controls);

enum vmx_adjust_status {
    VMX_ADJUST_OK = 0,
    VMX_ADJUST_MISSING, /* the processor lacks a required control */
    VMX_ADJUST_FORCED   /* the processor forces to 1 a control that the caller forbids */
};

/* What a processor allows of a control word. */
struct vmx_allowed {
    uint64_t must_be_one; /* these cannot be 0 */
    uint64_t may_be_one;  /* only these can be 1 */
};

/* From a 32-bit word's MSR: bits 31:0 are allowed 0-settings, 63:32 allowed 1-settings (A.3.1). */
static inline struct vmx_allowed vmx_allowed_from_msr(uint64_t msr)
{
    return (struct vmx_allowed){x86_bits(msr, 31, 0), x86_bits(msr, 63, 32)};
}

/* From a 64-bit word's MSR (PROCBASED_CTLS3, EXIT_CTLS2): every bit is an allowed 1-setting. */
static inline struct vmx_allowed vmx_allowed_from_msr64(uint64_t msr)
{
    return (struct vmx_allowed){0, msr};
}

/* What is wanted of a control word. A bit in none of the three is 0 unless the processor forces. */
struct vmx_control_request {
    uint64_t required;  /* must be 1 */
    uint64_t optional;  /* 1 where the processor can */
    uint64_t forbidden; /* must be 0; whoever requires and forbids one bit gets VMX_ADJUST_FORCED */
};

/*
 * Fits a request to a processor: *out is the word to write.
 *
 * On VMX_ADJUST_MISSING and VMX_ADJUST_FORCED *out is 0 and *culprits (if not NULL; 0 on success)
 * has the bits that failed: vmx_control_name of its lowest names the control. A missing control
 * is reported before a forced one.
 */
enum vmx_adjust_status vmx_adjust(struct vmx_control_request request, struct vmx_allowed allowed,
                                  uint64_t *out, uint64_t *culprits);

/* The same for a 32-bit word from its capability MSR, with nothing forbidden. */
enum vmx_adjust_status vmx_adjust_controls(uint32_t required, uint32_t optional,
                                           uint64_t capability_msr, uint32_t *out,
                                           uint32_t *missing);

/* The same for a 64-bit word (tertiary, secondary exit). */
enum vmx_adjust_status vmx_adjust_controls64(uint64_t required, uint64_t optional,
                                             uint64_t capability_msr, uint64_t *out,
                                             uint64_t *missing);

/*
 * A value of CR0 or CR4 that VMX operation accepts: bits that are 1 in both FIXED MSRs are set,
 * bits that are 0 in both are cleared (A.7, A.8).
 */
static inline uint64_t vmx_adjust_cr(uint64_t value, uint64_t fixed0, uint64_t fixed1)
{
    return (value | fixed0) & fixed1;
}

/* The bits of value that VMX operation refuses under these FIXED MSRs; 0 when it accepts. */
static inline uint64_t vmx_cr_violations(uint64_t value, uint64_t fixed0, uint64_t fixed1)
{
    return (~value & fixed0 & fixed1) | (value & ~fixed1);
}

#endif /* __ASSEMBLER__ */

#endif
