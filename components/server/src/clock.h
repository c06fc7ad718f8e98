/* SPDX-License-Identifier: BSD-2-Clause */
/* Time: the TSC counts it, the local APIC's timer interrupts at a given TSC value. */
#ifndef SERVER_CLOCK_H
#define SERVER_CLOCK_H

#include <stdint.h>

/* Measures TSC and APIC timer against the 8254, and sets the APIC up. */
void clock_init(void);

/* TSC ticks a second. */
uint64_t clock_hz(void);

/* VECTOR_TIMER arrives at or soon after the deadline (TSC); ~0: never. */
void clock_set_timer(uint64_t now, uint64_t deadline);

/* Ends the interrupt that the APIC delivered. */
void clock_end_of_interrupt(void);

#endif
