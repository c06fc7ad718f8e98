/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers fire at their time, in their order, and not when they were cancelled. */
#include <harness/check.h>
#include <harness/memory.h>
#include <runtime/notification.h>

#include "world.h"

#define TIMERS    48u
#define STEPS     1500u
#define SPACE     4000ull  /* ticks between two deadlines */
#define TOLERANCE 20000ull /* ticks from the deadline until a thread of high priority runs */

static struct {
    uint64_t notification;
    uint64_t deadline; /* 0: not armed */
    volatile uint64_t woken;
    volatile uint64_t order;
} timers[TIMERS];

static volatile uint64_t fired;

static uint64_t seed = 0x243f6a8885a308d3ull;

/* xorshift64*, Vigna 2016. */
static uint64_t random(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * 0x2545f4914f6cdd1dull;
}

static void wait_for_timer(uint64_t index)
{
    struct nacelle_message message = {0};

    (void)nacelle_receive(timers[index].notification, &message);
    timers[index].woken = nacelle_tsc();
    timers[index].order = fired++;
}

/* Armed in any order, they fire in that of their deadlines, over a guest that turned interrupts
 * off. */
static void test_order(void)
{
    const unsigned count = 12;
    struct guest guest =
        guest_make(0, GUEST_CODE_OF(guest_spin), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    uint64_t start;

    fired = 0;
    for (unsigned i = 0; i < count; i++) {
        timers[i].notification = make(NACELLE_TYPE_NOTIFICATION, 0);
        (void)thread_start(wait_for_timer, i, 10);
    }
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    a_while();
    start = nacelle_tsc() + 20 * A_WHILE;
    for (unsigned i = 0; i < count; i++) {
        timers[i].deadline = start + (i * 5 + 3) % count * 3ull * TOLERANCE;
        timers[i].woken = 0;
        need(nacelle_notification_set_timer(timers[i].notification, timers[i].deadline), "timer");
    }
    wait_until(start + count * 4ull * TOLERANCE);
    check_number("fired", count, fired);
    for (unsigned i = 0; i < count; i++) {
        check_number("order", (i * 5 + 3) % count, timers[i].order);
        check_range("time", timers[i].deadline, timers[i].deadline + TOLERANCE, timers[i].woken);
    }
    drop(guest.vcpu);
}

static bool is_signalled(unsigned i)
{
    struct nacelle_message message = {0};

    return nacelle_poll(timers[i].notification, &message) == NACELLE_ERROR_OK;
}

/* What is due was signalled, and nothing else. */
static void check_timer(unsigned i)
{
    uint64_t before = nacelle_tsc();
    bool signalled = is_signalled(i);

    if (timers[i].deadline == 0 || timers[i].deadline > nacelle_tsc()) {
        check_true("not due, and not signalled", !signalled);
    } else if (signalled || before > timers[i].deadline + TOLERANCE) {
        check_true("due, and signalled", signalled);
        timers[i].deadline = 0;
    }
}

/* Thousands of arming, re-arming and cancelling against a model. */
static void test_random(void)
{
    for (unsigned i = 0; i < TIMERS; i++) {
        timers[i].notification = make(NACELLE_TYPE_NOTIFICATION, 0);
        timers[i].deadline = 0;
    }
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = (unsigned)(random() % TIMERS);

        check_timer(i);
        need(nacelle_notification_set_timer(timers[i].notification, 0), "cancel");
        (void)is_signalled(i); /* it may have fired just now */
        timers[i].deadline = random() % 4 == 0 ? 0 : nacelle_tsc() + random() % (TIMERS * SPACE);
        need(nacelle_notification_set_timer(timers[i].notification, timers[i].deadline), "timer");
        if (random() % 4 == 0)
            wait_ticks(random() % (4 * SPACE));
        for (i = 0; i < TIMERS; i++)
            check_timer(i);
    }
}

static void test_single(void)
{
    unsigned i = 0;

    timers[i].notification = make(NACELLE_TYPE_NOTIFICATION, 0);
    need(nacelle_notification_set_timer(timers[i].notification, 1), "timer");
    a_while();
    check_true("a time that is over", is_signalled(i));
    need(nacelle_notification_set_timer(timers[i].notification, ~0ull), "timer");
    a_while();
    check_true("the end of time", !is_signalled(i));
    need(nacelle_notification_set_timer(timers[i].notification, nacelle_tsc() + A_WHILE), "timer");
    need(nacelle_notification_set_timer(timers[i].notification, 0), "cancel");
    wait_ticks(2 * A_WHILE);
    check_true("cancelled", !is_signalled(i));
    need(nacelle_notification_set_timer(timers[i].notification, nacelle_tsc() + A_WHILE), "timer");
    need(nacelle_notification_set_timer(timers[i].notification, nacelle_tsc() + 4 * A_WHILE),
         "later");
    wait_ticks(2 * A_WHILE);
    check_true("put off", !is_signalled(i));
    wait_ticks(4 * A_WHILE);
    check_true("until then", is_signalled(i));
    check_true("once", !is_signalled(i));
}

void test_timers(void)
{
    test_single();
    test_order();
    test_random();
}
