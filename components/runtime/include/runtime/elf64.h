/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF64 files: what to load where. Reads and checks, and loads nothing itself. (System V ABI,
 * chapters 4 and 5; AMD64 supplement.) */
#ifndef RUNTIME_ELF64_H
#define RUNTIME_ELF64_H

#include <stdbool.h>
#include <stdint.h>

#define NACELLE_ELF_LOAD 1 /* types of program headers */
#define NACELLE_ELF_NOTE 4

/* A program header as it is in the file (figure 5-1). */
struct nacelle_elf64_program_header {
    uint32_t type; /* NACELLE_ELF_* */
    uint32_t flags;
    uint64_t offset;
    uint64_t virtual_address;
    uint64_t physical_address;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t alignment;
};

_Static_assert(sizeof(struct nacelle_elf64_program_header) == 56, "System V ABI, figure 5-1");

/* An executable whose header was found to be good. */
struct nacelle_elf64_file {
    const uint8_t *bytes;
    uint64_t size;
    uint64_t entry;
    uint64_t program_headers; /* where they lie in the file, all of them within it */
    unsigned program_header_count;
};

/* Whether these are the first bytes of a 64-bit little-endian ELF file. */
bool nacelle_elf64_is(const void *bytes, uint64_t size);

/* Checks the header of the file at bytes[0...size - 1], which may hold anything: an executable for
 * x86-64. Returns NULL, or what is wrong with it. What program headers name is not checked. */
const char *nacelle_elf64_open(const void *bytes, uint64_t size, struct nacelle_elf64_file *file);

/* Program header number `index`, below program_header_count. */
struct nacelle_elf64_program_header
nacelle_elf64_program_header(const struct nacelle_elf64_file *file, unsigned index);

#define NACELLE_ELF_SEGMENTS_MAX 8

struct nacelle_elf_segment {
    uint64_t address;   /* virtual, as the file says; need not be page aligned */
    uint64_t size;      /* bytes in memory, not 0 */
    uint64_t offset;    /* of its bytes in the file */
    uint64_t file_size; /* bytes in the file; the rest is 0 */
    uint32_t rights;    /* NACELLE_RIGHT_* */
};

struct nacelle_elf {
    uint64_t entry;
    uint64_t pages; /* 4 KiB pages that all segments take */
    unsigned segment_count;
    struct nacelle_elf_segment segments[NACELLE_ELF_SEGMENTS_MAX];
};

/*
 * Reads the program at file[0...size - 1], which may hold anything. Segments come out in ascending
 * order of address, none sharing a page with another, none writable and executable, all below
 * `limit`; the entry point lies in an executable one. Returns NULL, or what is wrong with the file.
 */
const char *nacelle_elf64_read(const void *file, uint64_t size, uint64_t limit,
                               struct nacelle_elf *elf);

#endif
