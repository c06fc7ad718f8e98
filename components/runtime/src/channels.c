/* SPDX-License-Identifier: BSD-2-Clause */
/* Several consoles over one serial line. */
#include <runtime/channels.h>

unsigned nacelle_channel_encode(struct nacelle_channel_line *line, unsigned channel, uint8_t byte,
                                uint8_t encoded[NACELLE_CHANNEL_ENCODED_MAX])
{
    unsigned count = 0;

    if (channel != line->channel) {
        encoded[count++] = NACELLE_CHANNEL_DLE;
        encoded[count++] = (uint8_t)(NACELLE_CHANNEL_FIRST + channel);
        line->channel = channel;
    }
    if (byte == NACELLE_CHANNEL_DLE)
        encoded[count++] = NACELLE_CHANNEL_DLE;
    encoded[count++] = byte;
    return count;
}

bool nacelle_channel_decode(struct nacelle_channel_line *line, uint8_t byte)
{
    unsigned channel = (unsigned)byte - NACELLE_CHANNEL_FIRST;

    if (!line->escaped) {
        line->escaped = byte == NACELLE_CHANNEL_DLE;
        return !line->escaped;
    }
    line->escaped = false;
    if (channel < NACELLE_CHANNELS)
        line->channel = channel;
    return byte == NACELLE_CHANNEL_DLE;
}
