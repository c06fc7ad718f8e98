/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock of device models. */
#include <stddef.h>
#include <vmm/clock.h>

/* Seconds and rest apart: the products of a rest and a rate fit into 64 bits. */
uint64_t vmm_clock_count(const struct vmm_clock *clock, uint64_t rate)
{
    return clock->now / clock->hz * rate + clock->now % clock->hz * rate / clock->hz;
}

uint64_t vmm_clock_when(const struct vmm_clock *clock, uint64_t rate, uint64_t count)
{
    uint64_t rest = count % rate * clock->hz;

    return count / rate * clock->hz + rest / rate + (rest % rate != 0);
}

static void take_out(struct vmm_clock *clock, struct vmm_timer *timer)
{
    for (struct vmm_timer **link = &clock->timers; *link; link = &(*link)->next) {
        if (*link == timer) {
            *link = timer->next;
            break;
        }
    }
    timer->next = NULL;
    timer->deadline = VMM_NEVER;
}

void vmm_timer_set(struct vmm_clock *clock, struct vmm_timer *timer, uint64_t deadline)
{
    struct vmm_timer **link = &clock->timers;

    take_out(clock, timer);
    if (deadline == VMM_NEVER)
        return;
    while (*link && (*link)->deadline <= deadline)
        link = &(*link)->next;
    timer->deadline = deadline;
    timer->next = *link;
    *link = timer;
}

void vmm_clock_run(struct vmm_clock *clock)
{
    while (clock->timers && clock->timers->deadline <= clock->now) {
        struct vmm_timer *timer = clock->timers;

        take_out(clock, timer);
        timer->expired(timer->context);
    }
}
