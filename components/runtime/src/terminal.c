/* SPDX-License-Identifier: BSD-2-Clause */
/* A client's terminal: calls to the root task. */
#include <runtime/client_info.h>
#include <runtime/ipc.h>
#include <runtime/terminal.h>

unsigned nacelle_terminal_attach(uint64_t notification)
{
    struct nacelle_message message = {.tag = nacelle_tag(NACELLE_CONSOLE_ATTACH, 0) |
                                             NACELLE_TAG_CAPABILITY};

    nacelle_ipc_buffer->send_slot = notification;
    if (nacelle_call(NACELLE_CLIENT_CONSOLE, &message) != NACELLE_ERROR_OK)
        return 0;
    return (unsigned)message.words[0];
}

/* One message's worth. */
static size_t write_some(const uint8_t *bytes, size_t count)
{
    uint64_t words[NACELLE_MESSAGE_WORDS];
    unsigned length = nacelle_console_pack(words, (const char *)bytes, count);
    struct nacelle_message message = {.tag = nacelle_tag(NACELLE_CONSOLE_OUTPUT, length)};

    nacelle_message_set_words(&message, words, length);
    if (nacelle_call(NACELLE_CLIENT_CONSOLE, &message) != NACELLE_ERROR_OK)
        return count; /* there is nobody who could ever take them */
    return message.words[0];
}

size_t nacelle_terminal_write(const uint8_t *bytes, size_t count)
{
    size_t done = 0;

    while (done < count) {
        size_t part = count - done;
        size_t taken;

        if (part > NACELLE_CONSOLE_LINE_MAX)
            part = NACELLE_CONSOLE_LINE_MAX;
        taken = write_some(bytes + done, part);
        if (taken < part)
            return done + taken;
        done += part;
    }
    return done;
}

size_t nacelle_terminal_read(uint8_t bytes[NACELLE_CONSOLE_LINE_MAX])
{
    struct nacelle_message message = {.tag = nacelle_tag(NACELLE_CONSOLE_READ, 0)};
    uint64_t words[NACELLE_MESSAGE_WORDS];
    int count;

    if (nacelle_call(NACELLE_CLIENT_CONSOLE, &message) != NACELLE_ERROR_OK)
        return 0;
    nacelle_message_words(&message, words);
    count = nacelle_console_unpack_bytes(words, nacelle_tag_length(message.tag), bytes);
    return count < 0 ? 0 : (size_t)count;
}
