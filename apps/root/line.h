/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial line once it is shared by the log and the terminals of clients. */
#ifndef ROOT_LINE_H
#define ROOT_LINE_H

#include <nacelle/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * From now on the line carries channels (runtime/serial_line.h) and works by interrupts, which are
 * signalled to whoever receives at `endpoint`; until then it is written to directly, and not read.
 */
enum nacelle_error line_share(uint64_t endpoint);

/* Writes bytes to a channel, 1 and up; returns how many were taken. */
size_t line_write(unsigned channel, const void *bytes, size_t count);

/* Room for bytes of a channel. */
size_t line_room(unsigned channel);

/* Reads input of a channel; returns the number of bytes. */
size_t line_read(unsigned channel, void *bytes, size_t count);

/* Forgets input of a channel. */
void line_drop_input(unsigned channel);

/* After an interrupt was signalled: sends and receives. Returns a bit for each channel that has got
 * input. */
uint32_t line_interrupt(void);

#endif
