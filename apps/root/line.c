/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial line with channels: queues, and interrupts that empty and fill them. */
#include "line.h"

#include "com1.h"
#include "console.h"
#include "multiplex.h"
#include "resources.h"

#include <runtime/notification.h>

#define INTERRUPT_SLOT (NACELLE_SLOT_INTERRUPTS + COM1_IRQ)

/* FIFOs that are filled or emptied at one interrupt: an emulator's line is so fast that the work
 * would not end before the queues are empty. */
#define ROUNDS_MAX 8

static struct multiplex multiplex;
static bool shared;  /* the line carries channels */
static bool sending; /* the transmitter's interrupt is to come */

/* Fills the transmitter's FIFO, which is empty. */
static void fill(void)
{
    uint8_t byte;

    sending = false;
    for (unsigned i = 0; i < FIFO_SIZE && multiplex_next(&multiplex, &byte); i++) {
        com1_out(DATA, byte);
        sending = true;
    }
}

/* Sends what waits, and does not return before. */
static void flush(void)
{
    do {
        com1_await_transmitter();
        fill();
    } while (sending);
}

/* A character of the log. */
static void put_log(char character)
{
    if (!multiplex_room(&multiplex, 0))
        flush();
    (void)multiplex_write(&multiplex, 0, &character, 1);
}

/* Begins to send, if the transmitter rests: its interrupt does the rest. */
static void start_sending(void)
{
    if (!sending && com1_in(LINE_STATUS) & STATUS_TRANSMITTER_EMPTY)
        fill();
}

enum nacelle_error line_share(uint64_t endpoint)
{
    static const struct console_writer writer = {put_log, start_sending, flush};
    uint64_t notification = resources_slots(1);
    enum nacelle_error error;

    if (shared)
        return NACELLE_ERROR_OK;
    error = resources_make(NACELLE_TYPE_NOTIFICATION, NACELLE_SIZE_NOTIFICATION, notification);
    if (error == NACELLE_ERROR_OK)
        error = nacelle_notification_bind(notification, endpoint);
    if (error == NACELLE_ERROR_OK)
        error = nacelle_interrupt_bind(INTERRUPT_SLOT, notification);
    if (error == NACELLE_ERROR_OK)
        error = nacelle_interrupt_acknowledge(INTERRUPT_SLOT);
    if (error != NACELLE_ERROR_OK)
        return error;
    multiplex_init(&multiplex);
    com1_await_transmitter();
    shared = true;
    console_divert(&writer);
    com1_out(MODEM_CONTROL, MODEM_DTR_RTS | MODEM_OUT2);
    com1_out(INTERRUPT_ENABLE, ENABLE_RECEIVED_EMPTY);
    return NACELLE_ERROR_OK;
}

size_t line_write(unsigned channel, const void *bytes, size_t count)
{
    size_t taken = multiplex_write(&multiplex, channel, bytes, count);

    start_sending();
    return taken;
}

size_t line_room(unsigned channel)
{
    return multiplex_room(&multiplex, channel);
}

size_t line_read(unsigned channel, void *bytes, size_t count)
{
    return multiplex_read(&multiplex, channel, bytes, count);
}

void line_drop_input(unsigned channel)
{
    multiplex_drop_input(&multiplex, channel);
}

/* Empties the receiver's FIFO; returns a bit for each channel that got something. */
static uint32_t receive(uint8_t status)
{
    uint32_t channels = 0;

    for (unsigned i = 0; i < FIFO_SIZE && status & STATUS_READY; i++) {
        int channel = multiplex_take(&multiplex, com1_in(DATA));

        if (channel >= 0)
            channels |= 1u << channel;
        status = com1_in(LINE_STATUS);
    }
    return channels;
}

uint32_t line_interrupt(void)
{
    uint32_t channels = 0;
    unsigned rounds = 0;

    if (!shared)
        return 0;
    while (!(com1_in(INTERRUPT_IDENTIFICATION) & IDENTIFY_NONE) && rounds++ < ROUNDS_MAX) {
        uint8_t status = com1_in(LINE_STATUS);

        channels |= receive(status);
        if (status & STATUS_TRANSMITTER_EMPTY)
            fill();
    }
    /* What is left raises the line anew: the interrupt controller wants an edge. */
    if (rounds > ROUNDS_MAX) {
        com1_out(INTERRUPT_ENABLE, 0);
        com1_out(INTERRUPT_ENABLE, ENABLE_RECEIVED_EMPTY);
    }
    (void)nacelle_interrupt_acknowledge(INTERRUPT_SLOT);
    return channels;
}
