/* SPDX-License-Identifier: BSD-2-Clause */
#include "system_call.h"

#include "capability.h"
#include "cpu.h"
#include "ipc.h"
#include "notification.h"
#include "run.h"
#include "schedule.h"

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

uint64_t argument_word(const struct invocation *invocation, unsigned word)
{
    if (word < NACELLE_MESSAGE_REGISTERS) {
        return invocation->words[word];
    }
    if (word >= NACELLE_MESSAGE_WORDS) {
        return 0;
    }
    return *(volatile uint64_t *)&thread_buffer(invocation->thread)->words[word];
}

/* The operations of each type; an endpoint has none, a call to it is a message. */
static const struct operations *const operations[NACELLE_TYPE_COUNT] = {
    [NACELLE_TYPE_UNTYPED] = &untyped_operations,
    [NACELLE_TYPE_FRAME] = &frame_operations,
    [NACELLE_TYPE_CSPACE] = &cspace_operations,
    [NACELLE_TYPE_ASPACE] = &aspace_operations,
    [NACELLE_TYPE_THREAD] = &thread_operations,
    [NACELLE_TYPE_NOTIFICATION] = &notification_operations,
    [NACELLE_TYPE_VM] = &vm_operations,
    [NACELLE_TYPE_VCPU] = &vcpu_operations,
    [NACELLE_TYPE_IOPORT] = &ioport_operations,
    [NACELLE_TYPE_INTERRUPT] = &interrupt_operations,
};

/* The operation that a label names for a capability of this type; 0 after *error is set. */
static inline __attribute__((always_inline)) const struct operation *
find_operation(unsigned type, uint32_t label, enum nacelle_error *error)
{
    uint32_t number = label & 0xff;

    if (label >> 8 != type) {
        *error = NACELLE_ERROR_WRONG_TYPE;
        return NULL;
    }
    if (operations[type] == NULL || number >= operations[type]->count) {
        *error = NACELLE_ERROR_INVALID_OPERATION;
        return NULL;
    }
    return &operations[type]->table[number];
}

/* The reply of an operation that was refused: the culprit, and further words that say more. */
static void fail_invocation(struct thread *thread, struct invocation *invocation)
{
    unsigned length = invocation->reply_length > 1 ? invocation->reply_length : 1;

    invocation->reply[0] = invocation->culprit;
    thread_reply(thread, invocation->reply, length);
    thread->frame.rsi = nacelle_tag(invocation->error, length) | NACELLE_TAG_ERROR;
}

/* Whether the message may be carried out on the capability: the operation, or 0 after *error and
 * *culprit are set. */
static inline __attribute__((always_inline)) const struct operation *
decode_operation(const struct slot *slot, uint64_t tag, enum nacelle_error *error,
                 uint64_t *culprit)
{
    const struct operation *operation = find_operation(slot->type, nacelle_tag_label(tag), error);
    unsigned length = nacelle_tag_length(tag);

    *culprit = NACELLE_CULPRIT_CAPABILITY;
    if (operation == NULL) {
        return NULL;
    }
    if (length < operation->length || length > NACELLE_MESSAGE_WORDS) {
        *culprit = NACELLE_CULPRIT_TAG;
        *error = length > NACELLE_MESSAGE_WORDS ? NACELLE_ERROR_MESSAGE_TOO_LONG
                                                : NACELLE_ERROR_INVALID_ARGUMENT;
        return NULL;
    }
    if ((slot->rights & operation->rights) != operation->rights) {
        *error = NACELLE_ERROR_MISSING_RIGHT;
        return NULL;
    }
    return operation;
}

/* The words of the message in the frame; one that was not sent is 0, whatever its register held. */
static inline __attribute__((always_inline)) void take_words(struct invocation *invocation,
                                                             const struct frame *frame)
{
    uint64_t *words = invocation->words;

    words[0] = frame->r8;
    words[1] = frame->r9;
    words[2] = frame->r10;
    words[3] = frame->rax;
    switch (invocation->length) {
    case 0:
        words[0] = 0;
        __attribute__((fallthrough));
    case 1:
        words[1] = 0;
        __attribute__((fallthrough));
    case 2:
        words[2] = 0;
        __attribute__((fallthrough));
    case 3:
        words[3] = 0;
        break;
    default:
        break;
    }
}

static inline __attribute__((always_inline)) void
carry_out(const struct operation *operation, struct thread *thread, struct slot *slot, uint64_t tag)
{
    struct invocation invocation; /* each member is set here, or with the outcome that needs it */

    invocation.thread = thread;
    invocation.cspace = thread_cspace(thread);
    invocation.slot = slot;
    invocation.length = nacelle_tag_length(tag);
    take_words(&invocation, &thread->frame);
    invocation.outcome = OUTCOME_REPLY;
    invocation.reply_length = 0;
    for (unsigned i = 0; i < NACELLE_MESSAGE_REGISTERS; i++) {
        invocation.reply[i] = 0;
    }

    operation->handler(&invocation);
    if (invocation.outcome == OUTCOME_REPLY) {
        thread_reply(thread, invocation.reply, invocation.reply_length);
    } else if (invocation.outcome == OUTCOME_RESTART) {
        thread->restart = true;
    } else {
        fail_invocation(thread, &invocation);
    }
}

static void invoke(struct thread *thread, struct slot *slot, uint64_t tag)
{
    enum nacelle_error error = NACELLE_ERROR_OK;
    uint64_t culprit;
    const struct operation *operation = decode_operation(slot, tag, &error, &culprit);

    if (operation != NULL) {
        carry_out(operation, thread, slot, tag);
    } else {
        thread_fail(thread, error, culprit);
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
    enum nacelle_error error = NACELLE_ERROR_OK;

    if (slot->type != NACELLE_TYPE_ENDPOINT && slot->type != NACELLE_TYPE_NOTIFICATION) {
        error = NACELLE_ERROR_WRONG_TYPE;
    } else if ((slot->rights & NACELLE_RIGHT_READ) == 0) {
        error = NACELLE_ERROR_MISSING_RIGHT;
    }
    if (error != NACELLE_ERROR_OK) {
        thread_fail(thread, error, NACELLE_CULPRIT_CAPABILITY);
    }
    return error == NACELLE_ERROR_OK;
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
    struct slot *slot = cspace != NULL ? cspace_slot(cspace, thread->frame.rdi) : NULL;

    if (number >= NACELLE_SYSTEM_CALLS) {
        thread_fail(thread, NACELLE_ERROR_INVALID_SYSTEM_CALL, NACELLE_CULPRIT_TAG);
    } else if (system_calls[number].needs_capability &&
               (slot == NULL || slot->type == NACELLE_TYPE_NULL)) {
        thread_fail(thread, NACELLE_ERROR_INVALID_CAPABILITY, NACELLE_CULPRIT_CAPABILITY);
    } else {
        system_calls[number].handler(thread, slot, tag);
    }
}

static _Noreturn __attribute__((noinline)) void invoke_at_large(const struct operation *operation,
                                                                struct thread *thread,
                                                                struct slot *slot, uint64_t tag)
{
    fastpath_leave(this_cpu(), &thread->execution);
    carry_out(operation, thread, slot, tag);
    schedule_run();
}

/*
 * An operation of an object: decoded once, and carried out. After one that is local the caller goes
 * on at once, and a pair that is armed stays so. Returns when the system call is something else, or
 * an operation that is to fail.
 */
static void invoke_from_entry(struct thread *thread)
{
    uint64_t tag = thread->frame.rsi;
    struct cspace *cspace = thread_cspace(thread);
    struct slot *slot = cspace != NULL ? cspace_slot(cspace, thread->frame.rdi) : NULL;
    const struct operation *operation;
    enum nacelle_error error;
    uint64_t culprit;

    if (nacelle_tag_system_call(tag) != NACELLE_CALL || slot == NULL) {
        return;
    }
    operation = decode_operation(slot, tag, &error, &culprit);
    if (operation == NULL) {
        return;
    }
    if (!operation->local) {
        invoke_at_large(operation, thread, slot, tag);
    }
    carry_out(operation, thread, slot, tag);
    return_to_caller(thread);
}

_Noreturn void system_call_entry(struct thread *thread)
{
    invoke_from_entry(thread);
    fastpath_leave(this_cpu(), &thread->execution);
    system_call(thread);
    schedule_run();
}
