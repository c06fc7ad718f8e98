/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual Ethernet switch: each of its channels is a port, for a client with the other end of the
 * channel. It never ends by itself.
 */
#include "forward.h"

#include <runtime/channel.h>
#include <runtime/client.h>
#include <runtime/ipc.h>

_Static_assert(2 * sizeof(struct vmm_cable_half) <= NACELLE_CLIENT_CHANNEL_SIZE, "a cable fits");
_Static_assert(PORTS_MAX >= NACELLE_CLIENT_CHANNELS_MAX, "a port for each channel");

static struct forwarder forwarder;
static struct nacelle_pool pool;

static void wake(void *context)
{
    nacelle_channel_signal(context);
}

int main(const struct nacelle_client_info *info)
{
    struct nacelle_message message = {0};

    if (!info->channel_count) {
        nacelle_print("needs channel=, a name for each port\n");
        return 1;
    }
    nacelle_pool_init(&pool, info);
    forwarder.port_count = info->channel_count;
    for (uint32_t i = 0; i < info->channel_count; i++) {
        const struct nacelle_client_channel *channel = &info->channels[i];

        vmm_switch_port_init(&forwarder.ports[i], nacelle_channel_map(channel, &pool), channel->end,
                             wake, (void *)channel);
    }
    nacelle_print("%u ports\n", forwarder.port_count);
    for (;;) {
        forward_all(&forwarder);
        nacelle_check(nacelle_receive(NACELLE_CLIENT_DOORBELL, &message), "waiting for frames");
    }
}
