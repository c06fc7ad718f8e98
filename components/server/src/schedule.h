/* SPDX-License-Identifier: BSD-2-Clause */
/* Who runs next, and who pays for the time. */
#ifndef SERVER_SCHEDULE_H
#define SERVER_SCHEDULE_H

#include "cpu.h"
#include "execution.h"

/* Default time slice in milliseconds. */
#define DEFAULT_SLICE_MS 10

/* Shortest slice that a client may ask for, in microseconds: below, only switching would happen. */
#define LEAST_SLICE_US 100

/* Makes an execution ready to be scheduled, with the lowest priority and the default slice. */
void schedule_init(struct execution *execution, enum execution_kind kind);

/*
 * Brings the ready queue in line with what the runner of a scheduling context can do: call it after
 * each change of its state.
 */
void schedule_update(struct scheduling *scheduling);

/* Sets priority and slice (TSC ticks); takes effect at once. */
void schedule_set(struct scheduling *scheduling, uint8_t priority, uint64_t slice);

/* Gives up the rest of the slice. */
void schedule_yield(struct scheduling *scheduling);

/* What it has paid for, up to now (accounting). */
struct consumption schedule_consumed(const struct scheduling *scheduling);

/* Forgets a scheduling context that is deleted; nothing runs on it any more. */
void schedule_forget(struct scheduling *scheduling);

/* Looks at the time: armed timers fire, a slice that is used up goes to the end of its queue, and
 * whoever is to run now pays from here on. */
void schedule_tick(void);

/* Sets the timer anew after a timer was armed. */
void schedule_timer_changed(void);

/* Runs whatever is to run, or waits for an interrupt. */
_Noreturn void schedule_run(void);

/* The same, after a guest ran that can go on; counts it where somebody else is to run now. */
_Noreturn void schedule_run_after(struct cpu *cpu, const struct scheduling *running,
                                  uint64_t *preemptions);

#endif
