/* SPDX-License-Identifier: BSD-2-Clause */
/* The debug port of Bochs and QEMU, 402h: characters out, e9h in. */
#ifndef VMM_DEBUG_PORT_H
#define VMM_DEBUG_PORT_H

#include <stdbool.h>
#include <vmm/ports.h>

#define VMM_DEBUG_LINE_MAX 200

/* Takes a line, without its end. */
typedef void vmm_debug_line(void *context, const char *line);

struct vmm_debug_port {
    char line[VMM_DEBUG_LINE_MAX + 1];
    unsigned length;
    vmm_debug_line *print;
    void *context;
};

/* `print` may be NULL: nobody reads the lines. */
void vmm_debug_port_init(struct vmm_debug_port *debug, vmm_debug_line *print, void *context);
bool vmm_debug_port_add(struct vmm_debug_port *debug, struct vmm_ports *ports);

/* Prints a line that has no end yet. */
void vmm_debug_port_flush(struct vmm_debug_port *debug);

#endif
