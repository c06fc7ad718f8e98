/* SPDX-License-Identifier: BSD-2-Clause */
/* Several consoles over one serial line. */
#include <runtime/serial_line.h>

unsigned nacelle_line_encode(struct nacelle_serial_line *line, unsigned channel, uint8_t byte,
                             uint8_t encoded[NACELLE_LINE_ENCODED_MAX])
{
    unsigned count = 0;

    if (channel != line->channel) {
        encoded[count++] = NACELLE_LINE_DLE;
        encoded[count++] = (uint8_t)(NACELLE_LINE_FIRST + channel);
        line->channel = channel;
    }
    if (byte == NACELLE_LINE_DLE)
        encoded[count++] = NACELLE_LINE_DLE;
    encoded[count++] = byte;
    return count;
}

bool nacelle_line_decode(struct nacelle_serial_line *line, uint8_t byte)
{
    unsigned channel = (unsigned)byte - NACELLE_LINE_FIRST;

    if (!line->escaped) {
        line->escaped = byte == NACELLE_LINE_DLE;
        return !line->escaped;
    }
    line->escaped = false;
    if (channel < NACELLE_LINE_CHANNELS)
        line->channel = channel;
    return byte == NACELLE_LINE_DLE;
}
