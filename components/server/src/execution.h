/* SPDX-License-Identifier: BSD-2-Clause */
/* What threads and vCPUs have in common: they are scheduled, and they send and receive messages. */
#ifndef SERVER_EXECUTION_H
#define SERVER_EXECUTION_H

#define EXECUTION_STATE_RUNNABLE 1 /* for assembly, checked below */

#ifndef __ASSEMBLER__

#include "list.h"
#include <nacelle/message.h>
#include <stdbool.h>
#include <stdint.h>

struct endpoint;
struct execution;
struct notification;

enum execution_kind {
    EXECUTION_THREAD,
    EXECUTION_VCPU
};

enum execution_state {
    EXECUTION_STOPPED, /* never started, or fallen out of a wait */
    EXECUTION_RUNNABLE,
    EXECUTION_SENDING,   /* in the queue of an endpoint, with a message */
    EXECUTION_RECEIVING, /* in the queue of an endpoint or a notification */
    EXECUTION_REPLY      /* its message was received; waits for the reply */
};

/* TSC ticks; 0 without NacelleAccounting. */
struct consumption {
    uint64_t all;
    uint64_t user; /* of these at user level */
};

/*
 * A share of CPU time. It follows a call: whoever handles the message of its owner runs on it, as
 * NOVA's scheduling contexts do, so that what a VM causes is charged to it. It is in the ready
 * queue exactly while its runner can run.
 */
struct scheduling {
    struct list link; /* ready queue of its priority */
    struct execution *runner;
    int64_t remaining;           /* TSC ticks left of the slice */
    uint64_t slice;              /* TSC ticks */
    struct consumption consumed; /* so far: schedule_consumed */
    uint8_t priority;            /* 0 to NACELLE_PRIORITIES - 1 */
    bool ready;                  /* in the queue */
};

/*
 * A thread or vCPU as the scheduler and IPC see it. Calls form a chain: replier points to who
 * received the message, caller back. All in a chain that hold "on" equal run on the scheduling
 * context of the first of them, and its runner is the last.
 */
struct execution {
    uint8_t state;
    uint8_t kind;
    bool suspended;
    bool wants_reply; /* of the message being sent */
    bool may_grant;   /* a capability may go with it */
    struct scheduling own;
    struct scheduling *on;             /* never 0: own, or the caller's */
    struct execution *caller;          /* whose message was received last and not yet replied to */
    struct execution *replier;         /* in state REPLY: who will reply; 0: nobody can */
    struct list link;                  /* queue of the endpoint or notification waited at */
    struct endpoint *endpoint;         /* in state SENDING, RECEIVING: where */
    struct notification *notification; /* in state RECEIVING without an endpoint: where */
    uint64_t badge;                    /* of the capability it is sent with */
    uint64_t tag;                      /* the message, system-call bits cleared */
    uint64_t words[NACELLE_MESSAGE_REGISTERS];
};

_Static_assert(EXECUTION_STATE_RUNNABLE == EXECUTION_RUNNABLE, "for assembly");

static inline bool execution_can_run(const struct execution *execution)
{
    return execution->state == EXECUTION_RUNNABLE && !execution->suspended;
}

#endif
#endif
