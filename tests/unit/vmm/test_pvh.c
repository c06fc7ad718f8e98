/* SPDX-License-Identifier: BSD-2-Clause */
/* What must be true is in Xen, docs/misc/pvh.pandoc and xen/include/public/arch-x86/hvm/
 * start_info.h. */
#include "boot_test.h"

#include <vmm/pvh.h>

#define ENTRY (4 * MIB + 0x123)
#define NOTES 0x400 /* where they lie in the file */
#define BYTES 0x800 /* the bytes of all segments */

/* Program header `index`, the last one; virtual addresses do not matter. */
static void header(unsigned index, uint32_t type, uint64_t offset, uint64_t address,
                   uint64_t file_size, uint64_t memory_size)
{
    unsigned at = 64 + index * 56;

    put(at, 4, type);
    put(at + 8, 8, offset);
    put(at + 16, 8, 0xffffffff80000000 + address);
    put(at + 24, 8, address);
    put(at + 32, 8, file_size);
    put(at + 40, 8, memory_size);
    put(at + 48, 8, 4);
    put(56, 2, index + 1);
}

/* A note at `at` behind NOTES; returns what is behind it. */
static unsigned note(unsigned at, const char *name, uint32_t type, uint64_t value, unsigned size)
{
    unsigned length = (unsigned)strlen(name) + 1;

    put(NOTES + at, 4, length);
    put(NOTES + at + 4, 4, size);
    put(NOTES + at + 8, 4, type);
    memcpy(kernel + NOTES + at + 12, name, length);
    put(NOTES + at + 12 + (length + 3) / 4 * 4, size, value);
    return at + 12 + (length + 3) / 4 * 4 + (size + 3) / 4 * 4;
}

static int make(void **state)
{
    const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    unsigned end;

    (void)state;
    boot_make(BYTES);
    memcpy(kernel, ident, sizeof(ident));
    put(16, 2, 2);
    put(18, 2, 62);
    put(32, 8, 64);
    put(54, 2, 56);
    header(0, 1, BYTES, 4 * MIB, 0x1000, 0x1000);
    header(1, 1, BYTES, 6 * MIB, 0x10, MIB);
    /* others have notes of that type or name, too */
    end = note(0, "GNU", 18, 1, 4);
    end = note(end, "Xen", 6, 0x78756e696c, 6);
    end = note(end, "Xen", 18, ENTRY, 8);
    header(2, 4, NOTES, 0, end, end);
    return 0;
}

static const char *load(void)
{
    return vmm_pvh_load(&boot, &memory, &entry, problem);
}

static void start_info_says_where_everything_is(void **state)
{
    uint64_t at, modules, disk;

    (void)state;
    assert_null(load());
    at = entry.parameters;
    modules = get(at + 16, 8);
    disk = get(modules, 8);
    assert_true(get(at, 4) == 0x336ec578);
    assert_int_equal(get(at + 4, 4), 1);
    assert_int_equal(get(at + 8, 4), 0);
    assert_int_equal(get(at + 12, 4), 1);
    assert_string_equal(ram + get(at + 24, 8), boot.command_line);
    assert_int_equal(get(at + 32, 8), 0xe0000);
    assert_int_equal(get(at + 52, 4), 0);
    assert_int_equal(disk % 4096, 0);
    assert_true(disk >= 7 * MIB && disk + sizeof(initrd) <= RAM);
    assert_int_equal(get(modules + 8, 8), sizeof(initrd));
    assert_int_equal(get(modules + 16, 8), 0);
    assert_int_equal(get(modules + 24, 8), 0);
    assert_memory_equal(ram + disk, initrd, sizeof(initrd));
}

static void the_memory_map_leaves_out_what_is_no_memory(void **state)
{
    uint64_t table;

    (void)state;
    assert_null(load());
    table = get(entry.parameters + 40, 8);
    assert_int_equal(get(entry.parameters + 48, 4), 3);
    assert_int_equal(get(table, 8), 0);
    assert_true(get(table + 8, 8) <= 0xa0000);
    assert_int_equal(get(table + 16, 8), 1);
    assert_int_equal(get(table + 24, 8), 0xe0000);
    assert_int_equal(get(table + 32, 8), 0x20000);
    assert_int_equal(get(table + 40, 8), 2);
    assert_int_equal(get(table + 48, 8), MIB);
    assert_int_equal(get(table + 56, 8), RAM - MIB);
    assert_int_equal(get(table + 64, 8), 1);
}

static void segments_lie_at_their_physical_addresses(void **state)
{
    (void)state;
    assert_null(load());
    assert_int_equal(entry.rip, ENTRY);
    assert_memory_equal(ram + 4 * MIB, kernel + BYTES, 0x1000);
    assert_int_equal(get(4 * MIB + 0x1000, 1), 0xcc);
    assert_memory_equal(ram + 6 * MIB, kernel + BYTES, 0x10);
    assert_int_equal(get(6 * MIB + 0x10, 8), 0);
    assert_int_equal(get(7 * MIB - 8, 8), 0);
    assert_int_equal(get(7 * MIB, 1), 0xcc);
}

static void the_entry_may_have_four_bytes_and_wide_padding(void **state)
{
    (void)state;
    header(2, 4, NOTES, 0, 20, 20);
    note(0, "Xen", 18, ENTRY, 4);
    assert_null(load());
    assert_int_equal(entry.rip, ENTRY);
    make(NULL);
    /* 8 bytes: a description of 4 is followed by 4 of padding */
    memset(kernel + NOTES, 0, BYTES - NOTES);
    note(0, "GNU", 1, 7, 4);
    note(24, "Xen", 18, ENTRY, 8);
    header(2, 4, NOTES, 0, 48, 48);
    put(64 + 2 * 56 + 48, 8, 8);
    assert_null(load());
    assert_int_equal(entry.rip, ENTRY);
}

static void the_processor_is_in_protected_mode(void **state)
{
    static struct nacelle_vcpu_state vcpu;

    (void)state;
    memset(&vcpu, 0xee, sizeof(vcpu));
    vcpu.dirty = 0;
    assert_null(load());
    vmm_pvh_enter(&entry, &vcpu);
    assert_int_equal(vcpu.dirty, VMM_LINUX_GROUPS);
    assert_int_equal(vcpu.rip, ENTRY);
    assert_int_equal(vcpu.general[3], entry.parameters);
    assert_int_equal(vcpu.rflags, 2);
    assert_int_equal(vcpu.cr0, 0x11); /* ET cannot be cleared */
    assert_int_equal(vcpu.cr0_shadow, 0x11);
    assert_int_equal(vcpu.cr4, 0);
    assert_int_equal(vcpu.cr4_shadow, 0);
    assert_int_equal(vcpu.efer, 0);
    assert_int_equal(vcpu.segments[NACELLE_CS].rights, 0xc09b);
    assert_int_equal(vcpu.segments[NACELLE_DS].rights, 0xc093);
    assert_int_equal(vcpu.segments[NACELLE_ES].rights, 0xc093);
    for (unsigned i = NACELLE_ES; i <= NACELLE_GS; i++) {
        assert_int_equal(vcpu.segments[i].base, 0);
        assert_true(vcpu.segments[i].limit == UINT32_MAX);
    }
    assert_int_equal(vcpu.segments[NACELLE_TR].rights, 0x8b);
    assert_int_equal(vcpu.segments[NACELLE_TR].base, 0);
    assert_int_equal(vcpu.segments[NACELLE_TR].limit, 0x67);
}

static void what_has_no_entry_is_refused(void **state)
{
    const char *none =
        "the kernel has no PVH entry: its ELF file lacks the note PHYS32_ENTRY of Xen's";

    (void)state;
    put(18, 2, 183);
    assert_string_equal(load(), "the kernel's ELF file: not for x86-64");
    make(NULL);
    put(64 + 2 * 56, 4, 5);
    assert_string_equal(load(), none);
    make(NULL);
    header(2, 4, NOTES, 0, 20, 20); /* the others alone */
    assert_string_equal(load(), none);
    make(NULL);
    note(0, "Xen", 18, ENTRY, 2);
    header(2, 4, NOTES, 0, 20, 20);
    assert_string_equal(load(), none);
    make(NULL);
    put(NOTES + 4, 4, UINT32_MAX); /* the first description has no end */
    assert_string_equal(load(), none);
    make(NULL);
    put(NOTES, 4, UINT32_MAX);
    assert_string_equal(load(), none);
    make(NULL);
    header(2, 4, NOTES, 0, 20, 20);
    note(0, "Xen", 18, 4 * MIB + 0x1000, 4);
    assert_string_equal(load(), "the kernel's PVH entry, 401000h, is outside of its segments");
}

static void bad_segments_are_refused(void **state)
{
    (void)state;
    header(1, 1, BYTES, 6 * MIB, 0x11, 0x10);
    assert_string_equal(load(), "a segment of the kernel is larger in the file than in memory");
    header(1, 1, BYTES, MIB - 1, 0x10, 0x10);
    assert_string_equal(load(), "the kernel's segment at fffffh is not above the first megabyte");
    header(1, 1, BYTES, 4 * MIB + 0xfff, 0x10, 0x10);
    assert_string_equal(load(), "the kernel's segments at 400000h and 400fffh overlap");
    header(1, 1, BYTES, 4 * MIB - 0xf, 0x10, 0x10);
    assert_string_equal(load(), "the kernel's segments at 400000h and 3ffff1h overlap");
    header(1, 1, sizeof(kernel) - 15, 6 * MIB, 16, 16);
    assert_string_equal(load(), "the kernel's file is cut off");
    header(1, 1, UINT64_MAX, 6 * MIB, 16, 16);
    assert_string_equal(load(), "the kernel's file is cut off");
    header(1, 4, sizeof(kernel), 0, 1, 1);
    assert_string_equal(load(), "the kernel's file is cut off");
    make(NULL);
    for (uint32_t i = 3; i < 18; i++)
        header(i, 1, BYTES, 8 * MIB + i * 4096ull, 1, 1);
    assert_string_equal(load(), "the kernel has too many segments");
}

static void memory_has_to_hold_it(void **state)
{
    (void)state;
    header(1, 1, BYTES, 6 * MIB, 0x10, 26 * MIB + 1);
    assert_string_equal(load(),
                        "the guest's memory is too small: the kernel needs 33 MiB of 32 MiB");
    header(1, 1, BYTES, UINT64_MAX - 8, 0x10, 0x10);
    assert_non_null(load());
    header(1, 1, BYTES, 6 * MIB, 0x10, UINT64_MAX);
    assert_non_null(load());
    make(NULL);
    header(3, 1, BYTES, 7 * MIB, 0x10, 25 * MIB - 4096);
    assert_string_equal(load(), "the initial RAM disk is too large: 5 KiB, room for 4 KiB");
    make(NULL);
    boot.ram_size = MIB;
    assert_string_equal(load(), "the guest's memory is too small: a PC needs 2 MiB of 1 MiB");
}

static void no_length_reads_beyond_the_file(void **state)
{
    (void)state;
    for (unsigned size = 0; size < BYTES + 0x1000; size++) {
        uint8_t *copy = test_malloc(size + 1); /* the allocator's guards see what goes beyond */

        memcpy(copy, kernel, size);
        boot.kernel = copy;
        boot.kernel_size = size;
        assert_non_null(load());
        test_free(copy);
    }
}

static void an_initial_ram_disk_may_be_missing(void **state)
{
    (void)state;
    boot.initrd = NULL;
    assert_null(load());
    assert_int_equal(get(entry.parameters + 12, 4), 0);
    assert_int_equal(get(entry.parameters + 16, 8), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(start_info_says_where_everything_is, make),
        cmocka_unit_test_setup(the_memory_map_leaves_out_what_is_no_memory, make),
        cmocka_unit_test_setup(segments_lie_at_their_physical_addresses, make),
        cmocka_unit_test_setup(the_entry_may_have_four_bytes_and_wide_padding, make),
        cmocka_unit_test_setup(the_processor_is_in_protected_mode, make),
        cmocka_unit_test_setup(what_has_no_entry_is_refused, make),
        cmocka_unit_test_setup(bad_segments_are_refused, make),
        cmocka_unit_test_setup(memory_has_to_hold_it, make),
        cmocka_unit_test_setup(no_length_reads_beyond_the_file, make),
        cmocka_unit_test_setup(an_initial_ram_disk_may_be_missing, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
