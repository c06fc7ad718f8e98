/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial console, COM1, and the ways to switch the machine off. */
#ifndef ROOT_CONSOLE_H
#define ROOT_CONSOLE_H

#include <stdbool.h>

/* 115200 baud, 8 bits, no parity, 1 stop bit. */
void console_init(void);

/* Prints to COM1. The root task is the only one that does, so that lines are never mixed. */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Who takes the characters instead of COM1. */
struct console_writer {
    void (*put)(char character);
    void (*begin)(void); /* after each text */
    void (*flush)(void); /* returns when all of it is with COM1 */
};

void console_divert(const struct console_writer *to);

/* Prints the last line of a scenario, `problem` NULL for success, and switches the machine off. */
_Noreturn void console_finish(const char *scenario, const char *problem);

#endif
