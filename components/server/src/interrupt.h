/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt lines of the two 8259, and what they are bound to. */
#ifndef SERVER_INTERRUPT_H
#define SERVER_INTERRUPT_H

#include "slot.h"
#include <x86/insn.h>

#define INTERRUPT_LINES 16

/* An interrupt line: masked from an interrupt until its client acknowledges it. */
struct interrupt_line {
    struct slot notification; /* internal slot */
    uint32_t number;
};

/* Sets both 8259 up, all lines masked. */
void interrupt_init(void);

struct interrupt_line *interrupt_line(unsigned number);

/* Handles a vector that the processor acknowledged. */
void interrupt_handle(uint32_t vector);

/* Handles what is pending now; the server runs with interrupts off otherwise. */
static inline void interrupt_take_pending(void)
{
    x86_sti();
    __asm__ volatile("nop"); /* STI takes effect after the next instruction */
    x86_cli();
}

/* Lets the line interrupt again. */
void interrupt_acknowledge(struct interrupt_line *line);

/* The line's notification is gone. */
void interrupt_unbound(struct interrupt_line *line);

#endif
