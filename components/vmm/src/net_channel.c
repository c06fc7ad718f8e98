/* SPDX-License-Identifier: BSD-2-Clause */
/* Network devices at channels. */
#include <runtime/client.h>
#include <vmm/net_channel.h>

_Static_assert(2 * sizeof(struct vmm_cable_half) <= NACELLE_CLIENT_CHANNEL_SIZE, "a cable fits");

static void wake_switch(void *context)
{
    const struct vmm_net_channel *net = context;

    nacelle_channel_signal(net->channel);
}

static void signalled(void *context)
{
    vmm_net_port_signalled(context);
}

void vmm_net_channel_add(struct vmm_net_channel *net, struct vmm_guest *guest,
                         struct vmm_loop *loop, struct nacelle_pool *pool,
                         const struct nacelle_client_channel *channel, uint8_t device,
                         const uint8_t mac[VMM_MAC_SIZE])
{
    net->channel = channel;
    vmm_net_port_init(&net->port, &guest->pc.memory, device, mac,
                      nacelle_channel_map(channel, pool), channel->end, wake_switch, net);
    vmm_loop_set_source(loop, channel->bit, signalled, &net->port);
    if (!vmm_pci_add(&guest->pc.pci, &net->port.net.virtio.function)) {
        nacelle_print("no place on the bus for the network device\n");
        nacelle_exit(1);
    }
}
