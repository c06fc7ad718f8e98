/* SPDX-License-Identifier: BSD-2-Clause */
/* The 16550A serial port (National Semiconductor PC16550D, section 8: registers). */
#include <vmm/uart.h>

enum offset {
    DATA = 0,             /* receiver buffer, transmitter holding register; divisor latch, low */
    INTERRUPT_ENABLE = 1, /* or divisor latch, high */
    INTERRUPT_IDENTIFICATION = 2,
    FIFO_CONTROL = 2,
    LINE_CONTROL = 3,
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,
    MODEM_STATUS = 6,
    SCRATCH = 7,
};

/* table II: IER, IIR, FCR, LCR, MCR, LSR, MSR */
#define ENABLE_RECEIVED    0x01
#define ENABLE_EMPTY       0x02
#define ENABLE_LINE        0x04
#define ENABLE_MODEM       0x08
#define ENABLE_ALL         0x0f

#define IDENTIFY_NONE      0x01
#define IDENTIFY_MODEM     0x00
#define IDENTIFY_EMPTY     0x02
#define IDENTIFY_RECEIVED  0x04
#define IDENTIFY_LINE      0x06
#define IDENTIFY_TIMEOUT   0x0c
#define IDENTIFY_FIFOS     0xc0

#define FIFO_ENABLE        0x01
#define FIFO_CLEAR_RECEIVE 0x02
#define FIFO_KEPT          0xc9 /* the bits that clear do so once */

#define LINE_WORD_LENGTH   0x03
#define LINE_TWO_STOP_BITS 0x04
#define LINE_PARITY        0x08
#define LINE_DIVISOR       0x80

#define MODEM_DTR          0x01
#define MODEM_RTS          0x02
#define MODEM_OUT1         0x04
#define MODEM_OUT2         0x08 /* opens the way to the interrupt controller in a PC */
#define MODEM_LOOP         0x10
#define MODEM_ALL          0x1f

#define STATUS_READY       0x01
#define STATUS_OVERRUN     0x02
#define STATUS_EMPTY       0x60 /* holding register and shift register */

#define MODEM_CTS          0x10
#define MODEM_DSR          0x20
#define MODEM_RI           0x40
#define MODEM_DCD          0x80
#define MODEM_CHANGES      0x0f

#define CLOCK_HZ           1843200
#define TIMEOUT_CHARACTERS 4 /* section 8.5: no character came or was read for so long */

static bool fifo_enabled(const struct vmm_uart *uart)
{
    return uart->fifo_control & FIFO_ENABLE;
}

static unsigned depth(const struct vmm_uart *uart)
{
    return fifo_enabled(uart) ? VMM_UART_FIFO : 1;
}

static unsigned trigger(const struct vmm_uart *uart)
{
    static const uint8_t levels[] = {1, 4, 8, 14};

    return fifo_enabled(uart) ? levels[uart->fifo_control >> 6] : 1;
}

/* What IIR says: the enabled interrupt of the highest priority (table III). */
static uint8_t identify(const struct vmm_uart *uart)
{
    uint8_t enabled = uart->interrupt_enable;

    if (enabled & ENABLE_LINE && uart->errors)
        return IDENTIFY_LINE;
    if (enabled & ENABLE_RECEIVED && uart->count >= trigger(uart))
        return IDENTIFY_RECEIVED;
    if (enabled & ENABLE_RECEIVED && uart->timed_out)
        return IDENTIFY_TIMEOUT;
    if (enabled & ENABLE_EMPTY && uart->empty_pending)
        return IDENTIFY_EMPTY;
    if (enabled & ENABLE_MODEM && uart->modem_status & MODEM_CHANGES)
        return IDENTIFY_MODEM;
    return IDENTIFY_NONE;
}

/* OUT2 opens the way for interrupts; in loopback mode the pin is inactive, whatever the bit. */
static void update(struct vmm_uart *uart)
{
    bool open = (uart->modem_control & (MODEM_OUT2 | MODEM_LOOP)) == MODEM_OUT2;
    bool level = open && identify(uart) != IDENTIFY_NONE;

    if (level != uart->level) {
        uart->level = level;
        vmm_line_set(&uart->irq, level);
    }
}

/* Four characters as TSC ticks; half a stop bit is rounded up, divisor 0 is 65536. */
static uint64_t timeout_ticks(const struct vmm_uart *uart)
{
    unsigned bits = 1 + 5 + (uart->line_control & LINE_WORD_LENGTH) +
                    !!(uart->line_control & LINE_PARITY) +
                    (uart->line_control & LINE_TWO_STOP_BITS ? 2 : 1);
    uint64_t clocks = 16ull * (uart->divisor ? uart->divisor : 65536) * bits * TIMEOUT_CHARACTERS;

    return vmm_clock_when(uart->clock, CLOCK_HZ, clocks);
}

/* The timeout starts anew with each character that comes or is read. Only FIFOs have one. */
static void restart_timeout(struct vmm_uart *uart)
{
    bool waits = fifo_enabled(uart) && uart->count && uart->count < trigger(uart) &&
                 uart->interrupt_enable & ENABLE_RECEIVED && !uart->timed_out;

    if (waits)
        vmm_timer_set(uart->clock, &uart->timeout, uart->clock->now + timeout_ticks(uart));
    else if (uart->timeout.deadline != VMM_NEVER)
        vmm_timer_set(uart->clock, &uart->timeout, VMM_NEVER);
}

static void timeout_expired(void *context)
{
    struct vmm_uart *uart = context;

    uart->timed_out = true;
    update(uart);
}

static void put(struct vmm_uart *uart, uint8_t byte)
{
    uart->fifo[(uart->head + uart->count++) % VMM_UART_FIFO] = byte;
}

/* Moves what came from the host into the FIFO, unless the receiver listens to the transmitter. */
static void refill(struct vmm_uart *uart)
{
    if (uart->modem_control & MODEM_LOOP)
        return;
    while (uart->queue_count && uart->count < depth(uart)) {
        put(uart, uart->queue[uart->queue_head]);
        uart->queue_head = (uart->queue_head + 1) % VMM_UART_QUEUE;
        uart->queue_count--;
    }
}

static void received(struct vmm_uart *uart)
{
    refill(uart);
    restart_timeout(uart);
    update(uart);
}

/* A character from the transmitter in loopback mode. One too many replaces the register, but not
 * what a FIFO holds (section 8.4, bit 1). */
static void loop_back(struct vmm_uart *uart, uint8_t byte)
{
    /* characters are as long as the line control register says */
    byte &= (uint8_t)(0xff >> (3 - (uart->line_control & LINE_WORD_LENGTH)));
    if (uart->count < depth(uart)) {
        put(uart, byte);
    } else {
        uart->errors |= STATUS_OVERRUN;
        if (!fifo_enabled(uart))
            uart->fifo[uart->head] = byte;
    }
    restart_timeout(uart);
    update(uart);
}

/* The holding register is full for a moment only: a pending interrupt ends, and a new one comes. */
static void transmit(struct vmm_uart *uart, uint8_t byte)
{
    bool interrupts = uart->interrupt_enable & ENABLE_EMPTY;

    if (uart->modem_control & MODEM_LOOP)
        loop_back(uart, byte);
    else if (uart->host.transmit)
        uart->host.transmit(uart->host.context, byte);
    if (interrupts) {
        uart->empty_pending = false;
        update(uart);
    }
    uart->empty_pending = true;
    if (interrupts)
        update(uart);
}

/* The host can send more: after the guest has read or thrown away everything. */
static void tell_emptied(struct vmm_uart *uart)
{
    if (!uart->count && !uart->queue_count && uart->host.emptied)
        uart->host.emptied(uart->host.context);
}

static uint8_t receive(struct vmm_uart *uart)
{
    uint8_t byte = uart->fifo[uart->head];

    if (!uart->count)
        return byte; /* the register keeps what was read last */
    if (--uart->count)
        uart->head = (uart->head + 1) % VMM_UART_FIFO;
    uart->timed_out = false;
    received(uart);
    tell_emptied(uart);
    return byte;
}

/* The modem's outputs as bits of the modem status: always ready, or what the modem control register
 * says in loopback mode (section 8.6, bit 4). */
static uint8_t modem_lines(const struct vmm_uart *uart)
{
    uint8_t control = uart->modem_control;

    if (!(control & MODEM_LOOP))
        return MODEM_CTS | MODEM_DSR | MODEM_DCD;
    return (uint8_t)((control & MODEM_RTS ? MODEM_CTS : 0) | (control & MODEM_DTR ? MODEM_DSR : 0) |
                     (control & MODEM_OUT1 ? MODEM_RI : 0) |
                     (control & MODEM_OUT2 ? MODEM_DCD : 0));
}

/* Bits 3-0 tell of changes since the last read; of RI that it went away (section 8.7). */
static void update_modem(struct vmm_uart *uart)
{
    uint8_t lines = modem_lines(uart);
    uint8_t changed = (uint8_t)((uart->modem_status ^ lines) & ~MODEM_CHANGES);

    if (lines & MODEM_RI)
        changed &= (uint8_t)~MODEM_RI;
    uart->modem_status = lines | (uart->modem_status & MODEM_CHANGES) | (uint8_t)(changed >> 4);
}

/* FIFO control (section 8.5): the other bits count only together with bit 0; a change of it empties
 * both FIFOs. */
static void set_fifo_control(struct vmm_uart *uart, uint8_t value)
{
    bool changed = (value ^ uart->fifo_control) & FIFO_ENABLE;
    bool had_some = uart->count;

    uart->fifo_control = value & FIFO_ENABLE ? value & FIFO_KEPT : 0;
    if (changed || (value & FIFO_ENABLE && value & FIFO_CLEAR_RECEIVE)) {
        uart->count = 0;
        uart->timed_out = false;
    }
    received(uart);
    if (had_some)
        tell_emptied(uart);
}

/* An interrupt that is enabled while its cause is there comes at once. */
static void set_interrupt_enable(struct vmm_uart *uart, uint8_t value)
{
    if (value & ~uart->interrupt_enable & ENABLE_EMPTY)
        uart->empty_pending = true;
    uart->interrupt_enable = value & ENABLE_ALL;
    restart_timeout(uart);
    update(uart);
}

static void set_modem_control(struct vmm_uart *uart, uint8_t value)
{
    uart->modem_control = value & MODEM_ALL;
    update_modem(uart);
    received(uart);
}

static void set_divisor(struct vmm_uart *uart, enum offset offset, uint8_t value)
{
    unsigned shift = offset == DATA ? 0 : 8;

    uart->divisor = (uint16_t)((uart->divisor & ~(0xffu << shift)) | (unsigned)value << shift);
}

static void uart_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct vmm_uart *uart = device;
    enum offset offset = port & 7;
    uint8_t byte = (uint8_t)value;

    (void)size;
    if (uart->line_control & LINE_DIVISOR && offset <= INTERRUPT_ENABLE) {
        set_divisor(uart, offset, byte);
        return;
    }
    switch (offset) {
    case DATA:
        transmit(uart, byte);
        break;
    case INTERRUPT_ENABLE:
        set_interrupt_enable(uart, byte);
        break;
    case FIFO_CONTROL:
        set_fifo_control(uart, byte);
        break;
    case LINE_CONTROL:
        uart->line_control = byte;
        break;
    case MODEM_CONTROL:
        set_modem_control(uart, byte);
        break;
    case SCRATCH:
        uart->scratch = byte;
        break;
    default: /* the status registers are for factory tests to write */
        break;
    }
}

static uint8_t read_identification(struct vmm_uart *uart)
{
    uint8_t identification = identify(uart);

    /* the one interrupt that ends by having been read about */
    if (identification == IDENTIFY_EMPTY) {
        uart->empty_pending = false;
        update(uart);
    }
    return identification | (fifo_enabled(uart) ? IDENTIFY_FIFOS : 0);
}

static uint8_t read_line_status(struct vmm_uart *uart)
{
    uint8_t status = STATUS_EMPTY | uart->errors | (uart->count ? STATUS_READY : 0);

    if (uart->errors) {
        uart->errors = 0;
        update(uart);
    }
    return status;
}

static uint8_t read_modem_status(struct vmm_uart *uart)
{
    uint8_t status = uart->modem_status;

    uart->modem_status &= (uint8_t)~MODEM_CHANGES;
    update(uart);
    return status;
}

static uint32_t uart_read(void *device, uint16_t port, unsigned size)
{
    struct vmm_uart *uart = device;
    enum offset offset = port & 7;
    bool divisor = uart->line_control & LINE_DIVISOR;

    (void)size;
    switch (offset) {
    case DATA:
        return divisor ? uart->divisor & 0xff : receive(uart);
    case INTERRUPT_ENABLE:
        return divisor ? uart->divisor >> 8 : uart->interrupt_enable;
    case INTERRUPT_IDENTIFICATION:
        return read_identification(uart);
    case LINE_CONTROL:
        return uart->line_control;
    case MODEM_CONTROL:
        return uart->modem_control;
    case LINE_STATUS:
        return read_line_status(uart);
    case MODEM_STATUS:
        return read_modem_status(uart);
    default:
        return uart->scratch;
    }
}

unsigned vmm_uart_receive(struct vmm_uart *uart, const uint8_t *bytes, unsigned count)
{
    unsigned taken = 0;

    for (; taken < count && uart->queue_count < VMM_UART_QUEUE; taken++)
        uart->queue[(uart->queue_head + uart->queue_count++) % VMM_UART_QUEUE] = bytes[taken];
    received(uart);
    return taken;
}

void vmm_uart_init(struct vmm_uart *uart, struct vmm_clock *clock, struct vmm_line irq,
                   const struct vmm_uart_host *host)
{
    *uart = (struct vmm_uart){.host = *host, .clock = clock, .irq = irq, .divisor = 1};
    uart->timeout =
        (struct vmm_timer){.deadline = VMM_NEVER, .expired = timeout_expired, .context = uart};
    uart->modem_status = modem_lines(uart);
}

bool vmm_uart_add_ports(struct vmm_uart *uart, struct vmm_ports *ports, uint16_t first)
{
    const struct vmm_port_range range = {first, (uint16_t)(first + 7), 1, uart_read, uart_write,
                                         uart};

    return vmm_ports_add(ports, &range);
}
