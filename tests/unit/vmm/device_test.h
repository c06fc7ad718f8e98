/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests of device models need: cmocka, and access to ports as a guest has it. */
#ifndef TESTS_VMM_DEVICE_TEST_H
#define TESTS_VMM_DEVICE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <vmm/clock.h>
#include <vmm/line.h>
#include <vmm/ports.h>

#define HZ 1000000000ull /* TSC of the tests: a tick is a nanosecond */

/* An interrupt line that remembers. */
struct test_line {
    bool level;
    unsigned edges; /* rising */
};

static inline void test_line_set(void *context, unsigned input, bool level)
{
    struct test_line *line = context;

    (void)input;
    line->edges += level && !line->level;
    line->level = level;
}

static inline struct vmm_line test_line(struct test_line *line)
{
    *line = (struct test_line){0};
    return (struct vmm_line){test_line_set, line, 0};
}

/* Moves the time on, with all that happens in between. */
static inline void test_advance(struct vmm_clock *clock, uint64_t ticks)
{
    uint64_t end = clock->now + ticks;

    while (vmm_clock_deadline(clock) <= end) {
        clock->now = vmm_clock_deadline(clock);
        vmm_clock_run(clock);
    }
    clock->now = end;
}

#endif
