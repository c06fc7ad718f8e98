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

#define ICR_X2APIC_HIGH 0x304u /* the upper half, in x2APIC mode */

static uint32_t reg(const struct vmm_lapic *lapic, uint32_t offset)
{
    return *vmm_lapic_register(lapic, offset);
}

static void put(struct vmm_lapic *lapic, uint32_t offset, uint32_t value)
{
    *vmm_lapic_register(lapic, offset) = value;
}

/* Each of IRR, ISR and TMR is eight registers of 32 vectors. */
static uint32_t word_offset(uint32_t vectors, uint8_t vector)
{
    return vectors + vector / 32u * 0x10u;
}

static void set_bit(struct vmm_lapic *lapic, uint32_t vectors, uint8_t vector)
{
    *vmm_lapic_register(lapic, word_offset(vectors, vector)) |= 1u << vector % 32;
}

static void clear_bit(struct vmm_lapic *lapic, uint32_t vectors, uint8_t vector)
{
    *vmm_lapic_register(lapic, word_offset(vectors, vector)) &= ~(1u << vector % 32);
}

static bool bit(const struct vmm_lapic *lapic, uint32_t vectors, uint8_t vector)
{
    return reg(lapic, word_offset(vectors, vector)) >> vector % 32 & 1;
}

/* -1 for none. */
static int highest(const struct vmm_lapic *lapic, uint32_t vectors)
{
    for (int i = 7; i >= 0; i--) {
        uint32_t word = reg(lapic, vectors + 0x10u * (uint32_t)i);

        if (word)
            return i * 32 + 31 - __builtin_clz(word);
    }
    return -1;
}

static bool enabled(const struct vmm_lapic *lapic)
{
    return lapic->base & VMM_LAPIC_BASE_ENABLE;
}

static bool software_enabled(const struct vmm_lapic *lapic)
{
    return reg(lapic, X86_APIC_SVR) & X86_APIC_SVR_ENABLE;
}

/* A software-disabled APIC takes no interrupts (SDM vol. 3, 10.4.7.2). */
static bool take(struct vmm_lapic *lapic, uint8_t vector, bool level)
{
    if (!enabled(lapic) || !software_enabled(lapic))
        return false;
    set_bit(lapic, X86_APIC_IRR, vector);
    if (level)
        set_bit(lapic, X86_APIC_TMR, vector);
    else
        clear_bit(lapic, X86_APIC_TMR, vector);
    lapic->changed = true;
    return true;
}

/* Notes an error, which is an interrupt if it is the first of its kind since ESR was written. An
 * illegal vector of that interrupt is an error in turn, of which there is nobody left to tell. */
static void error(struct vmm_lapic *lapic, uint32_t which)
{
    uint32_t lvt = *vmm_lapic_lvt(lapic, VMM_LVT_ERROR);
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
    int served = highest(lapic, X86_APIC_ISR);
    uint32_t class = served < 0 ? 0 : (uint32_t)served & 0xf0;
    uint32_t tpr = reg(lapic, X86_APIC_TPR) & 0xff;

    return (tpr & 0xf0) >= class ? tpr : class;
}

int vmm_lapic_due(const struct vmm_lapic *lapic)
{
    int vector = enabled(lapic) ? highest(lapic, X86_APIC_IRR) : -1;

    if (vector < 0 || ((uint32_t)vector & 0xf0) <= (vmm_lapic_priority(lapic) & 0xf0))
        return -1;
    return vector;
}

void vmm_lapic_acknowledge(struct vmm_lapic *lapic, uint8_t vector)
{
    clear_bit(lapic, X86_APIC_IRR, vector);
    set_bit(lapic, X86_APIC_ISR, vector);
}

bool vmm_lapic_can_be_virtual(const struct vmm_lapic *lapic)
{
    return vmm_lapic_is_x2apic(lapic) && software_enabled(lapic);
}

/* SDM vol. 3, 10.6.2, and 10.12.10 for x2APIC mode. */
static bool is_logical_destination(const struct vmm_lapic *lapic, uint32_t destination)
{
    uint32_t ldr = reg(lapic, X86_APIC_LDR), own = ldr >> ID_SHIFT;

    if (vmm_lapic_is_x2apic(lapic))
        return ldr >> 16 == destination >> 16 && (ldr & destination & 0xffff);
    if (reg(lapic, X86_APIC_DFR) >> 28 == 0xf)
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
    uint32_t lvt = *vmm_lapic_lvt(lapic, entry);

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
    uint32_t lvt = *vmm_lapic_lvt(lapic, VMM_LVT_LINT0);

    return !enabled(lapic) ||
           (!(lvt & X86_APIC_LVT_MASKED) && (lvt & DELIVERY) == X86_APIC_DELIVERY_EXTINT);
}

void vmm_lapic_ended(struct vmm_lapic *lapic, uint8_t vector)
{
    if (lapic->bus->ended)
        lapic->bus->ended(lapic->bus->context, vector);
}

static void end_of_interrupt(struct vmm_lapic *lapic)
{
    int vector = highest(lapic, X86_APIC_ISR);

    if (vector < 0)
        return;
    clear_bit(lapic, X86_APIC_ISR, (uint8_t)vector);
    if (bit(lapic, X86_APIC_TMR, (uint8_t)vector))
        vmm_lapic_ended(lapic, (uint8_t)vector);
}

static void send(struct vmm_lapic *lapic)
{
    uint32_t command = reg(lapic, X86_APIC_ICR_LOW), shorthand = command & SHORTHAND;
    bool x2apic = vmm_lapic_is_x2apic(lapic);
    uint32_t destination = x2apic ? reg(lapic, ICR_X2APIC_HIGH)
                                  : reg(lapic, X86_APIC_ICR_HIGH) >> ID_SHIFT;
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
    uint32_t *lvt = vmm_lapic_lvt(lapic, entry), old = *lvt;

    *lvt = value & lvt_bits[entry];
    if (!software_enabled(lapic))
        *lvt |= X86_APIC_LVT_MASKED;
    if (entry == VMM_LVT_TIMER)
        vmm_lapic_timer_mode_changed(lapic, old);
}

static void write_svr(struct vmm_lapic *lapic, uint32_t value)
{
    put(lapic, X86_APIC_SVR, value & SVR_BITS);
    if (software_enabled(lapic))
        return;
    for (unsigned i = 0; i < VMM_LVT_COUNT; i++)
        *vmm_lapic_lvt(lapic, (enum vmm_lvt)i) |= X86_APIC_LVT_MASKED;
}

static void write_esr(struct vmm_lapic *lapic)
{
    put(lapic, X86_APIC_ESR, lapic->errors);
    lapic->errors = 0;
}

static void write_icr(struct vmm_lapic *lapic, uint64_t value)
{
    put(lapic, X86_APIC_ICR_LOW, (uint32_t)value & ICR_BITS);
    if (vmm_lapic_is_x2apic(lapic))
        put(lapic, ICR_X2APIC_HIGH, (uint32_t)(value >> 32));
    send(lapic);
}

static bool is_lvt(uint32_t offset)
{
    return offset >= X86_APIC_LVT_TIMER && offset <= X86_APIC_LVT_ERROR;
}

bool vmm_lapic_get(struct vmm_lapic *lapic, uint32_t offset, uint64_t *value)
{
    switch (offset) {
    case X86_APIC_PPR:
        *value = vmm_lapic_priority(lapic);
        return true;
    case X86_APIC_CUR_COUNT:
        *value = vmm_lapic_timer_count(lapic);
        return true;
    case X86_APIC_ICR_LOW:
        *value = reg(lapic, offset);
        if (vmm_lapic_is_x2apic(lapic))
            *value |= (uint64_t)reg(lapic, ICR_X2APIC_HIGH) << 32;
        return true;
    case X86_APIC_ID:
    case X86_APIC_VERSION:
    case X86_APIC_TPR:
    case X86_APIC_LDR:
    case X86_APIC_SVR:
    case X86_APIC_ISR ... X86_APIC_ESR: /* with TMR and IRR */
    case X86_APIC_LVT_TIMER ... X86_APIC_INIT_COUNT:
    case X86_APIC_DIV_CONF:
        *value = reg(lapic, offset);
        return true;
    default:
        return false;
    }
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
        put(lapic, X86_APIC_TPR, low & 0xff);
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
        write_icr(lapic, value);
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

/* The ID and LDR are those of the mode (SDM vol. 3, 10.12.5.1, 10.12.10.2). */
static void write_names(struct vmm_lapic *lapic)
{
    bool x2apic = vmm_lapic_is_x2apic(lapic);

    put(lapic, X86_APIC_ID, x2apic ? lapic->id : lapic->id << ID_SHIFT);
    put(lapic, X86_APIC_LDR, x2apic ? lapic->id >> 4 << 16 | 1u << (lapic->id & 0xf) : 0);
}

/* SDM vol. 3, 10.4.7.1, and 10.12.5 for x2APIC mode. */
static void reset(struct vmm_lapic *lapic)
{
    for (uint32_t offset = 0; offset < VMM_LAPIC_BYTES; offset += 4)
        put(lapic, offset, 0);
    vmm_lapic_timer_reset(lapic);
    write_names(lapic);
    put(lapic, X86_APIC_VERSION, VERSION);
    put(lapic, X86_APIC_DFR, DFR_FLAT);
    put(lapic, X86_APIC_SVR, SVR_RESET);
    for (unsigned i = 0; i < VMM_LVT_COUNT; i++)
        *vmm_lapic_lvt(lapic, (enum vmm_lvt)i) = X86_APIC_LVT_MASKED;
    lapic->errors = 0;
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
        put(lapic, ICR_X2APIC_HIGH, 0);
        write_names(lapic);
    }
    return true;
}

bool vmm_lapic_init(struct vmm_lapic *lapic, struct vmm_apic_bus *bus, struct vmm_clock *clock,
                    uint32_t id)
{
    *lapic = (struct vmm_lapic){.clock = clock, .bus = bus, .id = id};
    lapic->registers = lapic->own_registers;
    lapic->base = VMM_LAPIC_ADDRESS | VMM_LAPIC_BASE_ENABLE | (id ? 0 : VMM_LAPIC_BASE_BSP);
    vmm_lapic_timer_init(lapic);
    reset(lapic);
    if (!id)
        *vmm_lapic_lvt(lapic, VMM_LVT_LINT0) = X86_APIC_DELIVERY_EXTINT;
    return vmm_apic_bus_add(bus, lapic);
}

void vmm_lapic_use_page(struct vmm_lapic *lapic, void *page)
{
    uint32_t *registers = page;

    for (unsigned i = 0; i < VMM_LAPIC_BYTES / 4; i++)
        registers[i] = lapic->registers[i];
    lapic->registers = registers;
}
