/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU as the VMM sees it, and what its exits do. */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include <nacelle/vcpu_state.h>
#include <stdbool.h>
#include <stdint.h>
#include <vmm/emulator.h>
#include <vmm/pc.h>
#include <vmm/statistics.h>

/* What is to happen with the vCPU after an exit. */
enum vmm_action {
    VMM_ADVANCE, /* go on after the instruction */
    VMM_AGAIN,   /* execute the instruction (again) */
    VMM_HALT,    /* HLT: wait for an interrupt, then go on after the instruction */
    VMM_STOP,    /* for good; vcpu->problem says why, or is empty when the VMM is satisfied */
};

#define VMM_PROBLEM_MAX 120

struct vmm_vcpu {
    struct nacelle_vcpu_state *state;
    struct vmm_pc *pc;
    struct vmm_lapic *lapic; /* one of the board's */
    uint64_t capability;
    /* Brings groups of state into the state page. */
    void (*fetch)(struct vmm_vcpu *vcpu, uint32_t groups);

    /* An exception that the handler of an exit wants delivered: NACELLE_EVENT_*, or 0. */
    uint32_t exception;
    uint32_t exception_error;

    uint64_t tsc_offset; /* as the engine has it; the guest's wish is lapic->tsc_offset */
    uint64_t apic_page;  /* slot of the frame with lapic's registers, 0: it is for us alone */
    bool virtual_apic;   /* the processor has it now */
    int offered;         /* the interrupt that waits in the engine (vmm/interrupts.h), or -1 */
    bool runs;           /* not waiting for a reply */
    bool halted;
    uint64_t halted_at; /* TSC */
    bool wakes;         /* an NMI was injected, which ends HLT */
    bool stopped;
    bool done; /* set by a device or the client: stop at the next opportunity, satisfied */
    char problem[VMM_PROBLEM_MAX];
    struct vmm_statistics statistics;
    struct vmm_decoded decoded;
};

/* Handles the exit in the state page. Changes registers and devices, and makes no system calls
 * but through vcpu->fetch. */
enum vmm_action vmm_handle_exit(struct vmm_vcpu *vcpu);

#endif
