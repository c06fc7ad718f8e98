/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest-physical memory. */
#include <runtime/string.h>
#include <stddef.h>
#include <vmm/memory.h>

bool vmm_memory_add(struct vmm_memory *memory, uint64_t gpa, uint64_t size, void *bytes,
                    bool writable)
{
    uint64_t last = gpa + size - 1;

    if (memory->count == VMM_MEMORY_REGIONS_MAX || !size || last < gpa)
        return false;
    for (unsigned i = 0; i < memory->count; i++) {
        const struct vmm_memory_region *other = &memory->regions[i];

        if (gpa <= other->gpa + other->size - 1 && other->gpa <= last)
            return false;
    }
    memory->regions[memory->count++] = (struct vmm_memory_region){gpa, size, bytes, writable};
    return true;
}

static const struct vmm_memory_region *find(const struct vmm_memory *memory, uint64_t gpa)
{
    for (unsigned i = 0; i < memory->count; i++)
        if (gpa >= memory->regions[i].gpa && gpa - memory->regions[i].gpa < memory->regions[i].size)
            return &memory->regions[i];
    return NULL;
}

uint8_t *vmm_memory_at(const struct vmm_memory *memory, uint64_t gpa, uint64_t size, bool write)
{
    const struct vmm_memory_region *region = find(memory, gpa);

    if (!region || size > region->size - (gpa - region->gpa) || (write && !region->writable))
        return NULL;
    return region->bytes + (gpa - region->gpa);
}

/* Bytes of the range that lie in the region that its first byte lies in; 0 without one. */
static uint64_t contiguous(const struct vmm_memory *memory, uint64_t gpa, uint64_t size)
{
    const struct vmm_memory_region *region = find(memory, gpa);
    uint64_t room = region ? region->size - (gpa - region->gpa) : 0;

    return size < room ? size : room;
}

bool vmm_memory_read(const struct vmm_memory *memory, uint64_t gpa, void *to, uint64_t size)
{
    uint8_t *target = to;

    while (size) {
        uint64_t part = contiguous(memory, gpa, size);

        if (!part)
            return false;
        memcpy(target, vmm_memory_at(memory, gpa, part, false), part);
        gpa += part;
        target += part;
        size -= part;
    }
    return true;
}

bool vmm_memory_write(const struct vmm_memory *memory, uint64_t gpa, const void *from,
                      uint64_t size)
{
    const uint8_t *source = from;

    while (size) {
        uint64_t part = contiguous(memory, gpa, size);
        uint8_t *target = vmm_memory_at(memory, gpa, part, true);

        if (!part || !target)
            return false;
        memcpy(target, source, part);
        gpa += part;
        source += part;
        size -= part;
    }
    return true;
}
