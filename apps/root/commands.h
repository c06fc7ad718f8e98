/* SPDX-License-Identifier: BSD-2-Clause */
/* What a person, or a script, types at the log: commands to the root task. No system calls. */
#ifndef ROOT_COMMANDS_H
#define ROOT_COMMANDS_H

#include <stddef.h>

#define COMMANDS_LINE_MAX 64

/* What there is to be done. The functions print what has become of it. */
struct commands {
    void (*kill)(const char *name); /* ends the client of that name */
    void (*list)(void);             /* tells of each client whether it runs */
    void (*explain)(void);          /* tells what commands there are */
    char line[COMMANDS_LINE_MAX];   /* what has been typed of the present line */
    size_t length;                  /* beyond the size of `line`: too long, and forgotten */
};

/* Takes bytes that were typed, and carries out the lines that they end. CR and LF end a line,
 * backspace and DEL take a character back. */
void commands_take(struct commands *commands, const char *bytes, size_t count);

#endif
