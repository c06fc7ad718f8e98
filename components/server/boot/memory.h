/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical memory during boot: which is free, and pages for what the server needs for good. */
#ifndef SERVER_MEMORY_H
#define SERVER_MEMORY_H

#include "multiboot.h"

/* Takes the RAM of the report, less what is in use: low memory, the server's image, the modules. */
void memory_init(const struct boot_report *report);

/*
 * Takes bytes (a multiple of the page size), aligned to their own size when that is a power of two,
 * from below 4 GiB, cleared. Without enough memory the machine stops with a clear line.
 */
void *memory_take(uint64_t bytes);

/* The free regions that are left; nothing may be taken any more. Returns how many. */
uint32_t memory_left(struct boot_region regions[BOOT_REGIONS_MAX]);

#endif
