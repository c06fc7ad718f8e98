/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest-physical memory as the VMM sees it. */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#define VMM_MEMORY_REGIONS_MAX 8

struct vmm_memory_region {
    uint64_t gpa, size; /* bytes */
    uint8_t *bytes;     /* where the VMM has it mapped */
    bool writable;
};

struct vmm_memory {
    unsigned count;
    struct vmm_memory_region regions[VMM_MEMORY_REGIONS_MAX];
};

/* False when the table is full, or the region is empty, ends beyond 2^64, or overlaps another. */
bool vmm_memory_add(struct vmm_memory *memory, uint64_t gpa, uint64_t size, void *bytes,
                    bool writable);

/* The bytes of [gpa, gpa + size), which must lie in one region (and a writable one if `write`);
 * else NULL. Whatever a guest names goes through here. */
uint8_t *vmm_memory_at(const struct vmm_memory *memory, uint64_t gpa, uint64_t size, bool write);

/* Copies; false, with part of it done, when not all of the range is memory. */
bool vmm_memory_read(const struct vmm_memory *memory, uint64_t gpa, void *to, uint64_t size);
bool vmm_memory_write(const struct vmm_memory *memory, uint64_t gpa, const void *from,
                      uint64_t size);

#endif
