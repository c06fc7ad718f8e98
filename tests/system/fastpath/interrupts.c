/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts at every point of the fast path; others at the same endpoint; and what is counted. */
#include "fastpath.h"

#include <cpuid.h>
#include <runtime/notification.h>

#define SWEEP  1500ull /* more than a round takes, by either path */

#define IF_OFF 0x002u
#define IF_ON  0x202u

static uint64_t exits, notifications;
static uint64_t told[3], handled[3];
static uint64_t timer, period;

/* The exits of guests, by their badges, and notifications. */
static void handle(uint64_t argument)
{
    struct nacelle_message message = {0};

    (void)argument;
    for (uint64_t i = 0;; i++) {
        /* From two places, each of which it has to come back to. */
        volatile uint64_t place = i % 2;

        if (place == 0) {
            nacelle_resume_receive(exits, NACELLE_RESUME_ADVANCE, &message);
            mistakes += place != 0;
        } else {
            message.tag = nacelle_tag(NACELLE_RESUME_ADVANCE, 0);
            nacelle_reply_receive(exits, &message);
            mistakes += place != 1;
        }
        if (nacelle_from_kernel(&message, NACELLE_LABEL_NOTIFICATION)) {
            notifications++;
            mistakes += message.words[0] != 1 || message.badge != 0;
            nacelle_notification_set_timer(timer, nacelle_tsc() + period);
            continue;
        }
        if (message.badge == 0 || message.badge > 2) {
            mistakes++;
            continue;
        }
        mistakes += !tells_next(&message, &told[message.badge]);
        handled[message.badge]++;
    }
}

static void reset(void)
{
    exits = make(NACELLE_TYPE_ENDPOINT, 0);
    for (unsigned i = 0; i < 3; i++)
        told[i] = handled[i] = 0;
    notifications = 0;
    mistakes = 0;
}

/* With interrupts on or off, which is whether an emulator lets the host have them at once. */
static struct guest start_guest(uint64_t badge, uint64_t rflags)
{
    struct guest guest = hostile_guest(GUEST_CODE_OF(guest_tell), exits, badge);

    guest.state->rflags = rflags;
    need(nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_IP), "store");
    need(nacelle_vcpu_resume(guest.vcpu), "start the guest");
    return guest;
}

/* Interrupts from a timer of the main thread's, each one tick later in the round than the last. */
static void sweep(uint64_t rflags)
{
    uint64_t alarm = make(NACELLE_TYPE_NOTIFICATION, 0);
    struct nacelle_vcpu_statistics statistics = {0};
    struct nacelle_message message = {0};
    struct guest guest;
    struct thread thread;

    reset();
    guest = start_guest(1, rflags);
    thread = thread_start(handle, 0, 1);
    for (uint64_t i = 0; i < SWEEP; i++) {
        need(nacelle_notification_set_timer(alarm, nacelle_tsc() + bochs_ticks(3000) + i), "timer");
        need(nacelle_receive(alarm, &message), "wait for the timer");
    }
    need(nacelle_vcpu_suspend(guest.vcpu), "suspend");
    need(nacelle_thread_suspend(thread.slot), "suspend");
    check_number("mistakes", 0, mistakes);
    check_true("exits were handled", handled[1] > SWEEP);
    need(nacelle_vcpu_statistics(guest.vcpu, &statistics), "statistics");
    check_range("exits", handled[1], handled[1] + 1, statistics.exits);
    check_true("entries", statistics.entries >= statistics.exits);
    check_true("entries that ended otherwise", statistics.entries - statistics.exits <= 2 * SWEEP);
    check_not_reached();
}

/*
 * A handler sets a timer before it replies, and the guest then goes on without an exit of its own:
 * the timer ends that in time.
 */
static void test_timer_of_the_handler(uint64_t rflags)
{
    struct nacelle_message message = {0};
    struct guest guest;
    uint64_t due;

    reset();
    timer = make(NACELLE_TYPE_NOTIFICATION, 0);
    need(nacelle_notification_bind(timer, exits), "bind");
    guest = hostile_guest(GUEST_CODE_OF(guest_tell_and_spin), exits, 1);
    guest.state->rflags = rflags;
    need(nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_IP), "store");
    need(nacelle_vcpu_resume(guest.vcpu), "start the guest");
    need(nacelle_receive(exits, &message), "the first exit");
    for (unsigned i = 0; i < 9; i++) {
        check_true("exit", tells_next(&message, &told[1]));
        due = nacelle_tsc() + bochs_ticks(4000);
        if (i == 8)
            need(nacelle_notification_set_timer(timer, due), "timer");
        need(nacelle_resume_receive(exits, NACELLE_RESUME_ADVANCE, &message), "exit");
    }
    check_true("the timer", nacelle_from_kernel(&message, NACELLE_LABEL_NOTIFICATION));
    check_range("time of the timer", due, due + bochs_ticks(40000), nacelle_tsc());
    need(nacelle_vcpu_suspend(guest.vcpu), "suspend");
}

/* No emulator that hides how many instructions something takes: Bochs, or a processor. */
static bool counts_instructions(void)
{
    unsigned eax, ebx, ecx, edx;

    __cpuid(1, eax, ebx, ecx, edx);
    return (ecx >> 31 & 1) == 0;
}

void test_timer(void)
{
    sweep(IF_OFF);
    sweep(IF_ON);
    /* Bochs' SVM lets nothing out of such a guest (docs/platforms.md). */
    if (!nacelle_by_syscall || !counts_instructions())
        test_timer_of_the_handler(IF_OFF);
    test_timer_of_the_handler(IF_ON);
}

/* Two vCPUs of two VMs and a notification at one endpoint. */
void test_two_guests(void)
{
    struct guest guests[2];
    struct thread thread;

    reset();
    period = bochs_ticks(1777);
    timer = make(NACELLE_TYPE_NOTIFICATION, 0);
    need(nacelle_notification_bind(timer, exits), "bind");
    for (unsigned i = 0; i < 2; i++) {
        guests[i] = start_guest(i + 1, i == 0 ? IF_OFF : IF_ON);
        need(nacelle_vcpu_set_priority(guests[i].vcpu, 1, bochs_ticks(10100 + 1300 * i)), "slice");
    }
    thread = thread_start(handle, 0, 1);
    need(nacelle_notification_set_timer(timer, nacelle_tsc() + period), "timer");
    wait_ticks(bochs_ticks(2000000));
    check_number("mistakes", 0, mistakes);
    check_true("exits of the first", handled[1] > 100);
    check_true("exits of the second", handled[2] > 100);
    check_true("notifications", notifications > 100);
    need(nacelle_thread_suspend(thread.slot), "suspend");
    for (unsigned i = 0; i < 2; i++)
        need(nacelle_vcpu_suspend(guests[i].vcpu), "suspend");
}

/* Entries and exits are counted on the fast path; and it is one. */
void test_statistics(void)
{
    struct nacelle_vcpu_statistics before = {0}, after = {0};
    struct nacelle_message message = {0};
    struct guest guest;
    uint64_t fastest = ~0ull;

    reset();
    guest = start_guest(1, IF_ON);
    need(nacelle_receive(exits, &message), "the first exit");
    need(nacelle_vcpu_statistics(guest.vcpu, &before), "statistics");
    for (unsigned i = 0; i < 100; i++) {
        uint64_t begin = nacelle_tsc();

        need(nacelle_resume_receive(exits, NACELLE_RESUME_ADVANCE, &message), "exit");
        fastest = nacelle_tsc() - begin < fastest ? nacelle_tsc() - begin : fastest;
    }
    need(nacelle_vcpu_statistics(guest.vcpu, &after), "statistics");
    check_number("exits", before.exits + 100, after.exits);
    check_range("entries", before.entries + 100, before.entries + 105, after.entries);
    if (counts_instructions())
        check_range("ticks of a round", 20, 500, fastest);
    /* Whoever is configured anew keeps them. */
    for (unsigned i = 0; i < 10; i++)
        need(nacelle_resume_receive(exits, NACELLE_RESUME_ADVANCE, &message), "exit");
    check_error("reset", NACELLE_ERROR_OK, guest_reset(&guest));
    need(nacelle_vcpu_statistics(guest.vcpu, &before), "statistics");
    check_number("exits", after.exits + 10, before.exits);
    check_range("entries", after.entries + 10, after.entries + 12, before.entries);
}
