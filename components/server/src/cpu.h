/* SPDX-License-Identifier: BSD-2-Clause */
/* Per-CPU data, and how a CPU is set up. */
#ifndef SERVER_CPU_H
#define SERVER_CPU_H

#include "layout.h"

/* Offsets for assembly, checked in cpu.c. */
#define CPU_DIRECT  0 /* where the engine wants it: vcpu/direct.h */
#define CPU_CURRENT 80
#define CPU_CR3     88
#define CPU_CHARGED 96
#define CPU_TSS     104

/* Bytes of each CPU's entry for SYSCALL. */
#define SYSCALL_STUB_SIZE 16

#ifndef __ASSEMBLER__

#include "execution.h"
#include "fastpath.h"
#include "timer_heap.h"
#include <vcpu/vcpu.h>
#include <x86/descriptor.h>

struct thread;

/* One CPU's data, right above its main stack. Nothing of it is shared with other CPUs. */
struct cpu {
    struct fast_pair pair;
    struct thread *current;     /* thread that runs, or whose system call is being handled, or 0 */
    uint64_t cr3;               /* address space loaded */
    struct scheduling *charged; /* pays for the time since charged_since; 0: idle */
    struct x86_tss64 tss;
    uint64_t charged_since;  /* TSC */
    uint64_t charged_user;   /* pair.direct.user_ticks then */
    uint64_t timer_deadline; /* TSC at which the timer will fire */
    uint32_t ready_mask;     /* bit n: queue n has entries */
    uint32_t number;
    struct list ready[NACELLE_PRIORITIES];
    struct timer *timers;      /* heap of armed timers, earliest first */
    struct thread *fpu_thread; /* whose FPU state is in the registers (or engine.fpu_owner) */
    struct vcpu_cpu engine;
    uint64_t predictors; /* domain that taught the branch predictors: predictors.h */
};

_Static_assert(sizeof(struct cpu) <= CPU_DATA_SIZE, "two pages a CPU");

#ifdef NACELLE_HOST
extern struct cpu host_cpu; /* of a unit test */
#endif

/* This CPU's data, from the stack pointer: every stack lies in the CPU's region. */
static inline struct cpu *this_cpu(void)
{
#ifdef NACELLE_HOST
    return &host_cpu;
#else
    uint64_t stack;

    __asm__("mov %%rsp, %0" : "=r"(stack));
    return (struct cpu *)((stack & ~(uint64_t)(CPU_REGION_SIZE - 1)) + CPU_DATA);
#endif
}

/* The execution came into the server, by another way than the fast one. */
static inline void fastpath_leave(struct cpu *cpu, const struct execution *running)
{
    if (cpu->pair.handler != NULL) {
        fastpath_disarm(cpu, running);
    }
}

/* Sets up descriptor tables, system-call MSRs and control registers of the CPU with this number;
 * its region is mapped. Runs on the boot stack, so it is given the data instead of finding it. */
void cpu_init(struct cpu *cpu, unsigned number);

/* Turns virtualization on; prints one clear line and stops when the CPU lacks something. */
void cpu_enable_virtualization(struct cpu *cpu);

/* What system-call entry and return do to the processor's own registers. */
extern char iretq_instruction[];
extern char syscall_stubs[];

/* Where SYSCALL enters the server on this CPU. */
static inline uint64_t syscall_stub(const struct cpu *cpu)
{
    return (uint64_t)syscall_stubs + (uint64_t)cpu->number * SYSCALL_STUB_SIZE;
}

#endif
#endif
