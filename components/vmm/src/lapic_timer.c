/* SPDX-License-Identifier: BSD-2-Clause */
/* The timer of a local APIC (SDM vol. 3, 10.5.4). */
#include <stddef.h>
#include <vmm/lapic.h>
#include <x86/apic.h>

#define MODE_MASK   0x60000u
#define DIVIDE_MASK 0xbu
/* Periods that are shorter are drawn out, for the sake of those who share the CPU: interrupts that
 * come faster than they can be handled would leave the guest no time for anything else. */
#define PERIODS_A_SECOND 10000

static uint32_t mode(uint32_t lvt)
{
    return lvt & MODE_MASK;
}

static bool by_deadline(const struct vmm_lapic *lapic)
{
    return mode(*vmm_lapic_lvt(lapic, VMM_LVT_TIMER)) == X86_APIC_LVT_TIMER_TSC_DEADLINE;
}

/* Figure 10-10: bits 3, 1 and 0 are an exponent, less one. */
static unsigned shift(const struct vmm_lapic *lapic)
{
    uint32_t divide = *vmm_lapic_register(lapic, X86_APIC_DIV_CONF);
    unsigned exponent = (divide & 3) | (divide >> 1 & 4);

    return (exponent + 1) & 7;
}

static uint32_t initial_count(const struct vmm_lapic *lapic)
{
    return *vmm_lapic_register(lapic, X86_APIC_INIT_COUNT);
}

static void arm(struct vmm_lapic *lapic, uint64_t deadline)
{
    vmm_timer_set(lapic->clock, &lapic->timer, deadline);
}

/* The next end of a period, counted from the last one: none that was missed is made up for, since
 * all would be one interrupt. */
static void next_period(struct vmm_lapic *lapic)
{
    uint64_t period = (uint64_t)initial_count(lapic) << shift(lapic);
    uint64_t least = lapic->clock->hz / PERIODS_A_SECOND;
    uint64_t late = lapic->clock->now - lapic->timer_end;

    if (period < least)
        late += least - 1;
    lapic->timer_end += (late / period + 1) * period;
    arm(lapic, lapic->timer_end);
}

static void expired(void *context)
{
    struct vmm_lapic *lapic = context;

    if (by_deadline(lapic))
        lapic->tsc_deadline = 0;
    else if (mode(*vmm_lapic_lvt(lapic, VMM_LVT_TIMER)) == X86_APIC_LVT_TIMER_PERIODIC)
        next_period(lapic);
    vmm_lapic_deliver_local(lapic, VMM_LVT_TIMER);
}

void vmm_lapic_timer_init(struct vmm_lapic *lapic)
{
    lapic->timer = (struct vmm_timer){VMM_NEVER, expired, lapic, NULL};
}

void vmm_lapic_timer_reset(struct vmm_lapic *lapic)
{
    arm(lapic, VMM_NEVER);
    *vmm_lapic_register(lapic, X86_APIC_INIT_COUNT) = 0;
    *vmm_lapic_register(lapic, X86_APIC_DIV_CONF) = 0;
    lapic->tsc_deadline = 0;
}

/* A tick that has begun counts, so that 0 is read from the end on. */
uint32_t vmm_lapic_timer_count(const struct vmm_lapic *lapic)
{
    uint64_t left, count;

    if (by_deadline(lapic) || lapic->timer.deadline == VMM_NEVER ||
        lapic->timer.deadline <= lapic->clock->now)
        return 0;
    left = lapic->timer.deadline - lapic->clock->now;
    count = (left + (1u << shift(lapic)) - 1) >> shift(lapic);
    return count < initial_count(lapic) ? (uint32_t)count : initial_count(lapic);
}

static void run_for(struct vmm_lapic *lapic, uint32_t count)
{
    lapic->timer_end = lapic->clock->now + ((uint64_t)count << shift(lapic));
    arm(lapic, count ? lapic->timer_end : VMM_NEVER);
}

void vmm_lapic_timer_start(struct vmm_lapic *lapic, uint32_t count)
{
    if (by_deadline(lapic))
        return;
    *vmm_lapic_register(lapic, X86_APIC_INIT_COUNT) = count;
    run_for(lapic, count);
}

/* The count goes on from where it is. */
void vmm_lapic_timer_set_divide(struct vmm_lapic *lapic, uint32_t value)
{
    uint32_t count = vmm_lapic_timer_count(lapic);

    *vmm_lapic_register(lapic, X86_APIC_DIV_CONF) = value & DIVIDE_MASK;
    if (count)
        run_for(lapic, count);
}

/* Going to or from deadlines disarms the timer. */
void vmm_lapic_timer_mode_changed(struct vmm_lapic *lapic, uint32_t old)
{
    if (by_deadline(lapic) == (mode(old) == X86_APIC_LVT_TIMER_TSC_DEADLINE))
        return;
    arm(lapic, VMM_NEVER);
    *vmm_lapic_register(lapic, X86_APIC_INIT_COUNT) = 0;
    lapic->tsc_deadline = 0;
}

uint64_t vmm_lapic_tsc_deadline(const struct vmm_lapic *lapic)
{
    return lapic->tsc_deadline;
}

/* 0 disarms; a time that has passed is now. Times beyond the clock's never come. */
static void arm_deadline(struct vmm_lapic *lapic)
{
    uint64_t now = lapic->clock->now + lapic->tsc_offset;
    uint64_t left = lapic->tsc_deadline > now ? lapic->tsc_deadline - now : 0;

    if (!lapic->tsc_deadline || left > VMM_NEVER - 1 - lapic->clock->now)
        arm(lapic, VMM_NEVER);
    else
        arm(lapic, lapic->clock->now + left);
}

void vmm_lapic_set_tsc_deadline(struct vmm_lapic *lapic, uint64_t value)
{
    if (!by_deadline(lapic))
        return;
    lapic->tsc_deadline = value;
    arm_deadline(lapic);
}

void vmm_lapic_set_tsc_offset(struct vmm_lapic *lapic, uint64_t offset)
{
    lapic->tsc_offset = offset;
    if (by_deadline(lapic))
        arm_deadline(lapic);
}
