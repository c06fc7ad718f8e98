/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose FPU state is in the registers, and who may run with it there. */
#ifndef SERVER_FPU_H
#define SERVER_FPU_H

#include "cpu.h"
#include "thread.h"

/*
 * Before a thread runs. A guest's registers stay loaded, behind CR0.TS, while the thread that
 * handles its exit runs: a client has authority over its guest anyway. Anyone else finds registers
 * that hold nothing of others: they are saved and cleared at once, never on demand (CVE-2018-3665).
 * A thread's own state is loaded when it uses the FPU (#NM), which many never do.
 */
void fpu_for_thread(struct cpu *cpu, struct thread *thread);

/* The thread that runs behind CR0.TS uses the FPU (#NM). */
void fpu_load_thread(struct cpu *cpu, struct thread *thread);

/* Before a guest is entered: everyone else's state is saved. Whether there was any. */
bool fpu_make_room(struct cpu *cpu, const struct vcpu *vcpu);

#endif
