/* SPDX-License-Identifier: BSD-2-Clause */
/* Channels: memory that two clients share, and a way for each to wake the other. The root task
 * makes one for each name that two clients have in channel=. */
#ifndef RUNTIME_CHANNEL_H
#define RUNTIME_CHANNEL_H

#include <runtime/arguments.h>
#include <runtime/client_info.h>
#include <runtime/notification.h>
#include <runtime/pool.h>

/* The channel of this name, or NULL. */
const struct nacelle_client_channel *nacelle_find_channel(const struct nacelle_client_info *info,
                                                          struct nacelle_word name);

/* Maps the channel's memory; its address. Prints and exits on failure. */
void *nacelle_channel_map(const struct nacelle_client_channel *channel, struct nacelle_pool *pool);

/* Sets channel->bit of the peer's doorbell. The peer may be gone: nothing happens then. */
static inline void nacelle_channel_signal(const struct nacelle_client_channel *channel)
{
    (void)nacelle_notification_signal(channel->signal);
}

#endif
