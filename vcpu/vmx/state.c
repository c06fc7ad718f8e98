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

#define INTEL_ERROR_CODE_VECTORS 0x00027d00u /* 8, 10-14, 17; 21 with CET, which guests lack */

uint32_t vmx_error_code_vectors(const struct vcpu *vcpu)
{
    (void)vcpu;
    return (vmread(VMCS_GUEST_CR0) & X86_CR0_PE) != 0 ? INTEL_ERROR_CODE_VECTORS : 0;
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

static void store_ip(struct vcpu *vcpu, const struct vcpu_image *image)
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

static void fetch_segments(struct vcpu *vcpu)
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

static void store_segments(struct vcpu *vcpu, const struct vcpu_image *image)
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

static void fetch_control(struct vcpu *vcpu)
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

/* Of a shadow the client's bits; the engine's come from the register, the others have no use. */
static uint64_t new_shadow(uint64_t value, uint64_t shadow, uint64_t client)
{
    return (value & ~client) | (shadow & client);
}

static void store_control(struct vcpu *vcpu, const struct vcpu_image *image)
{
    vcpu->cr0_shadow = new_shadow(image->control.cr0, image->control.cr0_shadow, vcpu->cr0_mask);
    vcpu->cr4_shadow = new_shadow(image->control.cr4, image->control.cr4_shadow, vcpu->cr4_mask);
    vmx_write_cr_masks(vcpu);
    vmx_write_modes(vcpu, image->control.cr0, image->control.cr4, image->control.efer);
    vmwrite(VMCS_GUEST_CR3, image->control.cr3);
    for (unsigned i = 0; i < 4; i++)
        vmwrite(VMCS_GUEST_PDPTE0 + 2 * i, image->control.pdpte[i]);
    vcpu->cr2 = image->control.cr2;
    vcpu_xcr0_set(vcpu, image->control.xcr0);
}

/* --- Descriptor tables --- */

static void fetch_tables(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);

    state->gdtr = (struct nacelle_table){.base = vmread(VMCS_GUEST_GDTR_BASE),
                                         .limit = (uint16_t)vmread(VMCS_GUEST_GDTR_LIMIT)};
    state->idtr = (struct nacelle_table){.base = vmread(VMCS_GUEST_IDTR_BASE),
                                         .limit = (uint16_t)vmread(VMCS_GUEST_IDTR_LIMIT)};
}

static void store_tables(struct vcpu *vcpu, const struct vcpu_image *image)
{
    (void)vcpu;
    vmwrite(VMCS_GUEST_GDTR_BASE, image->gdtr.base);
    vmwrite(VMCS_GUEST_GDTR_LIMIT, image->gdtr.limit);
    vmwrite(VMCS_GUEST_IDTR_BASE, image->idtr.base);
    vmwrite(VMCS_GUEST_IDTR_LIMIT, image->idtr.limit);
}

/* --- System-call MSRs --- */

/* Brings struct vcpu up to date with what the guest wrote itself. */
static void refresh_hidden(struct vcpu *vcpu)
{
    const struct vcpu_cpu *cpu = vcpu_host_cpu();

    if (cpu->state_owner == vcpu)
        vmx_hidden_refresh(vcpu);
}

static void fetch_system_call(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);

    refresh_hidden(vcpu);
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

static void store_system_call(struct vcpu *vcpu, const struct vcpu_image *image)
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

static void fetch_events(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    const struct vcpu_events *events = &vcpu->events;

    state->blocking = (uint32_t)vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);
    state->activity = (uint32_t)vmread(VMCS_GUEST_ACTIVITY_STATE);
    state->pending_debug = vmread(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS);
    state->interrupt = events->interrupt;
    state->nmi = events->nmi;
    state->exception = events->exception;
    state->exception_error = events->exception_error;
    state->exception_length = events->exception_length;
    state->vectoring = events->vectoring;
    state->vectoring_error = events->vectoring_error;
    state->vectoring_length = events->vectoring_length;
    state->windows = events->windows;
    state->deferred = events->deferred;
}

static void store_events(struct vcpu *vcpu, const struct vcpu_image *image)
{
    vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, image->events.blocking);
    vmwrite(VMCS_GUEST_ACTIVITY_STATE, image->events.activity);
    vmwrite(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, image->events.pending_debug);
    vcpu->events = (struct vcpu_events){
        .interrupt = image->events.interrupt,
        .nmi = image->events.nmi,
        .exception = image->events.exception,
        .exception_error = image->events.exception_error,
        .exception_length = image->events.exception_length,
        .vectoring = image->events.vectoring,
        .vectoring_error = image->events.vectoring_error,
        .vectoring_length = image->events.vectoring_length,
        .deferred = image->events.deferred,
        .windows = image->events.windows,
    };
    vcpu->work |= VCPU_WORK_EVENTS;
}

/* --- Debug registers --- */

static void fetch_debug(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);

    refresh_hidden(vcpu);
    for (unsigned i = 0; i < 4; i++)
        state->dr[i] = vcpu->dr[i];
    state->dr6 = vcpu->dr6;
    state->dr7 = vmread(VMCS_GUEST_DR7);
    state->debugctl = vmread(VMCS_GUEST_IA32_DEBUGCTL);
}

static void store_debug(struct vcpu *vcpu, const struct vcpu_image *image)
{
    const uint64_t dr6_writable = X86_DR6_B0 | X86_DR6_B1 | X86_DR6_B2 | X86_DR6_B3 | X86_DR6_BD |
                                  X86_DR6_BS | X86_DR6_BT;

    for (unsigned i = 0; i < 4; i++)
        vcpu->dr[i] = image->debug.dr[i];
    vcpu->dr6 = (image->debug.dr6 & dr6_writable) | X86_DR6_RESET;
    vmwrite(VMCS_GUEST_DR7, image->debug.dr7 | X86_DR7_RESET);
    vmwrite(VMCS_GUEST_IA32_DEBUGCTL, image->debug.debugctl);
    vmx_debug_registers_changed(vcpu);
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

void vmx_fetch(struct vcpu *vcpu, uint32_t groups)
{
    if ((groups & NACELLE_GROUP_IP) != 0)
        vmx_fetch_ip(vcpu);
    if ((groups & NACELLE_GROUP_RSP) != 0)
        vcpu_state(vcpu)->rsp = vmread(VMCS_GUEST_RSP);
    if ((groups & NACELLE_GROUP_SEGMENTS) != 0)
        fetch_segments(vcpu);
    if ((groups & NACELLE_GROUP_CONTROL) != 0)
        fetch_control(vcpu);
    if ((groups & NACELLE_GROUP_TABLES) != 0)
        fetch_tables(vcpu);
    if ((groups & NACELLE_GROUP_SYSTEM_CALL) != 0)
        fetch_system_call(vcpu);
    if ((groups & NACELLE_GROUP_EVENTS) != 0)
        fetch_events(vcpu);
    if ((groups & NACELLE_GROUP_DEBUG) != 0)
        fetch_debug(vcpu);
}

void vmx_store(struct vcpu *vcpu, uint32_t groups, const struct vcpu_image *image)
{
    if ((groups & NACELLE_GROUP_IP) != 0)
        store_ip(vcpu, image);
    if ((groups & NACELLE_GROUP_RSP) != 0)
        vmwrite(VMCS_GUEST_RSP, image->rsp);
    if ((groups & NACELLE_GROUP_SEGMENTS) != 0)
        store_segments(vcpu, image);
    if ((groups & NACELLE_GROUP_CONTROL) != 0)
        store_control(vcpu, image);
    if ((groups & NACELLE_GROUP_TABLES) != 0)
        store_tables(vcpu, image);
    if ((groups & NACELLE_GROUP_SYSTEM_CALL) != 0)
        store_system_call(vcpu, image);
    if ((groups & NACELLE_GROUP_EVENTS) != 0)
        store_events(vcpu, image);
    if ((groups & NACELLE_GROUP_DEBUG) != 0)
        store_debug(vcpu, image);
}
