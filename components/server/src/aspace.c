/* SPDX-License-Identifier: BSD-2-Clause */
#include "aspace.h"

#include "physical.h"
#include <nacelle/object.h>
#include <x86/paging.h>

/*
 * An entry that points to a table carries the number of entries used in that table in bits that the
 * processor ignores (SDM vol 3 table 4-20: 62-52), so that an empty table is found without a scan.
 */
#define USED_SHIFT  52
#define USED_ONE    (1ull << USED_SHIFT)
#define USED_MASK   (0x3ffull << USED_SHIFT)

#define TABLE_FLAGS (X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_USER)

void aspace_init(struct aspace *aspace, unsigned size, const uint64_t *server_pml4)
{
    char *page = (char *)aspace + X86_PAGE_SIZE;

    aspace->space.kind = SPACE_ADDRESS;
    aspace->pml4 = (uint64_t *)(void *)page;
    aspace->root = physical_of(page);
    for (unsigned i = X86_TABLE_ENTRIES / 2; i < X86_TABLE_ENTRIES; i++) {
        aspace->pml4[i] = server_pml4[i];
    }
    for (uint64_t i = 2; i < 1ull << (size - X86_PAGE_SHIFT); i++) {
        page += X86_PAGE_SIZE;
        *(void **)(void *)page = aspace->free;
        aspace->free = page;
    }
}

static uint64_t *table_of(uint64_t entry)
{
    return memory_at(entry & X86_PTE_ADDRESS_MASK);
}

static unsigned leaf_level(unsigned size)
{
    return (size - X86_PAGE_SHIFT) / 9 + X86_LEVEL_4K;
}

static uint64_t leaf_entry(const struct mapping *mapping)
{
    uint64_t entry = mapping->physical | X86_PTE_PRESENT | X86_PTE_USER;

    if ((mapping->rights & NACELLE_RIGHT_WRITE) != 0) {
        entry |= X86_PTE_WRITE;
    }
    if ((mapping->rights & NACELLE_RIGHT_EXECUTE) == 0) {
        entry |= X86_PTE_NO_EXECUTE;
    }
    if (mapping->uncached) {
        entry |= X86_PTE_PCD | X86_PTE_PWT;
    }
    if (mapping->size != X86_PAGE_SHIFT) {
        entry |= X86_PTE_PAGE;
    }
    return entry;
}

/* Decodes a mapping: how many tables it needs, or why it cannot be made. */
static enum nacelle_error check(const struct aspace *aspace, const struct mapping *mapping)
{
    uint64_t bytes = 1ull << mapping->size;
    unsigned leaf = leaf_level(mapping->size);
    const uint64_t *table = aspace->pml4;
    unsigned level = X86_LEVEL_PML4;
    const void *page = aspace->free;

    if ((mapping->rights & NACELLE_RIGHT_READ) == 0 ||
        ((mapping->rights & NACELLE_RIGHT_WRITE) != 0 &&
         (mapping->rights & NACELLE_RIGHT_EXECUTE) != 0)) {
        return NACELLE_ERROR_INVALID_ARGUMENT;
    }
    if ((mapping->address & (bytes - 1)) != 0) {
        return NACELLE_ERROR_UNALIGNED;
    }
    if (mapping->address >= NACELLE_USER_END || bytes > NACELLE_USER_END - mapping->address) {
        return NACELLE_ERROR_OUT_OF_RANGE;
    }
    for (; level > leaf; level--) {
        uint64_t entry = table[x86_level_index(mapping->address, level)];

        if ((entry & X86_PTE_PRESENT) == 0) {
            break;
        }
        if (x86_pte_is_leaf(entry, level)) {
            return NACELLE_ERROR_OVERLAP;
        }
        table = table_of(entry);
    }
    if (level == leaf && table[x86_level_index(mapping->address, level)] != 0) {
        return NACELLE_ERROR_OVERLAP;
    }
    for (; level > leaf; level--) {
        if (page == NULL) {
            return NACELLE_ERROR_NO_TABLE_MEMORY;
        }
        page = *(void *const *)page;
    }
    return NACELLE_ERROR_OK;
}

enum nacelle_error aspace_map(struct aspace *aspace, const struct mapping *mapping)
{
    enum nacelle_error error = check(aspace, mapping);
    unsigned leaf = leaf_level(mapping->size);
    uint64_t *table = aspace->pml4;
    uint64_t *parent = NULL;

    if (error != NACELLE_ERROR_OK) {
        return error;
    }
    for (unsigned level = X86_LEVEL_PML4;; level--) {
        uint64_t *entry = &table[x86_level_index(mapping->address, level)];

        if (*entry == 0 && parent != NULL) {
            *parent += USED_ONE;
        }
        if (level == leaf) {
            *entry = leaf_entry(mapping);
            return NACELLE_ERROR_OK;
        }
        if (*entry == 0) {
            void **page = aspace->free;

            aspace->free = *page;
            *page = NULL;
            *entry = physical_of(page) | TABLE_FLAGS;
        }
        parent = entry;
        table = table_of(*entry);
    }
}

void aspace_unmap(struct aspace *aspace, uint64_t address, unsigned size)
{
    unsigned leaf = leaf_level(size);
    uint64_t *parents[X86_LEVEL_PML4]; /* entries on the way down that point to tables */
    unsigned depth = 0;
    uint64_t *table = aspace->pml4;

    for (unsigned level = X86_LEVEL_PML4; level > leaf; level--) {
        parents[depth] = &table[x86_level_index(address, level)];
        table = table_of(*parents[depth]);
        depth++;
    }
    table[x86_level_index(address, leaf)] = 0;
    while (depth > 0) {
        uint64_t *parent = parents[--depth];
        void **page = (void **)table_of(*parent);

        *parent -= USED_ONE;
        if ((*parent & USED_MASK) != 0) {
            return;
        }
        *parent = 0;
        *page = aspace->free;
        aspace->free = page;
    }
}
