/* SPDX-License-Identifier: BSD-2-Clause */
/* The SVM back end's part of struct vcpu. */
#ifndef VCPU_SVM_PART_H
#define VCPU_SVM_PART_H

#include <stdbool.h>
#include <stdint.h>

struct svm_part {
    uint64_t asid_generation; /* of the CPU's ASIDs; 0: none assigned */

    /* A software event was injected with RIP moved on: where the instruction was. */
    uint64_t soft_rip;
    uint32_t soft_length; /* 0: no */
    uint32_t soft_vector;

    /* NACELLE_ACTIVITY_*, which the processor has no field for. */
    uint32_t activity;
    bool hlt_exits; /* to the client; else the vCPU halts */
    bool idled;     /* in place of the last entry the host halted */

    uint64_t pending_debug; /* causes of a #DB that is due, as in DR6 */

    bool nmi_blocked; /* from the injection of an NMI to the end of IRET */
    bool iret_seen;   /* IRET is being executed, at iret_rip: if that ends, NMIs are unblocked */
    bool virtual_interrupt; /* the event is injected as a virtual interrupt: QEMU, run.c */
    bool stepping; /* RFLAGS.TF was set by the engine, to get control after one instruction */
    bool step_tf;  /* and was set by the guest too */
    uint64_t iret_rip;

    bool lme_kept;  /* EFER.LME is the guest's, but not in the VMCB: lme.c */
    bool cr0_write; /* the guest is about to write CR0, and is to be let */
    bool cr0_open;  /* it was */
};

#endif
