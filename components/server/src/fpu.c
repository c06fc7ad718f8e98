/* SPDX-License-Identifier: BSD-2-Clause */
#include "fpu.h"

#include "vcpu_object.h"
#include <x86/control.h>
#include <x86/insn.h>

/* FXSAVE area of registers that hold nothing: SDM vol 1 8.1.5, 11.6.4. */
static const struct {
    uint16_t fcw;
    uint8_t reserved[22];
    uint32_t mxcsr;
    uint8_t registers[512 - 28];
} __attribute__((aligned(16))) clear = {.fcw = 0x037f, .mxcsr = 0x1f80};

bool fpu_make_room(struct cpu *cpu, const struct vcpu *vcpu)
{
    bool any = false;

    if (cpu->fpu_thread != NULL) {
        x86_clts();
        x86_fxsave(cpu->fpu_thread->fpu);
        cpu->fpu_thread = NULL;
        any = true;
    }
    if (cpu->engine.fpu_owner != NULL && cpu->engine.fpu_owner != vcpu) {
        x86_clts();
        vcpu_fpu_save(cpu->engine.fpu_owner);
        any = true;
    }
    return any;
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
    bool handles = owner != NULL && thread->execution.caller == &vcpu_object_of(owner)->execution;
    uint64_t cr0;

    if (cpu->fpu_thread == thread) {
        return;
    }
    if (fpu_make_room(cpu, handles ? owner : NULL)) {
        x86_clts();
        x86_fxrstor(&clear);
    }
    cr0 = x86_read_cr0();
    if ((cr0 & X86_CR0_TS) == 0) {
        x86_write_cr0(cr0 | X86_CR0_TS);
    }
}
