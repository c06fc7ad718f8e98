/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose code the branch predictors have learnt from. With NacelleMitigateIbpb no address space and
 * no guest runs on what another one taught them: a barrier comes before.
 *
 * A domain is an address space, named by its root, or the guest of a VM, named by struct vm. The
 * fast path keeps no books: it makes its barriers wherever it changes the domain (entry.S), but for
 * one. Into a guest whose exit was just answered there is none, for the client that answers has
 * authority over the guest, and nobody else has run.
 */
#ifndef SERVER_PREDICTORS_H
#define SERVER_PREDICTORS_H

#include "cpu.h"
#include <vcpu/mitigations.h>

#define PREDICTORS_NOBODY 0

/* This domain runs on the CPU, or has run, by the fast path. */
static inline void predictors_learn(struct cpu *cpu, uint64_t domain)
{
    if (NACELLE_MITIGATE_IBPB) {
        cpu->predictors = domain;
    }
}

/* This domain is about to run. */
static inline void predictors_change(struct cpu *cpu, uint64_t domain)
{
    if (!NACELLE_MITIGATE_IBPB || cpu->predictors == domain) {
        return;
    }
    predictors_learn(cpu, domain);
    vcpu_predictor_barrier();
}

/* The domain goes away, and another one may get its name. */
static inline void predictors_forget(struct cpu *cpu, uint64_t domain)
{
    if (NACELLE_MITIGATE_IBPB && cpu->predictors == domain) {
        cpu->predictors = PREDICTORS_NOBODY;
    }
}

#endif
