/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MOV to CR0 and CR4 that exit because of the engine's own bits.
 *
 * Such a MOV exits when it would change a masked bit from what the shadow says (SDM vol. 3,
 * 25.1.3). So the engine puts the new values of its bits into the shadow and lets the guest execute
 * the instruction again: now it does not exit, and the processor itself does all the rest (paging
 * on and off, EFER.LMA, PDPTEs, faults) with the engine's bits untouched. A MOV that then faults
 * for a reason not checked here leaves the shadow of NE, CD, NW or MCE changed, which nothing
 * depends on.
 */

#include <x86/event.h>
#include <x86/vmx_qualification.h>

#include "vmcs.h"

/*
 * The write is one that raises #GP. A client that takes #GP gets the exit instead, for what it is:
 * a write to the register.
 */
static bool absorb_gp(struct vcpu *vcpu)
{
    if ((vcpu->exception_bitmap >> X86_VECTOR_GP & 1u) != 0)
        return false;
    vcpu->events.exception = NACELLE_EVENT_VALID | NACELLE_EVENT_EXCEPTION |
                             NACELLE_EVENT_ERROR_CODE | X86_VECTOR_GP;
    vcpu->events.exception_error = 0;
    vcpu->events.exception_length = 0;
    vcpu->work |= VCPU_WORK_EVENTS;
    return true;
}

/* The operand of the MOV, in 64-bit mode and elsewhere. */
static uint64_t mov_operand(struct vcpu *vcpu, unsigned index)
{
    uint64_t value = index == 4 ? vmread(VMCS_GUEST_RSP) : vcpu_state(vcpu)->general[index & 15u];

    return vmx_in_64_bit_mode() ? value : (uint32_t)value;
}

static bool absorb_cr0(struct vcpu *vcpu, uint64_t value)
{
    uint64_t changed = value ^ vcpu->cr0_shadow;
    uint64_t cr4 = vmread(VMCS_GUEST_CR4);
    uint64_t efer = vmread(VMCS_GUEST_IA32_EFER);

    if ((changed & vcpu->cr0_mask) != 0 || (changed & VMX_CR0_OWNED) == 0)
        return false;
    if (!x86_cr0_valid(value, cr4, efer))
        return absorb_gp(vcpu);
    vcpu->cr0_shadow = (vcpu->cr0_shadow & ~VMX_CR0_OWNED) | (value & VMX_CR0_OWNED);
    vmwrite(VMCS_CR0_READ_SHADOW, vcpu->cr0_shadow);
    return true;
}

static bool absorb_cr4(struct vcpu *vcpu, uint64_t value)
{
    uint64_t changed = value ^ vcpu->cr4_shadow;
    uint64_t lacking = VMX_CR4_OWNED & ~VMX_CR4_SHADOWED;

    /* VMXE is for the client to answer, which may have virtualization of its own. */
    if ((changed & (vcpu->cr4_mask | X86_CR4_VMXE)) != 0 || (changed & VMX_CR4_OWNED) == 0)
        return false;
    if ((changed & lacking) != 0)
        return absorb_gp(vcpu);
    vcpu->cr4_shadow = (vcpu->cr4_shadow & ~X86_CR4_MCE) | (value & X86_CR4_MCE);
    vmwrite(VMCS_CR4_READ_SHADOW, vcpu->cr4_shadow);
    return true;
}

bool vmx_absorb_cr_access(struct vcpu *vcpu, uint64_t qualification)
{
    struct vmx_cr_access access = vmx_decode_cr_access(qualification);

    if (access.kind != VMX_CR_MOV_TO)
        return false;
    switch (access.cr) {
    case 0:
        return absorb_cr0(vcpu, mov_operand(vcpu, access.gpr));
    case 4:
        return absorb_cr4(vcpu, mov_operand(vcpu, access.gpr));
    default:
        return false;
    }
}
