/* SPDX-License-Identifier: BSD-2-Clause */
/* Text to COM1, and the emulators' ways to switch off. */
#include "console.h"

#include "com1.h"

#include <runtime/format.h>
#include <runtime/ipc.h>

#define BOCHS_SHUTDOWN_PORT  0x8900
#define QEMU_DEBUG_EXIT_PORT 0xf4

static const struct console_writer *writer;

void console_init(void)
{
    com1_out(INTERRUPT_ENABLE, 0);
    com1_out(LINE_CONTROL, LINE_CONTROL_DIVISOR);
    com1_out(DATA, 1); /* divisor 1: 115200 baud */
    com1_out(INTERRUPT_ENABLE, 0);
    com1_out(LINE_CONTROL, LINE_CONTROL_8N1);
    com1_out(FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR);
    com1_out(MODEM_CONTROL, MODEM_DTR_RTS);
}

void console_divert(const struct console_writer *to)
{
    writer = to;
}

static void put(void *context, char character)
{
    unsigned *room = context;

    if (writer) {
        writer->put(character);
        return;
    }
    /* When the transmitter is empty its FIFO has room for 16 characters: one look for them all. */
    if (!*room) {
        com1_await_transmitter();
        *room = FIFO_SIZE;
    }
    com1_out(DATA, (uint8_t)character);
    --*room;
}

void console_print(const char *format, ...)
{
    va_list arguments;
    unsigned room = 0;

    va_start(arguments, format);
    nacelle_format(put, &room, format, arguments);
    va_end(arguments);
    if (writer)
        writer->begin();
}

_Noreturn void console_finish(const char *scenario, const char *problem)
{
    if (writer)
        writer->flush(); /* the verdict comes after all else */
    if (problem)
        console_print("nacelle: scenario %s: failed: %s\n", scenario, problem);
    else
        console_print("nacelle: scenario %s: ok\n", scenario);
    if (writer)
        writer->flush();
    com1_await_transmitter();
    for (const char *c = "Shutdown"; *c; c++)
        com1_out(BOCHS_SHUTDOWN_PORT, (uint8_t)*c);
    com1_out(QEMU_DEBUG_EXIT_PORT, problem ? 1 : 0);
    for (;;)
        nacelle_yield();
}
