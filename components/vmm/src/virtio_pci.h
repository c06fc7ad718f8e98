/* SPDX-License-Identifier: BSD-2-Clause */
/* What the registers of a virtio device do, and the function that shows them. */
#ifndef VMM_SRC_VIRTIO_PCI_H
#define VMM_SRC_VIRTIO_PCI_H

#include <vmm/virtio.h>

/* Bits of the ISR (4.1.4.5). */
#define VMM_VIRTIO_ISR_QUEUE  1
#define VMM_VIRTIO_ISR_CONFIG 2

/* Fills in the configuration space: IDs, BARs, capabilities. */
void vmm_virtio_make_function(struct vmm_virtio *virtio);

/* What writes to registers do. */
void vmm_virtio_set_status(struct vmm_virtio *virtio, uint8_t status);
void vmm_virtio_enable_queue(struct vmm_virtio *virtio, unsigned queue);
void vmm_virtio_notify(struct vmm_virtio *virtio, unsigned queue);
void vmm_virtio_reset(struct vmm_virtio *virtio);

#endif
