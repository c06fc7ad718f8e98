/* SPDX-License-Identifier: BSD-2-Clause */
/* Going on after an instruction that a client carried out. Pure. */
#ifndef VCPU_ADVANCE_H
#define VCPU_ADVANCE_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu_progress {
    uint64_t rip;
    uint64_t rflags;
    uint64_t debugctl;      /* looked at with RFLAGS.TF only */
    uint64_t pending_debug; /* in the layout of SDM vol. 3, table 24-4 */
    uint32_t blocking;      /* NACELLE_BLOCKING_* */
    bool long_64;           /* 64-bit mode; looked at when RIP crosses a 4 GiB boundary only */
};

/*
 * What the processor does at the end of an instruction (SDM vol. 3, 6.8.3, 17.3.1.1, 24.4.2): RIP
 * moves on, in 32 bits outside 64-bit mode; RF and the shadow of STI and MOV SS end; with TF and
 * without BTF a single-step trap becomes pending.
 */
void vcpu_advance(struct vcpu_progress *progress, uint32_t length);

#endif
