/* SPDX-License-Identifier: BSD-2-Clause */
/* Second-level page tables: Intel SDM vol. 3, 28.2.2; AMD APM vol. 2, 15.25.5. */

#include "slat.h"

#include <stddef.h>

#include <nacelle/object.h>
#include <x86/paging.h>

#define RIGHTS_MAPPABLE (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE | NACELLE_RIGHT_EXECUTE)

/* What the formats agree on. */
#define ENTRY_ADDRESS X86_PTE_ADDRESS_MASK
#define ENTRY_LEAF    X86_PTE_PAGE

/*
 * In bits that the processor ignores, an entry that names a table says so, and how many entries of
 * that table are in use: 1 to 512, in bits 61:52. So nobody has to look whether a table is empty.
 */
#define ENTRY_TABLE (UINT64_C(1) << 11)
#define ENTRY_USE   (UINT64_C(1) << 52)

_Static_assert(RIGHTS_MAPPABLE + 1 == SLAT_RIGHTS, "all combinations are indices");

static bool names_table(uint64_t entry)
{
    return (entry & ENTRY_TABLE) != 0;
}

/* Bits of a leaf beside address and size; 0 when there is none with these rights, 0 to 7. */
static uint64_t bits_of_leaf(const struct slat_format *format, unsigned rights, bool uncached)
{
    uint64_t entry = format->read | (uncached ? format->uncached : format->cached);

    if ((rights & NACELLE_RIGHT_READ) == 0)
        return 0;
    if ((rights & NACELLE_RIGHT_WRITE) != 0)
        entry |= format->write;
    return entry | ((rights & NACELLE_RIGHT_EXECUTE) != 0 ? format->execute : format->no_execute);
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

static void init_level(struct slat_tables *slat, unsigned level, bool supported)
{
    slat->level[level] = (struct slat_level){
        .first = SLAT_NO_TABLE,
        .wrong = slat->beyond | (x86_level_size(level) - 1),
        .leaf = level == X86_LEVEL_4K ? 0 : ENTRY_LEAF,
        .size_bits = supported ? x86_level_shift(level) : SLAT_NO_SIZE,
        .number = level,
    };
}

void slat_init(struct slat_tables *slat, const struct slat_format *format,
               uint64_t (*table)[SLAT_ENTRIES], uint64_t physical, uint32_t count,
               unsigned physical_bits, bool large, bool huge)
{
    slat->format = *format;
    slat->above_root = 0;
    slat->table = table;
    slat->physical = physical;
    /* A walk of four levels translates 48 bits, whatever the processor has. */
    slat->beyond = ~UINT64_C(0) << (physical_bits > 48 ? 48 : physical_bits);
    slat->count = count;
    slat->unused = SLAT_ROOT + 1;
    slat->free_top = SLAT_ROOT;
    slat->free_count = 0;
    for (unsigned rights = 0; rights < SLAT_RIGHTS; rights++) {
        slat->leaf[false][rights] = bits_of_leaf(format, rights, false);
        slat->leaf[true][rights] = bits_of_leaf(format, rights, true);
    }
    slat->level[0].size_bits = SLAT_NO_SIZE;
    init_level(slat, X86_LEVEL_4K, true);
    init_level(slat, X86_LEVEL_2M, large);
    init_level(slat, X86_LEVEL_1G, huge);
}

uint32_t slat_free_tables(const struct slat_tables *slat)
{
    return slat->free_count + (slat->count - slat->unused);
}

/* Index of the table that an entry names. */
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

/* Leaves of a size, 0 to 63; NULL when no processor or not this one has them. */
static inline struct slat_level *leaves_of_size(struct slat_tables *slat, unsigned size_bits)
{
    unsigned number = size_bits / 8; /* 12, 21, 30: 1, 2, 3 */
    struct slat_level *level = &slat->level[number % SLAT_LEVELS];

    return level->size_bits == size_bits ? level : NULL;
}

/* The index of the entry for gpa, 0 to 2^48 - 1, in the table that is remembered; SLAT_ENTRIES and
 * more when it is in another one. */
static inline uint64_t index_here(const struct slat_level *level, uint64_t gpa)
{
    return (gpa - level->first) >> level->size_bits;
}

/* One more entry of a table is in use, or one less: above names the table. */
static inline void use_more(uint64_t *above)
{
    *above += ENTRY_USE;
}

static inline void use_less(uint64_t *above)
{
    *above -= ENTRY_USE;
}

/* Where a walk has come to. */
struct place {
    unsigned level;  /* 1 to 4 */
    uint64_t *table; /* of this level */
    uint64_t *above; /* the entry that names the table */
    uint64_t *entry; /* in the table */
};

/* Walks down to a level, 1 to 4, or as far as there are tables. */
static struct place walk(struct slat_tables *slat, uint64_t gpa, unsigned level)
{
    struct place place = {
        .level = SLAT_LEVELS,
        .table = slat->table[SLAT_ROOT],
        .above = &slat->above_root,
        .entry = &slat->table[SLAT_ROOT][x86_level_index(gpa, SLAT_LEVELS)],
    };

    while (place.level > level && names_table(*place.entry)) {
        place.level--;
        place.above = place.entry;
        place.table = slat->table[table_of(slat, *place.above)];
        place.entry = &place.table[x86_level_index(gpa, place.level)];
    }
    return place;
}

static void remember(struct slat_level *level, uint64_t gpa, const struct place *place)
{
    level->first = gpa & ~(x86_level_size(level->number) * SLAT_ENTRIES - 1);
    level->table = place->table;
    level->above = place->above;
}

/* slat_map when the table that is remembered is another one: entry is the leaf. */
static __attribute__((noinline)) enum nacelle_error
map_elsewhere(struct slat_tables *slat, struct slat_level *leaf, uint64_t gpa, uint64_t entry)
{
    struct place place = walk(slat, gpa, leaf->number);

    /* A leaf in the way, or at the leaf's level a leaf or a table with others in it. */
    if (*place.entry != 0)
        return NACELLE_ERROR_OVERLAP;
    if (place.level - leaf->number > slat_free_tables(slat))
        return NACELLE_ERROR_NO_TABLE_MEMORY;

    while (place.level > leaf->number) {
        uint32_t below = table_take(slat);

        *place.entry = (slat->physical + ((uint64_t)below << X86_PAGE_SHIFT)) | slat->format.table |
                       ENTRY_TABLE;
        use_more(place.above);
        place = walk(slat, gpa, place.level - 1);
    }
    *place.entry = entry;
    use_more(place.above);
    remember(leaf, gpa, &place);
    return NACELLE_ERROR_OK;
}

enum nacelle_error slat_map(struct slat_tables *slat, uint64_t gpa, uint64_t physical,
                            unsigned size_bits, unsigned rights, bool uncached)
{
    uint64_t entry = rights < SLAT_RIGHTS ? slat->leaf[uncached][rights] : 0;
    struct slat_level *leaf = leaves_of_size(slat, size_bits);
    uint64_t index;

    if (entry == 0)
        return NACELLE_ERROR_INVALID_ARGUMENT;
    if (leaf == NULL)
        return NACELLE_ERROR_UNSUPPORTED;
    if (((gpa | physical) & leaf->wrong) != 0)
        return ((gpa | physical) & leaf->wrong & ~slat->beyond) != 0 ? NACELLE_ERROR_UNALIGNED
                                                                     : NACELLE_ERROR_OUT_OF_RANGE;
    entry |= physical | leaf->leaf;
    index = index_here(leaf, gpa);
    if (index >= SLAT_ENTRIES)
        return map_elsewhere(slat, leaf, gpa, entry);
    if (leaf->table[index] != 0)
        return NACELLE_ERROR_OVERLAP;
    leaf->table[index] = entry;
    use_more(leaf->above);
    return NACELLE_ERROR_OK;
}

/* Gives the table back that translates gpa at this level, 1 to 3, and is empty; then those above
 * it, as far as they are. */
static __attribute__((noinline)) void remove_empty(struct slat_tables *slat, uint64_t gpa,
                                                   unsigned level)
{
    struct place place = walk(slat, gpa, level);

    while (place.level < SLAT_LEVELS && *place.above < ENTRY_USE) {
        struct slat_level *leaf = &slat->level[place.level];

        if (leaf->table == place.table)
            leaf->first = SLAT_NO_TABLE;
        table_give(slat, table_of(slat, *place.above));
        *place.above = 0;
        place = walk(slat, gpa, place.level + 1);
        use_less(place.above);
    }
}

/* slat_unmap when the table that is remembered is that of gpa. */
static inline enum nacelle_error unmap_here(struct slat_tables *slat, struct slat_level *leaf,
                                            uint64_t gpa, uint64_t index)
{
    uint64_t *entry = &leaf->table[index];

    if (*entry == 0 || names_table(*entry))
        return NACELLE_ERROR_NOT_MAPPED;
    *entry = 0;
    use_less(leaf->above);
    if (*leaf->above < ENTRY_USE)
        remove_empty(slat, gpa, leaf->number);
    return NACELLE_ERROR_OK;
}

static __attribute__((noinline)) enum nacelle_error
unmap_elsewhere(struct slat_tables *slat, struct slat_level *leaf, uint64_t gpa)
{
    struct place place = walk(slat, gpa, leaf->number);

    if (place.level != leaf->number)
        return NACELLE_ERROR_NOT_MAPPED;
    remember(leaf, gpa, &place);
    return unmap_here(slat, leaf, gpa, index_here(leaf, gpa));
}

enum nacelle_error slat_unmap(struct slat_tables *slat, uint64_t gpa, unsigned size_bits)
{
    struct slat_level *leaf = leaves_of_size(slat, size_bits);
    uint64_t index;

    if (leaf == NULL || (gpa & leaf->wrong) != 0)
        return NACELLE_ERROR_NOT_MAPPED;
    index = index_here(leaf, gpa);
    if (index >= SLAT_ENTRIES)
        return unmap_elsewhere(slat, leaf, gpa);
    return unmap_here(slat, leaf, gpa, index);
}

bool slat_find(struct slat_tables *slat, uint64_t gpa, struct slat_mapping *mapping)
{
    struct place place;
    uint64_t inside;
    uint64_t entry;

    if ((gpa & slat->beyond) != 0)
        return false;
    place = walk(slat, gpa, X86_LEVEL_4K);
    entry = *place.entry;
    if (entry == 0)
        return false;
    inside = x86_level_size(place.level) - 1;
    mapping->size_bits = x86_level_shift(place.level);
    mapping->gpa = gpa & ~inside;
    mapping->physical = entry & ENTRY_ADDRESS & ~inside;
    mapping->rights = rights_of_leaf(&slat->format, entry);
    mapping->uncached = (entry & slat->format.type_mask) == slat->format.uncached;
    return true;
}
