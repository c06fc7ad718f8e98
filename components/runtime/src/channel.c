/* SPDX-License-Identifier: BSD-2-Clause */
/* Channels, as a client sees them. */
#include <runtime/aspace.h>
#include <runtime/channel.h>
#include <runtime/client.h>
#include <stddef.h>

const struct nacelle_client_channel *nacelle_find_channel(const struct nacelle_client_info *info,
                                                          struct nacelle_word name)
{
    for (uint32_t i = 0; i < info->channel_count; i++)
        if (nacelle_word_is(name, info->channels[i].name))
            return &info->channels[i];
    return NULL;
}

void *nacelle_channel_map(const struct nacelle_client_channel *channel, struct nacelle_pool *pool)
{
    uint64_t address =
        nacelle_pool_address(pool, NACELLE_CLIENT_CHANNEL_SIZE, NACELLE_CLIENT_CHANNEL_SIZE);

    nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, channel->frame, address,
                                     NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE),
                  "mapping a channel");
    return (void *)address;
}
