/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory type range registers (SDM vol. 3, 11.11). They are kept, and have no effect: a guest's
 * memory is write-back, and what its PAT says still counts. Linux wants them: without them it does
 * not use its PAT either.
 */
#ifndef VMM_MTRR_H
#define VMM_MTRR_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/msr.h>

#define VMM_MTRR_VARIABLE 8
#define VMM_MTRR_FIXED    11

struct vmm_mtrr {
    uint64_t default_type;                    /* IA32_MTRR_DEF_TYPE */
    uint64_t variable[2 * VMM_MTRR_VARIABLE]; /* base and mask of each */
    uint64_t fixed[VMM_MTRR_FIXED];           /* by ascending address */
    uint64_t address_bits;                    /* bits that physical addresses have */
};

/* As firmware leaves them to a kernel: enabled, all memory write-back, no ranges. */
void vmm_mtrr_init(struct vmm_mtrr *mtrr, unsigned physical_bits);

/* False when the table is full. */
bool vmm_mtrr_add(struct vmm_mtrr *mtrr, struct vmm_msrs *msrs);

#endif
