/* SPDX-License-Identifier: BSD-2-Clause */
/* The I/O APIC of a PC: an 82093AA (Intel data sheet 290566), version 11h, 24 pins. */
#ifndef VMM_IOAPIC_H
#define VMM_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/apic_bus.h>
#include <vmm/mmio.h>

#define VMM_IOAPIC_ADDRESS 0xfec00000ull
#define VMM_IOAPIC_PINS    24
#define VMM_IOAPIC_ID      0 /* after reset; ACPI tables name it */

struct vmm_ioapic {
    struct vmm_apic_bus *bus;
    uint64_t entries[VMM_IOAPIC_PINS]; /* redirection table */
    uint32_t levels;                   /* the pins as they are, asserted or not */
    uint32_t id;                       /* register 0 */
    uint8_t selected;                  /* IOREGSEL */
};

/* As after reset: all pins masked. It hears of the bus's ends of interrupts. */
void vmm_ioapic_init(struct vmm_ioapic *ioapic, struct vmm_apic_bus *bus);

/* Its page at VMM_IOAPIC_ADDRESS. False when the table is full. */
bool vmm_ioapic_add(struct vmm_ioapic *ioapic, struct vmm_mmio *mmio);

/* Sets pin 0 to 23; `level` is true when the interrupt is asserted, whatever the polarity is that
 * the guest programs. A struct vmm_line's set function. */
void vmm_ioapic_set(void *controller, unsigned pin, bool level);

/* True when pin 0, to which the 8259 is wired, hands its interrupts on as they are (ExtINT). */
bool vmm_ioapic_passes_extint(const struct vmm_ioapic *ioapic);

#endif
