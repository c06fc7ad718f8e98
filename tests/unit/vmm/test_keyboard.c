/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/keyboard.h>

static struct vmm_keyboard keyboard;
static struct vmm_ports ports;
static struct test_line line;
static struct vmm_reset reset;

static int make(void **state)
{
    (void)state;
    ports = (struct vmm_ports){0};
    reset.requested = false;
    vmm_keyboard_init(&keyboard, test_line(&line), &reset);
    assert_true(vmm_keyboard_add_ports(&keyboard, &ports));
    return 0;
}

static void command(uint8_t value)
{
    vmm_ports_write(&ports, 0x64, 1, value);
}

static void data(uint8_t value)
{
    vmm_ports_write(&ports, 0x60, 1, value);
}

static uint8_t status(void)
{
    return (uint8_t)vmm_ports_read(&ports, 0x64, 1);
}

/* A byte that must be there. */
static uint8_t answer(void)
{
    assert_int_equal(status() & 1, 1);
    return (uint8_t)vmm_ports_read(&ports, 0x60, 1);
}

static void tests_pass(void **state)
{
    (void)state;
    assert_int_equal(status() & 0x03, 0);
    command(0xaa);
    assert_int_equal(answer(), 0x55);
    assert_int_equal(status() & 0x05, 0x04);
    command(0xab);
    assert_int_equal(answer(), 0x00);
    command(0xa9);
    assert_int_equal(answer(), 0x00);
}

static void the_command_byte_can_be_written(void **state)
{
    (void)state;
    command(0x60);
    data(0x65);
    command(0x20);
    assert_int_equal(answer(), 0x65);
    command(0xad);
    command(0xa7);
    command(0x20);
    assert_int_equal(answer(), 0x75);
    command(0xae);
    command(0xa8);
    command(0x20);
    assert_int_equal(answer(), 0x45);
}

static void the_keyboard_answers(void **state)
{
    (void)state;
    data(0xff);
    assert_int_equal(answer(), 0xfa);
    assert_int_equal(answer(), 0xaa);
    data(0xf0);
    assert_int_equal(answer(), 0xfa);
    data(0x02);
    assert_int_equal(answer(), 0xfa);
    data(0xed);
    assert_int_equal(answer(), 0xfa);
    data(0x07);
    assert_int_equal(answer(), 0xfa);
    data(0xf2);
    assert_int_equal(answer(), 0xfa);
    assert_int_equal(answer(), 0xab);
    assert_int_equal(answer(), 0x41);
    data(0xee);
    assert_int_equal(answer(), 0xee);
    data(0x00);
    assert_int_equal(answer(), 0xfe);
    assert_int_equal(status() & 1, 0);
}

static void interrupts_follow_the_output_buffer(void **state)
{
    (void)state;
    command(0x60);
    data(0x01);
    data(0xff);
    assert_true(line.level);
    assert_int_equal(line.edges, 1);
    answer();
    assert_int_equal(line.edges, 2); /* one for each byte */
    answer();
    assert_false(line.level);
    command(0x60);
    data(0x00);
    data(0xf4);
    assert_false(line.level);
}

static void the_mouse_does_not_answer(void **state)
{
    (void)state;
    command(0xd4);
    data(0xff);
    assert_int_equal(status() & 1, 0);
    command(0xd3); /* as if it had sent something */
    data(0x5a);
    assert_int_equal(status() & 0x21, 0x21);
    assert_int_equal(answer(), 0x5a);
    command(0xd2);
    data(0xa5);
    assert_int_equal(status() & 0x21, 0x01);
    assert_int_equal(answer(), 0xa5);
}

static void output_port_and_reset(void **state)
{
    (void)state;
    command(0xd0);
    assert_int_equal(answer() & 0x03, 0x03);
    command(0xdd);
    command(0xd0);
    assert_int_equal(answer() & 0x02, 0x00);
    command(0xdf);
    command(0xd1);
    data(0x03);
    assert_false(reset.requested);
    command(0xfe);
    assert_true(reset.requested);
    reset.requested = false;
    command(0xff); /* pulses nothing */
    assert_false(reset.requested);
    command(0xd1);
    data(0x02);
    assert_true(reset.requested);
}

static void who_never_reads_loses_bytes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        data(0xee);
    for (unsigned i = 0; i < VMM_KEYBOARD_QUEUE; i++)
        answer();
    assert_int_equal(status() & 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tests_pass, make),
        cmocka_unit_test_setup(the_command_byte_can_be_written, make),
        cmocka_unit_test_setup(the_keyboard_answers, make),
        cmocka_unit_test_setup(interrupts_follow_the_output_buffer, make),
        cmocka_unit_test_setup(the_mouse_does_not_answer, make),
        cmocka_unit_test_setup(output_port_and_reset, make),
        cmocka_unit_test_setup(who_never_reads_loses_bytes, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
