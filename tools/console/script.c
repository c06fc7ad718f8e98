/* SPDX-License-Identifier: BSD-2-Clause */
/* Scripts: what is typed, and what has to appear. --help tells the language. */
#include "console.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENTS_MAX  1024
#define TEXT_MAX        512
#define SECONDS_DEFAULT 60
#define LAST_LINES      10

enum verb {
    EXPECT,
    SEND,
    TERMINALS,
    WAIT,
    QUIT
};

struct statement {
    enum verb verb;
    unsigned line;
    char who[NAME_MAX_LENGTH];
    char text[TEXT_MAX];
    size_t length;
    unsigned count; /* of terminals */
    double seconds;
};

static const char *file_name;
static struct statement *statements;
static unsigned statement_count, present;
static bool begun;      /* the present statement has its deadline */
static double deadline; /* seconds of the monotonic clock */
static uint32_t found;  /* channels that have shown the present statement's text */

static bool wrong(unsigned line, const char *what)
{
    fprintf(stderr, "console: %s:%u: %s\n", file_name, line, what);
    return false;
}

/* Reads "text" with its escapes. Enter is \n when it is typed, though a keyboard sends CR. */
static bool read_text(const char **at, struct statement *to)
{
    static const char names[] = "nretb\\\"", values[] = "\n\r\033\t\b\\\"";
    const char *c = *at;

    if (*c++ != '"')
        return false;
    while (*c && *c != '"' && to->length < TEXT_MAX) {
        char byte = *c++;

        if (byte == '\\') {
            const char *name = *c ? strchr(names, *c) : NULL;
            char digits[3] = "";
            char *end;

            if (name) {
                byte = values[name - names];
                c++;
            } else if (*c == 'x') {
                memcpy(digits, c + 1, strnlen(c + 1, 2));
                byte = (char)strtoul(digits, &end, 16);
                if (end != digits + 2)
                    return false;
                c += 3;
            } else {
                return false;
            }
            if (to->verb == SEND && byte == '\n')
                byte = '\r';
        }
        to->text[to->length++] = byte;
    }
    *at = c + 1;
    return *c == '"' && to->length;
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* Seconds, if there are any, and the end of the line. */
static bool read_rest(const char *at, struct statement *to)
{
    char *end;

    at = skip_blanks(at);
    if (!*at)
        return true;
    to->seconds = strtod(at, &end);
    return end != at && !*skip_blanks(end) && to->seconds >= 0 && to->seconds < 1e6;
}

static bool read_statement(const char *at, struct statement *to)
{
    char first[NAME_MAX_LENGTH], second[NAME_MAX_LENGTH];
    char *rest;
    int end = 0;

    to->seconds = SECONDS_DEFAULT;
    if (sscanf(at, "%31s %n", first, &end) != 1)
        return false;
    at += end;
    if (!strcmp(first, "quit")) {
        to->verb = QUIT;
        return !*at;
    }
    if (!strcmp(first, "wait")) {
        to->verb = WAIT;
        return *at && read_rest(at, to);
    }
    if (!strcmp(first, "terminals")) {
        to->verb = TERMINALS;
        to->count = (unsigned)strtoul(at, &rest, 10);
        return to->count && read_rest(rest, to);
    }
    end = 0;
    if (sscanf(at, "%31s %n", second, &end) != 1)
        return false;
    at += end;
    memcpy(to->who, first, sizeof(first));
    to->verb = strcmp(second, "send") ? EXPECT : SEND;
    if (to->verb == EXPECT && strcmp(second, "expect") != 0)
        return false;
    return read_text(&at, to) && (to->verb == EXPECT ? read_rest(at, to) : !*skip_blanks(at));
}

bool script_load(const char *file)
{
    FILE *stream = fopen(file, "r");
    char line[TEXT_MAX * 4 + 128];
    bool good = true;

    file_name = file;
    if (!stream) {
        fprintf(stderr, "console: %s: %s\n", file, strerror(errno));
        return false;
    }
    statements = calloc(STATEMENTS_MAX, sizeof(*statements));
    for (unsigned number = 1; statements && fgets(line, sizeof(line), stream); number++) {
        struct statement *to = &statements[statement_count];
        char *at = line + strspn(line, " \t");

        line[strcspn(line, "\r\n")] = 0;
        if (!*at || *at == '#')
            continue;
        if (statement_count == STATEMENTS_MAX)
            good = wrong(number, "too long a script");
        else if (!read_statement(at, to))
            good = wrong(number, "this is no statement; see tools/run --help");
        if (!good)
            break;
        to->line = number;
        statement_count++;
    }
    fclose(stream);
    return good && statements;
}

/* Looks for the text in what a channel has shown since its last match. */
static bool look(unsigned channel, const struct statement *statement)
{
    struct terminal *this = terminal(channel);
    const char *match;

    if (found >> channel & 1)
        return true;
    match = memmem(this->history + this->expected, this->length - this->expected, statement->text,
                   statement->length);
    if (!match)
        return false;
    this->expected = (size_t)(match - this->history) + statement->length;
    found |= 1u << channel;
    return true;
}

/* Does something on the channels that a statement names. False: not all of them can do it yet. */
static bool on_channels(const struct statement *statement,
                        bool (*act)(unsigned channel, const struct statement *statement))
{
    bool done = terminals_count() != 0;
    int channel;

    if (strcmp(statement->who, "all") != 0) {
        channel = terminals_find(statement->who);
        return channel >= 0 && act((unsigned)channel, statement);
    }
    for (unsigned number = 1; (channel = terminals_nth(number)) > 0; number++)
        done = act((unsigned)channel, statement) && done;
    return done;
}

static bool type(unsigned channel, const struct statement *statement)
{
    serial_send(channel, statement->text, statement->length);
    return true;
}

/* True: the statement is done. */
static bool do_statement(const struct statement *statement)
{
    switch (statement->verb) {
    case EXPECT:
        return on_channels(statement, look);
    case SEND:
        return on_channels(statement, type);
    case TERMINALS:
        return terminals_count() >= statement->count;
    default:
        return console_now() >= deadline;
    }
}

/* Which of the channels that are waited for has not shown the text. */
static const char *who_lacks(const struct statement *statement)
{
    int channel;

    for (unsigned number = 1; (channel = terminals_nth(number)) > 0; number++)
        if (!strcmp(statement->who, "all") && !(found >> channel & 1))
            return terminal((unsigned)channel)->name;
    return statement->who;
}

static enum script_state give_up(const char *why)
{
    const struct statement *statement = &statements[present];

    if (statement->verb == EXPECT) {
        fprintf(stderr, "console: %s:%u: \"", file_name, statement->line);
        for (size_t i = 0; i < statement->length; i++) {
            unsigned char byte = (unsigned char)statement->text[i];

            fprintf(stderr, byte < ' ' ? "\\x%02x" : "%c", byte);
        }
        fprintf(stderr, "\" did not come from %s %s\n", who_lacks(statement), why);
    } else {
        fprintf(stderr, "console: %s:%u: this could not be done %s\n", file_name, statement->line,
                why);
    }
    terminals_show_last(LAST_LINES);
    return SCRIPT_FAILED;
}

enum script_state script_step(void)
{
    while (present < statement_count) {
        const struct statement *statement = &statements[present];

        if (statement->verb == QUIT)
            return SCRIPT_QUIT;
        if (!begun) {
            begun = true;
            found = 0;
            deadline = console_now() + statement->seconds;
        }
        if (!do_statement(statement)) {
            char why[64];

            if (console_now() < deadline)
                return SCRIPT_RUNS;
            snprintf(why, sizeof(why), "within %g s", statement->seconds);
            return give_up(why);
        }
        begun = false;
        present++;
    }
    return SCRIPT_DONE;
}

int script_wait(void)
{
    double left = deadline - console_now();

    if (present == statement_count || !begun)
        return -1;
    return left <= 0 ? 0 : (int)(left * 1000) + 1;
}

enum script_state script_end(void)
{
    enum script_state state = script_step();

    return state == SCRIPT_RUNS ? give_up("before the machine ended") : state;
}
