/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI configuration space, mechanism 1 (cf8h, cfch), bus 0; and the host bridge. */
#ifndef VMM_PCI_H
#define VMM_PCI_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/ports.h>
#include <vmm/reset.h>

#define VMM_PCI_FUNCTIONS_MAX 8
#define VMM_PCI_CONFIG_SIZE   256

struct vmm_pci_function {
    uint8_t device, function;
    uint8_t config[VMM_PCI_CONFIG_SIZE];
    uint8_t writable[VMM_PCI_CONFIG_SIZE]; /* the bits that the guest can change */
};

struct vmm_pci {
    uint32_t address; /* cf8h */
    unsigned count;
    struct vmm_pci_function *functions[VMM_PCI_FUNCTIONS_MAX];
    struct vmm_reset *reset; /* set when the guest resets the machine through cf9h */
    uint8_t reset_control;
};

void vmm_pci_init(struct vmm_pci *pci, struct vmm_reset *reset);
bool vmm_pci_add_ports(struct vmm_pci *pci, struct vmm_ports *ports);

/* False when the bus is full or the place is taken. The function is kept by reference. */
bool vmm_pci_add(struct vmm_pci *pci, struct vmm_pci_function *function);

/* Sets `size` bytes (1, 2 or 4) of a configuration space, little endian. */
void vmm_pci_set(struct vmm_pci_function *function, unsigned offset, unsigned size, uint32_t value);

/* An Intel 82441FX host bridge at 0.0, with all its shadow memory already open; the subsystem IDs
 * are those by which SeaBIOS knows that there is a fw_cfg interface. */
void vmm_pci_host_bridge(struct vmm_pci_function *function);

#endif
