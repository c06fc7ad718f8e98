/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of virtio devices over PCI (VIRTIO 1.2, 4.1). */
#include "virtio_pci.h"

#include <stddef.h>

#define VENDOR            0x1af4
#define DEVICE_BASE       0x1040 /* 4.1.2: plus the device ID */
#define REVISION          1
#define SUBSYSTEM         0x1100 /* above 40h for devices without legacy interface */
#define CAPABILITY_VENDOR 0x09

/* struct virtio_pci_cap (4.1.4), in configuration space. */
#define CAP_LENGTH     2
#define CAP_TYPE       3
#define CAP_BAR        4
#define CAP_OFFSET     8
#define CAP_SIZE       12
#define CAP_BYTES      16
#define CAP_MULTIPLIER 16 /* of NOTIFY */
#define CAP_DATA       16 /* of PCI */
#define CAP_LONG_BYTES 20

enum cap_type {
    CAP_COMMON = 1,
    CAP_NOTIFY,
    CAP_ISR,
    CAP_DEVICE,
    CAP_PCI
};

#define NOTIFY_MULTIPLIER 2 /* bytes for each queue */

/* Fields of the common configuration (4.1.4.3). */
enum field {
    DEVICE_FEATURE_SELECT,
    DEVICE_FEATURE,
    DRIVER_FEATURE_SELECT,
    DRIVER_FEATURE,
    CONFIG_VECTOR,
    NUM_QUEUES,
    DEVICE_STATUS,
    CONFIG_GENERATION,
    QUEUE_SELECT,
    QUEUE_SIZE,
    QUEUE_VECTOR,
    QUEUE_ENABLE,
    QUEUE_NOTIFY_OFFSET,
    QUEUE_TABLE,
    QUEUE_TABLE_HIGH,
    QUEUE_AVAILABLE,
    QUEUE_AVAILABLE_HIGH,
    QUEUE_USED,
    QUEUE_USED_HIGH,
    FIELD_COUNT
};

#define COMMON_SIZE 56

static const struct {
    uint8_t offset, size;
} fields[FIELD_COUNT] = {
    [DEVICE_FEATURE_SELECT] = {0, 4}, [DEVICE_FEATURE] = {4, 4},
    [DRIVER_FEATURE_SELECT] = {8, 4}, [DRIVER_FEATURE] = {12, 4},
    [CONFIG_VECTOR] = {16, 2},        [NUM_QUEUES] = {18, 2},
    [DEVICE_STATUS] = {20, 1},        [CONFIG_GENERATION] = {21, 1},
    [QUEUE_SELECT] = {22, 2},         [QUEUE_SIZE] = {24, 2},
    [QUEUE_VECTOR] = {26, 2},         [QUEUE_ENABLE] = {28, 2},
    [QUEUE_NOTIFY_OFFSET] = {30, 2},  [QUEUE_TABLE] = {32, 4},
    [QUEUE_TABLE_HIGH] = {36, 4},     [QUEUE_AVAILABLE] = {40, 4},
    [QUEUE_AVAILABLE_HIGH] = {44, 4}, [QUEUE_USED] = {48, 4},
    [QUEUE_USED_HIGH] = {52, 4},
};

/* The selected half of 64 feature bits; there are no others. */
static uint32_t half(uint64_t features, uint32_t select)
{
    return select < 2 ? (uint32_t)(features >> select * 32) : 0;
}

/* The queue that the driver has selected, or NULL. */
static struct vmm_virtqueue *selected(struct vmm_virtio *virtio)
{
    return virtio->queue_select < virtio->type->queue_count ? &virtio->queues[virtio->queue_select]
                                                            : NULL;
}

static uint32_t get_queue_field(struct vmm_virtio *virtio, enum field field)
{
    const struct vmm_virtqueue *queue = selected(virtio);

    if (!queue) /* a size of 0 tells that there is none */
        return field == QUEUE_VECTOR ? VMM_VIRTIO_NO_VECTOR : 0;
    switch (field) {
    case QUEUE_SIZE:
        return queue->size;
    case QUEUE_VECTOR:
        return virtio->queue_vectors[virtio->queue_select];
    case QUEUE_ENABLE:
        return queue->enabled;
    case QUEUE_NOTIFY_OFFSET:
        return virtio->queue_select;
    case QUEUE_TABLE:
        return (uint32_t)queue->table;
    case QUEUE_TABLE_HIGH:
        return (uint32_t)(queue->table >> 32);
    case QUEUE_AVAILABLE:
        return (uint32_t)queue->available;
    case QUEUE_AVAILABLE_HIGH:
        return (uint32_t)(queue->available >> 32);
    case QUEUE_USED:
        return (uint32_t)queue->used;
    default:
        return (uint32_t)(queue->used >> 32);
    }
}

static uint32_t get_field(struct vmm_virtio *virtio, enum field field)
{
    switch (field) {
    case DEVICE_FEATURE_SELECT:
        return virtio->offered_select;
    case DEVICE_FEATURE:
        return half(virtio->offered, virtio->offered_select);
    case DRIVER_FEATURE_SELECT:
        return virtio->accepted_select;
    case DRIVER_FEATURE:
        return half(virtio->accepted, virtio->accepted_select);
    case CONFIG_VECTOR:
        return virtio->config_vector;
    case NUM_QUEUES:
        return virtio->type->queue_count;
    case DEVICE_STATUS:
        return virtio->status;
    case CONFIG_GENERATION:
        return virtio->generation;
    case QUEUE_SELECT:
        return virtio->queue_select;
    default:
        return get_queue_field(virtio, field);
    }
}

/* A vector that does not exist reads back as none (4.1.5.1.2). */
static uint16_t vector(const struct vmm_virtio *virtio, uint32_t value)
{
    return value < virtio->msix.count ? (uint16_t)value : VMM_VIRTIO_NO_VECTOR;
}

static void set_half(uint64_t *of, bool high, uint32_t value)
{
    *of = high ? (*of & UINT32_MAX) | (uint64_t)value << 32 : (*of & ~(uint64_t)UINT32_MAX) | value;
}

static void set_queue_field(struct vmm_virtio *virtio, enum field field, uint32_t value)
{
    struct vmm_virtqueue *queue = selected(virtio);

    if (!queue)
        return;
    if (field == QUEUE_VECTOR)
        virtio->queue_vectors[virtio->queue_select] = vector(virtio, value);
    if (queue->enabled) /* its place is settled (4.1.4.3.2) */
        return;
    switch (field) {
    case QUEUE_SIZE:
        queue->size = (uint16_t)value;
        break;
    case QUEUE_ENABLE:
        if (value == 1)
            vmm_virtio_enable_queue(virtio, virtio->queue_select);
        break;
    case QUEUE_TABLE:
    case QUEUE_TABLE_HIGH:
        set_half(&queue->table, field == QUEUE_TABLE_HIGH, value);
        break;
    case QUEUE_AVAILABLE:
    case QUEUE_AVAILABLE_HIGH:
        set_half(&queue->available, field == QUEUE_AVAILABLE_HIGH, value);
        break;
    case QUEUE_USED:
    case QUEUE_USED_HIGH:
        set_half(&queue->used, field == QUEUE_USED_HIGH, value);
        break;
    default:
        break;
    }
}

static void set_field(struct vmm_virtio *virtio, enum field field, uint32_t value)
{
    switch (field) {
    case DEVICE_FEATURE_SELECT:
        virtio->offered_select = value;
        break;
    case DRIVER_FEATURE_SELECT:
        virtio->accepted_select = value;
        break;
    case DRIVER_FEATURE: /* settled once both agree (3.1.1) */
        if (virtio->accepted_select < 2 && !(virtio->status & VMM_VIRTIO_FEATURES_OK))
            set_half(&virtio->accepted, virtio->accepted_select == 1, value);
        break;
    case CONFIG_VECTOR:
        virtio->config_vector = vector(virtio, value);
        break;
    case DEVICE_STATUS:
        vmm_virtio_set_status(virtio, (uint8_t)value);
        break;
    case QUEUE_SELECT:
        virtio->queue_select = (uint16_t)value;
        break;
    default:
        set_queue_field(virtio, field, value);
        break;
    }
}

/* The field that holds a byte of the common configuration. */
static enum field field_at(uint32_t offset)
{
    unsigned field = 0;

    while (field + 1 < FIELD_COUNT && fields[field + 1].offset <= offset)
        field++;
    return (enum field)field;
}

static uint32_t common_read(struct vmm_virtio *virtio, uint32_t offset, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size && offset + i < COMMON_SIZE; i++) {
        enum field field = field_at(offset + i);
        uint32_t shift = (offset + i - fields[field].offset) * 8;

        value |= (get_field(virtio, field) >> shift & 0xff) << i * 8;
    }
    return value;
}

/* Drivers write whole fields (4.1.3.1); other accesses are ignored. */
static void common_write(struct vmm_virtio *virtio, uint32_t offset, unsigned size, uint32_t value)
{
    enum field field = field_at(offset);

    if (offset < COMMON_SIZE && fields[field].offset == offset && fields[field].size == size)
        set_field(virtio, field, value);
}

/* Reading tells why, and takes the interrupt back (4.1.4.5). */
static uint32_t isr_read(struct vmm_virtio *virtio)
{
    uint32_t isr = virtio->isr;

    virtio->isr = 0;
    vmm_pci_interrupt(&virtio->function, false);
    return isr;
}

static uint32_t config_read(const struct vmm_virtio *virtio, uint32_t offset, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size && offset + i < virtio->type->config_size; i++)
        value |= (uint32_t)virtio->config[offset + i] << i * 8;
    return value;
}

static void config_write(struct vmm_virtio *virtio, uint32_t offset, unsigned size, uint32_t value)
{
    if (!virtio->type->config_written || offset >= virtio->type->config_size ||
        size > virtio->type->config_size - offset)
        return;
    for (unsigned i = 0; i < size; i++)
        virtio->config[offset + i] = (uint8_t)(value >> i * 8);
    virtio->type->config_written(virtio, offset, size);
}

static uint32_t bar_read(void *device, uint32_t offset, unsigned size)
{
    struct vmm_virtio *virtio = device;

    if (offset >= VMM_VIRTIO_CONFIG)
        return config_read(virtio, offset - VMM_VIRTIO_CONFIG, size);
    if (offset >= VMM_VIRTIO_NOTIFY)
        return 0;
    if (offset >= VMM_VIRTIO_ISR)
        return offset == VMM_VIRTIO_ISR ? isr_read(virtio) : 0;
    return common_read(virtio, offset, size);
}

static void bar_write(void *device, uint32_t offset, unsigned size, uint32_t value)
{
    struct vmm_virtio *virtio = device;

    if (offset >= VMM_VIRTIO_CONFIG)
        config_write(virtio, offset - VMM_VIRTIO_CONFIG, size, value);
    else if (offset >= VMM_VIRTIO_NOTIFY)
        vmm_virtio_notify(virtio, (offset - VMM_VIRTIO_NOTIFY) / NOTIFY_MULTIPLIER);
    else
        common_write(virtio, offset, size, value);
}

static unsigned add_cap(struct vmm_pci_function *function, enum cap_type type, uint32_t offset,
                        uint32_t size, unsigned bytes)
{
    unsigned at = vmm_pci_add_capability(function, CAPABILITY_VENDOR, bytes);

    vmm_pci_set(function, at + CAP_LENGTH, 1, bytes);
    vmm_pci_set(function, at + CAP_TYPE, 1, type);
    vmm_pci_set(function, at + CAP_BAR, 1, VMM_VIRTIO_BAR);
    vmm_pci_set(function, at + CAP_OFFSET, 4, offset);
    vmm_pci_set(function, at + CAP_SIZE, 4, size);
    return at;
}

/* The capability that is a window: the driver writes BAR, offset and size into it, and then reads
 * or writes data through it (4.1.4.9). It is the first one after the registers of a function. */
#define WINDOW VMM_PCI_FIRST_FREE

/* True if an access to configuration space goes through the window, to `size` bytes at *offset. */
static bool through_window(const struct vmm_pci_function *function, unsigned at, unsigned bytes,
                           uint32_t *offset, unsigned *size)
{
    *offset = vmm_pci_get(function, WINDOW + CAP_OFFSET, 4);
    *size = vmm_pci_get(function, WINDOW + CAP_SIZE, 4);
    return at == WINDOW + CAP_DATA && bytes == *size;
}

static void window_read(struct vmm_pci_function *function, unsigned at, unsigned bytes)
{
    unsigned size;
    uint32_t offset;

    if (through_window(function, at, bytes, &offset, &size))
        vmm_pci_set(
            function, at, size,
            vmm_pci_bar_read_at(function, function->config[WINDOW + CAP_BAR], offset, size));
}

static void window_written(struct vmm_pci_function *function, unsigned at, unsigned bytes)
{
    unsigned size;
    uint32_t offset;

    if (through_window(function, at, bytes, &offset, &size))
        vmm_pci_bar_write_at(function, function->config[WINDOW + CAP_BAR], offset, size,
                             vmm_pci_get(function, at, size));
}

static void add_window(struct vmm_pci_function *function)
{
    unsigned at = add_cap(function, CAP_PCI, 0, 0, CAP_LONG_BYTES);

    function->writable[at + CAP_BAR] = 0xff;
    for (unsigned i = CAP_OFFSET; i < CAP_LONG_BYTES; i++)
        function->writable[at + i] = 0xff;
    function->config_read = window_read;
    function->config_written = window_written;
}

void vmm_virtio_make_function(struct vmm_virtio *virtio)
{
    struct vmm_pci_function *function = &virtio->function;
    const struct vmm_pci_bar registers = {VMM_VIRTIO_BAR_SIZE, true,   bar_read,
                                          bar_write,           virtio, 0};
    unsigned queues = virtio->type->queue_count, notify;

    vmm_pci_set(function, VMM_PCI_VENDOR_ID, 2, VENDOR);
    vmm_pci_set(function, VMM_PCI_DEVICE_ID, 2, DEVICE_BASE + virtio->type->id);
    vmm_pci_set(function, VMM_PCI_REVISION_ID, 1, REVISION);
    vmm_pci_set(function, VMM_PCI_CLASS, 2, virtio->type->class_code);
    vmm_pci_set(function, VMM_PCI_SUBSYSTEM_VENDOR_ID, 2, VENDOR);
    vmm_pci_set(function, VMM_PCI_SUBSYSTEM_ID, 2, SUBSYSTEM);
    vmm_pci_use_pin(function);
    (void)vmm_pci_add_bar(function, VMM_VIRTIO_BAR, &registers);
    add_window(function);
    if (virtio->type->config_size)
        add_cap(function, CAP_DEVICE, VMM_VIRTIO_CONFIG, virtio->type->config_size, CAP_BYTES);
    add_cap(function, CAP_ISR, VMM_VIRTIO_ISR, 1, CAP_BYTES);
    notify = add_cap(function, CAP_NOTIFY, VMM_VIRTIO_NOTIFY, queues * NOTIFY_MULTIPLIER,
                     CAP_LONG_BYTES);
    vmm_pci_set(function, notify + CAP_MULTIPLIER, 4, NOTIFY_MULTIPLIER);
    add_cap(function, CAP_COMMON, VMM_VIRTIO_COMMON, COMMON_SIZE, CAP_BYTES);
    /* one for the configuration, one for each queue */
    (void)vmm_msix_init(&virtio->msix, function, queues + 1, VMM_VIRTIO_MSIX_BAR);
}
