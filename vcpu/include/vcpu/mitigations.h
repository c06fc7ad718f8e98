/* SPDX-License-Identifier: BSD-2-Clause */
/* Which mitigations act: for the engine's entries and exits, and for the host's own ways. */
#ifndef VCPU_MITIGATIONS_H
#define VCPU_MITIGATIONS_H

#include <x86/mitigations.h>

#ifndef __ASSEMBLER__

#include <x86/insn.h>
#include <x86/msr.h>

/*
 * Of those compiled in, the ones that the processor offers: X86_MITIGATION_*. vcpu_cpu_enable sets
 * it, once for all CPUs. Here, and in no vcpu_cpu, so that assembly finds it from everywhere.
 *
 * The engine clears buffers and flushes the L1 data cache before an entry, and fills the return
 * stack after an exit. When the CPU goes from one domain to another the host knows: the barrier for
 * the branch predictors is the host's, but in the direct way.
 */
extern uint32_t vcpu_mitigations;

/* Selects a writable data segment: the host's SS. */
extern uint16_t vcpu_mitigations_segment;

/* What ran before does not steer the indirect branches of what runs from here on. */
static inline __attribute__((always_inline)) void vcpu_predictor_barrier(void)
{
    if (NACELLE_MITIGATE_IBPB && (vcpu_mitigations & X86_MITIGATION_IBPB) != 0)
        x86_wrmsr(X86_MSR_PRED_CMD, X86_PRED_CMD_IBPB);
}

#endif
#endif
