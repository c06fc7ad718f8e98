/* SPDX-License-Identifier: BSD-2-Clause */
/* What the command line of a boot module asks for (docs/vmm-guide.md describes the syntax). */
#ifndef ROOT_CONFIG_H
#define ROOT_CONFIG_H

#include <runtime/arguments.h>
#include <runtime/client_info.h>
#include <stdbool.h>
#include <stdint.h>

/* How a client is expected to end. */
enum expectation {
    EXPECT_STATUS,  /* exits with expected_status */
    EXPECT_FAULT,   /* is stopped by a fault */
    EXPECT_REFUSED, /* is not even started */
    EXPECT_RUNNING, /* is there for the others, and runs until they have ended */
};

struct client_config {
    char name[NACELLE_CLIENT_NAME_MAX];
    uint64_t memory; /* bytes, page aligned */
    uint64_t slots;  /* of its capability space, a power of two */
    uint64_t priority;
    uint64_t slice;               /* microseconds; 0: the server's default */
    struct nacelle_word files;    /* names, separated by commas */
    struct nacelle_word channels; /* the same */
    enum expectation expectation;
    uint64_t expected_status;
};

/* True if the module is a client, not a file. */
bool config_is_client(const char *line);

/* Reads a client's command line. NULL, or what is wrong with it; names and memory are then set as
 * far as they could be read. */
const char *config_read(const char *line, struct client_config *config);

#endif
