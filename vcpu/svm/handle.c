/* SPDX-License-Identifier: BSD-2-Clause */
/* After an exit: what the engine keeps to itself, and the record for everything else. */

#include <vcpu_host.h>
#include <x86/descriptor.h>
#include <x86/event.h>
#include <x86/svm_exit.h>

#include "../advance.h"
#include "exit.h"
#include "svm.h"

/* --- Reading what the processor reports --- */

static void read_segment_bases(struct svm_exit_info *info, const struct svm_vmcb_save *save)
{
    const struct svm_segment *const segments[] = {&save->es, &save->cs, &save->ss,
                                                  &save->ds, &save->fs, &save->gs};

    for (unsigned i = 0; i < 6; i++)
        info->segment_base[i] = segments[i]->base;
}

/* What the guest may do where it just failed to do something. */
static uint32_t rights_at(const struct vcpu *vcpu, uint64_t gpa)
{
    struct slat_mapping mapping;

    return slat_find(&vcpu->vm->slat, gpa, &mapping) ? mapping.rights : 0;
}

/*
 * DR6 with the causes of a #DB, as 15.12.2 has it. Bochs 2.7 does not write it for an exception
 * that is intercepted: with TF set and no cause given, it was a single step.
 */
static uint64_t debug_status(struct svm_vmcb *vmcb)
{
    const uint64_t causes = X86_DR6_B0 | X86_DR6_B1 | X86_DR6_B2 | X86_DR6_B3 | X86_DR6_BD |
                            X86_DR6_BS;

    if ((uint32_t)vmcb->control.exit_code == SVM_EXIT_EXCEPTION + X86_VECTOR_DB &&
        (vmcb->save.dr6 & causes) == 0 && (vmcb->save.rflags & X86_RFLAGS_TF) != 0) {
        vmcb->save.dr6 |= X86_DR6_BS;
        svm_changed(vmcb, SVM_CLEAN_DR);
    }
    return vmcb->save.dr6;
}

static void read_info(struct vcpu *vcpu, struct svm_exit_info *info)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    info->code = vmcb->control.exit_code;
    info->info1 = vmcb->control.exit_info1;
    info->info2 = vmcb->control.exit_info2;
    info->rip = vmcb->save.rip;
    info->rsp = vmcb->save.rsp;
    info->dr6 = debug_status(vmcb);
    info->long_64 = svm_in_64_bit_mode(vcpu);
    info->code_32 = (x86_ar_from_vmcb(vmcb->save.cs.attributes) & X86_AR_DB) != 0;
    info->decode_assists = svm_has(vcpu->cpu, SVM_FEATURE_DECODE_ASSISTS);
    if (svm_has(vcpu->cpu, SVM_FEATURE_NRIP_SAVE))
        info->next_rip = vmcb->control.next_rip;
    if ((uint32_t)info->code == SVM_EXIT_IO)
        read_segment_bases(info, &vmcb->save);
    if ((uint32_t)info->code == SVM_EXIT_NESTED_PAGE_FAULT)
        info->mapping_rights = rights_at(vcpu, info->info2);
}

/* --- Events --- */

/* Was this the software event that the engine injected? Then RIP is back where it was. */
static uint32_t undo_soft_event(struct vcpu *vcpu, uint32_t event)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    uint32_t length = vcpu->svm.soft_length;
    uint64_t next = vcpu->svm.soft_rip + length;

    vcpu->svm.soft_length = 0;
    if (length == 0 || (event & 0xffu) != vcpu->svm.soft_vector ||
        (uint32_t)vmcb->save.rip != (uint32_t)next)
        return 0;
    vmcb->save.rip = vcpu->svm.soft_rip;
    return length;
}

/* INT n, INT3 and INTO; as EXITINTINFO has them. */
static bool is_soft(uint32_t event)
{
    uint32_t type = event & NACELLE_EVENT_TYPE_MASK;
    uint32_t vector = event & 0xffu;

    return type == NACELLE_EVENT_SOFTWARE_INTERRUPT ||
           (type == NACELLE_EVENT_EXCEPTION &&
            (vector == X86_VECTOR_BP || vector == X86_VECTOR_OF));
}

/*
 * A delivery was interrupted, which is to be repeated. Software events of the guest's own
 * instructions are not queued: RIP is still that of the instruction, which will be executed again
 (15.20). */
static void note_vectoring(struct vcpu *vcpu, struct svm_exit_info *info)
{
    const struct svm_vmcb_control *control = &svm_vmcb_of(vcpu)->control;
    uint32_t event = control->exit_int_info;
    uint32_t length;

    /* No exception has such a vector: QEMU says so of virtual interrupts (run.c). */
    if ((event & NACELLE_EVENT_TYPE_MASK) == NACELLE_EVENT_EXCEPTION &&
        (event & 0xffu) >= X86_EXCEPTION_COUNT)
        event &= ~NACELLE_EVENT_TYPE_MASK;

    if ((event & NACELLE_EVENT_VALID) == 0) {
        vcpu->svm.soft_length = 0; /* delivered */
        return;
    }
    length = undo_soft_event(vcpu, event);
    /* INT3 and INTO go by the type that they are injected with. */
    info->vectoring = is_soft(event) && (event & NACELLE_EVENT_TYPE_MASK) == NACELLE_EVENT_EXCEPTION
                          ? (event & ~NACELLE_EVENT_TYPE_MASK) | NACELLE_EVENT_SOFTWARE_EXCEPTION
                          : event;
    if ((event & NACELLE_EVENT_ERROR_CODE) != 0)
        info->vectoring_error = control->exit_int_error;
    info->rip = svm_vmcb_of(vcpu)->save.rip;
    if (is_soft(event) && length == 0)
        return;
    if ((event & NACELLE_EVENT_TYPE_MASK) == NACELLE_EVENT_NMI)
        svm_nmi_set_blocked(vcpu, false); /* it was not delivered */
    vcpu_events_interrupted(&vcpu->events, info->vectoring, info->vectoring_error, length);
    vcpu->work |= VCPU_WORK_EVENTS;
}

/* An exception that only the engine wanted to see: the guest gets it. */
static void reflect_exception(struct vcpu *vcpu, const struct svm_exit_info *info, uint32_t vector)
{
    uint32_t event = NACELLE_EVENT_VALID | NACELLE_EVENT_EXCEPTION | vector;

    if (x86_vector_has_error_code((uint8_t)vector, false))
        event |= NACELLE_EVENT_ERROR_CODE;
    vcpu->events.exception = event;
    vcpu->events.exception_error = (uint32_t)info->info1;
    vcpu->events.exception_length = 0;
    vcpu->work |= VCPU_WORK_EVENTS;
}

static enum vcpu_disposition handle_exception(struct vcpu *vcpu, const struct svm_exit_info *info,
                                              uint32_t *vector)
{
    uint32_t number = (uint32_t)info->code & 31u;

    if (number == X86_VECTOR_MC) {
        *vector = X86_VECTOR_MC;
        return VCPU_HOST_INTERRUPT;
    }
    if ((vcpu->exception_bitmap >> number & 1u) != 0)
        return VCPU_SEND_EXIT;
    reflect_exception(vcpu, info, number);
    return VCPU_ENTER_AGAIN;
}

/* The window opened: the engine's own event goes first, the client learns of the next one. */
static enum vcpu_disposition handle_interrupt_window(struct vcpu *vcpu)
{
    const struct vcpu_events *events = &vcpu->events;
    bool own = events->interrupt != 0 || events->deferred != 0 ||
               ((events->vectoring & NACELLE_EVENT_VALID) != 0 &&
                (events->vectoring & NACELLE_EVENT_TYPE_MASK) == NACELLE_EVENT_INTERRUPT);

    vcpu->work |= VCPU_WORK_EVENTS;
    if (own || (events->windows & NACELLE_WINDOW_INTERRUPT) == 0)
        return VCPU_ENTER_AGAIN;
    vcpu->events.windows &= ~NACELLE_WINDOW_INTERRUPT;
    return VCPU_SEND_EXIT;
}

/* --- The exit --- */

/* Goes on after an instruction that the engine carried out. */
static enum vcpu_disposition done(struct vcpu *vcpu, const struct svm_exit_info *info)
{
    struct nacelle_exit record = svm_decode_exit(info, vcpu_state(vcpu)->general);

    vcpu->exit_length = record.instruction_length;
    svm_advance(vcpu);
    return VCPU_ENTER_AGAIN;
}

static enum vcpu_disposition halt(struct vcpu *vcpu, const struct svm_exit_info *info)
{
    vcpu->svm.activity = NACELLE_ACTIVITY_HLT;
    vcpu->work |= VCPU_WORK_EVENTS;
    return done(vcpu, info);
}

/* An MSR that was opened but still exits. */
static enum vcpu_disposition handle_msr(struct vcpu *vcpu, const struct svm_exit_info *info)
{
    if (svm_msr_is_write(info->info1) || !svm_answer_efer(vcpu))
        return VCPU_SEND_EXIT;
    return done(vcpu, info);
}

/* It is still pending: the host's own handler takes it now. */
static void take_interrupt(void)
{
    x86_sti_nop_cli();
}

static enum vcpu_disposition dispatch(struct vcpu *vcpu, const struct svm_exit_info *info,
                                      uint32_t *vector)
{
    uint32_t code = (uint32_t)info->code;

    if (code == SVM_EXIT_HLT && !vcpu->svm.hlt_exits)
        return halt(vcpu, info);
    if (code >= SVM_EXIT_EXCEPTION && code < SVM_EXIT_INTR)
        return handle_exception(vcpu, info, vector);
    switch (code) {
    case SVM_EXIT_INTR:
        take_interrupt();
        return VCPU_ENTER_AGAIN;
    case SVM_EXIT_NMI: /* the host's handler had it as soon as GIF was 1 */
    case SVM_EXIT_SMI:
        return VCPU_ENTER_AGAIN;
    case SVM_EXIT_VINTR:
        return handle_interrupt_window(vcpu);
    case SVM_EXIT_IRET:
        svm_nmi_iret(vcpu);
        return VCPU_ENTER_AGAIN;
    case SVM_EXIT_CR0_SELECTED_WRITE:
        svm_cr0_write(vcpu);
        return VCPU_ENTER_AGAIN;
    case SVM_EXIT_CR_WRITE + 4:
        /* Not the client's wish: a write of CR0 was let through, and did not end. */
        return vcpu->cr4_mask == 0 ? VCPU_ENTER_AGAIN : VCPU_SEND_EXIT;
    case SVM_EXIT_MSR:
        return handle_msr(vcpu, info);
    case SVM_EXIT_INVLPG:
    case SVM_EXIT_INVPCID:
        /* The client cannot do it; a flush of everything includes what was asked for. */
        vcpu->work |= VCPU_WORK_FLUSH;
        return VCPU_SEND_EXIT;
    default:
        return VCPU_SEND_EXIT;
    }
}

static enum vcpu_disposition refused(struct vcpu *vcpu)
{
    (void)undo_soft_event(vcpu, vcpu->svm.soft_vector);
    /* Whether translations were dropped is not said. */
    svm_cpu_of(vcpu->cpu)->flush_all = true;
    svm_entry_refused(vcpu, svm_failing_check(vcpu), true);
    svm_cancel_injection(vcpu);
    return VCPU_SEND_EXIT;
}

static bool is_refusal(uint64_t code)
{
    return (uint32_t)code >= SVM_EXIT_IDLE_REQUIRED;
}

/* Exits that the guest caused: the engine absorbs them, or the client gets a record. */
static __attribute__((noinline)) enum vcpu_disposition handle_guest_exit(struct vcpu *vcpu,
                                                                         uint32_t *vector)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    struct svm_exit_info info = {0};
    enum vcpu_disposition disposition;
    struct nacelle_exit record;

    read_info(vcpu, &info);
    /* After a triple fault nothing is repeated. */
    if (((vmcb->control.exit_int_info & NACELLE_EVENT_VALID) | vcpu->svm.soft_length) != 0 &&
        (uint32_t)info.code != SVM_EXIT_SHUTDOWN)
        note_vectoring(vcpu, &info);
    if ((vcpu->svm.iret_seen || vcpu->svm.stepping) &&
        svm_nmi_after_exit(vcpu, (uint32_t)info.code)) {
        vcpu->work |= VCPU_WORK_EVENTS;
        return VCPU_ENTER_AGAIN;
    }
    disposition = dispatch(vcpu, &info, vector);
    if (disposition != VCPU_SEND_EXIT)
        return disposition;

    svm_fetch_ip(vcpu);
    record = svm_decode_exit(&info, state->general); /* no more than what the client may write */
    vcpu->exit_length = record.instruction_length;
    if (vcpu_events_pending(&vcpu->events))
        record.flags |= NACELLE_EXIT_EVENT_PENDING;
    state->exit = record;
    return VCPU_SEND_EXIT;
}

/* An interrupt of the host's amid nothing: no delivery that it interrupted, no step. */
static bool is_plain_interrupt(struct vcpu *vcpu)
{
    const struct svm_vmcb_control *control = &svm_vmcb_of(vcpu)->control;

    return (uint32_t)control->exit_code == SVM_EXIT_INTR &&
           ((control->exit_int_info & NACELLE_EVENT_VALID) | vcpu->svm.soft_length) == 0 &&
           !vcpu->svm.iret_seen && !vcpu->svm.stepping;
}

enum vcpu_disposition svm_handle_exit(struct vcpu *vcpu, uint32_t *vector)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    vcpu_state(vcpu)->valid = 0; /* of a direct entry nothing has cleared it */
    vcpu->exit_length = 0;
    if (vcpu->svm.cr0_open)
        svm_cr0_written(vcpu);
    if (vcpu->svm.idled) {
        vcpu->svm.idled = false;
        return VCPU_ENTER_AGAIN;
    }
    if (vcpu->svm.virtual_interrupt)
        svm_virtual_interrupt_ended(vcpu);
    if (is_refusal(vmcb->control.exit_code))
        return refused(vcpu);
    if (svm_has(vcpu->cpu, SVM_FEATURE_VMCB_CLEAN))
        vmcb->control.clean = SVM_CLEAN_ALL;
    if (vcpu->consumes != 0)
        svm_injection_done(vcpu);
    if (is_plain_interrupt(vcpu)) {
        take_interrupt();
        return VCPU_ENTER_AGAIN;
    }
    return handle_guest_exit(vcpu, vector);
}
