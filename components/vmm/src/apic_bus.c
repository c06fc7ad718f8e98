/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt messages: who gets them. */
#include <stddef.h>
#include <vmm/apic_bus.h>
#include <vmm/lapic.h>
#include <x86/apic.h>

/* SDM vol. 3, 10.11.1 and 10.11.2: address and data of an MSI. */
#define MSI_ADDRESS        0xfeeu /* bits 31-20; the higher ones are 0 */
#define MSI_ADDRESS_SHIFT  20
#define MSI_DESTINATION(a) ((uint32_t)(a) >> 12 & 0xff)
#define MSI_LOGICAL        (1u << 2)
#define MSI_LEVEL          (1u << 15)
#define MSI_DELIVERY       0x700u
#define XAPIC_BROADCAST    0xffu

bool vmm_apic_bus_add(struct vmm_apic_bus *bus, struct vmm_lapic *lapic)
{
    if (bus->count == VMM_APIC_BUS_MAX)
        return false;
    if (!bus->count)
        bus->current = lapic;
    bus->lapics[bus->count++] = lapic;
    return true;
}

/* The one with the least urgent work (SDM vol. 3, 10.6.2.4), the first of equals. */
static struct vmm_lapic *least_busy(struct vmm_apic_bus *bus,
                                    const struct vmm_apic_message *message)
{
    struct vmm_lapic *best = NULL;

    for (unsigned i = 0; i < bus->count; i++) {
        struct vmm_lapic *lapic = bus->lapics[i];

        if (vmm_lapic_is_addressed(lapic, message) &&
            (!best || vmm_lapic_priority(lapic) < vmm_lapic_priority(best)))
            best = lapic;
    }
    return best;
}

bool vmm_apic_bus_send(struct vmm_apic_bus *bus, const struct vmm_apic_message *message)
{
    bool taken = false;

    if (message->mode == X86_APIC_DELIVERY_LOWEST) {
        struct vmm_lapic *lapic = least_busy(bus, message);

        return lapic && vmm_lapic_accept(lapic, message);
    }
    for (unsigned i = 0; i < bus->count; i++)
        if (vmm_lapic_is_addressed(bus->lapics[i], message))
            taken |= vmm_lapic_accept(bus->lapics[i], message);
    return taken;
}

void vmm_apic_bus_msi(void *context, uint64_t address, uint32_t data)
{
    const struct vmm_apic_message message = {.destination = MSI_DESTINATION(address),
                                             .mode = data & MSI_DELIVERY,
                                             .vector = (uint8_t)data,
                                             .logical = address & MSI_LOGICAL,
                                             .broadcast = MSI_DESTINATION(address) ==
                                                          XAPIC_BROADCAST,
                                             .level = data & MSI_LEVEL};

    if (address >> MSI_ADDRESS_SHIFT == MSI_ADDRESS)
        (void)vmm_apic_bus_send(context, &message);
}
