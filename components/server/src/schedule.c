/* SPDX-License-Identifier: BSD-2-Clause */
#include "schedule.h"

#include "clock.h"
#include "notification.h"
#include "run.h"
#include <vcpu/accounting.h>
#include <x86/insn.h>

void schedule_init(struct execution *execution, enum execution_kind kind)
{
    execution->kind = (uint8_t)kind;
    execution->on = &execution->own;
    execution->own.runner = execution;
    execution->own.slice = clock_hz() / 1000 * DEFAULT_SLICE_MS;
    execution->own.remaining = (int64_t)execution->own.slice;
    list_init(&execution->own.link);
    list_init(&execution->link);
}

static void enqueue(struct cpu *cpu, struct scheduling *scheduling)
{
    list_append(&cpu->ready[scheduling->priority], &scheduling->link);
    cpu->ready_mask |= 1u << scheduling->priority;
    scheduling->ready = true;
}

static void dequeue(struct cpu *cpu, struct scheduling *scheduling)
{
    /* Alone in the queue it has the queue's head on both sides. */
    if (scheduling->link.previous == scheduling->link.next) {
        cpu->ready_mask &= ~(1u << scheduling->priority);
    }
    list_remove(&scheduling->link);
    scheduling->ready = false;
}

void schedule_update(struct scheduling *scheduling)
{
    bool ready = execution_can_run(scheduling->runner);

    if (ready && !scheduling->ready) {
        enqueue(this_cpu(), scheduling);
    } else if (!ready && scheduling->ready) {
        dequeue(this_cpu(), scheduling);
    }
}

void schedule_set(struct scheduling *scheduling, uint8_t priority, uint64_t slice)
{
    struct cpu *cpu = this_cpu();
    bool ready = scheduling->ready;

    if (ready) {
        dequeue(cpu, scheduling);
    }
    scheduling->priority = priority;
    scheduling->slice = slice;
    scheduling->remaining = (int64_t)slice;
    if (ready) {
        enqueue(cpu, scheduling);
    }
}

static inline void give_up(struct cpu *cpu, struct scheduling *scheduling)
{
    scheduling->remaining = (int64_t)scheduling->slice;
    if (scheduling->ready) {
        list_move_to_end(&cpu->ready[scheduling->priority], &scheduling->link);
    }
}

void schedule_yield(struct scheduling *scheduling)
{
    give_up(this_cpu(), scheduling);
}

void schedule_forget(struct scheduling *scheduling)
{
    struct cpu *cpu = this_cpu();

    if (scheduling->ready) {
        dequeue(cpu, scheduling);
    }
    if (cpu->charged == scheduling) {
        cpu->charged = NULL;
    }
}

/* Accounting: what is consumed between the last look and now. */
static void book(struct consumption *consumed, const struct cpu *cpu, uint64_t now)
{
    consumed->all += now - cpu->charged_since;
    consumed->user += cpu->pair.direct.user_ticks - cpu->charged_user;
}

/* Books the time since the last look on whoever has run. */
static void charge(struct cpu *cpu, uint64_t now)
{
    if (cpu->charged != NULL) {
        cpu->charged->remaining -= (int64_t)(now - cpu->charged_since);
    }
    if (NACELLE_ACCOUNTING) {
        if (cpu->charged != NULL) {
            book(&cpu->charged->consumed, cpu, now);
        }
        cpu->charged_user = cpu->pair.direct.user_ticks;
    }
    cpu->charged_since = now;
}

struct consumption schedule_consumed(const struct scheduling *scheduling)
{
    const struct cpu *cpu = this_cpu();
    struct consumption consumed = scheduling->consumed;

    if (NACELLE_ACCOUNTING && cpu->charged == scheduling) {
        book(&consumed, cpu, x86_rdtsc());
    }
    return consumed;
}

/* The timer is due at the end of the slice or at the first armed timer, whichever is earlier. */
static void set_timer(struct cpu *cpu, uint64_t now)
{
    uint64_t deadline = ~0ull;

    if (cpu->charged != NULL) {
        deadline = now + (uint64_t)cpu->charged->remaining; /* in the past, if it is used up */
    }
    if (cpu->timers != NULL && cpu->timers->deadline < deadline) {
        deadline = cpu->timers->deadline;
    }
    cpu->timer_deadline = deadline;
    clock_set_timer(now, deadline);
}

static inline struct scheduling *first_ready(const struct cpu *cpu)
{
    if (cpu->ready_mask == 0) {
        return NULL;
    }

    unsigned priority = 31u ^ (unsigned)__builtin_clz(cpu->ready_mask);
    struct scheduling *first = container_of(cpu->ready[priority].next, struct scheduling, link);

    if (first == NULL) {
        __builtin_unreachable(); /* callers need not ask again */
    }
    return first;
}

/* From now on this one pays, or nobody; the timer ends its slice. */
static void charge_next(struct cpu *cpu, struct scheduling *next, uint64_t now)
{
    cpu->charged = next;
    set_timer(cpu, now);
}

/* A slice that is used up goes to the end of its queue; who is to run now pays from here on, and
 * the timer is set once. */
static inline void end_slice(struct cpu *cpu, uint64_t now)
{
    if (cpu->charged != NULL && cpu->charged->remaining <= 0) {
        give_up(cpu, cpu->charged);
    }
    charge_next(cpu, first_ready(cpu), now);
}

static __attribute__((noinline)) void tick_with_timers(struct cpu *cpu, uint64_t now)
{
    notification_fire_timers(cpu, now);
    end_slice(cpu, now);
}

void schedule_tick(void)
{
    struct cpu *cpu = this_cpu();
    uint64_t now = x86_rdtsc();

    charge(cpu, now);
    if (cpu->timers != NULL && cpu->timers->deadline <= now) {
        tick_with_timers(cpu, now);
    } else {
        end_slice(cpu, now);
    }
}

void schedule_timer_changed(void)
{
    struct cpu *cpu = this_cpu();
    uint64_t now = x86_rdtsc();

    charge(cpu, now);
    set_timer(cpu, now);
}

/* Who is to run now; nobody pays for idle time. */
static inline __attribute__((always_inline)) struct scheduling *choose(struct cpu *cpu)
{
    struct scheduling *next = first_ready(cpu);

    if (next != cpu->charged) {
        uint64_t now = x86_rdtsc();

        charge(cpu, now);
        charge_next(cpu, next, now);
    }
    return next;
}

static __attribute__((noinline)) struct scheduling *choose_again(struct cpu *cpu)
{
    return choose(cpu);
}

static inline __attribute__((always_inline)) _Noreturn void run(struct cpu *cpu,
                                                                struct scheduling *next)
{
    for (;; next = choose_again(cpu)) {
        if (next == NULL) {
            x86_sti_hlt();
            x86_cli();
        } else {
            run_execution(cpu, next->runner); /* comes back when it turned out not to run */
        }
    }
}

_Noreturn void schedule_run(void)
{
    struct cpu *cpu = this_cpu();

    run(cpu, choose(cpu));
}

_Noreturn void schedule_run_after(struct cpu *cpu, const struct scheduling *running,
                                  uint64_t *preemptions)
{
    struct scheduling *next = choose(cpu);

    if (next != running) {
        ++*preemptions;
    }
    run(cpu, next);
}
