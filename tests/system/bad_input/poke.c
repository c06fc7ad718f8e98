/* SPDX-License-Identifier: BSD-2-Clause */
/* A poke is never lost, and leads to exactly one message, whenever it comes. */
#include <harness/check.h>
#include <harness/memory.h>
#include <harness/thread.h>
#include <harness/vm.h>
#include <runtime/notification.h>

#include "guests.h"
#include "rows.h"

#define TIME bochs_ticks(20000) /* enough for a guest to run, exit, and be heard of */

static struct guest guest;

/* Gives the guest time, and takes what comes: how many pokes, how many other exits. */
struct heard {
    unsigned pokes, others;
};

static struct heard listen(uint32_t flags)
{
    struct nacelle_message message = {0};
    struct heard heard = {0};

    for (;;) {
        uint32_t kind;

        wait_ticks(TIME);
        kind = guest_poll(guest.endpoint, &message);
        if (kind == ~0u)
            return heard;
        heard.pokes += kind == NACELLE_EXIT_POKE;
        heard.others += kind != NACELLE_EXIT_POKE;
        message.tag = nacelle_tag(kind == NACELLE_EXIT_POKE ? 0 : flags, 0);
        (void)nacelle_reply(&message);
        if (heard.pokes + heard.others > 20)
            return heard;
    }
}

static void poke(unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        check_error("poke", NACELLE_ERROR_OK, nacelle_vcpu_poke(guest.vcpu));
}

static void expect_pokes(const char *what, unsigned pokes)
{
    struct heard heard = listen(NACELLE_RESUME_STAY);

    check_number(what, pokes, heard.pokes);
    check_number("other exits", 0, heard.others);
}

/* Before the first start, suspended, and running: once and many times. */
static void test_spinning(unsigned times)
{
    guest = guest_make(0, GUEST_CODE_OF(guest_spin), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    poke(times);
    expect_pokes("poked before start: nothing yet", 0);
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    expect_pokes("poked before start", 1);
    poke(times);
    expect_pokes("poked while running", 1);
    expect_pokes("not poked", 0);
    need(nacelle_vcpu_suspend(guest.vcpu), "suspend");
    poke(times);
    expect_pokes("poked while suspended: nothing yet", 0);
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    expect_pokes("poked while suspended", 1);
    expect_pokes("not poked", 0);
}

/* While its message waits to be received: that message tells of these pokes too. */
static void test_queued(void)
{
    struct nacelle_message message = {0};

    poke(1);
    wait_ticks(TIME);
    poke(3);
    wait_ticks(TIME);
    poke(1);
    expect_pokes("poked while the message waits", 1);
    /* ... but those after it was received need one of their own. */
    poke(1);
    wait_ticks(TIME);
    check_number("poke", NACELLE_EXIT_POKE, guest_poll(guest.endpoint, &message));
    poke(2);
    message.tag = nacelle_tag(0, 0);
    need(nacelle_reply(&message), "reply");
    expect_pokes("poked after the message was received", 1);
}

/* While the vCPU waits for the reply to an exit, and while that exit waits to be received. */
static void test_in_exit(void)
{
    struct nacelle_message message = {0};

    guest = guest_make(0, GUEST_CODE_OF(guest_cpuid), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    for (unsigned round = 0; round < 20; round++) {
        wait_ticks(TIME); /* the exit waits to be received */
        if (round % 2 == 0)
            poke(round % 3 + 1);
        check_number("exit", NACELLE_EXIT_CPUID, guest_receive(guest.endpoint, &message));
        if (round % 2 != 0)
            poke(round % 3 + 1); /* or it was */
        check_number("poke after the exit", NACELLE_EXIT_POKE,
                     guest_continue(guest.endpoint, NACELLE_RESUME_ADVANCE, &message));
        message.tag = nacelle_tag(0, 0);
        need(nacelle_reply(&message), "reply");
    }
    check_number("exit", NACELLE_EXIT_CPUID, guest_receive(guest.endpoint, &message));
}

static volatile uint64_t stop_poking;

static void poke_by_timer(uint64_t timer)
{
    struct nacelle_message message = {0};

    while (stop_poking == 0) {
        (void)nacelle_notification_set_timer(timer, nacelle_tsc() + bochs_ticks(3001));
        (void)nacelle_receive(timer, &message);
        (void)nacelle_vcpu_poke(guest.vcpu);
    }
}

/* Thousands, from another thread, at any moment of entry and exit: none of the exits is lost. */
static void test_storm(void)
{
    struct nacelle_message message = {0};
    unsigned pokes = 0, others = 0, wrong = 0;
    struct thread thread;
    uint32_t kind;

    guest = guest_make(0, GUEST_CODE_OF(guest_count), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    stop_poking = 0;
    thread = thread_start(poke_by_timer, make(NACELLE_TYPE_NOTIFICATION, 0), 20);
    kind = guest_receive(guest.endpoint, &message);
    while (others < 20) {
        bool is_poke = kind == NACELLE_EXIT_POKE;

        pokes += is_poke;
        others += !is_poke;
        wrong += !is_poke && (kind != NACELLE_EXIT_PORT || message.words[1] != COUNT_TO);
        kind = guest_continue(guest.endpoint, is_poke ? 0 : NACELLE_RESUME_ADVANCE, &message);
    }
    stop_poking = 1;
    drop(thread.slot);
    check_range("pokes", 20 * COUNT_TO / 4000, 20 * COUNT_TO, pokes);
    check_number("wrong exits", 0, wrong);
}

/* A halted vCPU wakes up. */
static void test_halted(void)
{
    guest = guest_make(0, GUEST_CODE_OF(guest_spin), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    need(nacelle_vcpu_fetch(guest.vcpu, NACELLE_GROUP_EVENTS), "fetch");
    guest.state->activity = NACELLE_ACTIVITY_HLT;
    need(nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_EVENTS), "store");
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    expect_pokes("halted and not poked", 0);
    poke(2);
    expect_pokes("poked while halted", 1);
}

/* Resuming one that runs changes nothing. */
static void test_resume_twice(void)
{
    guest = guest_make(0, GUEST_CODE_OF(guest_spin), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    for (unsigned i = 0; i < 3; i++) {
        check_error("resume", NACELLE_ERROR_OK, nacelle_vcpu_resume(guest.vcpu));
        check_error("resume again", NACELLE_ERROR_OK, nacelle_vcpu_resume(guest.vcpu));
        check_error("a third time", NACELLE_ERROR_OK, nacelle_vcpu_resume(guest.vcpu));
        expect_pokes("resumed more than once", 0);
        poke(1);
        expect_pokes("poked", 1);
        need(nacelle_vcpu_suspend(guest.vcpu), "suspend");
        need(nacelle_vcpu_suspend(guest.vcpu), "suspend again");
    }
}

void test_poke(void)
{
    test_spinning(1);
    test_queued();
    drop(guest.vcpu);
    test_spinning(5);
    drop(guest.vcpu);
    test_in_exit();
    drop(guest.vcpu);
    test_storm();
    drop(guest.vcpu);
    test_halted();
    drop(guest.vcpu);
    test_resume_twice();
}
