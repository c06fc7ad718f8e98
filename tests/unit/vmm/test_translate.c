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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_paging, make),
        cmocka_unit_test_setup(paging_of_32_bits, make),
        cmocka_unit_test_setup(paging_with_pae, make),
        cmocka_unit_test_setup(paging_in_long_mode, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
