/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding of SVM exits: AMD APM vol. 2, 15.7 to 15.14, 15.25.6, appendix C. */

#include "test.h"

#include <string.h>

#include <x86/general_registers.h>
#include <x86/svm_exit.h>

#include "svm/exit.h"

static const uint64_t general[16] = {
    0xaaaa0000bbbb0011,
    0xcccc0000dddd0022,
    0x1111000022220033,
    0x44,
    0xdead,
    0x55,
    0x9999000000006666,
    0x9999000000007777,
    0x88,
    0x99,
    0xa0,
    0xb0,
    0xc0,
    0xd0,
    0xe0,
    0xf0,
};

static struct svm_exit_info basic(uint64_t code)
{
    return (struct svm_exit_info){
        .code = code,
        .rip = 0x1000,
        .next_rip = 0x1004,
        .rsp = 0x5544332211,
        .segment_base = {0x10000, 0, 0x20000, 0x30000, 0x40000, 0x50000},
        .long_64 = true,
        .decode_assists = true,
    };
}

static struct nacelle_exit decode(const struct svm_exit_info *info)
{
    struct nacelle_exit out = svm_decode_exit(info, general);

    assert_int_equal(out.vendor, NACELLE_VENDOR_SVM);
    assert_int_equal(out.raw_reason, info->code);
    assert_int_equal(out.raw_qualification, info->info1);
    assert_int_equal(out.raw_information, info->info2);
    return out;
}

static void kinds(void **state)
{
    static const struct {
        uint64_t code;
        uint32_t kind, number, fixed; /* length without NRIP */
    } cases[] = {
        {0x64, NACELLE_EXIT_INTERRUPT_WINDOW, 0, 0},
        {0x63, NACELLE_EXIT_INIT, 0, 0},
        {0x6e, NACELLE_EXIT_TSC, 0, 2},
        {0x6f, NACELLE_EXIT_RDPMC, 0xdddd0022, 2},
        {0x72, NACELLE_EXIT_CPUID, 0xbbbb0011, 2},
        {0x76, NACELLE_EXIT_CACHE, 0, 2},
        {0x77, NACELLE_EXIT_PAUSE, 0, 2},
        {0x78, NACELLE_EXIT_HLT, 0, 1},
        {0x7a, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_INVLPGA, 3},
        {0x7f, NACELLE_EXIT_SHUTDOWN, 0, 0},
        {0x80, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_VMRUN, 3},
        {0x81, NACELLE_EXIT_HYPERCALL, 0xbbbb0011, 3},
        {0x82, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_VMLOAD, 3},
        {0x83, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_VMSAVE, 3},
        {0x84, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_STGI, 3},
        {0x85, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_CLGI, 3},
        {0x86, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_SKINIT, 3},
        {0x87, NACELLE_EXIT_TSC, 1, 3},
        {0x88, NACELLE_EXIT_EXCEPTION, 1, 1},
        {0x89, NACELLE_EXIT_CACHE, 1, 2},
        {0x8a, NACELLE_EXIT_MONITOR, 0, 3},
        {0x8b, NACELLE_EXIT_MWAIT, 0, 3},
        {0x8d, NACELLE_EXIT_XSETBV, 0xdddd0022, 3},
        {0x8e, NACELLE_EXIT_UNKNOWN, 0, 3},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct svm_exit_info info = basic(cases[i].code);
        struct nacelle_exit out = decode(&info);

        assert_int_equal(out.kind, cases[i].kind);
        assert_int_equal(out.number, cases[i].number);
        assert_int_equal(out.flags, 0);
        assert_int_equal(out.instruction_length, cases[i].fixed == 0 ? 0 : 4);
        info.next_rip = 0;
        out = decode(&info);
        assert_int_equal(out.instruction_length, cases[i].fixed);
        assert_int_equal(out.flags, cases[i].fixed == 0 ? 0 : NACELLE_EXIT_LENGTH_ASSUMED);
    }
}

static void cpuid_msr_xsetbv(void **state)
{
    struct svm_exit_info info = basic(0x72);
    struct nacelle_exit out = decode(&info);

    (void)state;
    assert_int_equal(out.detail, 0xdddd0022);
    info = basic(0x7c);
    out = decode(&info);
    assert_int_equal(out.kind, NACELLE_EXIT_MSR);
    assert_int_equal(out.flags, NACELLE_EXIT_READ);
    assert_int_equal(out.number, 0xdddd0022);
    assert_int_equal(out.value, 0);
    info.info1 = 1;
    out = decode(&info);
    assert_int_equal(out.flags, NACELLE_EXIT_WRITE);
    assert_int_equal(out.value, 0x22220033bbbb0011);
    info = basic(0x8d);
    out = decode(&info);
    assert_int_equal(out.value, 0x22220033bbbb0011);
}

static void ports(void **state)
{
    struct svm_exit_info info = basic(0x7b);
    struct nacelle_exit out;

    (void)state;
    /* OUT %ax, $0x80, 3 bytes: SZ16, A64 */
    info.info1 = UINT64_C(0x80) << 16 | 1u << 5 | 1u << 9;
    info.info2 = 0x1003;
    out = decode(&info);
    assert_int_equal(out.kind, NACELLE_EXIT_PORT);
    assert_int_equal(out.number, 0x80);
    assert_int_equal(out.size, 2);
    assert_int_equal(out.flags, NACELLE_EXIT_WRITE);
    assert_int_equal(out.value, 0x11);
    assert_int_equal(out.instruction_length, 3);
    /* REP INSB, A32, in 32-bit code with wrapped RIP */
    info.long_64 = false;
    info.rip = 0xffffffff;
    info.info2 = 1;
    info.info1 = UINT64_C(0x511) << 16 | 1u << 8 | 1u << 4 | 1u << 3 | 1u << 2 | 1;
    out = decode(&info);
    assert_int_equal(out.flags, NACELLE_EXIT_READ | NACELLE_EXIT_STRING | NACELLE_EXIT_REPEAT |
                                    NACELLE_EXIT_GVA_VALID);
    assert_int_equal(out.gva, 0x10000 + 0x7777);
    assert_int_equal(out.count, 0xdddd0022);
    assert_int_equal(out.detail, 4 << 8);
    assert_int_equal(out.size, 1);
    assert_int_equal(out.instruction_length, 2);
    /* OUTSD, A16, GS */
    info.info1 = UINT64_C(0x3f8) << 16 | 5u << 10 | 1u << 7 | 1u << 6 | 1u << 2;
    out = decode(&info);
    assert_int_equal(out.flags, NACELLE_EXIT_WRITE | NACELLE_EXIT_STRING | NACELLE_EXIT_GVA_VALID);
    assert_int_equal(out.gva, 0x50000 + 0x6666);
    assert_int_equal(out.detail, 5 | 2 << 8);
    assert_int_equal(out.size, 4);
    assert_int_equal(out.count, 1);
    /* The same without decode assists: DS, and it says so. */
    info.decode_assists = false;
    out = decode(&info);
    assert_int_equal(out.detail, 3 | 2 << 8);
    assert_int_equal(out.gva, 0x30000 + 0x6666);
    assert_true((out.flags & NACELLE_EXIT_UNDECODED) != 0);
    /* No address size: that of the mode. */
    info.info1 &= ~UINT64_C(0x380);
    assert_int_equal(decode(&info).detail, 3 | 2 << 8);
    info.code_32 = true;
    assert_int_equal(decode(&info).detail, 3 | 4 << 8);
    info.long_64 = true;
    assert_int_equal(decode(&info).detail, 3 | 8 << 8);
    assert_int_equal(decode(&info).gva, 0x9999000000006666);
}

static void registers(void **state)
{
    struct svm_exit_info info = basic(0x13); /* MOV to CR3 */
    struct nacelle_exit out;

    (void)state;
    info.info1 = UINT64_C(1) << 63 | 6;
    out = decode(&info);
    assert_int_equal(out.kind, NACELLE_EXIT_CONTROL_REGISTER);
    assert_int_equal(out.number, 3);
    assert_int_equal(out.detail, 6);
    assert_int_equal(out.value, 0x9999000000006666);
    assert_int_equal(out.flags, NACELLE_EXIT_WRITE);
    assert_int_equal(out.instruction_length, 4);
    info.long_64 = false;
    assert_int_equal(decode(&info).value, 0x6666);
    info.info1 = UINT64_C(1) << 63 | 4; /* rsp is not among the registers */
    assert_int_equal(decode(&info).value, 0x44332211);
    info.info1 = 0; /* CLTS, LMSW */
    assert_int_equal(decode(&info).flags, NACELLE_EXIT_WRITE | NACELLE_EXIT_UNDECODED);
    info.code = 0x08; /* MOV from CR8 */
    info.info1 = UINT64_C(1) << 63 | 15;
    out = decode(&info);
    assert_int_equal(out.number, 8);
    assert_int_equal(out.detail, 15);
    assert_int_equal(out.value, 0);
    assert_int_equal(out.flags, NACELLE_EXIT_READ);
    info.code = 0x37; /* MOV to DR7 */
    info.info1 = 2;
    out = decode(&info);
    assert_int_equal(out.kind, NACELLE_EXIT_DEBUG_REGISTER);
    assert_int_equal(out.number, 7);
    assert_int_equal(out.detail, 2);
    assert_int_equal(out.value, 0x22220033);
    info.code = 0x20;
    assert_int_equal(decode(&info).flags, NACELLE_EXIT_READ);
    info.decode_assists = false;
    info.next_rip = 0;
    out = decode(&info);
    assert_int_equal(out.flags, NACELLE_EXIT_READ | NACELLE_EXIT_UNDECODED);
    assert_int_equal(out.detail, 0);
    assert_int_equal(out.instruction_length, 0);
    info.code = 0x79; /* INVLPG */
    out = decode(&info);
    assert_int_equal(out.kind, NACELLE_EXIT_INVLPG);
    assert_int_equal(out.flags, NACELLE_EXIT_UNDECODED);
    info.decode_assists = true;
    info.info1 = 0xfffff000;
    out = decode(&info);
    assert_int_equal(out.gva, 0xfffff000);
    assert_int_equal(out.flags, NACELLE_EXIT_GVA_VALID);
}

static void exceptions(void **state)
{
    struct svm_exit_info info = basic(0x4e);
    struct nacelle_exit out;

    (void)state;
    info.info1 = 6;
    info.info2 = 0x123456;
    out = decode(&info);
    assert_int_equal(out.kind, NACELLE_EXIT_EXCEPTION);
    assert_int_equal(out.number, 14);
    assert_int_equal(out.detail, 6);
    assert_int_equal(out.value, 0x123456);
    assert_int_equal(out.flags, NACELLE_EXIT_ERROR_CODE);
    assert_int_equal(out.instruction_length, 0);
    info.code = 0x41;
    info.dr6 = 0xffff4ff1;
    out = decode(&info);
    assert_int_equal(out.number, 1);
    assert_int_equal(out.value, 0x4001);
    assert_int_equal(out.flags, 0);
    info.code = 0x43;
    assert_int_equal(decode(&info).instruction_length, 1);
    info.code = 0x5f;
    assert_int_equal(decode(&info).number, 31);
}

static void memory(void **state)
{
    struct svm_exit_info info = basic(0x400);
    struct nacelle_exit out;

    (void)state;
    info.info1 = UINT64_C(1) << 32 | 4; /* not present, user, final */
    info.info2 = 0xfee00000;
    info.mapping_rights = 7;
    out = decode(&info);
    assert_int_equal(out.kind, NACELLE_EXIT_MEMORY);
    assert_int_equal(out.gpa, 0xfee00000);
    assert_int_equal(out.flags, NACELLE_EXIT_READ);
    assert_int_equal(out.detail, 0);
    assert_int_equal(out.instruction_length, 0);
    info.info1 = UINT64_C(1) << 33 | 7; /* present, write, in the walk */
    info.mapping_rights = 5;
    out = decode(&info);
    assert_int_equal(out.flags, NACELLE_EXIT_WRITE | NACELLE_EXIT_WALK);
    assert_int_equal(out.detail, 5);
    info.info1 = 0x15; /* fetch */
    assert_int_equal(decode(&info).flags, NACELLE_EXIT_EXECUTE);
    info.info1 = 0xd; /* reserved bit */
    out = decode(&info);
    assert_int_equal(out.kind, NACELLE_EXIT_MISCONFIGURATION);
    assert_int_equal(out.gpa, 0xfee00000);
}

static void task_switches(void **state)
{
    struct svm_exit_info info = basic(0x7d);
    struct nacelle_exit out;

    (void)state;
    info.info1 = 0x48;
    out = decode(&info);
    assert_int_equal(out.kind, NACELLE_EXIT_TASK_SWITCH);
    assert_int_equal(out.number, 0x48);
    assert_int_equal(out.detail, 0);
    assert_int_equal(out.instruction_length, 4);
    info.info2 = UINT64_C(1) << 36;
    assert_int_equal(decode(&info).detail, 1);
    info.info2 = UINT64_C(1) << 38;
    assert_int_equal(decode(&info).detail, 2);
    info.info2 = UINT64_C(1) << 44 | 0x18;
    info.vectoring = 0x80000b0d; /* #GP */
    info.vectoring_error = 0x18;
    out = decode(&info);
    assert_int_equal(out.detail, 3);
    assert_int_equal(out.value, 0x18);
    assert_int_equal(out.instruction_length, 0);
    assert_int_equal(out.flags, NACELLE_EXIT_ERROR_CODE | NACELLE_EXIT_VECTORING);
    assert_int_equal(out.vectoring, 0x80000b0d);
    assert_int_equal(out.vectoring_error, 0x18);
    info.vectoring = 0x80000480; /* INT 80h */
    assert_int_equal(decode(&info).instruction_length, 4);
}

static void tables(void **state)
{
    static const uint8_t numbers[] = {1, 0, 4, 5, 3, 2, 6, 7}; /* of codes 66H to 6DH */

    (void)state;
    for (unsigned i = 0; i < COUNT(numbers); i++) {
        struct svm_exit_info info = basic(0x66 + i);
        struct nacelle_exit out = decode(&info);

        assert_int_equal(out.kind, NACELLE_EXIT_DESCRIPTOR_TABLE);
        assert_int_equal(out.number, numbers[i]);
        assert_int_equal(out.flags,
                         NACELLE_EXIT_UNDECODED | (i < 4 ? NACELLE_EXIT_READ : NACELLE_EXIT_WRITE));
    }
}

static void anything(void **state)
{
    uint64_t seed = 0x1234567;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        struct svm_exit_info info = basic(test_random(&seed) % 0x500);
        struct nacelle_exit out;

        info.info1 = test_random(&seed);
        info.info2 = test_random(&seed);
        info.next_rip = test_random(&seed);
        info.vectoring = (uint32_t)test_random(&seed);
        info.long_64 = test_random(&seed) % 2 != 0;
        info.decode_assists = test_random(&seed) % 2 != 0;
        out = decode(&info);
        assert_in_range(out.kind, NACELLE_EXIT_NONE + 1, NACELLE_EXIT_COUNT - 1);
        assert_true(out.instruction_length <= 15);
    }
    for (unsigned code = 0; code < 0x60; code++) {
        struct svm_exit_info info = basic(code);

        assert_int_equal(decode(&info).kind, code < 0x20   ? NACELLE_EXIT_CONTROL_REGISTER
                                             : code < 0x40 ? NACELLE_EXIT_DEBUG_REGISTER
                                                           : NACELLE_EXIT_EXCEPTION);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(kinds),         cmocka_unit_test(cpuid_msr_xsetbv), cmocka_unit_test(ports),
    cmocka_unit_test(registers),     cmocka_unit_test(exceptions),       cmocka_unit_test(memory),
    cmocka_unit_test(task_switches), cmocka_unit_test(tables),           cmocka_unit_test(anything),
};

TEST_MAIN(tests)
