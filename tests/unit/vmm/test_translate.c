/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/translate.h>

#define CR0_PG   (1ull << 31)
#define CR4_PSE  (1ull << 4)
#define CR4_PAE  (1ull << 5)
#define CR4_LA57 (1ull << 12)
#define EFER_LMA (1ull << 10)

static uint8_t ram[0x10000];
static struct vmm_memory memory;

static int make(void **state)
{
    (void)state;
    memset(ram, 0, sizeof(ram));
    memory = (struct vmm_memory){0};
    assert_true(vmm_memory_add(&memory, 0, sizeof(ram), ram, true));
    return 0;
}

static void put(uint64_t gpa, unsigned size, uint64_t value)
{
    memcpy(ram + gpa, &value, size);
}

static void check(const struct vmm_paging *paging, uint64_t linear, uint64_t gpa, uint64_t left)
{
    uint64_t found = 0, found_left = 0;

    assert_true(vmm_translate(&memory, paging, linear, &found, &found_left));
    assert_true(found == gpa);
    assert_int_equal(found_left, left);
}

static void fails(const struct vmm_paging *paging, uint64_t linear)
{
    uint64_t found, left;

    assert_false(vmm_translate(&memory, paging, linear, &found, &left));
}

static void without_paging(void **state)
{
    const struct vmm_paging paging = {0};

    (void)state;
    check(&paging, 0x12345, 0x12345, 0xcbb);
    check(&paging, 0x100000010, 0x10, 0xff0); /* 32 bits */
}

static void paging_of_32_bits(void **state)
{
    struct vmm_paging paging = {.cr0 = CR0_PG, .cr3 = 0x1018, .cr4 = CR4_PSE};

    (void)state;
    put(0x1000 + 1 * 4, 4, 0x2007);     /* 400000h: a page table */
    put(0x2000 + 5 * 4, 4, 0xabcde007); /* 405000h */
    put(0x1000 + 2 * 4, 4, 0x00c02087); /* 800000h: 4 MiB at 1'00c00000h (PSE-36) */
    put(0x1000 + 3 * 4, 4, 0x7fff0007); /* a page table outside of memory */
    check(&paging, 0x405123, 0xabcde123, 0xedd);
    check(&paging, 0x812345, 0x100c12345, 0x3edcbb);
    fails(&paging, 0x406000);
    fails(&paging, 0x000000);
    fails(&paging, 0xc00000);
    paging.cr4 = 0; /* without PSE it is a table */
    fails(&paging, 0x812345);
}

static void paging_with_pae(void **state)
{
    const struct vmm_paging paging = {.cr0 = CR0_PG, .cr3 = 0x1020, .cr4 = CR4_PAE};

    (void)state;
    put(0x1020 + 3 * 8, 8, 0x2001);
    put(0x2000 + 1 * 8, 8, 0x3007);
    put(0x3000 + 2 * 8, 8, 0x8000000123456007ull); /* no-execute does not disturb */
    put(0x2000 + 2 * 8, 8, 0x40000087);
    check(&paging, 0xc0202abc, 0x123456abc, 0x544);
    check(&paging, 0xc0412345, 0x40012345, 0x1edcbb);
    fails(&paging, 0x80000000);
    fails(&paging, 0xc0203000);
}

static void paging_in_long_mode(void **state)
{
    struct vmm_paging paging = {.cr0 = CR0_PG, .cr3 = 0x1000, .cr4 = CR4_PAE, .efer = EFER_LMA};

    (void)state;
    put(0x1000 + 511 * 8, 8, 0x2007);
    put(0x2000 + 510 * 8, 8, 0x3007);
    put(0x2000 + 511 * 8, 8, 0x00000000c0000087); /* 1 GiB */
    put(0x3000 + 0 * 8, 8, 0x4007);
    put(0x3000 + 1 * 8, 8, 0x00000000002000e7); /* 2 MiB */
    put(0x4000 + 1 * 8, 8, 0x000ffffffffff007); /* the highest address */
    check(&paging, 0xffffffff80001234ull, 0x000ffffffffff234ull, 0xdcc);
    check(&paging, 0xffffffff80234567ull, 0x234567, 0x1cba99);
    check(&paging, 0xffffffffc0000010ull, 0xc0000010, 0x3ffffff0);
    fails(&paging, 0xffffffff80002000ull);
    fails(&paging, 0);
    put(0x5000 + 511 * 8, 8, 0x1007); /* five levels */
    paging.cr3 = 0x5000;
    paging.cr4 |= CR4_LA57;
    check(&paging, 0xffffffff80234567ull, 0x234567, 0x1cba99);
}

/* Access by each kind of page (SDM vol 3, 4.6); the error code as 4.7 has it, or 0. */
static void rights(void **state)
{
    enum {
        W = VMM_ACCESS_WRITE,
        U = VMM_ACCESS_USER,
        F = VMM_ACCESS_FETCH,
        AC = VMM_ACCESS_AC
    };
    enum {
        WP = 1 << 16,
        SMEP = 1 << 20,
        SMAP = 1 << 21,
        NXE = 1 << 11
    };
    static const struct {
        uint64_t directory, page; /* bits of the entries beside present */
        uint32_t cr0, cr4, efer;
        unsigned access;
        uint32_t error;
    } cases[] = {
        {2, 2, 0, 0, 0, 0, 0},
        {2, 2, 0, 0, 0, W, 0},
        {2, 2, 0, 0, 0, U, 5},
        {6, 2, 0, 0, 0, U, 5},
        {2, 6, 0, 0, 0, U | W, 7},
        {6, 6, 0, 0, 0, U | W, 0},
        {6, 4, 0, 0, 0, U | W, 7},
        {4, 6, 0, 0, 0, U | W, 7},
        {0, 2, 0, 0, 0, W, 0},
        {0, 2, WP, 0, 0, W, 3},
        {6, 6, 0, SMAP, 0, 0, 1},
        {6, 6, 0, SMAP, 0, W, 3},
        {6, 6, 0, SMAP, 0, AC, 0},
        {6, 6, 0, SMAP, 0, U, 0},
        {2, 6, 0, SMAP, 0, 0, 0},
        {6, 6, 0, SMEP, 0, F, 17},
        {6, 6, 0, SMEP, 0, F | U, 0},
        {6, 6, 0, SMEP, 0, 0, 0},
        {2, 1ull << 63 | 2, 0, 0, NXE, F, 17},
        {2, 1ull << 63 | 2, 0, 0, NXE, 0, 0},
        {1ull << 63 | 2, 2, 0, 0, NXE, F, 17},
        {2, 2, 0, 0, NXE, F, 0},
        {6, 6, 0, 0, 0, F | U, 0},
        {2, 2, 0, 0, 0, F | U, 5},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct vmm_paging paging = {.cr0 = CR0_PG | cases[i].cr0,
                                          .cr3 = 0x1000,
                                          .cr4 = CR4_PAE | cases[i].cr4,
                                          .efer = cases[i].efer};
        uint64_t gpa, left;
        uint32_t error = 0;
        bool may;

        make(state);
        put(0x1000, 8, 0x2001); /* a directory pointer has no rights */
        put(0x2000, 8, 0x3001 | cases[i].directory);
        put(0x3000, 8, 0x4001 | cases[i].page);
        may = vmm_translate_access(&memory, &paging, 0x123, cases[i].access, &gpa, &left, &error);
        if (may == (cases[i].error != 0) || error != cases[i].error)
            fail_msg("case %zu: %d, error %u", i, may, error);
    }
}

static void accessed_and_dirty(void **state)
{
    const struct vmm_paging paging = {
        .cr0 = CR0_PG, .cr3 = 0x1000, .cr4 = CR4_PAE, .efer = EFER_LMA};
    uint64_t gpa, left;
    uint32_t error;

    (void)state;
    put(0x1000, 8, 0x2003);
    put(0x2000, 8, 0x3003);
    put(0x3000, 8, 0x4003);
    put(0x3008, 8, 0x200083); /* 2 MiB */
    put(0x4000, 8, 0x7003);
    assert_true(vmm_translate(&memory, &paging, 0, &gpa, &left)); /* looks only */
    assert_int_equal(ram[0x1000], 0x03);
    assert_true(vmm_translate_access(&memory, &paging, 0, 0, &gpa, &left, &error));
    assert_int_equal(gpa, 0x7000);
    assert_int_equal(ram[0x1000], 0x23);
    assert_int_equal(ram[0x2000], 0x23);
    assert_int_equal(ram[0x3000], 0x23);
    assert_int_equal(ram[0x4000], 0x23);
    assert_true(vmm_translate_access(&memory, &paging, 0, VMM_ACCESS_WRITE, &gpa, &left, &error));
    assert_int_equal(ram[0x3000], 0x23);
    assert_int_equal(ram[0x4000], 0x63);
    assert_true(
        vmm_translate_access(&memory, &paging, 0x200000, VMM_ACCESS_WRITE, &gpa, &left, &error));
    assert_int_equal(ram[0x3008], 0xe3);
    assert_false(vmm_translate_access(&memory, &paging, 0x1000, 0, &gpa, &left, &error));
    assert_int_equal(error, 0); /* not present */
    assert_false(vmm_translate_access(&memory, &paging, 0x1000, VMM_ACCESS_WRITE | VMM_ACCESS_USER,
                                      &gpa, &left, &error));
    assert_int_equal(error, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_paging, make),
        cmocka_unit_test_setup(paging_of_32_bits, make),
        cmocka_unit_test_setup(paging_with_pae, make),
        cmocka_unit_test_setup(paging_in_long_mode, make),
        cmocka_unit_test_setup(rights, make),
        cmocka_unit_test_setup(accessed_and_dirty, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
