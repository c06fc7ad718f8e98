/* SPDX-License-Identifier: BSD-2-Clause */
#include "console.h"

#include "layout.h"
#include "thread.h"
#include <stdarg.h>
#include <stddef.h>
#include <x86/insn.h>

/* 16550 at the PC's first serial port. */
#define COM1               0x3f8
#define COM1_DIVISOR_LOW   (COM1 + 0)
#define COM1_DIVISOR_HIGH  (COM1 + 1)
#define COM1_FIFO          (COM1 + 2)
#define COM1_LINE_CONTROL  (COM1 + 3)
#define COM1_MODEM_CONTROL (COM1 + 4)
#define COM1_LINE_STATUS   (COM1 + 5)
#define LINE_8N1           0x03
#define LINE_DIVISOR       0x80
#define STATUS_EMPTY       0x20 /* room for a character */
#define STATUS_SENT        0x40 /* nothing left to send */

/* A port that never gets ready (none there) does not stop the server. */
#define READY_TRIES 100000

void console_init(void)
{
    x86_out8(COM1 + 1, 0);
    x86_out8(COM1_LINE_CONTROL, LINE_DIVISOR);
    x86_out8(COM1_DIVISOR_LOW, 1);
    x86_out8(COM1_DIVISOR_HIGH, 0);
    x86_out8(COM1_LINE_CONTROL, LINE_8N1);
    x86_out8(COM1_FIFO, 0x07);
    x86_out8(COM1_MODEM_CONTROL, 0x03);
}

static void wait_for(uint8_t status)
{
    for (unsigned i = 0; i < READY_TRIES && (x86_in8(COM1_LINE_STATUS) & status) == 0; i++) {
    }
}

static void put(char character)
{
    wait_for(STATUS_EMPTY);
    x86_out8(COM1, (uint8_t)character);
}

static void put_string(const char *string)
{
    for (; *string != 0; string++) {
        put(*string);
    }
}

static void put_number(uint64_t value, unsigned base)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count > 0) {
        put(digits[--count]);
    }
}

void console_print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    for (; *format != 0; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        while (*++format == 'l') {
        }
        switch (*format) {
        case 's':
            put_string(va_arg(arguments, const char *));
            break;
        case 'x':
            put_number(va_arg(arguments, uint64_t), 16);
            break;
        case 'u':
            put_number(va_arg(arguments, uint64_t), 10);
            break;
        default:
            va_end(arguments);
            return;
        }
    }
    va_end(arguments);
}

/* Ways to end an emulator; on real hardware nothing listens there. */
static _Noreturn void stop_machine(void)
{
    wait_for(STATUS_SENT);
    for (const char *text = "Shutdown"; *text != 0; text++) {
        x86_out8(0x8900, (uint8_t)*text); /* Bochs */
    }
    x86_out32(0xf4, 1); /* QEMU, device isa-debug-exit */
    for (;;) {
        x86_cli();
        x86_hlt();
    }
}

/* Return addresses along the frame pointers; the server keeps them when NacelleDebug is on. */
static void backtrace(uint64_t rip, uint64_t rbp)
{
    console_print("  #0 0x%lx\n", rip);
#if NACELLE_DEBUG
    for (uint64_t depth = 1; depth < 16 && rbp >= CPU_BASE && rbp < APIC_BASE; depth++) {
        const uint64_t *saved = (const uint64_t *)rbp;

        if (rbp % 8 != 0 || saved[1] < IMAGE_BASE) {
            break;
        }
        console_print("  #%lu 0x%lx\n", depth, saved[1]);
        if (saved[0] <= rbp) {
            break;
        }
        rbp = saved[0];
    }
#else
    (void)rbp;
#endif
}

_Noreturn void panic(const char *why, const struct frame *frame)
{
    console_print("nacelle: panic: %s\n", why);
    if (frame != NULL) {
        console_print("  vector %lu error %lx cr2 %lx cr3 %lx\n", frame->vector, frame->error,
                      x86_read_cr2(), x86_read_cr3());
        console_print("  rip %lx cs %lx rflags %lx rsp %lx ss %lx\n", frame->rip, frame->cs,
                      frame->rflags, frame->rsp, frame->ss);
        console_print("  rax %lx rcx %lx rdx %lx rbx %lx\n", frame->rax, frame->rcx, frame->rdx,
                      frame->rbx);
        console_print("  rbp %lx rsi %lx rdi %lx\n", frame->rbp, frame->rsi, frame->rdi);
        console_print("  r8 %lx r9 %lx r10 %lx r11 %lx\n", frame->r8, frame->r9, frame->r10,
                      frame->r11);
        console_print("  r12 %lx r13 %lx r14 %lx r15 %lx\n", frame->r12, frame->r13, frame->r14,
                      frame->r15);
        backtrace(frame->rip, frame->rbp);
    } else {
        backtrace((uint64_t)__builtin_return_address(0), (uint64_t)__builtin_frame_address(0));
    }
    stop_machine();
}

_Noreturn void refuse(const char *what, const char *where)
{
    console_print("nacelle: refused: %s (%s)\n", what, where);
    stop_machine();
}
