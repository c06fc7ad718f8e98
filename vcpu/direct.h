/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two back ends of the direct way share: where the guest goes on, record and message. */
#ifndef VCPU_INTERNAL_DIRECT_H
#define VCPU_INTERNAL_DIRECT_H

#include <nacelle/message.h>
#include <x86/control.h>
#include <x86/general_registers.h>

#include "internal.h"

/* Where a guest stands at an exit. */
struct vcpu_direct_point {
    uint64_t rip, rflags;
    uint32_t length; /* of the instruction, 0 when the processor does not tell */
    bool shadow;     /* of STI or MOV SS */
};

/* An exit that is short to tell; value is the gpa when the kind has one. */
struct vcpu_direct_exit {
    uint32_t kind;
    uint32_t number, flags;
    uint32_t detail, size;
    uint64_t value;
    uint64_t reason; /* raw */
};

/* What the message of an exit has in registers. */
struct vcpu_direct_message {
    uint64_t tag;
    uint64_t words[NACELLE_MESSAGE_REGISTERS];
};

#ifdef NACELLE_HOST
_Noreturn void vcpu_direct_leave(struct vcpu *vcpu, const struct vcpu_direct_message *message);
#define VCPU_DIRECT_LEAVE(label, vcpu, message) vcpu_direct_leave(vcpu, message)
#else
/* Registers that a C function keeps: what the compiler had there is not the client's business. */
#ifdef VCPU_DIRECT_KEEPS_REGISTERS
#define VCPU_DIRECT_CLEAR ""
#else
#define VCPU_DIRECT_CLEAR    \
    "xor %%ebx, %%ebx\n\t"   \
    "xor %%ebp, %%ebp\n\t"   \
    "xor %%r12d, %%r12d\n\t" \
    "xor %%r13d, %%r13d\n\t" \
    "xor %%r14d, %%r14d\n\t" \
    "xor %%r15d, %%r15d\n\t"
#endif

/* To a label of the host, on its stack, the message in the registers of one. A host that never arms
 * a vCPU need not have it. */
#define VCPU_DIRECT_LEAVE(label, vcpu, message)                                            \
    do {                                                                                   \
        register uint64_t r8 __asm__("r8") = (message)->words[0];                          \
        register uint64_t r9 __asm__("r9") = (message)->words[1];                          \
        register uint64_t r10 __asm__("r10") = (message)->words[2];                        \
                                                                                           \
        __asm__ volatile(".weak " label "\n\t"                                             \
                         "mov %0, %%rsp\n\t" VCPU_DIRECT_CLEAR "jmp " label                \
                         :                                                                 \
                         : "m"((vcpu)->host_stack), "S"((message)->tag), "r"(r8), "r"(r9), \
                           "r"(r10), "a"((message)->words[3])                              \
                         : "memory");                                                      \
        __builtin_unreachable();                                                           \
    } while (0)
#endif

/* The low half of a general register, read as such. */
static inline __attribute__((always_inline)) uint32_t low_half(const uint64_t *reg)
{
    uint32_t value;

    __builtin_memcpy(&value, reg, sizeof(value));
    return value;
}

/*
 * Notes where the guest goes on. false: not in the direct way, as going on is more than adding the
 * length (advance.h), and nothing has changed. RF is set by faults alone, so not where the exit is
 * by an instruction, whose length the processor tells.
 */
static inline __attribute__((always_inline)) bool
vcpu_direct_plan(struct vcpu *vcpu, const struct vcpu_direct_point *at, bool by_instruction)
{
    uint32_t hindrance = by_instruction ? X86_RFLAGS_TF | X86_RFLAGS_RF : X86_RFLAGS_TF;
    uint32_t low;

    if (at->shadow || (at->rflags & hindrance) != 0 ||
        __builtin_add_overflow((uint32_t)at->rip, at->length, &low))
        return false; /* overflow: beyond 4 GiB the mode matters */
    vcpu->next_rip = at->rip + at->length;
    vcpu->exit_length = at->length;
    return true;
}

/* Two neighbours in the record, written as one. */
static inline __attribute__((always_inline)) uint64_t vcpu_direct_pair(uint32_t *at, uint32_t low,
                                                                       uint32_t high)
{
    uint64_t both = low | (uint64_t)high << 32;

    __builtin_memcpy(at, &both, sizeof(both));
    return both;
}

/* Fills in the part of the record that all exits have, and the message. */
static inline __attribute__((always_inline)) struct vcpu_direct_message
vcpu_direct_record(struct nacelle_vcpu_state *state, const struct vcpu_direct_exit *exit,
                   const struct vcpu_direct_point *at)
{
    struct nacelle_exit *record = &state->exit;

    record->kind = exit->kind;
    record->instruction_length = at->length;
    record->raw_reason = exit->reason;
    state->rip = at->rip;
    state->rflags = at->rflags;
    state->valid = NACELLE_GROUP_IP;
    return (struct vcpu_direct_message){
        .tag = nacelle_tag(exit->kind, 4) | NACELLE_TAG_KERNEL | NACELLE_TAG_CALL,
        .words = {vcpu_direct_pair(&record->number, exit->number, exit->flags), exit->value,
                  vcpu_direct_pair(&record->detail, exit->detail, exit->size), at->rip},
    };
}

#endif
