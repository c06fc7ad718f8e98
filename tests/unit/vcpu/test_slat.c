/* SPDX-License-Identifier: BSD-2-Clause */

#include "test.h"

#include <string.h>

#include <nacelle/object.h>
#include <x86/ept.h>

#include "slat.h"
#include "vmx/ept.h"

#define TABLES   16
#define PHYSICAL UINT64_C(0x200000)
#define RWX      (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE | NACELLE_RIGHT_EXECUTE)
#define BITS     40
#define ONE_USED (UINT64_C(1) << 52 | 1 << 11)

static uint64_t pool[TABLES][SLAT_ENTRIES];
static struct slat_tables slat;

static int setup(void **state)
{
    (void)state;
    memset(pool, 0, sizeof(pool));
    slat_init(&slat, &vmx_slat_format, pool, PHYSICAL, TABLES, BITS, true, true);
    return 0;
}

static enum nacelle_error map(uint64_t gpa, uint64_t physical, unsigned bits)
{
    return slat_map(&slat, gpa, physical, bits, RWX, false);
}

static void one_page(void **state)
{
    struct slat_mapping found;

    (void)state;
    assert_int_equal(map(0x1000, 0x5000, 12), NACELLE_ERROR_OK);
    /* PML4, PDPT, PD with all rights, WB leaf: 28.2.2. Of what is ignored there: one is used. */
    assert_int_equal(pool[0][0], ONE_USED + PHYSICAL + 0x1000 + 7);
    assert_int_equal(pool[1][0], ONE_USED + PHYSICAL + 0x2000 + 7);
    assert_int_equal(pool[2][0], ONE_USED + PHYSICAL + 0x3000 + 7);
    assert_int_equal(pool[3][1], 0x5000 | 6 << 3 | 7);
    assert_true(slat_find(&slat, 0x1fff, &found));
    assert_int_equal(found.gpa, 0x1000);
    assert_int_equal(found.physical, 0x5000);
    assert_int_equal(found.size_bits, 12);
    assert_int_equal(found.rights, RWX);
    assert_false(found.uncached);
    assert_false(slat_find(&slat, 0x2000, &found));
    assert_int_equal(slat_free_tables(&slat), TABLES - 4);
    assert_int_equal(slat_unmap(&slat, 0x1000, 12), NACELLE_ERROR_OK);
    assert_int_equal(slat_free_tables(&slat), TABLES - 1);
    assert_int_equal(pool[0][0], 0);
}

static void leaves(void **state)
{
    (void)state;
    assert_int_equal(map(0x200000, 0x600000, 21), NACELLE_ERROR_OK);
    assert_int_equal(pool[2][1], 0x600000 | 1 << 7 | 6 << 3 | 7);
    assert_int_equal(slat_map(&slat, 0x40000000, 0x80000000, 30, NACELLE_RIGHT_READ, true),
                     NACELLE_ERROR_OK);
    assert_int_equal(pool[1][1], UINT64_C(0x80000000) | 1 << 7 | 1);
}

static void refusals(void **state)
{
    const struct {
        struct slat_mapping mapping;
        enum nacelle_error error;
    } cases[] = {
        {{0x800, 1, 13, 8, false}, NACELLE_ERROR_INVALID_ARGUMENT}, /* first of all */
        {{0x800, 1, 13, RWX, false}, NACELLE_ERROR_UNSUPPORTED},
        {{0, 0, 8, RWX, false}, NACELLE_ERROR_UNSUPPORTED},
        {{0, 0, 62, RWX, false}, NACELLE_ERROR_UNSUPPORTED},
        {{0, 0, 39, RWX, false}, NACELLE_ERROR_UNSUPPORTED},
        {{0, 0, 0, RWX, false}, NACELLE_ERROR_UNSUPPORTED},
        {{0, 0, 12, 0, false}, NACELLE_ERROR_INVALID_ARGUMENT},
        {{0, 0, 12, NACELLE_RIGHT_WRITE, false}, NACELLE_ERROR_INVALID_ARGUMENT},
        {{0, 0, 12, NACELLE_RIGHT_EXECUTE, false}, NACELLE_ERROR_INVALID_ARGUMENT},
        {{0, 0, 12, 15, false}, NACELLE_ERROR_INVALID_ARGUMENT},
        {{0x800, 0, 12, RWX, false}, NACELLE_ERROR_UNALIGNED},
        {{0, 0x1000, 21, RWX, false}, NACELLE_ERROR_UNALIGNED},
        {{0x200000, 0, 30, RWX, false}, NACELLE_ERROR_UNALIGNED},
        {{UINT64_C(1) << BITS, 0x800, 12, RWX, false}, NACELLE_ERROR_UNALIGNED},
        {{UINT64_C(1) << BITS, 0, 12, RWX, false}, NACELLE_ERROR_OUT_OF_RANGE},
        {{0, UINT64_C(1) << BITS, 12, RWX, false}, NACELLE_ERROR_OUT_OF_RANGE},
        {{~UINT64_C(0xfff), 0, 12, RWX, false}, NACELLE_ERROR_OUT_OF_RANGE},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(cases); i++) {
        const struct slat_mapping *mapping = &cases[i].mapping;

        assert_int_equal(slat_map(&slat, mapping->gpa, mapping->physical, mapping->size_bits,
                                  mapping->rights, mapping->uncached),
                         cases[i].error);
        assert_int_equal(slat_free_tables(&slat), TABLES - 1);
    }
    /* The last page of the address width is there. */
    assert_int_equal(map((UINT64_C(1) << BITS) - 0x1000, 0, 12), NACELLE_ERROR_OK);
}

static void width_is_at_most_48(void **state)
{
    (void)state;
    slat_init(&slat, &vmx_slat_format, pool, PHYSICAL, TABLES, 52, true, true);
    assert_int_equal(map(UINT64_C(1) << 48, 0, 12), NACELLE_ERROR_OUT_OF_RANGE);
    assert_int_equal(map((UINT64_C(1) << 48) - 0x1000, 0, 12), NACELLE_ERROR_OK);
}

static void sizes_that_the_processor_lacks(void **state)
{
    (void)state;
    slat_init(&slat, &vmx_slat_format, pool, PHYSICAL, TABLES, BITS, false, false);
    assert_int_equal(map(0, 0, 21), NACELLE_ERROR_UNSUPPORTED);
    assert_int_equal(map(0, 0, 30), NACELLE_ERROR_UNSUPPORTED);
    assert_int_equal(slat_unmap(&slat, 0, 30), NACELLE_ERROR_NOT_MAPPED);
}

static void overlaps(void **state)
{
    (void)state;
    assert_int_equal(map(0x201000, 0x5000, 12), NACELLE_ERROR_OK);
    assert_int_equal(map(0x201000, 0x6000, 12), NACELLE_ERROR_OVERLAP);
    assert_int_equal(map(0x200000, 0x400000, 21), NACELLE_ERROR_OVERLAP); /* a table is there */
    assert_int_equal(map(0, 0, 30), NACELLE_ERROR_OVERLAP);
    assert_int_equal(map(0x400000, 0x400000, 21), NACELLE_ERROR_OK);
    assert_int_equal(map(0x400000, 0x5000, 12), NACELLE_ERROR_OVERLAP); /* under a 2 MiB leaf */
    assert_int_equal(map(0x5ff000, 0x5000, 12), NACELLE_ERROR_OVERLAP);
    assert_int_equal(map(0x40000000, 0, 30), NACELLE_ERROR_OK);
    assert_int_equal(map(0x40000000, 0x5000, 12), NACELLE_ERROR_OVERLAP);
    assert_int_equal(map(0x7fe00000, 0, 21), NACELLE_ERROR_OVERLAP);
}

static void unmap_of_what_is_not_there(void **state)
{
    (void)state;
    assert_int_equal(map(0x200000, 0x400000, 21), NACELLE_ERROR_OK);
    assert_int_equal(slat_unmap(&slat, 0x200000, 12), NACELLE_ERROR_NOT_MAPPED);
    assert_int_equal(slat_unmap(&slat, 0x201000, 12), NACELLE_ERROR_NOT_MAPPED);
    assert_int_equal(slat_unmap(&slat, 0, 30), NACELLE_ERROR_NOT_MAPPED); /* a table */
    assert_int_equal(slat_unmap(&slat, 0x400000, 21), NACELLE_ERROR_NOT_MAPPED);
    assert_int_equal(slat_unmap(&slat, 0x300000, 21), NACELLE_ERROR_NOT_MAPPED);
    assert_int_equal(slat_unmap(&slat, ~UINT64_C(0x1fffff), 21), NACELLE_ERROR_NOT_MAPPED);
    assert_int_equal(slat_unmap(&slat, 0x200000, 99), NACELLE_ERROR_NOT_MAPPED);
    assert_int_equal(slat_unmap(&slat, 0x200000, 21), NACELLE_ERROR_OK);
    assert_int_equal(slat_unmap(&slat, 0x200000, 21), NACELLE_ERROR_NOT_MAPPED);
}

static void pool_exhaustion_changes_nothing(void **state)
{
    uint64_t copy[4][SLAT_ENTRIES];

    (void)state;
    slat_init(&slat, &vmx_slat_format, pool, PHYSICAL, 4, BITS, true, true);
    assert_int_equal(map(0, 0, 12), NACELLE_ERROR_OK);
    assert_int_equal(slat_free_tables(&slat), 0);
    memcpy(copy, pool, sizeof(copy));
    assert_int_equal(map(0x200000, 0, 12), NACELLE_ERROR_NO_TABLE_MEMORY);
    assert_int_equal(map(UINT64_C(1) << 39, 0, 30), NACELLE_ERROR_NO_TABLE_MEMORY);
    assert_memory_equal(copy, pool, sizeof(copy));
    assert_int_equal(map(0x200000, 0, 21), NACELLE_ERROR_OK); /* needs none */
    /* A root alone can map nothing. */
    memset(pool, 0, sizeof(pool));
    slat_init(&slat, &vmx_slat_format, pool, PHYSICAL, 1, BITS, true, true);
    assert_int_equal(map(0, 0, 30), NACELLE_ERROR_NO_TABLE_MEMORY);
}

/* How many entries of the table that an entry names are in use, as the entry has it. */
static unsigned in_use(uint64_t entry)
{
    return (unsigned)(entry >> 52);
}

static void use_is_counted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SLAT_ENTRIES; i++) {
        assert_int_equal(in_use(pool[2][0]), i);
        assert_int_equal(map((uint64_t)i * 0x1000, 0, 12), NACELLE_ERROR_OK);
        assert_int_equal(map((uint64_t)i * 0x1000, 0, 12), NACELLE_ERROR_OVERLAP);
    }
    assert_int_equal(in_use(pool[2][0]), SLAT_ENTRIES);
    assert_int_equal(in_use(pool[1][0]), 1);
    assert_int_equal(map(0x200000, 0, 21), NACELLE_ERROR_OK);
    assert_int_equal(in_use(pool[1][0]), 2);
    for (unsigned i = SLAT_ENTRIES; i-- > 0;) {
        assert_int_equal(slat_unmap(&slat, (uint64_t)i * 0x1000, 12), NACELLE_ERROR_OK);
        assert_int_equal(in_use(pool[2][0]), i);
    }
    assert_int_equal(pool[2][0], 0);
    assert_int_equal(in_use(pool[1][0]), 1);
    assert_int_equal(slat_unmap(&slat, 0x200000, 21), NACELLE_ERROR_OK);
    assert_int_equal(slat_free_tables(&slat), TABLES - 1);
}

/* A table that was used last and given back may be another's when it is used next. */
static void remembered_tables_are_forgotten(void **state)
{
    struct slat_mapping found;

    (void)state;
    assert_int_equal(map(0x1000, 0x5000, 12), NACELLE_ERROR_OK);
    assert_int_equal(slat_unmap(&slat, 0x1000, 12), NACELLE_ERROR_OK);
    assert_int_equal(map(UINT64_C(5) << 30, 0x40000000, 30), NACELLE_ERROR_OK);
    assert_int_equal(map(UINT64_C(1) << 39, 0x200000, 21), NACELLE_ERROR_OK);
    assert_int_equal(map(0x2000, 0x6000, 12), NACELLE_ERROR_OK);
    assert_true(slat_find(&slat, 0x2000, &found));
    assert_int_equal(found.physical, 0x6000);
    /* The other half of the two that are remembered, of one index. */
    assert_int_equal(map(0x202000, 0x7000, 12), NACELLE_ERROR_OK);
    assert_int_equal(slat_unmap(&slat, 0x2000, 12), NACELLE_ERROR_OK);
    assert_int_equal(map(0x203000, 0x8000, 12), NACELLE_ERROR_OK);
    assert_true(slat_find(&slat, 0x203000, &found));
    assert_int_equal(found.physical, 0x8000);
    assert_false(slat_find(&slat, 0x3000, &found));
}

/* Random operations against a plain list of mappings. */
#define SLOTS 64

static bool overlap(const struct slat_mapping *a, const struct slat_mapping *b)
{
    return a->gpa < b->gpa + (UINT64_C(1) << b->size_bits) &&
           b->gpa < a->gpa + (UINT64_C(1) << a->size_bits);
}

static void against_reference(void **state)
{
    static const unsigned sizes[] = {12, 12, 12, 21, 30};
    struct slat_mapping list[SLOTS];
    bool used[SLOTS] = {false};
    uint64_t seed = 0x123456789abcdef;
    unsigned mapped = 0;

    (void)state;
    for (unsigned step = 0; step < 20000; step++) {
        unsigned slot = (unsigned)(test_random(&seed) % SLOTS);
        uint64_t probe;
        struct slat_mapping found;
        const struct slat_mapping *expected = NULL;

        if (used[slot]) {
            assert_int_equal(slat_unmap(&slat, list[slot].gpa, list[slot].size_bits),
                             NACELLE_ERROR_OK);
            used[slot] = false;
            mapped--;
        } else {
            struct slat_mapping new = {0};
            bool overlaps_one = false;
            enum nacelle_error error;

            new.size_bits = sizes[test_random(&seed) % COUNT(sizes)];
            new.gpa = (test_random(&seed) % (UINT64_C(1) << 34)) >> new.size_bits << new.size_bits;
            new.physical = (test_random(&seed) % (UINT64_C(1) << 39)) >> new.size_bits
                                                                             << new.size_bits;
            new.rights = 1 | (unsigned)(test_random(&seed) & 6);
            new.uncached = (test_random(&seed) & 1) != 0;
            for (unsigned i = 0; i < SLOTS; i++)
                overlaps_one = overlaps_one || (used[i] && overlap(&list[i], &new));
            error = slat_map(&slat, new.gpa, new.physical, new.size_bits, new.rights, new.uncached);
            if (overlaps_one) {
                assert_int_equal(error, NACELLE_ERROR_OVERLAP);
            } else if (error != NACELLE_ERROR_NO_TABLE_MEMORY) {
                assert_int_equal(error, NACELLE_ERROR_OK);
                list[slot] = new;
                used[slot] = true;
                mapped++;
            }
        }
        slot = (unsigned)(test_random(&seed) % SLOTS);
        probe = used[slot] ? list[slot].gpa + test_random(&seed) % 0x1000
                           : test_random(&seed) % (UINT64_C(1) << 34);
        for (unsigned i = 0; i < SLOTS; i++) {
            if (used[i] && probe - list[i].gpa < UINT64_C(1) << list[i].size_bits)
                expected = &list[i];
        }
        assert_int_equal(slat_find(&slat, probe, &found), expected != NULL);
        if (expected != NULL)
            assert_true(found.gpa == expected->gpa && found.physical == expected->physical &&
                        found.size_bits == expected->size_bits &&
                        found.rights == expected->rights && found.uncached == expected->uncached);
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        if (used[i])
            assert_int_equal(slat_unmap(&slat, list[i].gpa, list[i].size_bits), NACELLE_ERROR_OK);
    }
    /* Nothing was lost: all tables are back, and nothing is mapped. */
    assert_int_equal(slat_free_tables(&slat), TABLES - 1);
    for (unsigned i = 0; i < SLAT_ENTRIES; i++)
        assert_int_equal(pool[0][i], 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(one_page, setup),
    cmocka_unit_test_setup(leaves, setup),
    cmocka_unit_test_setup(refusals, setup),
    cmocka_unit_test_setup(width_is_at_most_48, setup),
    cmocka_unit_test_setup(sizes_that_the_processor_lacks, setup),
    cmocka_unit_test_setup(overlaps, setup),
    cmocka_unit_test_setup(unmap_of_what_is_not_there, setup),
    cmocka_unit_test_setup(pool_exhaustion_changes_nothing, setup),
    cmocka_unit_test_setup(use_is_counted, setup),
    cmocka_unit_test_setup(remembered_tables_are_forgotten, setup),
    cmocka_unit_test_setup(against_reference, setup),
};

TEST_MAIN(tests)
