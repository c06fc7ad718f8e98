/* SPDX-License-Identifier: BSD-2-Clause */
/* The direct way: from an exit straight to the client and back, past the host's own C code. */
#ifndef VCPU_DIRECT_H
#define VCPU_DIRECT_H

/*
 * A host may let the client that handles a vCPU's exits go back into the guest from the system-call
 * entry, and be entered again from the exit, past all of its own code. The two are a *pair* then:
 * nothing else runs on the CPU meanwhile, and whatever else happens takes the usual way. The whole
 * path is in entry.S and direct.c of vmx/ and svm/.
 *
 * Each CPU has a struct vcpu_direct_pair. It lies where rsp points to when a client enters, which
 * is also the stack of the host context; a host that never arms a vCPU need not have one.
 *
 *   vcpu_direct_arm says whether the vCPU, which has just exited, could be entered like that. If so
 *   the host fills in the pair, up to advance, and returns to the client with the message of the
 *   exit.
 *
 *   vcpu_direct_sysenter, vcpu_direct_syscall are where clients enter, with interrupts off: by
 *   SYSENTER, where the guest's transitions switch the MSRs of SYSENTER, and by SYSCALL, where
 *   VMLOAD switches those of SYSCALL. On SYSENTER rsp is the pair, rcx and rdx are the client's
 *   stack pointer and return address; on SYSCALL the host has loaded rsp, rdx is the client's stack
 *   pointer and rcx the return address. A reply of the pair goes into the guest: the same rdi, the
 *   state page not dirty, and a tag that says to go on after the instruction, perhaps with its
 *   length, or to execute it again.
 *
 *   vcpu_host_sysenter, vcpu_host_syscall are the host's: all else goes on there. rbx, rbp and r11
 *   are lost.
 *
 *   An exit that is short to tell goes straight to the client, by SYSEXIT or SYSRET: the record is
 *   filled in; rdi is the badge, rsi, r8, r9, r10 and rax are tag and words of the message
 *   (nacelle/exit.h); rbx, rbp and r12 to r15 are the guest's or 0. An interrupt or fault may come
 *   on the SYSEXIT (x86/user_return.h).
 *
 *   Every other exit goes to vcpu_host_exit with the vCPU still armed: the host books the entry
 *   that it did not see, and calls vcpu_direct_disarm. From whatever side the server is entered,
 *   the pair then ends: VCPU_DIRECT_NO_VCPU takes the vCPU's place in it.
 *
 *   vcpu_direct_get_rsp_*, vcpu_direct_set_rsp_*: subroutines; rbx is an armed vCPU while its
 *   client runs, its rsp goes to r8 or comes from r9; rbp is lost.
 */

/* Members of struct vcpu_direct_pair. */
#define VCPU_PAIR_VCPU         0
#define VCPU_PAIR_RECEIVE_SLOT 8
#define VCPU_PAIR_BADGE        16
#define VCPU_PAIR_ADVANCE      24
#define VCPU_PAIR_RSP          32
#define VCPU_PAIR_RIP          40
#define VCPU_PAIR_USER_TICKS   48

/* Members of the state page and of struct vcpu, as distances from the latter. */
#define VCPU_STATE_PAGE (-0x3000)
#define VCPU_GENERAL    (VCPU_STATE_PAGE + 0x80) /* the general registers, in index order */
#define VCPU_STATE_RSP  (VCPU_STATE_PAGE + 0x118)
#define VCPU_DIRTY      (VCPU_STATE_PAGE + 0x104)

#ifndef __ASSEMBLER__

#include <vcpu/vcpu.h>

_Static_assert(VCPU_STATE_PAGE == VCPU_STATE_OFFSET - VCPU_STRUCT_OFFSET, "for assembly");
_Static_assert(VCPU_DIRTY == VCPU_STATE_PAGE + (int)offsetof(struct nacelle_vcpu_state, dirty),
               "for assembly");
_Static_assert(VCPU_STATE_RSP == VCPU_STATE_PAGE + (int)offsetof(struct nacelle_vcpu_state, rsp),
               "for assembly");

struct vcpu_direct_pair {
    struct vcpu *vcpu;     /* armed, or VCPU_DIRECT_NO_VCPU */
    uint64_t receive_slot; /* rdi of the client's reply */
    uint64_t badge;        /* rdi of the next message */
    uint64_t advance;      /* rsi of a reply with label NACELLE_RESUME_ADVANCE */
    uint64_t rsp, rip;     /* of the client, while the vCPU runs and when it exits */
    uint64_t user_ticks;   /* that this CPU has been at user level: vcpu/accounting.h */
};

#define VCPU_PAIR_OFFSET(member, offset) \
    _Static_assert(offsetof(struct vcpu_direct_pair, member) == (offset), "for assembly")

VCPU_PAIR_OFFSET(vcpu, VCPU_PAIR_VCPU);
VCPU_PAIR_OFFSET(receive_slot, VCPU_PAIR_RECEIVE_SLOT);
VCPU_PAIR_OFFSET(badge, VCPU_PAIR_BADGE);
VCPU_PAIR_OFFSET(advance, VCPU_PAIR_ADVANCE);
VCPU_PAIR_OFFSET(rsp, VCPU_PAIR_RSP);
VCPU_PAIR_OFFSET(rip, VCPU_PAIR_RIP);
VCPU_PAIR_OFFSET(user_ticks, VCPU_PAIR_USER_TICKS);

/* Where clients enter. */
extern char vcpu_direct_sysenter[], vcpu_direct_syscall[];

/* Stands for a vCPU, that nobody asks whether there is one: its state page is dirty, the only thing
 * that is looked at, so that every reply to it takes the usual way. */
extern const uint32_t vcpu_direct_dirty;
#define VCPU_DIRECT_NO_VCPU ((struct vcpu *)((uint64_t)&vcpu_direct_dirty - VCPU_DIRTY))

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
