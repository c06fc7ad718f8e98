/* SPDX-License-Identifier: BSD-2-Clause */
/* The root task's ELF file: good, broken in each way, cut off anywhere, and with flipped bits. */
#include "boot/elf.h"

#include "test_main.h"
#include <elf.h>
#include <nacelle/object.h>

#define FILE_SIZE 0x400

/* A file of its own allocation, so that a read behind its end is seen. */
static char *good_file(void)
{
    char *file = aligned_alloc(16, FILE_SIZE);
    Elf64_Ehdr *header = (void *)file;
    Elf64_Phdr *segments = (void *)(file + sizeof(*header));

    assert_non_null(file);
    memset(file, 0, FILE_SIZE);
    memcpy(header->e_ident, ELFMAG, SELFMAG);
    header->e_ident[EI_CLASS] = ELFCLASS64;
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_ident[EI_VERSION] = EV_CURRENT;
    header->e_type = ET_EXEC;
    header->e_machine = EM_X86_64;
    header->e_entry = 0x400010;
    header->e_phoff = sizeof(*header);
    header->e_phentsize = sizeof(Elf64_Phdr);
    header->e_phnum = 4;
    segments[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                               .p_flags = PF_R | PF_X,
                               .p_offset = 0x200,
                               .p_vaddr = 0x400000,
                               .p_filesz = 0x100,
                               .p_memsz = 0x100};
    segments[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                               .p_flags = PF_R | PF_W,
                               .p_offset = 0x300,
                               .p_vaddr = 0x600000,
                               .p_filesz = 0x100,
                               .p_memsz = 0x5000};
    segments[2] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W | PF_X};
    segments[3] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R}; /* empty: left out */
    return file;
}

static Elf64_Phdr *segment_of(char *file, unsigned index)
{
    return (Elf64_Phdr *)(void *)(file + sizeof(Elf64_Ehdr)) + index;
}

static void good(void **state)
{
    char *file = good_file();
    struct elf_program program;

    (void)state;
    assert_null(elf_decode(file, FILE_SIZE, &program));
    assert_int_equal(program.entry, 0x400010);
    assert_int_equal(program.segment_count, 2);
    assert_int_equal(program.segments[0].address, 0x400000);
    assert_int_equal(program.segments[0].offset, 0x200);
    assert_int_equal(program.segments[0].rights, NACELLE_RIGHT_READ | NACELLE_RIGHT_EXECUTE);
    assert_int_equal(program.segments[1].memory_size, 0x5000);
    assert_int_equal(program.segments[1].file_size, 0x100);
    assert_int_equal(program.segments[1].rights, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE);
    free(file);
}

/* One member of the headers, and a value for it that must be refused. */
struct change {
    size_t offset, size;
    uint64_t value;
};

#define HEADER(member, value)                                                  \
    {                                                                          \
        offsetof(Elf64_Ehdr, member), sizeof(((Elf64_Ehdr *)0)->member), value \
    }

/* Of the second segment. */
#define SEGMENT(member, value)                                                  \
    {                                                                           \
        sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, member), \
            sizeof(((Elf64_Phdr *)0)->member), value                            \
    }

static void check_refused(const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *file = good_file();
        struct elf_program program;

        memcpy(file + changes[i].offset, &changes[i].value, changes[i].size);
        assert_non_null(elf_decode(file, FILE_SIZE, &program));
        free(file);
    }
}

static void bad_header(void **state)
{
    static const struct change changes[] = {
        HEADER(e_ident[0], 9),
        HEADER(e_ident[1], 9),
        HEADER(e_ident[2], 9),
        HEADER(e_ident[3], 9),
        HEADER(e_ident[4], 9),
        HEADER(e_ident[5], 9),
        HEADER(e_ident[6], 9),
        HEADER(e_type, ET_DYN),
        HEADER(e_type, ET_REL),
        HEADER(e_machine, EM_386),
        HEADER(e_phentsize, 32),
        HEADER(e_phentsize, 0),
        HEADER(e_phoff, FILE_SIZE + 8),
        HEADER(e_phoff, 65),
        HEADER(e_phoff, UINT64_MAX - 7),
        HEADER(e_phoff, FILE_SIZE - 56 * 4 + 8),
        HEADER(e_phnum, 18),
        HEADER(e_phnum, 0xffff),
        HEADER(e_phnum, 0),
        HEADER(e_entry, 0),
        HEADER(e_entry, 0x3fffff),
        HEADER(e_entry, 0x400100),
        HEADER(e_entry, 0x600000),
        HEADER(e_entry, UINT64_MAX),
    };

    (void)state;
    check_refused(changes, ARRAY_SIZE(changes));
}

static void bad_segment(void **state)
{
    static const struct change changes[] = {
        SEGMENT(p_type, PT_INTERP),
        SEGMENT(p_offset, FILE_SIZE - 0xff),
        SEGMENT(p_offset, UINT64_MAX),
        SEGMENT(p_offset, UINT64_MAX - 0xff),
        SEGMENT(p_filesz, 0x101),
        SEGMENT(p_filesz, UINT64_MAX),
        SEGMENT(p_memsz, 0xff),
        SEGMENT(p_memsz, UINT64_MAX),
        SEGMENT(p_memsz, NACELLE_USER_END - 0x600000 + 1),
        SEGMENT(p_vaddr, NACELLE_USER_END - 0x4fff),
        SEGMENT(p_vaddr, NACELLE_USER_END),
        SEGMENT(p_vaddr, 0xffffffff80000000),
        SEGMENT(p_vaddr, UINT64_MAX),
        SEGMENT(p_flags, PF_R | PF_W | PF_X),
    };

    (void)state;
    check_refused(changes, ARRAY_SIZE(changes));
}

static void too_many_segments(void **state)
{
    char *file = good_file();
    Elf64_Ehdr *header = (void *)file;
    struct elf_program program;

    (void)state;
    memset(file + 0x200, 0, 0x200);
    for (unsigned i = 1; i < 9; i++) {
        *segment_of(file, i) = *segment_of(file, 0);
    }
    header->e_phnum = 8;
    assert_null(elf_decode(file, FILE_SIZE, &program));
    assert_int_equal(program.segment_count, ELF_SEGMENTS_MAX);
    header->e_phnum = 9;
    assert_non_null(elf_decode(file, FILE_SIZE, &program));
    free(file);
}

/* What was decoded can be loaded without looking outside the file or the user half. */
static void check_program(const struct elf_program *program, uint64_t size)
{
    assert_true(program->segment_count <= ELF_SEGMENTS_MAX);
    for (unsigned i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];

        assert_true(segment->offset <= size && segment->file_size <= size - segment->offset);
        assert_true(segment->file_size <= segment->memory_size);
        assert_true(segment->address < NACELLE_USER_END &&
                    segment->memory_size <= NACELLE_USER_END - segment->address);
        assert_true((segment->rights & NACELLE_RIGHT_WRITE) == 0 ||
                    (segment->rights & NACELLE_RIGHT_EXECUTE) == 0);
    }
    assert_true(program->entry < NACELLE_USER_END);
}

static void truncated(void **state)
{
    (void)state;
    for (uint64_t size = 0; size < FILE_SIZE; size++) {
        char *whole = good_file();
        char *part = malloc(size > 0 ? size : 1); /* a read behind its end is seen */
        struct elf_program program;

        assert_non_null(part);
        memcpy(part, whole, size);
        assert_non_null(elf_decode(part, size, &program));
        free(part);
        free(whole);
    }
}

static void flipped_bits(void **state)
{
    struct random random = {0x2545f4914f6cdd1dull};
    unsigned accepted = 0;

    (void)state;
    for (unsigned round = 0; round < 50000; round++) {
        char *file = good_file();
        unsigned flips = 1 + (unsigned)random_below(&random, 4);
        uint64_t size = FILE_SIZE;
        struct elf_program program;

        while (flips-- > 0) {
            /* in the headers: 64 bytes and four times 56 */
            file[random_below(&random, 64 + 4 * 56)] ^= (char)(1 << random_below(&random, 8));
        }
        if (random_below(&random, 3) == 0) {
            file[random_below(&random, 64 + 4 * 56)] = (char)random_next(&random);
        }
        if (elf_decode(file, size, &program) == NULL) {
            check_program(&program, size);
            accepted++;
        }
        free(file);
    }
    assert_in_range(accepted, 1000, 49000); /* neither all nor none */
}

static void random_bytes(void **state)
{
    struct random random = {0x9e3779b97f4a7c15ull};

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        char *file = good_file();
        struct elf_program program;

        for (unsigned i = 16; i < FILE_SIZE; i++) {
            file[i] = (char)random_next(&random);
        }
        ((Elf64_Ehdr *)(void *)file)->e_type = ET_EXEC;
        ((Elf64_Ehdr *)(void *)file)->e_machine = EM_X86_64;
        ((Elf64_Ehdr *)(void *)file)->e_phentsize = sizeof(Elf64_Phdr);
        ((Elf64_Ehdr *)(void *)file)->e_phoff = random_below(&random, FILE_SIZE) & ~7ull;
        ((Elf64_Ehdr *)(void *)file)->e_phnum = (uint16_t)random_below(&random, 20);
        if (elf_decode(file, FILE_SIZE, &program) == NULL) {
            check_program(&program, FILE_SIZE);
        }
        free(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),         cmocka_unit_test(bad_header),
        cmocka_unit_test(bad_segment),  cmocka_unit_test(too_many_segments),
        cmocka_unit_test(truncated),    cmocka_unit_test(flipped_bits),
        cmocka_unit_test(random_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
