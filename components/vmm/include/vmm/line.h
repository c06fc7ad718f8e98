/* SPDX-License-Identifier: BSD-2-Clause */
/* An interrupt line from a device to an interrupt controller. */
#ifndef VMM_LINE_H
#define VMM_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct vmm_line {
    void (*set)(void *controller, unsigned input, bool level); /* NULL: connected to nothing */
    void *controller;
    unsigned input;
};

static inline void vmm_line_set(const struct vmm_line *line, bool level)
{
    if (line->set)
        line->set(line->controller, line->input, level);
}

#endif
