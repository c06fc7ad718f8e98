/* SPDX-License-Identifier: BSD-2-Clause */
/* The reset line of a board, and its power supply: devices pull them, the event loop looks. */
#ifndef VMM_RESET_H
#define VMM_RESET_H

#include <stdbool.h>

struct vmm_reset {
    bool requested;
    bool power_off; /* the guest has switched the machine off */
};

#endif
