/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/calendar.h>

static void dates(void **state)
{
    static const struct {
        uint64_t seconds;
        struct vmm_calendar expected;
    } cases[] = {
        {0, {1970, 1, 1, 5, 0, 0, 0}},             /* a Thursday */
        {951782399, {2000, 2, 28, 2, 23, 59, 59}}, /* 2000 is a leap year */
        {951782400, {2000, 2, 29, 3, 0, 0, 0}},
        {1767225600, {2026, 1, 1, 5, 0, 0, 0}},
        {4107542399, {2100, 2, 28, 1, 23, 59, 59}}, /* 2100 is none */
        {4107542400, {2100, 3, 1, 2, 0, 0, 0}},
        {1735689599, {2024, 12, 31, 3, 23, 59, 59}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vmm_calendar calendar;

        vmm_calendar_from_unix(cases[i].seconds, &calendar);
        assert_int_equal(calendar.year, cases[i].expected.year);
        assert_int_equal(calendar.month, cases[i].expected.month);
        assert_int_equal(calendar.day, cases[i].expected.day);
        assert_int_equal(calendar.weekday, cases[i].expected.weekday);
        assert_int_equal(calendar.hour, cases[i].expected.hour);
        assert_int_equal(calendar.minute, cases[i].expected.minute);
        assert_int_equal(calendar.second, cases[i].expected.second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
