/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/pit.h>

static struct vmm_pit pit;
static struct vmm_ports ports;
static struct vmm_clock clock;
static struct test_line line;

static void out(uint16_t port, uint8_t value)
{
    vmm_ports_write(&ports, port, 1, value);
}

static uint8_t in(uint16_t port)
{
    return (uint8_t)vmm_ports_read(&ports, port, 1);
}

static int make(void **state)
{
    (void)state;
    ports = (struct vmm_ports){0};
    clock = (struct vmm_clock){.hz = VMM_PIT_HZ}; /* one TSC tick a clock of the 8254 */
    vmm_pit_init(&pit, &clock, test_line(&line));
    assert_true(vmm_pit_add_ports(&pit, &ports));
    return 0;
}

static void load(unsigned channel, uint8_t control, uint16_t count)
{
    out(0x43, control);
    out((uint16_t)(0x40 + channel), (uint8_t)count);
    out((uint16_t)(0x40 + channel), (uint8_t)(count >> 8));
}

static uint16_t latch(unsigned channel)
{
    uint16_t low;

    out(0x43, (uint8_t)(channel << 6));
    low = in((uint16_t)(0x40 + channel));
    return (uint16_t)(low | in((uint16_t)(0x40 + channel)) << 8);
}

static void mode_0_interrupts_once(void **state)
{
    (void)state;
    load(0, 0x30, 1000);
    assert_false(vmm_pit_output(&pit, 0));
    assert_int_equal(latch(0), 1000);
    test_advance(&clock, 999);
    assert_int_equal(latch(0), 1);
    assert_int_equal(line.edges, 0);
    test_advance(&clock, 1);
    assert_int_equal(line.edges, 1);
    assert_true(vmm_pit_output(&pit, 0));
    test_advance(&clock, 2);
    assert_int_equal(latch(0), 0xfffe); /* goes on */
    test_advance(&clock, 1000000);
    assert_int_equal(line.edges, 1);
}

static void mode_0_stops_between_the_two_bytes(void **state)
{
    (void)state;
    load(0, 0x30, 1000);
    test_advance(&clock, 500);
    out(0x40, 0x10);
    test_advance(&clock, 5000);
    assert_int_equal(line.edges, 0);
    out(0x40, 0x00);
    test_advance(&clock, 15);
    assert_int_equal(line.edges, 0);
    test_advance(&clock, 1);
    assert_int_equal(line.edges, 1);
}

static void mode_2_interrupts_periodically(void **state)
{
    (void)state;
    load(0, 0x34, 100);
    assert_int_equal(latch(0), 100);
    test_advance(&clock, 99);
    assert_int_equal(latch(0), 1);
    assert_false(vmm_pit_output(&pit, 0));
    test_advance(&clock, 1);
    assert_true(vmm_pit_output(&pit, 0));
    assert_int_equal(latch(0), 100);
    assert_int_equal(line.edges, 1 + 1); /* the control word raised the output, too */
    test_advance(&clock, 1000);
    assert_int_equal(line.edges, 12);
}

static void mode_2_takes_a_new_count_at_the_end_of_the_period(void **state)
{
    (void)state;
    load(0, 0x34, 100);
    test_advance(&clock, 250);
    line.edges = 0;
    out(0x40, 10);
    out(0x40, 0);
    assert_int_equal(latch(0), 50);
    test_advance(&clock, 49);
    assert_int_equal(line.edges, 0);
    test_advance(&clock, 1);
    assert_int_equal(line.edges, 1);
    assert_int_equal(latch(0), 10);
    test_advance(&clock, 25);
    assert_int_equal(line.edges, 3);
}

static void mode_3_is_a_square_wave(void **state)
{
    (void)state;
    load(2, 0xb6, 7);
    out(0x61, 0x01);
    for (unsigned i = 0; i < 14; i++) {
        /* an odd count: high for 4 clocks, low for 3 */
        assert_int_equal(vmm_pit_output(&pit, 2), i % 7 < 4);
        assert_int_equal(in(0x61) >> 5 & 1, i % 7 < 4);
        clock.now++;
    }
    load(2, 0xb6, 10);
    assert_int_equal(latch(2), 10);
    clock.now += 3;
    assert_int_equal(latch(2), 4); /* down by two */
    clock.now += 3;
    assert_int_equal(latch(2), 8);
}

static void the_default_of_a_pc_is_18_2_hz(void **state)
{
    (void)state;
    load(0, 0x36, 0);
    line.edges = 0;
    test_advance(&clock, VMM_PIT_HZ * 10ull);
    assert_int_equal(line.edges, 182);
    assert_int_equal(pit.ticks, 182);
}

static void mode_1_waits_for_the_gate(void **state)
{
    (void)state;
    load(2, 0xb2, 50);
    assert_true(vmm_pit_output(&pit, 2));
    clock.now += 100;
    assert_true(vmm_pit_output(&pit, 2));
    out(0x61, 0x01);
    assert_false(vmm_pit_output(&pit, 2));
    clock.now += 49;
    assert_false(vmm_pit_output(&pit, 2));
    clock.now++;
    assert_true(vmm_pit_output(&pit, 2));
    out(0x61, 0x00);
    out(0x61, 0x01); /* triggered again */
    assert_false(vmm_pit_output(&pit, 2));
}

static void modes_4_and_5_strobe(void **state)
{
    (void)state;
    load(0, 0x38, 20);
    assert_true(vmm_pit_output(&pit, 0));
    clock.now += 20;
    assert_false(vmm_pit_output(&pit, 0));
    clock.now++;
    assert_true(vmm_pit_output(&pit, 0));
    load(2, 0xba, 20);
    clock.now += 100;
    assert_true(vmm_pit_output(&pit, 2));
    out(0x61, 0x01);
    clock.now += 20;
    assert_false(vmm_pit_output(&pit, 2));
    clock.now++;
    assert_true(vmm_pit_output(&pit, 2));
}

static void a_low_gate_holds_the_count(void **state)
{
    (void)state;
    out(0x61, 0x01);
    load(2, 0xb0, 1000);
    clock.now += 100;
    out(0x61, 0x00);
    clock.now += 5000;
    assert_int_equal(latch(2), 900);
    assert_false(vmm_pit_output(&pit, 2));
    out(0x61, 0x01);
    clock.now += 899;
    assert_int_equal(latch(2), 1);
    clock.now++;
    assert_true(vmm_pit_output(&pit, 2));
    /* a rate generator starts again instead */
    load(2, 0xb4, 100);
    clock.now += 30;
    out(0x61, 0x00);
    assert_true(vmm_pit_output(&pit, 2));
    out(0x61, 0x01);
    assert_int_equal(latch(2), 100);
}

static void a_latch_holds_until_it_is_read(void **state)
{
    (void)state;
    load(0, 0x34, 0x1000);
    clock.now += 0x100;
    out(0x43, 0x00);
    clock.now += 0x100;
    out(0x43, 0x00); /* the first one counts */
    assert_int_equal(in(0x40), 0x00);
    assert_int_equal(in(0x40), 0x0f);
    assert_int_equal(in(0x40), 0x00); /* not latched: low, then high */
    assert_int_equal(in(0x40), 0x0e);
    out(0x43, 0x14); /* low byte only */
    out(0x40, 0x80);
    clock.now += 1;
    assert_int_equal(in(0x40), 0x7f);
    out(0x43, 0x24); /* high byte only */
    out(0x40, 0x20);
    clock.now += 1;
    assert_int_equal(in(0x40), 0x1f);
}

static void reading_back(void **state)
{
    (void)state;
    load(0, 0x34, 0x1000);
    load(2, 0xb6, 0x2000);
    clock.now += 0x10;
    out(0x43, 0xca);                  /* count and status of channels 0 and 2: 1100 1010 */
    assert_int_equal(in(0x40), 0xb4); /* output high, both bytes, mode 2 */
    assert_int_equal(in(0x40), 0xf0);
    assert_int_equal(in(0x40), 0x0f);
    assert_int_equal(in(0x42), 0xb6);
    out(0x43, 0xe8); /* status of channel 2 */
    assert_int_equal(in(0x42), 0xb6);
    out(0x43, 0xb0); /* a control word alone: the count is not loaded yet */
    out(0x43, 0xe8);
    assert_int_equal(in(0x42), 0x70);
}

static void decimal_counting(void **state)
{
    (void)state;
    load(0, 0x35, 0x1000);
    clock.now += 1;
    assert_int_equal(latch(0), 0x0999);
    load(0, 0x35, 0x0000);
    assert_int_equal(latch(0), 0x0000); /* 10000 */
    clock.now += 1;
    assert_int_equal(latch(0), 0x9999);
}

static void port_b(void **state)
{
    uint8_t first;

    (void)state;
    assert_int_equal(in(0x61) & 0x03, 0);
    out(0x61, 0xff);
    assert_int_equal(in(0x61) & 0xcf, 0x03);
    first = in(0x61) & 0x10;
    clock.now += 19; /* 15 us: the refresh bit toggles */
    assert_int_not_equal(in(0x61) & 0x10, first);
    assert_int_equal(in(0x43), 0xff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(mode_0_interrupts_once, make),
        cmocka_unit_test_setup(mode_0_stops_between_the_two_bytes, make),
        cmocka_unit_test_setup(mode_2_interrupts_periodically, make),
        cmocka_unit_test_setup(mode_2_takes_a_new_count_at_the_end_of_the_period, make),
        cmocka_unit_test_setup(mode_3_is_a_square_wave, make),
        cmocka_unit_test_setup(the_default_of_a_pc_is_18_2_hz, make),
        cmocka_unit_test_setup(mode_1_waits_for_the_gate, make),
        cmocka_unit_test_setup(modes_4_and_5_strobe, make),
        cmocka_unit_test_setup(a_low_gate_holds_the_count, make),
        cmocka_unit_test_setup(a_latch_holds_until_it_is_read, make),
        cmocka_unit_test_setup(reading_back, make),
        cmocka_unit_test_setup(decimal_counting, make),
        cmocka_unit_test_setup(port_b, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
