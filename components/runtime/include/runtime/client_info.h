/* SPDX-License-Identifier: BSD-2-Clause */
/* What the root task gives a client, and tells it at its start. */
#ifndef RUNTIME_CLIENT_INFO_H
#define RUNTIME_CLIENT_INFO_H

#include <stdint.h>

#define NACELLE_CLIENT_INFO_MAGIC  0x746e65696c636e21ull /* "!nclient", little endian */
#define NACELLE_CLIENT_UNTYPED_MAX 16
#define NACELLE_CLIENT_FILES_MAX   8
#define NACELLE_CLIENT_NAME_MAX    32
#define NACELLE_CLIENT_LINE_MAX    1024

/*
 * Address space of a client:
 *   0x000000400000  the program (components/runtime/client.ld)
 *   0x001000000000  files, one after the other, read only
 *   0x002000000000  to NACELLE_CLIENT_FREE_END: the client's to map things in
 *   0x7fff00000000  struct nacelle_client_info, read only
 *   0x7fff00010000  IPC buffer
 *   0x7fff00100000  top of the stack; the page below it is not mapped
 */
#define NACELLE_CLIENT_FILES      0x001000000000ull
#define NACELLE_CLIENT_FREE       0x002000000000ull
#define NACELLE_CLIENT_FREE_END   0x7ffe00000000ull
#define NACELLE_CLIENT_INFO       0x7fff00000000ull
#define NACELLE_CLIENT_IPC_BUFFER 0x7fff00010000ull
#define NACELLE_CLIENT_STACK_TOP  0x7fff00100000ull
#define NACELLE_CLIENT_STACK_SIZE 0x10000ull

/* Capabilities that a client starts with, beside untyped memory and the frames of its files. */
enum nacelle_client_slot {
    NACELLE_CLIENT_CSPACE = 1,  /* its own capability space */
    NACELLE_CLIENT_ASPACE = 2,  /* its own address space */
    NACELLE_CLIENT_THREAD = 3,  /* itself */
    NACELLE_CLIENT_CONSOLE = 4, /* console endpoint (runtime/console_line.h) */
    NACELLE_CLIENT_FIRST = 8    /* untyped memory and frames begin here */
};

struct nacelle_client_untyped {
    uint64_t slot;
    uint64_t physical; /* bytes */
    uint64_t size;     /* bytes */
};

/* A file: a boot module, shared read-only by all clients that named it in files=. */
struct nacelle_client_file {
    char name[NACELLE_CLIENT_NAME_MAX];
    uint64_t address;     /* where it is mapped */
    uint64_t size;        /* bytes */
    uint64_t first_frame; /* slot of the first of its frames, to be mapped elsewhere too */
    uint64_t frame_count;
    uint64_t frame_size; /* bytes: 4 KiB, or 2 MiB for large files */
};

struct nacelle_client_info {
    uint64_t magic;
    uint32_t vendor; /* NACELLE_VENDOR_* */
    uint32_t priority;
    uint64_t tsc_hz; /* TSC ticks a second */
    uint64_t slots;  /* size of its capability space */
    uint64_t first_free_slot;
    uint32_t untyped_count;
    uint32_t file_count;
    char name[NACELLE_CLIENT_NAME_MAX];
    char command_line[NACELLE_CLIENT_LINE_MAX];                        /* its module's */
    struct nacelle_client_untyped untyped[NACELLE_CLIENT_UNTYPED_MAX]; /* largest first */
    struct nacelle_client_file files[NACELLE_CLIENT_FILES_MAX];
};

_Static_assert(sizeof(struct nacelle_client_info) <= 4096, "one page");

#endif
