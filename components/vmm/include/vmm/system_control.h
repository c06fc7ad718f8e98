/* SPDX-License-Identifier: BSD-2-Clause */
/* System control port A, 92h: the A20 gate and a fast way to reset the processor. */
#ifndef VMM_SYSTEM_CONTROL_H
#define VMM_SYSTEM_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/ports.h>
#include <vmm/reset.h>

struct vmm_system_control {
    uint8_t value;
    struct vmm_reset *reset; /* set when the guest resets the processor */
};

void vmm_system_control_init(struct vmm_system_control *control, struct vmm_reset *reset);
bool vmm_system_control_add_ports(struct vmm_system_control *control, struct vmm_ports *ports);

#endif
