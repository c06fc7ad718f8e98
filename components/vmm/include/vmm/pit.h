/* SPDX-License-Identifier: BSD-2-Clause */
/* The 8254 interval timer of a PC, and system control port B (61h), which shows its channel 2. */
#ifndef VMM_PIT_H
#define VMM_PIT_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/clock.h>
#include <vmm/line.h>
#include <vmm/ports.h>

#define VMM_PIT_HZ 1193182u

/* One counter (Intel data sheet 231164). Times are counts of the input clock, VMM_PIT_HZ. */
struct vmm_pit_channel {
    uint8_t mode;   /* 0 to 5 */
    uint8_t access; /* 1 low byte, 2 high byte, 3 both, low first */
    bool bcd;
    bool gate;
    bool counting;   /* a count was written since the control word, and a trigger if it needs one */
    bool has_count;  /* a count was written since the control word */
    uint32_t period; /* the count being counted: 1 to 65536 (10000 in BCD) */
    uint32_t next;   /* written, and taken over at the end of the period; 0: none */
    uint64_t start;  /* when counting of `period` began */
    uint64_t held;   /* clocks counted when the gate went low */
    uint8_t write_low; /* first byte of a count of two */
    bool write_high;   /* the second byte is expected */
    bool read_high;    /* the second byte is read next */
    uint8_t latched;   /* bytes of the latch still to be read */
    uint16_t latch;
    bool status_latched;
    uint8_t status;
};

struct vmm_pit {
    struct vmm_pit_channel channels[3];
    bool speaker; /* port 61h, bit 1 */
    struct vmm_clock *clock;
    struct vmm_line irq; /* output of channel 0 */
    struct vmm_timer timer;
    uint64_t ticks; /* rising edges of channel 0 that were reported */
};

void vmm_pit_init(struct vmm_pit *pit, struct vmm_clock *clock, struct vmm_line irq);

/* Ports 40h to 43h and 61h. */
bool vmm_pit_add_ports(struct vmm_pit *pit, struct vmm_ports *ports);

/* The output pin of channel 0, 1 or 2 now. */
bool vmm_pit_output(struct vmm_pit *pit, unsigned channel);

#endif
