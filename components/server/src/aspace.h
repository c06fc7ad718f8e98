/* SPDX-License-Identifier: BSD-2-Clause */
/* Address spaces of clients: translation tables made from the pages of the object. Pure. */
#ifndef SERVER_ASPACE_H
#define SERVER_ASPACE_H

#include "space.h"
#include <nacelle/error.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An address-space object: this structure in its first page, the PML4 in the second, the others are
 * free pages for tables, chained through their first word.
 */
struct aspace {
    struct space space;
    uint64_t root; /* physical address of the PML4, as in CR3 */
    uint64_t *pml4;
    void *free;
};

/* What a mapping is like. */
struct mapping {
    uint64_t address;
    uint64_t physical;
    unsigned size;   /* 12, 21 or 30 */
    unsigned rights; /* NACELLE_RIGHT_*; READ, and not both WRITE and EXECUTE */
    bool uncached;
};

/* Makes zeroed memory of 1 << size bytes into an address space with the server's upper half. */
void aspace_init(struct aspace *aspace, unsigned size, const uint64_t *server_pml4);

/*
 * Maps. INVALID_ARGUMENT (rights), UNALIGNED, OUT_OF_RANGE (not in the user half), OVERLAP,
 * NO_TABLE_MEMORY; nothing is changed then.
 */
enum nacelle_error aspace_map(struct aspace *aspace, const struct mapping *mapping);

/* Removes the leaf of this size at address, which was mapped, and gives empty tables back. */
void aspace_unmap(struct aspace *aspace, uint64_t address, unsigned size);

#endif
