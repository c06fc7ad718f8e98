/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk whose image is shared and read-only: what the guest writes goes into memory of the
 * client's, in blocks of 4 KiB, and is gone with it. */
#ifndef VMM_DISK_H
#define VMM_DISK_H

#include <vmm/virtio_blk.h>

#define VMM_DISK_BLOCK 4096

struct vmm_disk {
    const uint8_t *image;
    uint64_t size;     /* bytes, a multiple of 512 */
    uint32_t *places;  /* of each block of the image: 0, or 1 + its place in the overlay */
    uint8_t *overlay;  /* changed blocks */
    uint32_t capacity; /* of the overlay, in blocks */
    uint32_t used;
};

/* Elements that `places` must have for an image of `size` bytes. */
static inline uint64_t vmm_disk_places(uint64_t size)
{
    return (size + VMM_DISK_BLOCK - 1) / VMM_DISK_BLOCK;
}

/* `size` is cut to whole sectors. `places` must be 0 at first. Writes fail when the overlay is
 * full; with a capacity of 0 the disk is read-only. The memory is kept by reference. */
void vmm_disk_init(struct vmm_disk *disk, const void *image, uint64_t size, uint32_t *places,
                   void *overlay, uint32_t capacity);

/* The disk as what a block device stores its data in. */
struct vmm_blk_store vmm_disk_store(struct vmm_disk *disk);

#endif
