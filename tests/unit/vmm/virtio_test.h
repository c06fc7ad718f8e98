/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver for virtio devices, as a guest would do it by ports: for tests of the devices. */
#ifndef TESTS_VMM_VIRTIO_TEST_H
#define TESTS_VMM_VIRTIO_TEST_H

#include "device_test.h"

#include <stdlib.h>
#include <vmm/virtio.h>

#define RAM_SIZE   0x100000u
#define QUEUE_AREA 0x4000u /* guest memory of each queue: table, available ring, used ring */
#define AVAILABLE  0x1000u
#define USED       0x2000u
#define INDIRECT   0x3000u
#define BUFFERS    0x20000u /* free for the tests */

static uint8_t ram[RAM_SIZE] __attribute__((aligned(4096)));
static struct vmm_memory memory;
static struct vmm_ports ports;
static struct vmm_mmio mmio;
static struct vmm_reset reset;
static struct vmm_pci pci;
static struct test_line pin;
static struct {
    unsigned count;
    uint64_t address;
    uint32_t data;
} messages;

static uint16_t put_index[VMM_VIRTIO_QUEUES_MAX], seen_used[VMM_VIRTIO_QUEUES_MAX];
static uint16_t next_descriptor[VMM_VIRTIO_QUEUES_MAX];
static uint16_t queue_sizes[VMM_VIRTIO_QUEUES_MAX];

static void take_message(void *context, uint64_t address, uint32_t data)
{
    (void)context;
    messages.count++;
    messages.address = address;
    messages.data = data;
}

static uint32_t config_get(unsigned device, unsigned offset, unsigned size)
{
    vmm_ports_write(&ports, 0xcf8, 4, 0x80000000u | device << 11 | (offset & 0xfcu));
    return vmm_ports_read(&ports, (uint16_t)(0xcfc + offset % 4), size);
}

static void config_set(unsigned device, unsigned offset, unsigned size, uint32_t value)
{
    vmm_ports_write(&ports, 0xcf8, 4, 0x80000000u | device << 11 | (offset & 0xfcu));
    vmm_ports_write(&ports, (uint16_t)(0xcfc + offset % 4), size, value);
}

/* A bus without functions. */
static inline void make_bus(void)
{
    memset(ram, 0, sizeof(ram));
    memory = (struct vmm_memory){0};
    ports = (struct vmm_ports){0};
    mmio = (struct vmm_mmio){0};
    memset(&messages, 0, sizeof(messages));
    assert_true(vmm_memory_add(&memory, 0, sizeof(ram), ram, true));
    vmm_pci_init(&pci, &reset);
    assert_true(vmm_pci_add_ports(&pci, &ports));
    pci.mmio = &mmio;
    pci.message = take_message;
    for (unsigned i = 0; i < VMM_PCI_LINES; i++)
        pci.lines[i] = test_line(&pin);
}

/* Puts a device on the bus at 1.0, with addresses. */
static inline void plug_in(struct vmm_virtio *virtio)
{
    assert_true(vmm_pci_add(&pci, &virtio->function));
    assert_true(vmm_pci_assign(&pci));
    config_set(virtio->function.device, VMM_PCI_COMMAND, 2, 7);
}

static uint16_t base_port(const struct vmm_virtio *virtio)
{
    return (uint16_t)(config_get(virtio->function.device, VMM_PCI_BAR0, 4) & 0xfffc);
}

static uint32_t reg_get(const struct vmm_virtio *virtio, unsigned offset, unsigned size)
{
    return vmm_ports_read(&ports, (uint16_t)(base_port(virtio) + offset), size);
}

static void reg_set(const struct vmm_virtio *virtio, unsigned offset, unsigned size, uint32_t value)
{
    vmm_ports_write(&ports, (uint16_t)(base_port(virtio) + offset), size, value);
}

static inline uint64_t offered_features(const struct vmm_virtio *virtio)
{
    uint64_t features;

    reg_set(virtio, 0, 4, 0);
    features = reg_get(virtio, 4, 4);
    reg_set(virtio, 0, 4, 1);
    return features | (uint64_t)reg_get(virtio, 4, 4) << 32;
}

/* Reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK (3.1.1, steps 1 to 6). */
static inline void negotiate(const struct vmm_virtio *virtio, uint64_t features)
{
    reg_set(virtio, 20, 1, 0);
    assert_int_equal(reg_get(virtio, 20, 1), 0);
    reg_set(virtio, 20, 1, 1);
    reg_set(virtio, 20, 1, 3);
    reg_set(virtio, 8, 4, 0);
    reg_set(virtio, 12, 4, (uint32_t)features);
    reg_set(virtio, 8, 4, 1);
    reg_set(virtio, 12, 4, (uint32_t)(features >> 32));
    reg_set(virtio, 20, 1, 11);
}

static inline uint32_t queue_base(unsigned queue)
{
    return queue * QUEUE_AREA;
}

static inline void set_up_queue(const struct vmm_virtio *virtio, unsigned queue, uint16_t size)
{
    uint32_t base = queue_base(queue);

    memset(ram + base, 0, QUEUE_AREA);
    put_index[queue] = seen_used[queue] = next_descriptor[queue] = 0;
    queue_sizes[queue] = size;
    reg_set(virtio, 22, 2, queue);
    reg_set(virtio, 24, 2, size);
    reg_set(virtio, 26, 2, queue + 1);
    reg_set(virtio, 32, 4, base);
    reg_set(virtio, 36, 4, 0);
    reg_set(virtio, 40, 4, base + AVAILABLE);
    reg_set(virtio, 44, 4, 0);
    reg_set(virtio, 48, 4, base + USED);
    reg_set(virtio, 52, 4, 0);
    reg_set(virtio, 28, 2, 1);
}

/* MSI-X on, vector i with address fee00000h + i and data 40h + i, none masked. */
static inline void use_messages(struct vmm_virtio *virtio)
{
    uint64_t table = config_get(virtio->function.device, VMM_PCI_BAR0 + 4, 4);

    config_set(virtio->function.device, virtio->msix.capability + 2, 2, 0x8000);
    for (unsigned i = 0; i < virtio->msix.count; i++) {
        vmm_mmio_write_at(&mmio, table + i * 16ull, 4, 0xfee00000u + i * 0x1000);
        vmm_mmio_write_at(&mmio, table + i * 16ull + 4, 4, 0);
        vmm_mmio_write_at(&mmio, table + i * 16ull + 8, 4, 0x40 + i);
        vmm_mmio_write_at(&mmio, table + i * 16ull + 12, 4, 0);
    }
    reg_set(virtio, 16, 2, 0);
}

/* A device that works, with all that it offers and all its queues. */
static inline void start(struct vmm_virtio *virtio, uint64_t features)
{
    negotiate(virtio, features);
    assert_int_equal(reg_get(virtio, 20, 1), 11);
    use_messages(virtio);
    for (unsigned i = 0; i < virtio->type->queue_count; i++)
        set_up_queue(virtio, i, 16);
    reg_set(virtio, 20, 1, 15);
    memset(&messages, 0, sizeof(messages));
}

static inline void put16(uint32_t at, uint16_t value)
{
    memcpy(ram + at, &value, 2);
}

static inline uint16_t get16(uint32_t at)
{
    uint16_t value;

    memcpy(&value, ram + at, 2);
    return value;
}

static inline uint32_t get32(uint32_t at)
{
    uint32_t value;

    memcpy(&value, ram + at, 4);
    return value;
}

static inline void put_descriptor(uint32_t at, uint64_t address, uint32_t length, uint16_t flags,
                                  uint16_t next)
{
    const struct vmm_virtq_descriptor descriptor = {address, length, flags, next};

    memcpy(ram + at, &descriptor, sizeof(descriptor));
}

/* Makes a head available, without a notification. */
static inline void put_head(unsigned queue, uint16_t head)
{
    uint32_t ring = queue_base(queue) + AVAILABLE;

    put16(ring + 4 + put_index[queue] % queue_sizes[queue] * 2, head);
    put16(ring + 2, ++put_index[queue]);
}

struct piece {
    uint32_t address, length;
    bool writes;
};

/* A chain of pieces. Returns its head. */
static inline uint16_t put_chain(unsigned queue, const struct piece *pieces, unsigned count)
{
    uint16_t head = next_descriptor[queue];

    for (unsigned i = 0; i < count; i++) {
        uint16_t at = next_descriptor[queue];

        next_descriptor[queue] = (uint16_t)((at + 1) % queue_sizes[queue]);
        put_descriptor(queue_base(queue) + at * 16u, pieces[i].address, pieces[i].length,
                       (uint16_t)((i + 1 < count ? VMM_VIRTQ_NEXT : 0) |
                                  (pieces[i].writes ? VMM_VIRTQ_WRITE : 0)),
                       next_descriptor[queue]);
    }
    put_head(queue, head);
    return head;
}

static inline void kick(const struct vmm_virtio *virtio, unsigned queue)
{
    reg_set(virtio, VMM_VIRTIO_NOTIFY + queue * 2, 2, queue);
}

/* How many buffers came back that were not seen yet. */
static inline unsigned came_back(unsigned queue)
{
    return (uint16_t)(get16(queue_base(queue) + USED + 2) - seen_used[queue]);
}

/* The next one: its head, and how many bytes the device wrote. */
static inline uint16_t take_used(unsigned queue, uint32_t *written)
{
    uint32_t element = queue_base(queue) + USED + 4 + seen_used[queue]++ % queue_sizes[queue] * 8u;

    if (written)
        *written = get32(element + 4);
    return (uint16_t)get32(element);
}

static inline uint64_t next_random(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

#endif
