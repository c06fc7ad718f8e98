/* SPDX-License-Identifier: BSD-2-Clause */
/* COM1 (National Semiconductor PC16550D) and the emulators' ways to switch off. */
#include "console.h"

#include "multiplex.h"
#include "resources.h"

#include <nacelle/boot_info.h>
#include <runtime/format.h>
#include <runtime/ioport.h>
#include <runtime/ipc.h>
#include <runtime/notification.h>

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
#define ROUNDS_MAX           8

#define POLLS_MAX            100000 /* a machine without COM1 must not stop us */

#define BOCHS_SHUTDOWN_PORT  0x8900
#define QEMU_DEBUG_EXIT_PORT 0xf4

static struct multiplex multiplex;
static bool shared;  /* the line carries channels */
static bool sending; /* the transmitter's interrupt is to come */

static void out(uint16_t port, uint8_t value)
{
    (void)nacelle_ioport_out(NACELLE_SLOT_PORTS, port, 1, value);
}

static uint8_t in(uint16_t port)
{
    uint32_t value = 0xff;

    (void)nacelle_ioport_in(NACELLE_SLOT_PORTS, port, 1, &value);
    return (uint8_t)value;
}

void console_init(void)
{
    out(INTERRUPT_ENABLE, 0);
    out(LINE_CONTROL, LINE_CONTROL_DIVISOR);
    out(DATA, 1); /* divisor 1: 115200 baud */
    out(INTERRUPT_ENABLE, 0);
    out(LINE_CONTROL, LINE_CONTROL_8N1);
    out(FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR);
    out(MODEM_CONTROL, MODEM_DTR_RTS);
}

static void await_transmitter(void)
{
    for (unsigned i = 0; i < POLLS_MAX && !(in(LINE_STATUS)&STATUS_TRANSMITTER_EMPTY); i++)
        ;
}

/* Fills the transmitter's FIFO, which is empty. */
static void fill(void)
{
    uint8_t byte;

    sending = false;
    for (unsigned i = 0; i < FIFO_SIZE && multiplex_next(&multiplex, &byte); i++) {
        out(DATA, byte);
        sending = true;
    }
}

/* Sends what waits, and does not return before. */
static void flush(void)
{
    do {
        await_transmitter();
        fill();
    } while (sending);
}

static void put(void *context, char character)
{
    unsigned *room = context;

    if (shared) {
        if (!multiplex_room(&multiplex, 0))
            flush();
        (void)multiplex_write(&multiplex, 0, &character, 1);
        return;
    }
    /* When the transmitter is empty its FIFO has room for 16 characters: one look for them all. */
    if (!*room) {
        await_transmitter();
        *room = FIFO_SIZE;
    }
    out(DATA, (uint8_t)character);
    --*room;
}

/* Begins to send, if the transmitter rests: its interrupt does the rest. */
static void start_sending(void)
{
    if (shared && !sending && in(LINE_STATUS)&STATUS_TRANSMITTER_EMPTY)
        fill();
}

void console_print(const char *format, ...)
{
    va_list arguments;
    unsigned room = 0;

    va_start(arguments, format);
    nacelle_format(put, &room, format, arguments);
    va_end(arguments);
    start_sending();
}

enum nacelle_error console_share(uint64_t endpoint)
{
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
    await_transmitter();
    shared = true;
    out(MODEM_CONTROL, MODEM_DTR_RTS | MODEM_OUT2);
    out(INTERRUPT_ENABLE, ENABLE_RECEIVED_EMPTY);
    return NACELLE_ERROR_OK;
}

size_t console_write(unsigned channel, const void *bytes, size_t count)
{
    size_t taken = multiplex_write(&multiplex, channel, bytes, count);

    start_sending();
    return taken;
}

size_t console_room(unsigned channel)
{
    return multiplex_room(&multiplex, channel);
}

size_t console_read(unsigned channel, void *bytes, size_t count)
{
    return multiplex_read(&multiplex, channel, bytes, count);
}

void console_drop_input(unsigned channel)
{
    multiplex_drop_input(&multiplex, channel);
}

/* Empties the receiver's FIFO; returns a bit for each channel that got something. */
static uint32_t receive(uint8_t status)
{
    uint32_t channels = 0;

    for (unsigned i = 0; i < FIFO_SIZE && status & STATUS_READY; i++) {
        int channel = multiplex_take(&multiplex, in(DATA));

        if (channel >= 0)
            channels |= 1u << channel;
        status = in(LINE_STATUS);
    }
    return channels;
}

uint32_t console_interrupt(void)
{
    uint32_t channels = 0;
    unsigned rounds = 0;

    if (!shared)
        return 0;
    while (!(in(INTERRUPT_IDENTIFICATION)&IDENTIFY_NONE) && rounds++ < ROUNDS_MAX) {
        uint8_t status = in(LINE_STATUS);

        channels |= receive(status);
        if (status & STATUS_TRANSMITTER_EMPTY)
            fill();
    }
    /* What is left raises the line anew: the interrupt controller wants an edge. */
    if (rounds > ROUNDS_MAX) {
        out(INTERRUPT_ENABLE, 0);
        out(INTERRUPT_ENABLE, ENABLE_RECEIVED_EMPTY);
    }
    (void)nacelle_interrupt_acknowledge(INTERRUPT_SLOT);
    return channels;
}

_Noreturn void console_finish(const char *scenario, const char *problem)
{
    if (problem)
        console_print("nacelle: scenario %s: failed: %s\n", scenario, problem);
    else
        console_print("nacelle: scenario %s: ok\n", scenario);
    if (shared)
        flush();
    await_transmitter();
    for (const char *c = "Shutdown"; *c; c++)
        out(BOCHS_SHUTDOWN_PORT, (uint8_t)*c);
    out(QEMU_DEBUG_EXIT_PORT, problem ? 1 : 0);
    for (;;)
        nacelle_yield();
}
