/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Typed access to MSRs: a type bound to one MSR, with its own read and write, so that a value
 * cannot go to the wrong register.
 *
 *     struct x86_msr_efer efer = x86_msr_efer_read();
 *     efer.value |= X86_EFER_NXE;
 *     x86_msr_efer_write(efer);
 *
 * read and write fault (#GP) where the MSR does not exist or the value is refused; the _safe forms
 * return false instead, which needs the exception table of extable.h. Ring 0 only.
 */

#ifndef X86_MSR_ACCESS_H
#define X86_MSR_ACCESS_H

#include <x86/insn.h>
#include <x86/msr.h>

/* Defines struct x86_msr_NAME and its four functions for the MSR at that address. */
#define X86_MSR_TYPE(name, address)                                           \
    struct x86_msr_##name {                                                   \
        uint64_t value;                                                       \
    };                                                                        \
    static inline struct x86_msr_##name x86_msr_##name##_read(void)           \
    {                                                                         \
        return (struct x86_msr_##name){x86_rdmsr(address)};                   \
    }                                                                         \
    static inline void x86_msr_##name##_write(struct x86_msr_##name msr)      \
    {                                                                         \
        x86_wrmsr((address), msr.value);                                      \
    }                                                                         \
    static inline bool x86_msr_##name##_read_safe(struct x86_msr_##name *out) \
    {                                                                         \
        return x86_rdmsr_safe((address), &out->value);                        \
    }                                                                         \
    static inline bool x86_msr_##name##_write_safe(struct x86_msr_##name msr) \
    {                                                                         \
        return x86_wrmsr_safe((address), msr.value);                          \
    }

X86_MSR_TYPE(apic_base, X86_MSR_APIC_BASE)
X86_MSR_TYPE(feature_control, X86_MSR_FEATURE_CONTROL)
X86_MSR_TYPE(spec_ctrl, X86_MSR_SPEC_CTRL)
X86_MSR_TYPE(misc_enable, X86_MSR_MISC_ENABLE)
X86_MSR_TYPE(debugctl, X86_MSR_DEBUGCTL)
X86_MSR_TYPE(pat, X86_MSR_PAT)
X86_MSR_TYPE(sysenter_cs, X86_MSR_SYSENTER_CS)
X86_MSR_TYPE(sysenter_esp, X86_MSR_SYSENTER_ESP)
X86_MSR_TYPE(sysenter_eip, X86_MSR_SYSENTER_EIP)
X86_MSR_TYPE(tsc_deadline, X86_MSR_TSC_DEADLINE)
X86_MSR_TYPE(xss, X86_MSR_XSS)
X86_MSR_TYPE(efer, X86_MSR_EFER)
X86_MSR_TYPE(star, X86_MSR_STAR)
X86_MSR_TYPE(lstar, X86_MSR_LSTAR)
X86_MSR_TYPE(cstar, X86_MSR_CSTAR)
X86_MSR_TYPE(fmask, X86_MSR_FMASK)
X86_MSR_TYPE(fs_base, X86_MSR_FS_BASE)
X86_MSR_TYPE(gs_base, X86_MSR_GS_BASE)
X86_MSR_TYPE(kernel_gs_base, X86_MSR_KERNEL_GS_BASE)
X86_MSR_TYPE(tsc_aux, X86_MSR_TSC_AUX)
X86_MSR_TYPE(vm_cr, X86_MSR_AMD_VM_CR)
X86_MSR_TYPE(vm_hsave_pa, X86_MSR_AMD_VM_HSAVE_PA)

#endif
