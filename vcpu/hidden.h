/* SPDX-License-Identifier: BSD-2-Clause */
/* Hidden state that one vCPU hands over to another: the part that is on each switch's way. */
#ifndef VCPU_HIDDEN_H
#define VCPU_HIDDEN_H

#include <x86/insn.h>
#include <x86/msr.h>

#include "internal.h"

/* Writing any of them makes the processor finish all that goes before: those alone that differ. */
static inline void vcpu_debug_registers_exchange(const struct vcpu *old, const struct vcpu *vcpu)
{
    if (old->dr[0] != vcpu->dr[0])
        x86_write_dr0(vcpu->dr[0]);
    if (old->dr[1] != vcpu->dr[1])
        x86_write_dr1(vcpu->dr[1]);
    if (old->dr[2] != vcpu->dr[2])
        x86_write_dr2(vcpu->dr[2]);
    if (old->dr[3] != vcpu->dr[3])
        x86_write_dr3(vcpu->dr[3]);
}

/* Reads the MSRs back that the guest may have changed; SWAPGS does so without a permission. */
static inline void vcpu_msrs_save(struct vcpu *vcpu)
{
    const uint32_t others = ~(1u << VCPU_MSR_KERNEL_GS_BASE | 1u << VCPU_MSR_TSC_AUX);

    vcpu->msrs[VCPU_MSR_KERNEL_GS_BASE] = x86_rdmsr(X86_MSR_KERNEL_GS_BASE);
    if ((vcpu->vm->written_msrs & others) != 0)
        vcpu_msrs_save_written(vcpu, vcpu->vm->written_msrs & others);
}

/*
 * The debug registers in place of the owner's, and the vCPU is the owner from now on. old: whose
 * state is loaded, read back by the back end, which knows what its guest may have changed; or NULL.
 */
static inline void vcpu_hidden_take_over(const struct vcpu *old, struct vcpu *vcpu,
                                         struct vcpu_cpu *cpu)
{
    if (old != NULL)
        vcpu_debug_registers_exchange(old, vcpu);
    else
        vcpu_debug_registers_load(vcpu);
    cpu->state_owner = vcpu;
}

#endif
