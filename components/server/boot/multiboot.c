/* SPDX-License-Identifier: BSD-2-Clause */
#include "multiboot.h"

#include "../src/console.h"
#include "../src/layout.h"
#include "../src/physical.h"
#include <stdbool.h>
#include <stddef.h>

/* What the loader leaves in eax: Multiboot 0.6.96 3.2, Multiboot2 3.3. */
#define MAGIC1 0x2badb002
#define MAGIC2 0x36d76289

/* Multiboot 1: flags of the information, and offsets of what they cover (3.3). */
#define FLAG_COMMAND_LINE (1u << 2)
#define FLAG_MODULES      (1u << 3)
#define FLAG_MEMORY_MAP   (1u << 6)

struct information1 {
    uint32_t flags, mem_lower, mem_upper, boot_device, command_line;
    uint32_t module_count, modules;
    uint32_t symbols[4];
    uint32_t map_length, map;
};

struct module1 {
    uint32_t start, end, command_line, reserved;
};

struct __attribute__((packed)) map_entry1 {
    uint32_t size; /* of what follows */
    uint64_t start, length;
    uint32_t type;
};

/* Multiboot2: tags (3.6). */
#define TAG_END          0
#define TAG_COMMAND_LINE 1
#define TAG_MODULE       3
#define TAG_MEMORY_MAP   6

struct tag {
    uint32_t type, size;
};

struct tag_module {
    struct tag tag;
    uint32_t start, end;
    char command_line[];
};

struct tag_map {
    struct tag tag;
    uint32_t entry_size, entry_version;
};

struct map_entry2 {
    uint64_t start, length;
    uint32_t type, reserved;
};

#define MEMORY_AVAILABLE 1

#define PAGE             4096ull

/* Boot information lies below 4 GiB, where the first page tables reach. */
static const void *at(uint32_t physical)
{
    return memory_at(physical);
}

static void copy_line(char *target, const char *source, size_t limit)
{
    size_t i = 0;

    for (; i + 1 < NACELLE_BOOT_LINE_MAX && i < limit && source[i] != 0; i++) {
        target[i] = source[i];
    }
    target[i] = 0;
}

/* Usable memory is rounded to pages inwards, all other outwards. */
static void add_region(struct boot_report *report, uint64_t start, uint64_t length, uint32_t type)
{
    bool usable = type == MEMORY_AVAILABLE;
    uint64_t end = start + length;

    if (length == 0 || start >= DIRECT_SIZE) {
        return;
    }
    end = end < start || end > DIRECT_SIZE ? DIRECT_SIZE : end;
    start = (start + (usable ? PAGE - 1 : 0)) & ~(PAGE - 1);
    end = (end + (usable ? 0 : PAGE - 1)) & ~(PAGE - 1);
    if (start >= end) {
        return;
    }
    if (usable && report->region_count < BOOT_REGIONS_MAX) {
        report->regions[report->region_count++] = (struct boot_region){start, end};
    } else if (!usable && report->reserved_count < BOOT_REGIONS_MAX) {
        report->reserved[report->reserved_count++] = (struct boot_region){start, end};
    } else if (!usable) {
        refuse("the memory map is too long", "64 regions that are not usable");
    }
}

static void add_module(struct boot_report *report, uint32_t start, uint32_t end, const char *line,
                       size_t limit)
{
    struct boot_module *module = &report->modules[report->module_count];

    if (report->module_count == NACELLE_BOOT_MODULES_MAX) {
        refuse("too many boot modules", "the server takes 16");
    }
    if (start % 4096 != 0 || end < start) {
        refuse("a boot module is not page aligned", "the boot loader ignored the header");
    }
    module->region = (struct boot_region){start, end};
    copy_line(module->command_line, line, limit);
    report->module_count++;
}

static void read1(uint32_t information, struct boot_report *report)
{
    const struct information1 *info = at(information);
    const struct module1 *modules = at(info->modules);

    if ((info->flags & FLAG_MEMORY_MAP) == 0) {
        refuse("no memory map", "Multiboot flag 6");
    }
    if ((info->flags & FLAG_COMMAND_LINE) != 0) {
        copy_line(report->command_line, at(info->command_line), NACELLE_BOOT_LINE_MAX);
    }
    for (uint32_t i = 0; (info->flags & FLAG_MODULES) != 0 && i < info->module_count; i++) {
        add_module(report, modules[i].start, modules[i].end,
                   modules[i].command_line != 0 ? at(modules[i].command_line) : "",
                   NACELLE_BOOT_LINE_MAX);
    }
    for (uint64_t offset = 0; offset + sizeof(struct map_entry1) <= info->map_length;) {
        const struct map_entry1 *entry = at(info->map + (uint32_t)offset);

        add_region(report, entry->start, entry->length, entry->type);
        offset += entry->size + sizeof(entry->size);
    }
}

static void read_map2(const struct tag *tag, struct boot_report *report)
{
    const struct tag_map *map = (const void *)tag;

    if (tag->size < sizeof(*map) || map->entry_size < sizeof(struct map_entry2) ||
        map->entry_size % 8 != 0) {
        refuse("the memory map is malformed", "Multiboot2 tag 6");
    }
    for (uint64_t offset = sizeof(*map); offset + map->entry_size <= tag->size;
         offset += map->entry_size) {
        const struct map_entry2 *entry = (const void *)((const char *)map + offset);

        add_region(report, entry->start, entry->length, entry->type);
    }
}

static void read2(uint32_t information, struct boot_report *report)
{
    uint32_t total = *(const uint32_t *)at(information);

    for (uint64_t offset = 8; offset + sizeof(struct tag) <= total;) {
        const struct tag *tag = at(information + (uint32_t)offset);
        const struct tag_module *module = (const void *)tag;

        if (tag->type == TAG_END) {
            return;
        }
        if (tag->size < sizeof(*tag) || tag->size > total - offset ||
            (tag->type == TAG_MODULE && tag->size < sizeof(*module))) {
            refuse("the boot information is malformed", "size of a Multiboot2 tag");
        }
        if (tag->type == TAG_COMMAND_LINE) {
            copy_line(report->command_line, (const char *)(tag + 1), tag->size - sizeof(*tag));
        } else if (tag->type == TAG_MODULE) {
            add_module(report, module->start, module->end, module->command_line,
                       tag->size - sizeof(*module));
        } else if (tag->type == TAG_MEMORY_MAP) {
            read_map2(tag, report);
        }
        offset += ((uint64_t)tag->size + 7) & ~7ull;
    }
}

void multiboot_read(uint32_t magic, uint32_t information, struct boot_report *report)
{
    if (magic == MAGIC1) {
        read1(information, report);
    } else if (magic == MAGIC2) {
        read2(information, report);
    } else {
        refuse("started by something else than a Multiboot loader", "magic in eax");
    }
    if (report->region_count == 0) {
        refuse("no memory", "the boot loader's memory map");
    }
}
