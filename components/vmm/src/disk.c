/* SPDX-License-Identifier: BSD-2-Clause */
/* Disk images with an overlay. */
#include <runtime/string.h>
#include <stddef.h>
#include <vmm/disk.h>

void vmm_disk_init(struct vmm_disk *disk, const void *image, uint64_t size, uint32_t *places,
                   void *overlay, uint32_t capacity)
{
    *disk = (struct vmm_disk){.image = image,
                              .size = size / VMM_SECTOR * VMM_SECTOR,
                              .overlay = overlay,
                              .capacity = capacity};
    disk->places = places;
}

/* Bytes from `offset` to the end of its block, or `size` if that is less. */
static uint64_t in_block(uint64_t offset, uint64_t size)
{
    uint64_t room = VMM_DISK_BLOCK - offset % VMM_DISK_BLOCK;

    return size < room ? size : room;
}

static uint8_t *overlaid(const struct vmm_disk *disk, uint32_t place)
{
    return disk->overlay + (uint64_t)(place - 1) * VMM_DISK_BLOCK;
}

/* Copies runs of blocks that were never written at once. */
static bool read(void *context, uint64_t offset, void *to, uint64_t size)
{
    const struct vmm_disk *disk = context;
    uint8_t *target = to;

    if (offset > disk->size || size > disk->size - offset)
        return false;
    while (size) {
        uint64_t part = in_block(offset, size);
        uint32_t place = disk->capacity ? disk->places[offset / VMM_DISK_BLOCK] : 0;

        while (!place && part < size &&
               !(disk->capacity && disk->places[(offset + part) / VMM_DISK_BLOCK]))
            part += in_block(offset + part, size - part);
        memcpy(target,
               place ? overlaid(disk, place) + offset % VMM_DISK_BLOCK : disk->image + offset,
               part);
        target += part;
        offset += part;
        size -= part;
    }
    return true;
}

/* The block's copy in the overlay; NULL when that is full. */
static uint8_t *own_block(struct vmm_disk *disk, uint64_t offset, bool whole)
{
    uint64_t block = offset / VMM_DISK_BLOCK, start = block * VMM_DISK_BLOCK;
    uint64_t present = disk->size - start;
    uint8_t *bytes;

    if (disk->places[block])
        return overlaid(disk, disk->places[block]);
    if (disk->used == disk->capacity)
        return NULL;
    disk->places[block] = ++disk->used;
    bytes = overlaid(disk, disk->used);
    if (!whole)
        memcpy(bytes, disk->image + start, present < VMM_DISK_BLOCK ? present : VMM_DISK_BLOCK);
    return bytes;
}

static bool write(void *context, uint64_t offset, const void *from, uint64_t size)
{
    struct vmm_disk *disk = context;
    const uint8_t *source = from;

    if (offset > disk->size || size > disk->size - offset)
        return false;
    while (size) {
        uint64_t part = in_block(offset, size);
        uint8_t *bytes = own_block(disk, offset, part == VMM_DISK_BLOCK);

        if (!bytes)
            return false;
        memcpy(bytes + offset % VMM_DISK_BLOCK, source, part);
        source += part;
        offset += part;
        size -= part;
    }
    return true;
}

struct vmm_blk_store vmm_disk_store(struct vmm_disk *disk)
{
    return (struct vmm_blk_store){.sectors = disk->size / VMM_SECTOR,
                                  .read_only = !disk->capacity,
                                  .read = read,
                                  .write = write,
                                  .context = disk};
}
