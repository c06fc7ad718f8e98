/* SPDX-License-Identifier: BSD-2-Clause */
/* Second-level page tables (EPT): Intel SDM vol. 3, 28.2.2. */

#include "ept.h"

#include <nacelle/object.h>
#include <x86/ept.h>
#include <x86/paging.h>

#define RIGHTS_MAPPABLE (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE | NACELLE_RIGHT_EXECUTE)

/* The rights of the interface have the bits of an entry. */
_Static_assert(NACELLE_RIGHT_READ == EPT_READ && NACELLE_RIGHT_WRITE == EPT_WRITE &&
                   NACELLE_RIGHT_EXECUTE == EPT_EXECUTE,
               "rights are copied");

void ept_init(struct ept_tables *ept, uint64_t (*table)[EPT_ENTRIES], uint64_t physical,
              uint32_t count, unsigned physical_bits, bool large, bool huge)
{
    ept->table = table;
    ept->physical = physical;
    ept->count = count;
    ept->unused = EPT_ROOT + 1;
    ept->free_top = EPT_ROOT;
    ept->free_count = 0;
    /* A walk of four levels translates 48 bits, whatever the processor has. */
    ept->physical_bits = (uint8_t)(physical_bits > 48 ? 48 : physical_bits);
    ept->large = large;
    ept->huge = huge;
}

uint32_t ept_free_tables(const struct ept_tables *ept)
{
    return ept->free_count + (ept->count - ept->unused);
}

/* Index of the table that a present entry names. */
static uint32_t table_of(const struct ept_tables *ept, uint64_t entry)
{
    return (uint32_t)(((entry & EPT_ADDRESS_MASK) - ept->physical) >> X86_PAGE_SHIFT);
}

/* Takes a zeroed table out of the pool; the caller has checked that there is one. */
static uint32_t table_take(struct ept_tables *ept)
{
    uint32_t taken = ept->free_top;

    if (taken == EPT_ROOT)
        return ept->unused++;
    ept->free_top = (uint32_t)ept->table[taken][0];
    ept->table[taken][0] = 0;
    ept->free_count--;
    return taken;
}

/* Gives a table back, all of whose entries are 0. */
static void table_give(struct ept_tables *ept, uint32_t index)
{
    ept->table[index][0] = ept->free_top;
    ept->free_top = index;
    ept->free_count++;
}

static bool table_empty(const struct ept_tables *ept, uint32_t index)
{
    for (unsigned i = 0; i < EPT_ENTRIES; i++) {
        if (ept->table[index][i] != 0)
            return false;
    }
    return true;
}

/* The level of leaves of a size; 0 when no processor or not this one has it. */
static unsigned leaf_level(const struct ept_tables *ept, unsigned size_bits)
{
    switch (size_bits) {
    case 12:
        return X86_LEVEL_4K;
    case 21:
        return ept->large ? X86_LEVEL_2M : 0;
    case 30:
        return ept->huge ? X86_LEVEL_1G : 0;
    default:
        return 0;
    }
}

/* Does [address, address + size) end beyond the address width? address is aligned to size. */
static bool out_of_range(const struct ept_tables *ept, uint64_t address)
{
    return address >> ept->physical_bits != 0;
}

/*
 * Walks down to the level of a leaf as far as there are tables. *index becomes the last table,
 * the level it is at is returned, never below leaf. A leaf on the way ends the walk.
 */
static unsigned walk(const struct ept_tables *ept, uint64_t gpa, unsigned leaf, uint32_t *index)
{
    unsigned level = EPT_LEVELS_4;

    *index = EPT_ROOT;
    while (level > leaf) {
        uint64_t entry = ept->table[*index][x86_level_index(gpa, level)];

        if (!ept_present(entry) || ept_is_leaf(entry, level))
            break;
        *index = table_of(ept, entry);
        level--;
    }
    return level;
}

static enum nacelle_error check_mapping(const struct ept_tables *ept,
                                        const struct ept_mapping *mapping)
{
    uint64_t inside;

    if (leaf_level(ept, mapping->size_bits) == 0)
        return NACELLE_ERROR_UNSUPPORTED;
    if ((mapping->rights & ~RIGHTS_MAPPABLE) != 0 || (mapping->rights & NACELLE_RIGHT_READ) == 0)
        return NACELLE_ERROR_INVALID_ARGUMENT;
    inside = (UINT64_C(1) << mapping->size_bits) - 1;
    if (((mapping->gpa | mapping->physical) & inside) != 0)
        return NACELLE_ERROR_UNALIGNED;
    if (out_of_range(ept, mapping->gpa) || out_of_range(ept, mapping->physical))
        return NACELLE_ERROR_OUT_OF_RANGE;
    return NACELLE_ERROR_OK;
}

enum nacelle_error ept_map(struct ept_tables *ept, const struct ept_mapping *mapping)
{
    enum nacelle_error error = check_mapping(ept, mapping);
    unsigned leaf;
    unsigned level;
    uint32_t index;
    uint64_t entry = 0;

    if (error != NACELLE_ERROR_OK)
        return error;
    leaf = leaf_level(ept, mapping->size_bits);
    level = walk(ept, mapping->gpa, leaf, &index);
    /* A leaf in the way, or at the leaf's level a leaf or a table with others in it. */
    if (ept->table[index][x86_level_index(mapping->gpa, level)] != 0)
        return NACELLE_ERROR_OVERLAP;
    if (level - leaf > ept_free_tables(ept))
        return NACELLE_ERROR_NO_TABLE_MEMORY;
    if (!ept_leaf(mapping->physical, leaf, mapping->rights,
                  mapping->uncached ? X86_MEMORY_UC : X86_MEMORY_WB, false, &entry))
        return NACELLE_ERROR_INVALID_ARGUMENT;

    for (; level > leaf; level--) {
        uint32_t below = table_take(ept);

        ept->table[index][x86_level_index(mapping->gpa, level)] =
            ept_table(ept->physical + ((uint64_t)below << X86_PAGE_SHIFT));
        index = below;
    }
    ept->table[index][x86_level_index(mapping->gpa, leaf)] = entry;
    return NACELLE_ERROR_OK;
}

enum nacelle_error ept_unmap(struct ept_tables *ept, uint64_t gpa, unsigned size_bits)
{
    unsigned leaf = leaf_level(ept, size_bits);
    uint32_t path[EPT_LEVELS_4 + 1] = {0}; /* table at each level */
    uint32_t index = EPT_ROOT;

    if (leaf == 0 || (gpa & ((UINT64_C(1) << size_bits) - 1)) != 0 || out_of_range(ept, gpa))
        return NACELLE_ERROR_NOT_MAPPED;
    for (unsigned level = EPT_LEVELS_4; level > leaf; level--) {
        uint64_t entry = ept->table[index][x86_level_index(gpa, level)];

        path[level] = index;
        if (!ept_present(entry) || ept_is_leaf(entry, level))
            return NACELLE_ERROR_NOT_MAPPED;
        index = table_of(ept, entry);
    }
    if (!ept_is_leaf(ept->table[index][x86_level_index(gpa, leaf)], leaf) ||
        !ept_present(ept->table[index][x86_level_index(gpa, leaf)]))
        return NACELLE_ERROR_NOT_MAPPED;

    ept->table[index][x86_level_index(gpa, leaf)] = 0;
    for (unsigned level = leaf; level < EPT_LEVELS_4 && table_empty(ept, index); level++) {
        uint32_t parent = path[level + 1];

        ept->table[parent][x86_level_index(gpa, level + 1)] = 0;
        table_give(ept, index);
        index = parent;
    }
    return NACELLE_ERROR_OK;
}

bool ept_find(const struct ept_tables *ept, uint64_t gpa, struct ept_mapping *mapping)
{
    uint32_t index;
    unsigned level;
    uint64_t entry;

    if (out_of_range(ept, gpa))
        return false;
    level = walk(ept, gpa, X86_LEVEL_4K, &index);
    entry = ept->table[index][x86_level_index(gpa, level)];
    if (!ept_present(entry))
        return false;
    mapping->size_bits = x86_level_shift(level);
    mapping->gpa = gpa & ~((UINT64_C(1) << mapping->size_bits) - 1);
    mapping->physical = ept_address(entry, level);
    mapping->rights = (unsigned)(entry & EPT_RWX);
    mapping->uncached = ept_memory_type(entry) == X86_MEMORY_UC;
    return true;
}
