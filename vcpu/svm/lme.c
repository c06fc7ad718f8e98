/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EFER.LME of a guest that has paging off, kept back from a processor that fails with it.
 *
 * QEMU's translator (7.2, and later ones) carries out #VMEXIT by loading the host's CR0 as a MOV
 * would, while EFER and CR4 are still the guest's. With LME set and PAE clear it takes that for a
 * failing change to long mode, and leaves CR0 as the guest had it: the host goes on without paging,
 * and the machine is lost. The state is a good one (APM vol. 2, 14.6), and a guest gets there by
 * itself when it turns off PG, then PAE.
 *
 * LME has no effect while PG is 0. So it is in the VMCB while PG is 1 only, where PAE stays set;
 * guests that have it exit at writes of CR0 (but for TS and MP). Such a write is let through, with
 * LME if the guest has PAE, for one step: what PG came to is looked at after it. Until then MOV to
 * CR4 exits, so that PAE stays as it is.
 */

#include <vcpu_host.h>
#include <x86/event.h>

#include "svm.h"

#define CR4 (1u << 4)

static void intercept_cr0(struct svm_vmcb *vmcb, bool on)
{
    if (on)
        vmcb->control.intercept |= SVM_INTERCEPT_CR0_SELECTED;
    else
        vmcb->control.intercept &= ~SVM_INTERCEPT_CR0_SELECTED;
    svm_changed(vmcb, SVM_CLEAN_INTERCEPTS);
}

static void intercept_cr4(struct vcpu *vcpu, bool on)
{
    uint16_t *writes = &svm_vmcb_of(vcpu)->control.intercept_cr_write;

    *writes = (uint16_t)(on || vcpu->cr4_mask != 0 ? *writes | CR4 : *writes & ~CR4);
}

uint64_t svm_efer(struct vcpu *vcpu)
{
    uint64_t efer = svm_vmcb_of(vcpu)->save.efer & ~X86_EFER_SVME;

    return vcpu->svm.lme_kept ? efer | X86_EFER_LME : efer;
}

void svm_set_efer(struct vcpu *vcpu, uint64_t efer)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    bool lme = (efer & X86_EFER_LME) != 0;

    vmcb->save.efer = efer | X86_EFER_SVME;
    svm_changed(vmcb, SVM_CLEAN_CR);
    vcpu->svm.lme_kept = false;
    vcpu->svm.cr0_write = false;
    if (!svm_cpu_of(vcpu_host_cpu())->keeps_lme)
        return;
    if (lme && (vmcb->save.cr0 & X86_CR0_PG) == 0) {
        vmcb->save.efer &= ~X86_EFER_LME;
        vcpu->svm.lme_kept = true;
    }
    intercept_cr0(vmcb, lme);
}

void svm_cr0_write(struct vcpu *vcpu)
{
    vcpu->svm.cr0_write = true;
    /* The check: QEMU lets a guest clear PAE in long mode, which is no state to go on from. */
    vcpu->work |= VCPU_WORK_EVENTS | VCPU_WORK_CHECK;
}

void svm_let_cr0_write(struct vcpu *vcpu)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    vcpu->svm.cr0_write = false;
    if ((vmcb->control.event_injection & NACELLE_EVENT_VALID) != 0)
        return; /* that goes first; the write will exit again */
    if (vcpu->svm.lme_kept && (vmcb->save.cr4 & X86_CR4_PAE) != 0) {
        vmcb->save.efer |= X86_EFER_LME;
        svm_changed(vmcb, SVM_CLEAN_CR);
        vcpu->svm.lme_kept = false;
    }
    intercept_cr0(vmcb, false);
    intercept_cr4(vcpu, true);
    vcpu->svm.cr0_open = true;
    svm_step(vcpu);
}

void svm_cr0_written(struct vcpu *vcpu)
{
    vcpu->svm.cr0_open = false;
    intercept_cr4(vcpu, false);
    svm_set_efer(vcpu, svm_efer(vcpu));
    /* PG without PAE: refused here, where the MOV should have been. */
    vcpu->work |= VCPU_WORK_CHECK;
}
