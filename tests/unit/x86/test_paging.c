/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/ept.h>
#include <x86/paging.h>

#include "test_main.h"

/* As corei7_haswell_4770 and corei5_arrandale_m520 state them. */
#define CAP_HASWELL   UINT64_C(0x00000f0106334141)
#define CAP_ARRANDALE UINT64_C(0x00000f0106114141)

static void levels(void **state)
{
    static const uint64_t sizes[] = {0x1000, 0x200000, 0x40000000, 0x8000000000, 0x1000000000000};
    const uint64_t address = 0x00ff812345678abc;

    (void)state;
    for (unsigned level = 1; level <= 5; level++) {
        assert_int_equal(x86_level_size(level), sizes[level - 1]);
        assert_int_equal(ept_level_size(level), sizes[level - 1]);
    }
    assert_int_equal(ept_level_size(0), 0);
    assert_int_equal(ept_level_size(6), 0);
    assert_int_equal(x86_level_index(address, 1), (address >> 12) & 511);
    assert_int_equal(x86_level_index(address, 4), (address >> 39) & 511);
    assert_int_equal(x86_level_index(0xffffffff80000000, 4), 511);
    assert_int_equal(x86_level_index(0xffffffff80000000, 3), 510);
    assert_int_equal(x86_level_index(0xffffffff80000000, 2), 0);
    assert_true(x86_is_aligned(0x200000, X86_PAGE_2M_SIZE));
    assert_false(x86_is_aligned(0x201000, X86_PAGE_2M_SIZE));
}

static void canonical(void **state)
{
    (void)state;
    assert_true(x86_canonical(0, 48));
    assert_true(x86_canonical(0x00007fffffffffff, 48));
    assert_false(x86_canonical(0x0000800000000000, 48));
    assert_false(x86_canonical(0xffff7fffffffffff, 48));
    assert_true(x86_canonical(0xffff800000000000, 48));
    assert_true(x86_canonical(UINT64_MAX, 48));
    assert_true(x86_canonical(0x0000800000000000, 57));
    assert_true(x86_canonical(0x00ffffffffffffff, 57));
    assert_false(x86_canonical(0x0100000000000000, 57));
    assert_true(x86_canonical(0xff00000000000000, 57));
    assert_true(x86_canonical(0x8000000000000000, 64));
}

static void page_table_entries(void **state)
{
    const uint64_t huge = 0x8000000080001000 | X86_PTE_PAGE | X86_PTE_PRESENT;

    (void)state;
    assert_true(x86_pte_is_leaf(1, 1));
    assert_false(x86_pte_is_leaf(1, 2));
    assert_true(x86_pte_is_leaf(X86_PTE_PAGE | 1, 2));
    assert_true(x86_pte_is_leaf(X86_PTE_PAGE | 1, 3));
    assert_false(x86_pte_is_leaf(X86_PTE_PAGE | 1, 4));
    assert_int_equal(x86_pte_address(0x8000000012345fff, 1), 0x12345000);
    assert_int_equal(x86_pte_address(huge, 2), 0x80000000); /* bit 12 is PAT */
    assert_int_equal(x86_pte_address(huge & ~X86_PTE_PAGE, 2), 0x80001000);
    for (unsigned i = 0; i < 8; i++) {
        uint64_t bits = ((i & 1) != 0 ? X86_PTE_PWT : 0) | ((i & 2) != 0 ? X86_PTE_PCD : 0);
        uint64_t high = (i & 4) != 0 ? ~UINT64_C(0) : 0;

        assert_int_equal(x86_pte_pat_index(bits | (high & X86_PTE_PAT), 1), i);
        assert_int_equal(x86_pte_pat_index(bits | X86_PTE_PAGE | (high & X86_PTE_PAT_LARGE), 2), i);
    }
    assert_int_equal(x86_pte_pat_index(X86_PTE_PAGE | X86_PTE_PCD, 2), 2);
    assert_int_equal(x86_pte_pat_index(X86_PTE_PAT_LARGE | X86_PTE_PCD | X86_PTE_PWT, 3), 7);
}

static void pat(void **state)
{
    static const uint32_t reset[8] = {X86_MEMORY_WB,       X86_MEMORY_WT, X86_MEMORY_UC_MINUS,
                                      X86_MEMORY_UC,       X86_MEMORY_WB, X86_MEMORY_WT,
                                      X86_MEMORY_UC_MINUS, X86_MEMORY_UC};

    (void)state;
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(x86_pat_type(X86_PAT_RESET, i), reset[i]);
    assert_true(x86_pat_valid(X86_PAT_RESET));
    for (unsigned i = 0; i < 8; i++) {
        for (uint64_t type = 0; type < 256; type++) {
            bool good = type == 0 || type == 1 || (type >= 4 && type <= 7);

            assert_int_equal(x86_pat_valid(type << (8 * i)), good);
        }
    }
}

static void ept_leaves(void **state)
{
    static const struct {
        uint64_t physical;
        unsigned level;
        uint64_t rights;
        uint32_t memory_type;
        bool ignore_pat;
        bool good;
        uint64_t entry;
    } cases[] = {
        {0x12345000, 1, EPT_RWX, X86_MEMORY_WB, false, true, 0x12345037},
        {0x12345000, 1, EPT_RWX, X86_MEMORY_WB, true, true, 0x12345077},
        {0x00200000, 2, EPT_READ, X86_MEMORY_UC, false, true, 0x00200081},
        {0x40000000, 3, EPT_READ | EPT_WRITE, X86_MEMORY_WC, false, true, 0x4000008b},
        {0x1000, 1, EPT_EXECUTE, X86_MEMORY_WB, false, true, 0x1034},
        {0x1000, 1, EPT_RWX | EPT_USER_EXECUTE, X86_MEMORY_WB, false, true, 0x1437},
        {0x000ffffffffff000, 1, EPT_RWX, X86_MEMORY_WB, false, true, 0x000ffffffffff037},
        {0x1000, 0, EPT_RWX, X86_MEMORY_WB, false, false, 0},
        {0, 4, EPT_RWX, X86_MEMORY_WB, false, false, 0},
        {0x1800, 1, EPT_RWX, X86_MEMORY_WB, false, false, 0},
        {0x201000, 2, EPT_RWX, X86_MEMORY_WB, false, false, 0},
        {0x200000, 3, EPT_RWX, X86_MEMORY_WB, false, false, 0},
        {0x0010000000000000, 1, EPT_RWX, X86_MEMORY_WB, false, false, 0},
        {0x1000, 1, 0, X86_MEMORY_WB, false, false, 0},
        {0x1000, 1, EPT_WRITE, X86_MEMORY_WB, false, false, 0},
        {0x1000, 1, EPT_WRITE | EPT_EXECUTE, X86_MEMORY_WB, false, false, 0},
        {0x1000, 1, EPT_RWX | EPT_DIRTY, X86_MEMORY_WB, false, false, 0},
        {0x1000, 1, EPT_RWX, 2, false, false, 0},
        {0x1000, 1, EPT_RWX, X86_MEMORY_UC_MINUS, false, false, 0},
        {0x1000, 1, EPT_RWX, 8, false, false, 0},
    };
    struct vmx_ept_vpid cap = vmx_ept_vpid_decode(CAP_HASWELL);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t entry = 0x77;

        assert_int_equal(ept_leaf(cases[i].physical, cases[i].level, cases[i].rights,
                                  cases[i].memory_type, cases[i].ignore_pat, &entry),
                         cases[i].good);
        assert_int_equal(entry, cases[i].good ? cases[i].entry : 0x77);
        if (!cases[i].good)
            continue;
        assert_true(ept_present(entry) && ept_is_leaf(entry, cases[i].level));
        assert_int_equal(ept_address(entry, cases[i].level), cases[i].physical);
        assert_int_equal(ept_memory_type(entry), cases[i].memory_type);
        assert_false(ept_entry_misconfigured(entry, cases[i].level, &cap, 52));
    }
    assert_int_equal(ept_table(0x7000), 0x7007);
    assert_int_equal(ept_address(ept_table(0x7000), 2), 0x7000);
    assert_int_equal(ept_address(0x80000000401ff0b7, 2), 0x40000000);
    assert_int_equal(ept_address(0x8000000080201fb7, 1), 0x80201000);
    assert_false(ept_is_leaf(ept_table(0x7000), 2));
    assert_false(ept_is_leaf(EPT_PAGE | EPT_RWX, 4));
}

/* 28.2.3.1. */
static void ept_misconfigurations(void **state)
{
    static const struct {
        uint64_t entry;
        unsigned level;
        uint64_t cap;
        bool misconfigured;
    } cases[] = {
        {0, 1, CAP_HASWELL, false},
        {0x00000000deadbef8, 4, CAP_HASWELL, false}, /* not present: all else is ignored */
        {0x1037, 1, CAP_HASWELL, false},
        {0x1032, 1, CAP_HASWELL, true}, /* write-only */
        {0x1036, 1, CAP_HASWELL, true}, /* write and execute */
        {0x1034, 1, CAP_HASWELL, false},
        {0x1034, 1, CAP_HASWELL & ~UINT64_C(1), true}, /* execute-only */
        {0x1017, 1, CAP_HASWELL, true},                /* memory type 2 */
        {0x103f, 1, CAP_HASWELL, true},                /* memory type 7 */
        {0x0000010000001037, 1, CAP_HASWELL, true},    /* beyond 40 address bits */
        {0x0000008000001037, 1, CAP_HASWELL, false},
        {0x1007, 2, CAP_HASWELL, false},
        {0x100f, 2, CAP_HASWELL, true}, /* reserved bits of a table entry */
        {0x1047, 3, CAP_HASWELL, true},
        {0x1087, 4, CAP_HASWELL, true},
        {0x1087, 5, CAP_HASWELL, true},
        {0x2000b7, 2, CAP_HASWELL, false},
        {0x2010b7, 2, CAP_HASWELL, true}, /* low address bits of a large page */
        {0x2000b7, 2, CAP_ARRANDALE, false},
        {0x400000b7, 3, CAP_HASWELL, false},
        {0x400000b7, 3, CAP_ARRANDALE, true}, /* no 1 GiB pages */
        {0x402000b7, 3, CAP_HASWELL, true},
        {0x1037, 0, CAP_HASWELL, true},
        {0x1037, 6, CAP_HASWELL, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct vmx_ept_vpid cap = vmx_ept_vpid_decode(cases[i].cap);

        if (ept_entry_misconfigured(cases[i].entry, cases[i].level, &cap, 40) !=
            cases[i].misconfigured)
            fail_msg("case %zu", i);
    }
}

/* 26.2.1.1. */
static void ept_pointers(void **state)
{
    struct vmx_ept_vpid haswell = vmx_ept_vpid_decode(CAP_HASWELL);
    struct vmx_ept_vpid arrandale = vmx_ept_vpid_decode(CAP_ARRANDALE);

    (void)state;
    assert_int_equal(ept_pointer(0x12345000, 4, X86_MEMORY_WB, true), 0x1234505e);
    assert_int_equal(ept_pointer(0x12345000, 4, X86_MEMORY_UC, false), 0x12345018);
    assert_int_equal(ept_pointer(0x12345000, 5, X86_MEMORY_WB, false), 0x12345026);
    assert_true(ept_pointer_valid(0x1234505e, &haswell, 40));
    assert_false(ept_pointer_valid(0x1234505e, &arrandale, 40)); /* no accessed and dirty */
    assert_true(ept_pointer_valid(0x1234501e, &arrandale, 40));
    assert_true(ept_pointer_valid(0x12345018, &haswell, 40));
    assert_false(ept_pointer_valid(0x12345026, &haswell, 40)); /* five levels */
    assert_false(ept_pointer_valid(0x12345016, &haswell, 40)); /* three */
    assert_false(ept_pointer_valid(0x12345019, &haswell, 40)); /* write-combining */
    assert_false(ept_pointer_valid(0x1234509e, &haswell, 40)); /* shadow stack */
    assert_false(ept_pointer_valid(0x1234511e, &haswell, 40)); /* reserved bits 11:8 */
    assert_false(ept_pointer_valid(0x000001000000001e, &haswell, 40));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels),
        cmocka_unit_test(canonical),
        cmocka_unit_test(page_table_entries),
        cmocka_unit_test(pat),
        cmocka_unit_test(ept_leaves),
        cmocka_unit_test(ept_misconfigurations),
        cmocka_unit_test(ept_pointers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
