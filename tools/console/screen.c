/* SPDX-License-Identifier: BSD-2-Clause */
/* One terminal that shows one channel at a time, with a line about all of them at the bottom. */
#include "console.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define PREFIX       0x01 /* Ctrl-A */
#define REPLAY_BYTES 16384

static struct termios saved;
static bool is_raw, is_open;
static unsigned shown; /* channel */
static bool chosen;    /* the user has said what is to be shown */
static bool prefix;    /* the last key was the prefix */
static bool help;      /* the bottom line tells the keys */
static unsigned rows = 24, columns = 80;
static char pending[4096];
static size_t pending_count;
static char bottom[512]; /* the bottom line as it was shown last */
static double shown_at;  /* when, seconds */

static void write_fully(const char *bytes, size_t count)
{
    while (count) {
        ssize_t done = write(STDOUT_FILENO, bytes, count);

        if (done <= 0)
            return;
        bytes += done;
        count -= (size_t)done;
    }
}

/* What is to be shown is gathered until screen_flush(). */
static void emit(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pending_count == sizeof(pending))
            screen_flush();
        pending[pending_count++] = bytes[i];
    }
}

static void emit_text(const char *text)
{
    emit(text, strlen(text));
}

void screen_flush(void)
{
    write_fully(pending, pending_count);
    pending_count = 0;
}

/* Safe in a signal handler. */
static void restore(void)
{
    /* all of the screen scrolls, attributes off, cursor shown, paste as it was */
    static const char reset[] = "\033[r\033[0m\033[?25h\033[?2004l\033[999;1H\r\n";

    if (is_open) {
        screen_flush();
        write_fully(reset, sizeof(reset) - 1);
    }
    is_open = false;
    if (is_raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    is_raw = false;
}

static void die(int number)
{
    restore();
    signal(number, SIG_DFL);
    raise(number);
}

void screen_raw(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT};
    struct termios settings;

    if (tcgetattr(STDIN_FILENO, &saved))
        return;
    settings = saved;
    cfmakeraw(&settings);
    is_raw = true;
    atexit(restore);
    for (unsigned i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
        signal(fatal[i], die);
    tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

static void look_at_size(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_row < 2 || size.ws_col < 2)
        return;
    rows = size.ws_row;
    columns = size.ws_col;
}

/* Appends to the bottom line. */
__attribute__((format(printf, 3, 4))) static void add(char *line, size_t size, const char *format,
                                                      ...)
{
    size_t length = strlen(line);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line + length, size - length, format, arguments);
    va_end(arguments);
}

static void describe(char *line, size_t size)
{
    if (help) {
        add(line, size, " Ctrl-A and then: 1-9 a VM, l the log, q quit, Ctrl-A that key itself");
        return;
    }
    for (unsigned number = 1; terminals_nth(number) > 0; number++) {
        unsigned channel = (unsigned)terminals_nth(number);
        const struct terminal *this = terminal(channel);

        add(line, size, channel == shown ? "[%u:%s]" : " %u:%s", number, this->name);
        if (channel != shown && this->unseen && this->length)
            add(line, size, "*");
        if (channel != shown && !this->typed) /* how far it is, until the user has turned to it */
            add(line, size, " %.32s", this->stage);
        add(line, size, " ");
    }
    add(line, size, shown ? " l:log " : "[l:log]");
    add(line, size, "  Ctrl-A h: help");
}

static void show_bottom(void)
{
    char line[sizeof(bottom)] = "", text[1024];

    describe(line, sizeof(line));
    memcpy(bottom, line, sizeof(line));
    shown_at = console_now();
    snprintf(text, sizeof(text), "\0337\033[%u;1H\033[0;7m%-*.*s\033[0m\0338", rows, (int)columns,
             (int)columns, line);
    emit_text(text);
}

/* The bottom line again when it says something else, and now and then: a guest may have written
 * over it. */
void screen_refresh(void)
{
    char line[sizeof(bottom)] = "";

    if (!is_open)
        return;
    describe(line, sizeof(line));
    if (strcmp(line, bottom) != 0 || console_now() - shown_at > SCREEN_REFRESH)
        show_bottom();
    screen_flush();
}

static void show_byte(unsigned channel, uint8_t byte)
{
    if (byte == '\n' && !channel)
        emit_text("\r"); /* the log has plain line ends */
    emit((const char *)&byte, 1);
}

/* The length of a control sequence that asks the terminal something (ECMA-48, 8.3.24 and 8.3.35: DA
 * and DSR), or 0: the answer would be typed. */
static size_t question_length(const char *bytes, size_t count)
{
    size_t at = 2;

    if (count < 3 || bytes[0] != '\033' || bytes[1] != '[')
        return 0;
    while (at < count && bytes[at] >= ' ' && bytes[at] < '@')
        at++;
    return at < count && (bytes[at] == 'c' || bytes[at] == 'n') ? at + 1 : 0;
}

/* Shows a channel from what it has written last. Questions in it had their answers. */
static void show(unsigned channel)
{
    struct terminal *this = terminal(channel);
    size_t from = this->length > REPLAY_BYTES ? this->length - REPLAY_BYTES : 0;
    char text[128];

    shown = channel;
    snprintf(text, sizeof(text), "\033]0;nacelle: %s\007\033[0m\033[2J\033[1;%ur\033[1;1H",
             this->name, rows - 1);
    emit_text(text);
    while (from && from < this->length && this->history[from - 1] != '\n')
        from++;
    while (from < this->length) {
        size_t question = question_length(this->history + from, this->length - from);

        if (!question)
            show_byte(channel, (uint8_t)this->history[from]);
        from += question ? question : 1;
    }
    this->unseen = false;
    show_bottom();
}

void screen_open(void)
{
    screen_raw();
    is_open = true;
    look_at_size();
    show(0);
}

void screen_close(void)
{
    restore();
}

void screen_resized(void)
{
    look_at_size();
    if (is_open)
        show(shown);
}

void screen_put(unsigned channel, uint8_t byte)
{
    if (!is_open)
        return;
    /* the first VM that says something is what the user waits for */
    if (channel && !chosen) {
        chosen = true;
        show(channel);
        return;
    }
    if (channel != shown)
        return;
    show_byte(channel, byte);
    terminal(channel)->unseen = false;
}

/* The key after the prefix. False: quit. */
static bool command(char key)
{
    help = false;
    if (key == 'q')
        return false;
    chosen = true;
    if (key == 'l')
        show(0);
    else if (key >= '1' && key <= '9' && terminals_nth((unsigned)(key - '0')) > 0)
        show((unsigned)terminals_nth((unsigned)(key - '0')));
    else if (key == PREFIX && shown)
        serial_send(shown, &key, 1);
    else
        help = key != PREFIX;
    return true;
}

bool screen_input(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (prefix) {
            prefix = false;
            if (!command(bytes[i]))
                return false;
        } else if (bytes[i] == PREFIX) {
            prefix = true;
        } else {
            serial_send(shown, &bytes[i], 1);
            terminal(shown)->typed = true;
            if (!shown) /* the root task obeys what is typed at the log, but does not echo it */
                show_byte(0, (uint8_t)(bytes[i] == '\r' ? '\n' : bytes[i]));
        }
    }
    return true;
}
