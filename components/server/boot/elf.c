/* SPDX-License-Identifier: BSD-2-Clause */
#include "elf.h"

#include <nacelle/object.h>
#include <stdbool.h>
#include <stddef.h>

struct file_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_offset, section_offset;
    uint32_t flags;
    uint16_t header_size, program_entry_size, program_count;
    uint16_t section_entry_size, section_count, section_names;
};

struct program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
};

_Static_assert(sizeof(struct file_header) == 64, "ELF64");
_Static_assert(sizeof(struct program_header) == 56, "ELF64");

#define TYPE_EXECUTABLE     2
#define MACHINE_X86_64      62
#define SEGMENT_LOAD        1
#define SEGMENT_INTERPRETER 3
#define FLAG_EXECUTE        1u
#define FLAG_WRITE          2u
#define FLAG_READ           4u

static const uint8_t magic[7] = {0x7f, 'E', 'L', 'F',
                                 2,    1,   1}; /* 64 bit, little endian, version 1 */

static const char *check_header(const struct file_header *header, uint64_t size)
{
    for (unsigned i = 0; i < sizeof(magic); i++) {
        if (header->ident[i] != magic[i]) {
            return "not an ELF64 file";
        }
    }
    if (header->type != TYPE_EXECUTABLE || header->machine != MACHINE_X86_64) {
        return "not a static x86-64 program";
    }
    if (header->program_entry_size != sizeof(struct program_header) ||
        header->program_offset % 8 != 0 || header->program_offset > size ||
        header->program_count > (size - header->program_offset) / sizeof(struct program_header)) {
        return "the program headers lie outside the file";
    }
    return NULL;
}

static const char *check_segment(const struct program_header *header, uint64_t size)
{
    if (header->offset > size || header->file_size > size - header->offset ||
        header->file_size > header->memory_size) {
        return "a segment lies outside the file";
    }
    if (header->address >= NACELLE_USER_END ||
        header->memory_size > NACELLE_USER_END - header->address) {
        return "a segment lies outside the user half";
    }
    if ((header->flags & FLAG_WRITE) != 0 && (header->flags & FLAG_EXECUTE) != 0) {
        return "a segment is both writable and executable";
    }
    return NULL;
}

static void add_segment(struct elf_program *program, const struct program_header *header)
{
    program->segments[program->segment_count++] = (struct elf_segment){
        .address = header->address,
        .memory_size = header->memory_size,
        .offset = header->offset,
        .file_size = header->file_size,
        .rights = NACELLE_RIGHT_READ |
                  ((header->flags & FLAG_WRITE) != 0 ? NACELLE_RIGHT_WRITE : 0) |
                  ((header->flags & FLAG_EXECUTE) != 0 ? NACELLE_RIGHT_EXECUTE : 0),
    };
}

static bool entry_is_code(const struct elf_program *program)
{
    for (unsigned i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];

        if ((segment->rights & NACELLE_RIGHT_EXECUTE) != 0 && program->entry >= segment->address &&
            program->entry - segment->address < segment->memory_size) {
            return true;
        }
    }
    return false;
}

const char *elf_decode(const char *file, uint64_t size, struct elf_program *program)
{
    const struct file_header *header = (const void *)file;

    if (size < sizeof(*header)) {
        return "not an ELF64 file";
    }

    const char *error = check_header(header, size);

    if (error != NULL) {
        return error;
    }

    const struct program_header *headers = (const void *)(file + header->program_offset);

    *program = (struct elf_program){.entry = header->entry};
    for (unsigned i = 0; i < header->program_count; i++) {
        if (headers[i].type == SEGMENT_INTERPRETER) {
            return "not a static x86-64 program";
        }
        if (headers[i].type != SEGMENT_LOAD || headers[i].memory_size == 0) {
            continue;
        }
        error = check_segment(&headers[i], size);
        if (error != NULL) {
            return error;
        }
        if (program->segment_count == ELF_SEGMENTS_MAX) {
            return "more segments than the loader takes";
        }
        add_segment(program, &headers[i]);
    }
    return entry_is_code(program) ? NULL : "the entry is not in an executable segment";
}
