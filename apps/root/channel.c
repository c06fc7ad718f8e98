/* SPDX-License-Identifier: BSD-2-Clause */
/* Channels between clients. */
#include "channel.h"

#include <runtime/cspace.h>
#include <runtime/names.h>

#define READ_WRITE (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)
#define ENDS       2

struct channel {
    char name[NACELLE_CLIENT_CHANNEL_NAME];
    uint64_t frame; /* slot of its memory */
    unsigned ends, gone;
    struct {
        struct client *client;
        unsigned bit; /* of its doorbell */
    } end[ENDS];
};

static struct channel channels[CHANNELS_MAX];
static unsigned channel_count;

static struct channel *find(struct nacelle_word name)
{
    for (unsigned i = 0; i < channel_count; i++)
        if (nacelle_word_is(name, channels[i].name))
            return &channels[i];
    return NULL;
}

/* Makes an object in a slot of its own; 0 when that cannot be done. */
static uint64_t make(enum nacelle_type type, unsigned size)
{
    uint64_t slot = resources_slots(1);

    if (slot && resources_make(type, size, slot) != NACELLE_ERROR_OK) {
        resources_free_slots(slot, 1);
        slot = 0;
    }
    return slot;
}

static void delete_slot(uint64_t *slot)
{
    if (!*slot)
        return;
    (void)nacelle_cspace_delete(NACELLE_SLOT_CSPACE, *slot);
    resources_free_slots(*slot, 1);
    *slot = 0;
}

static const char *add(struct nacelle_word name, struct channel **channel)
{
    *channel = &channels[channel_count];
    if (channel_count == CHANNELS_MAX)
        return "there are too many channels";
    **channel = (struct channel){0};
    if (!nacelle_word_copy(name, (*channel)->name, sizeof((*channel)->name)) || !name.length)
        return "channel= has a name that is not of 1 to 15 characters";
    (*channel)->frame = make(NACELLE_TYPE_FRAME, NACELLE_SIZE_LARGE);
    if (!(*channel)->frame)
        return "no memory for a channel";
    channel_count++;
    return NULL;
}

static const char *note(struct client *client, struct nacelle_word name)
{
    struct channel *channel = find(name);
    const char *problem = NULL;

    if (!channel)
        problem = add(name, &channel);
    if (problem)
        return problem;
    if (channel->ends == ENDS)
        return "channel= has a name that two other clients have";
    if (channel->ends && channel->end[0].client == client)
        return "channel= has a name twice";
    if (client->channels == NACELLE_CLIENT_CHANNELS_MAX)
        return "channel= has too many names";
    if (!client->doorbell)
        client->doorbell = make(NACELLE_TYPE_NOTIFICATION, NACELLE_SIZE_NOTIFICATION);
    if (!client->doorbell)
        return "no memory for a channel";
    channel->end[channel->ends].client = client;
    channel->end[channel->ends++].bit = ++client->channels;
    return NULL;
}

const char *channels_note(struct client *client)
{
    struct nacelle_word list = client->config.channels, name;
    const char *problem = NULL;

    while (!problem && nacelle_next_part(&list, &name))
        problem = note(client, name);
    return problem;
}

/* One end: the memory, and what wakes the client at the other end, if that has not ended yet. */
static enum nacelle_error give(const struct client *client, struct channel *channel,
                               struct nacelle_client_info *info)
{
    struct nacelle_client_channel *told = &info->channels[info->channel_count++];
    uint64_t cspace = client->slots + CLIENT_CSPACE;
    unsigned end = channel->end[0].client != client, other = 1 - end;
    const struct client *peer = channel->end[other].client;
    enum nacelle_error error;

    for (unsigned i = 0; i < sizeof(told->name); i++)
        told->name[i] = channel->name[i];
    told->end = end;
    told->bit = channel->end[end].bit;
    told->frame = info->first_free_slot++;
    error = nacelle_cspace_copy(cspace, told->frame, channel->frame, READ_WRITE, 0);
    if (error != NACELLE_ERROR_OK || !peer->doorbell)
        return error;
    told->signal = info->first_free_slot++;
    return nacelle_cspace_copy(cspace, told->signal, peer->doorbell, NACELLE_RIGHT_WRITE,
                               1ull << channel->end[other].bit);
}

const char *channels_give(struct client *client, struct nacelle_client_info *info)
{
    struct nacelle_word list = client->config.channels, name;
    enum nacelle_error error = NACELLE_ERROR_OK;

    if (client->doorbell)
        error = nacelle_cspace_copy(client->slots + CLIENT_CSPACE, NACELLE_CLIENT_DOORBELL,
                                    client->doorbell, READ_WRITE, 0);
    while (error == NACELLE_ERROR_OK && nacelle_next_part(&list, &name)) {
        struct channel *channel = find(name);

        if (!channel || channel->ends != ENDS)
            return "channel= has a name that no other client has";
        error = give(client, channel, info);
    }
    return error == NACELLE_ERROR_OK ? NULL : nacelle_error_text(error);
}

void channels_leave(struct client *client)
{
    delete_slot(&client->doorbell);
    for (unsigned i = 0; i < channel_count; i++) {
        struct channel *channel = &channels[i];

        for (unsigned end = 0; end < channel->ends; end++)
            if (channel->end[end].client == client && ++channel->gone == channel->ends)
                delete_slot(&channel->frame);
    }
}
