/* SPDX-License-Identifier: BSD-2-Clause */
/* A split virtqueue, as the device sees it. Virtual I/O Device (VIRTIO) 1.2, 2.6 and 2.7. */
#ifndef VMM_VIRTIO_QUEUE_H
#define VMM_VIRTIO_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/memory.h>

#define VMM_VIRTQUEUE_SIZE_MAX 256 /* descriptors, and parts of a buffer */

/* Descriptor flags (2.7.5), and those of the two rings (2.7.6, 2.7.8). */
#define VMM_VIRTQ_NEXT         1
#define VMM_VIRTQ_WRITE        2
#define VMM_VIRTQ_INDIRECT     4
#define VMM_VIRTQ_NO_INTERRUPT 1

struct vmm_virtq_descriptor {
    uint64_t address; /* guest-physical */
    uint32_t length;  /* bytes */
    uint16_t flags;
    uint16_t next;
};

struct vmm_virtq_available {
    uint16_t flags;
    uint16_t index;
    uint16_t ring[]; /* heads of chains; behind them used_event */
};

struct vmm_virtq_used_element {
    uint32_t id;
    uint32_t length; /* bytes written */
};

struct vmm_virtq_used {
    uint16_t flags;
    uint16_t index;
    struct vmm_virtq_used_element ring[]; /* behind it avail_event */
};

/* Features that were negotiated and change how a queue works. */
struct vmm_virtqueue_features {
    bool indirect;    /* VIRTIO_F_INDIRECT_DESC */
    bool event_index; /* VIRTIO_F_EVENT_IDX */
};

struct vmm_virtqueue {
    /* set by the driver while the queue is not enabled */
    uint16_t size;                   /* descriptors */
    uint64_t table, available, used; /* guest-physical */

    const struct vmm_memory *memory;
    struct vmm_virtqueue_features features;
    bool enabled;
    bool broken; /* the driver has put something into it that makes no sense */
    const volatile struct vmm_virtq_descriptor *descriptors;
    const volatile struct vmm_virtq_available *available_ring;
    volatile struct vmm_virtq_used *used_ring;
    uint16_t next_available; /* the next one to take */
    uint16_t next_used;      /* the next one to give back */
    uint16_t told_used;      /* next_used when the driver was last asked whether to interrupt it */
};

/* Memory of the guest that a buffer lies in. */
struct vmm_segment {
    uint8_t *bytes;
    uint32_t size;
};

/* A buffer: first what the device reads, then what it writes. */
struct vmm_virtq_buffer {
    uint16_t head;
    uint16_t readable, writable;           /* segments of each kind */
    uint64_t readable_size, writable_size; /* bytes of all of them */
    struct vmm_segment segments[VMM_VIRTQUEUE_SIZE_MAX];
};

/* Begins to use the rings. False, and the queue is broken, when size or an address is invalid, or a
 * part is no memory of the guest's. */
bool vmm_virtqueue_enable(struct vmm_virtqueue *queue, const struct vmm_memory *memory,
                          struct vmm_virtqueue_features features);

/* Takes the next buffer; false when there is none or the queue is broken. */
bool vmm_virtqueue_take(struct vmm_virtqueue *queue, struct vmm_virtq_buffer *buffer);

/* Puts back the buffer that was taken last, unused. */
void vmm_virtqueue_put_back(struct vmm_virtqueue *queue);

/* True when the driver has put a buffer into the queue that was not taken yet. */
bool vmm_virtqueue_has(struct vmm_virtqueue *queue);

/* Gives a buffer back, of which the device has written the first `written` bytes. */
void vmm_virtqueue_give(struct vmm_virtqueue *queue, uint16_t head, uint32_t written);

/* The same in two steps, for buffers that are to be seen all at once: number `ahead` of those that
 * the next call of vmm_virtqueue_publish() shows to the driver. */
void vmm_virtqueue_stage(struct vmm_virtqueue *queue, unsigned ahead, uint16_t head,
                         uint32_t written);
void vmm_virtqueue_publish(struct vmm_virtqueue *queue, unsigned count);

/* Asks the driver to notify when it puts in the next buffer. True when there is one already, which
 * may have come before the driver could see that. Without it, and with event indices, it does not
 * notify. */
bool vmm_virtqueue_listen(struct vmm_virtqueue *queue);

/* True when the driver wants to hear of what was given back since the last call. */
bool vmm_virtqueue_interrupts(struct vmm_virtqueue *queue);

/* Copies `size` bytes out of what the device reads of the buffer, or into what it writes, from byte
 * `offset` on. Return how many: less at the end of it. */
uint64_t vmm_virtq_read(const struct vmm_virtq_buffer *buffer, uint64_t offset, void *to,
                        uint64_t size);
uint64_t vmm_virtq_write(const struct vmm_virtq_buffer *buffer, uint64_t offset, const void *from,
                         uint64_t size);

/* The segments of what the device reads (or `writes`), of `size` bytes from `offset` on: the next
 * one at each call, cut to size. Begin with *segment 0; false after the last. */
bool vmm_virtq_walk(const struct vmm_virtq_buffer *buffer, bool writes, unsigned *segment,
                    uint64_t *offset, uint64_t *size, struct vmm_segment *part);

#endif
