/* SPDX-License-Identifier: BSD-2-Clause */
/* Terminals of clients. Each is the channel of the serial line that has the client's badge. */
#include "terminal.h"

#include "console.h"
#include "line.h"

#include <runtime/console_line.h>
#include <runtime/cspace.h>
#include <runtime/ipc.h>
#include <runtime/names.h>
#include <runtime/notification.h>
#include <runtime/serial_line.h>

_Static_assert(CLIENTS_MAX < NACELLE_LINE_CHANNELS, "a channel for each client, and the log");

/* A client is told of room when there is this much, so that it does not come for each byte. */
#define ROOM_TOLD 2048

static struct terminal {
    bool open;
    bool refused;          /* output, for want of room */
    uint64_t notification; /* slot; 0: none */
} terminals[NACELLE_LINE_CHANNELS];

static uint64_t console_endpoint;

void terminals_init(uint64_t endpoint)
{
    console_endpoint = endpoint;
    nacelle_ipc_buffer->receive_slot = resources_slots(1);
}

static bool open_terminal(struct client *client)
{
    struct terminal *terminal = &terminals[client->badge];
    enum nacelle_error error;

    if (terminal->open)
        return true;
    error = line_share(console_endpoint);
    if (error != NACELLE_ERROR_OK) {
        console_print("root: client %s: no terminal: %s\n", client->config.name,
                      nacelle_error_text(error));
        return false;
    }
    terminal->open = true;
    /* tools/console knows the channels' names by this line */
    console_print("root: client %s: terminal %u\n", client->config.name, (unsigned)client->badge);
    return true;
}

/* Nothing but a notification may be signalled: to call something else could block for ever. */
static bool is_notification(uint64_t slot)
{
    struct nacelle_identity identity = {0};

    return nacelle_cspace_identify(NACELLE_SLOT_CSPACE, slot, &identity) == NACELLE_ERROR_OK &&
           identity.type == NACELLE_TYPE_NOTIFICATION && identity.rights & NACELLE_RIGHT_WRITE;
}

static void forget(struct terminal *terminal)
{
    if (!terminal->notification)
        return;
    (void)nacelle_cspace_delete(NACELLE_SLOT_CSPACE, terminal->notification);
    resources_free_slots(terminal->notification, 1);
    terminal->notification = 0;
}

void terminals_refuse_capability(const struct nacelle_message *message)
{
    if (message->tag & NACELLE_TAG_CAPABILITY)
        (void)nacelle_cspace_delete(NACELLE_SLOT_CSPACE, nacelle_ipc_buffer->receive_slot);
}

static void signal(const struct terminal *terminal)
{
    if (terminal->notification)
        (void)nacelle_notification_signal(terminal->notification);
}

static void attach(struct client *client, const struct nacelle_message *message,
                   struct nacelle_message *reply)
{
    struct terminal *terminal = &terminals[client->badge];
    uint64_t slot = nacelle_ipc_buffer->receive_slot;

    if (!(message->tag & NACELLE_TAG_CAPABILITY))
        return;
    if (!is_notification(slot) || !open_terminal(client)) {
        terminals_refuse_capability(message);
        return;
    }
    forget(terminal);
    terminal->notification = slot;
    nacelle_ipc_buffer->receive_slot = resources_slots(1);
    reply->words[0] = client->badge;
    signal(terminal); /* input may be there already */
}

static void output(struct client *client, const struct nacelle_message *message,
                   struct nacelle_message *reply)
{
    uint64_t words[NACELLE_MESSAGE_WORDS];
    uint8_t bytes[NACELLE_CONSOLE_LINE_MAX];
    int count;

    nacelle_message_words(message, words);
    count = nacelle_console_unpack_bytes(words, nacelle_tag_length(message->tag), bytes);
    if (count < 0) {
        console_print("root: client %s: output that makes no sense\n", client->config.name);
        return;
    }
    if (!open_terminal(client))
        return;
    reply->words[0] = line_write((unsigned)client->badge, bytes, (size_t)count);
    terminals[client->badge].refused |= reply->words[0] < (size_t)count;
}

static void read_input(const struct client *client, struct nacelle_message *reply)
{
    uint64_t words[NACELLE_MESSAGE_WORDS];
    char bytes[NACELLE_CONSOLE_LINE_MAX];
    size_t count = 0;
    unsigned length;

    if (terminals[client->badge].open)
        count = line_read((unsigned)client->badge, bytes, sizeof(bytes));
    length = nacelle_console_pack(words, bytes, count);
    reply->tag = nacelle_tag(0, length);
    nacelle_message_set_words(reply, words, length);
}

bool terminal_handle(struct client *client, const struct nacelle_message *message,
                     struct nacelle_message *reply)
{
    uint32_t label = nacelle_tag_label(message->tag);

    reply->tag = nacelle_tag(0, 1);
    if (label == NACELLE_CONSOLE_ATTACH) {
        attach(client, message, reply);
        return true;
    }
    terminals_refuse_capability(message);
    if (label == NACELLE_CONSOLE_OUTPUT)
        output(client, message, reply);
    else if (label == NACELLE_CONSOLE_READ)
        read_input(client, reply);
    return label == NACELLE_CONSOLE_OUTPUT || label == NACELLE_CONSOLE_READ;
}

bool terminals_interrupt(void)
{
    uint32_t channels = line_interrupt();

    for (unsigned i = 1; i < NACELLE_LINE_CHANNELS; i++) {
        struct terminal *terminal = &terminals[i];
        bool room = terminal->refused && line_room(i) >= ROOM_TOLD;

        if (room)
            terminal->refused = false;
        if (room || channels >> i & 1)
            signal(terminal);
    }
    return channels & 1;
}

void terminal_close(const struct client *client)
{
    struct terminal *terminal = &terminals[client->badge];

    if (!terminal->open)
        return;
    forget(terminal);
    line_drop_input((unsigned)client->badge);
    *terminal = (struct terminal){0};
}
