/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two back ends of the direct way share: where the guest goes on, record and message. */
#ifndef VCPU_INTERNAL_DIRECT_H
#define VCPU_INTERNAL_DIRECT_H

#include <nacelle/message.h>
#include <vcpu/accounting.h>
#include <vcpu/mitigations.h>
#include <x86/control.h>
#include <x86/general_registers.h>
#include <x86/user_return.h>

#include "internal.h"

/* Where a guest stands at an exit. */
struct vcpu_direct_point {
    uint64_t rip, rflags;
    uint64_t length; /* of the instruction, 0 when the processor does not tell */
};

/* An exit that is short to tell; value is the gpa when the kind has one. */
struct vcpu_direct_exit {
    uint32_t kind;
    uint64_t number, flags; /* 32 bits each, as the message has them */
    uint64_t detail, size;
    uint64_t value;
    uint64_t reason; /* raw */
};

/* What the message of an exit has in registers. */
struct vcpu_direct_message {
    uint64_t tag;
    uint64_t words[NACELLE_MESSAGE_REGISTERS];
};

#ifdef NACELLE_HOST
_Noreturn void vcpu_direct_leave(const struct vcpu_direct_message *message);
#define VCPU_DIRECT_USUAL_WAY(label, vcpu) label(vcpu)
#define VCPU_DIRECT_LEAVE(by, pair, message, c, d, in_r11) \
    ((void)(pair), vcpu_direct_leave(message))
#else
/* A jump: nothing comes back, and the stack begins anew there. */
#define VCPU_DIRECT_USUAL_WAY(label, vcpu)                        \
    do {                                                          \
        __asm__ volatile("jmp " #label : : "D"(vcpu) : "memory"); \
        __builtin_unreachable();                                  \
    } while (0)

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

/* clang-format off */
#define VCPU_DIRECT_SYSEXIT X86_STRING(X86_RETURN_BY_SYSEXIT(%[selector]))
/* rdx is the pair until the client's stack pointer is loaded, and 0 then. */
#define VCPU_DIRECT_SYSRET                                  \
    "mov " X86_STRING(VCPU_PAIR_RSP) "(%%rdx), %%rsp\n\t"   \
    "xor %%edx, %%edx\n\t"                                  \
    X86_STRING(X86_RETURN_BY_SYSRET(%[selector]))
/* clang-format on */

/* To the client of the pair, by one of these, which want c, d and in_r11 in rcx, rdx and r11; the
 * message in the registers of one. */
#define VCPU_DIRECT_LEAVE(by, pair, message, c, d, in_r11)                                      \
    do {                                                                                        \
        register uint64_t r8 __asm__("r8") = (message)->words[0];                               \
        register uint64_t r9 __asm__("r9") = (message)->words[1];                               \
        register uint64_t r10 __asm__("r10") = (message)->words[2];                             \
        register uint64_t r11 __asm__("r11") = (in_r11);                                        \
                                                                                                \
        __asm__ volatile(VCPU_DIRECT_CLEAR by                                                   \
                         :                                                                      \
                         : "D"((pair)->badge), "S"((message)->tag), "r"(r8), "r"(r9), "r"(r10), \
                           "a"((message)->words[3]), "c"(c), "d"(d),                            \
                           "r"(r11), [selector] "m"(vcpu_mitigations_segment)                   \
                         : "memory");                                                           \
        __builtin_unreachable();                                                                \
    } while (0)
#endif

/* This CPU's, of which the vCPU is one. */
static inline __attribute__((always_inline)) struct vcpu_direct_pair *
vcpu_direct_pair_of(const struct vcpu *vcpu)
{
    return (struct vcpu_direct_pair *)vcpu->host_stack;
}

/* The low half of a general register, read as such. */
static inline __attribute__((always_inline)) uint64_t low_half(const uint64_t *reg)
{
    uint32_t value;

    __builtin_memcpy(&value, reg, sizeof(value));
    return value;
}

/*
 * Flags with which going on is more than adding the length (advance.h). RF is set by faults alone,
 * so not where the exit is by an instruction, whose length the processor tells.
 */
static inline __attribute__((always_inline)) uint64_t vcpu_direct_hindrance(bool by_instruction)
{
    return by_instruction ? X86_RFLAGS_TF | X86_RFLAGS_RF : X86_RFLAGS_TF;
}

/* Notes where the guest goes on. false: not in the direct way, and nothing has changed. */
static inline __attribute__((always_inline)) bool
vcpu_direct_plan(struct vcpu *vcpu, const struct vcpu_direct_point *at)
{
    uint64_t next = at->rip + at->length;

    __asm__("" : "+r"(next)); /* the compiler would add once more, for the carry */
    if ((uint32_t)next < (uint32_t)at->length)
        return false; /* beyond 4 GiB the mode matters */
    vcpu->next_rip = next;
    vcpu->exit_length = (uint32_t)at->length;
    return true;
}

/* Two neighbours in the record, written as one. */
static inline __attribute__((always_inline)) uint64_t vcpu_direct_both(uint32_t *at, uint64_t low,
                                                                       uint64_t high)
{
    uint64_t both = low | high << 32;

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
    record->instruction_length = (uint32_t)at->length;
    record->raw_reason = exit->reason;
    state->rip = at->rip;
    state->rflags = at->rflags;
    state->valid = NACELLE_GROUP_IP;
    return (struct vcpu_direct_message){
        .tag = nacelle_tag(exit->kind, 4) | NACELLE_TAG_KERNEL | NACELLE_TAG_CALL,
        .words = {vcpu_direct_both(&record->number, exit->number, exit->flags), exit->value,
                  vcpu_direct_both(&record->detail, exit->detail, exit->size), at->rip},
    };
}

#endif
