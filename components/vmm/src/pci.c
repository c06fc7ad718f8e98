/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI configuration space (PCI Local Bus Specification 3.0, chapters 3.2.2.3 and 6). */
#include <stddef.h>
#include <vmm/pci_msix.h>

#define PORT_ADDRESS             0xcf8
#define PORT_RESET_CONTROL       0xcf9
#define PORT_DATA                0xcfc

#define ADDRESS_ENABLE           (1u << 31)
#define ADDRESS_WRITABLE         0x80fffffcu
#define RESET_CPU                0x04
#define RESET_WRITABLE           0x06

#define PAM0                     0x59 /* Intel 82441FX data sheet, 3.2.18: shadow memory */
#define PAM_COUNT                7
#define PAM_READ_WRITE_BOTH      0x33
#define PAM0_READ_WRITE          0x30

#define VENDOR_INTEL             0x8086
#define DEVICE_82441FX           0x1237
#define CLASS_HOST_BRIDGE        0x0600
#define SUBSYSTEM_VENDOR_RED_HAT 0x1af4
#define SUBSYSTEM_QEMU           0x1100

void vmm_pci_init(struct vmm_pci *pci, struct vmm_reset *reset)
{
    *pci = (struct vmm_pci){.reset = reset};
}

bool vmm_pci_add(struct vmm_pci *pci, struct vmm_pci_function *function)
{
    if (pci->count == VMM_PCI_FUNCTIONS_MAX)
        return false;
    for (unsigned i = 0; i < pci->count; i++)
        if (pci->functions[i]->device == function->device &&
            pci->functions[i]->function == function->function)
            return false;
    function->pci = pci;
    pci->functions[pci->count++] = function;
    return true;
}

/* The function of this number on bus 0, bits 7-3 of which are its device's; or NULL. */
static struct vmm_pci_function *find(const struct vmm_pci *pci, uint32_t number)
{
    for (unsigned i = 0; i < pci->count; i++)
        if (pci->functions[i]->device == number >> 3 && pci->functions[i]->function == (number & 7))
            return pci->functions[i];
    return NULL;
}

/* The function that the address register names, or NULL. */
static struct vmm_pci_function *addressed(const struct vmm_pci *pci)
{
    if (!(pci->address & ADDRESS_ENABLE) || (pci->address >> 16 & 0xff))
        return NULL;
    return find(pci, pci->address >> 8 & 0xff);
}

/* The port range takes accesses of up to 4 bytes that stay within it, so the offset does too. */
static unsigned config_offset(const struct vmm_pci *pci, uint16_t port)
{
    return (pci->address & 0xfc) + (port & 3u);
}

static uint32_t read_config(struct vmm_pci_function *function, unsigned offset, unsigned size)
{
    if (!function)
        return UINT32_MAX;
    if (function->config_read)
        function->config_read(function, offset, size);
    return vmm_pci_get(function, offset, size);
}

static uint32_t data_read(void *device, uint16_t port, unsigned size)
{
    const struct vmm_pci *pci = device;

    return read_config(addressed(pci), config_offset(pci, port), size);
}

/* What follows of a write: BARs move, interrupts go another way. */
static void written(struct vmm_pci *pci, struct vmm_pci_function *function, unsigned offset,
                    unsigned size)
{
    if (offset < VMM_PCI_CAPABILITIES)
        vmm_pci_place_bars(pci);
    if (function->msix)
        vmm_msix_update(function->msix);
    if (function->interrupt)
        vmm_pci_interrupt(function, true);
    if (function->config_written)
        function->config_written(function, offset, size);
}

static void write_config(struct vmm_pci *pci, struct vmm_pci_function *function, unsigned offset,
                         unsigned size, uint32_t value)
{
    if (!function)
        return;
    for (unsigned i = 0; i < size; i++) {
        uint8_t mask = function->writable[offset + i];
        uint8_t byte = (uint8_t)(value >> i * 8);

        function->config[offset + i] =
            (uint8_t)((function->config[offset + i] & ~mask) | (byte & mask));
    }
    written(pci, function, offset, size);
}

static void data_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct vmm_pci *pci = device;

    write_config(pci, addressed(pci), config_offset(pci, port), size, value);
}

/* PCI Express 3.0, 7.2.2: bits 19-12 are the function, 11-0 the register. What is behind a
 * function's first 256 bytes reads all ones, as does what is not aligned to its size. An access of
 * 8 bytes is made of two. */
static bool in_window(uint64_t offset, unsigned size)
{
    return size <= 8 && (offset & 0xfff) < VMM_PCI_CONFIG_SIZE && !(offset & (size - 1));
}

static uint64_t window_read(void *device, uint64_t offset, unsigned size)
{
    const struct vmm_pci *pci = device;
    struct vmm_pci_function *function = find(pci, (uint32_t)(offset >> 12));
    unsigned at = offset & 0xfff, part = size < 4 ? size : 4;
    uint64_t value = 0;

    if (!in_window(offset, size))
        return UINT64_MAX;
    for (unsigned i = 0; i < size; i += part)
        value |= (uint64_t)read_config(function, at + i, part) << i * 8;
    return value;
}

static void window_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vmm_pci *pci = device;
    struct vmm_pci_function *function = find(pci, (uint32_t)(offset >> 12));
    unsigned at = offset & 0xfff, part = size < 4 ? size : 4;

    for (unsigned i = 0; i < size && in_window(offset, size); i += part)
        write_config(pci, function, at + i, part, (uint32_t)(value >> i * 8));
}

bool vmm_pci_add_window(struct vmm_pci *pci, struct vmm_mmio *mmio)
{
    const struct vmm_mmio_range range = {
        .address = VMM_PCI_WINDOW,
        .size = VMM_PCI_WINDOW_SIZE,
        .read = window_read,
        .write = window_write,
        .device = pci,
    };

    return vmm_mmio_add(mmio, &range);
}

/* Only 32-bit accesses reach the address register; a byte at cf9h is the reset control. */
static uint32_t address_read(void *device, uint16_t port, unsigned size)
{
    const struct vmm_pci *pci = device;

    if (port == PORT_ADDRESS && size == 4)
        return pci->address;
    return port == PORT_RESET_CONTROL && size == 1 ? pci->reset_control : UINT32_MAX;
}

static void address_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct vmm_pci *pci = device;

    if (port == PORT_ADDRESS && size == 4) {
        pci->address = value & ADDRESS_WRITABLE;
    } else if (port == PORT_RESET_CONTROL && size == 1) {
        pci->reset_control = value & RESET_WRITABLE;
        if (value & RESET_CPU)
            pci->reset->requested = true;
    }
}

bool vmm_pci_add_ports(struct vmm_pci *pci, struct vmm_ports *ports)
{
    const struct vmm_port_range address = {PORT_ADDRESS, PORT_ADDRESS + 3, 4,
                                           address_read, address_write,    pci};
    const struct vmm_port_range data = {PORT_DATA, PORT_DATA + 3, 4, data_read, data_write, pci};

    pci->ports = ports;
    return vmm_ports_add(ports, &address) && vmm_ports_add(ports, &data);
}

void vmm_pci_host_bridge(struct vmm_pci_function *function)
{
    *function = (struct vmm_pci_function){0};
    vmm_pci_set(function, VMM_PCI_VENDOR_ID, 2, VENDOR_INTEL);
    vmm_pci_set(function, VMM_PCI_DEVICE_ID, 2, DEVICE_82441FX);
    vmm_pci_set(function, VMM_PCI_COMMAND, 2, 0x0006); /* memory and bus master, for good */
    vmm_pci_set(function, VMM_PCI_REVISION_ID, 1, 0x02);
    vmm_pci_set(function, VMM_PCI_CLASS, 2, CLASS_HOST_BRIDGE);
    vmm_pci_set(function, VMM_PCI_SUBSYSTEM_VENDOR_ID, 2, SUBSYSTEM_VENDOR_RED_HAT);
    vmm_pci_set(function, VMM_PCI_SUBSYSTEM_ID, 2, SUBSYSTEM_QEMU);
    /* The VM has memory there in any case: the registers only remember what the guest wrote. */
    for (unsigned i = 0; i < PAM_COUNT; i++) {
        function->config[PAM0 + i] = i ? PAM_READ_WRITE_BOTH : PAM0_READ_WRITE;
        function->writable[PAM0 + i] = 0xff;
    }
    function->writable[VMM_PCI_INTERRUPT_LINE] = 0xff;
}
