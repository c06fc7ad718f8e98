/* SPDX-License-Identifier: BSD-2-Clause */
/* Address spaces of clients: the tables are walked as a processor would (SDM vol 3 4.5, 4.6). */
#include "aspace.h"

#include "physical.h"
#include "test_main.h"
#include <x86/paging.h>

#define RW (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)
#define RX (NACELLE_RIGHT_READ | NACELLE_RIGHT_EXECUTE)

static uint64_t server_half[X86_TABLE_ENTRIES];

static struct aspace *make_aspace(unsigned size)
{
    struct aspace *aspace = aligned_alloc(1ull << size, 1ull << size);

    assert_non_null(aspace);
    memset(aspace, 0, 1ull << size);
    for (unsigned i = 0; i < X86_TABLE_ENTRIES; i++) {
        server_half[i] = 0x1000ull * i + 3;
    }
    aspace_init(aspace, size, server_half);
    return aspace;
}

static unsigned free_pages(const struct aspace *aspace)
{
    unsigned count = 0;

    for (const void *page = aspace->free; page != NULL; page = *(void *const *)page) {
        count++;
    }
    return count;
}

static struct mapping make_mapping(uint64_t address, uint64_t physical, unsigned size,
                                   unsigned rights)
{
    return (struct mapping){
        .address = address, .physical = physical, .size = size, .rights = rights};
}

static enum nacelle_error map(struct aspace *aspace, uint64_t address, uint64_t physical,
                              unsigned size, unsigned rights)
{
    const struct mapping mapping = make_mapping(address, physical, size, rights);

    return aspace_map(aspace, &mapping);
}

/* What the processor finds at an address. */
struct translation {
    bool present, writable, executable, user, uncached;
    uint64_t physical;
};

static struct translation walk(const struct aspace *aspace, uint64_t address)
{
    struct translation result = {.writable = true, .executable = true, .user = true};
    uint64_t table = aspace->root;

    for (unsigned level = 4; level >= 1; level--) {
        unsigned shift = 12 + 9 * (level - 1);
        const uint64_t *entries = memory_at(table);
        uint64_t entry = entries[address >> shift & 511];

        if ((entry & 1) == 0) {
            return (struct translation){0};
        }
        result.writable = result.writable && (entry & 2) != 0;
        result.user = result.user && (entry & 4) != 0;
        result.executable = result.executable && entry >> 63 == 0;
        table = entry & 0x000ffffffffff000;
        if (level == 1 || (level < 4 && (entry & 0x80) != 0)) {
            result.present = true;
            result.uncached = (entry & 0x18) == 0x18;
            assert_int_equal(table & ((1ull << shift) - 1), 0);
            result.physical = table | (address & ((1ull << shift) - 1));
            return result;
        }
    }
    return result;
}

static void upper_half(void **state)
{
    struct aspace *aspace = make_aspace(13);

    (void)state;
    for (unsigned i = 0; i < X86_TABLE_ENTRIES; i++) {
        assert_int_equal(aspace->pml4[i], i < 256 ? 0 : server_half[i]);
    }
    assert_int_equal(free_pages(aspace), 0);
    assert_int_equal(map(aspace, 0x1000, 0x1000, 12, RW), NACELLE_ERROR_NO_TABLE_MEMORY);
    assert_int_equal(aspace->root, physical_of(aspace) + 0x1000);
    free(aspace);
}

static void rights(void **state)
{
    struct aspace *aspace = make_aspace(16);
    struct mapping device = make_mapping(0x9000, 0xfee00000, 12, RW);

    (void)state;
    for (unsigned rights = 0; rights < 16; rights++) {
        bool valid = (rights & NACELLE_RIGHT_READ) != 0 &&
                     (rights & (NACELLE_RIGHT_WRITE | NACELLE_RIGHT_EXECUTE)) !=
                         (NACELLE_RIGHT_WRITE | NACELLE_RIGHT_EXECUTE);

        assert_int_equal(map(aspace, 0x5000, 0x123000, 12, rights),
                         valid ? NACELLE_ERROR_OK : NACELLE_ERROR_INVALID_ARGUMENT);
        if (valid) {
            struct translation found = walk(aspace, 0x5abc);

            assert_true(found.present && found.user && !found.uncached);
            assert_int_equal(found.writable, (rights & NACELLE_RIGHT_WRITE) != 0);
            assert_int_equal(found.executable, (rights & NACELLE_RIGHT_EXECUTE) != 0);
            assert_int_equal(found.physical, 0x123abc);
            aspace_unmap(aspace, 0x5000, 12);
        }
        assert_false(walk(aspace, 0x5abc).present);
    }
    device.uncached = true;
    assert_int_equal(aspace_map(aspace, &device), NACELLE_ERROR_OK);
    assert_true(walk(aspace, 0x9000).uncached);
    free(aspace);
}

static void bounds(void **state)
{
    struct aspace *aspace = make_aspace(17);

    (void)state;
    for (unsigned size = 12; size <= 30; size += 9) {
        uint64_t bytes = 1ull << size;
        uint64_t last = (NACELLE_USER_END & ~(bytes - 1)) - (size == 12 ? bytes : 0);

        assert_int_equal(map(aspace, 0x800, 0, size, RW), NACELLE_ERROR_UNALIGNED);
        assert_int_equal(map(aspace, bytes / 2, 0, size, RW), NACELLE_ERROR_UNALIGNED);
        /* the last leaf that ends at or before the end of the user half */
        if (size == 12) {
            assert_int_equal(map(aspace, last, 0, size, RW), NACELLE_ERROR_OK);
            assert_int_equal(map(aspace, last + bytes, 0, size, RW), NACELLE_ERROR_OUT_OF_RANGE);
        } else {
            assert_int_equal(map(aspace, last, 0, size, RW), NACELLE_ERROR_OUT_OF_RANGE);
            assert_int_equal(map(aspace, last - bytes, 0, size, RW), NACELLE_ERROR_OK);
        }
        assert_int_equal(map(aspace, 0x0000800000000000, 0, size, RW), NACELLE_ERROR_OUT_OF_RANGE);
        assert_int_equal(map(aspace, 0xffff800000000000, 0, size, RW), NACELLE_ERROR_OUT_OF_RANGE);
        assert_int_equal(map(aspace, 0 - bytes, 0, size, RW), NACELLE_ERROR_OUT_OF_RANGE);
    }
    free(aspace);
}

static void overlaps(void **state)
{
    struct aspace *aspace = make_aspace(17);

    (void)state;
    assert_int_equal(map(aspace, 0x40200000, 0x200000, 21, RX), NACELLE_ERROR_OK);
    assert_int_equal(map(aspace, 0x40200000, 0, 12, RW), NACELLE_ERROR_OVERLAP);
    assert_int_equal(map(aspace, 0x403ff000, 0, 12, RW), NACELLE_ERROR_OVERLAP);
    assert_int_equal(map(aspace, 0x40200000, 0, 21, RW), NACELLE_ERROR_OVERLAP);
    assert_int_equal(map(aspace, 0x40000000, 0, 30, RW), NACELLE_ERROR_OVERLAP);
    assert_int_equal(map(aspace, 0x40400000, 0x1000, 12, RW), NACELLE_ERROR_OK);
    assert_int_equal(map(aspace, 0x40400000, 0, 21, RW), NACELLE_ERROR_OVERLAP);
    assert_int_equal(walk(aspace, 0x40312345).physical, 0x312345);
    aspace_unmap(aspace, 0x40200000, 21);
    aspace_unmap(aspace, 0x40400000, 12);
    assert_int_equal(map(aspace, 0x40000000, 0x80000000, 30, RW), NACELLE_ERROR_OK);
    assert_int_equal(walk(aspace, 0x7fffffff).physical, 0xbfffffff);
    assert_int_equal(map(aspace, 0x40200000, 0, 21, RW), NACELLE_ERROR_OVERLAP);
    aspace_unmap(aspace, 0x40000000, 30);
    assert_int_equal(free_pages(aspace), 30);
    free(aspace);
}

/* One page too few for a mapping: nothing is taken, and what was mapped is not disturbed. */
static void exhaustion(void **state)
{
    struct aspace *aspace = make_aspace(15); /* six pages for tables */

    (void)state;
    assert_int_equal(free_pages(aspace), 6);
    assert_int_equal(map(aspace, 0x1000, 0xa000, 12, RW), NACELLE_ERROR_OK);
    assert_int_equal(free_pages(aspace), 3);
    assert_int_equal(map(aspace, 0x8000001000, 0xb000, 12, RW), NACELLE_ERROR_OK);
    assert_int_equal(free_pages(aspace), 0);
    assert_int_equal(map(aspace, 0x200000, 0xc000, 12, RW), NACELLE_ERROR_NO_TABLE_MEMORY);
    assert_int_equal(map(aspace, 0x200000, 0x200000, 21, RW), NACELLE_ERROR_OK);
    aspace_unmap(aspace, 0x8000001000, 12);
    assert_int_equal(free_pages(aspace), 3);
    assert_int_equal(map(aspace, 0x40000000, 0x1000, 12, RW), NACELLE_ERROR_OK);
    assert_int_equal(map(aspace, 0x10000000000, 0x1000, 12, RW), NACELLE_ERROR_NO_TABLE_MEMORY);
    assert_int_equal(free_pages(aspace), 1);
    assert_int_equal(walk(aspace, 0x1000).physical, 0xa000);
    assert_int_equal(walk(aspace, 0x200000).physical, 0x200000);
    assert_int_equal(walk(aspace, 0x40000000).physical, 0x1000);
    aspace_unmap(aspace, 0x1000, 12);
    aspace_unmap(aspace, 0x200000, 21);
    aspace_unmap(aspace, 0x40000000, 12);
    assert_int_equal(free_pages(aspace), 6);
    free(aspace);
}

#define PLACES 512

/* The reference: what is mapped, as a plain list. */
struct reference {
    struct mapping mappings[PLACES];
    unsigned count;
};

static bool overlaps_any(const struct reference *reference, const struct mapping *mapping)
{
    for (unsigned i = 0; i < reference->count; i++) {
        const struct mapping *other = &reference->mappings[i];

        if (mapping->address < other->address + (1ull << other->size) &&
            other->address < mapping->address + (1ull << mapping->size)) {
            return true;
        }
    }
    return false;
}

static void check_all(const struct aspace *aspace, const struct reference *reference)
{
    for (unsigned i = 0; i < reference->count; i++) {
        const struct mapping *mapping = &reference->mappings[i];
        uint64_t last = (1ull << mapping->size) - 1;
        struct translation first = walk(aspace, mapping->address);

        assert_true(first.present && first.user);
        assert_int_equal(first.physical, mapping->physical);
        assert_int_equal(first.writable, (mapping->rights & NACELLE_RIGHT_WRITE) != 0);
        assert_int_equal(first.executable, (mapping->rights & NACELLE_RIGHT_EXECUTE) != 0);
        assert_int_equal(walk(aspace, mapping->address + last).physical, mapping->physical + last);
    }
}

static struct mapping random_mapping(struct random *random)
{
    static const uint64_t bases[] = {0, 0x40000000, 0x7ffc0000000, 0x8000000000, 0x7fff80000000};
    unsigned size = 12 + 9 * (unsigned)random_below(random, 8) / 3;
    uint64_t address = bases[random_below(random, ARRAY_SIZE(bases))];

    size = size >= 30 ? 30 : size >= 21 ? 21 : 12;
    address += random_below(random, 3) << 30;
    address += size < 30 ? random_below(random, 3) << 21 : 0;
    address += size < 21 ? random_below(random, 8) << 12 : 0;
    return make_mapping(address, random_below(random, 1 << 10) << 30, size,
                        random_below(random, 2) != 0 ? RW : RX);
}

static void random_sequences(void **state)
{
    static struct reference reference;
    struct aspace *aspace = make_aspace(16); /* 14 tables: often too few */
    struct random random = {123456789123456789ull};
    unsigned exhausted = 0;

    (void)state;
    reference.count = 0;
    for (unsigned step = 0; step < 40000; step++) {
        if (random_below(&random, 2) == 0) {
            struct mapping mapping = random_mapping(&random);
            unsigned before = free_pages(aspace);
            enum nacelle_error error = aspace_map(aspace, &mapping);

            if (mapping.address + (1ull << mapping.size) > NACELLE_USER_END) {
                assert_int_equal(error, NACELLE_ERROR_OUT_OF_RANGE);
            } else if (overlaps_any(&reference, &mapping)) {
                assert_int_equal(error, NACELLE_ERROR_OVERLAP);
            } else if (error == NACELLE_ERROR_NO_TABLE_MEMORY) {
                assert_true(before < 3);
                exhausted++;
            } else {
                assert_int_equal(error, NACELLE_ERROR_OK);
                reference.mappings[reference.count++] = mapping;
            }
            if (error != NACELLE_ERROR_OK) {
                assert_int_equal(free_pages(aspace), before);
            }
        } else if (reference.count > 0) {
            unsigned which = (unsigned)random_below(&random, reference.count);
            struct mapping gone = reference.mappings[which];

            aspace_unmap(aspace, gone.address, gone.size);
            reference.mappings[which] = reference.mappings[--reference.count];
            assert_false(walk(aspace, gone.address).present);
        }
        check_all(aspace, &reference);
    }
    assert_true(exhausted > 100);
    while (reference.count > 0) {
        reference.count--;
        aspace_unmap(aspace, reference.mappings[reference.count].address,
                     reference.mappings[reference.count].size);
    }
    assert_int_equal(free_pages(aspace), 14);
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(aspace->pml4[i], 0);
    }
    free(aspace);
}

/* A table with all its 512 entries in use: their count does not run into other bits. */
static void full_table(void **state)
{
    struct aspace *aspace = make_aspace(16);

    (void)state;
    for (uint64_t i = 0; i < 512; i++) {
        assert_int_equal(map(aspace, i << 12, i << 12, 12, RX), NACELLE_ERROR_OK);
    }
    for (uint64_t i = 0; i < 512; i++) {
        assert_true(walk(aspace, i << 12).executable);
        assert_int_equal(walk(aspace, i << 12).physical, i << 12);
        aspace_unmap(aspace, i << 12, 12);
    }
    assert_int_equal(free_pages(aspace), 14);
    free(aspace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upper_half),       cmocka_unit_test(rights),
        cmocka_unit_test(bounds),           cmocka_unit_test(overlaps),
        cmocka_unit_test(exhaustion),       cmocka_unit_test(full_table),
        cmocka_unit_test(random_sequences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
