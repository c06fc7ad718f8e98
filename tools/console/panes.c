/* SPDX-License-Identifier: BSD-2-Clause */
/* Panes of tmux: each terminal listens at a socket, and a pane shows what comes from there. */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *directory, *program;

static struct pane {
    int listener, client; /* descriptors; 0: none */
    size_t sent;          /* bytes of the history */
} panes[NACELLE_LINE_CHANNELS];

void panes_init(const char *sockets, const char *self)
{
    directory = sockets;
    program = self;
}

static bool set_address(struct sockaddr_un *address, const char *path)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    return (size_t)snprintf(address->sun_path, sizeof(address->sun_path), "%s", path) <
           sizeof(address->sun_path);
}

/* Runs tmux with these arguments. */
static void tmux(const char *const arguments[])
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        execvp("tmux", (char *const *)arguments);
        _exit(127);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
}

void panes_opened(unsigned channel)
{
    struct pane *pane = &panes[channel];
    struct sockaddr_un address;
    const char *own = getenv("TMUX_PANE");
    char path[96];

    if (!directory || !own || pane->listener)
        return;
    snprintf(path, sizeof(path), "%s/terminal%u", directory, channel);
    pane->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (pane->listener < 0 || !set_address(&address, path) ||
        bind(pane->listener, (struct sockaddr *)&address, sizeof(address)) ||
        listen(pane->listener, 1)) {
        fprintf(stderr, "console: %s: %s\n", path, strerror(errno));
        pane->listener = 0;
        return;
    }
    tmux((const char *[]){"tmux", "split-window", "-b", "-d", "-t", own, program, "--attach", path,
                          "--title", terminal(channel)->name, NULL});
    tmux((const char *[]){"tmux", "select-layout", "-t", own, "tiled", NULL});
    tmux(
        (const char *[]){"tmux", "set-option", "-w", "-t", own, "pane-border-status", "top", NULL});
}

static void hang_up(struct pane *pane)
{
    close(pane->client);
    pane->client = 0;
}

/* Sends what the pane has not seen, as far as its socket takes it. */
static void catch_up(unsigned channel)
{
    struct pane *pane = &panes[channel];
    const struct terminal *this = terminal(channel);

    if (!pane->client)
        return;
    if (pane->sent > this->length)
        pane->sent = this->length; /* the history was cut */
    while (pane->sent < this->length) {
        ssize_t done = send(pane->client, this->history + pane->sent, this->length - pane->sent,
                            MSG_NOSIGNAL | MSG_DONTWAIT);

        if (done <= 0)
            return;
        pane->sent += (size_t)done;
    }
}

void panes_put(unsigned channel, uint8_t byte)
{
    (void)byte;
    catch_up(channel);
}

size_t panes_poll(struct pollfd *descriptors, size_t size)
{
    size_t count = 0;

    for (unsigned i = 1; i < NACELLE_LINE_CHANNELS && count < size; i++) {
        struct pane *pane = &panes[i];

        if (pane->client)
            descriptors[count++] = (struct pollfd){
                pane->client, (short)(POLLIN | (pane->sent < terminal(i)->length ? POLLOUT : 0)),
                0};
        else if (pane->listener)
            descriptors[count++] = (struct pollfd){pane->listener, POLLIN, 0};
    }
    return count;
}

void panes_handle(void)
{
    for (unsigned i = 1; i < NACELLE_LINE_CHANNELS; i++) {
        struct pane *pane = &panes[i];
        char bytes[512];
        ssize_t count;

        if (pane->listener && !pane->client) {
            int client = accept4(pane->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

            pane->client = client > 0 ? client : 0;
            pane->sent = 0;
        }
        if (!pane->client)
            continue;
        catch_up(i);
        count = recv(pane->client, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (count > 0)
            serial_send(i, bytes, (size_t)count);
        else if (count == 0 || (errno != EAGAIN && errno != EINTR))
            hang_up(pane);
    }
}

/* Copies what is there. False: the end. */
static bool copy(int from, int to)
{
    char bytes[4096];
    ssize_t count = read(from, bytes, sizeof(bytes));

    for (ssize_t done = 0, part; done < count; done += part) {
        part = write(to, bytes + done, (size_t)(count - done));
        if (part <= 0)
            return false;
    }
    return count > 0;
}

int panes_attach(const char *path)
{
    int line = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address;
    bool goes_on = true;

    if (line < 0 || !set_address(&address, path) ||
        connect(line, (struct sockaddr *)&address, sizeof(address))) {
        fprintf(stderr, "console: %s: %s\n", path, strerror(errno));
        return 1;
    }
    screen_raw();
    while (goes_on) {
        struct pollfd descriptors[] = {{line, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};

        if (poll(descriptors, 2, -1) < 0)
            continue; /* a signal */
        if (descriptors[0].revents)
            goes_on = copy(line, STDOUT_FILENO);
        if (descriptors[1].revents)
            goes_on = goes_on && copy(STDIN_FILENO, line);
    }
    return 0;
}
