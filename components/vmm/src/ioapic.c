/* SPDX-License-Identifier: BSD-2-Clause */
/* The 82093AA. Section numbers are those of its data sheet. */
#include <vmm/ioapic.h>
#include <x86/apic.h>

#define PAGE            0x1000u
#define IOREGSEL        0x00u /* 3.1.1 */
#define IOWIN           0x10u /* 3.1.2 */

#define REG_ID          0x00u
#define REG_VERSION     0x01u
#define REG_ARBITRATION 0x02u
#define REG_TABLE       0x10u /* two registers for each pin, the lower half first */

#define VERSION         (0x11u | (VMM_IOAPIC_PINS - 1) << 16)
#define ID_BITS         0x0f000000u

/* Redirection table, 3.2.4. */
#define VECTOR      0xffull
#define DELIVERY    0x700ull
#define LOGICAL     (1ull << 11)
#define REMOTE_IRR  (1ull << 14)
#define LEVEL       (1ull << 15)
#define MASKED      (1ull << 16)
#define WRITABLE    0xff0000000001afffull /* not delivery status, not remote IRR */
#define DESTINATION 56
#define BROADCAST   0xffu

#define EXTINT_PIN  0

/* Sends a pin's interrupt. Of level-triggered ones there is one at a time: remote IRR is set until
 * a local APIC has told of its end. */
static void deliver(struct vmm_ioapic *ioapic, unsigned pin)
{
    uint64_t entry = ioapic->entries[pin];
    const struct vmm_apic_message message = {.destination = (uint32_t)(entry >> DESTINATION),
                                             .mode = (uint32_t)(entry & DELIVERY),
                                             .vector = (uint8_t)entry,
                                             .logical = entry & LOGICAL,
                                             .broadcast = entry >> DESTINATION == BROADCAST,
                                             .level = entry & LEVEL};

    if (vmm_apic_bus_send(ioapic->bus, &message) && (entry & LEVEL))
        ioapic->entries[pin] |= REMOTE_IRR;
}

static bool asserted(const struct vmm_ioapic *ioapic, unsigned pin)
{
    return ioapic->levels >> pin & 1;
}

/* After anything that may let a level-triggered interrupt through. */
static void look_at(struct vmm_ioapic *ioapic, unsigned pin)
{
    if (asserted(ioapic, pin) && (ioapic->entries[pin] & (LEVEL | MASKED | REMOTE_IRR)) == LEVEL)
        deliver(ioapic, pin);
}

/* Edges that come while the pin is masked are lost (3.2.4, interrupt mask). */
void vmm_ioapic_set(void *controller, unsigned pin, bool level)
{
    struct vmm_ioapic *ioapic = controller;
    bool rises;

    if (pin >= VMM_IOAPIC_PINS)
        return;
    rises = level && !asserted(ioapic, pin);
    ioapic->levels = (ioapic->levels & ~(1u << pin)) | (uint32_t)level << pin;
    if (rises && !(ioapic->entries[pin] & (LEVEL | MASKED)))
        deliver(ioapic, pin);
    look_at(ioapic, pin);
}

static void ended(void *context, uint8_t vector)
{
    struct vmm_ioapic *ioapic = context;

    for (unsigned pin = 0; pin < VMM_IOAPIC_PINS; pin++) {
        if ((ioapic->entries[pin] & VECTOR) == vector && (ioapic->entries[pin] & REMOTE_IRR)) {
            ioapic->entries[pin] &= ~REMOTE_IRR;
            look_at(ioapic, pin);
        }
    }
}

/* An entry that is made edge-triggered has no remote IRR any more: Linux ends interrupts so that a
 * local APIC did not tell of. */
static void write_entry(struct vmm_ioapic *ioapic, unsigned pin, uint64_t value)
{
    uint64_t *entry = &ioapic->entries[pin];

    *entry = (value & WRITABLE) | (*entry & REMOTE_IRR);
    if (!(*entry & LEVEL))
        *entry &= ~REMOTE_IRR;
    look_at(ioapic, pin);
}

static uint32_t read_selected(const struct vmm_ioapic *ioapic)
{
    unsigned in_table = ioapic->selected - REG_TABLE;

    switch (ioapic->selected) {
    case REG_ID:
    case REG_ARBITRATION:
        return ioapic->id;
    case REG_VERSION:
        return VERSION;
    default:
        if (ioapic->selected < REG_TABLE || in_table / 2 >= VMM_IOAPIC_PINS)
            return 0;
        return (uint32_t)(ioapic->entries[in_table / 2] >> (in_table % 2 ? 32 : 0));
    }
}

static void write_selected(struct vmm_ioapic *ioapic, uint32_t value)
{
    unsigned in_table = ioapic->selected - REG_TABLE, pin = in_table / 2;

    if (ioapic->selected == REG_ID)
        ioapic->id = value & ID_BITS;
    if (ioapic->selected < REG_TABLE || pin >= VMM_IOAPIC_PINS)
        return;
    if (in_table % 2)
        write_entry(ioapic, pin, (uint64_t)value << 32 | (uint32_t)ioapic->entries[pin]);
    else
        write_entry(ioapic, pin, ioapic->entries[pin] >> 32 << 32 | value);
}

static uint64_t page_read(void *device, uint64_t offset, unsigned size)
{
    const struct vmm_ioapic *ioapic = device;

    (void)size;
    if (offset == IOREGSEL)
        return ioapic->selected;
    return offset == IOWIN ? read_selected(ioapic) : 0;
}

static void page_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vmm_ioapic *ioapic = device;

    if (offset == IOREGSEL)
        ioapic->selected = (uint8_t)value;
    else if (offset == IOWIN && size >= 4) /* as a whole: 3.1.2 */
        write_selected(ioapic, (uint32_t)value);
}

void vmm_ioapic_init(struct vmm_ioapic *ioapic, struct vmm_apic_bus *bus)
{
    *ioapic = (struct vmm_ioapic){.bus = bus, .id = VMM_IOAPIC_ID << 24};
    for (unsigned pin = 0; pin < VMM_IOAPIC_PINS; pin++)
        ioapic->entries[pin] = MASKED;
    bus->ended = ended;
    bus->context = ioapic;
}

bool vmm_ioapic_add(struct vmm_ioapic *ioapic, struct vmm_mmio *mmio)
{
    const struct vmm_mmio_range page = {VMM_IOAPIC_ADDRESS, PAGE, page_read, page_write, ioapic};

    return vmm_mmio_add(mmio, &page);
}

bool vmm_ioapic_passes_extint(const struct vmm_ioapic *ioapic)
{
    uint64_t entry = ioapic->entries[EXTINT_PIN];

    return !(entry & MASKED) && (entry & DELIVERY) == X86_APIC_DELIVERY_EXTINT;
}
