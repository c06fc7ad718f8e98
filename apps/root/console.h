/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial console, COM1, and the ways to switch the machine off. */
#ifndef ROOT_CONSOLE_H
#define ROOT_CONSOLE_H

#include <nacelle/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 115200 baud, 8 bits, no parity, 1 stop bit. */
void console_init(void);

/* Prints to COM1. The root task is the only one that does, so that lines are never mixed. */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * From now on the line carries channels (runtime/channels.h) and works by interrupts, which are
 * signalled to whoever receives at `endpoint`; until then it is written to directly, and not read.
 */
enum nacelle_error console_share(uint64_t endpoint);

/* Writes bytes to a channel, 1 and up; returns how many were taken. */
size_t console_write(unsigned channel, const void *bytes, size_t count);

/* Room for bytes of a channel. */
size_t console_room(unsigned channel);

/* Reads input of a channel; returns the number of bytes. */
size_t console_read(unsigned channel, void *bytes, size_t count);

/* Forgets input of a channel. */
void console_drop_input(unsigned channel);

/* After an interrupt was signalled: sends and receives. Returns a bit for each channel that has got
 * input. */
uint32_t console_interrupt(void);

/* Prints the last line of a scenario, `problem` NULL for success, and switches the machine off. */
_Noreturn void console_finish(const char *scenario, const char *problem);

#endif
