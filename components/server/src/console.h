/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's own few words on the first serial port: boot, refusal, panic. */
#ifndef SERVER_CONSOLE_H
#define SERVER_CONSOLE_H

#include <stdint.h>

/* Sets the port up: 115200 baud, 8 bits, no parity. */
void console_init(void);

/* Prints text with %s (string), %lx and %lu (uint64_t, hexadecimal and decimal). */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct frame;

/*
 * Prints why, the registers of the frame (0: none) and a backtrace, and stops the machine. The
 * lines are what tools/symbolize reads.
 */
_Noreturn void panic(const char *why, const struct frame *frame);

/* Prints "nacelle: refused: " and why, and stops the machine: this one cannot run the server. */
_Noreturn void refuse(const char *what, const char *where);

#endif
