/* SPDX-License-Identifier: BSD-2-Clause */
/* The direct way: from an exit straight to the client and back, past the host's own C code. */
#ifndef VCPU_DIRECT_H
#define VCPU_DIRECT_H

/*
 * A host may let the client that handles a vCPU's exits go back into the guest from its own
 * system-call entry, a few instructions long, and be entered again from the exit. Nothing but these
 * two runs on the CPU meanwhile; whatever else happens takes the usual way through vcpu_host_exit.
 *
 *   vcpu_direct_arm      says whether the vCPU, which has just exited, could be entered like that
 *   the system-call entry, in assembly, finds that it is the armed vCPU's client that replies, that
 *   the long at VCPU_DIRTY is 0, and jumps, r11 the struct vcpu, interrupts off, to one of
 *
 *     vcpu_direct_advance_*  go on after the instruction that exited
 *     vcpu_direct_length_*   the same, ebx its length in bytes, 1 to 15
 *     vcpu_direct_again_*    go on at the same instruction
 *
 *   _sysenter where the guest's transitions switch the MSRs of SYSENTER, _syscall where VMLOAD
 *   switches those of SYSCALL. An exit of a kind that is short to tell then goes on at
 *
 *     vcpu_host_direct_*     given by the host, in assembly
 *
 *   on the stack of the host context. The record is filled in; rsi, r8, r9, r10 and rax are tag and
 *   words of the message (nacelle/exit.h); all others may hold what the client must not know, and
 *   are for the host to clear. vcpu_host_direct_refuse_* is the host's as well: the reply cannot be
 *   carried out like this; rdi, rsi, r8 to r10, rax, rcx and rdx are as they were at the jump.
 *
 * Every other exit goes to vcpu_host_exit with the vCPU still armed: the host books the entry that
 * it did not see, and calls vcpu_direct_disarm.
 */

/* Members of the state page and of struct vcpu, as distances from the latter. */
#define VCPU_STATE_PAGE  (-0x3000)
#define VCPU_DIRTY       (VCPU_STATE_PAGE + 0x104)

#ifndef __ASSEMBLER__

#include <vcpu/vcpu.h>

_Static_assert(VCPU_STATE_PAGE == VCPU_STATE_OFFSET - VCPU_STRUCT_OFFSET, "for assembly");
_Static_assert(VCPU_DIRTY == VCPU_STATE_PAGE + (int)offsetof(struct nacelle_vcpu_state, dirty),
               "for assembly");
/*
 * Arms the vCPU, whose exit was the last thing that happened to it. false when something has to be
 * done before it can be entered (an event, a flush, state of another vCPU in the processor), when
 * HOST_CR3 is not cr3, or when the instruction that exited is single-stepped or in an interrupt
 * shadow. Nothing of the engine may be called for this CPU until it is disarmed, but for
 * vcpu_get_register and vcpu_set_register.
 */
bool vcpu_direct_arm(struct vcpu *vcpu, uint64_t cr3);
void vcpu_direct_disarm(struct vcpu *vcpu);

/* Entries that were made directly since this was called last, or since vcpu_attach. */
uint64_t vcpu_direct_take_count(struct vcpu *vcpu);

#endif
#endif
