/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls, and the operations that they invoke. */
#ifndef SERVER_SYSTEM_CALL_H
#define SERVER_SYSTEM_CALL_H

#include "thread.h"

/* What an operation has come to. */
enum outcome {
    OUTCOME_REPLY,   /* done: reply with the words in the invocation */
    OUTCOME_RESTART, /* more to do: call the same handler again, what is done stays done */
    OUTCOME_FAILED,  /* nothing was done, see error and culprit */
};

/*
 * An operation being invoked. A handler first decodes: it returns fail(...) with nothing changed,
 * or acts, which cannot fail.
 */
struct invocation {
    struct thread *thread; /* who calls */
    struct cspace *cspace; /* its capability space */
    struct slot *slot;     /* the invoked capability */
    uint64_t words[NACELLE_MESSAGE_REGISTERS];
    uint64_t reply[NACELLE_MESSAGE_REGISTERS];
    uint32_t length;
    uint32_t reply_length;
    enum outcome outcome;
    enum nacelle_error error; /* with OUTCOME_FAILED */
    uint64_t culprit;
};

typedef void operation_handler(struct invocation *invocation);

struct operation {
    operation_handler *handler;
    uint8_t rights; /* needed of the invoked capability */
    uint8_t length; /* words that the message must have */
    bool local;     /* changes nothing about who runs, and nothing that fastpath_arm looked at */
};

/* Rows of the tables of operations. */
#define OPERATION(handler, rights, length)   \
    {                                        \
        (handler), (rights), (length), false \
    }
#define LOCAL_OPERATION(handler, rights, length) \
    {                                            \
        (handler), (rights), (length), true      \
    }

/* The operations of one object type. */
struct operations {
    const struct operation *table;
    uint32_t count;
};

extern const struct operations untyped_operations, frame_operations, cspace_operations,
    aspace_operations, thread_operations, notification_operations, vm_operations, vcpu_operations,
    ioport_operations, interrupt_operations;

/* The operation is refused: culprit is NACELLE_CULPRIT_*. */
static inline void fail(struct invocation *invocation, enum nacelle_error error, uint64_t culprit)
{
    invocation->outcome = OUTCOME_FAILED;
    invocation->error = error;
    invocation->culprit = culprit;
}

static inline void reply_word(struct invocation *invocation, unsigned index, uint64_t value)
{
    invocation->reply[index] = value;
    if (invocation->reply_length <= index) {
        invocation->reply_length = index + 1;
    }
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

/* Word number word of the message; beyond the registers they are read from the IPC buffer, once. */
uint64_t argument_word(const struct invocation *invocation, unsigned word);

/* Handles the system call in the thread's frame. */
void system_call(struct thread *thread);

/* Called by entry.S. */
_Noreturn void system_call_entry(struct thread *thread);

#endif
