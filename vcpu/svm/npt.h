/* SPDX-License-Identifier: BSD-2-Clause */
/* The entries of nested page tables, for the second-level tables: AMD APM vol. 2, 15.25.5. */
#ifndef VCPU_SVM_NPT_H
#define VCPU_SVM_NPT_H

#include <x86/paging.h>

#include "../slat.h"

/*
 * Ordinary page-table entries. All guest accesses count as user's. Accessed and dirty are set
 * already: nobody asks for them, and the processor need not. PCD and PWT choose entry 3 of the
 * host's PAT, uncacheable in the PAT after reset, which the host must not change (15.25.8).
 */
static const struct slat_format svm_slat_format = {
    .table = X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_USER | X86_PTE_ACCESSED,
    .read = X86_PTE_PRESENT | X86_PTE_USER | X86_PTE_ACCESSED | X86_PTE_DIRTY,
    .write = X86_PTE_WRITE,
    .no_execute = X86_PTE_NO_EXECUTE,
    .type_mask = X86_PTE_PCD | X86_PTE_PWT,
    .uncached = X86_PTE_PCD | X86_PTE_PWT,
};

#endif
