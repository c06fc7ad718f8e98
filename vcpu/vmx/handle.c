/* SPDX-License-Identifier: BSD-2-Clause */
/* After an exit: what the engine keeps to itself, and the record for everything else. */

#include "vmcs.h"

#include <x86/event.h>
#include <x86/msr.h>
#include <x86/vmx_controls.h>
#include <x86/vmx_exit.h>

#include "exit.h"

/* --- Reading what the processor reports --- */

static void read_operand(struct vmx_exit_info *info)
{
    unsigned segment = vmx_operand_segment(info->reason, info->instruction);

    info->segment_base = vmread(VMCS_GUEST_ES_BASE + 2 * segment);
    info->long_64 = vmx_in_64_bit_mode();
}

static void read_interruption(struct vmx_exit_info *info)
{
    info->information = (uint32_t)vmread(VMCS_VM_EXIT_INTERRUPTION_INFO);
    if ((info->information & X86_EVENT_ERROR_CODE) != 0)
        info->error = (uint32_t)vmread(VMCS_VM_EXIT_INTERRUPTION_ERROR_CODE);
    if (x86_event_is_soft((uint8_t)(info->information >> 8 & 7u)))
        info->length = (uint32_t)vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
}

static void read_vectoring(struct vmx_exit_info *info)
{
    info->vectoring = (uint32_t)vmread(VMCS_IDT_VECTORING_INFO);
    if ((info->vectoring & X86_EVENT_VALID) == 0) {
        info->vectoring = 0;
        return;
    }
    /* Bit 12 is undefined here (24.9.3). */
    info->vectoring &= ~X86_EVENT_NMI_UNBLOCKING;
    if ((info->vectoring & X86_EVENT_ERROR_CODE) != 0)
        info->vectoring_error = (uint32_t)vmread(VMCS_IDT_VECTORING_ERROR_CODE);
}

static void read_info(const struct vcpu *vcpu, struct vmx_exit_info *info)
{
    uint32_t needs = vmx_exit_needs(info->reason);

    if ((needs & VMX_NEEDS_QUALIFICATION) != 0)
        info->qualification = vmread(VMCS_EXIT_QUALIFICATION);
    if ((needs & VMX_NEEDS_LENGTH) != 0)
        info->length = (uint32_t)vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
    if ((needs & VMX_NEEDS_INSTRUCTION) != 0)
        info->instruction = (uint32_t)vmread(VMCS_VM_EXIT_INSTRUCTION_INFO);
    if ((needs & VMX_NEEDS_INTERRUPTION) != 0)
        read_interruption(info);
    if ((needs & VMX_NEEDS_GPA) != 0)
        info->gpa = vmread(VMCS_GUEST_PHYSICAL_ADDRESS);
    if ((needs & VMX_NEEDS_GVA) != 0)
        info->gva = vmread(VMCS_GUEST_LINEAR_ADDRESS);
    if ((needs & VMX_NEEDS_OPERAND) != 0)
        read_operand(info);
    if ((needs & VMX_NEEDS_VECTORING) != 0)
        read_vectoring(info);
    info->string_info = (vcpu->cpu->features & VCPU_FEATURE_STRING_INFO) != 0;
}

/* --- Events --- */

static void change_nmi_blocking(bool blocked)
{
    uint64_t state = vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);

    state &= ~(uint64_t)VMX_INTERRUPTIBILITY_NMI;
    if (blocked)
        state |= VMX_INTERRUPTIBILITY_NMI;
    vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, state);
}

/* An interrupted delivery is to be repeated. */
static void note_vectoring(struct vcpu *vcpu, const struct vmx_exit_info *info)
{
    uint8_t type = (uint8_t)(info->vectoring >> 8 & 7u);
    uint32_t length = 0;

    if (x86_event_is_soft(type))
        length = (uint32_t)vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
    /* The NMI was not delivered, so it must not be in its own way (26.3.1.5). */
    if (type == X86_EVENT_NMI)
        change_nmi_blocking(false);
    vcpu_events_interrupted(&vcpu->events, info->vectoring, info->vectoring_error, length);
    vcpu->work |= VCPU_WORK_EVENTS;
}

/* IRET had unblocked NMIs when it faulted: it will be executed again (27.2.3). */
static void note_nmi_unblocking(const struct vmx_exit_info *info)
{
    bool unblocked = false;

    switch (vmx_exit_basic(info->reason)) {
    case VMX_EXIT_REASON_EXCEPTION_OR_NMI:
        unblocked = (info->information & X86_EVENT_NMI_UNBLOCKING) != 0 &&
                    (info->information & 0xff) != X86_VECTOR_DF;
        break;
    case VMX_EXIT_REASON_EPT_VIOLATION:
        unblocked = vmx_decode_ept_violation(info->qualification).nmi_unblocking;
        break;
    default:
        break;
    }
    if (unblocked && info->vectoring == 0)
        change_nmi_blocking(true);
}

/* What the processor does at #DB and an exit prevents (27.1): DR6, DR7.GD, IA32_DEBUGCTL. */
static void complete_debug_exception(struct vcpu *vcpu, const struct vmx_exit_info *info)
{
    uint64_t breakpoints = X86_DR6_B0 | X86_DR6_B1 | X86_DR6_B2 | X86_DR6_B3;
    uint64_t cause = info->qualification;

    if ((info->information >> 8 & 7u) == X86_EVENT_HARDWARE_EXCEPTION) {
        vcpu->dr6 &= ~breakpoints;
        vcpu->dr6 |= cause & (breakpoints | X86_DR6_BD | X86_DR6_BS);
        /* These two are 0 when it happened. */
        vcpu->dr6 &= ~(cause & (X86_DR6_RTM | X86_DR6_BLD));
    }
    vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~X86_DR7_GD);
    vmwrite(VMCS_GUEST_IA32_DEBUGCTL,
            vmread(VMCS_GUEST_IA32_DEBUGCTL) & ~(X86_DEBUGCTL_LBR | X86_DEBUGCTL_BTF));
}

static enum vcpu_disposition handle_exception(struct vcpu *vcpu, const struct vmx_exit_info *info,
                                              uint32_t *vector)
{
    uint32_t number = info->information & 0xff;

    if ((info->information >> 8 & 7u) == X86_EVENT_NMI)
        return VCPU_HOST_NMI;
    if (number == X86_VECTOR_MC) {
        *vector = X86_VECTOR_MC;
        return VCPU_HOST_INTERRUPT;
    }
    if ((vcpu->exception_bitmap >> (number & 31u) & 1u) != 0)
        return VCPU_SEND_EXIT;
    if (number == X86_VECTOR_DB)
        complete_debug_exception(vcpu, info);
    vcpu->events.exception = info->information & ~X86_EVENT_NMI_UNBLOCKING;
    vcpu->events.exception_error = info->error;
    vcpu->events.exception_length = info->length;
    vcpu->work |= VCPU_WORK_EVENTS;
    return VCPU_ENTER_AGAIN;
}

/* A window opened: the engine's own event goes first, the client learns of the next one. */
static enum vcpu_disposition handle_window(struct vcpu *vcpu, uint32_t window, uint32_t type,
                                           uint32_t slots)
{
    bool own = slots != 0 || ((vcpu->events.vectoring & NACELLE_EVENT_VALID) != 0 &&
                              (vcpu->events.vectoring & NACELLE_EVENT_TYPE_MASK) == type);

    vcpu->work |= VCPU_WORK_EVENTS;
    if (own || (vcpu->events.windows & window) == 0)
        return VCPU_ENTER_AGAIN;
    vcpu->events.windows &= ~window;
    return VCPU_SEND_EXIT;
}

/* --- The exit --- */

static enum vcpu_disposition dispatch(struct vcpu *vcpu, const struct vmx_exit_info *info,
                                      uint32_t *vector)
{
    switch (vmx_exit_basic(info->reason)) {
    case VMX_EXIT_REASON_EXCEPTION_OR_NMI:
        return handle_exception(vcpu, info, vector);
    case VMX_EXIT_REASON_INTERRUPT_WINDOW:
        return handle_window(vcpu, NACELLE_WINDOW_INTERRUPT, NACELLE_EVENT_INTERRUPT,
                             vcpu->events.interrupt | vcpu->events.deferred);
    case VMX_EXIT_REASON_NMI_WINDOW:
        return handle_window(vcpu, NACELLE_WINDOW_NMI, NACELLE_EVENT_NMI, vcpu->events.nmi);
    case VMX_EXIT_REASON_CR_ACCESS:
        return vmx_absorb_cr_access(vcpu, info->qualification) ? VCPU_ENTER_AGAIN : VCPU_SEND_EXIT;
    case VMX_EXIT_REASON_INVLPG:
    case VMX_EXIT_REASON_INVPCID:
        /* The client cannot do it; a flush of everything includes what was asked for. */
        vcpu->work |= VCPU_WORK_FLUSH;
        return VCPU_SEND_EXIT;
    default:
        return VCPU_SEND_EXIT;
    }
}

/* Outside 64-bit mode MOV to CR and DR writes 32 bits, and the upper half of the register has no
 * meaning (SDM vol. 1, 3.4.1.1). */
static void narrow_operand(struct nacelle_exit *record)
{
    bool moves = record->kind == NACELLE_EXIT_CONTROL_REGISTER ||
                 record->kind == NACELLE_EXIT_DEBUG_REGISTER;

    if (moves && (record->flags & NACELLE_EXIT_WRITE) != 0 && !vmx_in_64_bit_mode())
        record->value = (uint32_t)record->value;
}

static enum vcpu_disposition refused(struct vcpu *vcpu, uint32_t reason)
{
    vmx_entry_refused(vcpu, reason);
    vcpu->entry_status = VMX_SUCCEED;
    /* What was to be injected was not: it stays pending. */
    vmwrite(VMCS_VM_ENTRY_INTERRUPTION_INFO, 0);
    vcpu->consumes = 0;
    return VCPU_SEND_EXIT;
}

/* Exits that the guest caused: the engine absorbs them, or the client gets a record. */
static __attribute__((noinline)) enum vcpu_disposition
handle_guest_exit(struct vcpu *vcpu, uint32_t reason, uint32_t *vector)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    struct vmx_exit_info info = {.reason = reason};
    enum vcpu_disposition disposition;
    struct nacelle_exit record;

    read_info(vcpu, &info);
    if (info.vectoring != 0)
        note_vectoring(vcpu, &info);
    note_nmi_unblocking(&info);
    disposition = dispatch(vcpu, &info, vector);
    if (disposition != VCPU_SEND_EXIT)
        return disposition;

    vmx_fetch_ip(vcpu);
    info.rsp = vmread(VMCS_GUEST_RSP);
    record = vmx_decode_exit(&info, state->general); /* no more than what the client may write */
    narrow_operand(&record);
    vcpu->exit_length = record.instruction_length;
    if (vcpu_events_pending(&vcpu->events))
        record.flags |= NACELLE_EXIT_EVENT_PENDING;
    state->exit = record;
    return VCPU_SEND_EXIT;
}

enum vcpu_disposition vmx_handle_exit(struct vcpu *vcpu, uint32_t *vector)
{
    uint32_t reason;

    vcpu_state(vcpu)->valid = 0; /* of a direct entry nothing has cleared it */
    vcpu->exit_length = 0;
    if (vcpu->entry_status != VMX_SUCCEED)
        return refused(vcpu, 0);
    reason = (uint32_t)vmread(VMCS_EXIT_REASON);
    if (vmx_exit_is_entry_failure(reason))
        return refused(vcpu, reason);
    vcpu->launched = 1;
    if (vcpu->consumes != 0)
        vmx_injection_done(vcpu);
    if ((vcpu->procedure & VMX_PROC_MOV_DR_EXITING) == 0)
        vcpu->dr6 = x86_read_dr6();

    /* The host's own exits come between two instructions, and interrupt no delivery. */
    switch (vmx_exit_basic(reason)) {
    case VMX_EXIT_REASON_EXTERNAL_INTERRUPT:
        *vector = vmread(VMCS_VM_EXIT_INTERRUPTION_INFO) & 0xff;
        return VCPU_HOST_INTERRUPT;
    case VMX_EXIT_REASON_PREEMPTION_TIMER:
        return VCPU_SLICE_OVER;
    default:
        return handle_guest_exit(vcpu, reason, vector);
    }
}
