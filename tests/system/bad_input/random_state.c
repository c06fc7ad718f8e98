/* SPDX-License-Identifier: BSD-2-Clause */
/* State pages full of random bytes, and good ones with a few bits turned over: the vCPU runs or
 * says that its entry was refused; the server and a second VM do not notice. */
#include <harness/check.h>
#include <harness/memory.h>
#include <harness/thread.h>
#include <harness/vm.h>
#include <runtime/notification.h>

#include "guests.h"
#include "rows.h"

#define ROUNDS_RANDOM 2000u
#define ROUNDS_TURNED 8000u
#define SCRIBBLES     3000u
#define RUN_TICKS     bochs_ticks(6000)

static struct guest victim, second;
static uint64_t timer;
static uint64_t kinds[NACELLE_EXIT_COUNT]; /* exits seen */
static volatile uint64_t second_rounds, second_wrong;

/* xorshift64*, Vigna 2016. */
static uint64_t seed = 0x9e3779b97f4a7c15ull;

static uint64_t random(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * 0x2545f4914f6cdd1dull;
}

/* The client of the second VM: its guest counts, and tells how far it came. */
static void serve_second(uint64_t argument)
{
    struct nacelle_message message = {0};
    uint32_t kind = guest_receive(second.endpoint, &message);

    (void)argument;
    for (;;) {
        second_wrong += kind != NACELLE_EXIT_PORT || message.words[1] != COUNT_TO;
        second_rounds++;
        kind = guest_continue(second.endpoint, NACELLE_RESUME_ADVANCE, &message);
    }
}

static void fill_randomly(void)
{
    uint64_t *words = (uint64_t *)victim.state;

    for (unsigned i = 0; i < NACELLE_STATE_PAGE_SIZE / 8; i++)
        words[i] = random();
}

/* Turns over some bits of what was fetched: deeper checks are reached. */
static void turn_bits(void)
{
    uint8_t *bytes = (uint8_t *)victim.state;
    const unsigned first = 0x110; /* rip: behind valid and dirty */
    unsigned count = (unsigned)(random() % 6) + 1;

    for (unsigned i = 0; i < count; i++) {
        /* the FPU area is large: half of the bits go to what comes before it */
        uint64_t end = (random() & 1) != 0 ? 0x338 : NACELLE_STATE_PAGE_SIZE;

        bytes[first + random() % (end - first)] ^= (uint8_t)(1u << random() % 8);
    }
}

/* One run: an exit of any kind, or none in time. */
static void run_once(void)
{
    struct nacelle_message message = {0};
    uint32_t kind;

    check_error("resume", NACELLE_ERROR_OK, nacelle_vcpu_resume(victim.vcpu));
    need(nacelle_notification_set_timer(timer, nacelle_tsc() + RUN_TICKS), "timer");
    kind = guest_receive(victim.endpoint, &message);
    if (kind == ~0u) {
        check_true("the timer, or an exit",
                   nacelle_from_kernel(&message, NACELLE_LABEL_NOTIFICATION));
        check_error("suspend", NACELLE_ERROR_OK, nacelle_vcpu_suspend(victim.vcpu));
        while (guest_poll(victim.endpoint, &message) != ~0u)
            ; /* it exited at the same moment */
    } else {
        check_true("kind of exit", kind != NACELLE_EXIT_NONE && kind < NACELLE_EXIT_COUNT);
        check_number("record", kind, victim.state->exit.kind);
        kinds[kind < NACELLE_EXIT_COUNT ? kind : 0]++;
        check_true("no host state was to blame",
                   kind != NACELLE_EXIT_ENTRY_REFUSED || victim.state->exit.number != 6);
        need(nacelle_notification_set_timer(timer, 0), "timer");
        (void)nacelle_poll(timer, &message);
    }
}

static void round(unsigned number, bool turn)
{
    if (number % 200 == 0)
        wait_ticks(bochs_ticks(5 * COUNT_TO)); /* the second VM's turn */
    check_error("reset", NACELLE_ERROR_OK, guest_reset(&victim));
    if (turn) {
        need(nacelle_vcpu_fetch(victim.vcpu, NACELLE_GROUPS_ALL), "fetch");
        turn_bits();
    } else {
        fill_randomly();
    }
    victim.state->dirty = turn ? NACELLE_GROUPS_ALL : (uint32_t)random() | NACELLE_GROUPS_ALL;
    run_once();
    /* Stores of it are refused or done, no more. */
    fill_randomly();
    (void)nacelle_vcpu_store(victim.vcpu, (uint32_t)random() & NACELLE_GROUPS_ALL);
}

/* Another thread of the client writes into the state page at any moment: while the guest runs,
 * while it exits, while its exit is handled. */
static volatile uint64_t scribbles;

static void scribble(uint64_t own_timer)
{
    struct nacelle_message message = {0};
    uint8_t *page = (uint8_t *)victim.state;

    for (;;) {
        uint64_t offset = random() % NACELLE_STATE_PAGE_SIZE;
        uint64_t length = random() % 512;

        (void)nacelle_notification_set_timer(own_timer,
                                             nacelle_tsc() + bochs_ticks(1000 + random() % 3000));
        (void)nacelle_receive(own_timer, &message);
        for (uint64_t i = offset; i < offset + length && i < NACELLE_STATE_PAGE_SIZE; i++)
            page[i] = (uint8_t)random();
        scribbles++;
    }
}

static void restart(void)
{
    struct nacelle_message message = {0};

    check_error("suspend", NACELLE_ERROR_OK, nacelle_vcpu_suspend(victim.vcpu));
    need(nacelle_notification_set_timer(timer, 0), "timer");
    while (nacelle_poll(victim.endpoint, &message) == NACELLE_ERROR_OK)
        ; /* exits and timers of before */
    while (guest_reset(&victim) != NACELLE_ERROR_OK)
        ; /* what it stores was written over in between */
    check_error("resume", NACELLE_ERROR_OK, nacelle_vcpu_resume(victim.vcpu));
    need(nacelle_notification_set_timer(timer, nacelle_tsc() + RUN_TICKS), "timer");
}

static void test_scribbler(void)
{
    struct nacelle_message message = {0};
    struct thread thread;
    uint64_t exits = 0;

    scribbles = 0;
    thread = thread_start(scribble, make(NACELLE_TYPE_NOTIFICATION, 0), 20);
    restart();
    while (scribbles < SCRIBBLES) {
        uint32_t kind = guest_receive(victim.endpoint, &message);

        exits += kind != ~0u;
        if (kind == NACELLE_EXIT_CPUID) {
            message.tag = nacelle_tag(NACELLE_RESUME_ADVANCE, 0);
            (void)nacelle_reply(&message);
        } else {
            restart();
        }
    }
    check_range("exits meanwhile", SCRIBBLES / 4, ~0ull, exits);
    drop(thread.slot);
}

void test_random_state(void)
{
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    uint64_t before;

    timer = make(NACELLE_TYPE_NOTIFICATION, 0);
    need(nacelle_notification_bind(timer, endpoint), "bind");
    victim = guest_make(0, GUEST_CODE_OF(guest_cpuid), endpoint, 0);
    need(nacelle_vcpu_set_priority(victim.vcpu, 2, 0), "priority"); /* its turns are short */
    second = guest_make(0, GUEST_CODE_OF(guest_count), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    (void)thread_start(serve_second, 0, 3);
    need(nacelle_vcpu_resume(second.vcpu), "start the second VM");
    for (unsigned i = 0; i < ROUNDS_RANDOM; i++)
        round(i, false);
    for (unsigned i = 0; i < ROUNDS_TURNED; i++)
        round(i, true);
    check_range("entries refused", ROUNDS_RANDOM, ~0ull, kinds[NACELLE_EXIT_ENTRY_REFUSED]);
    check_range("guests that ran", ROUNDS_TURNED / 10, ~0ull, kinds[NACELLE_EXIT_CPUID]);
    test_scribbler();
    before = second_rounds;
    wait_ticks(bochs_ticks(10ull * COUNT_TO * 3));
    check_range("rounds of the second VM meanwhile", 20, ~0ull, before);
    check_range("rounds of the second VM afterwards", before + 3, ~0ull, second_rounds);
    check_number("wrong rounds of the second VM", 0, second_wrong);
}
