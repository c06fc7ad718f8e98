/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions as SDM vol 2 and APM vol 3 encode them. */
#include "guest_code.h"

#define R VMM_MODE_REAL
#define P VMM_MODE_16
#define D VMM_MODE_32
#define L VMM_MODE_64

static void operations_and_sizes(void **state)
{
    static const struct {
        enum vmm_decode_mode mode;
        const char *bytes;
        enum vmm_operation operation;
        unsigned operand_size, address_size;
    } cases[] = {
        {D, "0f a2", VMM_OP_CPUID, 4, 4},
        {D, "f3 66 2e 0f a2", VMM_OP_CPUID, 2, 4}, /* prefixes are part of the length */
        {L, "48 0f a2", VMM_OP_CPUID, 8, 8},
        {D, "0f 32", VMM_OP_RDMSR, 4, 4},
        {L, "67 0f 30", VMM_OP_WRMSR, 4, 4},
        {R, "f4", VMM_OP_HLT, 2, 2},
        {D, "66 f4", VMM_OP_HLT, 2, 4},
        {D, "f3 90", VMM_OP_PAUSE, 4, 4},
        {D, "0f 01 d9", VMM_OP_HYPERCALL, 4, 4},
        {D, "0f 01 c1", VMM_OP_HYPERCALL, 4, 4},
        {D, "0f 31", VMM_OP_RDTSC, 4, 4},
        {D, "0f 01 f9", VMM_OP_RDTSCP, 4, 4},
        {D, "0f 33", VMM_OP_RDPMC, 4, 4},
        {D, "0f 01 d1", VMM_OP_XSETBV, 4, 4},
        {D, "0f 08", VMM_OP_INVD, 4, 4},
        {D, "0f 09", VMM_OP_WBINVD, 4, 4},
        {D, "f3 0f 09", VMM_OP_WBINVD, 4, 4},
        {D, "0f 01 c8", VMM_OP_MONITOR, 4, 4},
        {D, "0f 01 c9", VMM_OP_MWAIT, 4, 4},
        {D, "0f aa", VMM_OP_RSM, 4, 4},
        {D, "0f 06", VMM_OP_CLTS, 4, 4},
        {D, "0f 01 f0", VMM_OP_LMSW, 4, 4},
        {D, "66 0f 01 e0", VMM_OP_SMSW, 2, 4},
        {P, "8b 04", VMM_OP_MOV, 2, 2},
        {R, "66 8b 04", VMM_OP_MOV, 4, 2},
        {R, "67 8b 00", VMM_OP_MOV, 2, 4},
        {D, "66 8b 00", VMM_OP_MOV, 2, 4},
        {D, "8a 00", VMM_OP_MOV, 1, 4},
        {L, "8b 00", VMM_OP_MOV, 4, 8},
        {L, "67 48 8b 00", VMM_OP_MOV, 8, 4},
        {L, "66 48 8b 00", VMM_OP_MOV, 8, 8}, /* REX.W wins */
        {L, "48 66 8b 00", VMM_OP_MOV, 2, 8}, /* REX counts only before the opcode */
        {L, "0f c3 08", VMM_OP_MOV, 4, 8},
        {L, "0f 38 f0 08", VMM_OP_MOVBE, 4, 8},
        {L, "48 63 00", VMM_OP_MOVSX, 8, 8},
        {D, "a4", VMM_OP_MOVS, 1, 4},
        {D, "a5", VMM_OP_MOVS, 4, 4},
        {L, "f3 48 a5", VMM_OP_MOVS, 8, 8},
        {R, "f3 66 ab", VMM_OP_STOS, 4, 2},
        {L, "67 ac", VMM_OP_LODS, 1, 4},
        {D, "f2 0f 10 00", VMM_OP_OTHER, 4, 4}, /* MOVSD of SSE2 is not MOVSD */
        {D, "6e", VMM_OP_OUTS, 1, 4},
        {D, "67 6d", VMM_OP_INS, 4, 2},
        {D, "e4 10", VMM_OP_IN, 1, 4},
        {D, "66 ef", VMM_OP_OUT, 2, 4},
        {D, "ff 20", VMM_OP_OTHER, 4, 4}, /* JMP */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vmm_instruction found = {0};
        unsigned count;

        count = put_code(cases[i].bytes);
        if (vmm_decode(cases[i].mode, ram + CODE, count, &found) != VMM_DECODE_OK)
            fail_msg("not decoded: %s", cases[i].bytes);
        if (found.operation != cases[i].operation || found.length != count ||
            (found.operand_size != cases[i].operand_size && found.operation >= VMM_OP_MOV &&
             found.operation <= VMM_OP_OUTS && found.operation != VMM_OP_CPUID) ||
            found.address_size != cases[i].address_size)
            fail_msg("%s: operation %d length %u sizes %u %u", cases[i].bytes, found.operation,
                     found.length, found.operand_size, found.address_size);
    }
}

static struct vmm_instruction decoded(enum vmm_decode_mode mode, const char *bytes)
{
    struct vmm_instruction found = {0};

    assert_int_equal(vmm_decode(mode, ram + CODE, put_code(bytes), &found), VMM_DECODE_OK);
    return found;
}

static void registers(void **state)
{
    struct vmm_instruction found = decoded(D, "88 20");

    (void)state;
    assert_int_equal(found.operands[0].kind, VMM_OPERAND_MEMORY);
    assert_int_equal(found.operands[1].kind, VMM_OPERAND_HIGH_BYTE); /* AH */
    assert_int_equal(found.operands[1].number, RAX);
    found = decoded(L, "40 88 20"); /* with any REX it is SPL */
    assert_int_equal(found.operands[1].kind, VMM_OPERAND_REGISTER);
    assert_int_equal(found.operands[1].number, RSP);
    found = decoded(L, "44 88 38"); /* R15B */
    assert_int_equal(found.operands[1].number, 15);
    found = decoded(L, "4c 89 00"); /* R8 */
    assert_int_equal(found.operands[1].number, 8);
    assert_int_equal(found.operands[1].size, 8);
    found = decoded(D, "8c 00"); /* a segment register */
    assert_int_equal(found.operands[1].kind, VMM_OPERAND_OTHER);
    found = decoded(D, "0f 22 df"); /* MOV CR3, EDI */
    assert_int_equal(found.operands[0].kind, VMM_OPERAND_CONTROL);
    assert_int_equal(found.operands[0].number, 3);
    assert_int_equal(found.operands[1].number, RDI);
    found = decoded(L, "45 0f 20 c6"); /* MOV R14, CR8 */
    assert_int_equal(found.operands[1].number, 8);
    assert_int_equal(found.operands[0].number, 14);
    found = decoded(D, "f0 0f 22 c1"); /* LOCK MOV CR0 is MOV CR8 (APM vol 3) */
    assert_int_equal(found.operands[0].number, 8);
    assert_int_equal(found.operands[1].number, RCX);
    assert_int_equal(found.length, 4);
    found = decoded(D, "0f 21 3a"); /* the mod field is ignored: MOV EDX, DR7 */
    assert_int_equal(found.operands[1].kind, VMM_OPERAND_DEBUG);
    assert_int_equal(found.operands[1].number, 7);
    assert_int_equal(found.operands[0].number, RDX);
    assert_int_equal(found.length, 3);
}

static void immediates(void **state)
{
    (void)state;
    assert_true(decoded(D, "c7 00 78 56 34 92").operands[1].value == 0xffffffff92345678ull ||
                decoded(D, "c7 00 78 56 34 92").operands[1].value == 0x92345678);
    assert_true(decoded(L, "48 c7 00 78 56 34 92").operands[1].value == 0xffffffff92345678ull);
    assert_true(decoded(L, "83 08 80").operands[1].value == 0xffffffffffffff80ull);
    assert_true(decoded(D, "0f ba 28 1f").immediate);
    assert_false(decoded(D, "0f ab 08").immediate);
}

static void segments(void **state)
{
    (void)state;
    assert_int_equal(decoded(D, "8b 00").operands[1].segment, NACELLE_DS);
    assert_int_equal(decoded(D, "8b 04 24").operands[1].segment, NACELLE_SS); /* [ESP] */
    assert_int_equal(decoded(D, "8b 45 00").operands[1].segment, NACELLE_SS); /* [EBP] */
    assert_int_equal(decoded(D, "8b 04 2d 00 00 00 00").operands[1].segment, NACELLE_DS);
    assert_int_equal(decoded(R, "8b 42 10").operands[1].segment, NACELLE_SS); /* [BP+SI] */
    assert_int_equal(decoded(D, "26 8b 45 00").operands[1].segment, NACELLE_ES);
    assert_int_equal(decoded(L, "65 8b 00").operands[1].segment, NACELLE_GS);
    assert_int_equal(decoded(D, "64 a5").segment, NACELLE_FS);
    assert_int_equal(decoded(D, "a5").segment, NACELLE_DS);
    assert_int_equal(decoded(D, "2e 6e").segment, NACELLE_CS);
    assert_true(decoded(D, "f3 a5").repeat);
    assert_true(decoded(D, "f2 a5").repeat); /* REPNE too */
    assert_true(decoded(D, "f3 6e").repeat);
    assert_false(decoded(D, "a5").repeat);
    assert_false(decoded(D, "f3 8b 00").repeat);
}

static void what_is_no_instruction(void **state)
{
    static const uint8_t prefixes[16] = {[0 ... 13] = 0x66, 0x0f, 0xa2};
    struct vmm_instruction found;

    (void)state;
    put_code("0f 0b c7 05 00");
    assert_int_equal(vmm_decode(D, ram + CODE, 0, &found), VMM_DECODE_NO_CODE);
    assert_int_equal(vmm_decode(D, ram + CODE, 1, &found), VMM_DECODE_NO_CODE);
    assert_int_equal(vmm_decode(D, ram + CODE + 2, 3, &found), VMM_DECODE_NO_CODE);
    assert_int_equal(vmm_decode(D, prefixes, 16, &found), VMM_DECODE_INVALID); /* 16 bytes */
    assert_int_equal(vmm_decode(D, prefixes + 1, 15, &found), VMM_DECODE_OK);
    assert_int_equal(found.length, 15);
    put_code("f0 8b 00"); /* LOCK before a load */
    assert_int_equal(vmm_decode(D, ram + CODE, 3, &found), VMM_DECODE_INVALID);
    put_code("f0 0f 22 d8"); /* LOCK MOV CR3 */
    assert_int_equal(vmm_decode(D, ram + CODE, 4, &found), VMM_DECODE_INVALID);
    put_code("0f 22 c8"); /* CR1 */
    assert_int_equal(vmm_decode(D, ram + CODE, 3, &found), VMM_DECODE_INVALID);
    put_code("06"); /* PUSH ES is gone in 64-bit mode */
    assert_int_equal(vmm_decode(L, ram + CODE, 1, &found), VMM_DECODE_INVALID);
}

/* Any bytes have some result, and no length is beyond what was given. */
static void random_bytes(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        uint8_t *bytes = malloc(VMM_INSTRUCTION_MAX); /* the sanitizer looks at the ends */
        struct vmm_instruction found = {0};
        unsigned count = i % (VMM_INSTRUCTION_MAX + 1);
        uint8_t *end = bytes + VMM_INSTRUCTION_MAX - count;
        enum vmm_decode_status status;

        for (unsigned j = 0; j < count; j++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            end[j] = (uint8_t)(seed >> 56);
        }
        status = vmm_decode((enum vmm_decode_mode)(i / 16 % 4), end, count, &found);
        assert_true(status == VMM_DECODE_OK || status == VMM_DECODE_INVALID ||
                    status == VMM_DECODE_NO_CODE);
        if (status == VMM_DECODE_OK) {
            assert_in_range(found.length, 1, count);
            assert_in_range(found.operand_count, 0, VMM_OPERANDS_MAX);
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(operations_and_sizes, make_guest),
        cmocka_unit_test_setup(registers, make_guest),
        cmocka_unit_test_setup(immediates, make_guest),
        cmocka_unit_test_setup(segments, make_guest),
        cmocka_unit_test_setup(what_is_no_instruction, make_guest),
        cmocka_unit_test_setup(random_bytes, make_guest),
    };

    (void)emulate;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
