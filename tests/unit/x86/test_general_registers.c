/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/general_registers.h>

#include "test_main.h"

/* gpr_round_trip.S */
void gpr_round_trip(const struct x86_general_registers *in, struct x86_general_registers out[2]);

/* Register n holds 0xN1..N8 byte by byte, so that every byte of every register differs. */
static struct x86_general_registers pattern(void)
{
    struct x86_general_registers regs;

    for (unsigned i = 0; i < X86_GPR_COUNT; i++)
        regs.r[i] = UINT64_C(0x0807060504030201) | (UINT64_C(0x1010101010101010) * i);
    return regs;
}

static void index_order(void **state)
{
    (void)state;
    assert_int_equal(X86_RAX, 0);
    assert_int_equal(X86_RCX, 1);
    assert_int_equal(X86_RDX, 2);
    assert_int_equal(X86_RBX, 3);
    assert_int_equal(X86_RSP, 4);
    assert_int_equal(X86_RBP, 5);
    assert_int_equal(X86_RSI, 6);
    assert_int_equal(X86_RDI, 7);
    assert_int_equal(X86_R8, 8);
    assert_int_equal(X86_R15, 15);
}

static void get_and_set(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        struct x86_general_registers regs = pattern();
        uint64_t value = 0x77;
        bool valid = i <= 15 && i != 4;

        assert_int_equal(x86_gpr_index_valid(i), valid);
        assert_int_equal(x86_gpr_get(&regs, i, &value), valid);
        assert_int_equal(value, valid ? pattern().r[i] : 0x77);
        assert_int_equal(x86_gpr_set(&regs, i, 99), valid);
        for (unsigned j = 0; j < X86_GPR_COUNT; j++)
            assert_int_equal(regs.r[j], valid && j == i ? 99 : pattern().r[j]);
    }
    assert_false(x86_gpr_index_valid(UINT32_MAX));
}

/* Every size, REX or not, every index, against the operand's name. */
static void sized_operands(void **state)
{
    static const struct {
        const char *name;
        unsigned index;
        unsigned size;
        bool rex;
        unsigned reg; /* X86_GPR_COUNT: an error */
        uint64_t read;
        uint64_t written; /* after writing all ones over the pattern */
    } cases[] = {
        {"rax", 0, 8, false, X86_RAX, 0x0807060504030201, UINT64_MAX},
        {"eax", 0, 4, false, X86_RAX, 0x04030201, 0x00000000ffffffff},
        {"ax", 0, 2, false, X86_RAX, 0x0201, 0x080706050403ffff},
        {"al", 0, 1, false, X86_RAX, 0x01, 0x08070605040302ff},
        {"ah", 4, 1, false, X86_RAX, 0x02, 0x080706050403ff01},
        {"ch", 5, 1, false, X86_RCX, 0x12, 0x181716151413ff11},
        {"dh", 6, 1, false, X86_RDX, 0x22, 0x282726252423ff21},
        {"bh", 7, 1, false, X86_RBX, 0x32, 0x383736353433ff31},
        {"al", 0, 1, true, X86_RAX, 0x01, 0x08070605040302ff},
        {"bpl", 5, 1, true, X86_RBP, 0x51, 0x58575655545352ff},
        {"sil", 6, 1, true, X86_RSI, 0x61, 0x68676665646362ff},
        {"dil", 7, 1, true, X86_RDI, 0x71, 0x78777675747372ff},
        {"r8b", 8, 1, true, X86_R8, 0x81, 0x88878685848382ff},
        {"r15d", 15, 4, true, X86_R15, 0xf4f3f2f1, 0xffffffff},
        {"r10w", 10, 2, true, X86_R10, 0xa2a1, 0xa8a7a6a5a4a3ffff},
        {"rdi", 7, 8, false, X86_RDI, 0x7877767574737271, UINT64_MAX},
        {"rsp", 4, 8, false, X86_GPR_COUNT, 0, 0},
        {"esp", 4, 4, true, X86_GPR_COUNT, 0, 0},
        {"sp", 4, 2, false, X86_GPR_COUNT, 0, 0},
        {"spl", 4, 1, true, X86_GPR_COUNT, 0, 0},
        {NULL, 8, 1, false, X86_GPR_COUNT, 0, 0},
        {NULL, 16, 8, true, X86_GPR_COUNT, 0, 0},
        {NULL, 0, 3, true, X86_GPR_COUNT, 0, 0},
        {NULL, 0, 0, false, X86_GPR_COUNT, 0, 0},
        {NULL, 0, 16, false, X86_GPR_COUNT, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct x86_general_registers regs = pattern();
        bool good = cases[i].reg < X86_GPR_COUNT;
        uint64_t value = 0x77;
        const char *name = x86_gpr_name(cases[i].index, cases[i].size, cases[i].rex);

        if (cases[i].name == NULL)
            assert_null(name);
        else
            assert_string_equal(name, cases[i].name);
        assert_int_equal(
            x86_gpr_read_sized(&regs, cases[i].index, cases[i].size, cases[i].rex, &value), good);
        assert_int_equal(value, good ? cases[i].read : 0x77);
        assert_int_equal(
            x86_gpr_write_sized(&regs, cases[i].index, cases[i].size, cases[i].rex, UINT64_MAX),
            good);
        for (unsigned j = 0; j < X86_GPR_COUNT; j++)
            assert_int_equal(regs.r[j], j == cases[i].reg ? cases[i].written : pattern().r[j]);
    }
}

/* Any combination of arguments: never a crash, and never a change of the slot of RSP. */
static void sized_exhaustive(void **state)
{
    (void)state;
    for (unsigned index = 0; index < 40; index++) {
        for (unsigned size = 0; size < 20; size++) {
            for (unsigned rex = 0; rex < 2; rex++) {
                const struct x86_general_registers before = pattern();
                struct x86_general_registers regs = before;
                uint64_t value;
                bool read = x86_gpr_read_sized(&regs, index, size, rex != 0, &value);

                assert_int_equal(x86_gpr_write_sized(&regs, index, size, rex != 0, 0), read);
                assert_int_equal(regs.r[X86_RSP], before.r[X86_RSP]);
                if (!read)
                    assert_memory_equal(&regs, &before, sizeof(regs));
            }
        }
    }
}

/* Zeros too: what is left of AX, AH and AL is what was not written. */
static void sized_zero(void **state)
{
    struct x86_general_registers regs;

    (void)state;
    regs = pattern();
    assert_true(x86_gpr_write_sized(&regs, X86_RCX, 8, true, 0));
    assert_int_equal(regs.r[X86_RCX], 0);
    regs = pattern();
    assert_true(x86_gpr_write_sized(&regs, X86_RCX, 4, false, 0));
    assert_int_equal(regs.r[X86_RCX], 0);
    regs = pattern();
    assert_true(x86_gpr_write_sized(&regs, X86_RCX, 2, false, 0));
    assert_int_equal(regs.r[X86_RCX], 0x1817161514130000);
    regs = pattern();
    assert_true(x86_gpr_write_sized(&regs, X86_RCX, 1, false, 0));
    assert_int_equal(regs.r[X86_RCX], 0x1817161514131200);
    regs = pattern();
    assert_true(x86_gpr_write_sized(&regs, 5, 1, false, 0xffffffffffffff00)); /* CH */
    assert_int_equal(regs.r[X86_RCX], 0x1817161514130011);
}

static void edx_eax(void **state)
{
    struct x86_general_registers regs = pattern();

    (void)state;
    assert_int_equal(x86_gpr_get_edx_eax(&regs), 0x2423222104030201);
    x86_gpr_set_edx_eax(&regs, 0xfedcba9876543210);
    assert_int_equal(regs.r[X86_RAX], 0x76543210);
    assert_int_equal(regs.r[X86_RDX], 0xfedcba98);
    assert_int_equal(regs.r[X86_RCX], pattern().r[X86_RCX]);
    assert_int_equal(x86_gpr_get_edx_eax(&regs), 0xfedcba9876543210);
}

static void difference(void **state)
{
    struct x86_general_registers a = pattern();

    (void)state;
    assert_int_equal(x86_gpr_diff(&a, &a), 0);
    for (unsigned i = 0; i < X86_GPR_COUNT; i++) {
        struct x86_general_registers b = a;

        b.r[i] ^= UINT64_C(1) << 63;
        assert_int_equal(x86_gpr_diff(&a, &b), i == 4 ? 0 : 1U << i);
    }
}

static void assembly_macros(void **state)
{
    struct x86_general_registers in = pattern();
    struct x86_general_registers out[2];

    (void)state;
    memset(out, 0xa5, sizeof(out));
    gpr_round_trip(&in, out);
    in.r[X86_RSP] = 0;
    assert_memory_equal(&out[0], &in, sizeof(in));
    assert_memory_equal(&out[1], &in, sizeof(in));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index_order),    cmocka_unit_test(get_and_set),
        cmocka_unit_test(sized_operands), cmocka_unit_test(sized_exhaustive),
        cmocka_unit_test(sized_zero),     cmocka_unit_test(edx_eax),
        cmocka_unit_test(difference),     cmocka_unit_test(assembly_macros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
