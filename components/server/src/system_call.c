/* SPDX-License-Identifier: BSD-2-Clause */
#include "system_call.h"

#include "capability.h"
#include "cpu.h"
#include "ipc.h"
#include "notification.h"
#include "run.h"
#include "schedule.h"

void fail(struct invocation *invocation, enum nacelle_error error, uint64_t culprit)
{
    invocation->outcome = OUTCOME_FAILED;
    invocation->error = error;
    invocation->culprit = culprit;
}

struct slot *argument_slot(struct invocation *invocation, unsigned word, unsigned type,
                           unsigned rights)
{
    struct slot *slot = cspace_slot(invocation->cspace, argument_word(invocation, word));
    enum nacelle_error error = NACELLE_ERROR_OK;

    if (slot == NULL || slot->type == NACELLE_TYPE_NULL) {
        error = NACELLE_ERROR_INVALID_CAPABILITY;
    } else if (type != NACELLE_TYPE_NULL && slot->type != type) {
        error = NACELLE_ERROR_WRONG_TYPE;
    } else if ((slot->rights & rights) != rights) {
        error = NACELLE_ERROR_MISSING_RIGHT;
    }
    if (error != NACELLE_ERROR_OK) {
        fail(invocation, error, NACELLE_CULPRIT_WORD(word));
        return NULL;
    }
    return slot;
}

struct slot *destination_slot(struct invocation *invocation, struct cspace *cspace, uint64_t index,
                              unsigned word)
{
    struct slot *slot = cspace_slot(cspace, index);

    if (slot == NULL) {
        fail(invocation, NACELLE_ERROR_OUT_OF_RANGE, NACELLE_CULPRIT_WORD(word));
        return NULL;
    }
    if (slot->type != NACELLE_TYPE_NULL) {
        fail(invocation, NACELLE_ERROR_SLOT_OCCUPIED, NACELLE_CULPRIT_WORD(word));
        return NULL;
    }
    cspace_will_fill(cspace, index);
    return slot;
}

uint64_t argument_in_buffer(const struct invocation *invocation, unsigned word)
{
    if (word >= NACELLE_MESSAGE_WORDS) {
        return 0;
    }
    return *(volatile uint64_t *)&thread_buffer(invocation->thread)->words[word];
}

/* What no capability names, and an endpoint: a call to it is a message. */
static const struct operation no_operations[OPERATIONS_MAX];

/* The operations of each type, rows by the number. */
static const struct operation *const operations[NACELLE_TYPE_COUNT] = {
    [NACELLE_TYPE_NULL] = no_operations,
    [NACELLE_TYPE_UNTYPED] = untyped_operations,
    [NACELLE_TYPE_FRAME] = frame_operations,
    [NACELLE_TYPE_CSPACE] = cspace_operations,
    [NACELLE_TYPE_ASPACE] = aspace_operations,
    [NACELLE_TYPE_THREAD] = thread_operations,
    [NACELLE_TYPE_ENDPOINT] = no_operations,
    [NACELLE_TYPE_NOTIFICATION] = notification_operations,
    [NACELLE_TYPE_VM] = vm_operations,
    [NACELLE_TYPE_VCPU] = vcpu_operations,
    [NACELLE_TYPE_IOPORT] = ioport_operations,
    [NACELLE_TYPE_INTERRUPT] = interrupt_operations,
};

/* The row that the message's label names if it names one of this type at all. */
static inline const struct operation *operation_row(unsigned type, uint64_t tag)
{
    return &operations[type][tag >> NACELLE_TAG_LABEL_SHIFT & (OPERATIONS_MAX - 1)];
}

static inline bool has_rights(const struct slot *slot, const struct operation *operation)
{
    return (operation->rights & ~(unsigned)slot->rights) == 0;
}

/* Words beyond the length of a message are 0, whatever was there. */
static void clear_words_from(struct frame *frame, unsigned length)
{
    switch (length) {
    case 0:
        frame->r8 = 0;
        __attribute__((fallthrough));
    case 1:
        frame->r9 = 0;
        __attribute__((fallthrough));
    case 2:
        frame->r10 = 0;
        __attribute__((fallthrough));
    case 3:
        frame->rax = 0;
        break;
    default:
        break;
    }
}

/* The reply: as many words as there are. */
static void reply_to(struct thread *thread, const struct invocation *invocation, unsigned length)
{
    thread_reply(thread, invocation->reply, length);
    clear_words_from(&thread->frame, length);
}

/* The reply of an operation that was refused: the culprit, and further words that say more. */
static void fail_invocation(struct thread *thread, struct invocation *invocation)
{
    unsigned length = invocation->reply_length > 1 ? invocation->reply_length : 1;

    invocation->reply[0] = invocation->culprit;
    reply_to(thread, invocation, length);
    thread->frame.rsi = nacelle_tag(invocation->error, length) | NACELLE_TAG_ERROR;
}

/* Calls the handler; each member is set here, or with the outcome that needs it. */
static inline __attribute__((always_inline)) void
call_handler(struct invocation *invocation, const struct operation *operation,
             struct thread *thread, struct slot *slot, struct cspace *cspace)
{
    invocation->thread = thread;
    invocation->cspace = cspace;
    invocation->slot = slot;
    invocation->outcome = OUTCOME_REPLY;
    invocation->reply_length = 0;
    operation->handler(invocation);
}

/* What the outcome is for the caller. */
static void conclude(struct thread *thread, struct invocation *invocation)
{
    if (invocation->outcome == OUTCOME_FAILED) {
        fail_invocation(thread, invocation);
    } else if (invocation->outcome == OUTCOME_RESTART) {
        thread->restart = true;
    } else {
        reply_to(thread, invocation, invocation->reply_length);
    }
}

static void carry_out(const struct operation *operation, struct thread *thread, struct slot *slot,
                      uint64_t tag)
{
    struct invocation invocation;

    clear_words_from(&thread->frame, nacelle_tag_length(tag));
    call_handler(&invocation, operation, thread, slot, thread_cspace(thread));
    conclude(thread, &invocation);
}

static void invoke(struct thread *thread, struct slot *slot, uint64_t tag)
{
    const struct operation *operation = operation_row(slot->type, tag);
    uint32_t label = nacelle_tag_label(tag);
    unsigned length = nacelle_tag_length(tag);

    if (label >> 8 != slot->type) {
        thread_fail(thread, NACELLE_ERROR_WRONG_TYPE, NACELLE_CULPRIT_CAPABILITY);
    } else if (operation->handler == NULL || label != nacelle_tag_label(operation->tag)) {
        thread_fail(thread, NACELLE_ERROR_INVALID_OPERATION, NACELLE_CULPRIT_CAPABILITY);
    } else if (length > NACELLE_MESSAGE_WORDS) {
        thread_fail(thread, NACELLE_ERROR_MESSAGE_TOO_LONG, NACELLE_CULPRIT_TAG);
    } else if (length < nacelle_tag_length(operation->tag)) {
        thread_fail(thread, NACELLE_ERROR_INVALID_ARGUMENT, NACELLE_CULPRIT_TAG);
    } else if (!has_rights(slot, operation)) {
        thread_fail(thread, NACELLE_ERROR_MISSING_RIGHT, NACELLE_CULPRIT_CAPABILITY);
    } else {
        carry_out(operation, thread, slot, tag);
    }
}

static void send(struct thread *thread, struct slot *slot, bool wants_reply)
{
    struct execution *execution = &thread->execution;

    if ((slot->rights & NACELLE_RIGHT_WRITE) == 0) {
        thread_fail(thread, NACELLE_ERROR_MISSING_RIGHT, NACELLE_CULPRIT_CAPABILITY);
        return;
    }
    thread_take_message(thread);
    if (nacelle_tag_length(execution->tag) > NACELLE_MESSAGE_WORDS) {
        thread_fail(thread, NACELLE_ERROR_MESSAGE_TOO_LONG, NACELLE_CULPRIT_TAG);
        return;
    }
    execution->badge = slot->badge;
    execution->wants_reply = wants_reply;
    execution->may_grant = (slot->rights & NACELLE_RIGHT_GRANT) != 0;
    if (!wants_reply) {
        const uint64_t none[NACELLE_MESSAGE_REGISTERS] = {0};

        thread_reply(thread, none, 0); /* what it sees once the message was received */
    }
    ipc_send(execution, (struct endpoint *)slot->object);
}

static void call(struct thread *thread, struct slot *slot, uint64_t tag)
{
    if (slot->type == NACELLE_TYPE_ENDPOINT) {
        thread->call_slot = thread->frame.rdi;
        send(thread, slot, true);
    } else {
        invoke(thread, slot, tag);
    }
}

static void send_one_way(struct thread *thread, struct slot *slot, uint64_t tag)
{
    if (slot->type == NACELLE_TYPE_ENDPOINT) {
        send(thread, slot, false);
    } else if (slot->type == NACELLE_TYPE_NOTIFICATION) {
        tag = nacelle_tag(NACELLE_NOTIFICATION_SIGNAL, nacelle_tag_length(tag));
        invoke(thread, slot, tag);
    } else {
        thread_fail(thread, NACELLE_ERROR_WRONG_TYPE, NACELLE_CULPRIT_CAPABILITY);
    }
}

/* Whether something can be received there; otherwise the system call has failed. */
static bool can_receive(struct thread *thread, const struct slot *slot)
{
    bool right_type = slot->type == NACELLE_TYPE_ENDPOINT ||
                      slot->type == NACELLE_TYPE_NOTIFICATION;

    if (right_type && (slot->rights & NACELLE_RIGHT_READ) != 0) {
        return true;
    }
    thread_fail(thread, right_type ? NACELLE_ERROR_MISSING_RIGHT : NACELLE_ERROR_WRONG_TYPE,
                NACELLE_CULPRIT_CAPABILITY);
    return false;
}

static void receive_there(struct thread *thread, struct slot *slot, bool poll)
{
    if (slot->type == NACELLE_TYPE_ENDPOINT) {
        thread->receive_slot = thread->frame.rdi;
        ipc_receive(thread, (struct endpoint *)slot->object, poll);
    } else {
        ipc_receive_notification(thread, (struct notification *)slot->object, poll);
    }
}

static void receive(struct thread *thread, struct slot *slot, uint64_t tag)
{
    (void)tag;
    if (can_receive(thread, slot)) {
        receive_there(thread, slot, false);
    }
}

static void poll(struct thread *thread, struct slot *slot, uint64_t tag)
{
    (void)tag;
    if (can_receive(thread, slot)) {
        receive_there(thread, slot, true);
    }
}

/* Decodes the reply in the frame; false when the system call has failed. */
static bool take_reply(struct thread *thread)
{
    thread_take_message(thread);
    if (nacelle_tag_length(thread->execution.tag) > NACELLE_MESSAGE_WORDS) {
        thread_fail(thread, NACELLE_ERROR_MESSAGE_TOO_LONG, NACELLE_CULPRIT_TAG);
        return false;
    }
    return true;
}

static void reply(struct thread *thread, struct slot *slot, uint64_t tag)
{
    const uint64_t none[NACELLE_MESSAGE_REGISTERS] = {0};

    (void)slot;
    (void)tag;
    if (!take_reply(thread)) {
        return;
    }
    if (ipc_reply(thread, false)) {
        thread_reply(thread, none, 0);
    } else {
        thread_fail(thread, NACELLE_ERROR_WOULD_BLOCK, NACELLE_CULPRIT_CAPABILITY);
    }
}

static void reply_receive(struct thread *thread, struct slot *slot, uint64_t tag)
{
    (void)tag;
    if (can_receive(thread, slot) && take_reply(thread)) {
        ipc_reply(thread, true);
        receive_there(thread, slot, false);
    }
}

static void yield(struct thread *thread, struct slot *slot, uint64_t tag)
{
    const uint64_t none[NACELLE_MESSAGE_REGISTERS] = {0};

    (void)slot;
    (void)tag;
    thread_reply(thread, none, 0);
    schedule_yield(thread->execution.on);
}

static const struct {
    void (*handler)(struct thread *thread, struct slot *slot, uint64_t tag);
    bool needs_capability;
} system_calls[NACELLE_SYSTEM_CALLS] = {
    [NACELLE_CALL] = {call, true},
    [NACELLE_SEND] = {send_one_way, true},
    [NACELLE_RECEIVE] = {receive, true},
    [NACELLE_REPLY] = {reply, false},
    [NACELLE_REPLY_RECEIVE] = {reply_receive, true},
    [NACELLE_POLL] = {poll, true},
    [NACELLE_YIELD] = {yield, false},
};

void system_call(struct thread *thread)
{
    uint64_t tag = thread->frame.rsi;
    unsigned number = nacelle_tag_system_call(tag);
    struct cspace *cspace = thread_cspace(thread);
    struct slot *slot = cspace != NULL ? cspace_look(cspace, thread->frame.rdi) : NULL;

    if (number >= NACELLE_SYSTEM_CALLS) {
        thread_fail(thread, NACELLE_ERROR_INVALID_SYSTEM_CALL, NACELLE_CULPRIT_TAG);
    } else if (system_calls[number].needs_capability &&
               (slot == NULL || slot->type == NACELLE_TYPE_NULL)) {
        thread_fail(thread, NACELLE_ERROR_INVALID_CAPABILITY, NACELLE_CULPRIT_CAPABILITY);
    } else {
        system_calls[number].handler(thread, slot, tag);
    }
}

/*
 * A local operation, with the tag and the rights that its row asks for, is carried out at once, and
 * its caller goes on; a pair that is armed stays so. Returns when the system call is another one,
 * or not as it should be.
 */
static inline void invoke_local(struct thread *thread, struct cspace *cspace)
{
    uint64_t tag = thread->frame.rsi;
    struct slot *slot = cspace_look(cspace, thread->frame.rdi);
    const struct operation *operation;
    struct invocation invocation;

    if (slot == NULL) {
        return;
    }
    operation = operation_row(slot->type, tag);
    if (!operation->local || operation->tag != tag || !has_rights(slot, operation)) {
        return;
    }
    call_handler(&invocation, operation, thread, slot, cspace);
    if (invocation.outcome == OUTCOME_REPLY && invocation.reply_length == 0) {
        return_empty_to_caller(thread);
    }
    conclude(thread, &invocation);
    if (invocation.outcome == OUTCOME_SCHEDULE) {
        schedule_run();
    }
    return_to_caller(thread);
}

_Noreturn void system_call_entry(struct thread *thread)
{
    bool may_be_local = thread->frame.rsi <= UINT32_MAX; /* as the tags in the rows are */

    if (may_be_local && thread->cspace.type == NACELLE_TYPE_CSPACE) {
        invoke_local(thread, (struct cspace *)thread->cspace.object);
    }
    fastpath_leave(this_cpu(), &thread->execution);
    system_call(thread);
    schedule_run();
}
