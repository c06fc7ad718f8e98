/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipc.h"

#include "capability.h"
#include "schedule.h"
#include "thread.h"
#include "vcpu_object.h"

#define TAG_SENT (NACELLE_TAG_LENGTH_MASK | NACELLE_TAG_LABEL_MASK << NACELLE_TAG_LABEL_SHIFT)

void endpoint_init(struct endpoint *endpoint)
{
    list_init(&endpoint->senders);
    list_init(&endpoint->receivers);
}

static void set_state(struct execution *execution, enum execution_state state)
{
    execution->state = (uint8_t)state;
    schedule_update(execution->on);
}

/*
 * Gives a scheduling context of their own to the execution and all that run on the same one after
 * it in the chain of calls: those before it are gone, or go on without it.
 */
static void split_chain(struct execution *first)
{
    struct scheduling *shared = first->on;
    struct execution *last = first;

    if (shared == &first->own) {
        return;
    }
    for (struct execution *next = first; next != NULL && next->on == shared; next = next->replier) {
        next->on = &first->own;
        last = next;
    }
    first->own.runner = last;
    schedule_update(&first->own);
}

/* Ends the relation between a caller and who would reply: the caller gets its time back. */
static void unlink_call(struct execution *caller)
{
    struct execution *replier = caller->replier;

    if (replier == NULL) {
        return;
    }
    caller->replier = NULL;
    replier->caller = NULL;
    if (replier->on == caller->on) {
        split_chain(replier);
        caller->on->runner = caller;
        schedule_update(caller->on);
    }
}

void ipc_detach_from_replier(struct execution *execution)
{
    unlink_call(execution);
}

/* The receiver's words 4 and up, from the sender's IPC buffer. */
static void copy_long_words(struct execution *from, struct execution *to, unsigned length)
{
    if (from->kind != EXECUTION_THREAD || to->kind != EXECUTION_THREAD) {
        return;
    }

    const struct nacelle_ipc_buffer *source = thread_buffer(thread_of(from));
    struct nacelle_ipc_buffer *target = thread_buffer(thread_of(to));

    for (unsigned i = NACELLE_MESSAGE_REGISTERS; i < length; i++) {
        target->words[i] = source->words[i];
    }
}

/* Copies the capability that goes with a message; false when there is none or it cannot be had. */
static bool transfer_capability(struct execution *from, struct execution *to)
{
    if ((from->tag & NACELLE_TAG_CAPABILITY) == 0 || !from->may_grant ||
        from->kind != EXECUTION_THREAD || to->kind != EXECUTION_THREAD) {
        return false;
    }

    struct cspace *source_space = thread_cspace(thread_of(from));
    struct cspace *target_space = thread_cspace(thread_of(to));

    if (source_space == NULL || target_space == NULL) {
        return false;
    }

    /* Read once: clients can change them at any time. */
    uint64_t send_slot = *(volatile uint64_t *)&thread_buffer(thread_of(from))->send_slot;
    uint64_t receive_slot = *(volatile uint64_t *)&thread_buffer(thread_of(to))->receive_slot;
    struct slot *source = cspace_slot(source_space, send_slot);
    struct slot *target = cspace_slot(target_space, receive_slot);
    struct slot_mint keep = {.rights = NACELLE_RIGHTS_ALL};
    struct slot value;

    if (source == NULL || target == NULL || source->type == NACELLE_TYPE_NULL ||
        target->type != NACELLE_TYPE_NULL || slot_mint(source, &keep, &value) != NACELLE_ERROR_OK) {
        return false;
    }
    cspace_will_fill(target_space, receive_slot);
    slot_derive(source, target, &value);
    return true;
}

/* Puts a message into the registers of a waiting thread. */
static void deliver(struct thread *thread, uint64_t badge, uint64_t tag, const uint64_t *words)
{
    struct frame *frame = &thread->frame;

    frame->rdi = badge;
    frame->rsi = tag;
    frame->r8 = words[0];
    frame->r9 = words[1];
    frame->r10 = words[2];
    frame->rax = words[3];
}

/* Hands the sender's message to a thread that receives. */
static void transfer(struct execution *sender, struct execution *receiver)
{
    uint64_t tag = sender->tag & TAG_SENT;

    copy_long_words(sender, receiver, nacelle_tag_length(tag));
    if (transfer_capability(sender, receiver)) {
        tag |= NACELLE_TAG_CAPABILITY;
    }
    if (sender->wants_reply) {
        tag |= NACELLE_TAG_CALL;
    }
    tag |= sender->tag & NACELLE_TAG_KERNEL;
    deliver(thread_of(receiver), sender->badge, tag, sender->words);
}

/* The message was handed over: the sender goes on, or the receiver works on the sender's time. */
static void hand_over(struct execution *sender, struct execution *receiver)
{
    transfer(sender, receiver);
    if (sender->wants_reply) {
        sender->replier = receiver;
        receiver->caller = sender;
        sender->state = EXECUTION_REPLY;
        receiver->state = EXECUTION_RUNNABLE;
        receiver->on = sender->on;
        receiver->on->runner = receiver;
        schedule_update(receiver->on);
    } else {
        set_state(sender, EXECUTION_RUNNABLE);
        set_state(receiver, EXECUTION_RUNNABLE);
    }
}

void ipc_send(struct execution *sender, struct endpoint *endpoint)
{
    if (list_is_empty(&endpoint->receivers)) {
        list_append(&endpoint->senders, &sender->link);
        sender->endpoint = endpoint;
        set_state(sender, EXECUTION_SENDING);
        return;
    }

    struct execution *receiver = container_of(endpoint->receivers.next, struct execution, link);

    list_remove(&receiver->link);
    receiver->endpoint = NULL;
    hand_over(sender, receiver);
}

void ipc_deliver_notification(struct execution *receiver, uint64_t bits)
{
    const uint64_t words[NACELLE_MESSAGE_REGISTERS] = {bits};

    receiver->endpoint = NULL;
    receiver->notification = NULL;
    deliver(thread_of(receiver), 0, nacelle_tag(NACELLE_LABEL_NOTIFICATION, 1) | NACELLE_TAG_KERNEL,
            words);
    set_state(receiver, EXECUTION_RUNNABLE);
}

void ipc_endpoint_notified(struct endpoint *endpoint)
{
    if (list_is_empty(&endpoint->receivers)) {
        return; /* whoever receives next takes the bits */
    }

    struct execution *receiver = container_of(endpoint->receivers.next, struct execution, link);

    list_remove(&receiver->link);
    ipc_deliver_notification(receiver, notification_take(endpoint->bound));
}

/* A wait ends without what was waited for. */
static void fail_wait(struct execution *execution)
{
    if (execution->kind == EXECUTION_VCPU) {
        set_state(execution,
                  EXECUTION_REPLY); /* with nobody to reply: NACELLE_VCPU_RESUME goes on */
    } else if (thread_of(execution)->in_fault) {
        thread_of(execution)->in_fault = false;
        set_state(execution, EXECUTION_STOPPED); /* nobody handled its fault */
    } else {
        thread_fail(thread_of(execution), NACELLE_ERROR_DELETED, NACELLE_CULPRIT_CAPABILITY);
        set_state(execution, EXECUTION_RUNNABLE);
    }
}

__attribute__((noinline)) void ipc_let_caller_go(struct execution *execution)
{
    struct execution *caller = execution->caller;

    if (caller != NULL) {
        unlink_call(caller);
        fail_wait(caller);
    }
}

void ipc_receive(struct thread *thread, struct endpoint *endpoint, bool poll)
{
    struct execution *receiver = &thread->execution;

    if (receiver->caller != NULL) {
        ipc_let_caller_go(receiver);
    }
    if (endpoint->bound != NULL && endpoint->bound->bits != 0) {
        ipc_deliver_notification(receiver, notification_take(endpoint->bound));
    } else if (!list_is_empty(&endpoint->senders)) {
        struct execution *sender = container_of(endpoint->senders.next, struct execution, link);

        list_remove(&sender->link);
        sender->endpoint = NULL;
        receiver->state = EXECUTION_RECEIVING; /* its own time is no longer needed */
        schedule_update(receiver->on);
        hand_over(sender, receiver);
    } else if (poll) {
        thread_fail(thread, NACELLE_ERROR_WOULD_BLOCK, NACELLE_CULPRIT_CAPABILITY);
    } else {
        list_append(&endpoint->receivers, &receiver->link);
        receiver->endpoint = endpoint;
        set_state(receiver, EXECUTION_RECEIVING);
    }
}

void ipc_receive_notification(struct thread *thread, struct notification *notification, bool poll)
{
    struct execution *receiver = &thread->execution;

    if (receiver->caller != NULL) {
        ipc_let_caller_go(receiver);
    }
    if (notification->bits != 0) {
        ipc_deliver_notification(receiver, notification_take(notification));
    } else if (poll) {
        thread_fail(thread, NACELLE_ERROR_WOULD_BLOCK, NACELLE_CULPRIT_CAPABILITY);
    } else {
        list_append(&notification->waiting, &receiver->link);
        receiver->notification = notification;
        set_state(receiver, EXECUTION_RECEIVING);
    }
}

bool ipc_reply(struct thread *thread, bool waits)
{
    struct execution *replier = &thread->execution;
    struct execution *caller = replier->caller;

    if (caller == NULL) {
        return false;
    }
    replier->badge = 0;
    replier->wants_reply = false;
    replier->may_grant = true;
    if (caller->kind == EXECUTION_VCPU) {
        vcpu_take_reply(vcpu_of(caller), nacelle_tag_label(replier->tag));
    } else if (thread_of(caller)->in_fault) {
        thread_of(caller)->in_fault = false;
        caller->suspended = nacelle_tag_label(replier->tag) != 0;
        caller->state = EXECUTION_RUNNABLE;
    } else {
        transfer(replier, caller);
        caller->state = EXECUTION_RUNNABLE;
    }
    if (waits) {
        replier->state = EXECUTION_RECEIVING; /* it does not become ready in between */
    }
    unlink_call(caller); /* last: a caller that can run keeps its place in the ready queue */
    return true;
}

void ipc_book_reply(struct execution *handler, struct endpoint *endpoint)
{
    struct execution *caller = handler->caller;

    caller->state = EXECUTION_RUNNABLE;
    handler->state = EXECUTION_RECEIVING;
    handler->endpoint = endpoint;
    list_append(&endpoint->receivers, &handler->link);
    unlink_call(caller);
}

void ipc_withdraw(struct execution *execution)
{
    if (execution->state == EXECUTION_SENDING || execution->state == EXECUTION_RECEIVING) {
        list_remove(&execution->link);
        execution->endpoint = NULL;
        execution->notification = NULL;
    }
    unlink_call(execution);
    set_state(execution, EXECUTION_STOPPED);
}

void ipc_cancel(struct execution *execution)
{
    ipc_withdraw(execution);
    fail_wait(execution);
}

bool endpoint_destroy_step(struct endpoint *endpoint)
{
    struct list *queue = list_is_empty(&endpoint->senders) ? &endpoint->receivers
                                                           : &endpoint->senders;

    if (!list_is_empty(queue)) {
        ipc_cancel(container_of(queue->next, struct execution, link));
        return false;
    }
    return true;
}
