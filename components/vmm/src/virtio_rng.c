/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio entropy devices. */
#include <vmm/virtio_rng.h>

#define ID_ENTROPY  4
#define CLASS_OTHER 0x1080 /* encryption and decryption, other */
#define FILL_MAX    65536u /* bytes for one buffer: a guest cannot keep us busy */

/* A buffer of which the device should read has no room, and comes back empty (5.4.6). */
static void notified(struct vmm_virtio *virtio, unsigned queue)
{
    struct vmm_virtio_rng *rng = (struct vmm_virtio_rng *)virtio;

    while (vmm_virtio_take(virtio, queue)) {
        uint64_t offset = 0, left = virtio->buffer.writable_size;
        struct vmm_segment part;
        unsigned segment = 0;
        uint32_t filled = 0;

        left = left < FILL_MAX ? left : FILL_MAX;
        while (vmm_virtq_walk(&virtio->buffer, true, &segment, &offset, &left, &part)) {
            vmm_random_bytes(rng->random, part.bytes, part.size);
            filled += part.size;
        }
        vmm_virtqueue_give(&virtio->queues[queue], virtio->buffer.head, filled);
    }
    vmm_virtio_finish(virtio, queue);
}

static const struct vmm_virtio_type type = {
    .id = ID_ENTROPY,
    .class_code = CLASS_OTHER,
    .queue_count = 1,
    .notified = notified,
};

void vmm_virtio_rng_init(struct vmm_virtio_rng *rng, const struct vmm_memory *memory,
                         uint8_t device, struct vmm_random *random)
{
    rng->random = random;
    vmm_virtio_init(&rng->virtio, &type, memory, 0, device);
}
