/* SPDX-License-Identifier: BSD-2-Clause */
#include "thread.h"

#include "capability.h"
#include "cpu.h"
#include "ipc.h"
#include "schedule.h"
#include <x86/control.h>
#include <x86/insn.h>

/* Initial FPU control words: SDM vol 1 8.1.5 and 11.6.4 (FXSAVE area: FCW at 0, MXCSR at 24). */
#define FCW_RESET   0x037f
#define MXCSR_RESET 0x1f80

void thread_init(struct thread *thread)
{
    thread->cpu = this_cpu();
    fast_switch_none(&thread->fast);
    schedule_init(&thread->execution, EXECUTION_THREAD);
    *(uint16_t *)(void *)thread->fpu = FCW_RESET;
    *(uint32_t *)(void *)(thread->fpu + 24) = MXCSR_RESET;
    thread_set_registers(thread, 0, 0);
}

void thread_set_registers(struct thread *thread, uint64_t rip, uint64_t rsp)
{
    thread->frame = (struct frame){
        .rip = rip,
        .cs = SELECTOR_USER_CODE,
        .rflags = X86_RFLAGS_FIXED | X86_RFLAGS_IF,
        .rsp = rsp,
        .ss = SELECTOR_USER_STACK,
    };
    thread->entered_by = ENTERED_BY_TRAP;
    thread->restart = false; /* whatever it was in the middle of, it is elsewhere now */
}

void thread_reply(struct thread *thread, const uint64_t *words, unsigned length)
{
    struct frame *frame = &thread->frame;

    frame->rdi = 0;
    frame->rsi = nacelle_tag(NACELLE_ERROR_OK, length);
    frame->r8 = words[0];
    frame->r9 = words[1];
    frame->r10 = words[2];
    frame->rax = words[3];
}

void thread_fail(struct thread *thread, enum nacelle_error error, uint64_t culprit)
{
    const uint64_t words[NACELLE_MESSAGE_REGISTERS] = {culprit};

    thread_reply(thread, words, 1);
    thread->frame.rsi = nacelle_tag(error, 1) | NACELLE_TAG_ERROR;
}

void thread_take_message(struct thread *thread)
{
    const struct frame *frame = &thread->frame;
    struct execution *execution = &thread->execution;

    execution->tag = frame->rsi & (NACELLE_TAG_LENGTH_MASK | NACELLE_TAG_CAPABILITY |
                                   NACELLE_TAG_LABEL_MASK << NACELLE_TAG_LABEL_SHIFT);
    execution->words[0] = frame->r8;
    execution->words[1] = frame->r9;
    execution->words[2] = frame->r10;
    execution->words[3] = frame->rax;
}

enum nacelle_error thread_check_configured(const struct thread *thread)
{
    return thread->cspace.type == NACELLE_TYPE_CSPACE && thread->aspace.type == NACELLE_TYPE_ASPACE
               ? NACELLE_ERROR_OK
               : NACELLE_ERROR_NOT_CONFIGURED;
}

void thread_fault(struct thread *thread, uint64_t address)
{
    struct execution *execution = &thread->execution;

    if (thread->fault_endpoint.type != NACELLE_TYPE_ENDPOINT) {
        ipc_withdraw(execution);
        return;
    }
    thread->in_fault = true;
    execution->tag = nacelle_tag(NACELLE_LABEL_FAULT, 4) | NACELLE_TAG_KERNEL;
    execution->words[0] = thread->frame.vector;
    execution->words[1] = thread->frame.error;
    execution->words[2] = thread->frame.rip;
    execution->words[3] = address;
    execution->badge = thread->fault_endpoint.badge;
    execution->wants_reply = true;
    execution->may_grant = false;
    ipc_send(execution, (struct endpoint *)thread->fault_endpoint.object);
}

void thread_destroy(struct thread *thread)
{
    struct cpu *cpu = thread->cpu;

    ipc_let_caller_go(&thread->execution);
    ipc_withdraw(&thread->execution);
    schedule_forget(&thread->execution.own);
    capability_delete_internal(&thread->cspace);
    capability_delete_internal(&thread->aspace);
    capability_delete_internal(&thread->fault_endpoint);
    if (cpu->current == thread) {
        cpu->current = NULL;
    }
    if (cpu->fpu_thread == thread) {
        cpu->fpu_thread = NULL;
    }
    if (cpu->tss.rsp[0] == (uint64_t)&thread->cpu) {
        cpu->tss.rsp[0] =
            0; /* another thread may come to lie there: not to be taken for this one */
    }
}
