/* SPDX-License-Identifier: BSD-2-Clause */
#include "interrupt.h"

#include "clock.h"
#include "layout.h"
#include "notification.h"
#include "schedule.h"
#include <x86/insn.h>

/* 8259A data sheet: ICW1 to ICW4 and the operation commands. */
#define PIC1_COMMAND      0x20
#define PIC1_DATA         0x21
#define PIC2_COMMAND      0xa0
#define PIC2_DATA         0xa1
#define ICW1_INIT_ICW4    0x11
#define ICW4_8086         0x01
#define CASCADE_LINE      2
#define OCW2_SPECIFIC_EOI 0x60
#define OCW3_READ_ISR     0x0b

static struct interrupt_line lines[INTERRUPT_LINES];
static uint16_t mask = 0xffff & ~(1u << CASCADE_LINE);

static void write_mask(void)
{
    x86_out8(PIC1_DATA, (uint8_t)mask);
    x86_out8(PIC2_DATA, (uint8_t)(mask >> 8));
}

void interrupt_init(void)
{
    x86_out8(PIC1_COMMAND, ICW1_INIT_ICW4);
    x86_out8(PIC1_DATA, VECTOR_IRQ_BASE);
    x86_out8(PIC1_DATA, 1u << CASCADE_LINE);
    x86_out8(PIC1_DATA, ICW4_8086);
    x86_out8(PIC2_COMMAND, ICW1_INIT_ICW4);
    x86_out8(PIC2_DATA, VECTOR_IRQ_BASE + 8);
    x86_out8(PIC2_DATA, CASCADE_LINE);
    x86_out8(PIC2_DATA, ICW4_8086);
    write_mask();
    for (unsigned i = 0; i < INTERRUPT_LINES; i++) {
        lines[i].number = i;
    }
}

struct interrupt_line *interrupt_line(unsigned number)
{
    return &lines[number];
}

static void set_masked(unsigned line, bool masked)
{
    uint16_t bit = (uint16_t)(1u << line);

    mask = masked ? mask | bit : (uint16_t)(mask & ~bit);
    write_mask();
}

/* Lines 7 and 15 also report that a request went away; their in-service bit is clear then. */
static bool is_spurious(unsigned line)
{
    uint16_t command = line < 8 ? PIC1_COMMAND : PIC2_COMMAND;

    if (line % 8 != 7) {
        return false;
    }
    x86_out8(command, OCW3_READ_ISR);
    return (x86_in8(command) & 0x80) == 0;
}

static void handle_line(unsigned line)
{
    bool spurious = is_spurious(line);

    if (!spurious) {
        set_masked(line, true);
        if (line >= 8) {
            x86_out8(PIC2_COMMAND, (uint8_t)(OCW2_SPECIFIC_EOI | (line - 8)));
        } else {
            x86_out8(PIC1_COMMAND, (uint8_t)(OCW2_SPECIFIC_EOI | line));
        }
    }
    if (line >= 8) {
        x86_out8(PIC1_COMMAND, OCW2_SPECIFIC_EOI | CASCADE_LINE);
    }
    if (!spurious && lines[line].notification.type == NACELLE_TYPE_NOTIFICATION) {
        uint64_t badge = lines[line].notification.badge;

        notification_signal((struct notification *)lines[line].notification.object,
                            badge != 0 ? badge : 1);
    }
}

void interrupt_handle(uint32_t vector)
{
    if (vector == VECTOR_TIMER) {
        clock_end_of_interrupt();
        schedule_tick();
    } else if (vector >= VECTOR_IRQ_BASE && vector < VECTOR_IRQ_BASE + INTERRUPT_LINES) {
        handle_line(vector - VECTOR_IRQ_BASE);
    }
}

void interrupt_acknowledge(struct interrupt_line *line)
{
    set_masked(line->number, false);
}

void interrupt_unbound(struct interrupt_line *line)
{
    set_masked(line->number, true);
}
