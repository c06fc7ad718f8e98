/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio entropy device. VIRTIO 1.2, 5.4. */
#ifndef VMM_VIRTIO_RNG_H
#define VMM_VIRTIO_RNG_H

#include <vmm/random.h>
#include <vmm/virtio.h>

struct vmm_virtio_rng {
    struct vmm_virtio virtio;
    struct vmm_random *random;
};

void vmm_virtio_rng_init(struct vmm_virtio_rng *rng, const struct vmm_memory *memory,
                         uint8_t device, struct vmm_random *random);

#endif
