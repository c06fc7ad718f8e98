/* SPDX-License-Identifier: BSD-2-Clause */
/* A client: made of a boot module, taken apart when it ends. */
#ifndef ROOT_CLIENT_H
#define ROOT_CLIENT_H

#include "config.h"
#include "resources.h"

#define CLIENTS_MAX         (NACELLE_BOOT_MODULES_MAX - 1)
#define CLIENT_MAPPINGS_MAX NACELLE_CLIENT_FILES_MAX

/* Slots in the root task's capability space that belong to a client. */
enum client_slot {
    CLIENT_HOME, /* untyped memory of which all the rest but its own memory is made */
    CLIENT_CSPACE,
    CLIENT_ASPACE,
    CLIENT_THREAD,
    CLIENT_FAULTS, /* the endpoint, with the client's badge, for its faults */
    CLIENT_MEMORY, /* NACELLE_CLIENT_UNTYPED_MAX pieces of its own memory */
    CLIENT_SLOTS = CLIENT_MEMORY + NACELLE_CLIENT_UNTYPED_MAX
};

struct client {
    struct client_config config;
    const struct module *module;
    const char *problem; /* of its command line, or NULL */
    uint64_t badge;
    bool running;
    uint64_t slots;     /* the first of CLIENT_SLOTS */
    uint64_t home_size; /* bytes */
    unsigned pieces;    /* of its own memory */
    uint64_t pages;     /* slot of the first frame of program, stack and information page */
    uint64_t page_count;
    uint64_t next_page;
    struct {
        uint64_t first, count;
    } mappings[CLIENT_MAPPINGS_MAX]; /* copies of file frames, mapped into the client */
    unsigned mapping_count;
    uint64_t doorbell; /* slot of the notification that its channels' peers signal; 0: none */
    unsigned channels;
};

/* Makes the client and starts it. NULL, or why it could not be; then nothing is left of it. */
const char *client_start(struct client *client, const struct nacelle_boot_info *info,
                         uint64_t endpoint);

/* Takes everything back. Returns the bytes that did not come back: 0. */
uint64_t client_stop(struct client *client);

#endif
