/* SPDX-License-Identifier: BSD-2-Clause */
#include "fpu.h"

#include "vcpu_object.h"
#include <x86/control.h>
#include <x86/insn.h>

void fpu_make_room(struct cpu *cpu, const struct vcpu *vcpu)
{
    if (cpu->fpu_thread != NULL) {
        x86_clts();
        x86_fxsave(cpu->fpu_thread->fpu);
        cpu->fpu_thread = NULL;
    }
    if (cpu->engine.fpu_owner != NULL && cpu->engine.fpu_owner != vcpu) {
        x86_clts();
        vcpu_fpu_save(cpu->engine.fpu_owner);
    }
}

void fpu_load_thread(struct cpu *cpu, struct thread *thread)
{
    fpu_make_room(cpu, NULL);
    x86_clts();
    x86_fxrstor(thread->fpu);
    cpu->fpu_thread = thread;
}

void fpu_for_thread(struct cpu *cpu, struct thread *thread)
{
    struct vcpu *owner = cpu->engine.fpu_owner;

    if (cpu->fpu_thread == thread) {
        return;
    }
    if (owner != NULL && thread->execution.caller == &vcpu_object_of(owner)->execution) {
        uint64_t cr0 = x86_read_cr0();

        if ((cr0 & X86_CR0_TS) == 0) {
            x86_write_cr0(cr0 | X86_CR0_TS);
        }
        return;
    }
    fpu_load_thread(cpu, thread);
}
