/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocking of NMIs and single steps for the engine's own use.
 *
 * The processor does not track for a guest that an NMI is being handled (without virtual NMIs,
 * which are new). The engine does: an injected NMI blocks further ones, and IRET is intercepted
 * until one is executed. That exit comes before IRET is carried out, so the blocking ends at the
 * first exit after it at which RIP is another one. If an NMI waits just for that, the engine sets
 * RFLAGS.TF to get control after the instruction; the same is done where an NMI waits for the end
 * of an interrupt shadow with interrupts off, for which no window can be opened.
 */

#include <x86/event.h>
#include <x86/svm_exit.h>

#include "svm.h"

static void intercept_iret(struct svm_vmcb *vmcb, bool on)
{
    if (on)
        vmcb->control.intercept |= SVM_INTERCEPT_IRET;
    else
        vmcb->control.intercept &= ~SVM_INTERCEPT_IRET;
    svm_changed(vmcb, SVM_CLEAN_INTERCEPTS);
}

void svm_nmi_set_blocked(struct vcpu *vcpu, bool blocked)
{
    vcpu->svm.nmi_blocked = blocked;
    vcpu->svm.iret_seen = false;
    intercept_iret(svm_vmcb_of(vcpu), blocked);
}

void svm_nmi_iret(struct vcpu *vcpu)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    vcpu->svm.iret_seen = true;
    vcpu->svm.iret_rip = vmcb->save.rip;
    intercept_iret(vmcb, false);
}

void svm_step(struct vcpu *vcpu)
{
    struct svm_vmcb_save *save = &svm_vmcb_of(vcpu)->save;

    if (vcpu->svm.stepping)
        return;
    vcpu->svm.stepping = true;
    vcpu->svm.step_tf = (save->rflags & X86_RFLAGS_TF) != 0;
    save->rflags |= X86_RFLAGS_TF;
}

/* RFLAGS.TF is again what it would be without the step. true: and that was all of a #DB. */
static bool end_step(struct vcpu *vcpu, uint32_t exit_code, bool iret_done)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    bool debug = exit_code == SVM_EXIT_EXCEPTION + X86_VECTOR_DB;

    vcpu->svm.stepping = false;
    /* IRET loaded the guest's own. */
    if (!vcpu->svm.step_tf && !iret_done)
        vmcb->save.rflags &= ~X86_RFLAGS_TF;
    if (!debug || vcpu->svm.step_tf || (vmcb->save.dr6 & X86_DR6_BS) == 0)
        return false;
    vmcb->save.dr6 &= ~X86_DR6_BS;
    svm_changed(vmcb, SVM_CLEAN_DR);
    /* A breakpoint of the guest's may have come at the same time. */
    return (vmcb->save.dr6 & (X86_DR6_B0 | X86_DR6_B1 | X86_DR6_B2 | X86_DR6_B3)) == 0;
}

bool svm_nmi_after_exit(struct vcpu *vcpu, uint32_t exit_code)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    bool iret_done = false;

    if (vcpu->svm.iret_seen) {
        iret_done = vmcb->save.rip != vcpu->svm.iret_rip;
        svm_nmi_set_blocked(vcpu, !iret_done);
    }
    return vcpu->svm.stepping && end_step(vcpu, exit_code, iret_done);
}
