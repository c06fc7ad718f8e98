/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor modes in which cases run. */
#ifndef EXITS_MODE_H
#define EXITS_MODE_H

#include <nacelle/vcpu_state.h>
#include <stdbool.h>

enum mode {
    REAL,
    PROT16,
    PROT32,
    PAGED32,
    PAE,
    COMPAT,
    LONG,
    MODES
};

#define ONLY(mode) (1u << (mode))
#define PROTECTED \
    (ONLY(PROT16) | ONLY(PROT32) | ONLY(PAGED32) | ONLY(PAE) | ONLY(COMPAT) | ONLY(LONG))
#define PAGED    (ONLY(PAGED32) | ONLY(PAE) | ONLY(COMPAT) | ONLY(LONG))
#define LEGACY32 (ONLY(PROT32) | ONLY(PAGED32) | ONLY(PAE)) /* 32-bit code, no IA-32e mode */

struct mode_properties {
    const char *name;
    unsigned bits;       /* of the code segment: 16, 32, 64 */
    unsigned frame_word; /* bytes that events push for each value */
    bool paging;
};

extern const struct mode_properties modes[MODES];

/* Selectors, the same in all protected modes. */
enum selector {
    SELECTOR_CODE16 = 0x08,
    SELECTOR_CODE32 = 0x10,
    SELECTOR_CODE64 = 0x18,
    SELECTOR_DS = 0x20,
    SELECTOR_ES = 0x28,
    SELECTOR_SS = 0x30,
    SELECTOR_FS = 0x38,
    SELECTOR_GS = 0x40,
    SELECTOR_TSS = 0x48,       /* busy; two entries in IA-32e mode */
    SELECTOR_OTHER_TSS = 0x58, /* available */
    SELECTOR_BUSY_TSS = 0x60,
    SELECTOR_ABSENT = 0x68, /* data, not present */
    SELECTOR_USER_CODE = 0x70,
    SELECTOR_USER_DATA = 0x78,
    SELECTOR_BEYOND = 0xfff8, /* beyond the limit of the GDT */
};
#define GDT_LIMIT 0x7fu

/* Paged modes map linear addresses to themselves, except for these pages: */
#define LINEAR_TO_HOLE         0x42000u  /* to guest-physical MODE_FAR_HOLE */
#define LINEAR_ABSENT          0x43000u  /* not present */
#define LINEAR_WRITE_PROTECTED 0x44000u  /* to page 0, read-only */
#define LINEAR_RESERVED        0x45000u  /* present, with a reserved bit (not in PAGED32) */
#define LINEAR_NO_TABLE        0x800000u /* its page table is at MODE_TABLE_HOLE, not mapped */
#define MODE_FAR_HOLE          0x70000u
#define MODE_TABLE_HOLE        0x71000u

/* Linear address of a segment's first byte as the processor uses it. */
uint64_t mode_base(enum mode mode, unsigned segment);

/* Fills in all groups but FPU, and the tables in memory, for the case to start at RIG_CODE with the
 * stack at RIG_STACK. */
void mode_set(enum mode mode, struct nacelle_vcpu_state *state);

/* Offset of a linear address in the segment, as an instruction needs it. */
static inline uint64_t mode_offset(enum mode mode, unsigned segment, uint64_t linear)
{
    return linear - mode_base(mode, segment);
}

#endif
