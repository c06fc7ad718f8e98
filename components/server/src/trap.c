/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions and interrupts: whose they are, and what becomes of them. */
#include "trap.h"

#include "console.h"
#include "cpu.h"
#include "fpu.h"
#include "interrupt.h"
#include "schedule.h"
#include "thread.h"
#include <vcpu/accounting.h>
#include <x86/control.h>
#include <x86/event.h>
#include <x86/extable.h>
#include <x86/insn.h>
#include <x86/user_return.h>

#define FIRST_INTERRUPT 32

extern const struct x86_extable_entry __ex_table_start[], __ex_table_end[];
extern char server_text_start[], server_text_end[];

void switch_stack(void *stack, void (*function)(void));

_Noreturn void trap_from_user(struct frame *frame)
{
    struct cpu *cpu = this_cpu();
    struct thread *thread = cpu->current;

    thread->entered_by = ENTERED_BY_TRAP;
    fastpath_leave(cpu, &thread->execution);
    if (frame->vector >= FIRST_INTERRUPT) {
        interrupt_handle((uint32_t)frame->vector);
    } else if (frame->vector == X86_VECTOR_NM && cpu->fpu_thread != thread) {
        fpu_load_thread(cpu, thread);
    } else {
        thread_fault(thread, frame->vector == X86_VECTOR_PF ? x86_read_cr2() : 0);
    }
    schedule_run();
}

/* On a SYSEXIT, of which there are some here and in the engine? */
static bool is_return(uint64_t rip)
{
    return rip >= (uint64_t)server_text_start &&
           rip <= (uint64_t)server_text_end - X86_SYSEXITQ_SIZE &&
           x86_is_sysexit((const uint8_t *)rip);
}

/*
 * The trap came on SYSEXIT: the current thread is as good as back at user level. What it gets by
 * the fast path is in the registers alone.
 */
static struct thread *returning_thread(const struct frame *trap)
{
    struct cpu *cpu = this_cpu();
    struct frame *frame = &cpu->current->frame;

    account_end(&cpu->pair.direct.user_ticks);
    frame->rdi = trap->rdi;
    frame->rsi = trap->rsi;
    frame->r8 = trap->r8;
    frame->r9 = trap->r9;
    frame->r10 = trap->r10;
    frame->rax = trap->rax;
    frame->rsp = trap->rcx;
    frame->rip = trap->rdx;
    fastpath_leave(cpu, &cpu->current->execution);
    return cpu->current;
}

void trap_from_server(struct frame *frame)
{
    /* While a guest's exit is handled there is nobody who could be returning. */
    bool returns = this_cpu()->current != NULL && is_return(frame->rip);
    struct thread *thread = returns ? returning_thread(frame) : NULL;
    uint64_t fixup;

    if (frame->vector >= FIRST_INTERRUPT) {
        /* Idle, between the steps of a long operation, or on SYSEXIT (x86/user_return.h). */
        interrupt_handle((uint32_t)frame->vector);
        if (thread != NULL) {
            schedule_run(); /* maybe another one's turn */
        }
        return;
    }
    fixup = x86_extable_fixup(__ex_table_start, __ex_table_end, frame->rip);
    if (fixup != 0) {
        frame->rip = fixup;
    } else if (thread != NULL) {
        /* The address or stack that the thread wants to return to is no address. */
        thread->frame.vector = frame->vector;
        thread->frame.error = frame->error;
        thread_fault(thread, 0);
        schedule_run();
    } else {
        panic("exception in the server", frame);
    }
}

/* A debug exception of a thread goes on where its other exceptions do. */
static void debug_fault(void)
{
    fastpath_leave(this_cpu(), &this_cpu()->current->execution);
    thread_fault(this_cpu()->current, 0);
    schedule_run();
}

/* Where a debug exception that a client prepared may arrive in ring 0: the first instruction. */
static bool is_system_call_entry(uint64_t rip)
{
    return rip == (uint64_t)vcpu_direct_sysenter || rip == syscall_stub(this_cpu());
}

void trap_on_own_stack(struct frame *frame)
{
    struct cpu *cpu = this_cpu();

    if (frame->vector == X86_VECTOR_NMI) {
        return; /* nobody here has a use for it */
    }
    if (frame->vector == X86_VECTOR_DB && (frame->cs & 3) != 0) {
        frame->rflags &= ~(uint64_t)X86_RFLAGS_TF;
        cpu->current->frame = *frame;
        cpu->current->entered_by = ENTERED_BY_TRAP;
        account_end(&cpu->pair.direct.user_ticks);
        switch_stack(cpu, debug_fault);
    } else if (frame->vector == X86_VECTOR_DB && is_system_call_entry(frame->rip)) {
        frame->rflags &= ~(uint64_t)X86_RFLAGS_TF; /* SYSENTER keeps it */
    } else if (frame->vector == X86_VECTOR_MC) {
        panic("machine check", frame);
    } else {
        panic("exception in the server", frame);
    }
}
