/* SPDX-License-Identifier: BSD-2-Clause */
/* Network devices at cables: each byte of a frame is copied once, between guest and cable. */
#include <vmm/net_port.h>

#define HEADER_SIZE sizeof(struct vmm_net_header) /* before the frame in each record */

_Static_assert(HEADER_SIZE + VMM_FRAME_LONG_MAX <= VMM_CABLE_RECORD, "any frame fits");

static bool transmit(void *context, const struct vmm_net_header *header,
                     const struct vmm_virtq_buffer *buffer, uint64_t offset, uint32_t size)
{
    struct vmm_net_port *net_port = context;
    uint64_t left = size;
    struct vmm_segment part;
    unsigned segment = 0;

    if (net_port->port.broken) /* as if the cable were cut */
        return true;
    if (!vmm_switch_port_begin(&net_port->port, (uint32_t)HEADER_SIZE + size))
        return net_port->port.broken;
    vmm_switch_port_append(&net_port->port, header, HEADER_SIZE);
    while (vmm_virtq_walk(buffer, false, &segment, &offset, &left, &part))
        vmm_switch_port_append(&net_port->port, part.bytes, part.size);
    vmm_switch_port_commit(&net_port->port);
    return true;
}

static void flush(void *context)
{
    struct vmm_net_port *net_port = context;

    vmm_switch_port_flush(&net_port->port);
}

/* Gives the guest what a record has, of which nothing is believed. False: there are no buffers. */
static bool give(struct vmm_net_port *net_port, const struct vmm_segment record[2])
{
    struct vmm_segment frame[2];
    struct vmm_net_header header;

    if (record[0].size + record[1].size < HEADER_SIZE) {
        net_port->net.dropped++;
        return true;
    }
    vmm_net_copy(record, 0, &header, HEADER_SIZE);
    vmm_net_skip(record, HEADER_SIZE, frame);
    return vmm_virtio_net_receive(&net_port->net, &header, frame);
}

/* Gives the guest frames as long as it has buffers. */
static void receive(void *context)
{
    struct vmm_net_port *net_port = context;
    struct vmm_segment record[2];

    while (vmm_switch_port_peek(&net_port->port, record) && give(net_port, record))
        vmm_switch_port_drop(&net_port->port, record);
    vmm_virtio_net_finish(&net_port->net);
    vmm_switch_port_flush(&net_port->port);
}

void vmm_net_port_init(struct vmm_net_port *net_port, const struct vmm_memory *guest,
                       uint8_t device, const uint8_t mac[VMM_MAC_SIZE], void *cable, unsigned end,
                       void (*signal)(void *context), void *context)
{
    const struct vmm_net_link link = {transmit, flush, receive, net_port};

    vmm_switch_port_init(&net_port->port, cable, end, signal, context);
    vmm_virtio_net_init(&net_port->net, guest, device, mac, &link);
}

void vmm_net_port_signalled(struct vmm_net_port *net_port)
{
    receive(net_port);
    vmm_virtio_net_resume(&net_port->net);
}
