/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt lines: bound, acknowledged, unbound; they come to their client while a guest runs. */
#include <harness/check.h>
#include <harness/memory.h>
#include <harness/thread.h>
#include <harness/vm.h>

#include <nacelle/boot_info.h>
#include <runtime/cspace.h>
#include <runtime/ioport.h>
#include <runtime/notification.h>

/* 8254 channel 0 on line 0, RTC periodic interrupt on line 8 (MC146818A data sheet). */
#define PIT_LINE       (NACELLE_SLOT_INTERRUPTS + 0)
#define PIT_CHANNEL0   0x40
#define PIT_COMMAND    0x43
#define PIT_RATE       0x34 /* channel 0, both bytes, mode 2 */
#define PIT_PERIOD     1193 /* 1 ms */
#define RTC_LINE       (NACELLE_SLOT_INTERRUPTS + 8)
#define RTC_INDEX      0x70
#define RTC_DATA       0x71
#define RTC_REGISTER_A 0x0a
#define RTC_REGISTER_B 0x0b
#define RTC_REGISTER_C 0x0c
#define RTC_PERIODIC   0x40
#define RTC_1024_HZ    0x26

#define BADGE          0x40u
#define RFLAGS_IF      0x200u

extern const uint8_t guest_spin_begin[], guest_spin_end[];

const char test_name[] = "interrupts";

static void out(uint16_t port, uint32_t value)
{
    need(nacelle_ioport_out(NACELLE_SLOT_PORTS, port, 1, value), "port write");
}

static uint32_t in(uint16_t port)
{
    uint32_t value = 0;

    need(nacelle_ioport_in(NACELLE_SLOT_PORTS, port, 1, &value), "port read");
    return value;
}

static void pit_start(void)
{
    out(PIT_COMMAND, PIT_RATE);
    out(PIT_CHANNEL0, PIT_PERIOD & 0xff);
    out(PIT_CHANNEL0, PIT_PERIOD >> 8);
}

static uint32_t rtc_read(uint8_t index)
{
    out(RTC_INDEX, index);
    return in(RTC_DATA);
}

static void rtc_write(uint8_t index, uint32_t value)
{
    out(RTC_INDEX, index);
    out(RTC_DATA, value);
}

/* A notification with a badge, bound to the line; `waited` is the notification without one. */
static uint64_t bind(uint64_t line, uint64_t *waited)
{
    uint64_t notification = make(NACELLE_TYPE_NOTIFICATION, 0);
    uint64_t badged = copy(notification, NACELLE_RIGHTS_ALL, BADGE);

    *waited = notification;
    check_error("bind", NACELLE_ERROR_OK, nacelle_interrupt_bind(line, badged));
    return badged;
}

/* The bits that are set at the notification within `ticks`; 0: none. */
static uint64_t bits_within(uint64_t notification, uint64_t ticks)
{
    uint64_t end = nacelle_tsc() + ticks;
    struct nacelle_message message = {0};

    while (nacelle_tsc() < end)
        if (nacelle_poll(notification, &message) == NACELLE_ERROR_OK)
            return message.words[0];
    return 0;
}

static void run_pit(void)
{
    uint64_t ms = boot->tsc_hz / 1000;
    uint64_t waited;
    uint64_t badged;
    uint64_t begin;

    check_error("acknowledge of an unbound line", NACELLE_ERROR_NOT_CONFIGURED,
                nacelle_interrupt_acknowledge(PIT_LINE));
    check_error("bind to what is no notification", NACELLE_ERROR_WRONG_TYPE,
                nacelle_interrupt_bind(PIT_LINE, NACELLE_SLOT_CSPACE));
    badged = bind(PIT_LINE, &waited);
    pit_start();
    check_number("a line is masked until it is acknowledged", 0, bits_within(waited, 5 * ms));

    begin = nacelle_tsc();
    for (unsigned i = 0; i < 20; i++) {
        struct nacelle_message message = {0};

        need(nacelle_interrupt_acknowledge(PIT_LINE), "acknowledge");
        need(nacelle_receive(waited, &message), "wait for the interrupt");
        check_number("bits of interrupt %lu", BADGE, message.words[0]);
    }
    check_range("twenty interrupts of a 1 kHz timer, in ms", 17, 24, (nacelle_tsc() - begin) / ms);

    check_number("masked from the interrupt on", 0, bits_within(waited, 5 * ms));
    check_error("unbind", NACELLE_ERROR_OK, nacelle_interrupt_bind(PIT_LINE, 0));
    check_error("acknowledge after unbind", NACELLE_ERROR_NOT_CONFIGURED,
                nacelle_interrupt_acknowledge(PIT_LINE));
    check_number("unbound", 0, bits_within(waited, 5 * ms));

    check_error("bind again", NACELLE_ERROR_OK, nacelle_interrupt_bind(PIT_LINE, badged));
    need(nacelle_interrupt_acknowledge(PIT_LINE), "acknowledge");
    check_number("bound again", BADGE, bits_within(waited, 5 * ms));
    drop(waited);
    check_error("the notification was deleted", NACELLE_ERROR_NOT_CONFIGURED,
                nacelle_interrupt_acknowledge(PIT_LINE));
}

static void run_rtc(void)
{
    uint64_t ms = boot->tsc_hz / 1000;
    uint64_t waited;

    (void)bind(RTC_LINE, &waited);
    rtc_write(RTC_REGISTER_A, RTC_1024_HZ);
    rtc_write(RTC_REGISTER_B, rtc_read(RTC_REGISTER_B) | RTC_PERIODIC);
    for (unsigned i = 0; i < 10; i++) {
        rtc_read(RTC_REGISTER_C); /* lets the next one come */
        need(nacelle_interrupt_acknowledge(RTC_LINE), "acknowledge");
        check_number("bits of RTC interrupt %lu", BADGE, bits_within(waited, 10 * ms));
    }
    rtc_write(RTC_REGISTER_B, rtc_read(RTC_REGISTER_B) & ~(uint32_t)RTC_PERIODIC);
    rtc_read(RTC_REGISTER_C);
    check_error("unbind", NACELLE_ERROR_OK, nacelle_interrupt_bind(RTC_LINE, 0));
}

/*
 * A guest that never exits: the timer's interrupts reach this thread all the same, which has a
 * higher priority. With interrupts off in the guest, Bochs 2.7 keeps the interrupt until the time
 * slice ends (docs/platforms.md), so a slice is allowed for each.
 */
static void run_beside_guest(uint64_t rflags)
{
    const struct guest_code code = GUEST_CODE_OF(guest_spin);
    uint64_t ms = boot->tsc_hz / 1000;
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    struct guest guest = guest_make(0, code, endpoint, 1);
    const volatile uint32_t *counter = (const volatile uint32_t *)(const void *)guest.data;
    uint64_t waited;

    (void)bind(PIT_LINE, &waited);
    need(nacelle_vcpu_fetch(guest.vcpu, NACELLE_GROUP_IP), "fetch");
    guest.state->rflags = 2 | rflags;
    need(nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_IP), "store");
    need(nacelle_vcpu_set_priority(guest.vcpu, 1, 2 * ms), "slice");
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    pit_start();
    for (unsigned i = 0; i < 20; i++) {
        struct nacelle_message message = {0};
        uint64_t begin = nacelle_tsc();
        uint32_t before = *counter;

        need(nacelle_interrupt_acknowledge(PIT_LINE), "acknowledge");
        need(nacelle_receive(waited, &message), "wait for the interrupt");
        check_number("bits beside a guest, round %lu", BADGE, message.words[0]);
        check_range("waited, in ms", 0, rflags != 0 ? 1 : 3, (nacelle_tsc() - begin) / ms);
        if (i > 0)
            check_true("the guest ran meanwhile", *counter != before);
    }
    need(nacelle_vcpu_suspend(guest.vcpu), "suspend");
    check_error("unbind", NACELLE_ERROR_OK, nacelle_interrupt_bind(PIT_LINE, 0));
}

static void run_beside_open_guest(void)
{
    run_beside_guest(RFLAGS_IF);
}

static void run_beside_closed_guest(void)
{
    run_beside_guest(0);
}

PARTS({"the timer's line", run_pit}, {"a line of the second controller", run_rtc},
      {"beside a guest with interrupts on", run_beside_open_guest},
      {"beside a guest with interrupts off", run_beside_closed_guest});
