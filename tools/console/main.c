/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/console: options, and the loop that waits for the line, the user and the script. */
#include "console.h"

#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum status {
    ENDED = 0,
    FAILED = 1,
    WRONG_USAGE = 2,
    USER_QUIT = 3
};

static const char usage[] =
    "usage: console --pty LINK [--log FILE] [--raw FILE] [--script FILE] [--screen | --tmux DIR]\n"
    "       console --attach SOCKET [--title TEXT]\n"
    "\n"
    "The other end of the serial line of a machine that runs Nacelle: makes a pseudo terminal, to\n"
    "which LINK will point, and shows the log and the terminals of the clients that come over it.\n"
    "Without --screen it prints them line by line, those of terminals behind the client's name.\n"
    "SIGTERM: the machine has ended; it shows what is still on the line, and ends. tools/run does\n"
    "all this.\n"
    "\n"
    "  --screen       one channel at a time; Ctrl-A and then 1-9 shows that VM, l the log, q "
    "quits,\n"
    "                 Ctrl-A types that key itself, h tells so\n"
    "  --tmux DIR     in tmux: a pane for each terminal; DIR is for sockets\n"
    "  --script FILE  types and waits for texts, one statement a line:\n"
    "                     NAME send \"TEXT\"              types; NAME: a client, all, or log\n"
    "                     NAME expect \"TEXT\" [SECONDS]  waits for a text after the last one; "
    "NAME:\n"
    "                                                   a client, all, or log; at most 60 s\n"
    "                     terminals COUNT [SECONDS]     waits until so many terminals are open\n"
    "                     wait SECONDS\n"
    "                     quit                          ends the machine: no verdict is wanted\n"
    "                 # begins a comment. In TEXT \\n is Enter, \\r \\t \\e \\b \\\\ \\\" \\xHH as "
    "in C.\n"
    "  --log FILE     keeps what is printed\n"
    "  --raw FILE     keeps what came over the line\n"
    "\n"
    "Exit status: 0 the machine ended and the script, if any, was done, or it said quit; 1 the "
    "script\n"
    "failed; 2 wrong usage; 3 the user quit.\n";

static volatile sig_atomic_t machine_ended, resized;
static bool script, screen;

double console_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void on_signal(int number)
{
    if (number == SIGWINCH)
        resized = 1;
    else
        machine_ended = 1;
}

static void set_signals(void)
{
    static const int numbers[] = {SIGTERM, SIGHUP, SIGINT, SIGWINCH};
    struct sigaction action = {.sa_handler = on_signal};

    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaction(numbers[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int create(const char *name)
{
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (file < 0) {
        perror(name);
        exit(WRONG_USAGE);
    }
    return file;
}

static int least(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Waits for something, and does what it asks for. False: the user quits. */
static bool handle_events(int line)
{
    struct pollfd descriptors[3 + NACELLE_LINE_CHANNELS] = {
        {line, POLLIN, 0},
        {screen ? STDIN_FILENO : -1, POLLIN, 0},
        {serial_output(), POLLOUT, 0},
    };
    size_t count = 3 + panes_poll(descriptors + 3, NACELLE_LINE_CHANNELS);
    int wait = least(script ? script_wait() : -1, screen ? (int)(SCREEN_REFRESH * 1000) : -1);

    if (poll(descriptors, count, wait) < 0)
        return true; /* a signal */
    if (descriptors[2].revents)
        serial_write();
    if (descriptors[0].revents && !serial_read())
        machine_ended = 1;
    if (descriptors[1].revents) {
        char bytes[256];
        ssize_t typed = read(STDIN_FILENO, bytes, sizeof(bytes));

        if (typed <= 0 || !screen_input(bytes, (size_t)typed))
            return false;
    }
    panes_handle();
    return true;
}

static enum status run(int line)
{
    enum script_state state = SCRIPT_RUNS;

    while (!machine_ended) {
        if (!handle_events(line))
            return USER_QUIT;
        if (resized) {
            resized = 0;
            screen_resized();
        }
        screen_refresh();
        if (script)
            state = script_step();
        if (state == SCRIPT_QUIT || state == SCRIPT_FAILED)
            return state == SCRIPT_QUIT ? ENDED : FAILED;
    }
    serial_finish();
    if (script)
        state = script_end();
    return state == SCRIPT_FAILED ? FAILED : ENDED;
}

int main(int argc, char *argv[])
{
    enum {
        PTY = 1,
        LOG,
        RAW,
        SCRIPT,
        SCREEN,
        TMUX,
        ATTACH,
        TITLE,
        HELP
    };
    static const struct option options[] = {
        {"pty", required_argument, NULL, PTY},       {"log", required_argument, NULL, LOG},
        {"raw", required_argument, NULL, RAW},       {"script", required_argument, NULL, SCRIPT},
        {"screen", no_argument, NULL, SCREEN},       {"tmux", required_argument, NULL, TMUX},
        {"attach", required_argument, NULL, ATTACH}, {"title", required_argument, NULL, TITLE},
        {"help", no_argument, NULL, HELP},           {NULL, 0, NULL, 0},
    };
    const char *values[HELP + 1] = {NULL};
    enum status status;
    int option, line;

    while ((option = getopt_long(argc, argv, "", options, NULL)) > 0 && option <= HELP)
        values[option] = optarg ? optarg : "";
    if (values[HELP]) {
        fputs(usage, stdout);
        return ENDED;
    }
    if (option > 0 || optind < argc || !values[PTY] == !values[ATTACH]) {
        fputs(usage, stderr);
        return WRONG_USAGE;
    }
    if (values[TITLE])
        printf("\033]2;%s\033\\", values[TITLE]);
    fflush(stdout);
    if (values[ATTACH])
        return panes_attach(values[ATTACH]);

    script = values[SCRIPT];
    screen = values[SCREEN];
    terminals_init();
    if (script && !script_load(values[SCRIPT]))
        return WRONG_USAGE;
    if (values[TMUX])
        panes_init(values[TMUX], argv[0]);
    if (values[RAW])
        serial_keep_raw(create(values[RAW]));
    terminals_output(screen ? -1 : STDOUT_FILENO, values[LOG] ? create(values[LOG]) : -1,
                     values[TMUX]);
    set_signals();
    line = serial_open(values[PTY]);
    if (line < 0)
        return WRONG_USAGE;
    if (screen)
        screen_open();
    status = run(line);
    screen_close();
    terminals_finish();
    return status;
}
