/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups of guest state between the VMCB, the processor and the state page. */

#include <vcpu_host.h>
#include <x86/descriptor.h>
#include <x86/event.h>
#include <x86/paging.h>

#include "svm.h"

uint32_t svm_error_code_vectors(const struct vcpu *vcpu)
{
    const struct svm_vmcb *vmcb = svm_vmcb_of((struct vcpu *)vcpu);

    return (vmcb->save.cr0 & X86_CR0_PE) != 0 ? VCPU_GUEST_ERROR_CODES : 0;
}

/* --- IP --- */

void svm_fetch_ip(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    const struct svm_vmcb_save *save = &svm_vmcb_of(vcpu)->save;

    state->rip = save->rip;
    state->rflags = save->rflags;
    state->valid |= NACELLE_GROUP_IP;
}

void svm_store_ip(struct vcpu *vcpu, const struct vcpu_image *image)
{
    struct svm_vmcb_save *save = &svm_vmcb_of(vcpu)->save;

    save->rip = image->ip.rip;
    save->rflags = image->ip.rflags;
}

uint64_t svm_get_rsp(struct vcpu *vcpu)
{
    return svm_vmcb_of(vcpu)->save.rsp;
}

void svm_set_rsp(struct vcpu *vcpu, uint64_t value)
{
    svm_vmcb_of(vcpu)->save.rsp = value;
    vcpu_state(vcpu)->rsp = value;
}

/* --- Segments --- */

static struct svm_segment *segment_of(struct svm_vmcb_save *save, unsigned index)
{
    struct svm_segment *const segments[NACELLE_SEGMENTS] = {
        [NACELLE_ES] = &save->es, [NACELLE_CS] = &save->cs,     [NACELLE_SS] = &save->ss,
        [NACELLE_DS] = &save->ds, [NACELLE_FS] = &save->fs,     [NACELLE_GS] = &save->gs,
        [NACELLE_TR] = &save->tr, [NACELLE_LDTR] = &save->ldtr,
    };

    return segments[index];
}

/*
 * Of the rights the processor keeps only what it observes (15.5.1): the rest is completed to what a
 * descriptor would have. CPL is in a field of its own, and DPL of SS is that.
 */
static uint32_t rights_of(const struct svm_vmcb_save *save, unsigned index,
                          const struct svm_segment *segment)
{
    uint32_t rights = x86_ar_from_vmcb(segment->attributes);

    if ((rights & X86_AR_UNUSABLE) != 0)
        return rights;
    if (segment->limit > 0xfffff)
        rights |= X86_AR_G;
    else if ((segment->limit & 0xfff) != 0xfff)
        rights &= ~X86_AR_G;
    if (index == NACELLE_SS)
        rights = (rights & ~(uint32_t)X86_AR_DPL_MASK) | (uint32_t)save->cpl << X86_AR_DPL_SHIFT;
    if (index == NACELLE_TR)
        rights |= SVM_TR_BUSY;
    else if (index != NACELLE_LDTR)
        rights |= X86_TYPE_ACCESSED;
    return rights;
}

void svm_fetch_segments(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    struct svm_vmcb_save *save = &svm_vmcb_of(vcpu)->save;

    for (unsigned i = 0; i < NACELLE_SEGMENTS; i++) {
        const struct svm_segment *segment = segment_of(save, i);

        state->segments[i] = (struct nacelle_segment){
            .selector = segment->selector,
            .rights = rights_of(save, i, segment),
            .base = segment->base,
            .limit = segment->limit,
        };
    }
}

/* No processor looks at the busy bit of TR once it is loaded; QEMU's translator ends when it is set
 * and a 32-bit guest goes to another privilege level. */
static uint16_t attributes_of(unsigned index, uint32_t rights)
{
    return x86_ar_to_vmcb(index == NACELLE_TR ? rights & ~SVM_TR_BUSY : rights);
}

void svm_store_segments(struct vcpu *vcpu, const struct vcpu_image *image)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    for (unsigned i = 0; i < NACELLE_SEGMENTS; i++) {
        *segment_of(&vmcb->save, i) = (struct svm_segment){
            .selector = image->segments[i].selector,
            .attributes = attributes_of(i, image->segments[i].rights),
            .limit = image->segments[i].limit,
            .base = image->segments[i].base,
        };
    }
    vmcb->save.cpl = (uint8_t)x86_ar_dpl(image->segments[NACELLE_SS].rights);
    svm_changed(vmcb, SVM_CLEAN_SEGMENTS);
}

/* --- Control registers --- */

void svm_fetch_control(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    const struct svm_vmcb_save *save = &svm_vmcb_of(vcpu)->save;

    vcpu_xcr0_refresh(vcpu);
    state->cr0 = save->cr0;
    state->cr2 = save->cr2;
    state->cr3 = save->cr3;
    state->cr4 = save->cr4;
    state->cr0_shadow = vcpu->cr0_shadow;
    state->cr4_shadow = vcpu->cr4_shadow;
    state->efer = svm_efer(vcpu);
    state->xcr0 = vcpu->xcr0;
    state->xss = 0;
    /* With nested paging the processor reads them from memory when it needs them (15.25.10). */
    for (unsigned i = 0; i < 4; i++)
        state->pdpte[i] = 0;
}

void svm_store_control(struct vcpu *vcpu, const struct vcpu_image *image)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    uint64_t cr0 = image->control.cr0;

    vcpu->cr0_shadow = vcpu_new_shadow(cr0, image->control.cr0_shadow, vcpu->cr0_mask);
    vcpu->cr4_shadow =
        vcpu_new_shadow(image->control.cr4, image->control.cr4_shadow, vcpu->cr4_mask);
    vmcb->save.cr0 = cr0 | X86_CR0_ET;
    vmcb->save.cr2 = image->control.cr2;
    vmcb->save.cr3 = image->control.cr3;
    vmcb->save.cr4 = image->control.cr4;
    svm_set_efer(vcpu, x86_efer_with_lma(image->control.efer, cr0));
    vcpu_xcr0_set(vcpu, image->control.xcr0);
    svm_changed(vmcb, SVM_CLEAN_CR | SVM_CLEAN_CR2);
    vcpu->work |= VCPU_WORK_FLUSH;
}

/* --- Descriptor tables --- */

void svm_fetch_tables(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    const struct svm_vmcb_save *save = &svm_vmcb_of(vcpu)->save;

    state->gdtr =
        (struct nacelle_table){.base = save->gdtr.base, .limit = (uint16_t)save->gdtr.limit};
    state->idtr =
        (struct nacelle_table){.base = save->idtr.base, .limit = (uint16_t)save->idtr.limit};
}

void svm_store_tables(struct vcpu *vcpu, const struct vcpu_image *image)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    vmcb->save.gdtr.base = image->gdtr.base;
    vmcb->save.gdtr.limit = image->gdtr.limit;
    vmcb->save.idtr.base = image->idtr.base;
    vmcb->save.idtr.limit = image->idtr.limit;
    svm_changed(vmcb, SVM_CLEAN_TABLES);
}

/* --- System-call MSRs: in the VMCB since the last VMSAVE --- */

void svm_fetch_system_call(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    const struct svm_vmcb_save *save = &svm_vmcb_of(vcpu)->save;

    vcpu_tsc_aux_refresh(vcpu);
    state->star = save->star;
    state->lstar = save->lstar;
    state->cstar = save->cstar;
    state->fmask = (uint32_t)save->fmask; /* the rest is reserved; QEMU's translator keeps it */
    state->kernel_gs_base = save->kernel_gs_base;
    state->sysenter_cs = (uint32_t)save->sysenter_cs;
    state->sysenter_esp = save->sysenter_esp;
    state->sysenter_eip = save->sysenter_eip;
    state->tsc_aux = vcpu->msrs[VCPU_MSR_TSC_AUX];
    state->pat = save->pat;
}

void svm_store_system_call(struct vcpu *vcpu, const struct vcpu_image *image)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    vmcb->save.star = image->system_call.star;
    vmcb->save.lstar = image->system_call.lstar;
    vmcb->save.cstar = image->system_call.cstar;
    vmcb->save.fmask = image->system_call.fmask;
    vmcb->save.kernel_gs_base = image->system_call.kernel_gs_base;
    vmcb->save.sysenter_cs = image->system_call.sysenter_cs;
    vmcb->save.sysenter_esp = image->system_call.sysenter_esp;
    vmcb->save.sysenter_eip = image->system_call.sysenter_eip;
    vmcb->save.pat = image->system_call.pat;
    vcpu_msr_set(vcpu, VCPU_MSR_TSC_AUX, image->system_call.tsc_aux);
    svm_changed(vmcb, SVM_CLEAN_NESTED);
}

/* --- Events --- */

void svm_fetch_events(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);

    state->blocking = svm_blocking(vcpu);
    state->activity = vcpu->svm.activity;
    state->pending_debug = vcpu->svm.pending_debug;
    vcpu_queue_fetch(vcpu);
}

void svm_store_events(struct vcpu *vcpu, const struct vcpu_image *image)
{
    const uint32_t shadows = NACELLE_BLOCKING_STI | NACELLE_BLOCKING_MOV_SS;
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    vmcb->control.interrupt_shadow = (image->events.blocking & shadows) != 0 ? SVM_INTERRUPT_SHADOW
                                                                             : 0;
    svm_nmi_set_blocked(vcpu, (image->events.blocking & NACELLE_BLOCKING_NMI) != 0);
    vcpu_queue_store(vcpu, image);
    vcpu->svm.activity = image->events.activity;
    vcpu->svm.pending_debug = image->events.pending_debug;
}

/* --- Debug registers --- */

void svm_fetch_debug(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    const struct svm_vmcb_save *save = &svm_vmcb_of(vcpu)->save;

    vcpu_debug_registers_fetch(vcpu);
    state->dr6 = save->dr6;
    state->dr7 = save->dr7;
    state->debugctl = save->debugctl;
}

void svm_store_debug(struct vcpu *vcpu, const struct vcpu_image *image)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    vmcb->save.dr6 = vcpu_debug_registers_store(vcpu, image);
    vmcb->save.dr7 = image->debug.dr7 | X86_DR7_RESET;
    vmcb->save.debugctl = image->debug.debugctl;
    /* Only with virtual LBRs is DEBUGCTL switched; those who leave it 0 do not pay for that. */
    vmcb->control.virtual_extensions = image->debug.debugctl != 0 ? SVM_VIRTUAL_LBR : 0;
    svm_changed(vmcb, SVM_CLEAN_DR | SVM_CLEAN_LBR);
}

/* --- All of them --- */

struct vcpu_limits svm_limits(const struct vcpu_cpu *cpu)
{
    bool lbr = svm_has((struct vcpu_cpu *)cpu, SVM_FEATURE_LBR);

    return (struct vcpu_limits){
        .cr4_allowed = cpu->cr4_allowed,
        .efer_allowed = SVM_EFER_ALLOWED,
        .debugctl_allowed = lbr ? X86_DEBUGCTL_LBR | X86_DEBUGCTL_BTF : 0,
        .xcr0_supported = cpu->xcr0_supported,
        .physical_bits = cpu->physical_bits,
        .tsc_aux = (cpu->features & VCPU_FEATURE_TSC_AUX) != 0,
        .activities = 1u << NACELLE_ACTIVITY_ACTIVE | 1u << NACELLE_ACTIVITY_HLT |
                      1u << NACELLE_ACTIVITY_SHUTDOWN | 1u << NACELLE_ACTIVITY_WAIT_FOR_SIPI,
    };
}

/* What is checked before the next entry. */
void svm_stored(struct vcpu *vcpu)
{
    vcpu->work |= VCPU_WORK_CHECK;
}
