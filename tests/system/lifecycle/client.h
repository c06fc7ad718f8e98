/* SPDX-License-Identifier: BSD-2-Clause */
/* A client in spaces of its own, that serves a VM of its own. */
#ifndef LIFECYCLE_CLIENT_H
#define LIFECYCLE_CLIENT_H

#include "world.h"

#define CLIENT_UNTYPED_SIZE 20 /* 1 MiB is enough for one */

struct client {
    uint64_t cspace, aspace, thread;
    uint64_t code_frame; /* maps the code into its address space */
    struct guest guest;
    volatile uint64_t *exits; /* that it has answered */
};

/* Makes one of an untyped, and starts it; the bystander has priority 1. */
struct client client_start(uint64_t untyped, unsigned priority);

/* Whether it answered exits in the time since; how many it answered is asked for first. */
void check_client_runs(const char *what, const struct client *client);
void check_client_stands(const char *what, const struct client *client);

#endif
