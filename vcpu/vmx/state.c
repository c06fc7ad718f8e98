/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups of guest state between the VMCS, the processor and the state page. */

#include <vcpu_host.h>
#include <x86/descriptor.h>
#include <x86/event.h>
#include <x86/vmx_controls.h>

#include "vmcs.h"

/* --- Small questions --- */

bool vmx_in_64_bit_mode(void)
{
    return (vmread(VMCS_VM_ENTRY_CONTROLS) & VMX_ENTRYCTL_IA32E_MODE_GUEST) != 0 &&
           (vmread(VMCS_GUEST_CS_ACCESS_RIGHTS) & X86_AR_L) != 0;
}

uint32_t vmx_error_code_vectors(const struct vcpu *vcpu)
{
    (void)vcpu;
    return (vmread(VMCS_GUEST_CR0) & X86_CR0_PE) != 0 ? VCPU_GUEST_ERROR_CODES : 0;
}

/* What the guest reads of CR0 and CR4 in the engine's bits, the processor's values elsewhere. */
static uint64_t visible(uint64_t real, uint64_t shadow, uint64_t owned)
{
    return (real & ~owned) | (shadow & owned);
}

/* --- IP: kept in struct vcpu between an exit and the next entry --- */

static void know_ip(struct vcpu *vcpu)
{
    if ((vcpu->known & VCPU_KNOWN_IP) != 0)
        return;
    vcpu->rip = vmread(VMCS_GUEST_RIP);
    vcpu->rflags = vmread(VMCS_GUEST_RFLAGS);
    vcpu->known |= VCPU_KNOWN_IP;
}

void vmx_fetch_ip(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);

    know_ip(vcpu);
    state->rip = vcpu->rip;
    state->rflags = vcpu->rflags;
    state->valid |= NACELLE_GROUP_IP;
}

void vmx_store_ip(struct vcpu *vcpu, const struct vcpu_image *image)
{
    vcpu->rip = image->ip.rip;
    vcpu->rflags = image->ip.rflags;
    vcpu->known |= VCPU_KNOWN_IP;
    vmwrite(VMCS_GUEST_RIP, vcpu->rip);
    vmwrite(VMCS_GUEST_RFLAGS, vcpu->rflags);
}

uint64_t vmx_get_rsp(struct vcpu *vcpu)
{
    (void)vcpu;
    return vmread(VMCS_GUEST_RSP);
}

void vmx_set_rsp(struct vcpu *vcpu, uint64_t value)
{
    vcpu_state(vcpu)->rsp = value;
    vmwrite(VMCS_GUEST_RSP, value);
}

/* --- Segments: fields follow each other in the order of enum nacelle_segment_index --- */

_Static_assert(VMCS_GUEST_TR_SELECTOR == VMCS_GUEST_ES_SELECTOR + 2 * NACELLE_TR &&
                   VMCS_GUEST_TR_BASE == VMCS_GUEST_ES_BASE + 2 * NACELLE_TR &&
                   VMCS_GUEST_TR_LIMIT == VMCS_GUEST_ES_LIMIT + 2 * NACELLE_TR &&
                   VMCS_GUEST_TR_ACCESS_RIGHTS == VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * NACELLE_TR,
               "order of the segment fields");

void vmx_fetch_segments(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);

    for (unsigned i = 0; i < NACELLE_SEGMENTS; i++) {
        state->segments[i] = (struct nacelle_segment){
            .selector = (uint16_t)vmread(VMCS_GUEST_ES_SELECTOR + 2 * i),
            .rights = (uint32_t)vmread(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i),
            .base = vmread(VMCS_GUEST_ES_BASE + 2 * i),
            .limit = (uint32_t)vmread(VMCS_GUEST_ES_LIMIT + 2 * i),
        };
    }
}

void vmx_store_segments(struct vcpu *vcpu, const struct vcpu_image *image)
{
    (void)vcpu;
    for (unsigned i = 0; i < NACELLE_SEGMENTS; i++) {
        vmwrite(VMCS_GUEST_ES_SELECTOR + 2 * i, image->segments[i].selector);
        vmwrite(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i, image->segments[i].rights);
        vmwrite(VMCS_GUEST_ES_BASE + 2 * i, image->segments[i].base);
        vmwrite(VMCS_GUEST_ES_LIMIT + 2 * i, image->segments[i].limit);
    }
}

/* --- Control registers --- */

void vmx_fetch_control(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);

    state->cr0 = visible(vmread(VMCS_GUEST_CR0), vcpu->cr0_shadow, VMX_CR0_OWNED);
    state->cr2 = vcpu->cr2;
    state->cr3 = vmread(VMCS_GUEST_CR3);
    state->cr4 = visible(vmread(VMCS_GUEST_CR4), vcpu->cr4_shadow, VMX_CR4_OWNED);
    state->cr0_shadow = vcpu->cr0_shadow & vcpu->cr0_mask;
    state->cr4_shadow = vcpu->cr4_shadow & vcpu->cr4_mask;
    state->efer = vmread(VMCS_GUEST_IA32_EFER);
    state->xcr0 = vcpu->xcr0;
    state->xss = 0;
    for (unsigned i = 0; i < 4; i++)
        state->pdpte[i] = vmread(VMCS_GUEST_PDPTE0 + 2 * i);
}

void vmx_store_control(struct vcpu *vcpu, const struct vcpu_image *image)
{
    vcpu->cr0_shadow =
        vcpu_new_shadow(image->control.cr0, image->control.cr0_shadow, vcpu->cr0_mask);
    vcpu->cr4_shadow =
        vcpu_new_shadow(image->control.cr4, image->control.cr4_shadow, vcpu->cr4_mask);
    vmx_write_cr_masks(vcpu);
    vmx_write_modes(vcpu, image->control.cr0, image->control.cr4, image->control.efer);
    vmwrite(VMCS_GUEST_CR3, image->control.cr3);
    for (unsigned i = 0; i < 4; i++)
        vmwrite(VMCS_GUEST_PDPTE0 + 2 * i, image->control.pdpte[i]);
    vcpu->cr2 = image->control.cr2;
    vcpu_xcr0_set(vcpu, image->control.xcr0);
}

/* --- Descriptor tables --- */

void vmx_fetch_tables(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);

    state->gdtr = (struct nacelle_table){.base = vmread(VMCS_GUEST_GDTR_BASE),
                                         .limit = (uint16_t)vmread(VMCS_GUEST_GDTR_LIMIT)};
    state->idtr = (struct nacelle_table){.base = vmread(VMCS_GUEST_IDTR_BASE),
                                         .limit = (uint16_t)vmread(VMCS_GUEST_IDTR_LIMIT)};
}

void vmx_store_tables(struct vcpu *vcpu, const struct vcpu_image *image)
{
    (void)vcpu;
    vmwrite(VMCS_GUEST_GDTR_BASE, image->gdtr.base);
    vmwrite(VMCS_GUEST_GDTR_LIMIT, image->gdtr.limit);
    vmwrite(VMCS_GUEST_IDTR_BASE, image->idtr.base);
    vmwrite(VMCS_GUEST_IDTR_LIMIT, image->idtr.limit);
}

/* --- System-call MSRs --- */

void vmx_fetch_system_call(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);

    vcpu_hidden_refresh(vcpu);
    vcpu_tsc_aux_refresh(vcpu);
    state->star = vcpu->msrs[VCPU_MSR_STAR];
    state->lstar = vcpu->msrs[VCPU_MSR_LSTAR];
    state->cstar = vcpu->msrs[VCPU_MSR_CSTAR];
    state->fmask = vcpu->msrs[VCPU_MSR_FMASK];
    state->kernel_gs_base = vcpu->msrs[VCPU_MSR_KERNEL_GS_BASE];
    state->tsc_aux = vcpu->msrs[VCPU_MSR_TSC_AUX];
    state->sysenter_cs = vmread(VMCS_GUEST_SYSENTER_CS);
    state->sysenter_esp = vmread(VMCS_GUEST_SYSENTER_ESP);
    state->sysenter_eip = vmread(VMCS_GUEST_SYSENTER_EIP);
    state->pat = vcpu->pat;
    if ((vcpu->cpu->features & VCPU_FEATURE_PAT) != 0)
        state->pat = vmread(VMCS_GUEST_IA32_PAT);
}

void vmx_store_system_call(struct vcpu *vcpu, const struct vcpu_image *image)
{
    vcpu_msr_set(vcpu, VCPU_MSR_STAR, image->system_call.star);
    vcpu_msr_set(vcpu, VCPU_MSR_LSTAR, image->system_call.lstar);
    vcpu_msr_set(vcpu, VCPU_MSR_CSTAR, image->system_call.cstar);
    vcpu_msr_set(vcpu, VCPU_MSR_FMASK, image->system_call.fmask);
    vcpu_msr_set(vcpu, VCPU_MSR_KERNEL_GS_BASE, image->system_call.kernel_gs_base);
    vcpu_msr_set(vcpu, VCPU_MSR_TSC_AUX, image->system_call.tsc_aux);
    vmwrite(VMCS_GUEST_SYSENTER_CS, image->system_call.sysenter_cs);
    vmwrite(VMCS_GUEST_SYSENTER_ESP, image->system_call.sysenter_esp);
    vmwrite(VMCS_GUEST_SYSENTER_EIP, image->system_call.sysenter_eip);
    vcpu->pat = image->system_call.pat;
    if ((vcpu->cpu->features & VCPU_FEATURE_PAT) != 0)
        vmwrite(VMCS_GUEST_IA32_PAT, image->system_call.pat);
}

/* --- Events --- */

void vmx_fetch_events(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);

    state->blocking = (uint32_t)vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);
    state->activity = (uint32_t)vmread(VMCS_GUEST_ACTIVITY_STATE);
    state->pending_debug = vmread(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS);
    vcpu_queue_fetch(vcpu);
}

void vmx_store_events(struct vcpu *vcpu, const struct vcpu_image *image)
{
    vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, image->events.blocking);
    vmwrite(VMCS_GUEST_ACTIVITY_STATE, image->events.activity);
    vmwrite(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, image->events.pending_debug);
    vcpu_queue_store(vcpu, image);
}

/* --- Debug registers --- */

void vmx_fetch_debug(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);

    vcpu_debug_registers_fetch(vcpu);
    state->dr6 = vcpu->dr6;
    state->dr7 = vmread(VMCS_GUEST_DR7);
    state->debugctl = vmread(VMCS_GUEST_IA32_DEBUGCTL);
}

void vmx_store_debug(struct vcpu *vcpu, const struct vcpu_image *image)
{
    vcpu->dr6 = vcpu_debug_registers_store(vcpu, image);
    vmwrite(VMCS_GUEST_DR7, image->debug.dr7 | X86_DR7_RESET);
    vmwrite(VMCS_GUEST_IA32_DEBUGCTL, image->debug.debugctl);
}

/* --- All of them --- */

struct vcpu_limits vmx_limits(const struct vcpu_cpu *cpu)
{
    uint64_t nx = (cpu->features & VCPU_FEATURE_EFER_NX) != 0 ? X86_EFER_NXE : 0;

    return (struct vcpu_limits){
        .cr4_allowed = cpu->cr4_allowed,
        .cr4_shadowed = VMX_CR4_SHADOWED,
        .efer_allowed = (VMX_EFER_ALLOWED & ~X86_EFER_NXE) | nx,
        /* The other bits need buffers or act beyond the guest. */
        .debugctl_allowed = X86_DEBUGCTL_LBR | X86_DEBUGCTL_BTF,
        .xcr0_supported = cpu->xcr0_supported,
        .physical_bits = cpu->physical_bits,
        .tsc_aux = (cpu->features & VCPU_FEATURE_TSC_AUX) != 0,
        .activities = vmx_activities(cpu),
    };
}

/* The processor checks. */
void vmx_stored(struct vcpu *vcpu)
{
    (void)vcpu;
}
