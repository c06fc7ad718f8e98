/* SPDX-License-Identifier: BSD-2-Clause */
/* 8254 interval timer: ports, latches and the interrupt (Intel data sheet 231164). */
#include <stddef.h>
#include <vmm/pit.h>
#include <vmm/pit_channel.h>

#define FIRST_COUNTER       0x40
#define CONTROL             0x43
#define PORT_B              0x61

#define ACCESS_LOW          1
#define ACCESS_HIGH         2
#define ACCESS_BOTH         3
#define READ_BACK           3 /* in place of a counter's number */
#define READ_BACK_NO_COUNT  0x20
#define READ_BACK_NO_STATUS 0x10
#define STATUS_OUTPUT       0x80
#define STATUS_NULL_COUNT   0x40

#define PORT_B_GATE_2       0x01
#define PORT_B_SPEAKER      0x02
#define PORT_B_REFRESH      0x10
#define PORT_B_OUTPUT_2     0x20
#define REFRESH_HZ          66287 /* toggles every 15.086 us, 18 clocks of the 8254 */

static uint64_t now(const struct vmm_pit *pit)
{
    return vmm_clock_count(pit->clock, VMM_PIT_HZ);
}

/* Sets the timer for the next interrupt. */
static void schedule(struct vmm_pit *pit)
{
    uint64_t edge = vmm_pit_channel_next_edge(&pit->channels[0], now(pit));

    vmm_timer_set(pit->clock, &pit->timer,
                  edge == VMM_NEVER ? VMM_NEVER : vmm_clock_when(pit->clock, VMM_PIT_HZ, edge));
}

/* The output has risen. It may also have fallen and risen often while nobody looked: one edge. */
static void timer_expired(void *context)
{
    struct vmm_pit *pit = context;

    pit->ticks++;
    vmm_line_set(&pit->irq, false);
    vmm_line_set(&pit->irq, true);
    schedule(pit);
}

/* Channel 0 was changed. */
static void update(struct vmm_pit *pit)
{
    vmm_line_set(&pit->irq, vmm_pit_channel_output(&pit->channels[0], now(pit)));
    schedule(pit);
}

static void latch_count(struct vmm_pit_channel *channel, uint64_t at)
{
    if (channel->latched)
        return; /* the first latch command counts until it is read */
    channel->latch = vmm_pit_channel_count(channel, at);
    channel->latched = channel->access == ACCESS_BOTH ? 2 : 1;
}

static void latch_status(struct vmm_pit_channel *channel, uint64_t at)
{
    bool null_count = !channel->has_count || channel->next;

    if (channel->status_latched)
        return;
    channel->status = (uint8_t)((vmm_pit_channel_output(channel, at) ? STATUS_OUTPUT : 0) |
                                (null_count ? STATUS_NULL_COUNT : 0) | channel->access << 4 |
                                channel->mode << 1 | channel->bcd);
    channel->status_latched = true;
}

static void read_back(struct vmm_pit *pit, uint8_t value)
{
    for (unsigned i = 0; i < 3; i++) {
        if (!(value >> (i + 1) & 1))
            continue;
        if (!(value & READ_BACK_NO_COUNT))
            latch_count(&pit->channels[i], now(pit));
        if (!(value & READ_BACK_NO_STATUS))
            latch_status(&pit->channels[i], now(pit));
    }
}

static void write_control(struct vmm_pit *pit, uint8_t value)
{
    unsigned index = value >> 6;
    uint8_t access = value >> 4 & 3, mode = value >> 1 & 7;

    if (index == READ_BACK) {
        read_back(pit, value);
        return;
    }
    if (!access) {
        latch_count(&pit->channels[index], now(pit));
        return;
    }
    if (mode > 5)
        mode &= 3; /* bit 2 of modes 2 and 3 does not count */
    vmm_pit_channel_control(&pit->channels[index], mode, access, value & 1);
    if (index == 0)
        update(pit);
}

static void write_count(struct vmm_pit *pit, unsigned index, uint8_t value)
{
    struct vmm_pit_channel *channel = &pit->channels[index];
    uint16_t count;

    if (channel->access == ACCESS_BOTH && !channel->write_high) {
        channel->write_low = value;
        channel->write_high = true;
        /* mode 0 stops counting, with its output low, until the second byte comes */
        if (channel->mode == 0)
            channel->counting = false;
        if (index == 0)
            update(pit);
        return;
    }
    if (channel->access == ACCESS_BOTH)
        count = (uint16_t)(value << 8 | channel->write_low);
    else
        count = channel->access == ACCESS_HIGH ? (uint16_t)(value << 8) : value;
    channel->write_high = false;
    vmm_pit_channel_load(channel, now(pit), count);
    if (index == 0)
        update(pit);
}

static uint8_t read_latch(struct vmm_pit_channel *channel)
{
    bool high = channel->access == ACCESS_HIGH ||
                (channel->access == ACCESS_BOTH && channel->latched == 1);

    channel->latched--;
    return (uint8_t)(channel->latch >> (high ? 8 : 0));
}

static uint8_t read_count(struct vmm_pit *pit, unsigned index)
{
    struct vmm_pit_channel *channel = &pit->channels[index];
    uint16_t count;
    bool high = channel->access == ACCESS_HIGH;

    if (channel->status_latched) {
        channel->status_latched = false;
        return channel->status;
    }
    if (channel->latched)
        return read_latch(channel);
    count = vmm_pit_channel_count(channel, now(pit));
    if (channel->access == ACCESS_BOTH) {
        high = channel->read_high;
        channel->read_high = !high;
    }
    return (uint8_t)(count >> (high ? 8 : 0));
}

static uint32_t pit_read(void *device, uint16_t port, unsigned size)
{
    (void)size;
    if (port == CONTROL)
        return 0xff; /* write only */
    return read_count(device, port - FIRST_COUNTER);
}

static void pit_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    (void)size;
    if (port == CONTROL)
        write_control(device, (uint8_t)value);
    else
        write_count(device, port - FIRST_COUNTER, (uint8_t)value);
}

static uint32_t port_b_read(void *device, uint16_t port, unsigned size)
{
    struct vmm_pit *pit = device;

    (void)port;
    (void)size;
    return (pit->channels[2].gate ? PORT_B_GATE_2 : 0u) | (pit->speaker ? PORT_B_SPEAKER : 0u) |
           (vmm_clock_count(pit->clock, REFRESH_HZ) & 1 ? PORT_B_REFRESH : 0u) |
           (vmm_pit_output(pit, 2) ? PORT_B_OUTPUT_2 : 0u);
}

static void port_b_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct vmm_pit *pit = device;

    (void)port;
    (void)size;
    pit->speaker = value & PORT_B_SPEAKER;
    vmm_pit_channel_set_gate(&pit->channels[2], now(pit), value & PORT_B_GATE_2);
}

void vmm_pit_init(struct vmm_pit *pit, struct vmm_clock *clock, struct vmm_line irq)
{
    *pit = (struct vmm_pit){.clock = clock, .irq = irq};
    pit->timer =
        (struct vmm_timer){.deadline = VMM_NEVER, .expired = timer_expired, .context = pit};
    for (unsigned i = 0; i < 3; i++) {
        vmm_pit_channel_control(&pit->channels[i], 0, ACCESS_BOTH, false);
        pit->channels[i].gate = i != 2;
    }
}

bool vmm_pit_add_ports(struct vmm_pit *pit, struct vmm_ports *ports)
{
    const struct vmm_port_range counters = {FIRST_COUNTER, CONTROL, 1, pit_read, pit_write, pit};
    const struct vmm_port_range port_b = {PORT_B, PORT_B, 1, port_b_read, port_b_write, pit};

    return vmm_ports_add(ports, &counters) && vmm_ports_add(ports, &port_b);
}

bool vmm_pit_output(struct vmm_pit *pit, unsigned channel)
{
    return channel < 3 && vmm_pit_channel_output(&pit->channels[channel], now(pit));
}
