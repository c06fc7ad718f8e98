/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations of threads, notifications, I/O ports and interrupt lines. */
#include "capability.h"
#include "clock.h"
#include "cpu.h"
#include "interrupt.h"
#include "ipc.h"
#include "schedule.h"
#include "scheduling_arguments.h"
#include "system_call.h"
#include <x86/control.h>
#include <x86/insn.h>

/* Bits of rflags that a client may set for a thread: status flags and DF. */
#define RFLAGS_SETTABLE                                                              \
    (X86_RFLAGS_CF | X86_RFLAGS_PF | X86_RFLAGS_AF | X86_RFLAGS_ZF | X86_RFLAGS_SF | \
     X86_RFLAGS_DF | X86_RFLAGS_OF)

static struct thread *invoked_thread(const struct invocation *invocation)
{
    return (struct thread *)invocation->slot->object;
}

/* Whether the thread could run at any moment, so that its registers are not to be touched. */
static bool is_running(const struct thread *thread)
{
    return execution_can_run(&thread->execution);
}

static void thread_configure(struct invocation *invocation)
{
    struct thread *thread = invoked_thread(invocation);
    struct slot *cspace = argument_slot(invocation, 0, NACELLE_TYPE_CSPACE, NACELLE_RIGHT_WRITE);
    struct slot *aspace =
        cspace != NULL ? argument_slot(invocation, 1, NACELLE_TYPE_ASPACE, NACELLE_RIGHT_WRITE)
                       : NULL;
    struct slot *fault = NULL;

    if (cspace == NULL || aspace == NULL) {
        return;
    }
    if (argument_word(invocation, 2) != 0) {
        fault = argument_slot(invocation, 2, NACELLE_TYPE_ENDPOINT, NACELLE_RIGHT_WRITE);
        if (fault == NULL) {
            return;
        }
    }
    if (is_running(thread)) {
        fail(invocation, NACELLE_ERROR_BUSY, NACELLE_CULPRIT_CAPABILITY);
        return;
    }
    if (!slot_can_derive(cspace) || !slot_can_derive(aspace) ||
        (fault != NULL && !slot_can_derive(fault))) {
        fail(invocation, NACELLE_ERROR_TOO_DEEP, NACELLE_CULPRIT_WORD(0));
        return;
    }
    capability_bind(cspace, &thread->cspace, INTERNAL_THREAD, thread);
    capability_bind(aspace, &thread->aspace, INTERNAL_THREAD, thread);
    capability_delete_internal(&thread->fault_endpoint);
    if (fault != NULL) {
        capability_bind(fault, &thread->fault_endpoint, INTERNAL_THREAD, thread);
    }
}

static void thread_do_set_registers(struct invocation *invocation)
{
    struct thread *thread = invoked_thread(invocation);
    uint64_t rip = argument_word(invocation, 0);
    uint64_t rsp = argument_word(invocation, 1);

    if (rip >= NACELLE_USER_END) {
        fail(invocation, NACELLE_ERROR_OUT_OF_RANGE, NACELLE_CULPRIT_WORD(0));
    } else if (rsp >= NACELLE_USER_END) {
        fail(invocation, NACELLE_ERROR_OUT_OF_RANGE, NACELLE_CULPRIT_WORD(1));
    } else if (is_running(thread)) {
        fail(invocation, NACELLE_ERROR_BUSY, NACELLE_CULPRIT_CAPABILITY);
    } else {
        thread_set_registers(thread, rip, rsp);
        thread->frame.rdi = argument_word(invocation, 2);
        thread->frame.rsi = argument_word(invocation, 3);
        thread->frame.r8 = argument_length(invocation) > 4 ? argument_word(invocation, 4) : 0;
        thread->frame.r9 = argument_length(invocation) > 5 ? argument_word(invocation, 5) : 0;
    }
}

static void thread_set_priority(struct invocation *invocation)
{
    struct scheduling_arguments arguments;

    if (scheduling_decode(invocation, &arguments)) {
        schedule_set(&invoked_thread(invocation)->execution.own, arguments.priority,
                     arguments.slice);
    }
}

static void thread_resume(struct invocation *invocation)
{
    struct thread *thread = invoked_thread(invocation);
    struct execution *execution = &thread->execution;
    enum nacelle_error error = thread_check_configured(thread);

    if (error != NACELLE_ERROR_OK) {
        fail(invocation, error, NACELLE_CULPRIT_CAPABILITY);
        return;
    }
    execution->suspended = false;
    if (execution->state == EXECUTION_STOPPED) {
        execution->state = EXECUTION_RUNNABLE;
    }
    schedule_update(execution->on);
}

static void thread_suspend(struct invocation *invocation)
{
    struct execution *execution = &invoked_thread(invocation)->execution;

    if (execution->state != EXECUTION_STOPPED && execution->state != EXECUTION_RUNNABLE) {
        ipc_cancel(execution);
    }
    execution->suspended = true;
    schedule_update(execution->on);
}

/* Where register number index of a frame is kept; 0: there is none. */
static uint64_t *frame_register(struct frame *frame, uint64_t index)
{
    uint64_t *const registers[] = {
        &frame->rax, &frame->rcx, &frame->rdx, &frame->rbx, &frame->rsp, &frame->rbp,
        &frame->rsi, &frame->rdi, &frame->r8,  &frame->r9,  &frame->r10, &frame->r11,
        &frame->r12, &frame->r13, &frame->r14, &frame->r15, &frame->rip, &frame->rflags,
    };

    return index < sizeof(registers) / sizeof(*registers) ? registers[index] : NULL;
}

static void thread_read_register(struct invocation *invocation)
{
    struct thread *thread = invoked_thread(invocation);
    const uint64_t *value = frame_register(&thread->frame, argument_word(invocation, 0));

    if (value == NULL) {
        fail(invocation, NACELLE_ERROR_INVALID_REGISTER, NACELLE_CULPRIT_WORD(0));
    } else {
        reply_word(invocation, 0, *value);
    }
}

static void thread_write_register(struct invocation *invocation)
{
    struct thread *thread = invoked_thread(invocation);
    uint64_t index = argument_word(invocation, 0);
    uint64_t value = argument_word(invocation, 1);
    uint64_t *target = frame_register(&thread->frame, index);

    if (target == NULL) {
        fail(invocation, NACELLE_ERROR_INVALID_REGISTER, NACELLE_CULPRIT_WORD(0));
    } else if (is_running(thread)) {
        fail(invocation, NACELLE_ERROR_BUSY, NACELLE_CULPRIT_CAPABILITY);
    } else if (index == NACELLE_THREAD_RIP && value >= NACELLE_USER_END) {
        fail(invocation, NACELLE_ERROR_OUT_OF_RANGE, NACELLE_CULPRIT_WORD(1));
    } else if (index == NACELLE_THREAD_RFLAGS) {
        *target = (*target & ~RFLAGS_SETTABLE) | (value & RFLAGS_SETTABLE);
    } else {
        *target = value;
        /* SYSEXIT would lose rcx, rdx and r11; only the other way out needs good addresses. */
        if (thread->frame.rip < NACELLE_USER_END && thread->frame.rsp < NACELLE_USER_END) {
            thread->entered_by = ENTERED_BY_TRAP;
        }
    }
}

static void thread_statistics(struct invocation *invocation)
{
    const struct consumption consumed =
        schedule_consumed(&invoked_thread(invocation)->execution.own);

    reply_word(invocation, 0, consumed.all);
    reply_word(invocation, 1, consumed.user);
}

const struct operation thread_operations[OPERATIONS_MAX] = {
    OPERATION(NACELLE_THREAD_CONFIGURE, thread_configure, NACELLE_RIGHT_WRITE, 3),
    OPERATION(NACELLE_THREAD_SET_REGISTERS, thread_do_set_registers, NACELLE_RIGHT_WRITE, 4),
    OPERATION(NACELLE_THREAD_SET_PRIORITY, thread_set_priority, NACELLE_RIGHT_WRITE, 2),
    OPERATION(NACELLE_THREAD_RESUME, thread_resume, NACELLE_RIGHT_WRITE, 0),
    OPERATION(NACELLE_THREAD_SUSPEND, thread_suspend, NACELLE_RIGHT_WRITE, 0),
    OPERATION(NACELLE_THREAD_READ_REGISTER, thread_read_register, NACELLE_RIGHT_READ, 1),
    OPERATION(NACELLE_THREAD_WRITE_REGISTER, thread_write_register, NACELLE_RIGHT_WRITE, 2),
    OPERATION(NACELLE_THREAD_STATISTICS, thread_statistics, NACELLE_RIGHT_READ, 0),
};

static struct notification *invoked_notification(const struct invocation *invocation)
{
    return (struct notification *)invocation->slot->object;
}

/* What a signal through this capability sets. */
static uint64_t signal_bits(const struct slot *slot)
{
    return slot->badge != 0 ? slot->badge : 1;
}

static void notification_do_signal(struct invocation *invocation)
{
    struct notification *notification = invoked_notification(invocation);
    uint64_t bits = signal_bits(invocation->slot);

    if (notification_is_alone(notification)) {
        notification->bits |= bits;
    } else {
        leave_pair(invocation);
        invocation->outcome = OUTCOME_SCHEDULE;
        notification_signal(notification, bits);
    }
}

static void notification_do_bind(struct invocation *invocation)
{
    struct notification *notification = invoked_notification(invocation);

    if (argument_word(invocation, 0) == 0) {
        capability_delete_internal(&notification->binding);
        return;
    }

    struct slot *slot = argument_slot(invocation, 0, NACELLE_TYPE_ENDPOINT, NACELLE_RIGHT_READ);

    if (slot == NULL) {
        return;
    }

    const struct notification *bound = ((struct endpoint *)slot->object)->bound;

    if (bound != NULL && bound != notification) {
        fail(invocation, NACELLE_ERROR_BUSY, NACELLE_CULPRIT_WORD(0));
    } else if (!slot_can_derive(slot)) {
        fail(invocation, NACELLE_ERROR_TOO_DEEP, NACELLE_CULPRIT_WORD(0));
    } else {
        capability_bind(slot, &notification->binding, INTERNAL_BINDING, notification);
        notification_bound(notification);
    }
}

static void notification_do_set_timer(struct invocation *invocation)
{
    uint64_t deadline = argument_word(invocation, 0);

    notification_set_timer(invoked_notification(invocation), deadline,
                           deadline != 0 ? signal_bits(invocation->slot) : 0);
}

const struct operation notification_operations[OPERATIONS_MAX] = {
    LOCAL_OPERATION(NACELLE_NOTIFICATION_SIGNAL, notification_do_signal, NACELLE_RIGHT_WRITE, 0),
    OPERATION(NACELLE_NOTIFICATION_BIND, notification_do_bind, NACELLE_RIGHT_READ, 1),
    OPERATION(NACELLE_NOTIFICATION_SET_TIMER, notification_do_set_timer, NACELLE_RIGHT_READ, 1),
};

/* Decodes port (word 0) and size (word 1) of an access; false after fail(). */
static bool decode_port(struct invocation *invocation)
{
    const struct slot *slot = invocation->slot;
    uint64_t port = argument_word(invocation, 0);
    uint64_t size = argument_word(invocation, 1);

    if (size != 1 && size != 2 && size != 4) {
        fail(invocation, NACELLE_ERROR_INVALID_ARGUMENT, NACELLE_CULPRIT_WORD(1));
        return false;
    }
    if (port < slot_first_port(slot) || port > slot_last_port(slot) ||
        size - 1 > slot_last_port(slot) - port) {
        fail(invocation, NACELLE_ERROR_OUT_OF_RANGE, NACELLE_CULPRIT_WORD(0));
        return false;
    }
    return true;
}

static void ioport_in(struct invocation *invocation)
{
    uint16_t port = (uint16_t)argument_word(invocation, 0);
    uint64_t size = argument_word(invocation, 1);

    if (decode_port(invocation)) {
        reply_word(invocation, 0,
                   size == 1   ? x86_in8(port)
                   : size == 2 ? x86_in16(port)
                               : x86_in32(port));
    }
}

static void ioport_out(struct invocation *invocation)
{
    uint16_t port = (uint16_t)argument_word(invocation, 0);
    uint32_t value = (uint32_t)argument_word(invocation, 2);

    if (!decode_port(invocation)) {
        return;
    }
    if (argument_word(invocation, 1) == 1) {
        x86_out8(port, (uint8_t)value);
    } else if (argument_word(invocation, 1) == 2) {
        x86_out16(port, (uint16_t)value);
    } else {
        x86_out32(port, value);
    }
}

const struct operation ioport_operations[OPERATIONS_MAX] = {
    LOCAL_OPERATION(NACELLE_IOPORT_IN, ioport_in, NACELLE_RIGHT_READ, 2),
    LOCAL_OPERATION(NACELLE_IOPORT_OUT, ioport_out, NACELLE_RIGHT_WRITE, 3),
};

static struct interrupt_line *invoked_line(const struct invocation *invocation)
{
    return (struct interrupt_line *)invocation->slot->object;
}

static void interrupt_bind(struct invocation *invocation)
{
    struct interrupt_line *line = invoked_line(invocation);

    if (argument_word(invocation, 0) == 0) {
        capability_delete_internal(&line->notification);
        return;
    }

    struct slot *slot =
        argument_slot(invocation, 0, NACELLE_TYPE_NOTIFICATION, NACELLE_RIGHT_WRITE);

    if (slot == NULL) {
        return;
    }
    if (!slot_can_derive(slot)) {
        fail(invocation, NACELLE_ERROR_TOO_DEEP, NACELLE_CULPRIT_WORD(0));
        return;
    }
    capability_bind(slot, &line->notification, INTERNAL_INTERRUPT, line);
}

static void interrupt_do_acknowledge(struct invocation *invocation)
{
    struct interrupt_line *line = invoked_line(invocation);

    if (line->notification.type != NACELLE_TYPE_NOTIFICATION) {
        fail(invocation, NACELLE_ERROR_NOT_CONFIGURED, NACELLE_CULPRIT_CAPABILITY);
        return;
    }
    interrupt_acknowledge(line);
}

const struct operation interrupt_operations[OPERATIONS_MAX] = {
    OPERATION(NACELLE_INTERRUPT_BIND, interrupt_bind, NACELLE_RIGHT_WRITE, 1),
    OPERATION(NACELLE_INTERRUPT_ACKNOWLEDGE, interrupt_do_acknowledge, NACELLE_RIGHT_WRITE, 0),
};
