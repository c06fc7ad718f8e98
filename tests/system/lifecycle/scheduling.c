/* SPDX-License-Identifier: BSD-2-Clause */
/* Who runs when: priorities, shares, slices, and who pays for exits and calls. */
#include <harness/check.h>
#include <harness/memory.h>
#include <runtime/notification.h>

#include "world.h"

#define COUNTERS 4u

static volatile uint64_t totals[COUNTERS];

/* Counted in the time that was looked at. */
static uint64_t counters[COUNTERS];

static void count(uint64_t index)
{
    for (;;)
        totals[index]++;
}

static void wait_ms(unsigned ms)
{
    wait_ticks(boot->tsc_hz / 1000 * ms);
}

static void count_for(unsigned ms)
{
    for (unsigned i = 0; i < COUNTERS; i++)
        counters[i] = totals[i];
    wait_ms(ms);
    for (unsigned i = 0; i < COUNTERS; i++)
        counters[i] = totals[i] - counters[i];
}

/* Of the whole, in parts of a thousand. */
static uint64_t share(uint64_t part, uint64_t whole)
{
    return whole != 0 ? part * 1000 / whole : 0;
}

static void test_priorities(void)
{
    struct thread low = thread_start(count, 0, 2);
    struct thread high = thread_start(count, 1, 3);

    count_for(25);
    check_number("lower priority", 0, counters[0]);
    check_true("higher priority", counters[1] > 1000);
    need(nacelle_thread_set_priority(low.slot, 4, 0), "raise");
    count_for(25);
    check_number("the other is lower now", 0, counters[1]);
    check_true("raised", counters[0] > 1000);
    need(nacelle_thread_suspend(low.slot), "suspend");
    count_for(25);
    check_number("suspended", 0, counters[0]);
    check_true("alone", counters[1] > 1000);
    drop(low.slot);
    drop(high.slot);
}

static void test_shares(void)
{
    const uint64_t slice = boot->tsc_hz / 1000;
    struct thread threads[3];
    uint64_t sum;

    for (unsigned i = 0; i < 3; i++)
        threads[i] = thread_start(count, i, 3);
    count_for(240);
    sum = counters[0] + counters[1] + counters[2];
    for (unsigned i = 0; i < 3; i++)
        check_range("a third each", 290, 380, share(counters[i], sum));

    drop(threads[2].slot);
    need(nacelle_thread_set_priority(threads[0].slot, 3, slice), "slice of 1 ms");
    need(nacelle_thread_set_priority(threads[1].slot, 3, 3 * slice), "slice of 3 ms");
    wait_ms(20);
    count_for(80);
    check_range("1 of 4", 210, 290, share(counters[0], counters[0] + counters[1]));
    drop(threads[0].slot);
    drop(threads[1].slot);
}

static uint64_t round_length; /* ticks of 256 rounds of guest_tick */

static uint64_t rounds_of(const struct guest *guest)
{
    return *(volatile uint64_t *)(void *)guest->data;
}

/* How long a round takes here: with the processor to itself. */
static void measure_round(void)
{
    struct guest guest =
        guest_make(0, GUEST_CODE_OF(guest_tick), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    uint64_t start, rounds;

    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    wait_ms(5);
    start = nacelle_tsc();
    rounds = rounds_of(&guest);
    wait_ms(20);
    rounds = rounds_of(&guest) - rounds;
    check_true("a guest with the processor to itself runs", rounds != 0);
    round_length = (nacelle_tsc() - start) * 256 / (rounds != 0 ? rounds : 1);
    drop(guest.vcpu);
}

/* Ticks that a guest_tick guest ran. */
static uint64_t ticks_of(const struct guest *guest)
{
    return rounds_of(guest) * round_length / 256;
}

static struct guest busy, quiet;

/* A client whose guest exits all the time, and that thinks about each exit for long. */
static void think(uint64_t argument)
{
    struct nacelle_message message = {0};

    (void)guest_receive(busy.endpoint, &message);
    for (;;) {
        for (volatile uint64_t i = 0; i < argument; i++)
            ;
        (void)guest_continue(busy.endpoint, NACELLE_RESUME_ADVANCE, &message);
    }
}

/* Two VMs share the time evenly, whether one exits or not, however long its client thinks, and
 * whatever priority that client has. */
static void test_exits(uint64_t thoughts, unsigned priority)
{
    struct thread thread;
    uint64_t start, ticks;

    busy = guest_make(0, GUEST_CODE_OF(guest_cpuid), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    quiet = guest_make(0, GUEST_CODE_OF(guest_tick), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    thread = thread_start(think, thoughts, 20); /* so that it gets to its first receive */
    a_while();
    need(nacelle_thread_set_priority(thread.slot, priority, 0), "priority of the client");
    need(nacelle_vcpu_resume(busy.vcpu), "resume");
    need(nacelle_vcpu_resume(quiet.vcpu), "resume");
    wait_ms(25);
    start = nacelle_tsc();
    ticks = ticks_of(&quiet);
    wait_ms(200);
    check_range("share of the VM without exits", 440, 560,
                share(ticks_of(&quiet) - ticks, nacelle_tsc() - start));
    drop(thread.slot);
    drop(busy.vcpu);
    drop(quiet.vcpu);
}

/* Thread and vCPU at one priority. */
static void test_mixed(void)
{
    struct thread thread = thread_start(count, 0, 1);
    uint64_t start, ticks;

    quiet = guest_make(0, GUEST_CODE_OF(guest_tick), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    need(nacelle_vcpu_resume(quiet.vcpu), "resume");
    wait_ms(25);
    start = nacelle_tsc();
    ticks = ticks_of(&quiet);
    wait_ms(120);
    check_range("share of the vCPU", 420, 580,
                share(ticks_of(&quiet) - ticks, nacelle_tsc() - start));
    drop(thread.slot);
    drop(quiet.vcpu);
}

/* Whoever is woken by a signal and has the higher priority runs at once. */
static uint64_t signal;
static volatile uint64_t woken, woken_before_return;

static void wait_for_signal(uint64_t argument)
{
    struct nacelle_message message = {0};

    (void)argument;
    for (;;) {
        (void)nacelle_receive(signal, &message);
        woken++;
    }
}

static void send_signals(uint64_t argument)
{
    for (uint64_t i = 1; i <= argument; i++) {
        (void)nacelle_notification_signal(signal);
        woken_before_return += woken == i;
    }
}

static void test_wake_up(unsigned priority, uint64_t expected)
{
    struct thread waiter, signaller;

    signal = make(NACELLE_TYPE_NOTIFICATION, 0);
    woken = 0;
    woken_before_return = 0;
    waiter = thread_start(wait_for_signal, 0, priority);
    a_while();
    signaller = thread_start(send_signals, 10, 3);
    a_while();
    check_number("runs at once", expected, woken_before_return);
    drop(waiter.slot);
    drop(signaller.slot);
}

/* A server works on its caller's time and priority, whatever its own are. */
static uint64_t endpoint;

static void answer(uint64_t argument)
{
    struct nacelle_message message = {0};

    (void)argument;
    (void)nacelle_receive(endpoint, &message);
    for (;;) {
        message.tag = nacelle_tag(1, 0);
        (void)nacelle_reply_receive(endpoint, &message);
    }
}

static void test_calls(void)
{
    struct thread server, spinner;
    struct nacelle_message message = {0};
    uint64_t start;

    endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    server = thread_start(answer, 0, 0);
    a_while();
    spinner = thread_start(count, 0, 3);
    a_while();
    start = nacelle_tsc();
    for (unsigned i = 0; i < 100; i++)
        check_error("call", NACELLE_ERROR_OK, nacelle_call(endpoint, &message));
    check_range("ticks of 100 calls", 1000, bochs_ticks(100000), nacelle_tsc() - start);
    drop(server.slot);
    drop(spinner.slot);
}

/* Threads of one priority that yield take turns. */
#define TURNS 60ull

static volatile uint8_t turns[2 * TURNS];
static volatile uint32_t turn;

static void take_turns(uint64_t index)
{
    for (unsigned i = 0; i < TURNS; i++) {
        turns[turn++] = (uint8_t)index;
        nacelle_yield();
    }
}

static void test_yield(void)
{
    struct thread first = thread_make(take_turns, 0, 3, 0);
    struct thread second = thread_make(take_turns, 1, 3, 0);
    unsigned repeated = 0;

    turn = 0;
    need(nacelle_thread_resume(first.slot), "start");
    need(nacelle_thread_resume(second.slot), "start");
    wait_ms(25);
    check_number("turns", 2 * TURNS, turn);
    for (unsigned i = 1; i < 2 * TURNS; i++)
        repeated += turns[i] == turns[i - 1];
    check_number("turns taken twice", 0, repeated);
}

void test_scheduling(void)
{
    test_priorities();
    measure_round();
    test_shares();
    test_mixed();
    test_exits(0, 1);
    test_exits(200, 1);
    test_exits(200, 20);
    test_exits(200, 0);
    test_wake_up(5, 10);
    test_wake_up(2, 0);
    test_calls();
    test_yield();
}
