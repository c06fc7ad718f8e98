/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue of events of a vCPU: what is pending, what can be injected now. Pure. */
#ifndef VCPU_EVENTS_H
#define VCPU_EVENTS_H

#include <nacelle/exit.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Pending events, as NACELLE_EVENT_* words with NACELLE_EVENT_VALID, or 0. Only exceptions and
 * software events have an error code or an instruction length.
 *
 * vectoring is a delivery that an exit interrupted: it is repeated before all others. deferred is
 * an interrupt that was in vectoring when an exception overtook it, and this exception's delivery
 * was interrupted in turn; it goes before interrupt.
 */
struct vcpu_events {
    uint32_t interrupt;
    uint32_t nmi;
    uint32_t exception;
    uint32_t exception_error;
    uint32_t exception_length;
    uint32_t vectoring;
    uint32_t vectoring_error;
    uint32_t vectoring_length;
    uint32_t deferred;
    uint32_t windows; /* NACELLE_WINDOW_*: exits that the client asked for */
};

/* The guest's side: what it can take. */
struct vcpu_event_state {
    bool interrupts_enabled;     /* RFLAGS.IF */
    uint32_t blocking;           /* NACELLE_BLOCKING_* */
    uint32_t activity;           /* NACELLE_ACTIVITY_* */
    uint32_t error_code_vectors; /* bit n: exception n pushes an error code; 0 in real mode */
};

/* Slots of struct vcpu_events, one bit each. */
#define VCPU_SLOT_INTERRUPT (1u << 0)
#define VCPU_SLOT_NMI       (1u << 1)
#define VCPU_SLOT_EXCEPTION (1u << 2)
#define VCPU_SLOT_VECTORING (1u << 3)
#define VCPU_SLOT_DEFERRED  (1u << 4)

/* What the next entry does. */
struct vcpu_injection {
    uint32_t event; /* 0: inject nothing */
    uint32_t error;
    uint32_t length;
    uint32_t consumes;     /* slots to empty once the guest was entered */
    bool interrupt_window; /* exit as soon as the guest can take an interrupt */
    bool nmi_window;       /* exit as soon as it can take an NMI */
    bool shutdown;         /* triple fault: there is nothing to enter */
};

/*
 * Chooses the event of the next entry: an interrupted delivery, combined with a new exception by
 * SDM vol. 3 table 6-5; an exception; an NMI; an interrupt (6.9). Changes nothing.
 */
struct vcpu_injection vcpu_events_select(const struct vcpu_events *events,
                                         const struct vcpu_event_state *guest);

/* Empties slots whose event went into the guest. */
void vcpu_events_consume(struct vcpu_events *events, uint32_t slots);

/* Takes note of an interrupted delivery. An interrupt or NMI that already waits for its repetition
 * is kept; an NMI merges with one that is pending, as in a processor, which latches one. */
void vcpu_events_interrupted(struct vcpu_events *events, uint32_t event, uint32_t error,
                             uint32_t length);

/* Drops what waits of a class: NACELLE_EVENT_INTERRUPT, NMI or EXCEPTION >> 8 (0, 2, 3); software
 * events are of the last. Repetitions too. false when nothing did. */
bool vcpu_events_cancel(struct vcpu_events *events, uint32_t type);

/* Does an event wait for its delivery? */
bool vcpu_events_pending(const struct vcpu_events *events);

/* Does an interrupt wait, and nothing beside it? Nobody wants to know of a window, either. */
static inline bool vcpu_events_interrupt_alone(const struct vcpu_events *events)
{
    return (events->interrupt & NACELLE_EVENT_VALID) != 0 &&
           (events->nmi | events->exception | events->vectoring | events->deferred |
            events->windows) == 0;
}

/* Could the next event be an exception? Only then error_code_vectors matters. */
static inline bool vcpu_events_synchronous(const struct vcpu_events *events)
{
    return (events->exception | events->vectoring) != 0;
}

/* An interrupt as a client may inject it: a vector and nothing else, for its type is 0. */
static inline bool vcpu_event_is_interrupt(uint32_t event)
{
    return (event & ~(0xffu | NACELLE_EVENT_VALID)) == 0;
}

/*
 * Is this an event that a client may inject? error_code_vectors: the exceptions that push an error
 * code in the guest's present mode; they must come with one, and never other vectors.
 */
bool vcpu_event_valid(uint32_t event, uint32_t error, uint32_t length, uint32_t error_code_vectors);

/* Exceptions that push an error code on any processor and in any mode but real mode. */
#define VCPU_ERROR_CODE_VECTORS 0x60227d00u
/* Those that guests can have: 8, 10 to 14, 17; 21, 29 and 30 need what guests lack. */
#define VCPU_GUEST_ERROR_CODES 0x00027d00u

#endif
