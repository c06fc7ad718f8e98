/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <nacelle/object.h>
#include <runtime/elf64.h>

#define LIMIT (1ull << 30)

/* A program with up to 9 segments, as a file. Fields by their offsets in the System V ABI. */
static uint8_t file[8192];

static void put(size_t offset, unsigned size, uint64_t value)
{
    memcpy(file + offset, &value, size);
}

static void segment(unsigned index, uint32_t flags, uint64_t address, uint64_t file_size,
                    uint64_t memory_size)
{
    size_t at = 64 + index * 56;

    put(at, 4, 1);
    put(at + 4, 4, flags);
    put(at + 8, 8, 1024); /* all have the same bytes of the file */
    put(at + 16, 8, address);
    put(at + 32, 8, file_size);
    put(at + 40, 8, memory_size);
    put(56, 2, index + 1);
}

static int make_program(void **state)
{
    const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

    (void)state;
    memset(file, 0, sizeof(file));
    memcpy(file, ident, sizeof(ident));
    put(16, 2, 2);        /* executable */
    put(18, 2, 62);       /* x86-64 */
    put(24, 8, 0x400010); /* entry */
    put(32, 8, 64);       /* program headers */
    put(54, 2, 56);       /* their size */
    segment(0, 5, 0x400000, 0x1001, 0x1001);
    segment(1, 6, 0x403800, 0x10, 0x1000);
    return 0;
}

static const char *read(uint64_t size)
{
    struct nacelle_elf elf;

    return nacelle_elf64_read(file, size, LIMIT, &elf);
}

static void a_good_program_is_read(void **state)
{
    struct nacelle_elf elf;

    (void)state;
    assert_null(nacelle_elf64_read(file, sizeof(file), LIMIT, &elf));
    assert_int_equal(elf.entry, 0x400010);
    assert_int_equal(elf.segment_count, 2);
    assert_int_equal(elf.pages, 4); /* 400, 401; 403, 404 */
    assert_int_equal(elf.segments[0].rights, NACELLE_RIGHT_READ | NACELLE_RIGHT_EXECUTE);
    assert_int_equal(elf.segments[1].rights, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE);
    assert_int_equal(elf.segments[1].address, 0x403800);
    assert_int_equal(elf.segments[1].offset, 1024);
    assert_int_equal(elf.segments[1].file_size, 0x10);
    assert_int_equal(elf.segments[1].size, 0x1000);
}

static void segments_come_out_in_order(void **state)
{
    struct nacelle_elf elf;

    (void)state;
    segment(2, 4, 0x10000, 8, 8);
    assert_null(nacelle_elf64_read(file, sizeof(file), LIMIT, &elf));
    assert_int_equal(elf.segments[0].address, 0x10000);
    assert_int_equal(elf.segments[2].address, 0x403800);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    assert_string_equal(read(0), "not an ELF64 file");
    assert_string_equal(read(6), "not an ELF64 file");
    put(4, 1, 1); /* 32 bits */
    assert_string_equal(read(sizeof(file)), "not an ELF64 file");
    make_program(NULL);
    put(16, 2, 3); /* shared object */
    assert_string_equal(read(sizeof(file)), "not a static executable");
    make_program(NULL);
    put(18, 2, 183); /* AArch64 */
    assert_string_equal(read(sizeof(file)), "not for x86-64");
    make_program(NULL);
    put(54, 2, 32);
    assert_string_equal(read(sizeof(file)), "program headers have the wrong size");
    make_program(NULL);
    put(64 + 56, 4, 3); /* interpreter */
    assert_string_equal(read(sizeof(file)), "dynamically linked");
}

static void truncated_files_are_refused(void **state)
{
    (void)state;
    assert_string_equal(read(10), "truncated: the header lies beyond its end");
    assert_string_equal(read(64 + 56), "truncated: program headers lie beyond its end");
    assert_string_equal(read(1024 + 0x1000), "truncated: a segment lies beyond its end");
    put(32, 8, UINT64_MAX - 8);
    assert_string_equal(read(sizeof(file)), "truncated: program headers lie beyond its end");
    make_program(NULL);
    put(64 + 8, 8, UINT64_MAX - 0x1000);
    assert_string_equal(read(sizeof(file)), "truncated: a segment lies beyond its end");
}

static void no_length_reads_beyond_the_file(void **state)
{
    (void)state;
    for (size_t size = 0; size < 1024 + 0x1001; size++) {
        uint8_t *copy = test_malloc(size + 1); /* the allocator's guards see what goes beyond */
        struct nacelle_elf elf;

        memcpy(copy, file, size);
        assert_non_null(nacelle_elf64_read(copy, size, LIMIT, &elf));
        test_free(copy);
    }
}

static void bad_segments_are_refused(void **state)
{
    (void)state;
    segment(1, 7, 0x403000, 16, 16);
    assert_string_equal(read(sizeof(file)), "a segment is writable and executable");
    segment(1, 6, 0x403000, 17, 16);
    assert_string_equal(read(sizeof(file)), "a segment is larger in the file than in memory");
    segment(1, 6, 0x401800, 16, 16);
    assert_string_equal(read(sizeof(file)), "segments overlap or share a page");
    segment(1, 6, 0x3ff000, 16, 0x2000);
    assert_string_equal(read(sizeof(file)), "segments overlap or share a page");
    segment(1, 6, LIMIT - 8, 16, 16);
    assert_string_equal(read(sizeof(file)), "a segment lies outside of the address space");
    segment(1, 6, 0, 16, 16);
    assert_string_equal(read(sizeof(file)), "a segment lies outside of the address space");
    segment(1, 6, 0x403000, 16, UINT64_MAX - 0x1000);
    assert_string_equal(read(sizeof(file)), "a segment lies outside of the address space");
}

static void the_entry_must_be_code(void **state)
{
    (void)state;
    put(24, 8, 0x403800);
    assert_string_equal(read(sizeof(file)), "the entry point is not in an executable segment");
    put(24, 8, 0x401001);
    assert_string_equal(read(sizeof(file)), "the entry point is not in an executable segment");
}

static void there_is_a_limit_of_segments(void **state)
{
    (void)state;
    for (unsigned i = 2; i < NACELLE_ELF_SEGMENTS_MAX; i++)
        segment(i, 4, 0x500000 + i * 4096, 1, 1);
    assert_null(read(sizeof(file)));
    segment(NACELLE_ELF_SEGMENTS_MAX, 4, 0x600000, 1, 1);
    assert_string_equal(read(sizeof(file)), "too many segments");
    put(56, 2, 0);
    assert_string_equal(read(sizeof(file)), "nothing to load");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_good_program_is_read, make_program),
        cmocka_unit_test_setup(segments_come_out_in_order, make_program),
        cmocka_unit_test_setup(other_files_are_refused, make_program),
        cmocka_unit_test_setup(truncated_files_are_refused, make_program),
        cmocka_unit_test_setup(no_length_reads_beyond_the_file, make_program),
        cmocka_unit_test_setup(bad_segments_are_refused, make_program),
        cmocka_unit_test_setup(the_entry_must_be_code, make_program),
        cmocka_unit_test_setup(there_is_a_limit_of_segments, make_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
