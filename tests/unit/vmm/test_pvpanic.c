/* SPDX-License-Identifier: BSD-2-Clause */
/* What must be true is in QEMU's docs/specs/pvpanic.rst. */
#include "device_test.h"

#include <vmm/pvpanic.h>

static struct vmm_pvpanic pvpanic;
static struct vmm_ports ports;
static unsigned calls, told;

static void keep(void *context, uint8_t events)
{
    assert_ptr_equal(context, &told);
    calls++;
    told = events;
}

static int make(void **state)
{
    const struct vmm_pvpanic_host host = {keep, &told};

    (void)state;
    ports = (struct vmm_ports){0};
    calls = 0;
    vmm_pvpanic_init(&pvpanic, &host);
    assert_true(vmm_pvpanic_add_ports(&pvpanic, &ports));
    return 0;
}

static void reads_tell_the_supported_events(void **state)
{
    (void)state;
    assert_int_equal(vmm_ports_read(&ports, 0x505, 1), 0x07);
    vmm_ports_write(&ports, 0x505, 1, 0x02);
    assert_int_equal(vmm_ports_read(&ports, 0x505, 1), 0x07);
    assert_int_equal(calls, 1);
}

static void events_are_told(void **state)
{
    (void)state;
    for (unsigned events = 1; events <= 7; events++) {
        vmm_ports_write(&ports, 0x505, 1, events);
        assert_int_equal(told, events);
    }
    assert_int_equal(calls, 7);
}

static void unknown_bits_are_ignored(void **state)
{
    (void)state;
    vmm_ports_write(&ports, 0x505, 1, 0xf8);
    vmm_ports_write(&ports, 0x505, 1, 0);
    assert_int_equal(calls, 0);
    vmm_ports_write(&ports, 0x505, 1, 0xf9);
    assert_int_equal(told, 0x01);
    assert_int_equal(calls, 1);
}

/* It is one port: the next ones belong to nobody. */
static void the_neighbours_are_left_alone(void **state)
{
    (void)state;
    vmm_ports_write(&ports, 0x504, 4, 0xffff00ff);
    vmm_ports_write(&ports, 0x506, 1, 0xff);
    assert_int_equal(calls, 0);
    assert_int_equal(vmm_ports_read(&ports, 0x504, 4), 0xffff07ff);
}

static void without_a_listener_nothing_is_supported(void **state)
{
    const struct vmm_pvpanic_host nobody = {0};

    (void)state;
    vmm_pvpanic_init(&pvpanic, &nobody);
    assert_int_equal(vmm_ports_read(&ports, 0x505, 1), 0);
    vmm_ports_write(&ports, 0x505, 1, 0x07);
    assert_int_equal(calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_tell_the_supported_events, make),
        cmocka_unit_test_setup(events_are_told, make),
        cmocka_unit_test_setup(unknown_bits_are_ignored, make),
        cmocka_unit_test_setup(the_neighbours_are_left_alone, make),
        cmocka_unit_test_setup(without_a_listener_nothing_is_supported, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
