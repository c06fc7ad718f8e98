/* SPDX-License-Identifier: BSD-2-Clause */
/* Which check of the VMCB fails at an entry. Pure. */
#ifndef VCPU_SVM_CHECK_H
#define VCPU_SVM_CHECK_H

#include <nacelle/check.h>
#include <stdbool.h>
#include <stdint.h>
#include <x86/svm_vmcb.h>

/* What the processor can, as far as the checks depend on it. */
struct svm_check_limits {
    uint64_t cr4_allowed;
    uint64_t efer_allowed;
    uint32_t physical_bits;
};

/* NACELLE_CHECK_* of the first check that fails, in the order of the manual; 0 when none does. */
uint32_t svm_check(const struct svm_vmcb *vmcb, const struct svm_check_limits *limits);

#endif
