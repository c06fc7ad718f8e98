/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio consoles. */
#include <vmm/virtio_console.h>

#define ID_CONSOLE          3
#define CLASS_COMMUNICATION 0x0780 /* simple communication controller, other */

#define CONFIG_COLUMNS      0 /* struct virtio_console_config (5.3.4) */
#define CONFIG_ROWS         2
#define CONFIG_SIZE         4

enum queue {
    RECEIVE, /* to the driver */
    TRANSMIT,
    QUEUE_COUNT
};

static void transmit(struct vmm_virtio_console *console)
{
    struct vmm_virtio *virtio = &console->virtio;

    while (vmm_virtio_take(virtio, TRANSMIT)) {
        uint64_t offset = 0, left = virtio->buffer.readable_size;
        struct vmm_segment part;
        unsigned segment = 0;

        while (vmm_virtq_walk(&virtio->buffer, false, &segment, &offset, &left, &part))
            console->line.output(console->line.context, part.bytes, part.size);
        vmm_virtqueue_give(&virtio->queues[TRANSMIT], virtio->buffer.head, 0);
    }
    vmm_virtio_finish(virtio, TRANSMIT);
}

static void notified(struct vmm_virtio *virtio, unsigned queue)
{
    struct vmm_virtio_console *console = (struct vmm_virtio_console *)virtio;

    if (queue == TRANSMIT)
        transmit(console);
    else if (console->line.ready)
        console->line.ready(console->line.context);
}

static const struct vmm_virtio_type type = {
    .id = ID_CONSOLE,
    .class_code = CLASS_COMMUNICATION,
    .queue_count = QUEUE_COUNT,
    .config_size = CONFIG_SIZE,
    .notified = notified,
};

void vmm_virtio_console_init(struct vmm_virtio_console *console, const struct vmm_memory *memory,
                             uint8_t device, const struct vmm_console_line *line)
{
    console->line = *line;
    vmm_virtio_init(&console->virtio, &type, memory, VMM_VIRTIO_CONSOLE_F_SIZE, device);
}

uint32_t vmm_virtio_console_input(struct vmm_virtio_console *console, const void *bytes,
                                  uint32_t size)
{
    struct vmm_virtio *virtio = &console->virtio;
    const uint8_t *from = bytes;
    uint32_t done = 0;

    while (done < size && vmm_virtio_take(virtio, RECEIVE)) {
        uint32_t part = (uint32_t)vmm_virtq_write(&virtio->buffer, 0, from + done, size - done);

        vmm_virtqueue_give(&virtio->queues[RECEIVE], virtio->buffer.head, part);
        done += part;
    }
    vmm_virtio_finish(virtio, RECEIVE);
    return done;
}

void vmm_virtio_console_resize(struct vmm_virtio_console *console, uint16_t columns, uint16_t rows)
{
    uint8_t *config = console->virtio.config;

    for (unsigned i = 0; i < 2; i++) {
        config[CONFIG_COLUMNS + i] = (uint8_t)(columns >> i * 8);
        config[CONFIG_ROWS + i] = (uint8_t)(rows >> i * 8);
    }
    vmm_virtio_config_changed(&console->virtio);
}
