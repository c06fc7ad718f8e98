/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio devices: status, features, queues and interrupts (VIRTIO 1.2, chapters 2 and 3). The
 * common configuration and the registers beside it are in virtio_pci.c. */
#include "virtio_pci.h"

void vmm_virtio_reset(struct vmm_virtio *virtio)
{
    virtio->accepted = 0;
    virtio->offered_select = virtio->accepted_select = 0;
    virtio->status = virtio->isr = 0;
    virtio->queue_select = 0;
    virtio->config_vector = VMM_VIRTIO_NO_VECTOR;
    for (unsigned i = 0; i < VMM_VIRTIO_QUEUES_MAX; i++) {
        virtio->queue_vectors[i] = VMM_VIRTIO_NO_VECTOR;
        virtio->queues[i] = (struct vmm_virtqueue){.size = VMM_VIRTQUEUE_SIZE_MAX};
    }
    vmm_msix_forget(&virtio->msix);
    vmm_pci_interrupt(&virtio->function, false);
    if (virtio->type->reset)
        virtio->type->reset(virtio);
}

void vmm_virtio_init(struct vmm_virtio *virtio, const struct vmm_virtio_type *type,
                     const struct vmm_memory *memory, uint64_t features, uint8_t device)
{
    *virtio = (struct vmm_virtio){.type = type,
                                  .memory = memory,
                                  .offered = features | VMM_VIRTIO_F_INDIRECT_DESC |
                                             VMM_VIRTIO_F_EVENT_IDX | VMM_VIRTIO_F_VERSION_1};
    virtio->function.device = device;
    vmm_virtio_make_function(virtio);
    vmm_virtio_reset(virtio);
}

/* An interrupt by a message, or by the pin with a bit that tells why (4.1.5). */
static void interrupt(struct vmm_virtio *virtio, uint16_t vector, uint8_t why)
{
    virtio->interrupts++;
    if (vmm_msix_enabled(&virtio->msix)) {
        if (vector != VMM_VIRTIO_NO_VECTOR)
            vmm_msix_raise(&virtio->msix, vector);
        return;
    }
    virtio->isr |= why;
    vmm_pci_interrupt(&virtio->function, true);
}

void vmm_virtio_config_changed(struct vmm_virtio *virtio)
{
    virtio->generation++;
    if (virtio->status & VMM_VIRTIO_DRIVER_OK)
        interrupt(virtio, virtio->config_vector, VMM_VIRTIO_ISR_CONFIG);
}

void vmm_virtio_break(struct vmm_virtio *virtio)
{
    if (virtio->status & VMM_VIRTIO_NEEDS_RESET)
        return;
    virtio->status |= VMM_VIRTIO_NEEDS_RESET;
    vmm_virtio_config_changed(virtio);
}

bool vmm_virtio_take(struct vmm_virtio *virtio, unsigned queue)
{
    struct vmm_virtqueue *from = &virtio->queues[queue];

    if (!vmm_virtio_is_live(virtio) || !vmm_pci_is_master(&virtio->function))
        return false;
    if (vmm_virtqueue_take(from, &virtio->buffer) ||
        (vmm_virtqueue_listen(from) && vmm_virtqueue_take(from, &virtio->buffer)))
        return true;
    if (from->broken)
        vmm_virtio_break(virtio);
    return false;
}

void vmm_virtio_finish(struct vmm_virtio *virtio, unsigned queue)
{
    if (vmm_virtqueue_interrupts(&virtio->queues[queue]))
        interrupt(virtio, virtio->queue_vectors[queue], VMM_VIRTIO_ISR_QUEUE);
}

void vmm_virtio_notify(struct vmm_virtio *virtio, unsigned queue)
{
    virtio->kicks++;
    if (queue < virtio->type->queue_count && vmm_virtio_is_live(virtio) &&
        virtio->queues[queue].enabled)
        virtio->type->notified(virtio, queue);
}

/* What the driver accepts must be offered, and be this version (3.1.1, 6.1). */
static bool features_are_good(const struct vmm_virtio *virtio)
{
    return !(virtio->accepted & ~virtio->offered) && vmm_virtio_has(virtio, VMM_VIRTIO_F_VERSION_1);
}

/* Bits are set one after the other, and cleared by a reset alone (2.1.1). */
void vmm_virtio_set_status(struct vmm_virtio *virtio, uint8_t status)
{
    uint8_t was = virtio->status;

    if (!status) {
        vmm_virtio_reset(virtio);
        return;
    }
    status &= (uint8_t)~VMM_VIRTIO_NEEDS_RESET;
    if (!(was & VMM_VIRTIO_FEATURES_OK) && !features_are_good(virtio))
        status &= (uint8_t) ~(VMM_VIRTIO_FEATURES_OK | VMM_VIRTIO_DRIVER_OK);
    virtio->status |= status;
    if (!(virtio->status & VMM_VIRTIO_FEATURES_OK))
        virtio->status &= (uint8_t)~VMM_VIRTIO_DRIVER_OK;
    if (!(was & VMM_VIRTIO_DRIVER_OK) && vmm_virtio_is_live(virtio))
        for (unsigned i = 0; i < virtio->type->queue_count; i++)
            vmm_virtio_notify(virtio, i);
}

/* The rings get their features from what was negotiated, which is settled by now (3.1.1). */
void vmm_virtio_enable_queue(struct vmm_virtio *virtio, unsigned queue)
{
    const struct vmm_virtqueue_features features = {
        .indirect = vmm_virtio_has(virtio, VMM_VIRTIO_F_INDIRECT_DESC),
        .event_index = vmm_virtio_has(virtio, VMM_VIRTIO_F_EVENT_IDX),
    };

    if (!(virtio->status & VMM_VIRTIO_FEATURES_OK) || virtio->queues[queue].enabled)
        return;
    if (!vmm_virtqueue_enable(&virtio->queues[queue], virtio->memory, features))
        vmm_virtio_break(virtio);
}
