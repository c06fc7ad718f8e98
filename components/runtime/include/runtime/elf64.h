/* SPDX-License-Identifier: BSD-2-Clause */
/* Static ELF64 programs: what to load where. Reads and checks, and loads nothing itself. */
#ifndef RUNTIME_ELF64_H
#define RUNTIME_ELF64_H

#include <stdint.h>

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
 * (System V ABI, chapters 4 and 5; AMD64 supplement.)
 */
const char *nacelle_elf64_read(const void *file, uint64_t size, uint64_t limit,
                               struct nacelle_elf *elf);

#endif
