/* SPDX-License-Identifier: BSD-2-Clause */
/* The current VMCS: access, and what the files of the VMX back end share. */
#ifndef VCPU_VMX_VMCS_H
#define VCPU_VMX_VMCS_H

#include <x86/control.h>
#include <x86/insn.h>
#include <x86/vmx_fields.h>

#include "../vendor.h"

/* entry.S */
_Noreturn void vmx_entry_launch(struct vcpu *vcpu);
_Noreturn void vmx_entry_resume(struct vcpu *vcpu);
void vmx_exit(void);
void vmx_exit_answers(void);

/*
 * Fields of the current VMCS. They cannot fail: the engine names fields that exist, checked at
 * vcpu_cpu_enable, and has a current VMCS whenever it gets here.
 */
static inline uint64_t vmread(uint64_t field)
{
    return vmx_vmread_known(field);
}

static inline void vmwrite(uint64_t field, uint64_t value)
{
    (void)vmx_vmwrite(field, value);
}

/* Bits of CR0 that the engine keeps: NE is fixed in VMX operation, CD and NW would act on the whole
 * processor. The guest sees what it wrote there. */
#define VMX_CR0_OWNED (X86_CR0_NE | X86_CR0_CD | X86_CR0_NW)

/* Bits of CR4 that a guest can have, where the processor does. */
#define VMX_CR4_ALLOWED                                                                 \
    (X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE | X86_CR4_PAE | \
     X86_CR4_MCE | X86_CR4_PGE | X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT |    \
     X86_CR4_UMIP | X86_CR4_FSGSBASE | X86_CR4_PCIDE | X86_CR4_OSXSAVE | X86_CR4_SMEP | \
     X86_CR4_SMAP | X86_CR4_PKE)
/* Of these, bits that the guest sees as it wrote them while the processor runs with the host's. */
#define VMX_CR4_SHADOWED (X86_CR4_VMXE | X86_CR4_MCE)
#define VMX_CR4_OWNED    (~(VMX_CR4_ALLOWED & ~X86_CR4_MCE))

/* Bits of EFER that a guest can have. */
#define VMX_EFER_ALLOWED (X86_EFER_SCE | X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE)

/* Exceptions that exit always: #DB and #AC can make the processor deliver exceptions for ever
 * (CVE-2015-8104, CVE-2015-5307), #MC is the host's. */
#define VMX_EXCEPTIONS_ALWAYS ((1u << 1) | (1u << 17) | (1u << 18))

/* What a virtual-APIC page takes of the secondary controls, beside "use TPR shadow". */
#define VMX_PROC2_APIC                                                           \
    (VMX_PROC2_VIRTUALIZE_X2APIC_MODE | VMX_PROC2_APIC_REGISTER_VIRTUALIZATION | \
     VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY)

/* apic.c: opens what a virtual-APIC page answers. */
void vmx_apic_open_msrs(uint8_t *bitmap);

/* vmcs.c */
/* A vCPU that is new on this CPU, or whose VPID is of a generation that is over. */
void vmx_settle(struct vcpu *vcpu, struct vcpu_cpu *cpu);

/* Makes the VMCS the current one of this CPU, which it is not. */
static inline void vmx_load(struct vcpu *vcpu, struct vcpu_cpu *cpu)
{
    /* next_vpid may stand at the first number of the generation that is yet to begin. */
    uint32_t generation = (cpu->next_vpid - 1) >> 16;

    (void)vmx_vmptrld(vcpu->physical);
    cpu->current = vcpu;
    vcpu->known = 0;
    if (vcpu->cpu != cpu || vcpu->vpid >> 16 != generation)
        vmx_settle(vcpu, cpu);
}

/* Writes the masks and shadows of CR0 and CR4 as struct vcpu has them. */
void vmx_write_cr_masks(const struct vcpu *vcpu);
/* Writes the guest's CR0, CR4 and EFER, the owned bits completed, and IA-32e mode to match. */
void vmx_write_modes(struct vcpu *vcpu, uint64_t cr0, uint64_t cr4, uint64_t efer);

/* run.c */
/* The entry that was prepared does not take place; it did, and its event is the guest's. */
void vmx_cancel_injection(struct vcpu *vcpu);
void vmx_injection_done(struct vcpu *vcpu);

/* state.c: IA-32e mode with CS.L. */
bool vmx_in_64_bit_mode(void);

/* cr.c: an exit for MOV to CR0 or CR4 that the client has nothing to do with: true when handled. */
bool vmx_absorb_cr_access(struct vcpu *vcpu, uint64_t qualification);

/* refuse.c: fills in the exit record of an entry that the processor refused. */
void vmx_entry_refused(struct vcpu *vcpu, uint32_t reason);
/* Activity states that the processor has, one bit each. */
uint32_t vmx_activities(const struct vcpu_cpu *cpu);

#endif
