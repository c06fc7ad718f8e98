/* SPDX-License-Identifier: BSD-2-Clause */
/* COM1 (National Semiconductor PC16550D) and the emulators' ways to switch off. */
#include "console.h"

#include <nacelle/boot_info.h>
#include <runtime/format.h>
#include <runtime/ioport.h>
#include <runtime/ipc.h>

#define COM1                     0x3f8
#define DATA                     (COM1 + 0)
#define INTERRUPT_ENABLE         (COM1 + 1)
#define FIFO_CONTROL             (COM1 + 2)
#define LINE_CONTROL             (COM1 + 3)
#define MODEM_CONTROL            (COM1 + 4)
#define LINE_STATUS              (COM1 + 5)

#define LINE_CONTROL_8N1         0x03
#define LINE_CONTROL_DIVISOR     0x80
#define FIFO_ENABLE_AND_CLEAR    0x07
#define MODEM_DTR_RTS            0x03
#define STATUS_TRANSMITTER_EMPTY 0x20
#define FIFO_SIZE                16

#define POLLS_MAX                100000 /* a machine without COM1 must not stop us */

#define BOCHS_SHUTDOWN_PORT      0x8900
#define QEMU_DEBUG_EXIT_PORT     0xf4

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

static void put(void *context, char character)
{
    unsigned *room = context;

    /* When the transmitter is empty its FIFO has room for 16 characters: one look for them all. */
    if (!*room) {
        for (unsigned i = 0; i < POLLS_MAX && !(in(LINE_STATUS)&STATUS_TRANSMITTER_EMPTY); i++)
            ;
        *room = FIFO_SIZE;
    }
    out(DATA, (uint8_t)character);
    --*room;
}

void console_print(const char *format, ...)
{
    va_list arguments;
    unsigned room = 0;

    va_start(arguments, format);
    nacelle_format(put, &room, format, arguments);
    va_end(arguments);
}

_Noreturn void console_finish(const char *scenario, const char *problem)
{
    if (problem)
        console_print("nacelle: scenario %s: failed: %s\n", scenario, problem);
    else
        console_print("nacelle: scenario %s: ok\n", scenario);
    for (unsigned i = 0; i < POLLS_MAX && !(in(LINE_STATUS)&STATUS_TRANSMITTER_EMPTY); i++)
        ;
    for (const char *c = "Shutdown"; *c; c++)
        out(BOCHS_SHUTDOWN_PORT, (uint8_t)*c);
    out(QEMU_DEBUG_EXIT_PORT, problem ? 1 : 0);
    for (;;)
        nacelle_yield();
}
