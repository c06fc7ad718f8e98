/* SPDX-License-Identifier: BSD-2-Clause */
/* Second-level page tables over a pool of table pages: map, unmap, look up. Pure. */
#ifndef VCPU_SLAT_H
#define VCPU_SLAT_H

#include <nacelle/error.h>
#include <stdbool.h>
#include <stdint.h>

#define SLAT_ENTRIES 512
#define SLAT_LEVELS  4
#define SLAT_RIGHTS  8
#define SLAT_NO_SIZE ~0u
#define SLAT_ROOT    0u /* table 0 is the root, and never free */

/* Further from every address than a table reaches. */
#define SLAT_NO_TABLE (UINT64_C(1) << 63)

/*
 * The bits of an entry, which each vendor's processors have of their own. What they agree on: four
 * levels, addresses in bits 51:12, bit 7 for a leaf above the lowest level, and that bits 11 and
 * 62:52 of an entry that names a table are ignored (SDM vol. 3, 28.2.2; APM vol. 2, 5.3.3).
 */
struct slat_format {
    uint64_t table;      /* of an entry that names a table */
    uint64_t read;       /* of every leaf */
    uint64_t write;      /* of a leaf that can be written */
    uint64_t execute;    /* of a leaf that can be executed */
    uint64_t no_execute; /* of one that cannot */
    uint64_t type_mask;  /* memory type: cached or uncached */
    uint64_t cached;
    uint64_t uncached;
};

/*
 * The leaves of one level, and the table of that level that was used last, which saves most walks:
 * a client maps and unmaps next to where it did before.
 */
struct slat_level {
    uint64_t first;       /* address that the table translates; SLAT_NO_TABLE when there is none */
    uint64_t *table;      /* in use, so that it is not empty */
    uint64_t *above;      /* the entry that names the table */
    uint64_t wrong;       /* bits that no address has, and those that are 0 in a leaf's */
    uint64_t leaf;        /* bits of an entry that is a leaf */
    uint32_t size_bits;   /* of a leaf; SLAT_NO_SIZE when there are none */
    uint32_t number;      /* X86_LEVEL_* */
    uint64_t reserved[2]; /* a power of two finds its place faster */
};

/*
 * The tables of one VM: count pages that lie one after another, the first at the physical address
 * given, so that a table is named by its index. Free tables hold zeroes; those that were in use
 * once are a stack (free_top), the rest (from unused on) were never touched.
 */
struct slat_tables {
    struct slat_format format;
    /* Bits of a leaf that is cached or uncached and has these rights; 0: not possible. */
    uint64_t leaf[2][SLAT_RIGHTS];
    struct slat_level level[SLAT_LEVELS]; /* 1 to 3 */
    uint64_t above_root;                  /* as if an entry named the root */
    uint64_t (*table)[SLAT_ENTRIES];
    uint64_t physical;
    uint64_t beyond; /* bits that no guest-physical or physical address has */
    uint32_t count;
    uint32_t unused;   /* tables from here to count were never used */
    uint32_t free_top; /* index of the first free table, SLAT_ROOT when there is none */
    uint32_t free_count;
};

/* A mapping: what slat_find gives. */
struct slat_mapping {
    uint64_t gpa;
    uint64_t physical;
    unsigned size_bits; /* 12, 21, 30 */
    unsigned rights;    /* NACELLE_RIGHT_READ, WRITE, EXECUTE */
    bool uncached;
};

/* Takes over a pool of zeroed pages; count is at least 1. */
void slat_init(struct slat_tables *slat, const struct slat_format *format,
               uint64_t (*table)[SLAT_ENTRIES], uint64_t physical, uint32_t count,
               unsigned physical_bits, bool large, bool huge);

/*
 * Adds a mapping; size_bits and rights as in struct slat_mapping. INVALID_ARGUMENT (rights),
 * UNSUPPORTED (size), UNALIGNED, OUT_OF_RANGE, OVERLAP, NO_TABLE_MEMORY, looked for in this order;
 * nothing is changed then.
 */
enum nacelle_error slat_map(struct slat_tables *slat, uint64_t gpa, uint64_t physical,
                            unsigned size_bits, unsigned rights, bool uncached);

/* Removes a leaf of just this size and address, and the tables that are empty then. The caller
 * invalidates before any of them can be used again. NOT_MAPPED. */
enum nacelle_error slat_unmap(struct slat_tables *slat, uint64_t gpa, unsigned size_bits);

/* The mapping that covers gpa. false when there is none. */
bool slat_find(struct slat_tables *slat, uint64_t gpa, struct slat_mapping *mapping);

/* Tables that slat_map can still take. */
uint32_t slat_free_tables(const struct slat_tables *slat);

#endif
