/* SPDX-License-Identifier: BSD-2-Clause */
/* MSRs with constant values: what system software takes for granted on a processor with the CPUID
 * that guests are shown. */
#ifndef VMM_MSR_POLICY_H
#define VMM_MSR_POLICY_H

#include <vmm/cpuid.h>
#include <vmm/msr.h>

/* Adds those of the vendor that CPUID names. False when the table is full. */
bool vmm_msr_policy_add(struct vmm_msrs *msrs, const struct vmm_cpuid *cpuid);

#endif
