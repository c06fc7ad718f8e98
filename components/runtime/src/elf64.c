/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading static ELF64 files. */
#include <nacelle/object.h>
#include <runtime/elf64.h>
#include <runtime/string.h>
#include <stdbool.h>
#include <stddef.h>

#define PAGE 4096ull

struct elf64_header {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_headers; /* file offset */
    uint64_t section_headers;
    uint32_t flags;
    uint16_t header_size;
    uint16_t program_header_size;
    uint16_t program_header_count;
    uint16_t section_header_size;
    uint16_t section_header_count;
    uint16_t section_names;
};

_Static_assert(sizeof(struct elf64_header) == 64, "System V ABI, figure 4-3");

#define TYPE_EXECUTABLE      2
#define MACHINE_X86_64       62
#define SEGMENT_DYNAMIC      2
#define SEGMENT_INTERPRETER  3
#define SEGMENT_FLAG_EXECUTE 1u
#define SEGMENT_FLAG_WRITE   2u
#define SEGMENT_FLAG_READ    4u

/* e_ident: magic, 64 bits, little endian, version 1 */
static const uint8_t identification[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

/* True when [offset, offset + size) lies within [0, end). */
static bool within(uint64_t offset, uint64_t size, uint64_t end)
{
    return offset <= end && size <= end - offset;
}

static uint64_t first_page(const struct nacelle_elf_segment *segment)
{
    return segment->address / PAGE;
}

static uint64_t last_page(const struct nacelle_elf_segment *segment)
{
    return (segment->address + segment->size - 1) / PAGE;
}

static uint32_t rights_of(uint32_t flags)
{
    return (flags & SEGMENT_FLAG_READ ? NACELLE_RIGHT_READ : 0) |
           (flags & SEGMENT_FLAG_WRITE ? NACELLE_RIGHT_WRITE : 0) |
           (flags & SEGMENT_FLAG_EXECUTE ? NACELLE_RIGHT_EXECUTE : 0);
}

static const char *check_header(const struct elf64_header *header, uint64_t size)
{
    if (header->type != TYPE_EXECUTABLE)
        return "not a static executable";
    if (header->machine != MACHINE_X86_64)
        return "not for x86-64";
    if (header->program_header_size != sizeof(struct nacelle_elf64_program_header))
        return "program headers have the wrong size";
    if (!within(header->program_headers,
                header->program_header_count * sizeof(struct nacelle_elf64_program_header), size))
        return "truncated: program headers lie beyond its end";
    return NULL;
}

static const char *add_segment(struct nacelle_elf *elf,
                               const struct nacelle_elf64_program_header *header, uint64_t size,
                               uint64_t limit)
{
    struct nacelle_elf_segment segment = {.address = header->virtual_address,
                                          .size = header->memory_size,
                                          .offset = header->offset,
                                          .file_size = header->file_size,
                                          .rights = rights_of(header->flags)};
    unsigned at = elf->segment_count;

    if (header->file_size > header->memory_size)
        return "a segment is larger in the file than in memory";
    if (!within(header->offset, header->file_size, size))
        return "truncated: a segment lies beyond its end";
    if (!within(header->virtual_address, header->memory_size, limit) ||
        header->virtual_address < PAGE)
        return "a segment lies outside of the address space";
    if ((segment.rights & NACELLE_RIGHT_WRITE) && (segment.rights & NACELLE_RIGHT_EXECUTE))
        return "a segment is writable and executable";
    if (at == NACELLE_ELF_SEGMENTS_MAX)
        return "too many segments";

    for (; at && elf->segments[at - 1].address > segment.address; at--)
        elf->segments[at] = elf->segments[at - 1];
    elf->segments[at] = segment;
    elf->segment_count++;
    return NULL;
}

static const char *check_layout(struct nacelle_elf *elf)
{
    bool entry_found = false;

    if (!elf->segment_count)
        return "nothing to load";
    for (unsigned i = 0; i < elf->segment_count; i++) {
        const struct nacelle_elf_segment *segment = &elf->segments[i];

        if (i && last_page(segment - 1) >= first_page(segment))
            return "segments overlap or share a page";
        if ((segment->rights & NACELLE_RIGHT_EXECUTE) && elf->entry >= segment->address &&
            elf->entry - segment->address < segment->size)
            entry_found = true;
        elf->pages += last_page(segment) - first_page(segment) + 1;
    }
    return entry_found ? NULL : "the entry point is not in an executable segment";
}

bool nacelle_elf64_is(const void *bytes, uint64_t size)
{
    return size >= sizeof(identification) &&
           memcmp(bytes, identification, sizeof(identification)) == 0;
}

const char *nacelle_elf64_open(const void *bytes, uint64_t size, struct nacelle_elf64_file *file)
{
    struct elf64_header header;
    const char *problem;

    *file = (struct nacelle_elf64_file){0};
    if (!nacelle_elf64_is(bytes, size))
        return "not an ELF64 file";
    if (size < sizeof(header))
        return "truncated: the header lies beyond its end";
    memcpy(&header, bytes, sizeof(header));
    problem = check_header(&header, size);
    if (problem)
        return problem;
    *file = (struct nacelle_elf64_file){.bytes = bytes,
                                        .size = size,
                                        .entry = header.entry,
                                        .program_headers = header.program_headers,
                                        .program_header_count = header.program_header_count};
    return NULL;
}

struct nacelle_elf64_program_header
nacelle_elf64_program_header(const struct nacelle_elf64_file *file, unsigned index)
{
    struct nacelle_elf64_program_header header;

    memcpy(&header, file->bytes + file->program_headers + index * sizeof(header), sizeof(header));
    return header;
}

const char *nacelle_elf64_read(const void *file, uint64_t size, uint64_t limit,
                               struct nacelle_elf *elf)
{
    struct nacelle_elf64_file opened;
    const char *problem = nacelle_elf64_open(file, size, &opened);

    *elf = (struct nacelle_elf){.entry = opened.entry};
    if (problem)
        return problem;
    for (unsigned i = 0; i < opened.program_header_count; i++) {
        struct nacelle_elf64_program_header segment = nacelle_elf64_program_header(&opened, i);

        if (segment.type == SEGMENT_DYNAMIC || segment.type == SEGMENT_INTERPRETER)
            return "dynamically linked";
        if (segment.type != NACELLE_ELF_LOAD || !segment.memory_size)
            continue;
        problem = add_segment(elf, &segment, size, limit);
        if (problem)
            return problem;
    }
    return check_layout(elf);
}
