/* SPDX-License-Identifier: BSD-2-Clause */
/* pvpanic on the ISA bus (QEMU, docs/specs/pvpanic.rst). */
#include <vmm/pvpanic.h>

#define PORT 0x505 /* src/board.asl */
#define ALL  (VMM_PVPANIC_PANICKED | VMM_PVPANIC_CRASH_LOADED | VMM_PVPANIC_SHUTDOWN)

static uint32_t pvpanic_read(void *device, uint16_t port, unsigned size)
{
    const struct vmm_pvpanic *pvpanic = device;

    (void)port;
    (void)size;
    return pvpanic->host.events ? ALL : 0;
}

static void pvpanic_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    const struct vmm_pvpanic *pvpanic = device;

    (void)port;
    (void)size;
    if (pvpanic->host.events && (value & ALL))
        pvpanic->host.events(pvpanic->host.context, value & ALL);
}

void vmm_pvpanic_init(struct vmm_pvpanic *pvpanic, const struct vmm_pvpanic_host *host)
{
    *pvpanic = (struct vmm_pvpanic){.host = *host};
}

bool vmm_pvpanic_add_ports(struct vmm_pvpanic *pvpanic, struct vmm_ports *ports)
{
    const struct vmm_port_range range = {PORT, PORT, 1, pvpanic_read, pvpanic_write, pvpanic};

    return vmm_ports_add(ports, &range);
}
