/* SPDX-License-Identifier: BSD-2-Clause */
/* A local APIC: what it accepts, in which order it hands it on, and its registers. */
#include <stddef.h>
#include <vmm/lapic.h>
#include <x86/apic.h>

#define VERSION          (0x14u | (VMM_LVT_COUNT - 1) << 16)
#define SVR_RESET        0xffu
#define DFR_FLAT         0xffffffffu
#define LOWEST_VECTOR    16u

#define ID_SHIFT         24 /* of ID, LDR and destinations in xAPIC mode */
#define XAPIC_BROADCAST  0xffu
#define X2APIC_BROADCAST UINT32_MAX

/* ESR (SDM vol. 3, 10.5.3). */
#define SENT_ILLEGAL     (1u << 5)
#define RECEIVED_ILLEGAL (1u << 6)
#define ILLEGAL_REGISTER (1u << 7)

#define SVR_BITS         (0xffu | X86_APIC_SVR_ENABLE | X86_APIC_SVR_FOCUS_DISABLE)
#define ICR_BITS         0xcefffu /* 19-18, 15-14, 11-0; 13 and 12 read 0 */
#define SHORTHAND        X86_APIC_ICR_OTHERS
#define DELIVERY         0x700u

/* Bits that can be written of each LVT entry (SDM vol. 3, figure 10-8). */
static const uint32_t lvt_bits[VMM_LVT_COUNT] = {
    [VMM_LVT_TIMER] = 0x700ff, /* mode, mask, vector */
    [VMM_LVT_THERMAL] = 0x107ff, [VMM_LVT_PMI] = 0x107ff,
    [VMM_LVT_LINT0] = 0x1a7ff, /* with trigger mode and polarity */
    [VMM_LVT_LINT1] = 0x1a7ff,   [VMM_LVT_ERROR] = 0x100ff,
};

static void set_bit(struct vmm_vectors *vectors, uint8_t vector)
{
    vectors->words[vector / 32] |= 1u << vector % 32;
}

static void clear_bit(struct vmm_vectors *vectors, uint8_t vector)
{
    vectors->words[vector / 32] &= ~(1u << vector % 32);
}

static bool bit(const struct vmm_vectors *vectors, uint8_t vector)
{
    return vectors->words[vector / 32] >> vector % 32 & 1;
}

/* -1 for none. */
static int highest(const struct vmm_vectors *vectors)
{
    for (int i = 7; i >= 0; i--)
        if (vectors->words[i])
            return i * 32 + 31 - __builtin_clz(vectors->words[i]);
    return -1;
}

static bool enabled(const struct vmm_lapic *lapic)
{
    return lapic->base & VMM_LAPIC_BASE_ENABLE;
}

/* A software-disabled APIC takes no interrupts (SDM vol. 3, 10.4.7.2). */
static bool take(struct vmm_lapic *lapic, uint8_t vector, bool level)
{
    if (!enabled(lapic) || !(lapic->svr & X86_APIC_SVR_ENABLE))
        return false;
    set_bit(&lapic->irr, vector);
    if (level)
        set_bit(&lapic->tmr, vector);
    else
        clear_bit(&lapic->tmr, vector);
    return true;
}

/* Notes an error, which is an interrupt if it is the first of its kind since ESR was written. An
 * illegal vector of that interrupt is an error in turn, of which there is nobody left to tell. */
static void error(struct vmm_lapic *lapic, uint32_t which)
{
    uint32_t lvt = lapic->lvt[VMM_LVT_ERROR];
    bool first = !(lapic->errors & which);

    lapic->errors |= which;
    if (!first || lvt & X86_APIC_LVT_MASKED)
        return;
    if ((uint8_t)lvt < LOWEST_VECTOR)
        lapic->errors |= RECEIVED_ILLEGAL;
    else
        (void)take(lapic, (uint8_t)lvt, false);
}

/* SDM vol. 3, 10.8.3.1. */
uint32_t vmm_lapic_priority(const struct vmm_lapic *lapic)
{
    int served = highest(&lapic->isr);
    uint32_t class = served < 0 ? 0 : (uint32_t)served & 0xf0;

    return (lapic->tpr & 0xf0) >= class ? lapic->tpr & 0xff : class;
}

int vmm_lapic_due(const struct vmm_lapic *lapic)
{
    int vector = enabled(lapic) ? highest(&lapic->irr) : -1;

    if (vector < 0 || ((uint32_t)vector & 0xf0) <= (vmm_lapic_priority(lapic) & 0xf0))
        return -1;
    return vector;
}

void vmm_lapic_acknowledge(struct vmm_lapic *lapic, uint8_t vector)
{
    clear_bit(&lapic->irr, vector);
    set_bit(&lapic->isr, vector);
}

/* SDM vol. 3, 10.6.2, and 10.12.10 for x2APIC mode. */
static bool is_logical_destination(const struct vmm_lapic *lapic, uint32_t destination)
{
    uint32_t own = lapic->ldr >> ID_SHIFT;

    if (vmm_lapic_is_x2apic(lapic))
        return lapic->ldr >> 16 == destination >> 16 && (lapic->ldr & destination & 0xffff);
    if (lapic->dfr >> 28 == 0xf)
        return own & destination;
    return own >> 4 == destination >> 4 && (own & destination & 0xf);
}

bool vmm_lapic_is_addressed(const struct vmm_lapic *lapic, const struct vmm_apic_message *message)
{
    if (!enabled(lapic))
        return false;
    if (message->broadcast)
        return true;
    if (message->logical)
        return is_logical_destination(lapic, message->destination);
    return message->destination == lapic->id;
}

static bool accept_fixed(struct vmm_lapic *lapic, uint8_t vector, bool level)
{
    if (vector >= LOWEST_VECTOR)
        return take(lapic, vector, level);
    error(lapic, RECEIVED_ILLEGAL);
    return false;
}

/* SMI, INIT and STARTUP find nobody: there is no SMM, and no processor that waits to be started. */
bool vmm_lapic_accept(struct vmm_lapic *lapic, const struct vmm_apic_message *message)
{
    switch (message->mode) {
    case X86_APIC_DELIVERY_FIXED:
    case X86_APIC_DELIVERY_LOWEST:
        return accept_fixed(lapic, message->vector, message->level);
    case X86_APIC_DELIVERY_NMI:
        lapic->nmi = true;
        return true;
    default:
        return false;
    }
}

void vmm_lapic_deliver_local(struct vmm_lapic *lapic, enum vmm_lvt entry)
{
    uint32_t lvt = lapic->lvt[entry];

    if (!enabled(lapic) || lvt & X86_APIC_LVT_MASKED)
        return;
    if ((lvt & DELIVERY) == X86_APIC_DELIVERY_NMI)
        lapic->nmi = true;
    else if ((lvt & DELIVERY) == X86_APIC_DELIVERY_FIXED)
        (void)accept_fixed(lapic, (uint8_t)lvt, false);
}

/* Edges alone: level-triggered fixed interrupts of LINT0 are the I/O APIC's in a PC. */
void vmm_lapic_set_lint(struct vmm_lapic *lapic, unsigned pin, bool level)
{
    bool rises = level && !lapic->lint[pin & 1];

    lapic->lint[pin & 1] = level;
    if (rises)
        vmm_lapic_deliver_local(lapic, pin & 1 ? VMM_LVT_LINT1 : VMM_LVT_LINT0);
}

bool vmm_lapic_passes_extint(const struct vmm_lapic *lapic)
{
    uint32_t lvt = lapic->lvt[VMM_LVT_LINT0];

    return !enabled(lapic) ||
           (!(lvt & X86_APIC_LVT_MASKED) && (lvt & DELIVERY) == X86_APIC_DELIVERY_EXTINT);
}

static void end_of_interrupt(struct vmm_lapic *lapic)
{
    int vector = highest(&lapic->isr);

    if (vector < 0)
        return;
    clear_bit(&lapic->isr, (uint8_t)vector);
    if (bit(&lapic->tmr, (uint8_t)vector) && lapic->bus->ended)
        lapic->bus->ended(lapic->bus->context, (uint8_t)vector);
}

static void send(struct vmm_lapic *lapic)
{
    uint32_t command = (uint32_t)lapic->icr, shorthand = command & SHORTHAND;
    bool x2apic = vmm_lapic_is_x2apic(lapic);
    uint32_t destination = (uint32_t)(lapic->icr >> (x2apic ? 32 : 56));
    struct vmm_apic_message message = {.destination = destination,
                                       .mode = command & DELIVERY,
                                       .vector = (uint8_t)command,
                                       .logical = command & X86_APIC_ICR_LOGICAL,
                                       .broadcast = destination ==
                                                    (x2apic ? X2APIC_BROADCAST : XAPIC_BROADCAST)};

    if (message.mode <= X86_APIC_DELIVERY_LOWEST && message.vector < LOWEST_VECTOR) {
        error(lapic, SENT_ILLEGAL);
        return;
    }
    if (!shorthand) {
        (void)vmm_apic_bus_send(lapic->bus, &message);
        return;
    }
    for (unsigned i = 0; i < lapic->bus->count; i++) {
        bool self = lapic->bus->lapics[i] == lapic;

        if (self ? shorthand != X86_APIC_ICR_OTHERS : shorthand != X86_APIC_ICR_SELF)
            (void)vmm_lapic_accept(lapic->bus->lapics[i], &message);
    }
}

/* The mask bits are set by a software-disabled APIC, and stay set. */
static void write_lvt(struct vmm_lapic *lapic, enum vmm_lvt entry, uint32_t value)
{
    uint32_t old = lapic->lvt[entry];

    lapic->lvt[entry] = value & lvt_bits[entry];
    if (!(lapic->svr & X86_APIC_SVR_ENABLE))
        lapic->lvt[entry] |= X86_APIC_LVT_MASKED;
    if (entry == VMM_LVT_TIMER)
        vmm_lapic_timer_mode_changed(lapic, old);
}

static void write_svr(struct vmm_lapic *lapic, uint32_t value)
{
    lapic->svr = value & SVR_BITS;
    if (lapic->svr & X86_APIC_SVR_ENABLE)
        return;
    for (unsigned i = 0; i < VMM_LVT_COUNT; i++)
        lapic->lvt[i] |= X86_APIC_LVT_MASKED;
}

static void write_esr(struct vmm_lapic *lapic)
{
    lapic->esr = lapic->errors;
    lapic->errors = 0;
}

/* The eight registers of IRR, ISR or TMR. */
static const struct vmm_vectors *vectors_at(const struct vmm_lapic *lapic, uint32_t offset)
{
    switch (offset & ~0x70u) {
    case X86_APIC_ISR:
        return &lapic->isr;
    case X86_APIC_TMR:
        return &lapic->tmr;
    case X86_APIC_IRR:
        return &lapic->irr;
    default:
        return NULL;
    }
}

static bool is_lvt(uint32_t offset)
{
    return offset >= X86_APIC_LVT_TIMER && offset <= X86_APIC_LVT_ERROR;
}

static uint32_t *lvt_at(struct vmm_lapic *lapic, uint32_t offset)
{
    return &lapic->lvt[(offset - X86_APIC_LVT_TIMER) >> 4];
}

bool vmm_lapic_get(struct vmm_lapic *lapic, uint32_t offset, uint64_t *value)
{
    const struct vmm_vectors *vectors = vectors_at(lapic, offset);

    if (vectors) {
        *value = vectors->words[offset >> 4 & 7];
        return true;
    }
    if (is_lvt(offset)) {
        *value = *lvt_at(lapic, offset);
        return true;
    }
    switch (offset) {
    case X86_APIC_ID:
        *value = vmm_lapic_is_x2apic(lapic) ? lapic->id : lapic->id << ID_SHIFT;
        break;
    case X86_APIC_VERSION:
        *value = VERSION;
        break;
    case X86_APIC_TPR:
        *value = lapic->tpr;
        break;
    case X86_APIC_PPR:
        *value = vmm_lapic_priority(lapic);
        break;
    case X86_APIC_LDR:
        *value = lapic->ldr;
        break;
    case X86_APIC_SVR:
        *value = lapic->svr;
        break;
    case X86_APIC_ESR:
        *value = lapic->esr;
        break;
    case X86_APIC_ICR_LOW:
        *value = vmm_lapic_is_x2apic(lapic) ? lapic->icr : (uint32_t)lapic->icr;
        break;
    case X86_APIC_INIT_COUNT:
        *value = lapic->initial_count;
        break;
    case X86_APIC_CUR_COUNT:
        *value = vmm_lapic_timer_count(lapic);
        break;
    case X86_APIC_DIV_CONF:
        *value = lapic->divide;
        break;
    default:
        return false;
    }
    return true;
}

bool vmm_lapic_set(struct vmm_lapic *lapic, uint32_t offset, uint64_t value)
{
    uint32_t low = (uint32_t)value;

    if (is_lvt(offset)) {
        write_lvt(lapic, (enum vmm_lvt)((offset - X86_APIC_LVT_TIMER) >> 4), low);
        return true;
    }
    switch (offset) {
    case X86_APIC_TPR:
        lapic->tpr = low & 0xff;
        break;
    case X86_APIC_EOI:
        end_of_interrupt(lapic);
        break;
    case X86_APIC_SVR:
        write_svr(lapic, low);
        break;
    case X86_APIC_ESR:
        write_esr(lapic);
        break;
    case X86_APIC_ICR_LOW:
        lapic->icr = (value & ~(uint64_t)UINT32_MAX) | (low & ICR_BITS);
        send(lapic);
        break;
    case X86_APIC_INIT_COUNT:
        vmm_lapic_timer_start(lapic, low);
        break;
    case X86_APIC_DIV_CONF:
        vmm_lapic_timer_set_divide(lapic, low);
        break;
    default:
        return false;
    }
    return true;
}

void vmm_lapic_illegal_register(struct vmm_lapic *lapic)
{
    error(lapic, ILLEGAL_REGISTER);
}

/* SDM vol. 3, 10.4.7.1, and 10.12.5 for x2APIC mode. */
static void reset(struct vmm_lapic *lapic)
{
    vmm_lapic_timer_reset(lapic);
    lapic->tpr = lapic->ldr = lapic->errors = lapic->esr = 0;
    lapic->dfr = DFR_FLAT;
    lapic->svr = SVR_RESET;
    lapic->icr = 0;
    for (unsigned i = 0; i < VMM_LVT_COUNT; i++)
        lapic->lvt[i] = X86_APIC_LVT_MASKED;
    lapic->irr = lapic->isr = lapic->tmr = (struct vmm_vectors){0};
    lapic->nmi = false;
}

bool vmm_lapic_set_base(struct vmm_lapic *lapic, uint64_t value)
{
    const uint64_t modes = VMM_LAPIC_BASE_ENABLE | VMM_LAPIC_BASE_X2APIC;
    uint64_t from = lapic->base & modes, to = value & modes;

    if ((value & ~(modes | VMM_LAPIC_BASE_BSP)) != VMM_LAPIC_ADDRESS)
        return false;
    if (to == VMM_LAPIC_BASE_X2APIC || (from == modes && to == VMM_LAPIC_BASE_ENABLE) ||
        (!from && to == modes))
        return false;
    lapic->base = value;
    if (!to)
        reset(lapic);
    if (to == modes && from != modes) {
        lapic->icr = (uint32_t)lapic->icr;
        lapic->ldr = lapic->id >> 4 << 16 | 1u << (lapic->id & 0xf);
    }
    return true;
}

bool vmm_lapic_init(struct vmm_lapic *lapic, struct vmm_apic_bus *bus, struct vmm_clock *clock,
                    uint32_t id)
{
    *lapic = (struct vmm_lapic){.clock = clock, .bus = bus, .id = id};
    lapic->base = VMM_LAPIC_ADDRESS | VMM_LAPIC_BASE_ENABLE | (id ? 0 : VMM_LAPIC_BASE_BSP);
    vmm_lapic_timer_init(lapic);
    reset(lapic);
    if (!id)
        lapic->lvt[VMM_LVT_LINT0] = X86_APIC_DELIVERY_EXTINT;
    return vmm_apic_bus_add(bus, lapic);
}
