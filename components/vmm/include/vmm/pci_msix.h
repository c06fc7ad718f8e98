/* SPDX-License-Identifier: BSD-2-Clause */
/* MSI-X: interrupts as messages, each with an address and data of its own. PCI 3.0, 6.8.2. */
#ifndef VMM_PCI_MSIX_H
#define VMM_PCI_MSIX_H

#include <vmm/pci.h>

#define VMM_MSIX_VECTORS_MAX 32
#define VMM_MSIX_BAR_SIZE    4096 /* the table, and from VMM_MSIX_PENDING on the pending bits */
#define VMM_MSIX_PENDING     2048

struct vmm_msix_entry {
    uint32_t words[4]; /* address, its upper half, data, vector control: bit 0 masks */
};

struct vmm_msix {
    struct vmm_pci_function *function;
    unsigned count;      /* vectors */
    unsigned capability; /* offset */
    uint32_t pending;    /* a bit each */
    struct vmm_msix_entry entries[VMM_MSIX_VECTORS_MAX];
};

/* Gives a function `count` vectors, with their table in a memory BAR of its own, number `bar`.
 * False when there is no room for one of these. */
bool vmm_msix_init(struct vmm_msix *msix, struct vmm_pci_function *function, unsigned count,
                   unsigned bar);

/* True when the guest has switched it on; the pin is not used then. */
bool vmm_msix_enabled(const struct vmm_msix *msix);

/* Sends the message of a vector, or keeps it until the vector is no longer masked. */
void vmm_msix_raise(struct vmm_msix *msix, unsigned vector);

/* Sends what waits and is not masked any more. Called after writes to the capability. */
void vmm_msix_update(struct vmm_msix *msix);

/* Forgets what waits: the device was reset, and does not want it any more. */
static inline void vmm_msix_forget(struct vmm_msix *msix)
{
    msix->pending = 0;
}

#endif
