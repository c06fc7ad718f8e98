/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial line: a pseudo terminal, whose other end the emulator opens as its COM1. */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

#define LAST_BYTES_MS 2000 /* how long the end of a line that has hung up is waited for */

static int master = -1, slave = -1, source = -1, raw_file = -1;
static struct nacelle_serial_line received, sent;
static uint8_t *queue;
static size_t queued, queue_size;

static int fail(const char *what)
{
    fprintf(stderr, "console: %s: %s\n", what, strerror(errno));
    return -1;
}

/* Makes room for `more` bytes behind `count` in a buffer. */
static bool make_room(uint8_t **buffer, size_t *size, size_t count, size_t more)
{
    uint8_t *larger;

    if (count + more <= *size)
        return true;
    larger = realloc(*buffer, (count + more) * 2);
    if (!larger)
        return false;
    *buffer = larger;
    *size = (count + more) * 2;
    return true;
}

/*
 * A process that does nothing but empty the line into memory, and that into a pipe: Bochs throws
 * away what the pseudo terminal has no room for, and we may be held up by whoever reads our output.
 * It ends when the line hangs up.
 */
static _Noreturn void pump(int pipe)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGQUIT};
    uint8_t *bytes = NULL;
    size_t count = 0, size = 0;
    bool open = true;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (unsigned i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    while (open || count) {
        struct pollfd descriptors[] = {{open ? master : -1, POLLIN, 0},
                                       {count ? pipe : -1, POLLOUT, 0}};

        if (poll(descriptors, 2, -1) < 0)
            continue; /* a signal */
        if (descriptors[0].revents) {
            ssize_t got = -1;

            if (make_room(&bytes, &size, count, 4096))
                got = read(master, bytes + count, 4096);
            count += got > 0 ? (size_t)got : 0;
            open = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
        }
        if (descriptors[1].revents) {
            ssize_t done = write(pipe, bytes, count);

            if (done <= 0 && errno != EAGAIN)
                break;
            if (done > 0 && bytes) {
                count -= (size_t)done;
                memmove(bytes, bytes + done, count);
            }
        }
    }
    _exit(0);
}

static bool start_pump(void)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC))
        return false;
    child = fork();
    if (child == 0) {
        close(slave);
        close(ends[0]);
        fcntl(ends[1], F_SETFL, O_NONBLOCK);
        pump(ends[1]);
    }
    close(ends[1]);
    source = ends[0];
    return child > 0 && !fcntl(source, F_SETFL, O_NONBLOCK);
}

int serial_open(const char *link)
{
    struct termios settings;
    const char *name;

    master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (master < 0 || grantpt(master) || unlockpt(master))
        return fail("no pseudo terminal");
    name = ptsname(master);
    /* Kept open: the line does not hang up while no emulator has it. */
    slave = name ? open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (slave < 0 || tcgetattr(slave, &settings))
        return fail("the pseudo terminal");
    cfmakeraw(&settings);
    if (tcsetattr(slave, TCSANOW, &settings))
        return fail("the pseudo terminal");
    if (!start_pump())
        return fail("a process for the serial line");
    if (symlink(name, link))
        return fail(link);
    return source;
}

void serial_keep_raw(int file)
{
    raw_file = file;
}

bool serial_read(void)
{
    uint8_t bytes[4096];
    ssize_t count = read(source, bytes, sizeof(bytes));

    if (count <= 0)
        return false;
    if (raw_file >= 0 && write(raw_file, bytes, (size_t)count) != count)
        raw_file = -1;
    for (ssize_t i = 0; i < count; i++) {
        if (!nacelle_line_decode(&received, bytes[i]))
            continue;
        terminals_put(received.channel, bytes[i]);
        screen_put(received.channel, bytes[i]);
        panes_put(received.channel, bytes[i]);
    }
    return true;
}

void serial_finish(void)
{
    struct pollfd descriptor = {source, POLLIN, 0};

    close(slave);
    while (poll(&descriptor, 1, LAST_BYTES_MS) > 0 && serial_read())
        ;
}

int serial_output(void)
{
    return queued ? master : -1;
}

void serial_send(unsigned channel, const char *bytes, size_t count)
{
    if (!make_room(&queue, &queue_size, queued, count * NACELLE_LINE_ENCODED_MAX))
        return;
    for (size_t i = 0; i < count; i++)
        queued += nacelle_line_encode(&sent, channel, (uint8_t)bytes[i], queue + queued);
}

void serial_write(void)
{
    ssize_t done = write(master, queue, queued);

    if (done <= 0)
        return;
    queued -= (size_t)done;
    memmove(queue, queue + done, queued);
}
