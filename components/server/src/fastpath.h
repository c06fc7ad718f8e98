/* SPDX-License-Identifier: BSD-2-Clause */
/* The fast path: two who call and reply to each other, and nobody else meanwhile. */
#ifndef SERVER_FASTPATH_H
#define SERVER_FASTPATH_H

#include <stdbool.h>
#include <stdint.h>
#include <vcpu/direct.h>

struct cpu;
struct endpoint;
struct execution;
struct thread;

/*
 * A handler has received a message: the exit of a vCPU, or the call of a thread. Most often it will
 * reply and receive at the same endpoint, and the next that comes there is from the same caller.
 * Such a reply, and the next message, need no queue, no state and no check of their own, if
 * everything was checked when the message was received and nothing but these two has run on the CPU
 * since. So:
 *
 * - fastpath_arm, before the handler returns to user level with a message, checks everything, and
 *   writes down what the two will pass to the server if they go on like this.
 * - entry.S, the engine's if the caller is a vCPU (vcpu/direct.h), compares, and changes from one
 *   to the other. All that is booked (queues, states, the chain of calls) stays as it was when the
 *   pair was armed: the handler is handling the call. It is so whenever the handler runs; while the
 *   caller runs, the books are behind.
 * - Every other way into the server begins with fastpath_leave, which brings the books up to date
 *   and disarms the pair: from there on nothing remains of the fast path.
 *
 * One pair a CPU, of threads and vCPUs of this CPU. Memory that user level can write is not looked
 * at, but for the dirty bits of a vCPU's state page, which are the client's own.
 */
struct fast_pair {
    struct vcpu_direct_pair direct; /* caller is a vCPU, else VCPU_DIRECT_NO_VCPU */
    struct thread *handler;         /* 0: there is no pair */
    struct thread *caller;          /* 0: it is a vCPU, or there is no pair */
    struct endpoint *endpoint;      /* between the two */
};

#define FAST_NONE (~0ull)

/* What a thread of a pair of threads does next, and what becomes of it. */
struct fast_switch {
    struct thread *target; /* the other one */
    uint64_t slot;         /* capability that it calls or receives with (rdi) */
    uint64_t call;         /* bits 63 to 48 of its tag (rsi), the system call; FAST_NONE: no pair */
    uint64_t delta;        /* from its tag to the one that the other one gets */
    uint64_t badge;        /* that the other one gets */
    uint64_t root;         /* the other one's address space, as in CR3 */
};

void fastpath_init(struct cpu *cpu);

/* No system call is taken for one of a pair. */
static inline void fast_switch_none(struct fast_switch *fast)
{
    fast->slot = FAST_NONE;
    fast->call = FAST_NONE;
}

/* The handler's address space is loaded, and it returns from a system call. */
void fastpath_arm(struct cpu *cpu, struct thread *handler);

/* What fastpath_leave (cpu.h) does when there is a pair. */
void fastpath_disarm(struct cpu *cpu, const struct execution *running);

#endif
