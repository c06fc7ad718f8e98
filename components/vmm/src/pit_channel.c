/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting of an 8254 counter (Intel data sheet 231164, "Mode definitions"). */
#include <vmm/pit_channel.h>

static bool periodic(const struct vmm_pit_channel *channel)
{
    return channel->mode == 2 || channel->mode == 3;
}

/* Modes in which the rising edge of the gate starts the counting. */
static bool triggered(const struct vmm_pit_channel *channel)
{
    return channel->mode == 1 || channel->mode == 5;
}

/* Modes 1 and 5 only look at the gate's edge; in the others a low gate stops the counting. */
static bool stopped(const struct vmm_pit_channel *channel)
{
    return !channel->gate && !triggered(channel);
}

static uint64_t elapsed(const struct vmm_pit_channel *channel, uint64_t now)
{
    return stopped(channel) ? channel->held : now - channel->start;
}

/* Modes 2 and 3 take a new count over when the current period ends. */
static void take_over(struct vmm_pit_channel *channel, uint64_t now)
{
    if (!channel->next || !periodic(channel) || stopped(channel) || !channel->counting)
        return;
    if (now - channel->start < channel->period)
        return;
    channel->start += channel->period;
    channel->period = channel->next;
    channel->next = 0;
}

static uint32_t from_bcd(uint16_t count)
{
    return (count >> 12 & 15u) * 1000u + (count >> 8 & 15u) * 100u + (count >> 4 & 15u) * 10u +
           (count & 15u);
}

static uint16_t to_bcd(uint32_t count)
{
    count %= 10000;
    return (uint16_t)(count / 1000 << 12 | count / 100 % 10 << 8 | count / 10 % 10 << 4 |
                      count % 10);
}

static uint32_t modulus(const struct vmm_pit_channel *channel)
{
    return channel->bcd ? 10000 : 65536;
}

void vmm_pit_channel_control(struct vmm_pit_channel *channel, uint8_t mode, uint8_t access,
                             bool bcd)
{
    *channel = (struct vmm_pit_channel){
        .mode = mode, .access = access, .bcd = bcd, .gate = channel->gate, .period = 65536};
}

/* Begins to count `period` from the start. */
static void restart(struct vmm_pit_channel *channel, uint64_t now)
{
    if (channel->next) {
        channel->period = channel->next;
        channel->next = 0;
    }
    channel->start = now;
    channel->held = 0;
    channel->counting = true;
}

void vmm_pit_channel_load(struct vmm_pit_channel *channel, uint64_t now, uint16_t count)
{
    uint32_t period = channel->bcd ? from_bcd(count) : count;

    if (!period)
        period = modulus(channel);
    /* A period ends in each clock that the others can see: 1 is not allowed in modes 2 and 3. */
    if (periodic(channel) && period == 1)
        period = 2;
    take_over(channel, now);
    channel->next = period;
    if (periodic(channel) && channel->counting && !stopped(channel))
        channel->start = now - (now - channel->start) % channel->period;
    /* A one-shot keeps its count until the trigger, a rate generator until the period ends. */
    if (!triggered(channel) && !(periodic(channel) && channel->counting))
        restart(channel, now);
    channel->has_count = true;
}

void vmm_pit_channel_set_gate(struct vmm_pit_channel *channel, uint64_t now, bool gate)
{
    if (gate == channel->gate)
        return;
    take_over(channel, now);
    if (!gate) {
        if (!triggered(channel))
            channel->held = now - channel->start;
        channel->gate = false;
        return;
    }
    channel->gate = true;
    if (triggered(channel) || periodic(channel)) {
        if (channel->has_count)
            restart(channel, now);
    } else {
        channel->start = now - channel->held;
        channel->held = 0;
    }
}

/* Mode 3 counts down by two, twice a period; an odd count is high for one clock longer. */
static uint32_t square_wave_count(uint32_t period, uint64_t phase)
{
    uint32_t high = (period + 1) / 2;
    uint64_t step = phase < high ? phase : phase - high;

    return (uint32_t)((period & ~1u) - 2 * step);
}

uint16_t vmm_pit_channel_count(struct vmm_pit_channel *channel, uint64_t now)
{
    uint64_t clocks;
    uint32_t count;

    take_over(channel, now);
    clocks = channel->counting ? elapsed(channel, now) : 0;
    if (channel->mode == 3)
        count = square_wave_count(channel->period, clocks % channel->period);
    else if (channel->mode == 2)
        count = channel->period - (uint32_t)(clocks % channel->period);
    else /* goes on below zero */
        count = channel->period + modulus(channel) - (uint32_t)(clocks % modulus(channel));
    return channel->bcd ? to_bcd(count) : (uint16_t)count;
}

bool vmm_pit_channel_output(struct vmm_pit_channel *channel, uint64_t now)
{
    uint64_t clocks;

    take_over(channel, now);
    if (!channel->counting)
        return channel->mode != 0;
    clocks = elapsed(channel, now);
    switch (channel->mode) {
    case 0:
    case 1:
        return clocks >= channel->period;
    case 2: /* low for one clock; high at once when the gate is low */
        return stopped(channel) || clocks % channel->period != channel->period - 1;
    case 3:
        return stopped(channel) || clocks % channel->period < (channel->period + 1) / 2;
    default: /* a strobe of one clock */
        return clocks != channel->period;
    }
}

uint64_t vmm_pit_channel_next_edge(struct vmm_pit_channel *channel, uint64_t now)
{
    uint64_t clocks, at;

    take_over(channel, now);
    if (!channel->counting || stopped(channel))
        return VMM_NEVER;
    clocks = elapsed(channel, now);
    switch (channel->mode) {
    case 0:
    case 1:
        at = channel->period;
        break;
    case 2:
    case 3:
        at = (clocks / channel->period + 1) * channel->period;
        break;
    default:
        at = channel->period + 1ull;
        break;
    }
    return at > clocks ? channel->start + at : VMM_NEVER;
}
