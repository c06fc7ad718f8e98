/* SPDX-License-Identifier: BSD-2-Clause */
/* What is constant of a board: the server answers it in the client's place (NACELLE_VM_ANSWER). */
#ifndef VMM_ANSWERS_H
#define VMM_ANSWERS_H

#include <vmm/pc.h>

#define VMM_ANSWERS_MAX 96 /* so many the server takes for a VM */

struct vmm_answer {
    uint32_t kind; /* NACELLE_ANSWER_* */
    uint32_t number, subleaf;
    uint32_t registers[4]; /* eax, ebx, ecx, edx */
};

/*
 * Lists CPUID leaves that do not depend on CR4 or XCR0 (and, with several CPUs, not on who asks),
 * constant MSRs, and the port of POST codes. Returns how many. What does not fit is left out: its
 * exits come to the client.
 */
unsigned vmm_answers_list(const struct vmm_pc *pc, struct vmm_answer answers[VMM_ANSWERS_MAX]);

/*
 * Installs them in a VM, and opens the MSRs that the engine switches, so that they do not exit.
 * After the client has made its own changes to CPUID and MSRs. What the server refuses, because the
 * processor lacks it, exits as before.
 */
void vmm_answers_install(uint64_t vm, const struct vmm_pc *pc);

#endif
