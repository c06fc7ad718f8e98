/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of memory-mapped devices. */
#include <stddef.h>
#include <vmm/mmio.h>

bool vmm_mmio_add(struct vmm_mmio *mmio, const struct vmm_mmio_range *range)
{
    uint64_t last = range->address + range->size - 1;

    if (mmio->count == VMM_MMIO_RANGES_MAX || !range->size || last < range->address)
        return false;
    for (unsigned i = 0; i < mmio->count; i++) {
        const struct vmm_mmio_range *other = &mmio->ranges[i];

        if (range->address <= other->address + other->size - 1 && other->address <= last)
            return false;
    }
    mmio->ranges[mmio->count++] = *range;
    return true;
}

void vmm_mmio_remove(struct vmm_mmio *mmio, uint64_t address)
{
    for (unsigned i = 0; i < mmio->count; i++) {
        if (mmio->ranges[i].address == address) {
            mmio->ranges[i] = mmio->ranges[--mmio->count];
            break;
        }
    }
}

const struct vmm_mmio_range *vmm_mmio_find(const struct vmm_mmio *mmio, uint64_t address,
                                           unsigned size)
{
    for (unsigned i = 0; i < mmio->count; i++) {
        const struct vmm_mmio_range *range = &mmio->ranges[i];

        if (address >= range->address && size <= range->size &&
            address - range->address <= range->size - size)
            return range;
    }
    return NULL;
}

static uint64_t all_ones(unsigned size)
{
    return size >= 8 ? UINT64_MAX : (1ull << size * 8) - 1;
}

uint64_t vmm_mmio_read_at(const struct vmm_mmio *mmio, uint64_t address, unsigned size)
{
    const struct vmm_mmio_range *range = vmm_mmio_find(mmio, address, size);

    if (!range || !range->read)
        return all_ones(size);
    return range->read(range->device, address - range->address, size) & all_ones(size);
}

void vmm_mmio_write_at(const struct vmm_mmio *mmio, uint64_t address, unsigned size, uint64_t value)
{
    const struct vmm_mmio_range *range = vmm_mmio_find(mmio, address, size);

    if (range && range->write)
        range->write(range->device, address - range->address, size, value & all_ones(size));
}
