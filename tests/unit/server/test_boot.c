/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot loader's information and the memory that it leaves, good and malformed. */
#define _GNU_SOURCE
#include "boot/memory.h"
#include "boot/multiboot.h"

#include "src/console.h"
#include "src/physical.h"
#include "test_main.h"
#include <stdio.h>
#include <sys/mman.h>

#define MAGIC1 0x2badb002
#define MAGIC2 0x36d76289
#define PAGE   4096ull

/* The image ends at 2 MiB. */
__asm__(".globl server_end\n.set server_end, 0xffffffff80200000");

/* A piece of memory below 4 GiB, with nothing behind it. */
#define LOW_BYTES (16 * PAGE)

static char *low;
static jmp_buf refused;
static bool can_refuse;

_Noreturn void refuse(const char *what, const char *where)
{
    (void)where;
    if (!can_refuse) {
        print_error("refused: %s\n", what);
        abort();
    }
    longjmp(refused, 1);
}

void console_print(const char *format, ...)
{
    (void)format;
}

static int map_low(void **state)
{
    (void)state;
    low = mmap(NULL, LOW_BYTES + PAGE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    assert_ptr_not_equal(low, MAP_FAILED);
    assert_int_equal(mprotect(low + LOW_BYTES, PAGE, PROT_NONE), 0);
    return 0;
}

static bool reads(uint32_t magic, const void *information, struct boot_report *report)
{
    bool result = false;

    memset(report, 0, sizeof(*report));
    can_refuse = true;
    if (setjmp(refused) == 0) {
        multiboot_read(magic, (uint32_t)(uintptr_t)information, report);
        result = true;
    }
    can_refuse = false;
    return result;
}

static uint32_t address(const void *memory)
{
    return (uint32_t)(uintptr_t)memory;
}

/* --- Multiboot 1 ------------------------------------------------------------------------------ */

struct information1 {
    uint32_t flags, memory[2], boot_device, command_line, module_count, modules, symbols[4];
    uint32_t map_length, map;
    struct {
        uint32_t start, end, command_line, reserved;
    } module[2];
    struct __attribute__((packed)) {
        uint32_t size;
        uint64_t start, length;
        uint32_t type;
    } entry[4];
    char line[200], name[8];
};

static struct information1 *information1(void)
{
    struct information1 *info = (void *)low;

    memset(low, 0, LOW_BYTES);
    info->flags = 1u << 2 | 1u << 3 | 1u << 6;
    info->command_line = address(info->line);
    info->module_count = 2;
    info->modules = address(info->module);
    info->map_length = sizeof(info->entry);
    info->map = address(info->entry);
    info->module[0].start = 0x300000;
    info->module[0].end = 0x300123;
    info->module[0].command_line = address(info->name);
    info->module[1].start = 0x400000;
    info->module[1].end = 0x401000;
    for (unsigned i = 0; i < 4; i++) {
        info->entry[i].size = 20;
    }
    info->entry[0].start = 0x123;
    info->entry[0].length = 0x9f000;
    info->entry[0].type = 1;
    info->entry[1].start = 0x100000;
    info->entry[1].length = 0x700800;
    info->entry[1].type = 1;
    info->entry[2].start = 0x5ff800;
    info->entry[2].length = 0x1000;
    info->entry[2].type = 2;
    info->entry[3].start = UINT64_MAX - 0x700; /* beyond all memory */
    info->entry[3].length = 0x700;
    info->entry[3].type = 1;
    memset(info->line, 'x', sizeof(info->line)); /* does not end in time */
    memcpy(info->name, "root", 5);
    return info;
}

static void multiboot1(void **state)
{
    struct information1 *info = information1();
    struct boot_report report;

    (void)state;
    assert_true(reads(MAGIC1, info, &report));
    assert_int_equal(report.region_count, 2);
    assert_int_equal(report.regions[0].start, 0x1000);
    assert_int_equal(report.regions[0].end, 0x9f000);
    assert_int_equal(report.regions[1].end, 0x800000);
    assert_int_equal(report.reserved_count, 1);
    assert_int_equal(report.reserved[0].start, 0x5ff000);
    assert_int_equal(report.reserved[0].end, 0x601000);
    assert_int_equal(report.module_count, 2);
    assert_int_equal(report.modules[0].region.end, 0x300123);
    assert_string_equal(report.modules[0].command_line, "root");
    assert_string_equal(report.modules[1].command_line, "");
    assert_int_equal(strlen(report.command_line), NACELLE_BOOT_LINE_MAX - 1);

    info->entry[0].size = 0xfffffffc; /* once: an endless loop */
    info->entry[0].type = 2;
    assert_false(reads(MAGIC1, info, &report)); /* no memory */
    info = information1();
    info->flags = 0;
    assert_false(reads(MAGIC1, info, &report));
    info = information1();
    info->module[0].start = 0x300001;
    assert_false(reads(MAGIC1, info, &report));
    info = information1();
    info->module[0].end = 0x2fffff;
    assert_false(reads(MAGIC1, info, &report));
    assert_false(reads(0x1234, info, &report));
}

/* --- Multiboot 2 ------------------------------------------------------------------------------ */

static char *append(char *place, uint32_t type, const void *data, uint32_t bytes)
{
    uint32_t head[2] = {type, 8 + bytes};

    memcpy(place, head, 8);
    memcpy(place + 8, data, bytes);
    return place + ((8 + bytes + 7) & ~7u);
}

/* Ends where the memory does. Returns its address. */
static char *information2(uint32_t *total)
{
    static const struct {
        uint32_t start, end;
        char name[6];
    } module = {0x300000, 0x300200, "root"};
    static const struct {
        uint32_t entry_size, version;
        struct {
            uint64_t start, length;
            uint32_t type, reserved;
        } entries[3];
    } map = {24, 0, {{0, 0x9f000, 1, 0}, {0x100000, 0x700000, 1, 0}, {0x500000, 0x1000, 3, 0}}};
    char text[1024] = {0};
    char *end = text + 8;

    end = append(end, 1, "scenario=x", 11);
    end = append(end, 3, &module, 8 + 5);
    end = append(end, 6, &map, sizeof(map));
    end = append(end, 21, "????", 4);
    end = append(end, 0, "", 0);
    *total = (uint32_t)(end - text);
    memcpy(text, total, 4);
    memcpy(low + LOW_BYTES - *total, text, *total);
    return low + LOW_BYTES - *total;
}

static void multiboot2(void **state)
{
    struct boot_report report;
    uint32_t total;
    char *info = information2(&total);
    uint32_t *sizes = (uint32_t *)(void *)info;

    (void)state;
    assert_true(reads(MAGIC2, info, &report));
    assert_int_equal(report.region_count, 2);
    assert_int_equal(report.regions[1].start, 0x100000);
    assert_int_equal(report.reserved_count, 1);
    assert_int_equal(report.module_count, 1);
    assert_int_equal(report.modules[0].region.end, 0x300200);
    assert_string_equal(report.modules[0].command_line, "root");
    assert_string_equal(report.command_line, "scenario=x");
    sizes[3] = 7; /* of the first tag */
    assert_false(reads(MAGIC2, info, &report));
    sizes[3] = 0xfffffff9;
    assert_false(reads(MAGIC2, info, &report));
    sizes[3] = total;
    assert_false(reads(MAGIC2, info, &report));
}

/* Whatever is in it but its size: nothing behind it is read, and it comes to an end. */
static void random_multiboot2(void **state)
{
    struct random random = {0xd1342543de82ef95ull};
    unsigned accepted = 0;

    (void)state;
    for (unsigned round = 0; round < 100000; round++) {
        struct boot_report report;
        uint32_t total;
        char *info = information2(&total);

        for (unsigned flips = 1 + (unsigned)random_below(&random, 5); flips > 0; flips--) {
            char *byte = &info[8 + random_below(&random, total - 8)];

            *byte = random_below(&random, 2) != 0 ? (char)random_next(&random)
                                                  : (char)(*byte ^ 1 << random_below(&random, 8));
        }
        accepted += reads(MAGIC2, info, &report);
    }
    assert_in_range(accepted, 100, 99999);
}

/* --- Memory ----------------------------------------------------------------------------------- */

#define MODEL_PAGES 4096u /* 16 MiB */

static void add(struct boot_region *regions, uint32_t *count, struct random *random)
{
    uint64_t start = random_below(random, MODEL_PAGES);
    uint64_t pages = 1 + random_below(random, MODEL_PAGES / 4);
    uint64_t end = start + pages > MODEL_PAGES ? MODEL_PAGES : start + pages;

    regions[(*count)++] = (struct boot_region){start * PAGE, end * PAGE};
}

static void mark(bool *pages, const struct boot_region *region, bool value)
{
    for (uint64_t page = region->start / PAGE; page < (region->end + PAGE - 1) / PAGE; page++) {
        pages[page] = value;
    }
}

static void free_memory(void **state)
{
    const struct boot_region image = {0, 0x200000};
    struct random random = {0xaef17502108ef2d9ull};

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        static struct boot_report report;
        struct boot_region left[BOOT_REGIONS_MAX];
        bool expected[MODEL_PAGES] = {false};
        bool found[MODEL_PAGES] = {false};
        uint32_t count;

        memset(&report, 0, sizeof(report));
        for (uint64_t i = 1 + random_below(&random, 5); i > 0; i--) {
            add(report.regions, &report.region_count, &random);
            mark(expected, &report.regions[report.region_count - 1], true);
        }
        for (uint64_t i = random_below(&random, 3); i > 0; i--) {
            add(report.reserved, &report.reserved_count, &random);
        }
        for (uint32_t i = 0; i < report.reserved_count; i++) {
            mark(expected, &report.reserved[i], false);
        }
        for (uint64_t i = random_below(&random, 4); i > 0; i--) {
            struct boot_region *module = &report.modules[report.module_count++].region;

            module->start = random_below(&random, MODEL_PAGES - 16) * PAGE;
            module->end = module->start + random_below(&random, 16 * PAGE);
            mark(expected, module, false);
        }
        mark(expected, &image, false);

        memory_init(&report);
        count = memory_left(left);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(left[i].start % PAGE, 0);
            assert_int_equal(left[i].end % PAGE, 0);
            for (uint64_t page = left[i].start / PAGE; page < left[i].end / PAGE; page++) {
                assert_false(found[page]); /* nothing twice */
                found[page] = true;
            }
        }
        assert_memory_equal(found, expected, sizeof(found));
    }
}

static bool can_take(uint64_t bytes)
{
    can_refuse = true;
    if (setjmp(refused) == 0) {
        memory_take(bytes);
        return true;
    }
    can_refuse = false;
    return false;
}

static void take(void **state)
{
    static struct boot_report report;
    struct boot_region left[BOOT_REGIONS_MAX];
    uint64_t start = physical_of(low);
    char *pieces[3];
    uint64_t bytes = 0;

    (void)state;
    memset(low, 0x55, LOW_BYTES);
    memset(&report, 0, sizeof(report));
    report.region_count = 1;
    report.regions[0] = (struct boot_region){start, start + LOW_BYTES};
    memory_init(&report);
    pieces[0] = memory_take(PAGE);
    pieces[1] = memory_take(4 * PAGE);
    pieces[2] = memory_take(3 * PAGE);
    for (unsigned i = 0; i < 3; i++) {
        const uint64_t sizes[] = {PAGE, 4 * PAGE, 3 * PAGE};

        assert_true(pieces[i] >= low && pieces[i] + sizes[i] <= low + LOW_BYTES);
        assert_int_equal(physical_of(pieces[i]) % (i == 1 ? 4 * PAGE : PAGE), 0);
        for (uint64_t k = 0; k < sizes[i]; k++) {
            assert_int_equal(pieces[i][k], 0);
        }
        memset(pieces[i], 0x66, sizes[i]);
    }
    assert_false(can_take(LOW_BYTES)); /* there is not so much */
    for (uint32_t i = memory_left(left); i > 0; i--) {
        bytes += left[i - 1].end - left[i - 1].start;
    }
    assert_int_equal(bytes, LOW_BYTES - 8 * PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multiboot1),
        cmocka_unit_test(multiboot2),
        cmocka_unit_test(random_multiboot2),
        cmocka_unit_test(free_memory),
        cmocka_unit_test(take),
    };

    return cmocka_run_group_tests(tests, map_low, NULL);
}
