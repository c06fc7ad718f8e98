/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/control.h>

#include "test_main.h"

/* SDM vol. 2, XSETBV, said once more in another way: over all 2^12 settings of the known bits. */
static void xcr0_exhaustive(void **state)
{
    static const uint64_t known[] = {
        X86_XCR0_X87,    X86_XCR0_SSE,     X86_XCR0_AVX,       X86_XCR0_BNDREGS,
        X86_XCR0_BNDCSR, X86_XCR0_OPMASK,  X86_XCR0_ZMM_HI256, X86_XCR0_HI16_ZMM,
        X86_XCR0_PKRU,   X86_XCR0_TILECFG, X86_XCR0_TILEDATA,  X86_XCR0_APX,
    };
    uint64_t all = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        all |= known[i];
    assert_int_equal(all, 0xe02ff);
    for (uint32_t choice = 0; choice < (1U << ARRAY_SIZE(known)); choice++) {
        uint64_t value = 0;
        bool expected = true;

        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
            value |= (choice >> i) & 1 ? known[i] : 0;
        if ((value & 1) == 0)
            expected = false;
        if ((value & 6) == 4)
            expected = false;
        if ((value & 0x18) == 0x08 || (value & 0x18) == 0x10)
            expected = false;
        if ((value & 0xe0) != 0 && (value & 0xe4) != 0xe4)
            expected = false;
        if ((value & 0x60000) == 0x20000 || (value & 0x60000) == 0x40000)
            expected = false;
        if ((value & 0x80000) != 0 && (value & 0x18) != 0)
            expected = false;
        assert_int_equal(x86_xcr0_valid(value, all), expected);
    }
}

static void xcr0_support(void **state)
{
    (void)state;
    assert_true(x86_xcr0_valid(7, 7));
    assert_false(x86_xcr0_valid(0xe7, 7));
    assert_false(x86_xcr0_valid(7, 3));
    assert_false(x86_xcr0_valid(0, UINT64_MAX));
    /* Bit 8 belongs to IA32_XSS, so no processor has it in CPUID's mask of XCR0. */
    assert_false(x86_xcr0_valid(0x101, 0x2e7));
    assert_false(x86_xcr0_valid(X86_BIT(63) | 1, 0x2e7));
}

static void efer_lma(void **state)
{
    (void)state;
    assert_int_equal(x86_efer_with_lma(X86_EFER_LME, X86_CR0_PG | X86_CR0_PE), 0x500);
    assert_int_equal(x86_efer_with_lma(0x500, X86_CR0_PE), 0x100);
    assert_int_equal(x86_efer_with_lma(0x500, 0), 0x100);
    /* Paging without LME, as 32-bit guests have it, is not long mode. */
    assert_int_equal(x86_efer_with_lma(0, X86_CR0_PG | X86_CR0_PE), 0);
    assert_int_equal(x86_efer_with_lma(0xc00, X86_CR0_PG), 0x800);
    assert_int_equal(x86_efer_with_lma(0xd01, X86_CR0_PG), 0xd01);
}

static void modes(void **state)
{
    static const struct {
        uint64_t cr0;
        uint64_t efer;
        uint64_t rflags;
        bool l;
        bool d;
        enum x86_mode mode;
        const char *name;
    } cases[] = {
        {0x60000010, 0, 2, false, false, X86_MODE_REAL, "real"},
        {0, 0, X86_RFLAGS_VM, true, true, X86_MODE_REAL, "real"},
        {1, 0, 2, false, false, X86_MODE_PROTECTED_16, "16-bit protected"},
        {1, 0, 2, false, true, X86_MODE_PROTECTED_32, "32-bit protected"},
        /* L means nothing outside IA-32e mode. */
        {1, X86_EFER_LME, 2, true, true, X86_MODE_PROTECTED_32, "32-bit protected"},
        {0x80000001, 0, X86_RFLAGS_VM | 2, false, true, X86_MODE_VIRTUAL_8086, "virtual-8086"},
        {0x80000001, 0x500, 2, true, false, X86_MODE_LONG_64, "64-bit"},
        {0x80000001, 0x500, 2, false, true, X86_MODE_COMPATIBILITY_32, "32-bit compatibility"},
        {0x80000001, 0x500, 2, false, false, X86_MODE_COMPATIBILITY_16, "16-bit compatibility"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        enum x86_mode mode =
            x86_mode(cases[i].cr0, cases[i].efer, cases[i].rflags, cases[i].l, cases[i].d);

        assert_int_equal(mode, cases[i].mode);
        assert_string_equal(x86_mode_name(mode), cases[i].name);
    }
    assert_string_equal(x86_mode_name((enum x86_mode)7), "unknown");
}

/* SDM vol. 3, 4.1.1. */
static void paging_modes(void **state)
{
    const uint64_t on = X86_CR0_PG | X86_CR0_PE;

    (void)state;
    assert_int_equal(x86_paging_mode(X86_CR0_PE, X86_CR4_PAE, X86_EFER_LME), X86_PAGING_NONE);
    assert_int_equal(x86_paging_mode(on, 0, 0), X86_PAGING_32);
    assert_int_equal(x86_paging_mode(on, X86_CR4_PSE, 0), X86_PAGING_32);
    assert_int_equal(x86_paging_mode(on, X86_CR4_PAE, 0), X86_PAGING_PAE);
    assert_int_equal(x86_paging_mode(on, X86_CR4_PAE, X86_EFER_LME), X86_PAGING_4_LEVEL);
    assert_int_equal(x86_paging_mode(on, X86_CR4_PAE | X86_CR4_LA57, X86_EFER_LME),
                     X86_PAGING_5_LEVEL);
    assert_int_equal(x86_paging_mode(on, X86_CR4_PAE | X86_CR4_LA57, 0), X86_PAGING_PAE);
    assert_string_equal(x86_paging_mode_name(X86_PAGING_NONE), "none");
    assert_string_equal(x86_paging_mode_name(X86_PAGING_32), "32-bit");
    assert_string_equal(x86_paging_mode_name(X86_PAGING_PAE), "PAE");
    assert_string_equal(x86_paging_mode_name(X86_PAGING_4_LEVEL), "4-level");
    assert_string_equal(x86_paging_mode_name(X86_PAGING_5_LEVEL), "5-level");
    assert_string_equal(x86_paging_mode_name((enum x86_paging_mode)5), "unknown");
    assert_int_equal(x86_linear_bits(0), 48);
    assert_int_equal(x86_linear_bits(X86_CR4_LA57), 57);
}

static void cr0_rules(void **state)
{
    (void)state;
    assert_true(x86_cr0_valid(X86_RESET_CR0, 0, 0));
    assert_true(x86_cr0_valid(0x80000001, 0, 0));
    assert_false(x86_cr0_valid(X86_CR0_PG, 0, 0));
    assert_false(x86_cr0_valid(X86_CR0_NW, 0, 0));
    assert_true(x86_cr0_valid(X86_CR0_NW | X86_CR0_CD, 0, 0));
    assert_false(x86_cr0_valid(X86_BIT(32), 0, 0));
    assert_false(x86_cr0_valid(0x80000001, 0, X86_EFER_LME));
    assert_true(x86_cr0_valid(0x80000001, X86_CR4_PAE, X86_EFER_LME));
    assert_false(x86_cr0_valid(X86_CR0_PE, X86_CR4_PCIDE | X86_CR4_PAE, 0x500));
}

/* Bits of the manual that many places rely on. */
static void bits(void **state)
{
    (void)state;
    assert_int_equal(X86_CR0_PE | X86_CR0_NE | X86_CR0_PG, 0x80000021);
    assert_int_equal(X86_CR4_VMXE, 0x2000);
    assert_int_equal(X86_CR4_PAE | X86_CR4_PGE | X86_CR4_OSFXSR | X86_CR4_OSXSAVE, 0x402a0);
    assert_int_equal(X86_CR4_SMEP | X86_CR4_SMAP, 0x300000);
    assert_int_equal(X86_RFLAGS_TF | X86_RFLAGS_IF | X86_RFLAGS_DF | X86_RFLAGS_FIXED, 0x702);
    assert_int_equal(X86_RFLAGS_RESERVED & 0x3f7fd7, 0);
    assert_int_equal(X86_RFLAGS_RESERVED | 0x3f7fd7, UINT64_MAX);
    assert_int_equal(X86_DR6_BS | X86_DR6_BD, 0x6000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xcr0_exhaustive),
        cmocka_unit_test(xcr0_support),
        cmocka_unit_test(efer_lma),
        cmocka_unit_test(modes),
        cmocka_unit_test(paging_modes),
        cmocka_unit_test(cr0_rules),
        cmocka_unit_test(bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
