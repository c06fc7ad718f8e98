/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands to the root task. No system calls: tests run it on the host. */
#include "commands.h"

#include <runtime/string.h>

#define BACKSPACE '\b'
#define DEL       0x7f

static void carry_out(const struct commands *commands)
{
    static const char kill[] = "kill ";
    const char *line = commands->line;

    if (!strncmp(line, kill, sizeof(kill) - 1) && line[sizeof(kill) - 1])
        commands->kill(line + sizeof(kill) - 1);
    else if (!strcmp(line, "list"))
        commands->list();
    else
        commands->explain();
}

static void end_line(struct commands *commands)
{
    if (commands->length >= COMMANDS_LINE_MAX) {
        commands->explain();
    } else if (commands->length) {
        commands->line[commands->length] = 0;
        carry_out(commands);
    }
    commands->length = 0;
}

void commands_take(struct commands *commands, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char byte = bytes[i];

        if (byte == '\r' || byte == '\n') {
            end_line(commands);
        } else if (byte == BACKSPACE || byte == DEL) {
            if (commands->length && commands->length < COMMANDS_LINE_MAX)
                commands->length--;
        } else if (commands->length < COMMANDS_LINE_MAX) {
            commands->line[commands->length++] = byte;
        }
    }
}
