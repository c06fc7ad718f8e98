/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio console with one port. VIRTIO 1.2, 5.3. */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include <vmm/virtio.h>

#define VMM_VIRTIO_CONSOLE_F_SIZE 1ull

/* What a console is connected to. */
struct vmm_console_line {
    void (*output)(void *context, const uint8_t *bytes, uint32_t size);
    void (*ready)(void *context); /* the guest takes input (again); may be NULL */
    void *context;
};

struct vmm_virtio_console {
    struct vmm_virtio virtio;
    struct vmm_console_line line;
};

void vmm_virtio_console_init(struct vmm_virtio_console *console, const struct vmm_memory *memory,
                             uint8_t device, const struct vmm_console_line *line);

/* Gives bytes to the guest; returns how many it takes. line.ready() tells when it takes more. */
uint32_t vmm_virtio_console_input(struct vmm_virtio_console *console, const void *bytes,
                                  uint32_t size);

/* Tells the guest the size of the window, in characters. */
void vmm_virtio_console_resize(struct vmm_virtio_console *console, uint16_t columns, uint16_t rows);

#endif
