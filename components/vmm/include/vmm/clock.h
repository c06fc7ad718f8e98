/* SPDX-License-Identifier: BSD-2-Clause */
/* Time for device models: a clock that the event loop sets, and timers. */
#ifndef VMM_CLOCK_H
#define VMM_CLOCK_H

#include <stdint.h>

#define VMM_NEVER UINT64_MAX

/* Something that is to happen at a time. Belongs to at most one clock. */
struct vmm_timer {
    uint64_t deadline; /* TSC ticks; VMM_NEVER when it is not set */
    void (*expired)(void *context);
    void *context;
    struct vmm_timer *next;
};

/* Devices read the time here and nowhere else, so that they do the same thing in every run. */
struct vmm_clock {
    uint64_t now;             /* TSC ticks */
    uint64_t hz;              /* TSC ticks a second, at most 2^34 */
    struct vmm_timer *timers; /* that are set, earliest first */
};

/* `now` as a count of events that come `rate` times a second (rate up to 2^29), from TSC 0 on. */
uint64_t vmm_clock_count(const struct vmm_clock *clock, uint64_t rate);

/* The earliest TSC value at which vmm_clock_count() is at least `count`. */
uint64_t vmm_clock_when(const struct vmm_clock *clock, uint64_t rate, uint64_t count);

/* Sets, moves or (VMM_NEVER) clears a timer. */
void vmm_timer_set(struct vmm_clock *clock, struct vmm_timer *timer, uint64_t deadline);

/* Runs all timers that are due; they may set timers again. */
void vmm_clock_run(struct vmm_clock *clock);

/* When the next timer is due; VMM_NEVER without one. */
static inline uint64_t vmm_clock_deadline(const struct vmm_clock *clock)
{
    return clock->timers ? clock->timers->deadline : VMM_NEVER;
}

#endif
