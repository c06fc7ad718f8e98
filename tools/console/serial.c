/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial line: a pseudo terminal, whose other end the emulator opens as its COM1. */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int master = -1, raw_file = -1;
static struct nacelle_channel_line received, sent;
static uint8_t *queue;
static size_t queued, queue_size;

static int fail(const char *what)
{
    fprintf(stderr, "console: %s: %s\n", what, strerror(errno));
    return -1;
}

int serial_open(const char *link)
{
    struct termios settings;
    const char *name;
    int slave;

    master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (master < 0 || grantpt(master) || unlockpt(master))
        return fail("no pseudo terminal");
    name = ptsname(master);
    /* Kept open: the line does not hang up while no emulator has it, nor when one closes it. */
    slave = name ? open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (slave < 0 || tcgetattr(slave, &settings))
        return fail("the pseudo terminal");
    cfmakeraw(&settings);
    if (tcsetattr(slave, TCSANOW, &settings))
        return fail("the pseudo terminal");
    if (symlink(name, link))
        return fail(link);
    return master;
}

void serial_keep_raw(int file)
{
    raw_file = file;
}

bool serial_read(void)
{
    uint8_t bytes[4096];
    ssize_t count = read(master, bytes, sizeof(bytes));

    if (count <= 0)
        return false;
    if (raw_file >= 0 && write(raw_file, bytes, (size_t)count) != count)
        raw_file = -1;
    for (ssize_t i = 0; i < count; i++) {
        if (!nacelle_channel_decode(&received, bytes[i]))
            continue;
        terminals_put(received.channel, bytes[i]);
        screen_put(received.channel, bytes[i]);
        panes_put(received.channel, bytes[i]);
    }
    return true;
}

void serial_send(unsigned channel, const char *bytes, size_t count)
{
    size_t needed = queued + count * NACELLE_CHANNEL_ENCODED_MAX;

    if (needed > queue_size) {
        uint8_t *larger = realloc(queue, needed * 2);

        if (!larger)
            return;
        queue = larger;
        queue_size = needed * 2;
    }
    for (size_t i = 0; i < count; i++)
        queued += nacelle_channel_encode(&sent, channel, (uint8_t)bytes[i], queue + queued);
}

bool serial_has_output(void)
{
    return queued;
}

void serial_write(void)
{
    ssize_t done = write(master, queue, queued);

    if (done <= 0)
        return;
    queued -= (size_t)done;
    memmove(queue, queue + done, queued);
}
