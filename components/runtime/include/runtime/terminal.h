/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal that a client has beside the lines of nacelle_print(): bytes in and out. */
#ifndef RUNTIME_TERMINAL_H
#define RUNTIME_TERMINAL_H

#include <runtime/console_line.h>
#include <stddef.h>
#include <stdint.h>

/* Has the notification (slot; WRITE) signalled when there is input, or room again after a write
 * that was cut. Returns the number of the terminal, or 0 when there is none to be had. */
unsigned nacelle_terminal_attach(uint64_t notification);

/* Writes bytes as they are. Returns how many were taken; fewer than all: the line is slower. */
size_t nacelle_terminal_write(const uint8_t *bytes, size_t count);

/* Reads what was typed; 0 when there is no more. */
size_t nacelle_terminal_read(uint8_t bytes[NACELLE_CONSOLE_LINE_MAX]);

#endif
