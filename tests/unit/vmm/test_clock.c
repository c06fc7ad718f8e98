/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

static void counts_do_not_overflow(void **state)
{
    struct vmm_clock clock = {.hz = 3000000000u};

    (void)state;
    clock.now = clock.hz * 1000000000ull; /* a billion seconds, and a third */
    clock.now += clock.hz / 3;
    assert_int_equal(vmm_clock_count(&clock, 1193182), 1193182ull * 1000000000 + 1193182 / 3);
    assert_int_equal(vmm_clock_count(&clock, 1), 1000000000);
}

/* `when` is the first tick at which the count is there. */
static void when_is_the_inverse_of_count(void **state)
{
    struct vmm_clock clock = {.hz = 99999989};

    (void)state;
    for (uint64_t count = 1; count < 3000000; count += 7919) {
        uint64_t when = vmm_clock_when(&clock, 1193182, count);

        clock.now = when;
        assert_int_equal(vmm_clock_count(&clock, 1193182), count);
        clock.now = when - 1;
        assert_int_equal(vmm_clock_count(&clock, 1193182), count - 1);
    }
}

static struct vmm_clock clock_of_order;
static char order[8];
static struct vmm_timer timers[3];

static void note(void *context)
{
    const char *name = context;

    order[strlen(order)] = *name;
    if (*name == 'b' && strlen(order) < 4)
        vmm_timer_set(&clock_of_order, &timers[1], clock_of_order.now);
}

static void timers_run_in_order_and_can_be_set_again(void **state)
{
    (void)state;
    clock_of_order.hz = HZ;
    for (unsigned i = 0; i < 3; i++)
        timers[i] = (struct vmm_timer){VMM_NEVER, note, (void *)&"abc"[i], NULL};
    assert_int_equal(vmm_clock_deadline(&clock_of_order), VMM_NEVER);
    vmm_timer_set(&clock_of_order, &timers[2], 30);
    vmm_timer_set(&clock_of_order, &timers[0], 10);
    vmm_timer_set(&clock_of_order, &timers[1], 40);
    vmm_timer_set(&clock_of_order, &timers[1], 20);
    assert_int_equal(vmm_clock_deadline(&clock_of_order), 10);
    clock_of_order.now = 9;
    vmm_clock_run(&clock_of_order);
    assert_string_equal(order, "");
    clock_of_order.now = 29;
    vmm_clock_run(&clock_of_order);
    assert_string_equal(order, "abbb");
    assert_int_equal(vmm_clock_deadline(&clock_of_order), 30);
    vmm_timer_set(&clock_of_order, &timers[2], VMM_NEVER);
    assert_int_equal(vmm_clock_deadline(&clock_of_order), VMM_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_do_not_overflow),
        cmocka_unit_test(when_is_the_inverse_of_count),
        cmocka_unit_test(timers_run_in_order_and_can_be_set_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
