/* SPDX-License-Identifier: BSD-2-Clause */
/* Choice of the event to inject, over all combinations of what is pending and what blocks. */

#include "test.h"

#include <nacelle/vcpu_state.h>

#include "events.h"

#define VALID             NACELLE_EVENT_VALID
#define INTERRUPT(vector) (VALID | NACELLE_EVENT_INTERRUPT | (vector))
#define NMI               (VALID | NACELLE_EVENT_NMI | 2)
#define EXCEPTION(vector) (VALID | NACELLE_EVENT_EXCEPTION | (vector))
#define WITH_ERROR        NACELLE_EVENT_ERROR_CODE
#define SOFT(vector)      (VALID | NACELLE_EVENT_SOFTWARE_INTERRUPT | (vector))
#define PROTECTED_VECTORS 0x27d00u

static const struct vcpu_event_state open_guest = {.interrupts_enabled = true,
                                                   .error_code_vectors = PROTECTED_VECTORS};

static void nothing(void **state)
{
    const struct vcpu_events events = {0};
    struct vcpu_injection out = vcpu_events_select(&events, &open_guest);

    (void)state;
    assert_int_equal(out.event | out.consumes, 0);
    assert_false(out.interrupt_window || out.nmi_window || out.shutdown);
    assert_false(vcpu_events_pending(&events));
}

/* Every combination of IF, the four blockings and the activities with an interrupt and an NMI. */
static void windows(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * 16 * 4 * 4; i++) {
        const struct vcpu_event_state guest = {
            .interrupts_enabled = (i & 1) != 0, .blocking = i >> 1 & 15, .activity = i >> 5 & 3};
        bool have_interrupt = (i & 128) != 0;
        bool have_nmi = (i & 256) != 0;
        const struct vcpu_events events = {.interrupt = have_interrupt ? INTERRUPT(0x30) : 0,
                                           .nmi = have_nmi ? NMI : 0};
        struct vcpu_injection out = vcpu_events_select(&events, &guest);
        bool shadow = (guest.blocking & 3) != 0;
        bool takes_interrupt = guest.interrupts_enabled && !shadow && guest.activity <= 1;
        bool takes_nmi = !shadow && (guest.blocking & 8) == 0 && guest.activity != 3;

        if (have_nmi && takes_nmi) {
            assert_int_equal(out.event, NMI);
            assert_int_equal(out.consumes, VCPU_SLOT_NMI);
            assert_int_equal(out.interrupt_window, have_interrupt);
            assert_false(out.nmi_window);
        } else if (have_interrupt && takes_interrupt) {
            assert_int_equal(out.event, INTERRUPT(0x30));
            assert_int_equal(out.consumes, VCPU_SLOT_INTERRUPT);
            assert_int_equal(out.nmi_window, have_nmi);
        } else {
            assert_int_equal(out.event | out.consumes, 0);
            /* Whatever waits has a window; an NMI behind STI that of interrupts. */
            if (have_interrupt)
                assert_true(out.interrupt_window);
            if (have_nmi)
                assert_true(out.nmi_window || ((guest.blocking & 1) != 0 && out.interrupt_window));
        }
        assert_false(out.shutdown);
    }
}

static void windows_of_the_client(void **state)
{
    struct vcpu_events events = {.windows = NACELLE_WINDOW_INTERRUPT};
    struct vcpu_injection out = vcpu_events_select(&events, &open_guest);

    (void)state;
    assert_true(out.interrupt_window && !out.nmi_window);
    events.windows = NACELLE_WINDOW_NMI;
    out = vcpu_events_select(&events, &open_guest);
    assert_true(!out.interrupt_window && out.nmi_window);
    assert_int_equal(out.event, 0);
}

static void exceptions_come_first_and_are_never_blocked(void **state)
{
    const struct vcpu_event_state closed = {.blocking = 15,
                                            .error_code_vectors = PROTECTED_VECTORS};
    const struct vcpu_events events = {.interrupt = INTERRUPT(0x30),
                                       .nmi = NMI,
                                       .exception = EXCEPTION(13) | WITH_ERROR,
                                       .exception_error = 0x18};
    struct vcpu_injection out = vcpu_events_select(&events, &closed);

    (void)state;
    assert_int_equal(out.event, EXCEPTION(13) | WITH_ERROR);
    assert_int_equal(out.error, 0x18);
    assert_int_equal(out.consumes, VCPU_SLOT_EXCEPTION);
    assert_true(out.interrupt_window && out.nmi_window);
}

static void error_codes_by_mode(void **state)
{
    const struct vcpu_event_state real = {.interrupts_enabled = true};
    struct vcpu_events events = {.exception = EXCEPTION(13) | WITH_ERROR, .exception_error = 5};

    (void)state;
    assert_int_equal(vcpu_events_select(&events, &real).event, EXCEPTION(13));
    assert_int_equal(vcpu_events_select(&events, &real).error, 0);
    /* One that is missing is 0, not what an earlier event left. */
    events.exception = EXCEPTION(14);
    events.exception_error = 0xbad;
    assert_int_equal(vcpu_events_select(&events, &open_guest).event, EXCEPTION(14) | WITH_ERROR);
    assert_int_equal(vcpu_events_select(&events, &open_guest).error, 0);
    events.exception = EXCEPTION(6);
    assert_int_equal(vcpu_events_select(&events, &open_guest).event, EXCEPTION(6));
}

/* SDM vol. 3, table 6-5. */
static void double_faults(void **state)
{
    static const struct {
        uint32_t first, second;
        uint32_t event; /* 0: shutdown */
    } cases[] = {
        {6, 13, 13}, {13, 6, 6}, {13, 14, 14}, {13, 13, 8}, {0, 11, 8},  {14, 14, 8}, {14, 13, 8},
        {14, 6, 6},  {8, 13, 0}, {8, 14, 0},   {8, 6, 6},   {10, 12, 8}, {1, 14, 14}, {17, 14, 14},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(cases); i++) {
        const struct vcpu_events events = {.vectoring = EXCEPTION(cases[i].first),
                                           .exception = EXCEPTION(cases[i].second)};
        struct vcpu_injection out = vcpu_events_select(&events, &open_guest);

        assert_int_equal(out.consumes, VCPU_SLOT_EXCEPTION | VCPU_SLOT_VECTORING);
        assert_int_equal(out.shutdown, cases[i].event == 0);
        if (cases[i].event != 0)
            assert_int_equal(out.event & 0xff, cases[i].event);
    }
}

static void interrupted_deliveries(void **state)
{
    struct vcpu_events events = {
        .vectoring = SOFT(0x21), .vectoring_length = 2, .interrupt = INTERRUPT(0x30)};
    struct vcpu_injection out = vcpu_events_select(&events, &open_guest);
    const struct vcpu_event_state closed = {0};

    (void)state;
    assert_int_equal(out.event, SOFT(0x21));
    assert_int_equal(out.length, 2);
    assert_int_equal(out.consumes, VCPU_SLOT_VECTORING);
    assert_true(out.interrupt_window);
    /* An exception on top of INT n: INT n is executed again. */
    events.exception = EXCEPTION(14) | WITH_ERROR;
    events.exception_error = 2;
    out = vcpu_events_select(&events, &open_guest);
    assert_int_equal(out.event, EXCEPTION(14) | WITH_ERROR);
    assert_int_equal(out.consumes, VCPU_SLOT_EXCEPTION | VCPU_SLOT_VECTORING);
    /* On top of an interrupt: the exception first, the interrupt afterwards. */
    events.vectoring = INTERRUPT(0x31);
    out = vcpu_events_select(&events, &open_guest);
    assert_int_equal(out.event, EXCEPTION(14) | WITH_ERROR);
    assert_int_equal(out.consumes, VCPU_SLOT_EXCEPTION);
    assert_true(out.interrupt_window);
    vcpu_events_consume(&events, out.consumes);
    assert_int_equal(vcpu_events_select(&events, &closed).event, 0);
    out = vcpu_events_select(&events, &open_guest);
    assert_int_equal(out.event, INTERRUPT(0x31));
    assert_true(out.interrupt_window); /* 0x30 still waits */
    /* The exception's delivery is interrupted too: the interrupt is kept, before the other. */
    vcpu_events_interrupted(&events, EXCEPTION(14) | WITH_ERROR, 2, 0);
    assert_int_equal(events.deferred, INTERRUPT(0x31));
    out = vcpu_events_select(&events, &open_guest);
    assert_int_equal(out.event, EXCEPTION(14) | WITH_ERROR);
    vcpu_events_consume(&events, out.consumes);
    assert_int_equal(vcpu_events_select(&events, &open_guest).event, INTERRUPT(0x31));
    /* A repeated NMI that an exception overtook. */
    events = (struct vcpu_events){.vectoring = NMI};
    vcpu_events_interrupted(&events, EXCEPTION(13) | WITH_ERROR, 0, 0);
    assert_int_equal(events.nmi, NMI);
}

/* A software event that a client injects cannot overtake a delivery that is to be repeated. */
static void software_event_behind_a_repetition(void **state)
{
    struct vcpu_events events = {
        .vectoring = EXCEPTION(13), .exception = SOFT(0x80), .exception_length = 2};
    struct vcpu_injection out = vcpu_events_select(&events, &open_guest);

    (void)state;
    assert_int_equal(out.event & 0xff, 13);
    assert_int_equal(out.consumes, VCPU_SLOT_VECTORING);
    vcpu_events_consume(&events, out.consumes);
    assert_int_equal(vcpu_events_select(&events, &open_guest).event, SOFT(0x80));
}

static void cancel(void **state)
{
    struct vcpu_events events = {.interrupt = INTERRUPT(0x30),
                                 .nmi = NMI,
                                 .exception = SOFT(3),
                                 .exception_length = 1,
                                 .vectoring = INTERRUPT(0x31),
                                 .deferred = INTERRUPT(0x32)};

    (void)state;
    assert_false(vcpu_events_cancel(&events, 1));
    assert_false(vcpu_events_cancel(&events, 4));
    assert_false(vcpu_events_cancel(&events, 0xffffffff));
    assert_true(vcpu_events_cancel(&events, 0));
    assert_int_equal(events.interrupt | events.vectoring | events.deferred, 0);
    assert_false(vcpu_events_cancel(&events, 0));
    assert_true(vcpu_events_cancel(&events, 3));
    assert_int_equal(events.exception | events.exception_length, 0);
    assert_true(vcpu_events_cancel(&events, 2));
    assert_false(vcpu_events_pending(&events));
}

static void validity(void **state)
{
    static const struct {
        uint32_t event, error, length, mode;
        bool valid;
    } cases[] = {
        {INTERRUPT(0), 0, 0, 0, true},
        {INTERRUPT(0xff), 0, 0, 0, true},
        {0x30, 0, 0, 0, true}, /* the valid bit is the engine's */
        {INTERRUPT(8) | WITH_ERROR, 0, 0, 0, false},
        {INTERRUPT(8) | 1 << 12, 0, 0, 0, false},
        {INTERRUPT(8) | 1 << 30, 0, 0, 0, false},
        {VALID | 1 << 8, 0, 0, 0, false}, /* reserved type */
        {VALID | 7 << 8, 0, 0, 0, false},
        {NMI, 0, 0, 0, true},
        {VALID | NACELLE_EVENT_NMI | 3, 0, 0, 0, false},
        {NMI | WITH_ERROR, 0, 0, 0, false},
        {EXCEPTION(0), 0, 0, PROTECTED_VECTORS, true},
        {EXCEPTION(2), 0, 0, 0, false},
        {EXCEPTION(22), 0, 0, PROTECTED_VECTORS, true},
        {EXCEPTION(31), 0, 0, PROTECTED_VECTORS, true},
        {EXCEPTION(32), 0, 0, 0, false},
        {EXCEPTION(13), 0, 0, PROTECTED_VECTORS, false}, /* error code missing */
        {EXCEPTION(13), 0, 0, 0, true},                  /* real mode */
        {EXCEPTION(13) | WITH_ERROR, 0xffff, 0, PROTECTED_VECTORS, true},
        {EXCEPTION(13) | WITH_ERROR, 0x10000, 0, PROTECTED_VECTORS, false},
        {EXCEPTION(6) | WITH_ERROR, 0, 0, PROTECTED_VECTORS, false},
        {SOFT(0x80), 0, 2, 0, true},
        {SOFT(0x80), 0, 0, 0, false},
        {SOFT(0x80), 0, 15, 0, true},
        {SOFT(0x80), 0, 16, 0, false},
        {SOFT(0x80) | WITH_ERROR, 0, 2, 0, false},
        {VALID | 5 << 8 | 1, 0, 1, 0, true},
        {VALID | 5 << 8 | 3, 0, 1, 0, false},
        {VALID | 6 << 8 | 3, 0, 1, 0, true},
        {VALID | 6 << 8 | 4, 0, 1, 0, true},
        {VALID | 6 << 8 | 1, 0, 1, 0, false},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(cases); i++)
        assert_int_equal(
            vcpu_event_valid(cases[i].event, cases[i].error, cases[i].length, cases[i].mode),
            cases[i].valid);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing),
    cmocka_unit_test(windows),
    cmocka_unit_test(windows_of_the_client),
    cmocka_unit_test(exceptions_come_first_and_are_never_blocked),
    cmocka_unit_test(error_codes_by_mode),
    cmocka_unit_test(double_faults),
    cmocka_unit_test(interrupted_deliveries),
    cmocka_unit_test(software_event_behind_a_repetition),
    cmocka_unit_test(cancel),
    cmocka_unit_test(validity),
};

TEST_MAIN(tests)
