/* SPDX-License-Identifier: BSD-2-Clause */
/* What connects a serial port, and a virtio console, to the client's terminal at the root task. */
#ifndef VMM_TERMINAL_H
#define VMM_TERMINAL_H

#include <runtime/console_line.h>
#include <runtime/pool.h>
#include <vmm/loop.h>
#include <vmm/uart.h>
#include <vmm/virtio_console.h>

#define VMM_TERMINAL_BUFFER 2048

/* To be made before the board, which takes vmm_terminal_host() for its serial port. */
struct vmm_terminal {
    struct vmm_uart *uart;              /* NULL: not open yet; output waits */
    struct vmm_virtio_console *console; /* NULL: what is typed goes to the serial port */
    struct vmm_clock *clock;
    struct vmm_timer flush;  /* sends what the guest wrote, soon */
    uint64_t pause;          /* slot of a notification whose timer makes waits */
    uint64_t written, typed; /* bytes from the guest, and to it, so far */
    unsigned count;
    uint8_t bytes[VMM_TERMINAL_BUFFER]; /* from the guest, in order */
    unsigned input_first, input_count;
    uint8_t input[NACELLE_CONSOLE_LINE_MAX]; /* that the guest had no room for yet */
};

/* The host's end of the serial port. */
struct vmm_uart_host vmm_terminal_host(struct vmm_terminal *terminal);

/* Makes a virtio console, to be plugged in at `device`, that shares the terminal: what the guest
 * writes to it or to the serial port appears, and what is typed goes to the console alone. */
void vmm_terminal_make_console(struct vmm_terminal *terminal, struct vmm_virtio_console *console,
                               const struct vmm_memory *memory, uint8_t device);

/* Opens the terminal. False: the root task gives none; what the guest writes is lost then. */
bool vmm_terminal_open(struct vmm_terminal *terminal, struct vmm_loop *loop,
                       struct nacelle_pool *pool, struct vmm_uart *uart, struct vmm_clock *clock);

/* Sends all that the guest has written, and waits for it: before the client ends. */
void vmm_terminal_flush(struct vmm_terminal *terminal);

#endif
