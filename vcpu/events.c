/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue of events: Intel SDM vol. 3, 6.9 (priorities), 6.15 (double fault), 26.2.1.3. */

#include "events.h"

#include <nacelle/vcpu_state.h>
#include <x86/event.h>

#define EVENT_VECTOR_MASK 0xffu
#define EVENT_KNOWN_BITS \
    (EVENT_VECTOR_MASK | NACELLE_EVENT_TYPE_MASK | NACELLE_EVENT_ERROR_CODE | NACELLE_EVENT_VALID)
#define ERROR_CODE_MAX 0xffffu

static uint32_t vector_of(uint32_t event)
{
    return event & EVENT_VECTOR_MASK;
}

static uint32_t type_of(uint32_t event)
{
    return event & NACELLE_EVENT_TYPE_MASK;
}

static bool valid(uint32_t event)
{
    return (event & NACELLE_EVENT_VALID) != 0;
}

/* Is a word valid and an event of that type? */
static bool is(uint32_t event, uint32_t type)
{
    return valid(event) && type_of(event) == type;
}

static bool can_take_interrupt(const struct vcpu_event_state *guest)
{
    return guest->interrupts_enabled &&
           (guest->blocking & (NACELLE_BLOCKING_STI | NACELLE_BLOCKING_MOV_SS)) == 0 &&
           guest->activity <= NACELLE_ACTIVITY_HLT;
}

/* Processors may refuse an NMI in the shadow of STI (26.3.1.5): none is tried. */
static bool can_take_nmi(const struct vcpu_event_state *guest)
{
    return (guest->blocking &
            (NACELLE_BLOCKING_NMI | NACELLE_BLOCKING_MOV_SS | NACELLE_BLOCKING_STI)) == 0 &&
           guest->activity != NACELLE_ACTIVITY_WAIT_FOR_SIPI;
}

/* Completes an exception for the guest's mode: error code, none, or 0 in place of a missing one. */
static void inject(struct vcpu_injection *out, uint32_t event, uint32_t error, uint32_t length,
                   uint32_t error_code_vectors)
{
    bool has_error = is(event, NACELLE_EVENT_EXCEPTION) && vector_of(event) < X86_EXCEPTION_COUNT &&
                     (error_code_vectors >> vector_of(event) & 1u) != 0;
    bool given = (event & NACELLE_EVENT_ERROR_CODE) != 0;

    out->event = event & ~NACELLE_EVENT_ERROR_CODE;
    if (has_error)
        out->event |= NACELLE_EVENT_ERROR_CODE;
    out->error = has_error && given ? error : 0;
    out->length = length;
}

/* A new exception on top of an interrupted delivery, or alone. */
static void select_exception(struct vcpu_injection *out, const struct vcpu_events *events,
                             const struct vcpu_event_state *guest)
{
    enum x86_combination combination = X86_COMBINE_SECOND;

    out->consumes = VCPU_SLOT_EXCEPTION;
    if (is(events->vectoring, NACELLE_EVENT_EXCEPTION))
        combination = x86_exception_combine((uint8_t)vector_of(events->vectoring),
                                            (uint8_t)vector_of(events->exception));
    /* An interrupt or NMI is repeated after the exception's handler. An exception comes up again,
     * or is part of the double fault; INT n and its kin are executed again. */
    if (valid(events->vectoring) && !is(events->vectoring, NACELLE_EVENT_INTERRUPT) &&
        !is(events->vectoring, NACELLE_EVENT_NMI))
        out->consumes |= VCPU_SLOT_VECTORING;

    switch (combination) {
    case X86_COMBINE_TRIPLE_FAULT:
        out->shutdown = true;
        return;
    case X86_COMBINE_DOUBLE_FAULT:
        inject(out, NACELLE_EVENT_VALID | NACELLE_EVENT_EXCEPTION | X86_VECTOR_DF, 0, 0,
               guest->error_code_vectors);
        return;
    default:
        inject(out, events->exception, events->exception_error, events->exception_length,
               guest->error_code_vectors);
        return;
    }
}

/* Takes the event of one slot. */
static void take(struct vcpu_injection *out, uint32_t slot, uint32_t event)
{
    out->consumes = slot;
    out->event = event;
}

/* Exceptions and software events, which nothing holds back. */
static void select_synchronous(struct vcpu_injection *out, const struct vcpu_events *events,
                               const struct vcpu_event_state *guest)
{
    bool repeat = valid(events->vectoring) && !is(events->vectoring, NACELLE_EVENT_INTERRUPT) &&
                  !is(events->vectoring, NACELLE_EVENT_NMI);

    /* A software event cannot come up during a delivery: it waits for the repetition. */
    if (is(events->exception, NACELLE_EVENT_EXCEPTION) || (valid(events->exception) && !repeat)) {
        select_exception(out, events, guest);
    } else if (repeat) {
        out->consumes = VCPU_SLOT_VECTORING;
        inject(out, events->vectoring, events->vectoring_error, events->vectoring_length,
               guest->error_code_vectors);
    }
}

static void select_asynchronous(struct vcpu_injection *out, const struct vcpu_events *events,
                                const struct vcpu_event_state *guest)
{
    bool repeat = (is(events->vectoring, NACELLE_EVENT_NMI) && can_take_nmi(guest)) ||
                  (is(events->vectoring, NACELLE_EVENT_INTERRUPT) && can_take_interrupt(guest));

    if (repeat)
        take(out, VCPU_SLOT_VECTORING, events->vectoring);
    else if (valid(events->nmi) && can_take_nmi(guest))
        take(out, VCPU_SLOT_NMI, events->nmi);
    else if (valid(events->deferred) && can_take_interrupt(guest))
        take(out, VCPU_SLOT_DEFERRED, events->deferred);
    else if (valid(events->interrupt) && can_take_interrupt(guest))
        take(out, VCPU_SLOT_INTERRUPT, events->interrupt);
}

/* The event of a slot, as it is after the entry. */
static uint32_t rest(const struct vcpu_injection *out, uint32_t slot, uint32_t event)
{
    return (out->consumes & slot) != 0 ? 0 : event;
}

struct vcpu_injection vcpu_events_select(const struct vcpu_events *events,
                                         const struct vcpu_event_state *guest)
{
    struct vcpu_injection out = {0};
    uint32_t vectoring;

    if (vcpu_events_synchronous(events))
        select_synchronous(&out, events, guest);
    if (out.consumes == 0)
        select_asynchronous(&out, events, guest);

    vectoring = rest(&out, VCPU_SLOT_VECTORING, events->vectoring);
    out.interrupt_window = is(vectoring, NACELLE_EVENT_INTERRUPT) ||
                           valid(rest(&out, VCPU_SLOT_DEFERRED, events->deferred)) ||
                           valid(rest(&out, VCPU_SLOT_INTERRUPT, events->interrupt)) ||
                           (events->windows & NACELLE_WINDOW_INTERRUPT) != 0;
    out.nmi_window = is(vectoring, NACELLE_EVENT_NMI) ||
                     valid(rest(&out, VCPU_SLOT_NMI, events->nmi)) ||
                     (events->windows & NACELLE_WINDOW_NMI) != 0;
    /* Whether an NMI window is open in the shadow of STI differs between processors; that of
     * interrupts opens right after the shadow on all (STI blocks only with IF = 1). */
    if (out.nmi_window && out.event == 0 && (guest->blocking & NACELLE_BLOCKING_STI) != 0) {
        out.nmi_window = false;
        out.interrupt_window = true;
    }
    return out;
}

void vcpu_events_consume(struct vcpu_events *events, uint32_t slots)
{
    if ((slots & VCPU_SLOT_INTERRUPT) != 0)
        events->interrupt = 0;
    if ((slots & VCPU_SLOT_NMI) != 0)
        events->nmi = 0;
    if ((slots & VCPU_SLOT_DEFERRED) != 0)
        events->deferred = 0;
    if ((slots & VCPU_SLOT_EXCEPTION) != 0) {
        events->exception = 0;
        events->exception_error = 0;
        events->exception_length = 0;
    }
    if ((slots & VCPU_SLOT_VECTORING) != 0) {
        events->vectoring = 0;
        events->vectoring_error = 0;
        events->vectoring_length = 0;
    }
}

void vcpu_events_interrupted(struct vcpu_events *events, uint32_t event, uint32_t error,
                             uint32_t length)
{
    if (is(events->vectoring, NACELLE_EVENT_INTERRUPT))
        events->deferred = events->vectoring;
    else if (is(events->vectoring, NACELLE_EVENT_NMI))
        events->nmi = events->vectoring;
    events->vectoring = event & EVENT_KNOWN_BITS;
    events->vectoring_error = (event & NACELLE_EVENT_ERROR_CODE) != 0 ? error : 0;
    events->vectoring_length = length;
}

/* The class of an event: software events are cancelled together with exceptions. */
static uint32_t class_of(uint32_t event)
{
    uint32_t type = type_of(event) >> 8;

    return type > X86_EVENT_HARDWARE_EXCEPTION ? X86_EVENT_HARDWARE_EXCEPTION : type;
}

bool vcpu_events_cancel(struct vcpu_events *events, uint32_t type)
{
    static const struct {
        uint32_t type;
        uint32_t slots;
    } classes[] = {
        {X86_EVENT_EXTERNAL, VCPU_SLOT_INTERRUPT | VCPU_SLOT_DEFERRED},
        {X86_EVENT_NMI, VCPU_SLOT_NMI},
        {X86_EVENT_HARDWARE_EXCEPTION, VCPU_SLOT_EXCEPTION},
    };
    struct vcpu_events rest = *events;
    bool cancelled = false;

    for (unsigned i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        uint32_t slots = classes[i].slots;

        if (classes[i].type != type)
            continue;
        if (valid(events->vectoring) && class_of(events->vectoring) == type)
            slots |= VCPU_SLOT_VECTORING;
        vcpu_events_consume(&rest, slots);
        cancelled = rest.interrupt != events->interrupt || rest.deferred != events->deferred ||
                    rest.nmi != events->nmi || rest.exception != events->exception ||
                    rest.vectoring != events->vectoring;
    }
    *events = rest;
    return cancelled;
}

bool vcpu_events_pending(const struct vcpu_events *events)
{
    return ((events->interrupt | events->nmi | events->exception | events->vectoring |
             events->deferred) &
            NACELLE_EVENT_VALID) != 0;
}

static bool software_event_valid(uint32_t event, uint32_t length)
{
    uint32_t vector = vector_of(event);

    if ((event & NACELLE_EVENT_ERROR_CODE) != 0 || length == 0 ||
        length > X86_INSTRUCTION_LENGTH_MAX)
        return false;
    switch (type_of(event)) {
    case NACELLE_EVENT_SOFTWARE_INTERRUPT:
        return true;
    case NACELLE_EVENT_PRIVILEGED_SOFTWARE_EXCEPTION:
        return vector == X86_VECTOR_DB;
    default: /* software exception */
        return vector == X86_VECTOR_BP || vector == X86_VECTOR_OF;
    }
}

static bool exception_valid(uint32_t event, uint32_t error, uint32_t error_code_vectors)
{
    uint32_t vector = vector_of(event);

    if (vector >= X86_EXCEPTION_COUNT || vector == X86_VECTOR_NMI)
        return false;
    if ((event & NACELLE_EVENT_ERROR_CODE) != 0)
        return (VCPU_ERROR_CODE_VECTORS >> vector & 1u) != 0 && error <= ERROR_CODE_MAX;
    return (error_code_vectors >> vector & 1u) == 0;
}

bool vcpu_event_valid(uint32_t event, uint32_t error, uint32_t length, uint32_t error_code_vectors)
{
    if (vcpu_event_is_interrupt(event))
        return true;
    if ((event & ~EVENT_KNOWN_BITS) != 0)
        return false;
    switch (type_of(event)) {
    case NACELLE_EVENT_NMI:
        return (event & NACELLE_EVENT_ERROR_CODE) == 0 && vector_of(event) == X86_VECTOR_NMI;
    case NACELLE_EVENT_EXCEPTION:
        return exception_valid(event, error, error_code_vectors);
    case NACELLE_EVENT_SOFTWARE_INTERRUPT:
    case NACELLE_EVENT_PRIVILEGED_SOFTWARE_EXCEPTION:
    case NACELLE_EVENT_SOFTWARE_EXCEPTION:
        return software_event_valid(event, length);
    default:
        return false;
    }
}
