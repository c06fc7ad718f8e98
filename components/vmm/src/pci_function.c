/* SPDX-License-Identifier: BSD-2-Clause */
/* What a PCI function has besides its BARs: registers, capabilities, and an interrupt pin. */
#include <vmm/pci.h>
#include <vmm/pci_msix.h>

#define STATUS_INTERRUPT    0x08
#define STATUS_CAPABILITIES 0x10
#define PIN_A               1
#define CAPABILITY_ALIGN    4u

void vmm_pci_set(struct vmm_pci_function *function, unsigned offset, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size && offset + i < VMM_PCI_CONFIG_SIZE; i++)
        function->config[offset + i] = (uint8_t)(value >> i * 8);
}

uint32_t vmm_pci_get(const struct vmm_pci_function *function, unsigned offset, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size && offset + i < VMM_PCI_CONFIG_SIZE; i++)
        value |= (uint32_t)function->config[offset + i] << i * 8;
    return value;
}

/* The newest capability is the first of the list (6.7). */
unsigned vmm_pci_add_capability(struct vmm_pci_function *function, uint8_t id, unsigned size)
{
    unsigned offset = function->capabilities_end ? function->capabilities_end : VMM_PCI_FIRST_FREE;

    if (size < 2 || size > VMM_PCI_CONFIG_SIZE - offset)
        return 0;
    function->config[offset] = id;
    function->config[offset + 1] = function->config[VMM_PCI_CAPABILITIES];
    function->config[VMM_PCI_CAPABILITIES] = (uint8_t)offset;
    function->config[VMM_PCI_STATUS] |= STATUS_CAPABILITIES;
    function->capabilities_end = (offset + size + CAPABILITY_ALIGN - 1) & ~(CAPABILITY_ALIGN - 1);
    return offset;
}

void vmm_pci_use_pin(struct vmm_pci_function *function)
{
    function->config[VMM_PCI_INTERRUPT_PIN] = PIN_A;
    function->writable[VMM_PCI_INTERRUPT_LINE] = 0xff;
    function->writable[VMM_PCI_COMMAND + 1] |= VMM_PCI_COMMAND_INTX_DISABLE >> 8;
}

unsigned vmm_pci_line(const struct vmm_pci_function *function)
{
    unsigned pin = function->config[VMM_PCI_INTERRUPT_PIN];

    return (function->device - 1u + pin - PIN_A) % VMM_PCI_LINES;
}

/* Whether the pin is driven: not with MSI-X (6.8.2), and not when COMMAND says no (6.2.2). */
static bool driven(const struct vmm_pci_function *function)
{
    return function->interrupt && function->config[VMM_PCI_INTERRUPT_PIN] &&
           !(function->msix && vmm_msix_enabled(function->msix)) &&
           !(vmm_pci_get(function, VMM_PCI_COMMAND, 2) & VMM_PCI_COMMAND_INTX_DISABLE);
}

/* Functions share lines, and lines may share an input of the interrupt controller. */
void vmm_pci_interrupt(struct vmm_pci_function *function, bool level)
{
    const struct vmm_pci *pci = function->pci;
    const struct vmm_line *line;
    bool any = false;

    function->interrupt = level;
    function->config[VMM_PCI_STATUS] &= (uint8_t)~STATUS_INTERRUPT;
    function->config[VMM_PCI_STATUS] |= level ? STATUS_INTERRUPT : 0;
    if (!pci || !function->config[VMM_PCI_INTERRUPT_PIN])
        return;
    line = &pci->lines[vmm_pci_line(function)];
    for (unsigned i = 0; i < pci->count; i++) {
        const struct vmm_pci_function *other = pci->functions[i];
        const struct vmm_line *others = &pci->lines[vmm_pci_line(other)];

        any |= driven(other) && others->input == line->input &&
               others->controller == line->controller;
    }
    vmm_line_set(line, any);
}
