/* SPDX-License-Identifier: BSD-2-Clause */
/* The reset line of a board: devices pull it, the event loop looks at it. */
#ifndef VMM_RESET_H
#define VMM_RESET_H

#include <stdbool.h>

struct vmm_reset {
    bool requested;
};

#endif
