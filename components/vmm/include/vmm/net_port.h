/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio network device at one end of a cable. */
#ifndef VMM_NET_PORT_H
#define VMM_NET_PORT_H

#include <vmm/switch_port.h>
#include <vmm/virtio_net.h>

struct vmm_net_port {
    struct vmm_virtio_net net;
    struct vmm_switch_port port;
};

/* Makes the device, to be added to a bus, and its end of the cable: as vmm_virtio_net_init() and
 * vmm_switch_port_init() do. */
void vmm_net_port_init(struct vmm_net_port *net_port, const struct vmm_memory *guest,
                       uint8_t device, const uint8_t mac[VMM_MAC_SIZE], void *cable, unsigned end,
                       void (*signal)(void *context), void *context);

/* The other end has signalled: moves what there is to be moved. */
void vmm_net_port_signalled(struct vmm_net_port *net_port);

#endif
