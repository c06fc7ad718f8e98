/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client chooses to exit (NACELLE_VCPU_SET_CONTROL), and going on after an exit. */

#include <vcpu_host.h>
#include <x86/event.h>

#include "../advance.h"
#include "svm.h"

/* Controls that are on or off: bits of the intercept words. */
static const struct toggle {
    uint32_t intercept;
    uint32_t intercept2;
    uint16_t cr, dr; /* reads and writes */
} toggles[NACELLE_CONTROL_COUNT] = {
    [NACELLE_CONTROL_PAUSE] = {.intercept = SVM_INTERCEPT_PAUSE},
    [NACELLE_CONTROL_TSC] = {.intercept = SVM_INTERCEPT_RDTSC, .intercept2 = SVM_INTERCEPT2_RDTSCP},
    [NACELLE_CONTROL_DEBUG_REGISTERS] = {.dr = 0xff},
    [NACELLE_CONTROL_DESCRIPTOR_TABLES] = {.intercept =
                                               SVM_INTERCEPT_IDTR_READ | SVM_INTERCEPT_GDTR_READ |
                                               SVM_INTERCEPT_LDTR_READ | SVM_INTERCEPT_TR_READ |
                                               SVM_INTERCEPT_IDTR_WRITE | SVM_INTERCEPT_GDTR_WRITE |
                                               SVM_INTERCEPT_LDTR_WRITE | SVM_INTERCEPT_TR_WRITE},
    [NACELLE_CONTROL_INVLPG] = {.intercept = SVM_INTERCEPT_INVLPG},
    [NACELLE_CONTROL_CR3] = {.cr = 1u << 3},
};

static uint32_t with(uint32_t word, uint32_t bits, bool on)
{
    return on ? word | bits : word & ~bits;
}

static enum nacelle_error set_toggle(struct vcpu *vcpu, uint64_t number, uint64_t value)
{
    struct svm_vmcb_control *control = &svm_vmcb_of(vcpu)->control;
    const struct toggle *toggle = &toggles[number];
    bool on = value != 0;

    if (value > 1)
        return NACELLE_ERROR_INVALID_ARGUMENT;
    /* HLT exits always: an interrupt of the host's would end the guest's sleep. */
    if (number == NACELLE_CONTROL_HLT)
        vcpu->svm.hlt_exits = on;
    /* The processor cannot exit after each instruction. */
    if (number == NACELLE_CONTROL_SINGLE_STEP)
        return NACELLE_ERROR_UNSUPPORTED;
    /* Who has the true values changes: struct vcpu while MOV DR exits, the processor else. */
    if (toggle->dr != 0)
        vcpu_hidden_save(vcpu);
    control->intercept = with(control->intercept, toggle->intercept, on);
    control->intercept2 = with(control->intercept2, toggle->intercept2, on);
    if (number == NACELLE_CONTROL_INVLPG && vcpu_cpu_feature(X86_FEATURE_INVPCID))
        control->intercept3 = with(control->intercept3, SVM_INTERCEPT3_INVPCID, on);
    control->intercept_cr_read = (uint16_t)with(control->intercept_cr_read, toggle->cr, on);
    control->intercept_cr_write = (uint16_t)with(control->intercept_cr_write, toggle->cr, on);
    control->intercept_dr_read = (uint16_t)with(control->intercept_dr_read, toggle->dr, on);
    control->intercept_dr_write = (uint16_t)with(control->intercept_dr_write, toggle->dr, on);
    return NACELLE_ERROR_OK;
}

static enum nacelle_error set_exceptions(struct vcpu *vcpu, uint64_t value)
{
    const uint64_t not_exceptions = UINT64_C(1) << X86_VECTOR_NMI | UINT64_C(1) << X86_VECTOR_MC;
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    if ((value >> 32) != 0 || (value & not_exceptions) != 0)
        return NACELLE_ERROR_INVALID_ARGUMENT;
    vcpu->exception_bitmap = (uint32_t)value;
    vmcb->control.intercept_exceptions = vcpu->exception_bitmap | SVM_EXCEPTIONS_ALWAYS;
    /* INT1 is a #DB for those who look at that (15.9 has it apart). */
    vmcb->control.intercept2 =
        with(vmcb->control.intercept2, SVM_INTERCEPT2_ICEBP, (value >> X86_VECTOR_DB & 1u) != 0);
    return NACELLE_ERROR_OK;
}

/*
 * There are no masks and shadows: while the client owns bits of a register, every MOV to and from
 * it exits. Bits that the client takes show what the guest has there now, until the client says
 * otherwise.
 */
static enum nacelle_error set_mask(struct vcpu *vcpu, uint64_t value, unsigned cr)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    uint64_t *mask = cr == 0 ? &vcpu->cr0_mask : &vcpu->cr4_mask;
    uint64_t *shadow = cr == 0 ? &vcpu->cr0_shadow : &vcpu->cr4_shadow;
    uint64_t taken = value & ~*mask;
    uint32_t bit = 1u << cr;

    if ((value >> 32) != 0)
        return NACELLE_ERROR_INVALID_ARGUMENT;
    *shadow = (*shadow & ~taken) | ((cr == 0 ? vmcb->save.cr0 : vmcb->save.cr4) & taken);
    *mask = value;
    vmcb->control.intercept_cr_read =
        (uint16_t)with(vmcb->control.intercept_cr_read, bit, value != 0);
    vmcb->control.intercept_cr_write =
        (uint16_t)with(vmcb->control.intercept_cr_write, bit, value != 0);
    return NACELLE_ERROR_OK;
}

enum nacelle_error svm_set_control(struct vcpu *vcpu, uint64_t control, uint64_t value)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    svm_changed(vmcb, SVM_CLEAN_INTERCEPTS);
    switch (control) {
    case NACELLE_CONTROL_EXCEPTIONS:
        return set_exceptions(vcpu, value);
    case NACELLE_CONTROL_TSC_OFFSET:
        vmcb->control.tsc_offset = value;
        return NACELLE_ERROR_OK;
    case NACELLE_CONTROL_CR0_MASK:
        return set_mask(vcpu, value, 0);
    case NACELLE_CONTROL_CR4_MASK:
        return set_mask(vcpu, value, 4);
    default:
        if (control >= NACELLE_CONTROL_COUNT)
            return NACELLE_ERROR_INVALID_ARGUMENT;
        return set_toggle(vcpu, control, value);
    }
}

/* AVIC, which neither Bochs nor QEMU has, is another interface. */
enum nacelle_error svm_set_apic(struct vcpu *vcpu, uint64_t physical)
{
    (void)vcpu;
    return physical != 0 ? NACELLE_ERROR_UNSUPPORTED : NACELLE_ERROR_OK;
}

void svm_advance(struct vcpu *vcpu)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    struct vcpu_progress progress = {
        .rip = vmcb->save.rip,
        .rflags = vmcb->save.rflags,
        .debugctl = vmcb->save.debugctl,
    };

    if (((progress.rip + vcpu->exit_length) ^ progress.rip) >> 32 != 0)
        progress.long_64 = svm_in_64_bit_mode(vcpu);
    vcpu_advance(&progress, vcpu->exit_length);
    vcpu->exit_length = 0;
    vmcb->save.rip = progress.rip;
    vmcb->save.rflags = progress.rflags;
    vmcb->control.interrupt_shadow = 0;
    if (progress.pending_debug != 0) {
        vcpu->svm.pending_debug |= X86_DR6_BS;
        vcpu->work |= VCPU_WORK_EVENTS;
    }
}
