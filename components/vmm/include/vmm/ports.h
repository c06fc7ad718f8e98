/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O ports: which device answers where. */
#ifndef VMM_PORTS_H
#define VMM_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#define VMM_PORT_RANGES_MAX 64

/* `size` is 1, 2 or 4 bytes, and never more than the range's width. */
typedef uint32_t vmm_port_read(void *device, uint16_t port, unsigned size);
typedef void vmm_port_write(void *device, uint16_t port, unsigned size, uint32_t value);

struct vmm_port_range {
    uint16_t first, last;
    uint8_t width;         /* widest access in bytes; a wider one is made of several, as on a bus */
    vmm_port_read *read;   /* NULL: reads all ones */
    vmm_port_write *write; /* NULL: writes are ignored */
    void *device;
};

/* Ranges in ascending order. Ports in none of them read all ones and ignore writes. */
struct vmm_ports {
    unsigned count;
    unsigned recent; /* the range accessed last: guests mostly go on with the same device */
    struct vmm_port_range ranges[VMM_PORT_RANGES_MAX];
    uint64_t unclaimed; /* bytes accessed that no device answered for */
    uint16_t last_unclaimed;
};

/* Adds a range. False when the table is full, the range is empty, or overlaps another. */
bool vmm_ports_add(struct vmm_ports *ports, const struct vmm_port_range *range);

/* Takes away the range that begins at `first`, if there is one. */
void vmm_ports_remove(struct vmm_ports *ports, uint16_t first);

/* What a guest's access does. Ports wrap around after 0xffff, as the bus does. */
uint32_t vmm_ports_read(struct vmm_ports *ports, uint16_t port, unsigned size);
void vmm_ports_write(struct vmm_ports *ports, uint16_t port, unsigned size, uint32_t value);

#endif
