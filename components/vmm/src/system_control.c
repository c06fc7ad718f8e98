/* SPDX-License-Identifier: BSD-2-Clause */
/* System control port A (IBM PS/2 Hardware Interface Technical Reference). The A20 gate is a bit
 * that reads back: the address line itself is always on, as on processors of today. */
#include <vmm/system_control.h>

#define PORT  0x92
#define A20   0x02
#define RESET 0x01

static uint32_t control_read(void *device, uint16_t port, unsigned size)
{
    const struct vmm_system_control *control = device;

    (void)port;
    (void)size;
    return control->value;
}

static void control_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct vmm_system_control *control = device;

    (void)port;
    (void)size;
    control->value = value & A20;
    if (value & RESET)
        control->reset->requested = true;
}

void vmm_system_control_init(struct vmm_system_control *control, struct vmm_reset *reset)
{
    *control = (struct vmm_system_control){.value = A20, .reset = reset};
}

bool vmm_system_control_add_ports(struct vmm_system_control *control, struct vmm_ports *ports)
{
    const struct vmm_port_range range = {PORT, PORT, 1, control_read, control_write, control};

    return vmm_ports_add(ports, &range);
}
