/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

struct echo {
    uint16_t port;
    unsigned size, reads, writes;
    uint32_t value;
};

static uint32_t echo_read(void *device, uint16_t port, unsigned size)
{
    struct echo *echo = device;

    echo->port = port;
    echo->size = size;
    echo->reads++;
    return 0x11223344u + port;
}

static void echo_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct echo *echo = device;

    echo->port = port;
    echo->size = size;
    echo->value = value;
    echo->writes++;
}

static struct vmm_port_range range(uint16_t first, uint16_t last, uint8_t width, struct echo *echo)
{
    return (struct vmm_port_range){first, last, width, echo_read, echo_write, echo};
}

static void ports_of_nobody_float(void **state)
{
    struct vmm_ports ports = {0};

    (void)state;
    assert_int_equal(vmm_ports_read(&ports, 0x1f7, 1), 0xff);
    assert_int_equal(vmm_ports_read(&ports, 0x1f7, 2), 0xffff);
    assert_int_equal(vmm_ports_read(&ports, 0xffff, 4), 0xffffffff);
    vmm_ports_write(&ports, 0x1f7, 1, 0);
    assert_int_equal(ports.unclaimed, 8);
    assert_int_equal(ports.last_unclaimed, 0x1f7);
}

static void the_range_of_a_port_is_found(void **state)
{
    struct vmm_ports ports = {0};
    struct echo echoes[3] = {0};
    struct vmm_port_range ranges[] = {range(0x60, 0x60, 1, &echoes[0]),
                                      range(0x20, 0x21, 1, &echoes[1]),
                                      range(0xfffe, 0xffff, 1, &echoes[2])};

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_true(vmm_ports_add(&ports, &ranges[i]));
    assert_int_equal(vmm_ports_read(&ports, 0x21, 1), 0x65);
    assert_int_equal(echoes[1].port, 0x21);
    assert_int_equal(vmm_ports_read(&ports, 0x22, 1), 0xff);
    vmm_ports_write(&ports, 0xffff, 1, 0x1ff);
    assert_int_equal(echoes[2].value, 0xff);
    assert_int_equal(vmm_ports_read(&ports, 0x60, 1), 0xa4);
}

static void wide_accesses_are_made_of_narrow_ones(void **state)
{
    struct vmm_ports ports = {0};
    struct echo bytes = {0}, words = {0};
    struct vmm_port_range ranges[] = {range(0x40, 0x43, 1, &bytes), range(0x50, 0x53, 4, &words)};

    (void)state;
    vmm_ports_add(&ports, &ranges[0]);
    vmm_ports_add(&ports, &ranges[1]);
    assert_int_equal(vmm_ports_read(&ports, 0x40, 4), 0x87868584);
    assert_int_equal(bytes.reads, 4);
    vmm_ports_write(&ports, 0x42, 2, 0xabcd);
    assert_int_equal(bytes.writes, 2);
    assert_int_equal(bytes.value, 0xab);
    assert_int_equal(vmm_ports_read(&ports, 0x50, 4), 0x11223394);
    assert_int_equal(words.reads, 1);
    /* at the end of its range the access falls apart, and what lies outside floats */
    assert_int_equal(vmm_ports_read(&ports, 0x4f, 2), 0x94ff);
    assert_int_equal(vmm_ports_read(&ports, 0x53, 2), 0xff97);
}

static void ranges_that_do_not_fit_are_refused(void **state)
{
    struct vmm_ports ports = {0};
    struct echo echo = {0};
    struct vmm_port_range good = range(0x40, 0x43, 1, &echo);
    const struct vmm_port_range bad[] = {range(0x43, 0x44, 1, &echo), range(0x3f, 0x40, 1, &echo),
                                         range(0x41, 0x41, 1, &echo), range(0x30, 0x50, 1, &echo),
                                         range(0x51, 0x50, 1, &echo)};

    (void)state;
    assert_true(vmm_ports_add(&ports, &good));
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(vmm_ports_add(&ports, &bad[i]));
    for (uint16_t i = 1; i < VMM_PORT_RANGES_MAX; i++) {
        good = range((uint16_t)(0x1000 - i), (uint16_t)(0x1000 - i), 1, &echo);
        assert_true(vmm_ports_add(&ports, &good));
    }
    good = range(0x2000, 0x2000, 1, &echo);
    assert_false(vmm_ports_add(&ports, &good));
}

static void ranges_without_functions_float(void **state)
{
    struct vmm_ports ports = {0};
    const struct vmm_port_range empty = {0x80, 0x80, 1, NULL, NULL, NULL};

    (void)state;
    vmm_ports_add(&ports, &empty);
    vmm_ports_write(&ports, 0x80, 1, 1);
    assert_int_equal(vmm_ports_read(&ports, 0x80, 1), 0xff);
    assert_int_equal(ports.unclaimed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_of_nobody_float),
        cmocka_unit_test(the_range_of_a_port_is_found),
        cmocka_unit_test(wide_accesses_are_made_of_narrow_ones),
        cmocka_unit_test(ranges_that_do_not_fit_are_refused),
        cmocka_unit_test(ranges_without_functions_float),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
