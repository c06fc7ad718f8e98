/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio block device. VIRTIO 1.2, 5.2. */
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include <vmm/virtio.h>

#define VMM_SECTOR        512
#define VMM_BLK_NAME_SIZE 20 /* bytes of what GET_ID tells, filled up with 0 */

/* Feature bits (5.2.3). */
#define VMM_VIRTIO_BLK_F_SEG_MAX  (1ull << 2)
#define VMM_VIRTIO_BLK_F_RO       (1ull << 5)
#define VMM_VIRTIO_BLK_F_BLK_SIZE (1ull << 6)
#define VMM_VIRTIO_BLK_F_FLUSH    (1ull << 9)

/* What holds the data. Offsets and sizes are multiples of 512 bytes within the disk, a transfer may
 * come in pieces of any such size. The calls return false when it cannot be done. */
struct vmm_blk_store {
    uint64_t sectors;
    bool read_only;
    bool (*read)(void *context, uint64_t offset, void *to, uint64_t size);
    bool (*write)(void *context, uint64_t offset, const void *from, uint64_t size);
    bool (*flush)(void *context); /* NULL: nothing is kept back */
    void *context;
};

struct vmm_virtio_blk {
    struct vmm_virtio virtio;
    struct vmm_blk_store store;
    char name[VMM_BLK_NAME_SIZE];
    uint8_t sector[VMM_SECTOR]; /* one that lies in several pieces of the guest's memory */
    uint64_t bytes_read, bytes_written;
};

/* `name`: of up to 20 characters, what the guest sees as serial number. */
void vmm_virtio_blk_init(struct vmm_virtio_blk *blk, const struct vmm_memory *memory,
                         uint8_t device, const struct vmm_blk_store *store, const char *name);

#endif
