/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/cmos.h>

static struct vmm_cmos cmos;
static struct vmm_ports ports;
static struct vmm_clock clock;
static struct test_line line;

static uint8_t get(uint8_t index)
{
    vmm_ports_write(&ports, 0x70, 1, index);
    return (uint8_t)vmm_ports_read(&ports, 0x71, 1);
}

static void set(uint8_t index, uint8_t value)
{
    vmm_ports_write(&ports, 0x70, 1, index);
    vmm_ports_write(&ports, 0x71, 1, value);
}

static void make_with(uint64_t memory, uint64_t unix_time)
{
    ports = (struct vmm_ports){0};
    clock = (struct vmm_clock){.hz = HZ, .now = 5 * HZ};
    vmm_cmos_init(&cmos, &clock, test_line(&line), memory, unix_time);
    assert_true(vmm_cmos_add_ports(&cmos, &ports));
}

static int make(void **state)
{
    (void)state;
    make_with(32 << 20, 1735689599); /* 2024-12-31 23:59:59, a Tuesday */
    return 0;
}

static void time_runs(void **state)
{
    static const uint8_t indices[] = {0x00, 0x02, 0x04, 0x06, 0x07, 0x08, 0x09, 0x32};
    static const uint8_t before[] = {0x59, 0x59, 0x23, 0x03, 0x31, 0x12, 0x24, 0x20};
    static const uint8_t after[] = {0x00, 0x00, 0x00, 0x04, 0x01, 0x01, 0x25, 0x20};

    (void)state;
    for (size_t i = 0; i < sizeof(indices); i++)
        assert_int_equal(get(indices[i]), before[i]);
    clock.now += HZ;
    for (size_t i = 0; i < sizeof(indices); i++)
        assert_int_equal(get(indices[i]), after[i]);
}

static void formats(void **state)
{
    (void)state;
    set(0x0b, 0x06); /* binary */
    assert_int_equal(get(0x00), 59);
    assert_int_equal(get(0x04), 23);
    set(0x0b, 0x00); /* BCD, 12 hours */
    assert_int_equal(get(0x04), 0x91);
    clock.now += HZ;
    assert_int_equal(get(0x04), 0x12); /* midnight */
}

static void an_update_is_announced(void **state)
{
    (void)state;
    assert_int_equal(get(0x0a), 0x26);
    clock.now += HZ - HZ / 10000; /* 100 us before the second */
    assert_int_equal(get(0x0a), 0xa6);
    clock.now += HZ / 10000;
    assert_int_equal(get(0x0a), 0x26);
}

static void the_clock_can_be_stopped(void **state)
{
    (void)state;
    set(0x0b, 0x82);
    set(0x00, 0x30);
    clock.now += 3 * HZ;
    assert_int_equal(get(0x00), 0x30);
    set(0x0b, 0x02);
    assert_int_equal(get(0x00), 0x02);
}

static void memory_size(uint64_t memory, uint16_t extended, uint16_t high)
{
    make_with(memory, 0);
    assert_int_equal(get(0x15) | get(0x16) << 8, 640);
    assert_int_equal(get(0x17) | get(0x18) << 8, extended);
    assert_int_equal(get(0x30) | get(0x31) << 8, extended);
    assert_int_equal(get(0x34) | get(0x35) << 8, high);
}

static void memory_sizes(void **state)
{
    (void)state;
    memory_size(2 << 20, 1024, 0);
    memory_size(32 << 20, 31 * 1024, 256);
    memory_size(128 << 20, 63 * 1024, 1792);
    make_with(512 << 10, 0);
    assert_int_equal(get(0x15) | get(0x16) << 8, 512);
    assert_int_equal(get(0x17) | get(0x18) << 8, 0);
}

static void periodic_interrupts(void **state)
{
    (void)state;
    set(0x0b, 0x42);
    test_advance(&clock, HZ / 1024 + 1);
    assert_int_equal(line.edges, 1);
    assert_true(line.level); /* until register C is read */
    test_advance(&clock, HZ / 1024 + 1);
    assert_int_equal(line.edges, 1);
    assert_int_equal(get(0x0c), 0xc0);
    assert_false(line.level);
    assert_int_equal(get(0x0c), 0x00);
    test_advance(&clock, HZ / 1024 + 1);
    assert_int_equal(line.edges, 2);
    set(0x0b, 0x02);
    get(0x0c);
    test_advance(&clock, HZ);
    assert_int_equal(line.edges, 2);
}

static void update_and_alarm_interrupts(void **state)
{
    (void)state;
    set(0x01, 0x01);
    set(0x03, 0xff); /* any minute, any hour */
    set(0x05, 0xff);
    set(0x0b, 0x22); /* alarm */
    test_advance(&clock, HZ);
    assert_int_equal(line.edges, 0);
    test_advance(&clock, HZ);
    assert_int_equal(line.edges, 1);
    assert_int_equal(get(0x0c) & 0xb0, 0xb0);
    set(0x0b, 0x12); /* update */
    test_advance(&clock, HZ);
    assert_int_equal(line.edges, 2);
    assert_int_equal(get(0x0c), 0x90);
}

static void other_bytes(void **state)
{
    (void)state;
    assert_int_equal(get(0x0d), 0x80);
    assert_int_equal(get(0x10), 0x00); /* no floppy disk */
    set(0x0f, 0x05);
    assert_int_equal(get(0x0f), 0x05);
    assert_int_equal(get(0x8f), 0x05); /* bit 7 is the NMI mask */
    set(0x0d, 0x00);
    assert_int_equal(get(0x0d), 0x80);
    assert_int_equal(vmm_ports_read(&ports, 0x70, 1), 0xff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(time_runs, make),
        cmocka_unit_test_setup(formats, make),
        cmocka_unit_test_setup(an_update_is_announced, make),
        cmocka_unit_test_setup(the_clock_can_be_stopped, make),
        cmocka_unit_test_setup(memory_sizes, make),
        cmocka_unit_test_setup(periodic_interrupts, make),
        cmocka_unit_test_setup(update_and_alarm_interrupts, make),
        cmocka_unit_test_setup(other_bytes, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
