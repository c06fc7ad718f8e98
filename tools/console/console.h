/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/console: the other end of the machine's serial line. What its parts share. */
#ifndef TOOLS_CONSOLE_H
#define TOOLS_CONSOLE_H

#include <runtime/serial_line.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_MAX_LENGTH  32
#define STAGE_MAX_LENGTH 64
#define LINE_MAX_LENGTH  4096

/* What a channel has shown: the log (channel 0), or the terminal of a client. */
struct terminal {
    bool open;
    bool unseen;                  /* has written since it was shown */
    bool typed;                   /* at, by the user */
    char name[NAME_MAX_LENGTH];   /* of the client; "log" */
    char stage[STAGE_MAX_LENGTH]; /* the last line of it, or of the log about the client */
    char *history;                /* all bytes, but for the oldest ones of very many */
    size_t length;
    size_t expected;            /* bytes of the history that the script has done with */
    char line[LINE_MAX_LENGTH]; /* the last line, as text, without its end */
    size_t line_length;
    unsigned escape; /* state within an escape sequence */
};

/* Seconds of a clock that only goes forward. */
double console_now(void);

/* ------------------------------------------------------------------------------- terminals.c */

struct terminal *terminal(unsigned channel);
void terminals_init(void);

/* Where the text of all channels goes, line by line, but for `standard` the log alone if so asked.
 * Each may be negative: nowhere. */
void terminals_output(int standard, int file, bool log_only);

/* Bytes of a channel have come. */
void terminals_put(unsigned channel, uint8_t byte);

/* Writes the lines that have no end yet. */
void terminals_finish(void);

/* The channel of a client by its name, "log" too; -1: none. */
int terminals_find(const char *name);

/* The channel of the terminal with this number from 1 on, or -1; the number of a channel. */
int terminals_nth(unsigned number);
unsigned terminals_count(void);

/* Prints the last lines of all channels to standard error. */
void terminals_show_last(unsigned lines);

/* ---------------------------------------------------------------------------------- serial.c */

/* Makes the pseudo terminal, and a symbolic link to the emulator's end. Returns the descriptor
 * where bytes come, or -1 after a message. */
int serial_open(const char *link);
void serial_keep_raw(int file); /* -1: nowhere */

/* Takes what has come; false: there was nothing. */
bool serial_read(void);

/* Takes all that is still on the line, whose other end has been closed. */
void serial_finish(void);

/* Sends bytes to a channel: serial_write() does so when the descriptor of serial_output() can be
 * written to. That is -1 when there is nothing to send. */
void serial_send(unsigned channel, const char *bytes, size_t count);
int serial_output(void);
void serial_write(void);

/* ---------------------------------------------------------------------------------- screen.c */

/* Takes over the terminal, and gives it back: at the end, and before a signal ends the program. */
void screen_open(void);
void screen_close(void);

/* A byte of a channel has come. */
void screen_put(unsigned channel, uint8_t byte);
void screen_flush(void);

/* To be called after each event, and at least this often, in seconds. */
#define SCREEN_REFRESH 1.0
void screen_refresh(void);
void screen_resized(void);

/* What was typed. False: the user wants to end. */
bool screen_input(const char *bytes, size_t count);

/* Raw mode of standard input, without a screen. */
void screen_raw(void);

/* ---------------------------------------------------------------------------------- script.c */

enum script_state {
    SCRIPT_RUNS,
    SCRIPT_DONE,
    SCRIPT_QUIT,
    SCRIPT_FAILED
};

/* Reads a script; prints what is wrong with it and returns false. */
bool script_load(const char *file);

/* Goes on as far as it can. */
enum script_state script_step(void);

/* Milliseconds until the script has to look again; -1: not before something comes. */
int script_wait(void);

/* The machine has ended: what is not done will not be. */
enum script_state script_end(void);

/* ----------------------------------------------------------------------------------- panes.c */

/* Panes of tmux, one for each terminal, by sockets in a directory. */
void panes_init(const char *sockets, const char *self);
void panes_put(unsigned channel, uint8_t byte);
void panes_opened(unsigned channel);

/* Descriptors to poll: fills in up to `size`; panes_handle() looks at them all. */
struct pollfd;
size_t panes_poll(struct pollfd *descriptors, size_t size);
void panes_handle(void);

/* The pane's program: shows a socket. */
int panes_attach(const char *path);

#endif
