/* SPDX-License-Identifier: BSD-2-Clause */
/* Channels between clients: each name in channel= that two clients have gives both the same memory,
 * and each a capability that wakes the other. Nobody else can reach either. */
#ifndef ROOT_CHANNEL_H
#define ROOT_CHANNEL_H

#include "client.h"

#define CHANNELS_MAX 32

/* Notes the channels that a client asks for. NULL, or what is wrong. To be done for all clients
 * before the first one gets its ends: it gets capabilities of the others. */
const char *channels_note(struct client *client);

/* Gives a client its ends, and describes them. NULL, or why it cannot be. */
const char *channels_give(struct client *client, struct nacelle_client_info *info);

/* The client has ended: nothing wakes it any more; memory goes when both ends are gone. */
void channels_leave(struct client *client);

#endif
