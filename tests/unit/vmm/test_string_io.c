/* SPDX-License-Identifier: BSD-2-Clause */
#include "vcpu_test.h"

#include <vmm/string_io.h>

#define CR0_PG   (1ull << 31)
#define PORT_IN  0x511 /* fw_cfg: the signature */
#define PORT_OUT 0x402

static void set_exit(bool in, bool repeat, unsigned size, unsigned address_size, uint64_t gva,
                     uint64_t count)
{
    state_page.exit =
        (struct nacelle_exit){.kind = NACELLE_EXIT_PORT,
                              .flags = (in ? NACELLE_EXIT_READ : NACELLE_EXIT_WRITE) |
                                       NACELLE_EXIT_STRING | (repeat ? NACELLE_EXIT_REPEAT : 0),
                              .number = in ? PORT_IN : PORT_OUT,
                              .size = size,
                              .instruction_length = repeat ? 2 : 1,
                              .detail = address_size << 8,
                              .gva = gva,
                              .count = count};
}

static void rep_insb(void **state)
{
    (void)state;
    state_page.general[RDI] = 0xaaaa0000ffff0010ull;
    state_page.general[RCX] = 4;
    set_exit(true, true, 1, 2, 0x5010, 4); /* es.base 5000h, di 10h */
    assert_int_equal(vmm_handle_exit(&vcpu), VMM_ADVANCE);
    assert_memory_equal(ram + 0x5010, "QEMU", 5);
    assert_true(state_page.general[RDI] == 0xaaaa0000ffff0014ull);
    assert_int_equal(state_page.general[RCX], 0);
    assert_true(fetched & NACELLE_GROUP_CONTROL);
}

static void backwards(void **state)
{
    (void)state;
    state_page.rflags = 1 << 10;
    state_page.general[RDI] = 0x103;
    state_page.general[RCX] = 4;
    set_exit(true, true, 1, 4, 0x103, 4);
    assert_int_equal(vmm_handle_exit(&vcpu), VMM_ADVANCE);
    assert_memory_equal(ram + 0x100, "UMEQ", 4);
    assert_int_equal(state_page.general[RDI], 0xff);
}

static void one_outsb(void **state)
{
    (void)state;
    state_page.general[RSI] = 0x20;
    state_page.general[RCX] = 77;
    ram[0x20] = 'x';
    set_exit(false, false, 1, 8, 0x20, 0);
    assert_int_equal(vmm_handle_exit(&vcpu), VMM_ADVANCE);
    assert_int_equal(pc.debug.line[0], 'x');
    assert_int_equal(state_page.general[RSI], 0x21);
    assert_int_equal(state_page.general[RCX], 77);
}

static void the_index_wraps_at_the_address_size(void **state)
{
    (void)state;
    state_page.general[RSI] = 0xffff;
    state_page.general[RCX] = 2;
    ram[0xffff] = 'a';
    ram[0] = 'b';
    set_exit(false, true, 1, 2, 0xffff, 2);
    assert_int_equal(vmm_handle_exit(&vcpu), VMM_ADVANCE);
    assert_memory_equal(pc.debug.line, "ab", 2);
    assert_int_equal(state_page.general[RSI], 1);
}

static void long_repeats_come_in_parts(void **state)
{
    (void)state;
    state_page.general[RSI] = 0;
    state_page.general[RCX] = 10000;
    set_exit(false, true, 1, 4, 0, 10000);
    assert_int_equal(vmm_handle_exit(&vcpu), VMM_AGAIN);
    assert_int_equal(state_page.general[RCX], 10000 - 4096);
    assert_int_equal(state_page.general[RSI], 4096);
    set_exit(false, true, 1, 4, 4096, 0);
    assert_int_equal(vmm_handle_exit(&vcpu), VMM_ADVANCE); /* nothing left */
}

static void memory_of_nobody_floats(void **state)
{
    (void)state;
    state_page.general[RSI] = 0x20000;
    set_exit(false, false, 2, 4, 0x20000, 0);
    state_page.exit.number = 0x21;
    assert_int_equal(vmm_handle_exit(&vcpu), VMM_ADVANCE);
    assert_int_equal(vmm_ports_read(&pc.ports, 0x21, 1), 0xff);
}

static void unmapped_memory_is_a_page_fault(void **state)
{
    (void)state;
    state_page.cr0 = CR0_PG; /* page tables at 0, all empty */
    state_page.general[RDI] = 0x5000;
    state_page.general[RCX] = 3;
    set_exit(true, true, 1, 4, 0x5000, 3);
    assert_int_equal(vmm_handle_exit(&vcpu), VMM_AGAIN);
    assert_int_equal(vcpu.exception, 0x80000b0e);
    assert_int_equal(vcpu.exception_error, 2);
    assert_int_equal(state_page.cr2, 0x5000);
    assert_true(state_page.dirty & NACELLE_GROUP_CONTROL);
    assert_int_equal(state_page.general[RCX], 3);
    assert_int_equal(state_page.general[RDI], 0x5000);
    state_page.segments[NACELLE_SS].rights = 3 << 5;
    assert_int_equal(vmm_handle_exit(&vcpu), VMM_AGAIN);
    assert_int_equal(vcpu.exception_error, 6); /* in user mode */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(rep_insb, make_vcpu),
        cmocka_unit_test_setup(backwards, make_vcpu),
        cmocka_unit_test_setup(one_outsb, make_vcpu),
        cmocka_unit_test_setup(the_index_wraps_at_the_address_size, make_vcpu),
        cmocka_unit_test_setup(long_repeats_come_in_parts, make_vcpu),
        cmocka_unit_test_setup(memory_of_nobody_floats, make_vcpu),
        cmocka_unit_test_setup(unmapped_memory_is_a_page_fault, make_vcpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
