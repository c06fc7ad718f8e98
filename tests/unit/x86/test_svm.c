/* SPDX-License-Identifier: BSD-2-Clause */
/* SVM definitions against AMD APM vol. 2, chapter 15 and appendices B and C. */

#include "test_main.h"

#include <x86/event.h>
#include <x86/svm.h>
#include <x86/svm_exit.h>
#include <x86/svm_vmcb.h>

/* The data of Bochs' ryzen model, and QEMU's translator. */
static void capability(void **state)
{
    struct svm_capability ryzen = svm_capability_decode(0x00000001, 0x00008000, 0x0000044f);
    struct svm_capability qemu = svm_capability_decode(0x00000001, 0x00000010, 0x00000001);

    (void)state;
    assert_int_equal(ryzen.revision, 1);
    assert_int_equal(ryzen.asids, 32768);
    assert_int_equal(ryzen.features, SVM_FEATURE_NESTED_PAGING | SVM_FEATURE_LBR |
                                         SVM_FEATURE_LOCK | SVM_FEATURE_NRIP_SAVE |
                                         SVM_FEATURE_FLUSH_BY_ASID | SVM_FEATURE_PAUSE_FILTER);
    assert_int_equal(qemu.asids, 16);
    assert_int_equal(qemu.features, SVM_FEATURE_NESTED_PAGING);
    assert_string_equal(svm_feature_name(3), "next RIP save");
    assert_string_equal(svm_feature_name(7), "decode assists");
    assert_null(svm_feature_name(8));
    assert_null(svm_feature_name(31));
    assert_null(svm_feature_name(32));
}

/* 15.11: two bits an MSR, ranges at 000H, 800H and 1000H of the map. */
static void msr_map(void **state)
{
    static const struct {
        uint32_t msr, byte, bit;
    } cases[] = {
        {0x0, 0x0, 0},           {0x3, 0x0, 6},           {0x4, 0x1, 0},
        {0x10, 0x4, 0},          {0x1fff, 0x7ff, 6},      {0xc0000000, 0x800, 0},
        {0xc0000080, 0x820, 0},  {0xc0000082, 0x820, 4},  {0xc0001fff, 0xfff, 6},
        {0xc0010000, 0x1000, 0}, {0xc0010117, 0x1045, 6}, {0xc0011fff, 0x17ff, 6},
    };
    static const uint32_t not_covered[] = {0x2000,     0x40000000, 0xbfffffff, 0xc0002000,
                                           0xc000ffff, 0xc0012000, 0xffffffff};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint32_t bit = ~0u;

        assert_true(svm_msr_map_bit(cases[i].msr, &bit));
        assert_int_equal(bit / 8, cases[i].byte);
        assert_int_equal(bit % 8, cases[i].bit);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(not_covered); i++) {
        uint32_t bit = 77;

        assert_false(svm_msr_map_bit(not_covered[i], &bit));
        assert_int_equal(bit, 77);
    }
    assert_int_equal(svm_io_map_bit(0), 0);
    assert_int_equal(svm_io_map_bit(0xffff), 0xffff);
}

/* Table C-1. */
static void names(void **state)
{
    static const struct {
        uint64_t code;
        const char *name;
    } cases[] = {
        {0x00, "read of CR"},
        {0x18, "write of CR"},
        {0x27, "read of DR"},
        {0x3f, "write of DR"},
        {0x40, "exception"},
        {0x5f, "exception"},
        {0x60, "physical interrupt"},
        {0x64, "virtual interrupt"},
        {0x6d, "write of TR"},
        {0x72, "CPUID"},
        {0x7b, "I/O instruction"},
        {0x7c, "RDMSR or WRMSR"},
        {0x7f, "shutdown"},
        {0x80, "VMRUN"},
        {0x81, "VMMCALL"},
        {0x8d, "XSETBV"},
        {0x8f, "after a write of EFER"},
        {0x90, "after a write of CR"},
        {0xa2, "INVPCID"},
        {0xa6, "HLT without a pending virtual interrupt"},
        {0xa7, "unknown"},
        {0x400, "nested page fault"},
        {0x403, "VMGEXIT"},
        {0x404, "unknown"},
        {0xffffffffffffffff, "invalid guest state"},
        {0xffffffff, "invalid guest state"}, /* as QEMU writes it */
        {0xfffffffffffffffe, "VMSA busy"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(svm_exit_name(cases[i].code), cases[i].name);
    /* Bit n of a word of intercepts exits with a code of its own. */
    assert_string_equal(svm_intercept_name(0, 0), svm_exit_name(SVM_EXIT_INTR));
    assert_string_equal(svm_intercept_name(0, 27), svm_exit_name(SVM_EXIT_IO));
    assert_string_equal(svm_intercept_name(1, 1), svm_exit_name(SVM_EXIT_VMMCALL));
    assert_string_equal(svm_intercept_name(1, 16), "after a write of CR");
    assert_string_equal(svm_intercept_name(2, 2), svm_exit_name(SVM_EXIT_INVPCID));
    assert_null(svm_intercept_name(2, 7));
    assert_null(svm_intercept_name(0, 32));
    assert_null(svm_intercept_name(3, 0));
    assert_int_equal(SVM_INTERCEPT_SHUTDOWN, 1u << (SVM_EXIT_SHUTDOWN - SVM_EXIT_INTR));
    assert_int_equal(SVM_INTERCEPT_CPUID, 1u << (SVM_EXIT_CPUID - SVM_EXIT_INTR));
    assert_int_equal(SVM_INTERCEPT2_XSETBV, 1u << (SVM_EXIT_XSETBV - SVM_EXIT_VMRUN));
}

/* Figure 15-2. */
static void io(void **state)
{
    struct svm_io io = svm_decode_io(0x03f80211); /* IN, 8 bits, A64 */

    (void)state;
    assert_int_equal(io.port, 0x3f8);
    assert_int_equal(io.size, 1);
    assert_int_equal(io.address_size, 8);
    assert_true(io.in && !io.string && !io.rep);
    io = svm_decode_io(0x0cfc0000 | 4 << 10 | 1 << 7 | 1 << 6 | 0xc); /* REP OUTSD, A16, FS */
    assert_int_equal(io.port, 0xcfc);
    assert_int_equal(io.size, 4);
    assert_int_equal(io.address_size, 2);
    assert_int_equal(io.segment, 4);
    assert_true(!io.in && io.string && io.rep);
    io = svm_decode_io(0x00800020 | 1 << 8);
    assert_int_equal(io.size, 2);
    assert_int_equal(io.address_size, 4);
    /* What no processor reports stays in range. */
    io = svm_decode_io(~UINT64_C(0));
    assert_int_equal(io.size, 0);
    assert_int_equal(io.address_size, 0);
    assert_int_equal(io.segment, 3);
    assert_true(svm_msr_is_write(1) && !svm_msr_is_write(0));
}

/* 15.14.1. */
static void task_switch(void **state)
{
    struct svm_task_switch task = svm_decode_task_switch(0x28, 0);

    (void)state;
    assert_int_equal(task.selector, 0x28);
    assert_int_equal(task.source, SVM_TASK_CALL_OR_GATE);
    assert_false(task.has_error_code);
    task = svm_decode_task_switch(0x28, UINT64_C(1) << 36 | UINT64_C(1) << 48);
    assert_int_equal(task.source, SVM_TASK_IRET);
    assert_true(task.rf);
    assert_int_equal(svm_decode_task_switch(0, UINT64_C(1) << 38).source, SVM_TASK_JMP);
    task = svm_decode_task_switch(0x28, UINT64_C(1) << 44 | 0x1234);
    assert_true(task.has_error_code);
    assert_int_equal(task.error_code, 0x1234);
    assert_int_equal(svm_decode_task_switch(0x28, 0x1234).error_code, 0);
}

/* 15.25.6. */
static void nested_fault(void **state)
{
    struct svm_nested_fault fault = svm_decode_nested_fault(UINT64_C(0x100000007));

    (void)state;
    assert_true(fault.present && fault.write && fault.user);
    assert_false(fault.reserved || fault.fetch || fault.walk);
    fault = svm_decode_nested_fault(UINT64_C(0x200000014));
    assert_true(fault.fetch && fault.walk && fault.user);
    assert_false(fault.present || fault.write);
    assert_true(svm_decode_nested_fault(9).reserved);
}

/* Lengths without prefixes: APM vol. 3. */
static void lengths(void **state)
{
    static const struct {
        uint64_t code;
        unsigned length;
    } cases[] = {
        {SVM_EXIT_CPUID, 2},   {SVM_EXIT_HLT, 1},     {SVM_EXIT_RDTSC, 2},
        {SVM_EXIT_RDTSCP, 3},  {SVM_EXIT_VMMCALL, 3}, {SVM_EXIT_INVD, 2},
        {SVM_EXIT_WBINVD, 2},  {SVM_EXIT_MSR, 2},     {SVM_EXIT_MONITOR, 3},
        {SVM_EXIT_MWAIT, 3},   {SVM_EXIT_RDPMC, 2},   {SVM_EXIT_XSETBV, 3},
        {SVM_EXIT_PAUSE, 2},   {SVM_EXIT_IRET, 1},    {SVM_EXIT_INVLPG, 0},
        {SVM_EXIT_IO, 0},      {SVM_EXIT_INTR, 0},    {SVM_EXIT_NESTED_PAGE_FAULT, 0},
        {SVM_EXIT_CR_READ, 0}, {SVM_EXIT_INVALID, 0},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(svm_exit_instruction_length(cases[i].code), cases[i].length);
}

/* The layout is checked by the compiler; here that the fields are what table B-1 says by value. */
static void vmcb(void **state)
{
    static const uint8_t bytes[SVM_VMCB_SIZE] = {
        [0x00c] = 0x01, [0x00f] = 0x80, [0x010] = 0x03, [0x05c] = 0x03, [0x061] = 0x01,
        [0x063] = 0x01, [0x088] = 0x0e, [0x089] = 0x0b, [0x08b] = 0x80, [0x4cb] = 0x03,
        [0x412] = 0x9b, [0x413] = 0x0a, [0x578] = 0xf0, [0x579] = 0xff, [0x5f8] = 0x42,
    };
    struct svm_vmcb block;

    (void)state;
    memcpy(&block, bytes, sizeof(block));
    assert_int_equal(block.control.intercept, SVM_INTERCEPT_INTR | SVM_INTERCEPT_SHUTDOWN);
    assert_int_equal(block.control.intercept2, SVM_INTERCEPT2_VMRUN | SVM_INTERCEPT2_VMMCALL);
    assert_int_equal(block.control.tlb_control, SVM_TLB_FLUSH_ASID);
    assert_int_equal(block.control.v_interrupt, SVM_V_IRQ | SVM_V_INTR_MASKING);
    assert_int_equal(block.control.exit_int_info, X86_EVENT_VALID | X86_EVENT_ERROR_CODE |
                                                      X86_EVENT_HARDWARE_EXCEPTION << 8 |
                                                      X86_VECTOR_PF);
    assert_int_equal(block.save.cpl, 3);
    assert_int_equal(block.save.cs.attributes, 0xa9b);
    assert_int_equal(block.save.rip, 0xfff0);
    assert_int_equal(block.save.rax, 0x42);
    assert_int_equal(SVM_CLEAN_CET | SVM_CLEAN_AVIC | SVM_CLEAN_LBR | 0x3ff, SVM_CLEAN_ALL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(capability), cmocka_unit_test(msr_map),     cmocka_unit_test(names),
    cmocka_unit_test(io),         cmocka_unit_test(task_switch), cmocka_unit_test(nested_fault),
    cmocka_unit_test(lengths),    cmocka_unit_test(vmcb),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
