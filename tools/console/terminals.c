/* SPDX-License-Identifier: BSD-2-Clause */
/* What each channel has shown, and its names. */
#include "console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HISTORY_MAX (1u << 20)

static struct terminal terminals[NACELLE_LINE_CHANNELS];
static int standard_output = -1, file_output = -1;
static bool standard_log_only;

struct terminal *terminal(unsigned channel)
{
    return &terminals[channel];
}

void terminals_init(void)
{
    for (unsigned i = 0; i < NACELLE_LINE_CHANNELS; i++) {
        terminals[i].history = malloc(HISTORY_MAX);
        if (!terminals[i].history) {
            fprintf(stderr, "console: out of memory\n");
            exit(2);
        }
        snprintf(terminals[i].name, NAME_MAX_LENGTH, "terminal%u", i);
    }
    snprintf(terminals[0].name, NAME_MAX_LENGTH, "log");
    terminals[0].open = true;
}

void terminals_output(int standard, int file, bool log_only)
{
    standard_output = standard;
    file_output = file;
    standard_log_only = log_only;
}

static void write_fully(int descriptor, const char *bytes, size_t count)
{
    while (count) {
        ssize_t done = write(descriptor, bytes, count);

        if (done <= 0)
            return;
        bytes += done;
        count -= (size_t)done;
    }
}

static void set_stage(struct terminal *this, const char *text)
{
    size_t length = strnlen(text, STAGE_MAX_LENGTH - 1);

    memmove(this->stage, text, length);
    this->stage[length] = 0;
}

/* Notes what a line of the log says of a client: its terminal, or how far it is. */
static void read_log(const char *line)
{
    char name[NAME_MAX_LENGTH];
    unsigned long channel;
    int at = 0;

    if (sscanf(line, "root: client %31[^: ]: terminal %n", name, &at) == 1 && at) {
        channel = strtoul(line + at, NULL, 10);
        if (!channel || channel >= NACELLE_LINE_CHANNELS)
            return;
        memcpy(terminals[channel].name, name, sizeof(name));
        terminals[channel].open = true;
        panes_opened((unsigned)channel);
        return;
    }
    if (sscanf(line, "[%31[^] ]] %n", name, &at) == 1 && at) {
        for (unsigned i = 1; i < NACELLE_LINE_CHANNELS; i++)
            if (terminals[i].open && !strcmp(terminals[i].name, name))
                set_stage(&terminals[i], line + at);
    }
}

/* A line is complete. Those of terminals are marked, so that none can be taken for the log's. */
static void end_line(unsigned channel)
{
    struct terminal *this = &terminals[channel];
    char text[LINE_MAX_LENGTH + NAME_MAX_LENGTH + 8];
    int length = snprintf(text, sizeof(text), "%s%s%.*s\n", channel ? this->name : "",
                          channel ? "| " : "", (int)this->line_length, this->line);

    if (file_output >= 0)
        write_fully(file_output, text, (size_t)length);
    if (standard_output >= 0 && (!channel || !standard_log_only))
        write_fully(standard_output, text, (size_t)length);
    this->line[this->line_length] = 0;
    if (!channel)
        read_log(this->line);
    else if (this->line_length)
        set_stage(this, this->line);
    this->line_length = 0;
}

/* Leaves out escape sequences (ECMA-48, 5.4: ESC, or ESC [ ... with a final byte from @ to ~) and
 * control characters. */
static bool is_text(struct terminal *this, uint8_t byte)
{
    if (this->escape) {
        bool sequence = this->escape == 1 && byte == '[';

        this->escape = sequence || (this->escape == 2 && (byte < '@' || byte > '~')) ? 2 : 0;
        return false;
    }
    this->escape = byte == 0x1b;
    return byte >= ' ' || byte == '\t';
}

void terminals_put(unsigned channel, uint8_t byte)
{
    struct terminal *this = &terminals[channel];

    if (this->length == HISTORY_MAX) {
        this->length /= 2;
        memmove(this->history, this->history + HISTORY_MAX - this->length, this->length);
        this->expected = this->expected > this->length ? this->expected - this->length : 0;
    }
    this->history[this->length++] = (char)byte;
    this->unseen = true;
    if (byte == '\n') {
        end_line(channel);
        return;
    }
    if (!is_text(this, byte))
        return;
    if (this->line_length == LINE_MAX_LENGTH - 1)
        end_line(channel);
    this->line[this->line_length++] = (char)byte;
}

void terminals_finish(void)
{
    for (unsigned i = 0; i < NACELLE_LINE_CHANNELS; i++)
        if (terminals[i].line_length)
            end_line(i);
}

int terminals_find(const char *name)
{
    for (unsigned i = 0; i < NACELLE_LINE_CHANNELS; i++)
        if (terminals[i].open && !strcmp(terminals[i].name, name))
            return (int)i;
    return -1;
}

int terminals_nth(unsigned number)
{
    for (unsigned i = 1; i < NACELLE_LINE_CHANNELS; i++)
        if (terminals[i].open && !--number)
            return (int)i;
    return -1;
}

unsigned terminals_count(void)
{
    unsigned count = 0;

    for (unsigned i = 1; i < NACELLE_LINE_CHANNELS; i++)
        count += terminals[i].open;
    return count;
}

/* Where the last lines of a history begin. */
static size_t last_lines(const struct terminal *this, unsigned lines)
{
    size_t at = this->length;

    while (at && (lines || this->history[at - 1] != '\n'))
        if (this->history[--at] == '\n' && at + 1 != this->length)
            lines--;
    return at;
}

void terminals_show_last(unsigned lines)
{
    for (unsigned i = 0; i < NACELLE_LINE_CHANNELS; i++) {
        const struct terminal *this = &terminals[i];

        if (!this->open)
            continue;
        fprintf(stderr, "console: the last lines of %s:\n    ", this->name);
        for (size_t at = last_lines(this, lines); at < this->length; at++) {
            unsigned char byte = (unsigned char)this->history[at];

            if (byte >= ' ' || byte == '\t')
                fputc(byte, stderr);
            else if (byte == 0x1b)
                fputs("^[", stderr);
            else if (byte == '\n' && at + 1 < this->length)
                fputs("\n    ", stderr);
        }
        fputc('\n', stderr);
    }
}
