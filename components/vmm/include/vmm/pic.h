/* SPDX-License-Identifier: BSD-2-Clause */
/* The pair of 8259A interrupt controllers of a PC, with the chip sets' edge/level registers. */
#ifndef VMM_PIC_H
#define VMM_PIC_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/ports.h>

/* One 8259A (Intel data sheet 231468). Bit n of a mask stands for input n. */
struct vmm_pic_chip {
    uint8_t requests;        /* IRR */
    uint8_t in_service;      /* ISR */
    uint8_t mask;            /* IMR */
    uint8_t levels;          /* the inputs as they are */
    uint8_t level_triggered; /* ELCR */
    uint8_t vector_base;     /* ICW2, bits 7-3 */
    uint8_t lowest;          /* the input with the lowest priority */
    uint8_t init_step;       /* the ICW that is expected next, 2 to 4; 0: initialised */
    bool single, needs_icw4; /* from ICW1 */
    bool auto_eoi, rotate_on_auto_eoi, special_mask, special_fully_nested;
    bool read_in_service; /* what a read of the command port gives: ISR or IRR */
    bool poll;            /* the next read is a poll */
};

struct vmm_pic {
    struct vmm_pic_chip chips[2]; /* master, slave (on input 2 of the master) */
};

/* As after power-on: nothing delivered until the guest has initialised it. */
void vmm_pic_init(struct vmm_pic *pic);

/* Ports 20h, 21h, a0h, a1h, 4d0h, 4d1h. */
bool vmm_pic_add_ports(struct vmm_pic *pic, struct vmm_ports *ports);

/* Sets input 0 to 15; 2 is the slave's. A struct vmm_line's set function. */
void vmm_pic_set(void *controller, unsigned input, bool level);

/* The input whose interrupt is due, 0 to 15, or -1: the INTR pin. */
int vmm_pic_due(const struct vmm_pic *pic);

/* The vector that input 0 to 15 has. */
uint8_t vmm_pic_vector(const struct vmm_pic *pic, unsigned input);

/* The interrupt of this input was delivered: the acknowledge cycles of the processor. */
void vmm_pic_acknowledge(struct vmm_pic *pic, unsigned input);

#endif
