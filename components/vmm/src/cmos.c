/* SPDX-License-Identifier: BSD-2-Clause */
/* MC146818A real-time clock (Motorola data sheet) and the CMOS memory layout of PCs. */
#include <stddef.h>
#include <vmm/calendar.h>
#include <vmm/cmos.h>

#define PORT_INDEX 0x70
#define PORT_DATA  0x71

enum cmos_register {
    SECONDS = 0x00,
    SECONDS_ALARM = 0x01,
    MINUTES = 0x02,
    MINUTES_ALARM = 0x03,
    HOURS = 0x04,
    HOURS_ALARM = 0x05,
    WEEKDAY = 0x06,
    DAY = 0x07,
    MONTH = 0x08,
    YEAR = 0x09,
    REGISTER_A = 0x0a,
    REGISTER_B = 0x0b,
    REGISTER_C = 0x0c,
    REGISTER_D = 0x0d,
    EQUIPMENT = 0x14,
    BASE_MEMORY = 0x15,       /* KiB below 640 KiB */
    EXTENDED_MEMORY = 0x17,   /* KiB above 1 MiB, at most 63 MiB */
    EXTENDED_MEMORY_2 = 0x30, /* the same again */
    HIGH_MEMORY = 0x34,       /* 64 KiB units above 16 MiB */
    CENTURY = 0x32,
};

#define A_UPDATE_IN_PROGRESS 0x80
#define A_DEFAULT            0x26 /* 32.768 kHz time base, 1024 Hz periodic rate */
#define B_SET                0x80
#define B_PERIODIC           0x40
#define B_ALARM              0x20
#define B_UPDATE             0x10
#define B_BINARY             0x04
#define B_24_HOURS           0x02
#define C_INTERRUPT          0x80
#define D_VALID              0x80
#define EQUIPMENT_DEFAULT    0x06 /* coprocessor, pointing device; no floppy disk */

#define UPDATE_HZ            4096 /* an update is announced 244 us before it */
#define OSCILLATOR_HZ        32768

static uint64_t seconds_now(const struct vmm_cmos *cmos)
{
    return cmos->epoch + vmm_clock_count(cmos->clock, 1);
}

static bool updating(const struct vmm_cmos *cmos)
{
    return !(cmos->bytes[REGISTER_B] & B_SET) &&
           vmm_clock_count(cmos->clock, UPDATE_HZ) % UPDATE_HZ == UPDATE_HZ - 1;
}

static uint8_t in_format(const struct vmm_cmos *cmos, unsigned value)
{
    return (uint8_t)(cmos->bytes[REGISTER_B] & B_BINARY ? value : value / 10 << 4 | value % 10);
}

static uint8_t hours(const struct vmm_cmos *cmos, unsigned hour)
{
    if (cmos->bytes[REGISTER_B] & B_24_HOURS)
        return in_format(cmos, hour);
    return (uint8_t)(in_format(cmos, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? 0x80 : 0));
}

/* Brings the time into the bytes, unless the guest has stopped the clock to set it. What a guest
 * sets is kept until the clock runs again: a VM cannot set the machine's time. */
static void update_time(struct vmm_cmos *cmos)
{
    struct vmm_calendar time;

    if (cmos->bytes[REGISTER_B] & B_SET)
        return;
    vmm_calendar_from_unix(seconds_now(cmos), &time);
    cmos->bytes[SECONDS] = in_format(cmos, time.second);
    cmos->bytes[MINUTES] = in_format(cmos, time.minute);
    cmos->bytes[HOURS] = hours(cmos, time.hour);
    cmos->bytes[WEEKDAY] = in_format(cmos, time.weekday);
    cmos->bytes[DAY] = in_format(cmos, time.day);
    cmos->bytes[MONTH] = in_format(cmos, time.month);
    cmos->bytes[YEAR] = in_format(cmos, time.year % 100);
    cmos->bytes[CENTURY] = in_format(cmos, time.year / 100);
}

/* Periodic interrupts a second: rates 1 and 2 are those of 8 and 9; 0 is off. */
static uint64_t periodic_rate(const struct vmm_cmos *cmos)
{
    unsigned rate = cmos->bytes[REGISTER_A] & 15;

    if (!rate)
        return 0;
    if (rate < 3)
        rate += 7;
    return OSCILLATOR_HZ >> (rate - 1);
}

/* How often a second the enabled interrupts can come; 0: none. */
static uint64_t event_rate(const struct vmm_cmos *cmos)
{
    uint64_t rate = cmos->bytes[REGISTER_B] & B_PERIODIC ? periodic_rate(cmos) : 0;

    if (!rate && (cmos->bytes[REGISTER_B] & (B_ALARM | B_UPDATE)))
        rate = 1;
    return rate;
}

static void schedule(struct vmm_cmos *cmos)
{
    uint64_t rate = event_rate(cmos);
    uint64_t deadline = VMM_NEVER;

    if (rate)
        deadline = vmm_clock_when(cmos->clock, rate, vmm_clock_count(cmos->clock, rate) + 1);
    vmm_timer_set(cmos->clock, &cmos->timer, deadline);
}

/* Values of c0h and above in an alarm register fit any time. */
static bool alarm_fits(const struct vmm_cmos *cmos, unsigned alarm, unsigned time)
{
    return cmos->bytes[alarm] >= 0xc0 || cmos->bytes[alarm] == cmos->bytes[time];
}

static void set_flags(struct vmm_cmos *cmos, uint8_t flags)
{
    cmos->bytes[REGISTER_C] |= flags;
    if (cmos->bytes[REGISTER_C] & cmos->bytes[REGISTER_B] & (B_PERIODIC | B_ALARM | B_UPDATE)) {
        cmos->bytes[REGISTER_C] |= C_INTERRUPT;
        vmm_line_set(&cmos->irq, true);
    }
}

static void timer_expired(void *context)
{
    struct vmm_cmos *cmos = context;
    uint8_t flags = cmos->bytes[REGISTER_B] & B_PERIODIC;

    if (seconds_now(cmos) != cmos->flags_count) {
        cmos->flags_count = seconds_now(cmos);
        flags |= B_UPDATE;
        update_time(cmos);
        if (alarm_fits(cmos, SECONDS_ALARM, SECONDS) && alarm_fits(cmos, MINUTES_ALARM, MINUTES) &&
            alarm_fits(cmos, HOURS_ALARM, HOURS))
            flags |= B_ALARM;
    }
    set_flags(cmos, flags);
    schedule(cmos);
}

static uint8_t read_register_c(struct vmm_cmos *cmos)
{
    uint8_t value = cmos->bytes[REGISTER_C];

    cmos->bytes[REGISTER_C] = 0;
    vmm_line_set(&cmos->irq, false);
    return value;
}

static uint32_t cmos_read(void *device, uint16_t port, unsigned size)
{
    struct vmm_cmos *cmos = device;

    (void)size;
    if (port == PORT_INDEX)
        return 0xff; /* write only */
    switch (cmos->index) {
    case REGISTER_A:
        return cmos->bytes[REGISTER_A] | (updating(cmos) ? A_UPDATE_IN_PROGRESS : 0u);
    case REGISTER_C:
        return read_register_c(cmos);
    case REGISTER_D:
        return D_VALID;
    default:
        if (cmos->index <= YEAR || cmos->index == CENTURY)
            update_time(cmos);
        return cmos->bytes[cmos->index];
    }
}

static void cmos_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct vmm_cmos *cmos = device;

    (void)size;
    if (port == PORT_INDEX) {
        cmos->index = value & (VMM_CMOS_SIZE - 1); /* bit 7 masks NMIs, which there are none of */
        return;
    }
    switch (cmos->index) {
    case REGISTER_A:
        cmos->bytes[REGISTER_A] = (uint8_t)value & (uint8_t)~A_UPDATE_IN_PROGRESS;
        schedule(cmos);
        break;
    case REGISTER_B:
        cmos->bytes[REGISTER_B] = (uint8_t)value;
        schedule(cmos);
        break;
    case REGISTER_C:
    case REGISTER_D:
        break; /* read only */
    default:
        cmos->bytes[cmos->index] = (uint8_t)value;
        break;
    }
}

static void put16(struct vmm_cmos *cmos, unsigned index, uint64_t value)
{
    cmos->bytes[index] = (uint8_t)value;
    cmos->bytes[index + 1] = (uint8_t)(value >> 8);
}

static uint64_t at_most(uint64_t value, uint64_t limit)
{
    return value < limit ? value : limit;
}

void vmm_cmos_init(struct vmm_cmos *cmos, struct vmm_clock *clock, struct vmm_line irq,
                   uint64_t memory, uint64_t unix_time)
{
    uint64_t above_1m = memory > 1 << 20 ? memory - (1 << 20) : 0;
    uint64_t above_16m = memory > 16 << 20 ? memory - (16 << 20) : 0;

    *cmos = (struct vmm_cmos){.clock = clock, .irq = irq};
    cmos->timer =
        (struct vmm_timer){.deadline = VMM_NEVER, .expired = timer_expired, .context = cmos};
    cmos->epoch = unix_time - vmm_clock_count(clock, 1);
    cmos->flags_count = seconds_now(cmos);
    cmos->bytes[REGISTER_A] = A_DEFAULT;
    cmos->bytes[REGISTER_B] = B_24_HOURS;
    cmos->bytes[EQUIPMENT] = EQUIPMENT_DEFAULT;
    put16(cmos, BASE_MEMORY, at_most(memory >> 10, 640));
    put16(cmos, EXTENDED_MEMORY, at_most(above_1m >> 10, 63 << 10));
    put16(cmos, EXTENDED_MEMORY_2, at_most(above_1m >> 10, 63 << 10));
    put16(cmos, HIGH_MEMORY, at_most(above_16m >> 16, 0xffff));
}

bool vmm_cmos_add_ports(struct vmm_cmos *cmos, struct vmm_ports *ports)
{
    const struct vmm_port_range range = {PORT_INDEX, PORT_DATA, 1, cmos_read, cmos_write, cmos};

    return vmm_ports_add(ports, &range);
}
