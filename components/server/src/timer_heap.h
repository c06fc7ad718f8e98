/* SPDX-License-Identifier: BSD-2-Clause */
/* Skew heap of timers, earliest first (Sleator and Tarjan, SIAM J. Computing 15, 1986). Pure. */
#ifndef SERVER_TIMER_HEAP_H
#define SERVER_TIMER_HEAP_H

#include <stdint.h>

/* A timer; a heap is a pointer to its earliest one, 0 when it is empty. */
struct timer {
    uint64_t deadline;
    struct timer *parent, *left, *right;
};

/* Puts a timer, deadline set, all pointers 0, into the heap. Amortized cost: log n. */
void timer_heap_insert(struct timer **heap, struct timer *timer);

/* Takes a timer that is in the heap out of it; its pointers are 0 then. */
void timer_heap_remove(struct timer **heap, struct timer *timer);

#endif
