/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/pic.h>

static struct vmm_pic pic;
static struct vmm_ports ports;

static void out(uint16_t port, uint8_t value)
{
    vmm_ports_write(&ports, port, 1, value);
}

static uint8_t in(uint16_t port)
{
    return (uint8_t)vmm_ports_read(&ports, port, 1);
}

/* As a PC's firmware does: vectors 8h and 70h, all inputs open; `icw4` for the master. */
static void initialise(uint8_t icw4)
{
    out(0x20, 0x11);
    out(0x21, 0x08);
    out(0x21, 0x04);
    out(0x21, icw4);
    out(0xa0, 0x11);
    out(0xa1, 0x70);
    out(0xa1, 0x02);
    out(0xa1, 0x01);
    out(0x21, 0x00);
    out(0xa1, 0x00);
}

static int make(void **state)
{
    (void)state;
    ports = (struct vmm_ports){0};
    vmm_pic_init(&pic);
    assert_true(vmm_pic_add_ports(&pic, &ports));
    initialise(0x01);
    return 0;
}

static void pulse(unsigned input)
{
    vmm_pic_set(&pic, input, true);
    vmm_pic_set(&pic, input, false);
}

static int take(void)
{
    int input = vmm_pic_due(&pic);

    if (input >= 0)
        vmm_pic_acknowledge(&pic, (unsigned)input);
    return input;
}

static void nothing_comes_before_the_initialisation(void **state)
{
    (void)state;
    vmm_pic_init(&pic);
    pulse(0);
    assert_int_equal(vmm_pic_due(&pic), -1);
    out(0x20, 0x11);
    assert_int_equal(vmm_pic_due(&pic), -1);
}

static void an_edge_makes_one_interrupt(void **state)
{
    (void)state;
    vmm_pic_set(&pic, 0, true);
    assert_int_equal(take(), 0);
    assert_int_equal(vmm_pic_vector(&pic, 0), 0x08);
    out(0x20, 0x20);
    assert_int_equal(vmm_pic_due(&pic), -1);
    vmm_pic_set(&pic, 0, false);
    vmm_pic_set(&pic, 0, true);
    assert_int_equal(take(), 0);
}

static void the_slave_has_its_own_vectors(void **state)
{
    (void)state;
    pulse(8);
    assert_int_equal(take(), 8);
    assert_int_equal(vmm_pic_vector(&pic, 8), 0x70);
    out(0x20, 0x0b); /* read ISR */
    assert_int_equal(in(0x20), 0x04);
    out(0xa0, 0x0b);
    assert_int_equal(in(0xa0), 0x01);
    out(0xa0, 0x20);
    out(0x20, 0x20);
    assert_int_equal(in(0x20), 0x00);
    assert_int_equal(in(0xa0), 0x00);
}

static void priorities(void **state)
{
    (void)state;
    pulse(7);
    pulse(12);
    pulse(1);
    assert_int_equal(take(), 1);
    assert_int_equal(vmm_pic_due(&pic), -1); /* the others are lower */
    pulse(0);
    assert_int_equal(take(), 0); /* this one is higher: nested */
    out(0x20, 0x20);
    assert_int_equal(vmm_pic_due(&pic), -1);
    out(0x20, 0x20);
    assert_int_equal(take(), 12); /* the slave stands at input 2 */
    out(0xa0, 0x20);
    out(0x20, 0x20);
    assert_int_equal(take(), 7);
}

static void masked_inputs_wait(void **state)
{
    (void)state;
    out(0x21, 0x01);
    pulse(0);
    assert_int_equal(vmm_pic_due(&pic), -1);
    assert_int_equal(in(0x21), 0x01);
    assert_int_equal(in(0x20), 0x01); /* IRR */
    out(0x21, 0x00);
    assert_int_equal(take(), 0);
    out(0x20, 0x20);
    out(0x21, 0x04); /* masks the whole slave */
    pulse(9);
    assert_int_equal(vmm_pic_due(&pic), -1);
}

static void specific_end_of_interrupt(void **state)
{
    (void)state;
    pulse(4);
    take();
    pulse(3);
    take();
    out(0x20, 0x64); /* ends input 4 */
    out(0x20, 0x0b);
    assert_int_equal(in(0x20), 0x08);
    out(0x20, 0x63);
    assert_int_equal(in(0x20), 0x00);
}

static void rotation(void **state)
{
    (void)state;
    pulse(3);
    take();
    out(0x20, 0xa0); /* rotate on non-specific EOI: 3 is the lowest now */
    pulse(3);
    pulse(4);
    assert_int_equal(take(), 4);
    out(0x20, 0xe4); /* rotate on specific EOI: 4 is the lowest */
    pulse(5);
    assert_int_equal(take(), 5);
    out(0x20, 0x65);
    out(0x20, 0xc7); /* set priority: 7 is the lowest, 0 the highest */
    pulse(0);
    assert_int_equal(take(), 0);
}

static void automatic_end_of_interrupt(void **state)
{
    (void)state;
    initialise(0x03);
    pulse(5);
    assert_int_equal(take(), 5);
    out(0x20, 0x0b);
    assert_int_equal(in(0x20), 0x00);
    pulse(6);
    assert_int_equal(take(), 6);
    out(0x20, 0x80); /* rotate in automatic EOI mode */
    pulse(1);
    assert_int_equal(take(), 1);
    pulse(1);
    pulse(2 + 2);
    assert_int_equal(take(), 4);
}

static void special_mask_mode(void **state)
{
    (void)state;
    pulse(3);
    take();
    out(0x21, 0x08);
    out(0x20, 0x68); /* special mask mode: an input in service holds back only itself */
    pulse(6);
    assert_int_equal(take(), 6);
    pulse(6);
    assert_int_equal(vmm_pic_due(&pic), -1);
    out(0x20, 0x20); /* ends 6: 3 is masked */
    assert_int_equal(take(), 6);
    out(0x20, 0x48); /* off */
    out(0x20, 0x0b);
    assert_int_equal(in(0x20), 0x48);
}

static void special_fully_nested_mode(void **state)
{
    (void)state;
    initialise(0x11);
    pulse(15);
    assert_int_equal(take(), 15);
    pulse(9); /* higher within the slave */
    assert_int_equal(take(), 9);
    initialise(0x01);
    pulse(15);
    assert_int_equal(take(), 15);
    pulse(9);
    assert_int_equal(vmm_pic_due(&pic), -1);
}

static void polling(void **state)
{
    (void)state;
    out(0x20, 0x0c);
    assert_int_equal(in(0x20), 0x00);
    pulse(6);
    out(0x20, 0x0c);
    assert_int_equal(in(0x20), 0x86);
    out(0x20, 0x0b);
    assert_int_equal(in(0x20), 0x40); /* it is in service */
}

static void level_triggered_inputs(void **state)
{
    (void)state;
    out(0x4d1, 0x08); /* 11 */
    assert_int_equal(in(0x4d1), 0x08);
    vmm_pic_set(&pic, 11, true);
    assert_int_equal(take(), 11);
    out(0xa0, 0x20);
    out(0x20, 0x20);
    assert_int_equal(take(), 11); /* still high */
    vmm_pic_set(&pic, 11, false);
    out(0xa0, 0x20);
    out(0x20, 0x20);
    assert_int_equal(vmm_pic_due(&pic), -1);
    out(0x4d0, 0xff); /* the timer and others are always edge-triggered */
    assert_int_equal(in(0x4d0), 0xf8);
    out(0x4d1, 0xff);
    assert_int_equal(in(0x4d1), 0xde);
}

static void initialising_again_forgets_the_edges(void **state)
{
    (void)state;
    pulse(5);
    initialise(0x01);
    assert_int_equal(vmm_pic_due(&pic), -1);
}

static void inputs_that_do_not_exist(void **state)
{
    (void)state;
    vmm_pic_set(&pic, 16, true);
    vmm_pic_set(&pic, 2, true);
    vmm_pic_acknowledge(&pic, 16);
    assert_int_equal(vmm_pic_due(&pic), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_comes_before_the_initialisation, make),
        cmocka_unit_test_setup(an_edge_makes_one_interrupt, make),
        cmocka_unit_test_setup(the_slave_has_its_own_vectors, make),
        cmocka_unit_test_setup(priorities, make),
        cmocka_unit_test_setup(masked_inputs_wait, make),
        cmocka_unit_test_setup(specific_end_of_interrupt, make),
        cmocka_unit_test_setup(rotation, make),
        cmocka_unit_test_setup(automatic_end_of_interrupt, make),
        cmocka_unit_test_setup(special_mask_mode, make),
        cmocka_unit_test_setup(special_fully_nested_mode, make),
        cmocka_unit_test_setup(polling, make),
        cmocka_unit_test_setup(level_triggered_inputs, make),
        cmocka_unit_test_setup(initialising_again_forgets_the_edges, make),
        cmocka_unit_test_setup(inputs_that_do_not_exist, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
