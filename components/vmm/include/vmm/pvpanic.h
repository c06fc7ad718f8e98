/* SPDX-License-Identifier: BSD-2-Clause */
/* pvpanic on the ISA bus (QEMU, docs/specs/pvpanic.rst): a port by which a guest tells its host
 * that it has panicked. */
#ifndef VMM_PVPANIC_H
#define VMM_PVPANIC_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/ports.h>

/* Events, a bit each. */
#define VMM_PVPANIC_PANICKED     0x01 /* the guest has panicked, and leaves the rest to the host */
#define VMM_PVPANIC_CRASH_LOADED 0x02 /* it has, and deals with it itself: let it run */
#define VMM_PVPANIC_SHUTDOWN     0x04 /* it has shut down as it should */

/* Takes the events that a guest tells at once: one or more of the bits above. Runs in the middle of
 * an exit. */
typedef void vmm_pvpanic_events(void *context, uint8_t events);

struct vmm_pvpanic_host {
    vmm_pvpanic_events *events; /* NULL: the guest finds that no event is supported */
    void *context;
};

struct vmm_pvpanic {
    struct vmm_pvpanic_host host;
};

void vmm_pvpanic_init(struct vmm_pvpanic *pvpanic, const struct vmm_pvpanic_host *host);

/* False like vmm_ports_add(). */
bool vmm_pvpanic_add_ports(struct vmm_pvpanic *pvpanic, struct vmm_ports *ports);

#endif
