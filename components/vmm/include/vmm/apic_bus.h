/* SPDX-License-Identifier: BSD-2-Clause */
/* What connects the local APICs of a board with each other, the I/O APIC and devices with MSIs. */
#ifndef VMM_APIC_BUS_H
#define VMM_APIC_BUS_H

#include <stdbool.h>
#include <stdint.h>

struct vmm_lapic;

#define VMM_APIC_BUS_MAX 8

/* An interrupt message (SDM vol. 3, 10.6.1, 10.11). */
struct vmm_apic_message {
    uint32_t destination; /* physical: APIC ID; logical: as in LDR, without the shift of xAPIC */
    uint32_t mode;        /* X86_APIC_DELIVERY_* */
    uint8_t vector;
    bool logical;
    bool broadcast; /* to all, whatever the destination */
    bool level;     /* its end is broadcast to the I/O APIC */
};

struct vmm_apic_bus {
    unsigned count;
    struct vmm_lapic *lapics[VMM_APIC_BUS_MAX];
    /* Whose registers the present access is to: that of the vCPU whose exit is handled. */
    struct vmm_lapic *current;
    /* Hears of ends of level-triggered interrupts: the I/O APIC. NULL: nobody does. */
    void (*ended)(void *context, uint8_t vector);
    void *context;
};

/* Connects a local APIC; the first one is the current one. False when there are too many. */
bool vmm_apic_bus_add(struct vmm_apic_bus *bus, struct vmm_lapic *lapic);

/* Sends a message to whom it is for. Returns whether anyone took it. */
bool vmm_apic_bus_send(struct vmm_apic_bus *bus, const struct vmm_apic_message *message);

/*
 * A message-signalled interrupt: a write of `data` to `address` by a device (SDM vol. 3, 10.11).
 * `context` is the struct vmm_apic_bus. Addresses of no local APIC are ignored.
 */
void vmm_apic_bus_msi(void *context, uint64_t address, uint32_t data);

#endif
