/* SPDX-License-Identifier: BSD-2-Clause */
/* A 16550A serial port (National Semiconductor data sheet PC16550D) whose line is infinitely fast
 * towards the host, and whose modem is always ready. */
#ifndef VMM_UART_H
#define VMM_UART_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/clock.h>
#include <vmm/line.h>
#include <vmm/ports.h>

#define VMM_UART_COM1  0x3f8 /* first port; interrupt request line 4 */
#define VMM_UART_COM2  0x2f8 /* interrupt request line 3 */

#define VMM_UART_FIFO  16   /* characters, section 1.0 */
#define VMM_UART_QUEUE 1024 /* characters from the host that wait for room in the FIFO */

/* Takes a byte that the guest transmits. */
typedef void vmm_uart_transmit(void *context, uint8_t byte);

/* The guest has read all that there was: vmm_uart_receive() has all its room again. */
typedef void vmm_uart_emptied(void *context);

/* The host's end of the line. Each function may be NULL. */
struct vmm_uart_host {
    vmm_uart_transmit *transmit;
    vmm_uart_emptied *emptied;
    void *context;
};

struct vmm_uart {
    struct vmm_uart_host host;
    struct vmm_clock *clock;
    struct vmm_line irq;
    struct vmm_timer timeout; /* of characters below the trigger level of the FIFO */
    uint16_t divisor;         /* of 1.8432 MHz / 16; only the FIFO's timeout depends on it */
    uint8_t interrupt_enable, fifo_control, line_control, modem_control, scratch;
    uint8_t errors;       /* of the line status: those bits that a read of it clears */
    uint8_t modem_status; /* as last looked at, with the changes since the last read */
    bool level;           /* of the interrupt line */
    bool empty_pending;   /* the interrupt "transmitter holding register empty" */
    bool timed_out;       /* the interrupt "character timeout" */
    unsigned head, count; /* of the FIFO, or of the receiver buffer register without it */
    uint8_t fifo[VMM_UART_FIFO];
    unsigned queue_head, queue_count;
    uint8_t queue[VMM_UART_QUEUE];
};

/* As after a reset. `irq` is input 4 of the interrupt controller for COM1. */
void vmm_uart_init(struct vmm_uart *uart, struct vmm_clock *clock, struct vmm_line irq,
                   const struct vmm_uart_host *host);

/* Eight ports from `first` on, which is a multiple of 8. False like vmm_ports_add(). */
bool vmm_uart_add_ports(struct vmm_uart *uart, struct vmm_ports *ports, uint16_t first);

/* Bytes for the guest, which gets them as it reads: none is lost to an overrun. Returns how many
 * there was room for. */
unsigned vmm_uart_receive(struct vmm_uart *uart, const uint8_t *bytes, unsigned count);

/* How many bytes vmm_uart_receive() has room for. */
static inline unsigned vmm_uart_room(const struct vmm_uart *uart)
{
    return VMM_UART_QUEUE - uart->queue_count;
}

#endif
