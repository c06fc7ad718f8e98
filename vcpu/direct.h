/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two back ends of the direct way share: where the guest goes on, and the record. */
#ifndef VCPU_INTERNAL_DIRECT_H
#define VCPU_INTERNAL_DIRECT_H

#include <nacelle/message.h>

#include "internal.h"

/* Where a guest stands at an exit. */
struct vcpu_direct_point {
    uint64_t rip, rflags;
    uint32_t length; /* of the instruction, 0 when the processor does not tell */
    bool shadow;     /* of STI or MOV SS */
};

/* Notes where the guest goes on after the exit; false: not in the direct way. */
bool vcpu_direct_plan(struct vcpu *vcpu, const struct vcpu_direct_point *at);

/* What the exit code gets back in rax and rdx: tag and word 1 of the message; tag 0: the exit is to
 * take the usual way, and nothing has changed. */
struct vcpu_direct_message {
    uint64_t tag;
    uint64_t word;
};

/* Called by the exit code of an armed vCPU, all general registers saved. */
struct vcpu_direct_message vmx_direct_exit(struct vcpu *vcpu);
struct vcpu_direct_message svm_direct_exit(struct vcpu *vcpu);

/* What an exit is made of that is short to tell. */
struct vcpu_direct_exit {
    uint32_t kind;
    uint32_t number, flags;
    uint32_t detail, size;
    uint64_t reason; /* raw */
    uint64_t word;   /* value, or gpa when the kind has one */
};

/* Two neighbours in the record, written as one. */
static inline void vcpu_direct_pair(uint32_t *at, uint32_t low, uint32_t high)
{
    uint64_t both = low | (uint64_t)high << 32;

    __builtin_memcpy(at, &both, sizeof(both));
}

/* Fills in the part of the record that all exits have. */
static inline struct vcpu_direct_message vcpu_direct_record(struct nacelle_vcpu_state *state,
                                                            const struct vcpu_direct_exit *exit,
                                                            const struct vcpu_direct_point *at)
{
    struct nacelle_exit *record = &state->exit;

    vcpu_direct_pair(&record->kind, exit->kind, at->length);
    vcpu_direct_pair(&record->number, exit->number, exit->flags);
    vcpu_direct_pair(&record->detail, exit->detail, exit->size);
    record->raw_reason = exit->reason;
    state->rip = at->rip;
    state->rflags = at->rflags;
    state->valid = NACELLE_GROUP_IP;
    return (struct vcpu_direct_message){
        .tag = nacelle_tag(exit->kind, 4) | NACELLE_TAG_KERNEL | NACELLE_TAG_CALL,
        .word = exit->word,
    };
}

#endif
