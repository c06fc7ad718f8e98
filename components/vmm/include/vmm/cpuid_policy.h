/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of each CPUID feature of the machine in a guest. */
#ifndef VMM_CPUID_POLICY_H
#define VMM_CPUID_POLICY_H

#include <stdint.h>
#include <x86/cpuid.h>

enum vmm_cpuid_rule {
    VMM_CPUID_UNDECIDED, /* a feature that is new in components/x86: hidden, and a test fails */
    VMM_CPUID_PASS,      /* the guest has it if the machine has */
    VMM_CPUID_GIVE,      /* the guest has it always */
    VMM_CPUID_HIDE,
};

/* An enum vmm_cpuid_rule for each feature. Those that components/x86 does not name are hidden. */
extern const uint8_t vmm_cpuid_rules[X86_FEATURE_COUNT];

#endif
