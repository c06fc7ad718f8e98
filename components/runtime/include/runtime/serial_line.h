/* SPDX-License-Identifier: BSD-2-Clause */
/* Several consoles over one serial line, as the root task and tools/console both speak it. */
#ifndef RUNTIME_SERIAL_LINE_H
#define RUNTIME_SERIAL_LINE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The line carries bytes of one channel at a time, from channel 0 on. DLE (10h) followed by 'A' + n
 * says that what follows belongs to channel n; DLE DLE is one byte 10h of the channel. DLE followed
 * by anything else means nothing and is dropped. Both directions are alike. Channel 0 is the log: a
 * run without terminals is the same as one without channels.
 */
#define NACELLE_LINE_DLE      0x10
#define NACELLE_LINE_FIRST    'A'
#define NACELLE_LINE_CHANNELS 16

/* The most bytes that one byte of a channel takes. */
#define NACELLE_LINE_ENCODED_MAX 4

/* One direction of the line, either end. Zero is the state at the start. */
struct nacelle_serial_line {
    unsigned channel; /* that bytes belong to now */
    bool escaped;     /* the last byte was the first DLE */
};

/* What to send so that the other end gets `byte` on `channel`; returns the number of bytes. */
unsigned nacelle_line_encode(struct nacelle_serial_line *line, unsigned channel, uint8_t byte,
                             uint8_t encoded[NACELLE_LINE_ENCODED_MAX]);

/* Takes a byte from the line. True: it is the next one of line->channel. */
bool nacelle_line_decode(struct nacelle_serial_line *line, uint8_t byte);

#endif
