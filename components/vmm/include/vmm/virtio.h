/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio device over PCI, without legacy interface. Virtual I/O Device (VIRTIO) 1.2, chapters 2,
 * 3 and 4.1. What it is for is in a struct vmm_virtio_type: virtio_blk.h and its neighbours. */
#ifndef VMM_VIRTIO_H
#define VMM_VIRTIO_H

#include <vmm/memory.h>
#include <vmm/pci.h>
#include <vmm/pci_msix.h>
#include <vmm/virtio_queue.h>

#define VMM_VIRTIO_QUEUES_MAX 4
#define VMM_VIRTIO_CONFIG_MAX 64 /* bytes of device-specific configuration */

/* Feature bits of all devices (6); each device adds its own. */
#define VMM_VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VMM_VIRTIO_F_EVENT_IDX     (1ull << 29)
#define VMM_VIRTIO_F_VERSION_1     (1ull << 32)

/* Bits of the device status (2.1). */
#define VMM_VIRTIO_ACKNOWLEDGE 1
#define VMM_VIRTIO_DRIVER      2
#define VMM_VIRTIO_DRIVER_OK   4
#define VMM_VIRTIO_FEATURES_OK 8
#define VMM_VIRTIO_NEEDS_RESET 64
#define VMM_VIRTIO_FAILED      128

#define VMM_VIRTIO_NO_VECTOR   0xffff

/*
 * Where the parts lie. All are in one BAR of ports, since a port's exit needs no decoding of an
 * instruction; MSI-X has a memory BAR, as it must.
 */
#define VMM_VIRTIO_BAR      0
#define VMM_VIRTIO_MSIX_BAR 1
#define VMM_VIRTIO_BAR_SIZE 256
#define VMM_VIRTIO_COMMON   0x00 /* offsets in the BAR */
#define VMM_VIRTIO_ISR      0x40
#define VMM_VIRTIO_NOTIFY   0x60 /* two bytes for each queue */
#define VMM_VIRTIO_CONFIG   0x80

struct vmm_virtio;

struct vmm_virtio_type {
    uint16_t id;         /* device ID (5) */
    uint16_t class_code; /* of the PCI function: base class << 8 | sub-class */
    unsigned queue_count;
    unsigned config_size; /* bytes; 0: no device-specific configuration */
    /* The driver has put buffers into a queue; all state below it has been checked. */
    void (*notified)(struct vmm_virtio *virtio, unsigned queue);
    /* The driver has reset the device; may be NULL. */
    void (*reset)(struct vmm_virtio *virtio);
    /* The driver has written to the configuration, which is changed already; NULL: it may not. */
    void (*config_written)(struct vmm_virtio *virtio, uint32_t offset, unsigned size);
};

struct vmm_virtio {
    struct vmm_pci_function function;
    struct vmm_msix msix;
    const struct vmm_virtio_type *type;
    const struct vmm_memory *memory;
    uint64_t offered;  /* feature bits */
    uint64_t accepted; /* those that the driver takes */
    uint32_t offered_select, accepted_select;
    uint8_t status;
    uint8_t isr;        /* bit 0: a queue, bit 1: the configuration (4.1.4.5) */
    uint8_t generation; /* of the configuration */
    uint16_t queue_select;
    uint16_t config_vector;
    uint16_t queue_vectors[VMM_VIRTIO_QUEUES_MAX];
    struct vmm_virtqueue queues[VMM_VIRTIO_QUEUES_MAX];
    uint8_t config[VMM_VIRTIO_CONFIG_MAX]; /* device-specific, little endian */
    struct vmm_virtq_buffer buffer;        /* for the device's use: too large for the stack */
    uint64_t kicks, interrupts;            /* notifications from and to the driver */
};

/* Makes the device, to be added to a bus at (device, function) by vmm_pci_add(). `features`: those
 * of the device alone. Queues have up to 256 descriptors. */
void vmm_virtio_init(struct vmm_virtio *virtio, const struct vmm_virtio_type *type,
                     const struct vmm_memory *memory, uint64_t features, uint8_t device);

/* True when the driver works with the device, and neither has given up. */
static inline bool vmm_virtio_is_live(const struct vmm_virtio *virtio)
{
    return (virtio->status & (VMM_VIRTIO_DRIVER_OK | VMM_VIRTIO_NEEDS_RESET)) ==
           VMM_VIRTIO_DRIVER_OK;
}

static inline bool vmm_virtio_has(const struct vmm_virtio *virtio, uint64_t feature)
{
    return virtio->accepted & feature;
}

/* Takes the next buffer of a queue into virtio->buffer. Without one, false, and the driver notifies
 * when it puts one in; a queue that is broken makes the device need a reset. */
bool vmm_virtio_take(struct vmm_virtio *virtio, unsigned queue);

/* Interrupts the driver for what was given back, if it wants to be. */
void vmm_virtio_finish(struct vmm_virtio *virtio, unsigned queue);

/* The configuration was changed by the device. */
void vmm_virtio_config_changed(struct vmm_virtio *virtio);

/* The driver did what no driver may: the device stops until it is reset (2.1.2). */
void vmm_virtio_break(struct vmm_virtio *virtio);

#endif
