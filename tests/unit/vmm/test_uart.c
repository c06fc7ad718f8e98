/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/uart.h>

/* PC16550D, table II */
#define DATA    0
#define IER     1
#define IIR     2
#define FCR     2
#define LCR     3
#define MCR     4
#define LSR     5
#define MSR     6
#define SCR     7

#define FIFO_ON 0x07
#define OUT2    0x08
#define LOOP    0x10
#define NONE    0x01
#define THRE    0x02
#define RDA     0x04
#define TIMEOUT 0x0c

static struct vmm_uart uart;
static struct vmm_ports ports;
static struct vmm_clock clock;
static struct test_line line;
static uint8_t sent[8192];
static unsigned sent_count, emptied_count;

static uint8_t in(unsigned offset)
{
    return (uint8_t)vmm_ports_read(&ports, (uint16_t)(0x3f8 + offset), 1);
}

static void out(unsigned offset, uint8_t value)
{
    vmm_ports_write(&ports, (uint16_t)(0x3f8 + offset), 1, value);
}

static void keep(void *context, uint8_t byte)
{
    (void)context;
    sent[sent_count++ % sizeof(sent)] = byte;
}

static void count_emptied(void *context)
{
    (void)context;
    emptied_count++;
}

static int make(void **state)
{
    const struct vmm_uart_host host = {keep, count_emptied, NULL};

    (void)state;
    ports = (struct vmm_ports){0};
    clock = (struct vmm_clock){.hz = HZ, .now = 5 * HZ};
    sent_count = 0;
    emptied_count = 0;
    vmm_uart_init(&uart, &clock, test_line(&line), &host);
    assert_true(vmm_uart_add_ports(&uart, &ports, VMM_UART_COM1));
    return 0;
}

static unsigned type(const char *text)
{
    return vmm_uart_receive(&uart, (const uint8_t *)text, (unsigned)strlen(text));
}

/* Section 8, table I: what a master reset leaves. */
static void after_reset(void **state)
{
    (void)state;
    assert_int_equal(in(IER), 0);
    assert_int_equal(in(IIR), NONE);
    assert_int_equal(in(LCR), 0);
    assert_int_equal(in(MCR), 0);
    assert_int_equal(in(LSR), 0x60);
    assert_int_equal(in(MSR)&0xf, 0);
    assert_false(line.level);
}

/* Bits that do not exist read 0, so that drivers do not take it for a bigger chip. */
static void registers_keep_their_bits(void **state)
{
    (void)state;
    for (unsigned offset = IER; offset <= SCR; offset++)
        if (offset != FCR && offset != LCR)
            out(offset, 0xff);
    assert_int_equal(in(IER), 0x0f);
    assert_int_equal(in(MCR), 0x1f);
    assert_int_equal(in(SCR), 0xff);
    out(SCR, 0x5a);
    assert_int_equal(in(SCR), 0x5a);
    out(MCR, 0);
    out(LCR, 0x80);
    out(DATA, 0x34);
    out(IER, 0x12);
    assert_int_equal(in(DATA), 0x34);
    assert_int_equal(in(IER), 0x12);
    out(LCR, 0x03);
    assert_int_equal(in(IER), 0x0f);
    assert_int_equal(in(LCR), 0x03);
}

/* What Linux' autoconfig() and autoconfig_16550a() look at: a 16550A, and nothing bigger. */
static void drivers_see_a_16550a(void **state)
{
    (void)state;
    out(IER, 0);
    assert_int_equal(in(IER)&0x0f, 0);
    out(IER, 0x0f);
    assert_int_equal(in(IER)&0x0f, 0x0f);
    out(IER, 0);
    out(MCR, LOOP | 0x0a);
    assert_int_equal(in(MSR)&0xf0, 0x90);
    out(MCR, 0x08);
    out(LCR, 0xbf);
    out(FCR, 0);
    out(LCR, 0);
    out(FCR, 0x01);
    assert_int_equal(in(IIR) >> 6, 3);
    out(LCR, 0x80); /* 16650: an extended feature register at 2 that reads 0 */
    assert_int_not_equal(in(2), 0);
    out(LCR, 0xbf);
    assert_int_not_equal(in(2), 0);
    out(LCR, 0xe0); /* NS16550A: the loop bit shows up at 2 */
    uint8_t before = in(2);
    out(LCR, 0);
    out(MCR, 0x18);
    out(LCR, 0xe0);
    assert_int_equal((in(2) ^ before) & 0x10, 0);
    out(LCR, 0);
    out(MCR, 0x08);
    out(LCR, 0x80); /* 16750: FIFOs of 64 */
    out(FCR, 0x21);
    assert_int_equal(in(IIR)&0x20, 0);
    out(LCR, 0);
    out(IER, 0x40); /* XScale */
    assert_int_equal(in(IER), 0);
}

static void bytes_are_sent_at_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(in(LSR)&0x60, 0x60);
        out(DATA, (uint8_t)i);
    }
    assert_int_equal(sent_count, 256);
    for (unsigned i = 0; i < 256; i++)
        assert_int_equal(sent[i], i);
    assert_int_equal(line.edges, 0);
}

/* Section 8.6: ends with a read of IIR that tells of it, or a write to the holding register. */
static void transmitter_interrupt(void **state)
{
    (void)state;
    out(MCR, OUT2);
    out(IER, 0x02);
    assert_true(line.level);
    assert_int_equal(in(IIR), THRE);
    assert_false(line.level);
    assert_int_equal(in(IIR), NONE);
    out(IER, 0x02); /* was on: nothing new */
    assert_false(line.level);
    out(DATA, 'a');
    assert_true(line.level);
    assert_int_equal(line.edges, 2);
    out(DATA, 'b'); /* a new one, with an edge */
    assert_int_equal(line.edges, 3);
    out(IER, 0);
    assert_false(line.level);
    out(IER, 0x02); /* Linux tests that it comes back */
    assert_int_equal(in(IIR), THRE);
}

static void interrupts_need_out2(void **state)
{
    (void)state;
    out(IER, 0x02);
    assert_false(line.level);
    assert_int_equal(in(IIR), THRE);
    out(DATA, 'a');
    out(MCR, OUT2);
    assert_true(line.level);
    out(MCR, OUT2 | LOOP);
    assert_false(line.level);
}

static void without_fifo(void **state)
{
    (void)state;
    out(MCR, OUT2);
    out(IER, 0x01);
    assert_int_equal(type("ab"), 2);
    assert_int_equal(in(IIR), RDA);
    assert_true(line.level);
    assert_int_equal(in(LSR), 0x61);
    assert_int_equal(in(DATA), 'a');
    assert_int_equal(in(LSR), 0x61);
    assert_int_equal(in(DATA), 'b');
    assert_int_equal(in(LSR), 0x60);
    assert_int_equal(in(IIR), NONE);
    assert_false(line.level);
    assert_int_equal(emptied_count, 1);
    assert_int_equal(in(DATA), 'b'); /* nothing new */
    assert_int_equal(emptied_count, 1);
}

/* Section 8.5: RDA at the trigger level, until the FIFO is below it. */
static void trigger_levels(void **state)
{
    static const uint8_t levels[] = {1, 4, 8, 14};

    for (unsigned i = 0; i < 4; i++) {
        make(state);
        out(MCR, OUT2);
        out(FCR, (uint8_t)(FIFO_ON | i << 6));
        out(IER, 0x01);
        for (unsigned n = 1; n < levels[i]; n++) {
            type("x");
            assert_int_equal(in(IIR), 0xc0 | NONE);
        }
        assert_false(line.level);
        type("x");
        assert_int_equal(in(IIR), 0xc0 | RDA);
        assert_true(line.level);
        in(DATA);
        assert_int_equal(in(IIR), 0xc0 | NONE);
        assert_false(line.level);
    }
}

/* Four characters of 10 bits at 115200 baud are 347.2 us. */
static void timeout(void **state)
{
    (void)state;
    out(LCR, 0x03);
    out(MCR, OUT2);
    out(FCR, FIFO_ON | 0xc0);
    out(IER, 0x01);
    type("a");
    test_advance(&clock, 347000);
    assert_int_equal(in(IIR), 0xc1);
    type("b"); /* starts it anew */
    test_advance(&clock, 347000);
    assert_int_equal(in(IIR), 0xc1);
    test_advance(&clock, 1000);
    assert_int_equal(in(IIR), 0xc0 | TIMEOUT);
    assert_true(line.level);
    assert_int_equal(in(DATA), 'a'); /* ends it, and starts it anew */
    assert_int_equal(in(IIR), 0xc1);
    assert_false(line.level);
    test_advance(&clock, 348000);
    assert_int_equal(in(IIR), 0xc0 | TIMEOUT);
    assert_int_equal(in(DATA), 'b');
    assert_int_equal(vmm_clock_deadline(&clock), VMM_NEVER);
    /* at 300 baud, 5 bits, parity, 1.5 stop bits: at most 9 * 4 / 300 s */
    out(LCR, 0x8c);
    out(DATA, 0x80);
    out(IER, 0x01);
    out(LCR, 0x0c);
    type("c");
    test_advance(&clock, HZ / 10);
    assert_int_equal(in(IIR), 0xc1);
    test_advance(&clock, HZ / 50);
    assert_int_equal(in(IIR), 0xc0 | TIMEOUT);
    out(FCR, FIFO_ON | 0xc0);
    assert_int_equal(in(IIR), 0xc1);
}

/* More than the FIFO holds comes as the guest reads; what does not fit is told. */
static void nothing_is_lost(void **state)
{
    static uint8_t bytes[VMM_UART_QUEUE + 100];
    unsigned taken;

    (void)state;
    out(FCR, FIFO_ON);
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    taken = vmm_uart_receive(&uart, bytes, sizeof(bytes));
    assert_int_equal(taken, VMM_UART_QUEUE);
    taken += vmm_uart_receive(&uart, bytes + taken, (unsigned)sizeof(bytes) - taken);
    assert_int_equal(taken, VMM_UART_QUEUE + VMM_UART_FIFO);
    assert_int_equal(vmm_uart_room(&uart), 0);
    for (unsigned i = 0; i < taken; i++) {
        assert_int_equal(in(LSR), 0x61);
        assert_int_equal(in(DATA), bytes[i]);
    }
    assert_int_equal(in(LSR), 0x60);
    assert_int_equal(emptied_count, 1);
    assert_int_equal(vmm_uart_room(&uart), VMM_UART_QUEUE);
}

static void clearing_the_fifo(void **state)
{
    (void)state;
    out(FCR, FIFO_ON);
    type("0123456789abcdefghij");
    out(FCR, FIFO_ON); /* takes 16; the others had not come yet */
    assert_int_equal(in(DATA), 'g');
    out(FCR, 0x00); /* a change of the mode clears as well */
    assert_int_equal(in(LSR), 0x60);
    assert_int_equal(in(IIR), NONE);
    assert_int_equal(emptied_count, 1);
    out(FCR, 0x80); /* without bit 0 nothing counts */
    out(FCR, 0x01);
    out(IER, 0x01);
    type("x");
    assert_int_equal(in(IIR), 0xc0 | RDA);
}

static void loopback(void **state)
{
    (void)state;
    out(LCR, 0x03);
    out(FCR, FIFO_ON);
    out(MCR, LOOP);
    out(IER, 0x05);
    type("host");
    for (unsigned i = 0; i < 17; i++)
        out(DATA, (uint8_t)(0xe0 + i));
    assert_int_equal(sent_count, 0);
    assert_int_equal(in(IIR), 0xc6);
    assert_int_equal(in(LSR), 0x63); /* overrun, told once */
    assert_int_equal(in(LSR), 0x61);
    assert_int_equal(in(IIR), 0xc4);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(in(DATA), 0xe0 + i);
    assert_int_equal(in(LSR), 0x60);
    out(FCR, 0);
    out(DATA, 1);
    out(DATA, 2); /* replaces it */
    assert_int_equal(in(LSR), 0x63);
    assert_int_equal(in(DATA), 2);
    out(LCR, 0x00);
    out(DATA, 0xff); /* five bits */
    assert_int_equal(in(DATA), 0x1f);
    out(MCR, 0); /* now what the host sent gets through */
    assert_int_equal(in(DATA), 'h');
}

/* Section 8.7: bits 3-0 tell of changes, once. */
static void modem_status(void **state)
{
    (void)state;
    assert_int_equal(in(MSR), 0xb0);
    out(IER, 0x08);
    out(MCR, LOOP); /* all go away; RI was away */
    assert_int_equal(in(IIR), 0x00);
    assert_int_equal(in(MSR), 0x0b);
    assert_int_equal(in(MSR), 0x00);
    assert_int_equal(in(IIR), NONE);
    out(MCR, LOOP | 0x04); /* RI comes: not told */
    assert_int_equal(in(MSR), 0x40);
    out(MCR, LOOP); /* its end is */
    assert_int_equal(in(MSR), 0x04);
    for (unsigned i = 0; i < 16; i++) {
        static const uint8_t status[] = {0x20, 0x10, 0x40, 0x80}; /* DTR RTS OUT1 OUT2 */
        uint8_t expected = 0;

        for (unsigned bit = 0; bit < 4; bit++)
            expected |= i >> bit & 1 ? status[bit] : 0;
        out(MCR, (uint8_t)(LOOP | i));
        assert_int_equal(in(MSR)&0xf0, expected);
    }
}

/* Whatever a guest does, the model stays within its arrays and its clock goes on. */
static void random_accesses(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (unsigned i = 0; i < 300000; i++) {
        random = random * 1664525 + 1013904223;
        if (random >> 30 == 0)
            type("some input");
        else if (random >> 31)
            out(random >> 8 & 7, (uint8_t)(random >> 16));
        else
            in(random >> 8 & 7);
        test_advance(&clock, random >> 20 & 0xfff);
        assert_true(uart.count <= VMM_UART_FIFO && uart.queue_count <= VMM_UART_QUEUE);
        assert_int_equal(line.level, uart.level);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(after_reset, make),
        cmocka_unit_test_setup(registers_keep_their_bits, make),
        cmocka_unit_test_setup(drivers_see_a_16550a, make),
        cmocka_unit_test_setup(bytes_are_sent_at_once, make),
        cmocka_unit_test_setup(transmitter_interrupt, make),
        cmocka_unit_test_setup(interrupts_need_out2, make),
        cmocka_unit_test_setup(without_fifo, make),
        cmocka_unit_test_setup(trigger_levels, make),
        cmocka_unit_test_setup(timeout, make),
        cmocka_unit_test_setup(nothing_is_lost, make),
        cmocka_unit_test_setup(clearing_the_fifo, make),
        cmocka_unit_test_setup(loopback, make),
        cmocka_unit_test_setup(modem_status, make),
        cmocka_unit_test_setup(random_accesses, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
