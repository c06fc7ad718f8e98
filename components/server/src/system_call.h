/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls, and the operations that they invoke. */
#ifndef SERVER_SYSTEM_CALL_H
#define SERVER_SYSTEM_CALL_H

#include "cpu.h"
#include "thread.h"

/* What an operation has come to. */
enum outcome {
    OUTCOME_REPLY,    /* done: reply with the words in the invocation, if any */
    OUTCOME_SCHEDULE, /* the same, of a local operation: others may have to run */
    OUTCOME_RESTART,  /* more to do: call the same handler again, what is done stays done */
    OUTCOME_FAILED,   /* nothing was done, see error and culprit */
};

/*
 * An operation being invoked. A handler first decodes: it returns fail(...) with nothing changed,
 * or acts, which cannot fail. The message stays in the caller's frame (argument_word), where the
 * reply goes when the handler is through.
 */
struct invocation {
    struct thread *thread; /* who calls */
    struct cspace *cspace; /* its capability space */
    struct slot *slot;     /* the invoked capability */
    uint32_t outcome;      /* OUTCOME_* */
    uint32_t reply_length;
    uint64_t reply[NACELLE_MESSAGE_REGISTERS]; /* as many as reply_length says */
    enum nacelle_error error;                  /* with OUTCOME_FAILED */
    uint64_t culprit;
};

typedef void operation_handler(struct invocation *invocation);

struct operation {
    operation_handler *handler; /* 0: there is no such operation */
    uint32_t tag;               /* of the shortest message that invokes it */
    uint8_t rights;             /* needed of the invoked capability */
    /*
     * Changes nothing about who runs, and nothing that fastpath_arm looked at, or takes care of it:
     * OUTCOME_SCHEDULE, fastpath_leave. It looks at no words beyond those of the shortest message.
     */
    bool local;
};

/* Rows of the tables of operations: an operation, the handler, the rights that it needs of the
 * invoked capability, the words that the message must have. */
#define OPERATION_ROW(operation, handler, rights, length, local)                                  \
    [(operation)&0xff] = {(handler), (operation) << NACELLE_TAG_LABEL_SHIFT | (length), (rights), \
                          (local)}
#define OPERATION(operation, handler, rights, length) \
    OPERATION_ROW(operation, handler, rights, length, false)
#define LOCAL_OPERATION(operation, handler, rights, length) \
    OPERATION_ROW(operation, handler, rights, length, true)

/* Rows of each table: a power of two, so that a number needs no comparison to be one of a row. */
#define OPERATIONS_MAX 16

extern const struct operation untyped_operations[OPERATIONS_MAX], frame_operations[OPERATIONS_MAX],
    cspace_operations[OPERATIONS_MAX], aspace_operations[OPERATIONS_MAX],
    thread_operations[OPERATIONS_MAX], notification_operations[OPERATIONS_MAX],
    vm_operations[OPERATIONS_MAX], vcpu_operations[OPERATIONS_MAX],
    ioport_operations[OPERATIONS_MAX], interrupt_operations[OPERATIONS_MAX];

/* The operation is refused: culprit is NACELLE_CULPRIT_*. */
__attribute__((cold, noinline)) void fail(struct invocation *invocation, enum nacelle_error error,
                                          uint64_t culprit);

static inline void reply_word(struct invocation *invocation, unsigned index, uint64_t value)
{
    invocation->reply[index] = value;
    if (invocation->reply_length <= index) {
        invocation->reply_length = index + 1;
    }
}

/* Before a local operation does what an entry by the fast path does not look at. */
static inline void leave_pair(const struct invocation *invocation)
{
    fastpath_leave(this_cpu(), &invocation->thread->execution);
}

/*
 * The capability that word number word of the message names, in the caller's space: of this type,
 * with these rights. 0 after fail().
 */
struct slot *argument_slot(struct invocation *invocation, unsigned word, unsigned type,
                           unsigned rights);

/* The empty slot number index of a capability space, for a capability that word number word is
 * about. 0 after fail(). */
struct slot *destination_slot(struct invocation *invocation, struct cspace *cspace, uint64_t index,
                              unsigned word);

/* Words of the message. */
static inline unsigned argument_length(const struct invocation *invocation)
{
    return nacelle_tag_length(invocation->thread->frame.rsi);
}

/* Word number word of the message from the caller's IPC buffer. */
uint64_t argument_in_buffer(const struct invocation *invocation, unsigned word);

/* Word number word of the message; beyond the registers they are read from the IPC buffer, once. */
static inline uint64_t argument_word(const struct invocation *invocation, unsigned word)
{
    const struct frame *frame = &invocation->thread->frame;

    switch (word) {
    case 0:
        return frame->r8;
    case 1:
        return frame->r9;
    case 2:
        return frame->r10;
    case 3:
        return frame->rax;
    default:
        return argument_in_buffer(invocation, word);
    }
}

/* Handles the system call in the thread's frame. */
void system_call(struct thread *thread);

/* Called by entry.S. */
_Noreturn void system_call_entry(struct thread *thread);

#endif
