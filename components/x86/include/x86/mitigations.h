/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Mitigations of transient execution: which are compiled in, and which the processor can carry out.
 *
 * Intel SDM vol. 4, 2.1, and the guidance to which it refers (Microarchitectural Data Sampling; L1
 * Terminal Fault; Speculative Execution Side Channel Mitigations); AMD, Software Techniques for
 * Managing Speculation. The sequences themselves are in mitigations_asm.h.
 */

#ifndef X86_MITIGATIONS_H
#define X86_MITIGATIONS_H

/* 1: compiled in. The build says so (settings.cmake); one that says nothing has none. */
#ifndef NACELLE_MITIGATE_MDS
#define NACELLE_MITIGATE_MDS 0
#endif
#ifndef NACELLE_MITIGATE_L1D
#define NACELLE_MITIGATE_L1D 0
#endif
#ifndef NACELLE_MITIGATE_IBPB
#define NACELLE_MITIGATE_IBPB 0
#endif
#ifndef NACELLE_MITIGATE_RSB
#define NACELLE_MITIGATE_RSB 0
#endif

/* In sets of them. */
#define X86_MITIGATION_MDS  0x1 /* VERW clears buffers */
#define X86_MITIGATION_L1D  0x2 /* IA32_FLUSH_CMD flushes the first-level data cache */
#define X86_MITIGATION_IBPB 0x4 /* IA32_PRED_CMD makes a barrier for indirect branches */
#define X86_MITIGATION_RSB  0x8 /* 32 calls fill the return stack buffer */

/* Those compiled in. */
#define X86_MITIGATIONS                                                                      \
    (NACELLE_MITIGATE_MDS * X86_MITIGATION_MDS + NACELLE_MITIGATE_L1D * X86_MITIGATION_L1D + \
     NACELLE_MITIGATE_IBPB * X86_MITIGATION_IBPB + NACELLE_MITIGATE_RSB * X86_MITIGATION_RSB)

#ifndef __ASSEMBLER__

#include <x86/cpuid.h>

/* Those that have an effect on a processor, whether it needs them or not. */
uint32_t x86_mitigations_offered(x86_cpuid_reader reader, void *context);

#endif /* __ASSEMBLER__ */

#endif
