/* SPDX-License-Identifier: BSD-2-Clause */
/* What waits to go over the serial line and what came over it, channel by channel. */
#ifndef ROOT_MULTIPLEX_H
#define ROOT_MULTIPLEX_H

#include <runtime/serial_line.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MULTIPLEX_OUTPUT \
    16384u /* bytes of a channel that can wait: a second of the line and more */
#define MULTIPLEX_INPUT   4096u
#define MULTIPLEX_QUANTUM 256u /* bytes of one channel while others wait */

/* Bytes in order; the counters run on, and the size is a power of two. */
struct ring {
    uint8_t *bytes;
    uint32_t size, first, end;
};

struct multiplex {
    struct ring output[NACELLE_LINE_CHANNELS], input[NACELLE_LINE_CHANNELS];
    uint8_t output_bytes[NACELLE_LINE_CHANNELS][MULTIPLEX_OUTPUT];
    uint8_t input_bytes[NACELLE_LINE_CHANNELS][MULTIPLEX_INPUT];
    struct nacelle_serial_line sent, received;
    uint32_t turn; /* bytes sent of the present channel since others wait */
    unsigned staged, staged_count;
    uint8_t staged_bytes[NACELLE_LINE_ENCODED_MAX]; /* encoded, not sent yet */
};

void multiplex_init(struct multiplex *multiplex);

/* Puts bytes into the queue of a channel; returns how many there was room for. */
size_t multiplex_write(struct multiplex *multiplex, unsigned channel, const void *bytes,
                       size_t count);

/* Room in the queue of a channel, bytes. */
size_t multiplex_room(const struct multiplex *multiplex, unsigned channel);

/* The next byte for the line. False when there is none. Channels take turns. */
bool multiplex_next(struct multiplex *multiplex, uint8_t *byte);

/* Takes a byte from the line. Returns the channel that has input now, or -1: none, or no room. */
int multiplex_take(struct multiplex *multiplex, uint8_t byte);

/* Input of a channel; returns the number of bytes. */
size_t multiplex_read(struct multiplex *multiplex, unsigned channel, void *bytes, size_t count);

/* Forgets the input of a channel, whose client has ended. What it has written still goes out. */
void multiplex_drop_input(struct multiplex *multiplex, unsigned channel);

#endif
