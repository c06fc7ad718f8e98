/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC of a vCPU: xAPIC and x2APIC (SDM vol. 3, chapter 10). Version 14h, six LVT
 * entries, no suppression of EOI broadcasts. Its timer counts the TSC.
 *
 * Its registers are in memory, in the layout of the xAPIC page, always up to date but for PPR and
 * the current count: so a processor with APIC virtualization can take them over as they are, and
 * give them back. While it has them it moves interrupts from IRR to ISR, and takes ends of them.
 */
#ifndef VMM_LAPIC_H
#define VMM_LAPIC_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/apic_bus.h>
#include <vmm/clock.h>
#include <vmm/mmio.h>
#include <vmm/msr.h>
#include <x86/apic.h>

#define VMM_LAPIC_ADDRESS 0xfee00000ull /* where it is after RESET, and stays */

/* IA32_APIC_BASE (SDM vol. 3, 10.4.4, 10.12.1). */
#define VMM_LAPIC_BASE_BSP    (1ull << 8)
#define VMM_LAPIC_BASE_X2APIC (1ull << 10)
#define VMM_LAPIC_BASE_ENABLE (1ull << 11)

/* Entries of the local vector table, in the order of their registers from 320h on. */
enum vmm_lvt {
    VMM_LVT_TIMER,
    VMM_LVT_THERMAL,
    VMM_LVT_PMI,
    VMM_LVT_LINT0,
    VMM_LVT_LINT1,
    VMM_LVT_ERROR,
    VMM_LVT_COUNT,
};

#define VMM_LAPIC_BYTES 0x400 /* of the page, with all registers; the rest is reserved */

struct vmm_lapic {
    struct vmm_clock *clock;
    struct vmm_apic_bus *bus;
    uint64_t base;                               /* IA32_APIC_BASE */
    uint32_t id;                                 /* x2APIC ID; its lower 8 bits are the xAPIC's */
    uint32_t *registers;                         /* vmm_lapic_register() */
    uint32_t own_registers[VMM_LAPIC_BYTES / 4]; /* they are here until vmm_lapic_use_page() */
    uint32_t errors;                             /* since the last write of ESR */
    bool lint[2];                                /* the pins as they are */
    bool nmi;                                    /* one arrived; who injects it clears this */
    bool changed; /* IRR or TMR, by an interrupt; who tells the processor clears this */

    struct vmm_timer timer;
    uint64_t timer_end;    /* when the count is 0, by the clock */
    uint64_t tsc_deadline; /* IA32_TSC_DEADLINE, as the guest counts */
    uint64_t tsc_offset;   /* the guest's TSC less the clock's */
};

/* As after RESET, enabled, in xAPIC mode, and connected to the bus. CPU 0 is the bootstrap
 * processor: LINT0 passes the 8259's interrupts on, as firmware sets it for software that knows of
 * no APIC (MultiProcessor Specification 1.4, 3.6.2.2). False when the bus is full. */
bool vmm_lapic_init(struct vmm_lapic *lapic, struct vmm_apic_bus *bus, struct vmm_clock *clock,
                    uint32_t id);

/* The registers are in this page from now on, as they are. */
void vmm_lapic_use_page(struct vmm_lapic *lapic, void *page);

/* A register by its offset in the page. */
static inline uint32_t *vmm_lapic_register(const struct vmm_lapic *lapic, uint32_t offset)
{
    return &lapic->registers[offset / 4];
}

static inline uint32_t *vmm_lapic_lvt(const struct vmm_lapic *lapic, enum vmm_lvt entry)
{
    return vmm_lapic_register(lapic, X86_APIC_LVT_TIMER + 0x10u * (uint32_t)entry);
}

/* The page at FEE00000h, the x2APIC MSRs, IA32_APIC_BASE and IA32_TSC_DEADLINE, of the APIC that is
 * the bus's current one. False when a table is full. */
bool vmm_lapic_add(struct vmm_apic_bus *bus, struct vmm_mmio *mmio, struct vmm_msrs *msrs);

/* From the bus: is the message for this APIC? Takes it; false when it is refused. */
bool vmm_lapic_is_addressed(const struct vmm_lapic *lapic, const struct vmm_apic_message *message);
bool vmm_lapic_accept(struct vmm_lapic *lapic, const struct vmm_apic_message *message);

/* The processor priority, PPR. */
uint32_t vmm_lapic_priority(const struct vmm_lapic *lapic);

/* The vector of the interrupt that is due, 16 to 255, or -1. */
int vmm_lapic_due(const struct vmm_lapic *lapic);

/* The interrupt was delivered: it is in service now. */
void vmm_lapic_acknowledge(struct vmm_lapic *lapic, uint8_t vector);

/* The mode is one in which a processor's APIC virtualization does as this APIC would: x2APIC mode,
 * and taking interrupts. */
bool vmm_lapic_can_be_virtual(const struct vmm_lapic *lapic);

/* The processor has done it, and it does not end there: the end of a level-triggered interrupt; a
 * write of the register at this offset, false when it is none that processors leave so. */
void vmm_lapic_ended(struct vmm_lapic *lapic, uint8_t vector);
bool vmm_lapic_written(struct vmm_lapic *lapic, uint32_t offset);

/* Sets pin LINT0 or LINT1. */
void vmm_lapic_set_lint(struct vmm_lapic *lapic, unsigned pin, bool level);

/* True when what the 8259 asks for goes to the processor: LINT0 passes it on, or the APIC is
 * disabled and INTR is the processor's own pin (SDM vol. 3, 10.4.3). */
bool vmm_lapic_passes_extint(const struct vmm_lapic *lapic);

/* Registers by their offset in the page; false: there is none such. The ICR is one register of 64
 * bits in x2APIC mode, two in xAPIC mode. Used by lapic_access.c. */
bool vmm_lapic_get(struct vmm_lapic *lapic, uint32_t offset, uint64_t *value);
bool vmm_lapic_set(struct vmm_lapic *lapic, uint32_t offset, uint64_t value);

/* An access to a register of the page that does not exist: noted in ESR. */
void vmm_lapic_illegal_register(struct vmm_lapic *lapic);

static inline bool vmm_lapic_is_x2apic(const struct vmm_lapic *lapic)
{
    return lapic->base & VMM_LAPIC_BASE_X2APIC;
}

/* CR8: the upper half of TPR (SDM vol. 3, 10.8.6). */
static inline uint64_t vmm_lapic_cr8(const struct vmm_lapic *lapic)
{
    return *vmm_lapic_register(lapic, X86_APIC_TPR) >> 4;
}

static inline void vmm_lapic_set_cr8(struct vmm_lapic *lapic, uint64_t value)
{
    *vmm_lapic_register(lapic, X86_APIC_TPR) = (uint32_t)(value & 0xf) << 4;
}

/* IA32_APIC_BASE: false for a change that is none of SDM vol. 3, 10.12.5, or another address. */
bool vmm_lapic_set_base(struct vmm_lapic *lapic, uint64_t value);

/* IA32_TSC_DEADLINE (SDM vol. 3, 10.5.4.1). */
uint64_t vmm_lapic_tsc_deadline(const struct vmm_lapic *lapic);
void vmm_lapic_set_tsc_deadline(struct vmm_lapic *lapic, uint64_t value);

/* The guest's TSC is another from now on: less the clock's it is `offset`. */
void vmm_lapic_set_tsc_offset(struct vmm_lapic *lapic, uint64_t offset);

/* The parts of lapic_timer.c. */
void vmm_lapic_timer_init(struct vmm_lapic *lapic);
void vmm_lapic_timer_reset(struct vmm_lapic *lapic);
uint32_t vmm_lapic_timer_count(const struct vmm_lapic *lapic);
void vmm_lapic_timer_start(struct vmm_lapic *lapic, uint32_t count);
void vmm_lapic_timer_set_divide(struct vmm_lapic *lapic, uint32_t value);
/* After a write of the LVT entry, which was `old`. */
void vmm_lapic_timer_mode_changed(struct vmm_lapic *lapic, uint32_t old);
/* Delivers what an LVT entry says, unless it is masked. */
void vmm_lapic_deliver_local(struct vmm_lapic *lapic, enum vmm_lvt entry);

#endif
