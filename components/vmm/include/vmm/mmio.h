/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory-mapped devices: which device answers at which guest-physical address. */
#ifndef VMM_MMIO_H
#define VMM_MMIO_H

#include <stdbool.h>
#include <stdint.h>

#define VMM_MMIO_RANGES_MAX 32

/* `offset` counts from the start of the range; `size` is 1, 2, 4 or 8 bytes. */
typedef uint64_t vmm_mmio_read(void *device, uint64_t offset, unsigned size);
typedef void vmm_mmio_write(void *device, uint64_t offset, unsigned size, uint64_t value);

struct vmm_mmio_range {
    uint64_t address, size; /* bytes */
    vmm_mmio_read *read;
    vmm_mmio_write *write;
    void *device;
};

struct vmm_mmio {
    unsigned count;
    struct vmm_mmio_range ranges[VMM_MMIO_RANGES_MAX];
};

/* False when the table is full, or the range is empty, ends beyond 2^64, or overlaps another. */
bool vmm_mmio_add(struct vmm_mmio *mmio, const struct vmm_mmio_range *range);

/* Takes away the range that begins at `address`, if there is one. */
void vmm_mmio_remove(struct vmm_mmio *mmio, uint64_t address);

/* The range that holds all of [address, address + size), or NULL. */
const struct vmm_mmio_range *vmm_mmio_find(const struct vmm_mmio *mmio, uint64_t address,
                                           unsigned size);

/* What a guest's access does; addresses of no device read all ones and ignore writes. */
uint64_t vmm_mmio_read_at(const struct vmm_mmio *mmio, uint64_t address, unsigned size);
void vmm_mmio_write_at(const struct vmm_mmio *mmio, uint64_t address, unsigned size,
                       uint64_t value);

#endif
