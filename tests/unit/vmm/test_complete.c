/* SPDX-License-Identifier: BSD-2-Clause */
/* Exit records that lack what SVM without decode assists does not tell. */
#include "guest_code.h"

#define R       VMM_MODE_REAL
#define D       VMM_MODE_32
#define L       VMM_MODE_64

#define MISSING NACELLE_EXIT_UNDECODED
#define ASSUMED NACELLE_EXIT_LENGTH_ASSUMED
#define GVA     NACELLE_EXIT_GVA_VALID
#define READ    NACELLE_EXIT_READ
#define WRITE   NACELLE_EXIT_WRITE
#define STRING  NACELLE_EXIT_STRING
#define IS(x)   .kind = NACELLE_EXIT_##x

/* What the record is after the bytes; fields that are 0 in both are not named. */
static const struct {
    enum vmm_decode_mode mode;
    const char *bytes;
    struct nacelle_exit before, after;
} cases[] = {
    /* MOV to and from CR: all registers, prefixes without meaning, RSP from its own group */
    {D,
     "0f 22 d8",
     {IS(CONTROL_REGISTER), .number = 3, .flags = MISSING | WRITE},
     {.flags = WRITE, .detail = RAX}},
    {D,
     "0f 22 de",
     {IS(CONTROL_REGISTER), .number = 3, .flags = MISSING | WRITE},
     {.flags = WRITE, .detail = RSI, .value = 0x66666666}},
    {L,
     "0f 22 de",
     {IS(CONTROL_REGISTER), .number = 3, .flags = MISSING | WRITE},
     {.flags = WRITE, .detail = RSI, .value = 0x6666666666666666}},
    {L,
     "41 0f 22 e7",
     {IS(CONTROL_REGISTER), .number = 4, .flags = MISSING | WRITE},
     {.flags = WRITE, .detail = 15, .value = 0xffffffffffffffff}},
    {D,
     "0f 22 c4",
     {IS(CONTROL_REGISTER), .number = 0, .flags = MISSING | WRITE},
     {.flags = WRITE, .detail = RSP, .value = 0x8000}},
    {D,
     "66 2e 0f 20 d9",
     {IS(CONTROL_REGISTER), .number = 3, .flags = MISSING | READ},
     {.flags = READ, .detail = RCX}},
    {R,
     "0f 20 c2",
     {IS(CONTROL_REGISTER), .number = 0, .flags = MISSING | READ},
     {.flags = READ, .detail = RDX}},
    {L,
     "44 0f 22 c1",
     {IS(CONTROL_REGISTER), .number = 8, .flags = MISSING | WRITE},
     {.flags = WRITE, .detail = RCX, .value = 0x1111111111111111}},
    {D,
     "f0 0f 20 c3",
     {IS(CONTROL_REGISTER), .number = 8, .flags = MISSING | READ},
     {.flags = READ, .detail = RBX}},
    /* CLTS, LMSW and SMSW look like MOV to and from CR0 */
    {D,
     "0f 06",
     {IS(CONTROL_REGISTER), .flags = MISSING | WRITE},
     {.flags = WRITE | NACELLE_EXIT_CR_CLTS}},
    {D,
     "0f 01 f3",
     {IS(CONTROL_REGISTER), .flags = MISSING | WRITE},
     {.flags = WRITE | NACELLE_EXIT_CR_LMSW, .value = 0x3333}},
    {D,
     "0f 01 35 00 20 00 00",
     {IS(CONTROL_REGISTER), .flags = MISSING | WRITE},
     {.flags = WRITE | NACELLE_EXIT_CR_LMSW | GVA, .value = 0xabcd, .gva = 0x2000}},
    {D,
     "66 0f 01 e1",
     {IS(CONTROL_REGISTER), .flags = MISSING | READ},
     {.flags = READ | NACELLE_EXIT_CR_LMSW, .detail = RCX, .size = 2}},
    {L,
     "48 0f 01 e1",
     {IS(CONTROL_REGISTER), .flags = MISSING | READ},
     {.flags = READ | NACELLE_EXIT_CR_LMSW, .detail = RCX, .size = 8}},
    {D,
     "0f 01 21",
     {IS(CONTROL_REGISTER), .flags = MISSING | READ},
     {.flags = READ | NACELLE_EXIT_CR_LMSW | GVA, .gva = 0x11111111, .size = 2}},
    /* MOV DR */
    {D,
     "0f 23 fa",
     {IS(DEBUG_REGISTER), .number = 7, .flags = MISSING | WRITE},
     {.flags = WRITE, .detail = RDX, .value = 0x22222222}},
    {L,
     "41 0f 21 c1",
     {IS(DEBUG_REGISTER), .number = 0, .flags = MISSING | READ},
     {.flags = READ, .detail = 9}},
    /* addresses: INVLPG, INVPCID, tables */
    {D, "0f 01 38", {IS(INVLPG), .flags = MISSING}, {.flags = GVA}},
    {D,
     "0f 01 7c 4b fc",
     {IS(INVLPG), .flags = MISSING}, /* EBX + 2*ECX - 4 */
     {.flags = GVA, .gva = 0x55555551}},
    {D,
     "65 0f 01 3d 04 00 00 00",
     {IS(INVLPG), .flags = MISSING}, /* GS base 10000h */
     {.flags = GVA, .gva = 0x10004}},
    {R,
     "0f 01 7a 02",
     {IS(INVLPG), .flags = MISSING}, /* BP + SI + 2, 16 bits */
     {.flags = GVA, .gva = 0xbbbd}},
    {L, "0f 01 3c 24", {IS(INVLPG), .flags = MISSING}, {.flags = GVA, .gva = 0x8000}},
    {L,
     "43 0f 01 3c 88",
     {IS(INVLPG), .flags = MISSING}, /* R8 + 4*R9 */
     {.flags = GVA, .gva = 0xeeeeeeeeeeeeeeec}},
    {L,
     "42 0f 01 3c 20",
     {IS(INVLPG), .flags = MISSING}, /* RAX + R12: an index with REX.X */
     {.flags = GVA, .gva = 0xcccccccccccccccc}},
    {L,
     "0f 01 3d 10 00 00 00",
     {IS(INVLPG), .flags = MISSING}, /* RIP-relative */
     {.flags = GVA, .gva = CODE + 7 + 0x10}},
    {L,
     "67 0f 01 3e",
     {IS(INVLPG), .flags = MISSING}, /* ESI: 32 bits */
     {.flags = GVA, .gva = 0x66666666}},
    {L,
     "65 0f 01 3e",
     {IS(INVLPG), .flags = MISSING}, /* only FS and GS have bases */
     {.flags = GVA, .gva = 0x6666666666676666}},
    {L, "26 0f 01 3e", {IS(INVLPG), .flags = MISSING}, {.flags = GVA, .gva = 0x6666666666666666}},
    {D,
     "66 0f 38 82 0e",
     {IS(INVPCID), .flags = MISSING | GVA, .gva = 0x66666666, .value = 2},
     {.flags = GVA, .detail = RCX, .gva = 0x66666666, .value = 2}},
    {D,
     "0f 01 02",
     {IS(DESCRIPTOR_TABLE), .number = 0, .flags = MISSING | READ},
     {.flags = READ | GVA, .gva = 0x22222222}},
    {D,
     "0f 01 1d 78 56 34 12",
     {IS(DESCRIPTOR_TABLE), .number = 3, .flags = MISSING | WRITE},
     {.flags = WRITE | GVA, .gva = 0x12345678}},
    {D,
     "0f 00 c7",
     {IS(DESCRIPTOR_TABLE), .number = 4, .flags = MISSING | READ},
     {.flags = READ, .detail = RDI}},
    {D,
     "0f 00 0e",
     {IS(DESCRIPTOR_TABLE), .number = 5, .flags = MISSING | READ},
     {.flags = READ | GVA, .gva = 0x66666666}},
    {L,
     "41 0f 00 d8",
     {IS(DESCRIPTOR_TABLE), .number = 7, .flags = MISSING | WRITE},
     {.flags = WRITE, .detail = 8}},
    /* string I/O: segment and address size */
    {D,
     "65 6e",
     {IS(PORT), .flags = MISSING | WRITE | STRING | GVA, .size = 1, .instruction_length = 2,
      .detail = NACELLE_DS | 4 << 8, .gva = 0x66666666},
     {.flags = WRITE | STRING | GVA,
      .size = 1,
      .detail = NACELLE_GS | 4 << 8,
      .count = 1,
      .gva = 0x66676666}},
    {D,
     "f3 67 6d",
     {IS(PORT), .flags = MISSING | READ | STRING | GVA | NACELLE_EXIT_REPEAT, .size = 4,
      .instruction_length = 3, .detail = 4 << 8, .count = 0x11111111},
     {.flags = READ | STRING | GVA | NACELLE_EXIT_REPEAT,
      .size = 4,
      .detail = 2 << 8,
      .count = 0x1111,
      .gva = 0x7777}},
    /* lengths that were assumed */
    {D, "f3 2e 0f a2", {IS(CPUID), .flags = ASSUMED, .instruction_length = 2}, {0}},
    {D, "66 0f 32", {IS(MSR), .flags = ASSUMED | READ, .instruction_length = 2}, {.flags = READ}},
    {L, "48 0f 30", {IS(MSR), .flags = ASSUMED | WRITE, .instruction_length = 2}, {.flags = WRITE}},
    {D, "2e f4", {IS(HLT), .flags = ASSUMED, .instruction_length = 1}, {0}},
    {D, "0f 01 d9", {IS(HYPERCALL), .flags = ASSUMED, .instruction_length = 3}, {0}},
    {D, "66 f3 90", {IS(PAUSE), .flags = ASSUMED, .instruction_length = 2}, {0}},
    {D, "0f 01 f9", {IS(TSC), .flags = ASSUMED, .instruction_length = 2}, {.number = 1}},
    {D,
     "0f 08",
     {IS(CACHE), .number = 1, .flags = ASSUMED, .instruction_length = 2},
     {.number = 0}},
    {D,
     "66 0f 01 d8",
     {IS(VIRTUALIZATION), .number = NACELLE_VIRT_VMRUN, .flags = ASSUMED, .instruction_length = 3},
     {.number = NACELLE_VIRT_VMRUN}},
    {D, "2e 0f 01 d1", {IS(XSETBV), .number = 1, .value = 3}, {.number = 1, .value = 3}},
};

static void completed(void **state)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct nacelle_exit record = cases[i].before, expected = cases[i].after;

        make_guest(state);
        in_mode(cases[i].mode);
        page.segments[NACELLE_GS].base = 0x10000;
        page.segments[NACELLE_ES].base = cases[i].mode == L ? 0x5000 : 0;
        ram[0x2000] = 0xcd;
        ram[0x2001] = 0xab;
        expected.instruction_length = put_code(cases[i].bytes);
        expected.kind = record.kind;
        if (!expected.number)
            expected.number = record.kind == NACELLE_EXIT_CACHE ? 0 : record.number;
        assert_false(vmm_exit_is_complete(&record));
        if (vmm_complete_exit(&emulator, &record) != VMM_DECODE_OK)
            fail_msg("not completed: %s", cases[i].bytes);
        if (memcmp(&record, &expected, sizeof(record)) != 0)
            fail_msg("%s: number %x detail %x size %u flags %x value %llx gva %llx count %llu "
                     "length %u",
                     cases[i].bytes, record.number, record.detail, record.size, record.flags,
                     (unsigned long long)record.value, (unsigned long long)record.gva,
                     (unsigned long long)record.count, record.instruction_length);
        assert_true(vmm_exit_is_complete(&record));
    }
}

/* A guest that changed its code meanwhile is found out, and the record stays as it was. */
static void another_instruction(void **state)
{
    static const char *const others[] = {"90", "0f a2", "0f 22 d0", "0f 20 d8", "0f 23 d8", "f4"};
    const struct nacelle_exit before = {IS(CONTROL_REGISTER), .number = 3,
                                        .flags = MISSING | WRITE};

    struct nacelle_exit record;

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        record = before;
        put_code(others[i]);
        assert_int_equal(vmm_complete_exit(&emulator, &record), VMM_DECODE_MISMATCH);
        assert_memory_equal(&record, &before, sizeof(record));
    }
    put_code("0f 0b");
    page.rip = 0x20000; /* no memory */
    record = before;
    assert_int_equal(vmm_complete_exit(&emulator, &record), VMM_DECODE_NO_CODE);
    assert_non_null(strstr(vmm_decode_text(VMM_DECODE_NO_CODE), "not in the guest's memory"));
}

static void complete_records_stay(void **state)
{
    static const struct nacelle_exit records[] = {
        {IS(CPUID), .instruction_length = 2},
        {IS(CONTROL_REGISTER), .flags = WRITE, .number = 3, .instruction_length = 3},
        {IS(INTERRUPT_WINDOW)},
        {IS(EXCEPTION), .number = 14},
        {IS(SHUTDOWN)},
        {IS(TASK_SWITCH), .flags = NACELLE_EXIT_VECTORING, .vectoring = 0x80000320},
        {IS(POKE)},
    };

    (void)state;
    page.rip = 0x20000; /* nothing is read */
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        struct nacelle_exit record = records[i];

        assert_true(vmm_exit_is_complete(&record));
        assert_int_equal(vmm_complete_exit(&emulator, &record), VMM_DECODE_OK);
        assert_memory_equal(&record, &records[i], sizeof(record));
    }
}

static struct nacelle_exit memory_exit(const char *bytes, uint64_t gpa, uint32_t flags)
{
    struct nacelle_exit record = {IS(MEMORY), .gpa = gpa, .flags = flags};

    put_code(bytes);
    assert_int_equal(vmm_complete_exit(&emulator, &record), VMM_DECODE_OK);
    return record;
}

static void memory_exits(void **state)
{
    struct nacelle_exit record;

    (void)state;
    record = memory_exit("66 a1 04 00 fe 00", DEVICE + 4, READ);
    assert_int_equal(record.flags, READ | GVA);
    assert_int_equal(record.size, 2);
    assert_int_equal(record.gva, DEVICE + 4);
    assert_int_equal(record.instruction_length, 6);
    page.general[RAX] = DEVICE;
    assert_int_equal(memory_exit("83 08 01", DEVICE, WRITE).flags, READ | WRITE | GVA);
    page.general[RSI] = 0x2000;
    page.general[RDI] = DEVICE + 8;
    record = memory_exit("a4", DEVICE + 8, WRITE); /* the one of two that it is */
    assert_int_equal(record.gva, DEVICE + 8);
    assert_int_equal(record.flags, WRITE | GVA);
    page.general[RSI] = DEVICE + 9;
    page.general[RDI] = 0x2000;
    record = memory_exit("f3 a5", DEVICE + 9, READ);
    assert_int_equal(record.gva, DEVICE + 9);
    assert_int_equal(record.size, 4);
    page.general[RBX] = DEVICE - 2; /* from the page before */
    record = memory_exit("8b 03", DEVICE, READ);
    assert_int_equal(record.gva, DEVICE);
    /* of an instruction that is not emulated the length and the address are known all the same */
    record = memory_exit("ff 20", DEVICE, READ);
    assert_int_equal(record.instruction_length, 2);
    assert_int_equal(record.gva, DEVICE);
}

static void exits_of_no_operand(void **state)
{
    struct nacelle_exit record = {IS(MEMORY), .gpa = 0x3000, .flags = READ};

    (void)state;
    put_code("8b 00");
    page.general[RAX] = DEVICE;
    assert_int_equal(vmm_complete_exit(&emulator, &record), VMM_DECODE_MISMATCH);
    put_code("50"); /* PUSH names no memory */
    assert_int_equal(vmm_complete_exit(&emulator, &record), VMM_DECODE_UNSUPPORTED);
    put_code("8e d8"); /* MOV DS, EAX reads a descriptor */
    assert_int_equal(vmm_complete_exit(&emulator, &record), VMM_DECODE_UNSUPPORTED);
    record.flags = READ | NACELLE_EXIT_WALK;
    assert_int_equal(vmm_complete_exit(&emulator, &record), VMM_DECODE_OK);
    assert_int_equal(record.flags, READ | NACELLE_EXIT_WALK);
    page.rip = DEVICE + 3;
    record = (struct nacelle_exit){IS(MEMORY), .gpa = DEVICE + 3, .flags = NACELLE_EXIT_EXECUTE};
    assert_int_equal(vmm_complete_exit(&emulator, &record), VMM_DECODE_OK);
    assert_int_equal(record.gva, DEVICE + 3);
    assert_int_equal(record.flags, NACELLE_EXIT_EXECUTE | GVA);
    page.rip = DEVICE - 3; /* the rest of the instruction */
    record.gpa = DEVICE;
    record.gva = 0;
    assert_int_equal(vmm_complete_exit(&emulator, &record), VMM_DECODE_OK);
    assert_int_equal(record.gva, DEVICE);
}

/* By page tables, and over the end of a page: code at linear 400ffeh, of which the second page is
 * somewhere else. */
static void code_behind_page_tables(void **state)
{
    struct nacelle_exit record = {IS(CONTROL_REGISTER), .number = 3, .flags = MISSING | WRITE};
    const uint32_t tables[] = {0x5003, 0x9003, 0x7003};

    (void)state;
    memcpy(ram + 0x4004, &tables[0], 4); /* directory at 4000h */
    memcpy(ram + 0x5000, &tables[1], 4);
    memcpy(ram + 0x5004, &tables[2], 4);
    page.cr0 |= 1u << 31;
    page.cr3 = 0x4000;
    page.rip = 0x400ffe;
    ram[0x9ffe] = 0x0f;
    ram[0x9fff] = 0x22;
    ram[0x7000] = 0xd9;
    assert_int_equal(vmm_complete_exit(&emulator, &record), VMM_DECODE_OK);
    assert_int_equal(record.detail, RCX);
    assert_int_equal(record.instruction_length, 3);
    memset(ram + 0x5004, 0, 4);
    record.flags |= MISSING;
    assert_int_equal(vmm_complete_exit(&emulator, &record), VMM_DECODE_NO_CODE);
    ram[0x9ffe] = 0x90; /* one that ends before the end of the page needs no second one */
    ram[0x9fff] = 0xf4;
    page.rip = 0x400fff;
    record = (struct nacelle_exit){IS(HLT), .flags = ASSUMED, .instruction_length = 1};
    assert_int_equal(vmm_complete_exit(&emulator, &record), VMM_DECODE_OK);
}

static void modes(void **state)
{
    (void)state;
    in_mode(L);
    assert_int_equal(vmm_decode_mode(&page), L);
    page.segments[NACELLE_CS].rights = 0xc09b; /* compatibility mode */
    assert_int_equal(vmm_decode_mode(&page), D);
    page.segments[NACELLE_CS].rights = 0x009b;
    assert_int_equal(vmm_decode_mode(&page), VMM_MODE_16);
    in_mode(R);
    assert_int_equal(vmm_decode_mode(&page), R);
    page.cr0 = 1;
    page.rflags |= RFLAGS_VM;
    assert_int_equal(vmm_decode_mode(&page), R);
    in_mode(D);
    page.efer = 0;
    page.segments[NACELLE_CS].rights |= 1u << 13; /* L means nothing outside long mode */
    assert_int_equal(vmm_decode_mode(&page), D);
}

static void rip_is_corrected(void **state)
{
    (void)state;
    vmm_correct_rip(&page, 2, 2);
    assert_int_equal(page.rip, CODE);
    assert_int_equal(page.dirty, 0);
    vmm_correct_rip(&page, 2, 5);
    assert_int_equal(page.rip, CODE + 3);
    assert_int_equal(page.dirty, NACELLE_GROUP_IP);
    page.rip = 0xfffffffe; /* wraps outside 64-bit mode */
    vmm_correct_rip(&page, 0, 4);
    assert_true(page.rip == 2);
    in_mode(L);
    page.rip = 0xfffffffe;
    vmm_correct_rip(&page, 0, 4);
    assert_true(page.rip == 0x100000002);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(completed, make_guest),
        cmocka_unit_test_setup(another_instruction, make_guest),
        cmocka_unit_test_setup(complete_records_stay, make_guest),
        cmocka_unit_test_setup(memory_exits, make_guest),
        cmocka_unit_test_setup(exits_of_no_operand, make_guest),
        cmocka_unit_test_setup(code_behind_page_tables, make_guest),
        cmocka_unit_test_setup(modes, make_guest),
        cmocka_unit_test_setup(rip_is_corrected, make_guest),
    };

    (void)emulate;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
