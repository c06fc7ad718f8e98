/* SPDX-License-Identifier: BSD-2-Clause */
/* COM1: a National Semiconductor PC16550D, its registers (section 8) and the way to them. */
#ifndef ROOT_COM1_H
#define ROOT_COM1_H

#include <nacelle/boot_info.h>
#include <runtime/ioport.h>

#define COM1                     0x3f8
#define DATA                     (COM1 + 0)
#define INTERRUPT_ENABLE         (COM1 + 1)
#define FIFO_CONTROL             (COM1 + 2)
#define INTERRUPT_IDENTIFICATION (COM1 + 2)
#define LINE_CONTROL             (COM1 + 3)
#define MODEM_CONTROL            (COM1 + 4)
#define LINE_STATUS              (COM1 + 5)

#define LINE_CONTROL_8N1         0x03
#define LINE_CONTROL_DIVISOR     0x80
#define FIFO_ENABLE_AND_CLEAR    0x07
#define MODEM_DTR_RTS            0x03
#define MODEM_OUT2               0x08 /* opens the way to the interrupt controller */
#define ENABLE_RECEIVED_EMPTY    0x03
#define IDENTIFY_NONE            0x01
#define STATUS_READY             0x01
#define STATUS_TRANSMITTER_EMPTY 0x20
#define FIFO_SIZE                16
#define COM1_IRQ                 4
#define INTERRUPT_SLOT           (NACELLE_SLOT_INTERRUPTS + COM1_IRQ)

/* FIFOs that are filled or emptied at one interrupt: an emulator's line is so fast that the work
 * would not end before the queues are empty. */
#define ROUNDS_MAX 8

#define POLLS_MAX  100000 /* a machine without COM1 must not stop us */

static inline void com1_out(uint16_t port, uint8_t value)
{
    (void)nacelle_ioport_out(NACELLE_SLOT_PORTS, port, 1, value);
}

static inline uint8_t com1_in(uint16_t port)
{
    uint32_t value = 0xff;

    (void)nacelle_ioport_in(NACELLE_SLOT_PORTS, port, 1, &value);
    return (uint8_t)value;
}

/* Waits until the transmitter's FIFO is empty: it has room for FIFO_SIZE characters then. */
static inline void com1_await_transmitter(void)
{
    for (unsigned i = 0; i < POLLS_MAX && !(com1_in(LINE_STATUS) & STATUS_TRANSMITTER_EMPTY); i++)
        ;
}

#endif
