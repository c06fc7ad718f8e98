/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues of the consoles that share the serial line. No system calls: tests run it on the host. */
#include "multiplex.h"

static uint32_t used(const struct ring *ring)
{
    return ring->end - ring->first;
}

static bool put(struct ring *ring, uint8_t byte)
{
    if (used(ring) == ring->size)
        return false;
    ring->bytes[ring->end++ % ring->size] = byte;
    return true;
}

static uint8_t get(struct ring *ring)
{
    return ring->bytes[ring->first++ % ring->size];
}

void multiplex_init(struct multiplex *multiplex)
{
    for (unsigned i = 0; i < NACELLE_LINE_CHANNELS; i++) {
        multiplex->output[i] = (struct ring){multiplex->output_bytes[i], MULTIPLEX_OUTPUT, 0, 0};
        multiplex->input[i] = (struct ring){multiplex->input_bytes[i], MULTIPLEX_INPUT, 0, 0};
    }
}

size_t multiplex_write(struct multiplex *multiplex, unsigned channel, const void *bytes,
                       size_t count)
{
    size_t done = 0;

    while (done < count && put(&multiplex->output[channel], ((const uint8_t *)bytes)[done]))
        done++;
    return done;
}

size_t multiplex_room(const struct multiplex *multiplex, unsigned channel)
{
    return MULTIPLEX_OUTPUT - used(&multiplex->output[channel]);
}

/* The channel whose byte is next: the present one for its turn, else the next one around that has
 * something. -1: none. */
static int choose(struct multiplex *multiplex)
{
    unsigned present = multiplex->sent.channel;

    if (multiplex->turn < MULTIPLEX_QUANTUM && used(&multiplex->output[present]))
        return (int)present;
    for (unsigned i = 1; i <= NACELLE_LINE_CHANNELS; i++) {
        unsigned channel = (present + i) % NACELLE_LINE_CHANNELS;

        if (used(&multiplex->output[channel])) {
            multiplex->turn = 0;
            return (int)channel;
        }
    }
    return -1;
}

bool multiplex_next(struct multiplex *multiplex, uint8_t *byte)
{
    if (multiplex->staged == multiplex->staged_count) {
        int channel = choose(multiplex);

        if (channel < 0)
            return false;
        multiplex->turn++;
        multiplex->staged = 0;
        multiplex->staged_count = nacelle_line_encode(&multiplex->sent, (unsigned)channel,
                                                      get(&multiplex->output[channel]),
                                                      multiplex->staged_bytes);
    }
    *byte = multiplex->staged_bytes[multiplex->staged++];
    return true;
}

int multiplex_take(struct multiplex *multiplex, uint8_t byte)
{
    struct nacelle_serial_line *line = &multiplex->received;

    if (!nacelle_line_decode(line, byte) || !put(&multiplex->input[line->channel], byte))
        return -1;
    return (int)line->channel;
}

size_t multiplex_read(struct multiplex *multiplex, unsigned channel, void *bytes, size_t count)
{
    struct ring *ring = &multiplex->input[channel];
    size_t done = 0;

    while (done < count && used(ring))
        ((uint8_t *)bytes)[done++] = get(ring);
    return done;
}

void multiplex_drop_input(struct multiplex *multiplex, unsigned channel)
{
    multiplex->input[channel].first = multiplex->input[channel].end;
}
