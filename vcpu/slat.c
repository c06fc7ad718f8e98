/* SPDX-License-Identifier: BSD-2-Clause */
/* Second-level page tables: Intel SDM vol. 3, 28.2.2; AMD APM vol. 2, 15.25.5. */

#include "slat.h"

#include <nacelle/object.h>
#include <x86/paging.h>

#define RIGHTS_MAPPABLE (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE | NACELLE_RIGHT_EXECUTE)

/* What the formats agree on. */
#define ENTRY_ADDRESS X86_PTE_ADDRESS_MASK
#define ENTRY_LEAF    X86_PTE_PAGE

static bool entry_present(const struct slat_tables *slat, uint64_t entry)
{
    return (entry & slat->format.present) != 0;
}

static bool entry_is_leaf(uint64_t entry, unsigned level)
{
    return level == X86_LEVEL_4K || (level <= X86_LEVEL_1G && (entry & ENTRY_LEAF) != 0);
}

static uint64_t entry_of_leaf(const struct slat_format *format, const struct slat_mapping *mapping)
{
    uint64_t entry = mapping->physical | format->read;

    if ((mapping->rights & NACELLE_RIGHT_WRITE) != 0)
        entry |= format->write;
    entry |= (mapping->rights & NACELLE_RIGHT_EXECUTE) != 0 ? format->execute : format->no_execute;
    entry |= mapping->uncached ? format->uncached : format->cached;
    return mapping->size_bits > X86_PAGE_SHIFT ? entry | ENTRY_LEAF : entry;
}

static unsigned rights_of_leaf(const struct slat_format *format, uint64_t entry)
{
    unsigned rights = NACELLE_RIGHT_READ;

    if ((entry & format->write) != 0)
        rights |= NACELLE_RIGHT_WRITE;
    if ((entry & format->execute) == format->execute && (entry & format->no_execute) == 0)
        rights |= NACELLE_RIGHT_EXECUTE;
    return rights;
}

void slat_init(struct slat_tables *slat, const struct slat_format *format,
               uint64_t (*table)[SLAT_ENTRIES], uint64_t physical, uint32_t count,
               unsigned physical_bits, bool large, bool huge)
{
    slat->format = *format;
    slat->table = table;
    slat->physical = physical;
    slat->count = count;
    slat->unused = SLAT_ROOT + 1;
    slat->free_top = SLAT_ROOT;
    slat->free_count = 0;
    /* A walk of four levels translates 48 bits, whatever the processor has. */
    slat->physical_bits = (uint8_t)(physical_bits > 48 ? 48 : physical_bits);
    slat->large = large;
    slat->huge = huge;
}

uint32_t slat_free_tables(const struct slat_tables *slat)
{
    return slat->free_count + (slat->count - slat->unused);
}

/* Index of the table that a present entry names. */
static uint32_t table_of(const struct slat_tables *slat, uint64_t entry)
{
    return (uint32_t)(((entry & ENTRY_ADDRESS) - slat->physical) >> X86_PAGE_SHIFT);
}

/* Takes a zeroed table out of the pool; the caller has checked that there is one. */
static uint32_t table_take(struct slat_tables *slat)
{
    uint32_t taken = slat->free_top;

    if (taken == SLAT_ROOT)
        return slat->unused++;
    slat->free_top = (uint32_t)slat->table[taken][0];
    slat->table[taken][0] = 0;
    slat->free_count--;
    return taken;
}

/* Gives a table back, all of whose entries are 0. */
static void table_give(struct slat_tables *slat, uint32_t index)
{
    slat->table[index][0] = slat->free_top;
    slat->free_top = index;
    slat->free_count++;
}

static bool table_empty(const struct slat_tables *slat, uint32_t index)
{
    for (unsigned i = 0; i < SLAT_ENTRIES; i++) {
        if (slat->table[index][i] != 0)
            return false;
    }
    return true;
}

/* The level of leaves of a size; 0 when no processor or not this one has it. */
static unsigned leaf_level(const struct slat_tables *slat, unsigned size_bits)
{
    switch (size_bits) {
    case 12:
        return X86_LEVEL_4K;
    case 21:
        return slat->large ? X86_LEVEL_2M : 0;
    case 30:
        return slat->huge ? X86_LEVEL_1G : 0;
    default:
        return 0;
    }
}

/* Does [address, address + size) end beyond the address width? address is aligned to size. */
static bool out_of_range(const struct slat_tables *slat, uint64_t address)
{
    return address >> slat->physical_bits != 0;
}

/*
 * Walks down to the level of a leaf as far as there are tables. *index becomes the last table,
 * the level it is at is returned, never below leaf. A leaf on the way ends the walk.
 */
static unsigned walk(const struct slat_tables *slat, uint64_t gpa, unsigned leaf, uint32_t *index)
{
    unsigned level = SLAT_LEVELS;

    *index = SLAT_ROOT;
    while (level > leaf) {
        uint64_t entry = slat->table[*index][x86_level_index(gpa, level)];

        if (!entry_present(slat, entry) || entry_is_leaf(entry, level))
            break;
        *index = table_of(slat, entry);
        level--;
    }
    return level;
}

static enum nacelle_error check_mapping(const struct slat_tables *slat,
                                        const struct slat_mapping *mapping)
{
    uint64_t inside;

    if (leaf_level(slat, mapping->size_bits) == 0)
        return NACELLE_ERROR_UNSUPPORTED;
    if ((mapping->rights & ~RIGHTS_MAPPABLE) != 0 || (mapping->rights & NACELLE_RIGHT_READ) == 0)
        return NACELLE_ERROR_INVALID_ARGUMENT;
    inside = (UINT64_C(1) << mapping->size_bits) - 1;
    if (((mapping->gpa | mapping->physical) & inside) != 0)
        return NACELLE_ERROR_UNALIGNED;
    if (out_of_range(slat, mapping->gpa) || out_of_range(slat, mapping->physical))
        return NACELLE_ERROR_OUT_OF_RANGE;
    return NACELLE_ERROR_OK;
}

enum nacelle_error slat_map(struct slat_tables *slat, const struct slat_mapping *mapping)
{
    enum nacelle_error error = check_mapping(slat, mapping);
    unsigned leaf;
    unsigned level;
    uint32_t index;

    if (error != NACELLE_ERROR_OK)
        return error;
    leaf = leaf_level(slat, mapping->size_bits);
    level = walk(slat, mapping->gpa, leaf, &index);
    /* A leaf in the way, or at the leaf's level a leaf or a table with others in it. */
    if (slat->table[index][x86_level_index(mapping->gpa, level)] != 0)
        return NACELLE_ERROR_OVERLAP;
    if (level - leaf > slat_free_tables(slat))
        return NACELLE_ERROR_NO_TABLE_MEMORY;

    for (; level > leaf; level--) {
        uint32_t below = table_take(slat);

        slat->table[index][x86_level_index(mapping->gpa, level)] =
            (slat->physical + ((uint64_t)below << X86_PAGE_SHIFT)) | slat->format.table;
        index = below;
    }
    slat->table[index][x86_level_index(mapping->gpa, leaf)] = entry_of_leaf(&slat->format, mapping);
    return NACELLE_ERROR_OK;
}

enum nacelle_error slat_unmap(struct slat_tables *slat, uint64_t gpa, unsigned size_bits)
{
    unsigned leaf = leaf_level(slat, size_bits);
    uint32_t path[SLAT_LEVELS + 1] = {0}; /* table at each level */
    uint32_t index = SLAT_ROOT;
    uint64_t entry;

    if (leaf == 0 || (gpa & ((UINT64_C(1) << size_bits) - 1)) != 0 || out_of_range(slat, gpa))
        return NACELLE_ERROR_NOT_MAPPED;
    for (unsigned level = SLAT_LEVELS; level > leaf; level--) {
        entry = slat->table[index][x86_level_index(gpa, level)];
        path[level] = index;
        if (!entry_present(slat, entry) || entry_is_leaf(entry, level))
            return NACELLE_ERROR_NOT_MAPPED;
        index = table_of(slat, entry);
    }
    entry = slat->table[index][x86_level_index(gpa, leaf)];
    if (!entry_present(slat, entry) || !entry_is_leaf(entry, leaf))
        return NACELLE_ERROR_NOT_MAPPED;

    slat->table[index][x86_level_index(gpa, leaf)] = 0;
    for (unsigned level = leaf; level < SLAT_LEVELS && table_empty(slat, index); level++) {
        uint32_t parent = path[level + 1];

        slat->table[parent][x86_level_index(gpa, level + 1)] = 0;
        table_give(slat, index);
        index = parent;
    }
    return NACELLE_ERROR_OK;
}

bool slat_find(const struct slat_tables *slat, uint64_t gpa, struct slat_mapping *mapping)
{
    uint32_t index;
    unsigned level;
    uint64_t entry;

    if (out_of_range(slat, gpa))
        return false;
    level = walk(slat, gpa, X86_LEVEL_4K, &index);
    entry = slat->table[index][x86_level_index(gpa, level)];
    if (!entry_present(slat, entry))
        return false;
    mapping->size_bits = x86_level_shift(level);
    mapping->gpa = gpa & ~((UINT64_C(1) << mapping->size_bits) - 1);
    mapping->physical = entry & ENTRY_ADDRESS & ~((UINT64_C(1) << mapping->size_bits) - 1);
    mapping->rights = rights_of_leaf(&slat->format, entry);
    mapping->uncached = (entry & slat->format.type_mask) == slat->format.uncached;
    return true;
}
