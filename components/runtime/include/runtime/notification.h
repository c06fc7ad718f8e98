/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications and interrupt lines (nacelle/object.h says what each operation does). */
#ifndef RUNTIME_NOTIFICATION_H
#define RUNTIME_NOTIFICATION_H

#include <nacelle/object.h>
#include <runtime/system_call.h>

static inline enum nacelle_error nacelle_notification_signal(uint64_t notification)
{
    return nacelle_invoke0(notification, NACELLE_NOTIFICATION_SIGNAL);
}

/* From now on who receives at `endpoint` receives the signals as well. 0 unbinds. */
static inline enum nacelle_error nacelle_notification_bind(uint64_t notification, uint64_t endpoint)
{
    return nacelle_invoke1(notification, NACELLE_NOTIFICATION_BIND, endpoint);
}

/* Signals when the TSC reaches `deadline`; 0 cancels. */
static inline enum nacelle_error nacelle_notification_set_timer(uint64_t notification,
                                                                uint64_t deadline)
{
    return nacelle_invoke1(notification, NACELLE_NOTIFICATION_SET_TIMER, deadline);
}

static inline enum nacelle_error nacelle_interrupt_bind(uint64_t interrupt, uint64_t notification)
{
    return nacelle_invoke1(interrupt, NACELLE_INTERRUPT_BIND, notification);
}

static inline enum nacelle_error nacelle_interrupt_acknowledge(uint64_t interrupt)
{
    return nacelle_invoke0(interrupt, NACELLE_INTERRUPT_ACKNOWLEDGE);
}

/* The TSC: the clock of all deadlines. */
static inline uint64_t nacelle_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

#endif
