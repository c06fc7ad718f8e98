/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads. */
#ifndef SERVER_THREAD_H
#define SERVER_THREAD_H

/* Offsets for assembly, checked in thread.c. */
#define FRAME_R15          0
#define FRAME_R14          8
#define FRAME_R13          16
#define FRAME_R12          24
#define FRAME_R11          32
#define FRAME_R10          40
#define FRAME_R9           48
#define FRAME_R8           56
#define FRAME_RDI          64
#define FRAME_RSI          72
#define FRAME_RBP          80
#define FRAME_RBX          88
#define FRAME_RDX          96
#define FRAME_RCX          104
#define FRAME_RAX          112
#define FRAME_VECTOR       120
#define FRAME_ERROR        128
#define FRAME_RIP          136
#define FRAME_CS           144
#define FRAME_RFLAGS       152
#define FRAME_RSP          160
#define FRAME_SS           168
#define FRAME_SIZE         176
#define THREAD_CPU         FRAME_SIZE        /* struct thread.cpu */
#define THREAD_ENTRY       (FRAME_SIZE + 8)  /* struct thread.entered_by */
#define THREAD_FAST        (FRAME_SIZE + 16) /* struct thread.fast */
#define THREAD_FAST_TARGET (THREAD_FAST + 0)
#define THREAD_FAST_SLOT   (THREAD_FAST + 8)
#define THREAD_FAST_CALL   (THREAD_FAST + 16)
#define THREAD_FAST_DELTA  (THREAD_FAST + 24)
#define THREAD_FAST_BADGE  (THREAD_FAST + 32)
#define THREAD_FAST_ROOT   (THREAD_FAST + 40)
#define THREAD_CSPACE      (THREAD_FAST + 48) /* struct thread.cspace */

/* How a thread came into the server, which is how it goes back. */
#define ENTERED_BY_TRAP     0 /* IRETQ brings all of the frame back */
#define ENTERED_BY_SYSENTER 1 /* SYSEXIT: rcx, rdx and r11 are lost */
#define ENTERED_BY_SYSCALL  2 /* SYSRET: the same */

#ifndef __ASSEMBLER__

#include "execution.h"
#include "fastpath.h"
#include "slot.h"

/* What a trap saves: pushed by the processor and the stubs of entry.S, in this order. */
struct frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

_Static_assert(sizeof(struct frame) == FRAME_SIZE, "offsets for assembly");
_Static_assert(FRAME_SIZE % 16 == 0, "the processor aligns the stack before it pushes");

struct cpu;

/*
 * A thread object: this structure in the first page, the IPC buffer in the second. Traps from user
 * level push straight into the frame (TSS.RSP0 points to its end).
 */
struct thread {
    struct frame frame;
    struct cpu *cpu;    /* where it runs */
    uint8_t entered_by; /* ENTERED_BY_*; entry.S sets it */
    struct fast_switch fast;
    struct slot cspace, aspace, fault_endpoint; /* internal slots */
    uint64_t call_slot, receive_slot; /* capabilities that it called and received with last */
    struct execution execution;
    bool in_fault; /* waits for the reply to a fault, not to a call */
    bool restart;  /* the system call goes on when the thread runs next */
    uint8_t fpu[512] __attribute__((aligned(64))); /* FXSAVE area */
};

_Static_assert(sizeof(struct thread) <= 4096, "one page");
_Static_assert(__builtin_offsetof(struct thread, cpu) == THREAD_CPU, "offsets for assembly");
_Static_assert(__builtin_offsetof(struct thread, entered_by) == THREAD_ENTRY,
               "offsets for assembly");
_Static_assert(__builtin_offsetof(struct thread, fast) == THREAD_FAST, "offsets for assembly");
_Static_assert(__builtin_offsetof(struct thread, cspace) == THREAD_CSPACE, "offsets for assembly");

static inline struct nacelle_ipc_buffer *thread_buffer(struct thread *thread)
{
    return (struct nacelle_ipc_buffer *)((char *)thread + 4096);
}

static inline struct cspace *thread_cspace(const struct thread *thread)
{
    return thread->cspace.type == NACELLE_TYPE_CSPACE ? (struct cspace *)thread->cspace.object
                                                      : NULL;
}

static inline struct thread *thread_of(struct execution *execution)
{
    return container_of(execution, struct thread, execution);
}

/* Makes zeroed memory into a thread, stopped, with the lowest priority. */
void thread_init(struct thread *thread);

/* Sets where it starts, all other registers zero. */
void thread_set_registers(struct thread *thread, uint64_t rip, uint64_t rsp);

/* The result of a system call: the reply of the kernel to an operation, or an error. */
void thread_reply(struct thread *thread, const uint64_t *words, unsigned length);
__attribute__((cold, noinline)) void thread_fail(struct thread *thread, enum nacelle_error error,
                                                 uint64_t culprit);

/* Tag and words of the system call, as the message that the thread sends. */
void thread_take_message(struct thread *thread);

/* A fault of the thread becomes a message to its handler; without one the thread stops. */
void thread_fault(struct thread *thread, uint64_t address);

/* What makes a thread able to run: NOT_CONFIGURED. */
enum nacelle_error thread_check_configured(const struct thread *thread);

/* Takes the thread out of everything, for good. */
void thread_destroy(struct thread *thread);

#endif
#endif
