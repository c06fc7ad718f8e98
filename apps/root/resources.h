/* SPDX-License-Identifier: BSD-2-Clause */
/* What the root task hands out: slots of its own capability space, memory, boot modules. */
#ifndef ROOT_RESOURCES_H
#define ROOT_RESOURCES_H

#include <nacelle/boot_info.h>
#include <nacelle/error.h>
#include <nacelle/object.h>
#include <runtime/arguments.h>
#include <stdint.h>

/* A boot module, mapped read-only into the root task. */
struct module {
    const struct nacelle_boot_module *boot;
    char name[NACELLE_BOOT_NAME_MAX]; /* the first word of its command line, without directories */
    const void *bytes;
    uint64_t first_frame; /* slot of the first of its frames */
    uint64_t frame_count;
    uint64_t frame_size; /* bytes */
};

/* Maps all modules. Problems with one are printed and leave it unusable (bytes is NULL). */
void resources_init(const struct nacelle_boot_info *info);

unsigned resources_module_count(void);
struct module *resources_module(unsigned index);
struct module *resources_find_module(struct nacelle_word name);

/* Where the next file is mapped behind one at `address`: at a multiple of 2 MiB, with a gap. */
uint64_t resources_next_file(const struct module *module, uint64_t address);

/* `count` slots in a row, or 0 when there are no more. Slots given back are used again. */
uint64_t resources_slots(uint64_t count);
void resources_free_slots(uint64_t first, uint64_t count);

/* Makes objects out of the memory that the server gave; NO_MEMORY when no piece has room. */
enum nacelle_error resources_make(enum nacelle_type type, unsigned size, uint64_t slot);

/* Copies bytes into a fresh 4 KiB frame, at an offset in it. */
enum nacelle_error resources_fill(uint64_t frame, uint64_t offset, const void *bytes,
                                  uint64_t size);

#endif
