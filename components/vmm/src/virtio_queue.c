/* SPDX-License-Identifier: BSD-2-Clause */
/* Split virtqueues. Whatever lies in the guest's memory is read once, and then checked: the guest
 * may write it at any time. */
#include <runtime/string.h>
#include <stddef.h>
#include <vmm/virtio_queue.h>

#define TABLE_ALIGN     16u /* 2.7 */
#define AVAILABLE_ALIGN 2u
#define USED_ALIGN      4u

#define LOAD(from)      __atomic_load_n(&(from), __ATOMIC_ACQUIRE)
#define STORE(to, v)    __atomic_store_n(&(to), (v), __ATOMIC_RELEASE)

_Static_assert(sizeof(struct vmm_virtq_descriptor) == 16, "2.7.5");
_Static_assert(sizeof(struct vmm_virtq_used_element) == 8, "2.7.8");

static bool broken(struct vmm_virtqueue *queue)
{
    queue->broken = true;
    return false;
}

/* A part of the queue, or NULL. The rings' sizes include the event index behind them (2.7.6). */
static void *part(const struct vmm_memory *memory, uint64_t gpa, uint64_t size, unsigned align,
                  bool write)
{
    return gpa % align ? NULL : vmm_memory_at(memory, gpa, size, write);
}

bool vmm_virtqueue_enable(struct vmm_virtqueue *queue, const struct vmm_memory *memory,
                          struct vmm_virtqueue_features features)
{
    uint64_t size = queue->size;

    if (!size || size > VMM_VIRTQUEUE_SIZE_MAX || (size & (size - 1)))
        return broken(queue);
    queue->descriptors =
        part(memory, queue->table, size * sizeof(struct vmm_virtq_descriptor), TABLE_ALIGN, false);
    queue->available_ring =
        part(memory, queue->available, 6 + size * sizeof(uint16_t), AVAILABLE_ALIGN, false);
    queue->used_ring = part(memory, queue->used, 6 + size * sizeof(struct vmm_virtq_used_element),
                            USED_ALIGN, true);
    if (!queue->descriptors || !queue->available_ring || !queue->used_ring)
        return broken(queue);
    queue->memory = memory;
    queue->features = features;
    queue->next_available = queue->next_used = queue->told_used = 0;
    queue->enabled = true;
    return true;
}

/* Bytes in one place are written and read by the guest's and our processor at the same time: the
 * event indices lie behind rings whose length the type does not know. */
static const volatile uint16_t *used_event(const struct vmm_virtqueue *queue)
{
    return &queue->available_ring->ring[queue->size];
}

static volatile uint16_t *avail_event(const struct vmm_virtqueue *queue)
{
    return (volatile uint16_t *)&queue->used_ring->ring[queue->size];
}

bool vmm_virtqueue_has(struct vmm_virtqueue *queue)
{
    uint16_t waiting;

    if (!queue->enabled || queue->broken)
        return false;
    waiting = (uint16_t)(LOAD(queue->available_ring->index) - queue->next_available);
    if (waiting > queue->size)
        return broken(queue);
    return waiting != 0;
}

static struct vmm_virtq_descriptor load(const volatile struct vmm_virtq_descriptor *from)
{
    return (struct vmm_virtq_descriptor){from->address, from->length, from->flags, from->next};
}

/* Adds the memory that a descriptor names. Empty ones add nothing. */
static bool add_segment(const struct vmm_virtqueue *queue, struct vmm_virtq_buffer *buffer,
                        const struct vmm_virtq_descriptor *descriptor)
{
    bool write = descriptor->flags & VMM_VIRTQ_WRITE;
    unsigned count = (unsigned)buffer->readable + buffer->writable;
    uint8_t *bytes;

    if (!write && buffer->writable) /* 2.7.4.2: what the device reads comes first */
        return false;
    if (!descriptor->length)
        return true;
    bytes = vmm_memory_at(queue->memory, descriptor->address, descriptor->length, write);
    if (!bytes || count == VMM_VIRTQUEUE_SIZE_MAX)
        return false;
    buffer->segments[count] = (struct vmm_segment){bytes, descriptor->length};
    if (write) {
        buffer->writable++;
        buffer->writable_size += descriptor->length;
    } else {
        buffer->readable++;
        buffer->readable_size += descriptor->length;
    }
    return true;
}

/* Follows a chain in a table of `count` descriptors, which is longer only if it is a loop. */
static bool follow(const struct vmm_virtqueue *queue, struct vmm_virtq_buffer *buffer,
                   const volatile struct vmm_virtq_descriptor *table, unsigned count,
                   struct vmm_virtq_descriptor descriptor)
{
    for (unsigned i = 0; i < count; i++) {
        if ((descriptor.flags & VMM_VIRTQ_INDIRECT) || !add_segment(queue, buffer, &descriptor))
            return false;
        if (!(descriptor.flags & VMM_VIRTQ_NEXT))
            return true;
        if (descriptor.next >= count)
            return false;
        descriptor = load(&table[descriptor.next]);
    }
    return false;
}

/* An indirect table (2.7.5.3): no longer than the queue (2.7.5.3.1), and the last of its chain; and
 * nothing but a table. */
static bool follow_indirect(const struct vmm_virtqueue *queue, struct vmm_virtq_buffer *buffer,
                            const struct vmm_virtq_descriptor *descriptor)
{
    const size_t size = sizeof(*descriptor);
    uint32_t count = descriptor->length / size;
    const volatile struct vmm_virtq_descriptor *table;

    if (!queue->features.indirect || (descriptor->flags & VMM_VIRTQ_NEXT) || !count ||
        descriptor->length % size || count > queue->size || descriptor->address % 8)
        return false;
    table = (void *)vmm_memory_at(queue->memory, descriptor->address, descriptor->length, false);
    return table && follow(queue, buffer, table, count, load(&table[0]));
}

bool vmm_virtqueue_take(struct vmm_virtqueue *queue, struct vmm_virtq_buffer *buffer)
{
    struct vmm_virtq_descriptor first;
    uint16_t head;
    bool valid;

    if (!vmm_virtqueue_has(queue))
        return false;
    head = queue->available_ring->ring[queue->next_available % queue->size];
    if (head >= queue->size)
        return broken(queue);
    buffer->head = head;
    buffer->readable = buffer->writable = 0;
    buffer->readable_size = buffer->writable_size = 0;
    first = load(&queue->descriptors[head]);
    if (first.flags & VMM_VIRTQ_INDIRECT)
        valid = follow_indirect(queue, buffer, &first);
    else
        valid = follow(queue, buffer, queue->descriptors, queue->size, first);
    if (!valid)
        return broken(queue);
    queue->next_available++;
    return true;
}

void vmm_virtqueue_put_back(struct vmm_virtqueue *queue)
{
    queue->next_available--;
}

void vmm_virtqueue_stage(struct vmm_virtqueue *queue, unsigned ahead, uint16_t head,
                         uint32_t written)
{
    volatile struct vmm_virtq_used_element *element =
        &queue->used_ring->ring[(queue->next_used + ahead) % queue->size];

    element->id = head;
    element->length = written;
}

void vmm_virtqueue_publish(struct vmm_virtqueue *queue, unsigned count)
{
    queue->next_used = (uint16_t)(queue->next_used + count);
    STORE(queue->used_ring->index, queue->next_used);
}

void vmm_virtqueue_give(struct vmm_virtqueue *queue, uint16_t head, uint32_t written)
{
    vmm_virtqueue_stage(queue, 0, head, written);
    vmm_virtqueue_publish(queue, 1);
}

bool vmm_virtqueue_listen(struct vmm_virtqueue *queue)
{
    if (!queue->enabled || queue->broken)
        return false;
    if (queue->features.event_index) {
        *avail_event(queue) = queue->next_available;
        /* The driver writes its index, then reads ours; we the other way round. */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
    return vmm_virtqueue_has(queue);
}

bool vmm_virtqueue_interrupts(struct vmm_virtqueue *queue)
{
    uint16_t since = (uint16_t)(queue->next_used - queue->told_used);
    uint16_t behind;

    if (!queue->enabled || queue->broken || !since)
        return false;
    queue->told_used = queue->next_used;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!queue->features.event_index)
        return !(queue->available_ring->flags & VMM_VIRTQ_NO_INTERRUPT);
    /* used_event is among those given back since (2.7.10) */
    behind = (uint16_t)(queue->next_used - *used_event(queue) - 1);
    return behind < since;
}

bool vmm_virtq_walk(const struct vmm_virtq_buffer *buffer, bool writes, unsigned *segment,
                    uint64_t *offset, uint64_t *size, struct vmm_segment *part)
{
    unsigned first = writes ? buffer->readable : 0;
    unsigned count = writes ? buffer->writable : buffer->readable;

    while (*size && *segment < count) {
        const struct vmm_segment *from = &buffer->segments[first + (*segment)++];
        uint64_t room;

        if (*offset >= from->size) {
            *offset -= from->size;
            continue;
        }
        room = from->size - *offset;
        part->bytes = from->bytes + *offset;
        part->size = (uint32_t)(*size < room ? *size : room);
        *size -= part->size;
        *offset = 0;
        return true;
    }
    return false;
}

uint64_t vmm_virtq_read(const struct vmm_virtq_buffer *buffer, uint64_t offset, void *to,
                        uint64_t size)
{
    struct vmm_segment part;
    uint8_t *target = to;
    unsigned segment = 0;

    while (vmm_virtq_walk(buffer, false, &segment, &offset, &size, &part)) {
        memcpy(target, part.bytes, part.size);
        target += part.size;
    }
    return (uint64_t)(target - (uint8_t *)to);
}

uint64_t vmm_virtq_write(const struct vmm_virtq_buffer *buffer, uint64_t offset, const void *from,
                         uint64_t size)
{
    struct vmm_segment part;
    const uint8_t *source = from;
    unsigned segment = 0;

    while (vmm_virtq_walk(buffer, true, &segment, &offset, &size, &part)) {
        memcpy(part.bytes, source, part.size);
        source += part.size;
    }
    return (uint64_t)(source - (const uint8_t *)from);
}
