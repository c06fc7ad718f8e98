/* SPDX-License-Identifier: BSD-2-Clause */
#include "clock.h"

#include "layout.h"
#include <x86/apic.h>
#include <x86/insn.h>
#include <x86/msr.h>

/* 8254 channel 2, whose gate and output are in port 0x61 and which interrupts nobody. */
#define PIT_HZ             1193182u
#define PIT_CHANNEL2       0x42
#define PIT_COMMAND        0x43
#define PIT_CHANNEL2_MODE0 0xb0 /* channel 2, both bytes, mode 0, binary */
#define PIT_PORT_B         0x61
#define PIT_GATE           0x01
#define PIT_SPEAKER        0x02
#define PIT_OUTPUT         0x20
#define CALIBRATION_MS     20
#define CALIBRATION_TICKS  (PIT_HZ / 1000 * CALIBRATION_MS)

/* Never sleeps longer than this, so that counts fit into 32 bits. */
#define LONGEST_COUNT 0x7fffffffu

static uint64_t tsc_hz;
static uint64_t apic_per_tsc; /* APIC timer ticks a TSC tick, 32.32 */
static uint64_t longest;      /* TSC ticks: below, counts are no longer than LONGEST_COUNT */

static volatile uint32_t *apic(unsigned offset)
{
    return (volatile uint32_t *)(APIC_BASE + offset);
}

uint64_t clock_hz(void)
{
    return tsc_hz;
}

/* The count for times that are over, too long, or never to come. */
static uint32_t extreme_count(uint64_t now, uint64_t deadline)
{
    if (deadline == ~0ull) {
        return 0; /* stops it */
    }
    return deadline <= now ? 1 : LONGEST_COUNT;
}

void clock_set_timer(uint64_t now, uint64_t deadline)
{
    uint64_t ticks = deadline - now;

    /* Rounded up: a timer that fires too early would find nothing to do. */
    *apic(X86_APIC_INIT_COUNT) = ticks < longest ? (uint32_t)(ticks * apic_per_tsc >> 32) + 1
                                                 : extreme_count(now, deadline);
}

void clock_end_of_interrupt(void)
{
    *apic(X86_APIC_EOI) = 0;
}

/* Runs the APIC timer and the TSC over a known time, measured by the 8254. */
static void calibrate(void)
{
    uint64_t start;
    uint64_t ticks;
    uint32_t count;

    x86_out8(PIT_PORT_B, (uint8_t)((x86_in8(PIT_PORT_B) & ~PIT_SPEAKER) | PIT_GATE));
    *apic(X86_APIC_INIT_COUNT) = 0xffffffff;
    x86_out8(PIT_COMMAND, PIT_CHANNEL2_MODE0);
    x86_out8(PIT_CHANNEL2, CALIBRATION_TICKS & 0xff);
    x86_out8(PIT_CHANNEL2, CALIBRATION_TICKS >> 8);
    start = x86_rdtsc();
    count = *apic(X86_APIC_CUR_COUNT);
    while ((x86_in8(PIT_PORT_B) & PIT_OUTPUT) == 0) {
    }
    count -= *apic(X86_APIC_CUR_COUNT);
    ticks = x86_rdtsc() - start;
    *apic(X86_APIC_INIT_COUNT) = 0;
    tsc_hz = ticks * 1000 / CALIBRATION_MS;
    apic_per_tsc = ((uint64_t)count << 32) / ticks;
    longest = apic_per_tsc > 1ull << 32 ? ((uint64_t)LONGEST_COUNT << 32) / apic_per_tsc
                                        : LONGEST_COUNT;
}

void clock_init(void)
{
    uint64_t base = x86_rdmsr(X86_MSR_APIC_BASE);

    /* Firmware may have left it in x2APIC mode; the way out goes over "off" (SDM vol 3 10.12.5). */
    if ((base & X86_APIC_BASE_EXTD) != 0) {
        base &= ~(uint64_t)(X86_APIC_BASE_EXTD | X86_APIC_BASE_ENABLE);
        x86_wrmsr(X86_MSR_APIC_BASE, base);
    }
    x86_wrmsr(X86_MSR_APIC_BASE, base | X86_APIC_BASE_ENABLE);
    *apic(X86_APIC_TPR) = 0;
    *apic(X86_APIC_LVT_LINT0) = X86_APIC_DELIVERY_EXTINT; /* the 8259 come in there */
    *apic(X86_APIC_LVT_LINT1) = X86_APIC_DELIVERY_NMI;
    *apic(X86_APIC_DIV_CONF) = X86_APIC_DIVIDE_1;
    *apic(X86_APIC_LVT_TIMER) = X86_APIC_LVT_MASKED | VECTOR_TIMER;
    *apic(X86_APIC_SVR) = X86_APIC_SVR_ENABLE | VECTOR_SPURIOUS;
    calibrate();
    *apic(X86_APIC_LVT_TIMER) = X86_APIC_LVT_TIMER_ONE_SHOT | VECTOR_TIMER;
}
