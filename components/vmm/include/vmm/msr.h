/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest's MSR accesses that exit do: a table that a client fills. */
#ifndef VMM_MSR_H
#define VMM_MSR_H

#include <stdbool.h>
#include <stdint.h>

#define VMM_MSR_RANGES_MAX 64

enum vmm_msr_write {
    VMM_MSR_WRITE_FAULTS,
    VMM_MSR_WRITE_IGNORED,
    VMM_MSR_WRITE_KEPT, /* reads give it back; for a range, the last write to any of it */
};

/* False: the access faults (#GP). */
typedef bool vmm_msr_getter(void *device, uint32_t msr, uint64_t *value);
typedef bool vmm_msr_setter(void *device, uint32_t msr, uint64_t value);

struct vmm_msr_range {
    uint32_t first, last;
    uint64_t value; /* what reads give */
    enum vmm_msr_write write;
    vmm_msr_getter *get; /* instead of `value`, unless NULL */
    vmm_msr_setter *set; /* instead of `write`, unless NULL */
    void *device;
};

/* MSRs in none of the ranges fault (#GP), as those do that a processor does not have. */
struct vmm_msrs {
    unsigned count;
    struct vmm_msr_range ranges[VMM_MSR_RANGES_MAX];
};

/* False when the table is full, or the range is empty or overlaps another. */
bool vmm_msr_add(struct vmm_msrs *msrs, const struct vmm_msr_range *range);

/* The same; MSRs in none of the ranges fault. */
bool vmm_msr_read(const struct vmm_msrs *msrs, uint32_t msr, uint64_t *value);
bool vmm_msr_write(struct vmm_msrs *msrs, uint32_t msr, uint64_t value);

#endif
