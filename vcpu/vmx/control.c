/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client chooses to exit (NACELLE_VCPU_SET_CONTROL), and going on after an exit. */

#include <vcpu_host.h>
#include <x86/event.h>
#include <x86/msr.h>
#include <x86/vmx_controls.h>

#include "../advance.h"
#include "vmcs.h"

/* Controls that are on or off: bits of one of the two words. */
static const struct toggle {
    uint32_t procedure;
    uint32_t procedure2;
    uint32_t feature; /* VCPU_FEATURE_* that it needs, or 0 */
} toggles[NACELLE_CONTROL_COUNT] = {
    [NACELLE_CONTROL_HLT] = {VMX_PROC_HLT_EXITING, 0, 0},
    [NACELLE_CONTROL_PAUSE] = {VMX_PROC_PAUSE_EXITING, 0, 0},
    [NACELLE_CONTROL_TSC] = {VMX_PROC_RDTSC_EXITING, 0, 0},
    [NACELLE_CONTROL_DEBUG_REGISTERS] = {VMX_PROC_MOV_DR_EXITING, 0, 0},
    [NACELLE_CONTROL_DESCRIPTOR_TABLES] = {0, VMX_PROC2_DESCRIPTOR_TABLE_EXITING,
                                           VCPU_FEATURE_DESCRIPTOR_TABLES},
    [NACELLE_CONTROL_INVLPG] = {VMX_PROC_INVLPG_EXITING, 0, 0},
    [NACELLE_CONTROL_CR3] = {VMX_PROC_CR3_LOAD_EXITING | VMX_PROC_CR3_STORE_EXITING, 0, 0},
    [NACELLE_CONTROL_SINGLE_STEP] = {VMX_PROC_MONITOR_TRAP_FLAG, 0, VCPU_FEATURE_MTF},
};

static enum nacelle_error set_toggle(struct vcpu *vcpu, const struct toggle *toggle, uint64_t value)
{
    if (value > 1)
        return NACELLE_ERROR_INVALID_ARGUMENT;
    if ((toggle->feature & ~vcpu->cpu->features) != 0)
        return NACELLE_ERROR_UNSUPPORTED;
    if ((toggle->procedure & VMX_PROC_MOV_DR_EXITING) != 0) {
        /* Who has the true values changes: struct vcpu while MOV DR exits, the processor else. */
        vcpu_hidden_save(vcpu);
    }
    if (value != 0) {
        vcpu->procedure |= toggle->procedure;
        vcpu->procedure2 |= toggle->procedure2;
    } else {
        vcpu->procedure &= ~toggle->procedure;
        vcpu->procedure2 &= ~toggle->procedure2;
    }
    vmwrite(VMCS_PROC_BASED_CONTROLS, vcpu->procedure);
    vmwrite(VMCS_SECONDARY_PROC_BASED_CONTROLS, vcpu->procedure2);
    vcpu->tables_generation = 0; /* single step decides about answers: vmx_prepare looks again */
    return NACELLE_ERROR_OK;
}

static enum nacelle_error set_exceptions(struct vcpu *vcpu, uint64_t value)
{
    const uint64_t not_exceptions = UINT64_C(1) << X86_VECTOR_NMI | UINT64_C(1) << X86_VECTOR_MC;

    if ((value >> 32) != 0 || (value & not_exceptions) != 0)
        return NACELLE_ERROR_INVALID_ARGUMENT;
    vcpu->exception_bitmap = (uint32_t)value;
    vmwrite(VMCS_EXCEPTION_BITMAP, vcpu->exception_bitmap | VMX_EXCEPTIONS_ALWAYS);
    return NACELLE_ERROR_OK;
}

/* Bits that the client takes show what the guest has there now, until the client says otherwise. */
static enum nacelle_error set_mask(struct vcpu *vcpu, uint64_t value, uint64_t *mask,
                                   uint64_t *shadow, uint64_t field, uint64_t owned)
{
    uint64_t taken = value & ~*mask & ~owned;

    if ((value >> 32) != 0)
        return NACELLE_ERROR_INVALID_ARGUMENT;
    *shadow = (*shadow & ~taken) | (vmread(field) & taken);
    *mask = value;
    vmx_write_cr_masks(vcpu);
    return NACELLE_ERROR_OK;
}

enum nacelle_error vmx_set_control(struct vcpu *vcpu, uint64_t control, uint64_t value)
{
    switch (control) {
    case NACELLE_CONTROL_EXCEPTIONS:
        return set_exceptions(vcpu, value);
    case NACELLE_CONTROL_TSC_OFFSET:
        vcpu->tsc_offset = value;
        vmwrite(VMCS_TSC_OFFSET, value);
        return NACELLE_ERROR_OK;
    case NACELLE_CONTROL_CR0_MASK:
        return set_mask(vcpu, value, &vcpu->cr0_mask, &vcpu->cr0_shadow, VMCS_GUEST_CR0,
                        VMX_CR0_OWNED);
    case NACELLE_CONTROL_CR4_MASK:
        return set_mask(vcpu, value, &vcpu->cr4_mask, &vcpu->cr4_shadow, VMCS_GUEST_CR4,
                        VMX_CR4_OWNED);
    default:
        if (control >= NACELLE_CONTROL_COUNT)
            return NACELLE_ERROR_INVALID_ARGUMENT;
        return set_toggle(vcpu, &toggles[control], value);
    }
}

void vmx_advance(struct vcpu *vcpu)
{
    uint64_t blocking = vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);
    struct vcpu_progress progress;
    uint64_t rflags;

    vmx_fetch_ip(vcpu);
    rflags = vcpu->rflags;
    progress = (struct vcpu_progress){
        .rip = vcpu->rip,
        .rflags = rflags,
        .blocking = (uint32_t)blocking,
    };
    /* Rare, each of them. */
    if (((vcpu->rip + vcpu->exit_length) ^ vcpu->rip) >> 32 != 0)
        progress.long_64 = vmx_in_64_bit_mode();
    if ((rflags & X86_RFLAGS_TF) != 0) {
        progress.debugctl = vmread(VMCS_GUEST_IA32_DEBUGCTL);
        progress.pending_debug = vmread(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS);
    }
    vcpu_advance(&progress, vcpu->exit_length);
    vcpu->exit_length = 0;

    if (progress.rip != vcpu->rip)
        vmwrite(VMCS_GUEST_RIP, progress.rip);
    if (progress.rflags != rflags)
        vmwrite(VMCS_GUEST_RFLAGS, progress.rflags);
    if (progress.blocking != blocking)
        vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, progress.blocking);
    if ((rflags & X86_RFLAGS_TF) != 0)
        vmwrite(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, progress.pending_debug);
    vcpu->rip = progress.rip;
    vcpu->rflags = progress.rflags;
}
