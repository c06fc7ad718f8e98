/* SPDX-License-Identifier: BSD-2-Clause */
/* Base address registers (PCI 3.0, 6.2.5): where the functions of the bus answer. */
#include <stddef.h>
#include <vmm/pci.h>

#define BAR_IO      0x1u
#define BAR_IO_SIZE 4u
#define BAR_IO_MOST 256u /* a function may ask for no more ports (6.2.5.1) */
#define BAR_MEMORY  16u
#define PORTS_END   0x10000u
#define BAR_WIDTH   4 /* bytes */

#define REGISTER(i) (VMM_PCI_BAR0 + (i)*BAR_WIDTH)

bool vmm_pci_add_bar(struct vmm_pci_function *function, unsigned index,
                     const struct vmm_pci_bar *bar)
{
    uint32_t least = bar->io ? BAR_IO_SIZE : BAR_MEMORY;

    if (index >= VMM_PCI_BARS || function->bars[index].size || bar->size < least ||
        (bar->size & (bar->size - 1)) || (bar->io && bar->size > BAR_IO_MOST))
        return false;
    function->bars[index] = *bar;
    function->bars[index].address = 0;
    vmm_pci_set(function, REGISTER(index), BAR_WIDTH, bar->io ? BAR_IO : 0);
    for (unsigned i = 0; i < BAR_WIDTH; i++)
        function->writable[REGISTER(index) + i] = (uint8_t)(-bar->size >> i * 8);
    function->writable[VMM_PCI_COMMAND] |=
        (uint8_t)((bar->io ? VMM_PCI_COMMAND_IO : VMM_PCI_COMMAND_MEMORY) | VMM_PCI_COMMAND_MASTER);
    return true;
}

uint32_t vmm_pci_bar_read_at(const struct vmm_pci_function *function, unsigned index,
                             uint32_t offset, unsigned size)
{
    const struct vmm_pci_bar *bar = index < VMM_PCI_BARS ? &function->bars[index] : NULL;

    if (!bar || !bar->read || (size != 1 && size != 2 && size != 4) || offset >= bar->size ||
        size > bar->size - offset)
        return UINT32_MAX;
    return bar->read(bar->device, offset, size);
}

void vmm_pci_bar_write_at(const struct vmm_pci_function *function, unsigned index, uint32_t offset,
                          unsigned size, uint32_t value)
{
    const struct vmm_pci_bar *bar = index < VMM_PCI_BARS ? &function->bars[index] : NULL;

    if (bar && bar->write && (size == 1 || size == 2 || size == 4) && offset < bar->size &&
        size <= bar->size - offset)
        bar->write(bar->device, offset, size, value);
}

static uint32_t port_read(void *device, uint16_t port, unsigned size)
{
    const struct vmm_pci_bar *bar = device;

    return bar->read ? bar->read(bar->device, port - bar->address, size) : UINT32_MAX;
}

static void port_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    const struct vmm_pci_bar *bar = device;

    if (bar->write)
        bar->write(bar->device, port - bar->address, size, value);
}

/* Accesses of 8 bytes are two of 4, the lower first. */
static uint64_t memory_read(void *device, uint64_t offset, unsigned size)
{
    const struct vmm_pci_bar *bar = device;
    uint32_t at = (uint32_t)offset;

    if (!bar->read)
        return UINT64_MAX;
    if (size <= 4)
        return bar->read(bar->device, at, size);
    return bar->read(bar->device, at, 4) | (uint64_t)bar->read(bar->device, at + 4, 4) << 32;
}

static void memory_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    const struct vmm_pci_bar *bar = device;
    uint32_t at = (uint32_t)offset;

    if (!bar->write)
        return;
    bar->write(bar->device, at, size < 4 ? size : 4, (uint32_t)value);
    if (size > 4)
        bar->write(bar->device, at + 4, 4, (uint32_t)(value >> 32));
}

/* The address in the register, if the function decodes it; 0, which no system software gives, if it
 * does not. */
static uint32_t wanted(const struct vmm_pci_function *function, unsigned index)
{
    const struct vmm_pci_bar *bar = &function->bars[index];
    uint32_t enable = bar->io ? VMM_PCI_COMMAND_IO : VMM_PCI_COMMAND_MEMORY;
    uint32_t address;

    if (!bar->size || !(vmm_pci_get(function, VMM_PCI_COMMAND, 2) & enable))
        return 0;
    address = vmm_pci_get(function, REGISTER(index), BAR_WIDTH) & -bar->size;
    return bar->io && address >= PORTS_END ? 0 : address;
}

static void take_away(struct vmm_pci *pci, struct vmm_pci_bar *bar)
{
    if (bar->address && bar->io)
        vmm_ports_remove(pci->ports, (uint16_t)bar->address);
    else if (bar->address)
        vmm_mmio_remove(pci->mmio, bar->address);
    bar->address = 0;
}

/* Where another device answers already, the BAR does not: it waits until the place is free. */
static void put(struct vmm_pci *pci, struct vmm_pci_bar *bar, uint32_t address)
{
    uint16_t port = (uint16_t)address;
    const struct vmm_port_range ports = {
        port, (uint16_t)(port + bar->size - 1), BAR_WIDTH, port_read, port_write, bar};
    const struct vmm_mmio_range memory = {address, bar->size, memory_read, memory_write, bar};

    if (bar->io ? pci->ports && vmm_ports_add(pci->ports, &ports)
                : pci->mmio && vmm_mmio_add(pci->mmio, &memory))
        bar->address = address;
}

/* First all that moved are taken away: the guest may exchange the addresses of two. */
void vmm_pci_place_bars(struct vmm_pci *pci)
{
    for (unsigned i = 0; i < pci->count; i++)
        for (unsigned j = 0; j < VMM_PCI_BARS; j++)
            if (pci->functions[i]->bars[j].address != wanted(pci->functions[i], j))
                take_away(pci, &pci->functions[i]->bars[j]);
    for (unsigned i = 0; i < pci->count; i++)
        for (unsigned j = 0; j < VMM_PCI_BARS; j++) {
            uint32_t address = wanted(pci->functions[i], j);

            if (address && !pci->functions[i]->bars[j].address)
                put(pci, &pci->functions[i]->bars[j], address);
        }
}

bool vmm_pci_assign(struct vmm_pci *pci)
{
    uint64_t next_port = VMM_PCI_PORTS, next_address = VMM_PCI_MEMORY;

    for (unsigned i = 0; i < pci->count; i++) {
        struct vmm_pci_function *function = pci->functions[i];

        for (unsigned j = 0; j < VMM_PCI_BARS; j++) {
            const struct vmm_pci_bar *bar = &function->bars[j];
            uint64_t *next = bar->io ? &next_port : &next_address;
            uint64_t end = bar->io ? PORTS_END : VMM_PCI_MEMORY_END;

            if (!bar->size)
                continue;
            *next = (*next + bar->size - 1) & -(uint64_t)bar->size;
            if (*next + bar->size > end)
                return false;
            vmm_pci_set(function, REGISTER(j), BAR_WIDTH, (uint32_t)*next | (bar->io ? BAR_IO : 0));
            *next += bar->size;
            function->config[VMM_PCI_COMMAND] |= bar->io ? VMM_PCI_COMMAND_IO
                                                         : VMM_PCI_COMMAND_MEMORY;
        }
        if (function->config[VMM_PCI_INTERRUPT_PIN])
            vmm_pci_set(function, VMM_PCI_INTERRUPT_LINE, 1, pci->irqs[vmm_pci_line(function)]);
    }
    vmm_pci_place_bars(pci);
    return true;
}
