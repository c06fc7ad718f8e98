/* SPDX-License-Identifier: BSD-2-Clause */
/* Second-level page tables (EPT) over a pool of table pages: map, unmap, look up. Pure. */
#ifndef VCPU_VMX_EPT_H
#define VCPU_VMX_EPT_H

#include <nacelle/error.h>
#include <stdbool.h>
#include <stdint.h>

#define EPT_ENTRIES 512
#define EPT_ROOT    0u /* table 0 is the root, and never free */

/*
 * The tables of one VM: count pages that lie one after another, the first at the physical address
 * given, so that a table is named by its index. Free tables hold zeroes; those that were in use
 * once are a stack (free_top), the rest (from unused on) were never touched.
 */
struct ept_tables {
    uint64_t (*table)[EPT_ENTRIES];
    uint64_t physical;
    uint32_t count;
    uint32_t unused;   /* tables from here to count were never used */
    uint32_t free_top; /* index of the first free table, EPT_ROOT when there is none */
    uint32_t free_count;
    uint8_t physical_bits; /* guest-physical and physical addresses end here */
    bool large;            /* 2 MiB leaves */
    bool huge;             /* 1 GiB leaves */
};

/* A mapping: what ept_map takes and ept_find gives. */
struct ept_mapping {
    uint64_t gpa;
    uint64_t physical;
    unsigned size_bits; /* 12, 21, 30 */
    unsigned rights;    /* NACELLE_RIGHT_READ, WRITE, EXECUTE */
    bool uncached;
};

/* Takes over a pool of zeroed pages; count is at least 1. */
void ept_init(struct ept_tables *ept, uint64_t (*table)[EPT_ENTRIES], uint64_t physical,
              uint32_t count, unsigned physical_bits, bool large, bool huge);

/*
 * INVALID_ARGUMENT (rights), UNSUPPORTED (size), UNALIGNED, OUT_OF_RANGE, OVERLAP, NO_TABLE_MEMORY;
 * nothing is changed then.
 */
enum nacelle_error ept_map(struct ept_tables *ept, const struct ept_mapping *mapping);

/* Removes a leaf of just this size and address, and the tables that are empty then. The caller
 * invalidates before any of them can be used again. NOT_MAPPED. */
enum nacelle_error ept_unmap(struct ept_tables *ept, uint64_t gpa, unsigned size_bits);

/* The mapping that covers gpa. false when there is none. */
bool ept_find(const struct ept_tables *ept, uint64_t gpa, struct ept_mapping *mapping);

/* Tables that ept_map can still take. */
uint32_t ept_free_tables(const struct ept_tables *ept);

#endif
