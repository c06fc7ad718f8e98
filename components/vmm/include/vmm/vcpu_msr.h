/* SPDX-License-Identifier: BSD-2-Clause */
/* MSRs that are state of the vCPU, and so in its state page: those that exits tell of because they
 * are not open to the guest (NACELLE_VM_OPEN_MSR), or not for writing. */
#ifndef VMM_VCPU_MSR_H
#define VMM_VCPU_MSR_H

#include <vmm/vcpu.h>

enum vmm_msr_result {
    VMM_MSR_DONE,
    VMM_MSR_FAULTS, /* #GP */
    VMM_MSR_OTHER,  /* it is none of these: the board's table has it, or nobody */
};

/* Fetch groups of the state page and mark them dirty. */
enum vmm_msr_result vmm_vcpu_msr_read(struct vmm_vcpu *vcpu, uint32_t msr, uint64_t *value);
enum vmm_msr_result vmm_vcpu_msr_write(struct vmm_vcpu *vcpu, uint32_t msr, uint64_t value);

/* XSETBV: false when it faults (#GP; SDM vol. 1, 13.3). */
bool vmm_vcpu_set_xcr(struct vmm_vcpu *vcpu, uint32_t number, uint64_t value);

#endif
