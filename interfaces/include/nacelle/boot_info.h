/* SPDX-License-Identifier: BSD-2-Clause */
/* What the server tells the root task when it starts it. */
#ifndef NACELLE_BOOT_INFO_H
#define NACELLE_BOOT_INFO_H

#include <stdint.h>

#define NACELLE_BOOT_INFO_MAGIC  0x656c6c6563616e21ull /* "!nacelle", little endian */
#define NACELLE_BOOT_UNTYPED_MAX 64
#define NACELLE_BOOT_MODULES_MAX 16
#define NACELLE_BOOT_NAME_MAX    128  /* of a name in a command line, with the 0 */
#define NACELLE_BOOT_LINE_MAX    1024 /* of a command line, with the 0 */
#define NACELLE_BOOT_INFO_PAGES  5

/* Where the server maps things for the root task; all addresses are in its own address space. */
#define NACELLE_ROOT_BOOT_INFO  0x7fff00000000ull /* struct nacelle_boot_info, read only */
#define NACELLE_ROOT_IPC_BUFFER 0x7fff00010000ull
#define NACELLE_ROOT_STACK_TOP  0x7fff00100000ull
#define NACELLE_ROOT_STACK_SIZE 0x10000ull

/* Capabilities that the root task starts with. */
enum nacelle_boot_slot {
    NACELLE_SLOT_NULL = 0,
    NACELLE_SLOT_CSPACE = 1,     /* its own capability space */
    NACELLE_SLOT_ASPACE = 2,     /* its own address space */
    NACELLE_SLOT_THREAD = 3,     /* itself */
    NACELLE_SLOT_PORTS = 4,      /* all I/O ports */
    NACELLE_SLOT_INTERRUPTS = 8, /* the interrupt lines 0 to 15 */
    NACELLE_SLOT_UNTYPED = 24    /* untyped memory, boot_info.untyped_count slots */
};

/* The root task's capability space has this many slots. */
#define NACELLE_ROOT_CSPACE_SLOTS 4096

/* A piece of untyped memory. */
struct nacelle_boot_untyped {
    uint64_t slot;
    uint64_t physical; /* bytes, page aligned */
    uint64_t size;     /* bytes, a multiple of the page size */
    uint64_t device;   /* 1: memory with contents that retyping keeps: devices, boot modules */
};

/* A boot module: its memory is one device untyped. The root task's own module comes first. */
struct nacelle_boot_module {
    uint64_t slot;                            /* the untyped that covers it */
    uint64_t physical;                        /* address of the first byte, page aligned */
    uint64_t size;                            /* bytes */
    char command_line[NACELLE_BOOT_LINE_MAX]; /* ends with 0; the first word names it */
};

struct nacelle_boot_info {
    uint64_t magic;
    uint16_t abi_major;
    uint16_t abi_minor;
    uint32_t vendor;      /* NACELLE_VENDOR_*: who runs the guests, and how to make system calls */
    uint64_t tsc_hz;      /* TSC ticks a second */
    uint64_t server_text; /* bytes of the server's code */
    uint64_t first_free_slot;
    uint32_t untyped_count;
    uint32_t module_count;
    char command_line[NACELLE_BOOT_LINE_MAX]; /* of the server */
    char cpu_name[64];
    struct nacelle_boot_untyped untyped[NACELLE_BOOT_UNTYPED_MAX];
    struct nacelle_boot_module modules[NACELLE_BOOT_MODULES_MAX];
};

_Static_assert(sizeof(struct nacelle_boot_info) <= NACELLE_BOOT_INFO_PAGES * 4096ul,
               "the server maps so many pages");

#endif
