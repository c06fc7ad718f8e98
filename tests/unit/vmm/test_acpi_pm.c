/* SPDX-License-Identifier: BSD-2-Clause */
/* What must be true is in the ACPI specification 6.4, chapter 4.8.3. */
#include "device_test.h"

#include <vmm/acpi_pm.h>

#define FIRST   0x600
#define STATUS  (FIRST + 0)
#define ENABLE  (FIRST + 2)
#define CONTROL (FIRST + 4)
#define TIMER   (FIRST + 8)

/* The timer's highest bit changes every 2^31 periods of 3.579545 MHz: 600 s. */
#define HALF (600 * HZ)

static struct vmm_clock pm_clock;
static struct vmm_ports ports;
static struct vmm_acpi_pm pm;
static struct vmm_reset reset;
static struct test_line sci;

static int make(void **state)
{
    (void)state;
    pm_clock = (struct vmm_clock){.hz = HZ};
    ports = (struct vmm_ports){0};
    reset = (struct vmm_reset){0};
    vmm_acpi_pm_init(&pm, &pm_clock, test_line(&sci), &reset);
    assert_true(vmm_acpi_pm_add_ports(&pm, &ports, FIRST));
    return 0;
}

static uint32_t in(uint16_t port, unsigned size)
{
    return vmm_ports_read(&ports, port, size);
}

static void out(uint16_t port, unsigned size, uint32_t value)
{
    vmm_ports_write(&ports, port, size, value);
}

static void the_timer_counts_at_its_rate(void **state)
{
    uint32_t start = in(TIMER, 4);

    (void)state;
    test_advance(&pm_clock, HZ);
    assert_int_equal(in(TIMER, 4) - start, 3579545);
    assert_int_equal(in(TIMER, 1), in(TIMER, 4) & 0xff);
    assert_int_equal(in(TIMER + 1, 1), in(TIMER, 4) >> 8 & 0xff);
    out(TIMER, 4, 0); /* read-only */
    assert_int_equal(in(TIMER, 4) - start, 3579545);
    test_advance(&pm_clock, 3 * HALF); /* 32 bits, and then from 0 on */
    assert_true(in(TIMER, 4) < 3579545u * 1000);
}

static void it_is_always_in_acpi_mode(void **state)
{
    (void)state;
    assert_int_equal(in(CONTROL, 2), 1);
    out(CONTROL, 2, 0);
    assert_int_equal(in(CONTROL, 2) & 1, 1);
}

static void only_soft_off_switches_off(void **state)
{
    (void)state;
    for (uint32_t type = 0; type < 8; type++) {
        out(CONTROL, 2, type << 10);
        assert_false(reset.power_off);
        assert_int_equal(in(CONTROL, 2), type << 10 | 1);
        out(CONTROL, 2, type << 10 | 1 << 13);
        assert_int_equal(in(CONTROL, 2) & 1 << 13, 0); /* SLP_EN is write-only */
        assert_int_equal(reset.power_off, type == VMM_ACPI_SLEEP_OFF);
        reset.power_off = false;
    }
    out(CONTROL, 1, 0xff);
    assert_false(reset.power_off);
    out(CONTROL + 1, 1, VMM_ACPI_SLEEP_OFF << 2 | 1 << 5);
    assert_true(reset.power_off);
    assert_false(reset.requested);
}

static void the_timer_interrupts_when_its_highest_bit_changes(void **state)
{
    (void)state;
    test_advance(&pm_clock, HALF);
    assert_int_equal(in(STATUS, 2), 1); /* the event without an interrupt */
    assert_false(sci.level);
    out(STATUS, 2, 1);
    assert_int_equal(in(STATUS, 2), 0);
    out(ENABLE, 2, 1);
    assert_int_equal(in(STATUS, 4), 1 << 16);
    test_advance(&pm_clock, HALF);
    assert_true(sci.level);
    out(STATUS, 2, 0); /* writing 1 alone clears */
    assert_true(sci.level);
    out(STATUS, 2, 1);
    assert_false(sci.level);
    test_advance(&pm_clock, HALF);
    assert_int_equal(sci.edges, 2);
    out(ENABLE, 2, 0);
    assert_false(sci.level);
    test_advance(&pm_clock, 4 * HALF);
    assert_int_equal(sci.edges, 2);
}

static void only_events_that_exist_can_be_enabled(void **state)
{
    (void)state;
    out(ENABLE, 2, 0xffff);
    assert_int_equal(in(ENABLE, 2), 0x0521);
    out(ENABLE + 1, 1, 0);
    assert_int_equal(in(ENABLE, 2), 0x0021);
    assert_int_equal(in(STATUS, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_timer_counts_at_its_rate, make),
        cmocka_unit_test_setup(it_is_always_in_acpi_mode, make),
        cmocka_unit_test_setup(only_soft_off_switches_off, make),
        cmocka_unit_test_setup(the_timer_interrupts_when_its_highest_bit_changes, make),
        cmocka_unit_test_setup(only_events_that_exist_can_be_enabled, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
