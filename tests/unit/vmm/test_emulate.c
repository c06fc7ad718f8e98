/* SPDX-License-Identifier: BSD-2-Clause */
/* What instructions do that access a device: SDM vol 2, vol 3 chapters 4 and 5. What they compute
 * is compared with a processor in test_native.c. */
#include "guest_code.h"

#define R VMM_MODE_REAL
#define D VMM_MODE_32
#define L VMM_MODE_64

static void expect(const char *what)
{
    assert_string_equal(asked, what);
}

static void loads(void **state)
{
    (void)state;
    assert_int_equal(emulate("8a 25 10 00 fe 00", DEVICE + 0x10), VMM_DECODE_OK); /* AH */
    expect("r1 10;");
    assert_true(page.general[RAX] == 0x1000);
    page.general[RDX] = UINT64_MAX;
    assert_int_equal(emulate("66 8b 15 10 00 fe 00", DEVICE + 0x10), VMM_DECODE_OK);
    expect("r2 10;");
    assert_true(page.general[RDX] == 0xffffffffffff1110ull); /* 16 bits leave the rest */
    assert_int_equal(emulate("8b 15 80 00 fe 00", DEVICE + 0x80), VMM_DECODE_OK);
    expect("r4 80;");
    assert_true(page.general[RDX] == 0x83828180); /* 32 bits clear it */
    assert_int_equal(emulate("0f be 15 80 00 fe 00", DEVICE + 0x80), VMM_DECODE_OK);
    expect("r1 80;");
    assert_true(page.general[RDX] == 0xffffff80);
    assert_int_equal(emulate("0f b7 15 81 00 fe 00", DEVICE + 0x81), VMM_DECODE_OK);
    expect("r2 81;");
    assert_true(page.general[RDX] == 0x8281);
    assert_int_equal(emulate("8b 25 04 00 fe 00", DEVICE + 4), VMM_DECODE_OK); /* ESP */
    assert_true(page.rsp == 0x07060504);
    assert_true(page.dirty & NACELLE_GROUP_RSP);
}

static void stores(void **state)
{
    (void)state;
    page.general[RBX] = 0x1122334455667788;
    assert_int_equal(emulate("88 3d 10 00 fe 00", DEVICE + 0x10), VMM_DECODE_OK); /* BH */
    expect("w1 10=77;");
    assert_int_equal(emulate("89 1d 10 00 fe 00", DEVICE + 0x10), VMM_DECODE_OK);
    expect("w4 10=55667788;");
    assert_int_equal(emulate("66 c7 05 10 00 fe 00 34 12", DEVICE + 0x10), VMM_DECODE_OK);
    expect("w2 10=1234;");
    page.rsp = 0x4321;
    assert_int_equal(emulate("89 25 10 00 fe 00", DEVICE + 0x10), VMM_DECODE_OK);
    expect("w4 10=4321;");
    in_mode(L);
    assert_int_equal(emulate("48 89 1c 25 10 00 fe 00", DEVICE + 0x10), VMM_DECODE_OK);
    expect("w8 10=1122334455667788;");
    assert_int_equal(emulate("48 c7 04 25 10 00 fe 00 00 00 00 80", DEVICE + 0x10), VMM_DECODE_OK);
    expect("w8 10=ffffffff80000000;");
    page.rsp = 0x66;
    assert_int_equal(emulate("40 88 24 25 10 00 fe 00", DEVICE + 0x10), VMM_DECODE_OK); /* SPL */
    expect("w1 10=66;");
    assert_int_equal(emulate("48 a3 10 00 fe 00 00 00 00 00", DEVICE + 0x10), VMM_DECODE_OK);
    expect("w8 10=0;");
    assert_int_equal(page.rip, CODE); /* that is the caller's to change */
}

static void read_modify_write(void **state)
{
    (void)state;
    page.general[RDI] = DEVICE;
    assert_int_equal(emulate("80 4f 20 80", DEVICE + 0x20), VMM_DECODE_OK); /* OR */
    expect("r1 20;w1 20=a0;");
    assert_int_equal(emulate("f0 83 67 20 0f", DEVICE + 0x20), VMM_DECODE_OK); /* LOCK AND */
    expect("r4 20;w4 20=0;");
    assert_true(page.rflags & RFLAGS_ZF);
    assert_int_equal(emulate("f6 47 20 20", DEVICE + 0x20), VMM_DECODE_OK); /* TEST */
    expect("r1 20;");
    assert_false(page.rflags & RFLAGS_ZF);
    assert_int_equal(emulate("81 7f 20 20 21 22 23", DEVICE + 0x20), VMM_DECODE_OK); /* CMP */
    expect("r4 20;");
    assert_true(page.rflags & RFLAGS_ZF);
    assert_int_equal(emulate("87 47 20", DEVICE + 0x20), VMM_DECODE_OK); /* XCHG EAX */
    expect("r4 20;w4 20=0;");
    assert_true(page.general[RAX] == 0x23222120);
    page.general[RCX] = 1;
    assert_int_equal(emulate("f0 0f b1 4f 20", DEVICE + 0x20), VMM_DECODE_OK); /* CMPXCHG */
    expect("r4 20;w4 20=1;");
    assert_int_equal(emulate("0f c1 4f 20", DEVICE + 0x20), VMM_DECODE_OK); /* XADD */
    expect("r4 20;w4 20=23222121;");
    assert_true(page.general[RCX] == 0x23222120);
    assert_int_equal(emulate("0f ba 6f 20 06", DEVICE + 0x20), VMM_DECODE_OK); /* BTS 6 */
    expect("r4 20;w4 20=23222160;");
    page.general[RCX] = (uint32_t)-33; /* two doublewords below, bit 31 */
    assert_int_equal(emulate("0f bb 4f 20", DEVICE + 0x18), VMM_DECODE_OK); /* BTC */
    expect("r4 18;w4 18=9b1a1918;");
    page.general[RCX] = 70;
    assert_int_equal(emulate("0f a3 4f 20", DEVICE + 0x28), VMM_DECODE_OK); /* BT */
    expect("r4 28;");
    assert_false(page.rflags & RFLAGS_CF);
}

static void other_moves(void **state)
{
    (void)state;
    page.general[RDI] = DEVICE;
    page.general[RCX] = 0x11223344;
    assert_int_equal(emulate("0f 38 f1 0f", DEVICE), VMM_DECODE_OK); /* MOVBE */
    expect("w4 0=44332211;");
    assert_int_equal(emulate("66 0f 38 f0 4f 12", DEVICE + 0x12), VMM_DECODE_OK);
    expect("r2 12;");
    assert_true(page.general[RCX] == 0x11221213);
    assert_int_equal(emulate("0f c3 0f", DEVICE), VMM_DECODE_OK); /* MOVNTI */
    expect("w4 0=11221213;");
    in_mode(L);
    assert_int_equal(emulate("48 63 8f 84 00 00 00", DEVICE + 0x84), VMM_DECODE_OK); /* MOVSXD */
    assert_true(page.general[RCX] == 0xffffffff87868584);
    assert_int_equal(emulate("48 0f 38 f0 0f", DEVICE), VMM_DECODE_OK);
    assert_true(page.general[RCX] == 0x0001020304050607);
}

static void addresses(void **state)
{
    (void)state;
    page.rsp = DEVICE - 0x10;
    page.general[RCX] = 8;
    assert_int_equal(emulate("8b 44 8c 04", DEVICE + 0x14), VMM_DECODE_OK); /* ESP + 4*ECX + 4 */
    expect("r4 14;");
    page.segments[NACELLE_FS].base = DEVICE;
    page.general[RBX] = 0xfffffff8; /* wraps at 4 GiB */
    assert_int_equal(emulate("64 8b 43 10", DEVICE + 8), VMM_DECODE_OK);
    expect("r4 8;");
    in_mode(R);
    page.segments[NACELLE_DS] =
        (struct nacelle_segment){.rights = 0x93, .base = DEVICE, .limit = 0xffff};
    page.general[RBX] = 0xaaaafff0;
    page.general[RSI] = 0xbbbb0018;
    assert_int_equal(emulate("8b 00", DEVICE + 8), VMM_DECODE_OK); /* BX + SI, 16 bits */
    expect("r2 8;");
    assert_int_equal(emulate("67 66 c7 04 25 20 00 00 00 78 56 34 12", DEVICE + 0x20),
                     VMM_DECODE_OK);
    expect("w4 20=12345678;");
    in_mode(L);
    assert_int_equal(emulate("8b 05 fa ef fd 00", DEVICE), VMM_DECODE_OK); /* RIP-relative */
    expect("r4 0;");
    page.general[8] = DEVICE;
    page.general[9] = 2;
    assert_int_equal(emulate("47 8a 0c 48", DEVICE + 4), VMM_DECODE_OK); /* R9B, [R8 + 2*R9] */
    expect("r1 4;");
    assert_true(page.general[9] == 4);
}

static void over_the_end_of_a_page(void **state)
{
    (void)state;
    page.general[RSI] = DEVICE + 0xffe;
    assert_int_equal(emulate("8b 06", DEVICE + 0xffe), VMM_DECODE_OK);
    expect("r2 ffe;r2 1000;");
    assert_true(page.general[RAX] == 0x0100fffe);
    page.general[RSI] = DEVICE + 0xfff; /* three bytes are two accesses */
    assert_int_equal(emulate("c7 06 44 33 22 11", DEVICE + 0x1000), VMM_DECODE_OK);
    expect("w1 fff=44;w2 1000=2233;w1 1002=11;");
    page.general[RSI] = DEVICE - 2; /* partly nobody: all ones */
    assert_int_equal(emulate("8b 06", DEVICE), VMM_DECODE_OK);
    expect("r2 0;");
    assert_true(page.general[RAX] == 0x0100ffff);
    page.general[RSI] = 0xfffe; /* from memory into nothing */
    ram[0xfffe] = 0x12;
    assert_int_equal(emulate("8b 06", 0x10000), VMM_DECODE_OK);
    assert_true(page.general[RAX] == 0xffff0012);
}

static void strings(void **state)
{
    (void)state;
    page.general[RAX] = 0x44434241;
    page.general[RDI] = DEVICE + 0x10;
    page.general[RCX] = 3;
    assert_int_equal(emulate("f3 66 ab", DEVICE + 0x10), VMM_DECODE_OK);
    expect("w2 10=4241;w2 12=4241;w2 14=4241;");
    assert_true(page.general[RCX] == 0);
    assert_true(page.general[RDI] == DEVICE + 0x16);
    page.rflags |= RFLAGS_DF;
    assert_int_equal(emulate("aa", DEVICE + 0x16), VMM_DECODE_OK);
    expect("w1 16=41;");
    assert_true(page.general[RDI] == DEVICE + 0x15);
    page.rflags &= ~(uint64_t)RFLAGS_DF;
    page.general[RSI] = DEVICE + 4; /* from the device */
    page.general[RDI] = 0x3000;
    page.general[RCX] = 2;
    assert_int_equal(emulate("f3 a5", DEVICE + 4), VMM_DECODE_OK);
    expect("r4 4;r4 8;");
    assert_memory_equal(ram + 0x3000, "\4\5\6\7\10\11\12\13", 8);
    page.general[RSI] = 0x3001; /* to the device */
    page.general[RDI] = DEVICE;
    assert_int_equal(emulate("a4", DEVICE), VMM_DECODE_OK);
    expect("w1 0=5;");
    page.general[RSI] = DEVICE + 0x40;
    assert_int_equal(emulate("ad", DEVICE + 0x40), VMM_DECODE_OK);
    assert_true(page.general[RAX] == 0x43424140);
    page.general[RSI] = DEVICE + 0x40; /* device to device */
    page.general[RDI] = DEVICE + 0x50;
    assert_int_equal(emulate("a5", DEVICE + 0x50), VMM_DECODE_OK);
    expect("r4 40;w4 50=43424140;");
}

static void string_registers_by_address_size(void **state)
{
    (void)state;
    page.segments[NACELLE_ES].base = DEVICE;
    page.general[RDI] = 0x7777ffff;
    page.general[RCX] = 0x11110001;
    assert_int_equal(emulate("f3 67 aa", DEVICE + 0xffff), VMM_DECODE_OK);
    assert_true(page.general[RDI] == 0x77770000);
    assert_true(page.general[RCX] == 0x11110000);
    in_mode(L);
    page.general[RDI] = 0xffffffff00fe0000; /* 67h: EDI, whose upper half the step clears */
    assert_int_equal(emulate("67 aa", DEVICE), VMM_DECODE_OK);
    assert_true(page.general[RDI] == DEVICE + 1);
}

static void a_long_repetition_comes_in_parts(void **state)
{
    (void)state;
    page.segments[NACELLE_ES].base = 0x02000000; /* nobody */
    page.general[RDI] = 0;
    page.general[RCX] = 5000;
    assert_int_equal(emulate("f3 aa", 0x02000000), VMM_DECODE_AGAIN);
    assert_int_equal(page.general[RCX], 5000 - 4096);
    assert_int_equal(emulate("f3 aa", 0x02001000), VMM_DECODE_OK);
    assert_int_equal(page.general[RDI], 5000);
}

/* Directory at 4000h: 0-3fffffh by a table at 5000h, c00000h-ffffffh by one at 6000h. */
static void turn_paging_on(void)
{
    const uint32_t directory[] = {0x5007, 0, 0, 0x6007};

    memcpy(ram + 0x4000, directory, sizeof(directory));
    for (size_t i = 0; i < 16; i++) {
        uint32_t entry = (uint32_t)i << 12 | 7;

        memcpy(ram + 0x5000 + i * 4, &entry, 4);
    }
    for (size_t i = 0; i < 2; i++) {
        uint32_t entry = (DEVICE + ((uint32_t)i << 12)) | 7;

        memcpy(ram + 0x6000 + (0x3e0 + i) * 4, &entry, 4);
    }
    page.cr0 |= 1u << 31 | 1u << 16;
    page.cr3 = 0x4000;
}

static void page_faults(void **state)
{
    (void)state;
    turn_paging_on();
    page.general[RSI] = DEVICE;
    page.general[RDI] = 0x7ffe; /* the second element crosses into a page that is read-only */
    page.general[RCX] = 3;
    ram[0x5000 + 8 * 4] &= ~2u;
    assert_int_equal(emulate("f3 66 a5", DEVICE), VMM_DECODE_FAULT);
    expect("r2 0;");
    assert_int_equal(page.general[RCX], 2);
    assert_int_equal(page.general[RSI], DEVICE + 2);
    assert_int_equal(emulator.fault, 0x80000b0e);
    assert_int_equal(emulator.fault_error, 3);
    assert_true(page.cr2 == 0x8000);
    assert_true(page.dirty & NACELLE_GROUP_CONTROL);
    /* the page that was written is accessed and dirty now, that of the device accessed */
    assert_int_equal(ram[0x5000 + 7 * 4], 0x67);
    assert_int_equal(ram[0x6000 + 0x3e0 * 4], 0x27);
    page.cr0 &= ~(1ull << 16); /* without WP the supervisor may */
    assert_int_equal(emulate("f3 66 a5", DEVICE + 2), VMM_DECODE_OK);
    page.segments[NACELLE_SS].rights |= 3 << 5; /* user level may not */
    page.general[RDI] = 0x8000;
    page.general[RSI] = DEVICE;
    assert_int_equal(emulate("66 a5", DEVICE), VMM_DECODE_FAULT);
    assert_int_equal(emulator.fault_error, 7);
    page.general[RDI] = 0x12000; /* nothing there */
    assert_int_equal(emulate("a4", DEVICE), VMM_DECODE_FAULT);
    assert_int_equal(emulator.fault_error, 6);
    /* an access of which the second page is missing does nothing at all */
    ram[0x6000 + 0x3e1 * 4] = 0;
    page.general[RDI] = DEVICE + 0xffe;
    assert_int_equal(emulate("83 0f 01", DEVICE + 0xffe), VMM_DECODE_FAULT);
    expect("");
    assert_true(page.cr2 == DEVICE + 0x1000);
}

static void segment_faults(void **state)
{
    (void)state;
    page.general[RSI] = DEVICE;
    page.general[RDI] = 0x3000;
    page.segments[NACELLE_ES].limit = 0x3002;
    assert_int_equal(emulate("a5", DEVICE), VMM_DECODE_FAULT);
    assert_int_equal(emulator.fault, 0x80000b0d);
    assert_int_equal(emulator.fault_error, 0);
    assert_int_equal(emulate("66 a5", DEVICE), VMM_DECODE_OK);
    page.segments[NACELLE_ES].rights = 0xc091; /* read-only */
    page.general[RDI] = 0x2000;
    assert_int_equal(emulate("a4", DEVICE), VMM_DECODE_FAULT);
    page.segments[NACELLE_ES].rights = 0xc097; /* expand-down: above the limit */
    assert_int_equal(emulate("a4", DEVICE), VMM_DECODE_FAULT);
    page.general[RDI] = 0x3003;
    page.general[RSI] = DEVICE;
    assert_int_equal(emulate("a4", DEVICE), VMM_DECODE_OK);
    page.segments[NACELLE_ES].rights = 1u << 16; /* null selector */
    assert_int_equal(emulate("a4", DEVICE + 1), VMM_DECODE_FAULT);
    in_mode(L); /* where there are neither rights nor limits, but canonical addresses */
    assert_int_equal(emulate("a4", DEVICE + 1), VMM_DECODE_OK);
    page.general[RDI] = 0x00007fffffffffff;
    assert_int_equal(emulate("66 a5", DEVICE), VMM_DECODE_FAULT);
    assert_int_equal(emulator.fault, 0x80000b0d);
    page.rsp = 0x8000000000000000;
    assert_int_equal(emulate("8b 04 24", DEVICE), VMM_DECODE_FAULT);
    assert_int_equal(emulator.fault, 0x80000b0c);
}

static void memory_that_is_read_only(void **state)
{
    (void)state;
    page.general[RDI] = 0xf0010;
    assert_int_equal(emulate("80 0f 01", 0xf0010), VMM_DECODE_OK);
    assert_int_equal(rom[0x10], 0x5a);
    expect("");
}

static void what_is_not_emulated(void **state)
{
    static const char *const others[] = {
        "ff 20",    /* JMP [EAX] */
        "ff 30",    /* PUSH */
        "50",       /* PUSH EAX, with the stack there */
        "8e 00",    /* MOV ES */
        "0f 10 00", /* MOVUPS */
        "d9 00",    /* FLD */
        "0f c7 08", /* CMPXCHG8B */
        "0f 01 10", /* LGDT */
        "d1 20",    /* SHL */
    };

    (void)state;
    page.general[RAX] = DEVICE;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(emulate(others[i], DEVICE), VMM_DECODE_UNSUPPORTED);
        expect("");
    }
    assert_int_equal(emulate("8b 00", 0x5000), VMM_DECODE_MISMATCH);
    assert_int_equal(emulate("a4", 0x5000), VMM_DECODE_MISMATCH);
    assert_int_equal(emulate("0f 04", DEVICE), VMM_DECODE_INVALID);
    page.rip = 0x20000;
    page.exit.gpa = DEVICE;
    assert_int_equal(vmm_emulate(&emulator, &(uint32_t){0}), VMM_DECODE_NO_CODE);
    page.exit.flags = NACELLE_EXIT_EXECUTE;
    assert_int_equal(vmm_emulate(&emulator, &(uint32_t){0}), VMM_DECODE_UNSUPPORTED);
}

static uint64_t seed = 1;

static uint64_t any(void)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return seed >> 24 ^ seed << 40;
}

/* Whatever a guest has in its registers, tables and code, something comes out of it; here the
 * sanitizers say whether it was well done. Half of the opcodes are those of MOV and the like. */
static void any_state(void **state)
{
    for (unsigned round = 0; round < 60000; round++) {
        struct nacelle_exit record = {.kind = (uint32_t)any() % NACELLE_EXIT_COUNT,
                                      .flags = (uint32_t)any(),
                                      .number = (uint32_t)any() % 9};
        uint32_t length;

        if (round % 64 == 0)
            make_guest(state);
        asked[0] = '\0';
        for (unsigned i = 0; i < 16; i++)
            page.general[i] = any() & 1 ? any() : DEVICE + any() % 0x2100;
        for (unsigned i = 0; i < 6; i++) {
            page.segments[i].rights = (uint32_t)any() & 0x1ffff;
            page.segments[i].limit = (uint32_t)(any() >> any() % 32);
            page.segments[i].base = any() & 3 ? 0 : any();
        }
        page.segments[NACELLE_CS].base = 0;
        page.rsp = any();
        page.cr0 = any() & 0x80010001;
        page.cr3 = any() & 0xffff;
        page.cr4 = any() & 0x301030;
        page.efer = any() & 0xc00;
        page.rflags = any();
        page.rip = any() & 1 ? CODE : any() & 0xffff;
        for (unsigned i = 0; i < 16; i++)
            ram[(page.rip + i) & 0xffff] = (uint8_t)any();
        if (any() & 1)
            ram[page.rip] = (uint8_t)(0x88 + any() % 4);
        for (unsigned i = 0; i < 64; i++)
            ram[any() & 0xffff] |= 1;
        page.exit =
            (struct nacelle_exit){.kind = NACELLE_EXIT_MEMORY, .gpa = DEVICE + any() % 0x2000};
        (void)vmm_emulate(&emulator, &length);
        asked[0] = '\0';
        (void)vmm_complete_exit(&emulator, &record);
        (void)vmm_complete_exit(&emulator, &page.exit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(loads, make_guest),
        cmocka_unit_test_setup(stores, make_guest),
        cmocka_unit_test_setup(read_modify_write, make_guest),
        cmocka_unit_test_setup(other_moves, make_guest),
        cmocka_unit_test_setup(addresses, make_guest),
        cmocka_unit_test_setup(over_the_end_of_a_page, make_guest),
        cmocka_unit_test_setup(strings, make_guest),
        cmocka_unit_test_setup(string_registers_by_address_size, make_guest),
        cmocka_unit_test_setup(a_long_repetition_comes_in_parts, make_guest),
        cmocka_unit_test_setup(page_faults, make_guest),
        cmocka_unit_test_setup(segment_faults, make_guest),
        cmocka_unit_test_setup(memory_that_is_read_only, make_guest),
        cmocka_unit_test_setup(what_is_not_emulated, make_guest),
        cmocka_unit_test_setup(any_state, make_guest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
