/* SPDX-License-Identifier: BSD-2-Clause */
/* A serial port and a virtio console at the client's terminal. What the guest writes is gathered to
 * be sent at once. */
#include <runtime/client.h>
#include <runtime/ipc.h>
#include <runtime/notification.h>
#include <runtime/string.h>
#include <runtime/terminal.h>
#include <vmm/terminal.h>

#define FLUSH_HZ  1000u /* a byte waits a millisecond at most for others to join it */
#define PAUSE_HZ  200u
#define TRIES_MAX 2000u /* pauses until output is given up: a line that takes nothing is broken */

/* Sends what is there; keeps what the line has no room for. */
static void send(struct vmm_terminal *terminal)
{
    size_t taken = nacelle_terminal_write(terminal->bytes, terminal->count);

    terminal->count -= (unsigned)taken;
    memmove(terminal->bytes, terminal->bytes + taken, terminal->count);
}

void vmm_terminal_flush(struct vmm_terminal *terminal)
{
    struct nacelle_message message;

    if (!terminal->uart)
        return;
    send(terminal);
    for (unsigned tries = 0; terminal->count && tries < TRIES_MAX; tries++) {
        nacelle_check(nacelle_notification_set_timer(
                          terminal->pause, nacelle_tsc() + terminal->clock->hz / PAUSE_HZ),
                      "setting the terminal's timer");
        (void)nacelle_receive(terminal->pause, &message);
        send(terminal);
    }
    terminal->count = 0;
}

static void flush_due(void *context)
{
    struct vmm_terminal *terminal = context;

    send(terminal);
    if (terminal->count)
        vmm_timer_set(terminal->clock, &terminal->flush,
                      terminal->clock->now + terminal->clock->hz / PAUSE_HZ);
}

static void transmit(void *context, uint8_t byte)
{
    struct vmm_terminal *terminal = context;

    if (terminal->count == VMM_TERMINAL_BUFFER && !terminal->uart)
        return;
    if (terminal->count == VMM_TERMINAL_BUFFER)
        vmm_terminal_flush(terminal);
    if (!terminal->count && terminal->uart)
        vmm_timer_set(terminal->clock, &terminal->flush,
                      terminal->clock->now + terminal->clock->hz / FLUSH_HZ);
    terminal->bytes[terminal->count++] = byte;
    terminal->written++;
}

/* Returns how many of the bytes typed the guest takes now. */
static unsigned give(struct vmm_terminal *terminal)
{
    const uint8_t *bytes = terminal->input + terminal->input_first;

    return terminal->console
               ? vmm_virtio_console_input(terminal->console, bytes, terminal->input_count)
               : vmm_uart_receive(terminal->uart, bytes, terminal->input_count);
}

/* Gives the guest what was typed, until either there is no more or it has no room. */
static void take_input(void *context)
{
    struct vmm_terminal *terminal = context;

    if (!terminal->uart)
        return;
    for (;;) {
        unsigned taken;

        if (!terminal->input_count) {
            terminal->input_first = 0;
            terminal->input_count = (unsigned)nacelle_terminal_read(terminal->input);
            terminal->typed += terminal->input_count;
        }
        if (!terminal->input_count)
            return;
        taken = give(terminal);
        terminal->input_first += taken;
        terminal->input_count -= taken;
        if (terminal->input_count)
            return; /* the rest when the guest has read */
    }
}

/* Only what the guest had no room for makes it worth to look for more. */
static void emptied(void *context)
{
    struct vmm_terminal *terminal = context;

    if (terminal->input_count)
        take_input(terminal);
}

struct vmm_uart_host vmm_terminal_host(struct vmm_terminal *terminal)
{
    return (struct vmm_uart_host){transmit, emptied, terminal};
}

static void output(void *context, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        transmit(context, bytes[i]);
}

void vmm_terminal_make_console(struct vmm_terminal *terminal, struct vmm_virtio_console *console,
                               const struct vmm_memory *memory, uint8_t device)
{
    const struct vmm_console_line line = {output, emptied, terminal};

    vmm_virtio_console_init(console, memory, device, &line);
    terminal->console = console;
}

bool vmm_terminal_open(struct vmm_terminal *terminal, struct vmm_loop *loop,
                       struct nacelle_pool *pool, struct vmm_uart *uart, struct vmm_clock *clock)
{
    uint64_t badge = vmm_loop_add_source(loop, take_input, terminal);

    terminal->pause = nacelle_pool_need(pool, NACELLE_TYPE_NOTIFICATION, NACELLE_SIZE_NOTIFICATION);
    terminal->uart = uart;
    terminal->clock = clock;
    terminal->flush =
        (struct vmm_timer){.deadline = VMM_NEVER, .expired = flush_due, .context = terminal};
    if (terminal->count)
        vmm_timer_set(clock, &terminal->flush, clock->now);
    return nacelle_terminal_attach(vmm_loop_signal_slot(loop, pool, badge)) != 0;
}
