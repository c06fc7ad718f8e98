/* SPDX-License-Identifier: BSD-2-Clause */
#include "run.h"

#include "aspace.h"
#include "fpu.h"
#include "interrupt.h"
#include "ipc.h"
#include "predictors.h"
#include "system_call.h"
#include "vcpu_object.h"
#include <x86/insn.h>

_Noreturn void return_by_sysexit(struct thread *thread);
_Noreturn void return_by_sysret(struct thread *thread);
_Noreturn void return_empty_by_sysexit(struct thread *thread);
_Noreturn void return_empty_by_sysret(struct thread *thread);
_Noreturn void return_by_iretq(struct thread *thread);

_Noreturn void return_to_caller(struct thread *thread)
{
    if (thread->entered_by == ENTERED_BY_SYSENTER) {
        return_by_sysexit(thread);
    }
    return_by_sysret(thread);
}

_Noreturn void return_empty_to_caller(struct thread *thread)
{
    if (thread->entered_by == ENTERED_BY_SYSENTER) {
        return_empty_by_sysexit(thread);
    }
    return_empty_by_sysret(thread);
}

static __attribute__((noinline)) void run_thread(struct cpu *cpu, struct thread *thread)
{
    if (thread_check_configured(thread) != NACELLE_ERROR_OK) {
        ipc_withdraw(&thread->execution);
        return;
    }
    if (thread->restart) {
        /* A long operation goes on; what became pending meanwhile comes first. */
        interrupt_take_pending();
        if (cpu->charged != thread->execution.on) {
            return; /* its slice is over, or a timer woke somebody more important */
        }
        thread->restart = false;
        cpu->current = thread;
        system_call(thread);
        return;
    }

    const struct aspace *aspace = (const struct aspace *)thread->aspace.object;
    uint64_t frame_end = (uint64_t)&thread->cpu;

    if (cpu->cr3 != aspace->root) {
        cpu->cr3 = aspace->root;
        x86_write_cr3(aspace->root);
    }
    predictors_change(cpu, aspace->root);
    fpu_for_thread(cpu, thread);
    cpu->current = thread;
    if (cpu->tss.rsp[0] != frame_end) {
        cpu->tss.rsp[0] = frame_end;
        x86_write_ds(0); /* another thread's selectors are nobody's business */
        x86_write_es(0);
        x86_write_fs(0);
        x86_write_gs(0);
    }
    if (thread->entered_by == ENTERED_BY_TRAP) {
        return_by_iretq(thread);
    }
    fastpath_arm(cpu, thread);
    return_to_caller(thread);
}

void run_execution(struct cpu *cpu, struct execution *execution)
{
    if (execution->kind == EXECUTION_THREAD) {
        run_thread(cpu, thread_of(execution));
    } else {
        vcpu_run(cpu, vcpu_of(execution));
    }
}
