/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory.h"

#include "../src/console.h"
#include "../src/layout.h"
#include "../src/physical.h"

#define LOW_MEMORY_END 0x100000
#define REACHABLE_END  0x100000000 /* by the first page tables */

extern char server_end[];

static struct boot_region free_regions[BOOT_REGIONS_MAX];
static uint32_t free_count;

static void add(uint64_t start, uint64_t end)
{
    if (start >= end) {
        return;
    }
    if (free_count == BOOT_REGIONS_MAX) {
        console_print("nacelle: memory %lx-%lx is not used: too many regions\n", start, end);
        return;
    }
    free_regions[free_count++] = (struct boot_region){start, end};
}

/* Takes [start, end) out of all regions. */
static void exclude(uint64_t start, uint64_t end)
{
    uint32_t count = free_count;

    start &= ~0xfffull;
    end = (end + 0xfff) & ~0xfffull;
    for (uint32_t i = 0; i < count; i++) {
        struct boot_region region = free_regions[i];

        if (end <= region.start || start >= region.end) {
            continue;
        }
        free_regions[i].end = start > region.start ? start : region.start;
        add(end, region.end);
    }
}

void memory_init(const struct boot_report *report)
{
    for (uint32_t i = 0; i < report->region_count; i++) {
        /* Firmware has been seen to list memory twice: it must not be handed out twice. */
        exclude(report->regions[i].start, report->regions[i].end);
        add(report->regions[i].start, report->regions[i].end);
    }
    for (uint32_t i = 0; i < report->reserved_count; i++) {
        exclude(report->reserved[i].start, report->reserved[i].end);
    }
    exclude(0, LOW_MEMORY_END);
    exclude(LOW_MEMORY_END, (uint64_t)server_end - IMAGE_BASE);
    for (uint32_t i = 0; i < report->module_count; i++) {
        exclude(report->modules[i].region.start, report->modules[i].region.end);
    }
}

/* Where bytes would lie at the end of a region, or 0. */
static uint64_t place(const struct boot_region *region, uint64_t bytes)
{
    uint64_t end = region->end < REACHABLE_END ? region->end : REACHABLE_END;
    uint64_t alignment = (bytes & (bytes - 1)) == 0 ? bytes : 0x1000;

    if (end < bytes) {
        return 0;
    }

    uint64_t start = (end - bytes) & ~(alignment - 1);

    return start >= region->start && region->start < end ? start : 0;
}

void *memory_take(uint64_t bytes)
{
    for (uint32_t i = 0; i < free_count; i++) {
        uint64_t start = place(&free_regions[i], bytes);

        if (start != 0) {
            uint64_t *memory = memory_at(start);

            exclude(start, start + bytes);
            for (uint64_t word = 0; word < bytes / 8; word++) {
                memory[word] = 0;
            }
            return memory;
        }
    }
    refuse("not enough memory", "for the server's own tables and the root task");
}

uint32_t memory_left(struct boot_region regions[BOOT_REGIONS_MAX])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < free_count; i++) {
        if (free_regions[i].start < free_regions[i].end) {
            regions[count++] = free_regions[i];
        }
    }
    free_count = 0;
    return count;
}
