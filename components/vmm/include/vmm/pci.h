/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI: configuration space by mechanism 1 (cf8h, cfch), bus 0, functions with base address
 * registers, capabilities and interrupts; and the host bridge. PCI Local Bus Specification 3.0. */
#ifndef VMM_PCI_H
#define VMM_PCI_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/line.h>
#include <vmm/mmio.h>
#include <vmm/ports.h>
#include <vmm/reset.h>

#define VMM_PCI_FUNCTIONS_MAX 32
#define VMM_PCI_CONFIG_SIZE   256
#define VMM_PCI_BARS          6
#define VMM_PCI_LINES         4 /* PIRQA to PIRQD */

/* Where vmm_pci_assign() begins: ports, and guest-physical addresses up to the window's. */
#define VMM_PCI_PORTS      0xc000
#define VMM_PCI_MEMORY     0xc0000000u
#define VMM_PCI_MEMORY_END 0xfe000000u

/* Configuration space of bus 0 in memory (PCI Express 3.0, 7.2.2), which ACPI's MCFG names. SeaBIOS
 * gives BARs addresses from FEC00000h downwards, so there are 11 MiB for them. */
#define VMM_PCI_WINDOW      0xfe000000u
#define VMM_PCI_WINDOW_SIZE 0x100000u

/* Registers of a configuration space (6.1). */
#define VMM_PCI_VENDOR_ID           0x00
#define VMM_PCI_DEVICE_ID           0x02
#define VMM_PCI_COMMAND             0x04
#define VMM_PCI_STATUS              0x06
#define VMM_PCI_REVISION_ID         0x08
#define VMM_PCI_PROGRAMMING         0x09
#define VMM_PCI_CLASS               0x0a
#define VMM_PCI_BAR0                0x10
#define VMM_PCI_SUBSYSTEM_VENDOR_ID 0x2c
#define VMM_PCI_SUBSYSTEM_ID        0x2e
#define VMM_PCI_CAPABILITIES        0x34
#define VMM_PCI_INTERRUPT_LINE      0x3c
#define VMM_PCI_INTERRUPT_PIN       0x3d
#define VMM_PCI_FIRST_FREE          0x40 /* capabilities begin here */

/* Bits of COMMAND (6.2.2). */
#define VMM_PCI_COMMAND_IO           0x0001u
#define VMM_PCI_COMMAND_MEMORY       0x0002u
#define VMM_PCI_COMMAND_MASTER       0x0004u
#define VMM_PCI_COMMAND_INTX_DISABLE 0x0400u

struct vmm_pci_function;
struct vmm_msix;

/* `offset` counts from the start of the BAR; `size` is 1, 2 or 4 bytes; an access may be at any
 * offset and lies within the BAR. */
typedef uint32_t vmm_pci_bar_read(void *device, uint32_t offset, unsigned size);
typedef void vmm_pci_bar_write(void *device, uint32_t offset, unsigned size, uint32_t value);

struct vmm_pci_bar {
    uint32_t size; /* bytes, a power of two; 0: there is no such BAR */
    bool io;       /* ports, else memory */
    vmm_pci_bar_read *read;
    vmm_pci_bar_write *write;
    void *device;
    uint32_t address; /* where it answers now; 0: nowhere */
};

struct vmm_pci_function {
    uint8_t device, function;
    uint8_t config[VMM_PCI_CONFIG_SIZE];
    uint8_t writable[VMM_PCI_CONFIG_SIZE]; /* the bits that the guest can change */
    struct vmm_pci_bar bars[VMM_PCI_BARS];
    unsigned capabilities_end; /* offset behind the last capability; 0: there is none */
    bool interrupt;            /* the function asks for an interrupt by its pin */
    struct vmm_msix *msix;     /* NULL: it has none */
    struct vmm_pci *pci;       /* set by vmm_pci_add() */
    /* For registers with effects: called before the guest's read, after its write. May be NULL. */
    void (*config_read)(struct vmm_pci_function *function, unsigned offset, unsigned size);
    void (*config_written)(struct vmm_pci_function *function, unsigned offset, unsigned size);
};

/* Takes a message-signalled interrupt: the write of `data` to the address (SDM vol. 3, 10.11). */
typedef void vmm_pci_message(void *context, uint64_t address, uint32_t data);

struct vmm_pci {
    uint32_t address; /* cf8h */
    unsigned count;
    struct vmm_pci_function *functions[VMM_PCI_FUNCTIONS_MAX];
    struct vmm_reset *reset; /* set when the guest resets the machine through cf9h */
    uint8_t reset_control;
    struct vmm_ports *ports;  /* where BARs answer; NULL: nowhere */
    struct vmm_mmio *mmio;    /* the same */
    vmm_pci_message *message; /* NULL: messages are lost */
    void *message_context;
    struct vmm_line lines[VMM_PCI_LINES];
    uint8_t irqs[VMM_PCI_LINES]; /* for INTERRUPT_LINE, which system software reads */
};

void vmm_pci_init(struct vmm_pci *pci, struct vmm_reset *reset);
bool vmm_pci_add_ports(struct vmm_pci *pci, struct vmm_ports *ports);

/* Adds the window at VMM_PCI_WINDOW. False like vmm_mmio_add(). */
bool vmm_pci_add_window(struct vmm_pci *pci, struct vmm_mmio *mmio);

/* False when the bus is full or the place is taken. The function is kept by reference. */
bool vmm_pci_add(struct vmm_pci *pci, struct vmm_pci_function *function);

/* The line that the interrupt pin of a function drives: 0 to 3 for PIRQA to PIRQD, wired as on
 * boards with an Intel PIIX, which is what SeaBIOS assumes: pin A of device 1 is PIRQA, of device 2
 * PIRQB. */
unsigned vmm_pci_line(const struct vmm_pci_function *function);

/* Gives all BARs an address, in the order of the functions, enables them, and fills in
 * the interrupt lines: for boards without a firmware. False when there is no room. */
bool vmm_pci_assign(struct vmm_pci *pci);

/* Sets or reads `size` bytes (1, 2 or 4) of a configuration space, little endian. */
void vmm_pci_set(struct vmm_pci_function *function, unsigned offset, unsigned size, uint32_t value);
uint32_t vmm_pci_get(const struct vmm_pci_function *function, unsigned offset, unsigned size);

/* Adds a capability of `size` bytes, whose first two the call fills in, to the list.
 * Returns its offset; 0 when there is no room. */
unsigned vmm_pci_add_capability(struct vmm_pci_function *function, uint8_t id, unsigned size);

/* Makes BAR `index`; false when its size is not a power of two of at least 16 bytes (4 to 256 for
 * ports), or it is there already. */
bool vmm_pci_add_bar(struct vmm_pci_function *function, unsigned index,
                     const struct vmm_pci_bar *bar);

/* An access to a BAR, wherever it is: for windows in configuration space. Out of the BAR, or of a
 * size other than 1, 2, 4: reads all ones and writes nothing. */
uint32_t vmm_pci_bar_read_at(const struct vmm_pci_function *function, unsigned index,
                             uint32_t offset, unsigned size);
void vmm_pci_bar_write_at(const struct vmm_pci_function *function, unsigned index, uint32_t offset,
                          unsigned size, uint32_t value);

/* Puts all BARs where the registers say that they are. Called after each write to them. */
void vmm_pci_place_bars(struct vmm_pci *pci);

/* Gives the function interrupt pin A. */
void vmm_pci_use_pin(struct vmm_pci_function *function);

/* Asks for an interrupt by the pin, or no longer; and what follows of a change of COMMAND. */
void vmm_pci_interrupt(struct vmm_pci_function *function, bool level);

/* True if the function may access memory, which is off until the guest allows it. */
static inline bool vmm_pci_is_master(const struct vmm_pci_function *function)
{
    return function->config[VMM_PCI_COMMAND] & VMM_PCI_COMMAND_MASTER;
}

/* An Intel 82441FX host bridge at 0.0, with all its shadow memory already open; the subsystem IDs
 * are those by which SeaBIOS knows that there is a fw_cfg interface. */
void vmm_pci_host_bridge(struct vmm_pci_function *function);

#endif
