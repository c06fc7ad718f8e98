/* SPDX-License-Identifier: BSD-2-Clause */
/* Static ELF64 programs for x86-64: decoding and checking. Pure. */
#ifndef SERVER_ELF_H
#define SERVER_ELF_H

#include <stdint.h>

#define ELF_SEGMENTS_MAX 8

struct elf_segment {
    uint64_t address; /* in the program's address space */
    uint64_t memory_size;
    uint64_t offset; /* in the file */
    uint64_t file_size;
    unsigned rights; /* NACELLE_RIGHT_* */
};

struct elf_program {
    uint64_t entry;
    unsigned segment_count;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/*
 * Decodes size bytes of file: every offset lies in the file, every address in the user half, no
 * segment is both writable and executable, the entry is in an executable one. Returns 0, or a text
 * that says what is wrong. System V ABI, chapters 4 and 5.
 */
const char *elf_decode(const char *file, uint64_t size, struct elf_program *program);

#endif
