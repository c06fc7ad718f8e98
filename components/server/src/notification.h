/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications and their timers. */
#ifndef SERVER_NOTIFICATION_H
#define SERVER_NOTIFICATION_H

#include "list.h"
#include "slot.h"
#include "timer_heap.h"

struct cpu;
struct endpoint;
struct execution;

struct notification {
    uint64_t bits;       /* signalled and not yet received */
    struct list waiting; /* executions that receive here */
    struct timer timer;
    uint64_t timer_bits; /* what the timer signals; 0: not armed */
    struct cpu *cpu;     /* in whose heap the timer is */
    struct slot binding; /* internal slot: the endpoint it is bound to */
    uint64_t reserved[15];
};

_Static_assert(sizeof(struct notification) == 1 << NACELLE_SIZE_NOTIFICATION, "object size");

void notification_init(struct notification *notification);

/* Sets bits and wakes who waits for them. */
void notification_signal(struct notification *notification, uint64_t bits);

/* Takes all bits set. */
uint64_t notification_take(struct notification *notification);

/* The endpoint bound to, or 0. */
static inline struct endpoint *notification_endpoint(const struct notification *notification)
{
    return notification->binding.type == NACELLE_TYPE_ENDPOINT
               ? (struct endpoint *)notification->binding.object
               : NULL;
}

/* Whether a signal matters to nobody now: no one waits for it, here or at an endpoint. */
static inline bool notification_is_alone(const struct notification *notification)
{
    return list_is_empty(&notification->waiting) && notification_endpoint(notification) == NULL;
}

/* Called when the binding was made: bits signalled before are delivered. */
void notification_bound(struct notification *notification);

/* Arms the timer: bits are signalled at the deadline (TSC); bits 0 disarms. */
void notification_set_timer(struct notification *notification, uint64_t deadline, uint64_t bits);

/* Signals all timers due at now. */
void notification_fire_timers(struct cpu *cpu, uint64_t now);

/* One step of deletion: true when nothing refers to it any more. */
bool notification_destroy_step(struct notification *notification);

#endif
