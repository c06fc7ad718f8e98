/* SPDX-License-Identifier: BSD-2-Clause */
/* A network device at a channel to a switch. For clients: system calls, and an end with a message
 * when something fails. */
#ifndef VMM_NET_CHANNEL_H
#define VMM_NET_CHANNEL_H

#include <runtime/channel.h>
#include <vmm/guest.h>
#include <vmm/loop.h>
#include <vmm/net_port.h>

struct vmm_net_channel {
    struct vmm_net_port port;
    const struct nacelle_client_channel *channel;
};

/* Plugs a network device into the guest's bus, as `device`, that is at this channel. The loop must
 * have been told of the channels (vmm_loop_use_channels()). */
void vmm_net_channel_add(struct vmm_net_channel *net, struct vmm_guest *guest,
                         struct vmm_loop *loop, struct nacelle_pool *pool,
                         const struct nacelle_client_channel *channel, uint8_t device,
                         const uint8_t mac[VMM_MAC_SIZE]);

#endif
