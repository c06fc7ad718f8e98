/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot loader says, Multiboot 1 and 2 alike. */
#ifndef SERVER_MULTIBOOT_H
#define SERVER_MULTIBOOT_H

#include <nacelle/boot_info.h>
#include <stdint.h>

#define BOOT_REGIONS_MAX 64

struct boot_region {
    uint64_t start, end; /* physical, page aligned after boot_read */
};

struct boot_module {
    struct boot_region region; /* exact bytes */
    char command_line[NACELLE_BOOT_LINE_MAX];
};

/* The boot loader's information, copied: its memory is free afterwards. */
struct boot_report {
    uint32_t region_count, reserved_count, module_count;
    struct boot_region regions[BOOT_REGIONS_MAX];  /* RAM that may be used, */
    struct boot_region reserved[BOOT_REGIONS_MAX]; /* but for what is in these */
    struct boot_module modules[NACELLE_BOOT_MODULES_MAX];
    char command_line[NACELLE_BOOT_LINE_MAX];
};

/*
 * Reads the information at physical address information; magic says in which format. Anything wrong
 * with it stops the machine with a clear line.
 */
void multiboot_read(uint32_t magic, uint32_t information, struct boot_report *report);

#endif
