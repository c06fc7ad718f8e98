/* SPDX-License-Identifier: BSD-2-Clause */
/* The 8042 keyboard controller of a PC with a keyboard on which nobody types, and no mouse. */
#ifndef VMM_KEYBOARD_H
#define VMM_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/line.h>
#include <vmm/ports.h>
#include <vmm/reset.h>

#define VMM_KEYBOARD_QUEUE 8

struct vmm_keyboard {
    uint8_t queue[VMM_KEYBOARD_QUEUE]; /* bytes for port 60h, oldest first */
    uint8_t from_mouse;                /* one bit for each byte of the queue */
    unsigned queued;
    uint8_t command_byte;
    uint8_t output_port;
    uint8_t pending_command;  /* of the controller, whose data byte is expected; 0: none */
    uint8_t pending_keyboard; /* of the keyboard, whose data byte is expected; 0: none */
    bool last_was_command;    /* status bit 3 */
    struct vmm_reset *reset;  /* set when the guest pulses the processor's reset line */
    struct vmm_line irq;      /* input 1 */
};

void vmm_keyboard_init(struct vmm_keyboard *keyboard, struct vmm_line irq, struct vmm_reset *reset);

/* Ports 60h and 64h. */
bool vmm_keyboard_add_ports(struct vmm_keyboard *keyboard, struct vmm_ports *ports);

#endif
