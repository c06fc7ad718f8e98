/* SPDX-License-Identifier: BSD-2-Clause */
/* The debug port: how SeaBIOS writes its log (its source, src/fw/paravirt.h). */
#include <vmm/debug_port.h>

#define PORT      0x402
#define SIGNATURE 0xe9 /* what a read must return before SeaBIOS writes */

void vmm_debug_port_init(struct vmm_debug_port *debug, vmm_debug_line *print, void *context)
{
    *debug = (struct vmm_debug_port){.print = print, .context = context};
}

static void end_line(struct vmm_debug_port *debug)
{
    debug->line[debug->length] = 0;
    if (debug->print)
        debug->print(debug->context, debug->line);
    debug->length = 0;
}

void vmm_debug_port_flush(struct vmm_debug_port *debug)
{
    if (debug->length)
        end_line(debug);
}

static uint32_t debug_read(void *device, uint16_t port, unsigned size)
{
    (void)device;
    (void)port;
    (void)size;
    return SIGNATURE;
}

static void debug_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct vmm_debug_port *debug = device;
    char character = (char)value;

    (void)port;
    (void)size;
    if (character == '\r')
        return;
    if (character == '\n') {
        end_line(debug);
        return;
    }
    if (debug->length == VMM_DEBUG_LINE_MAX)
        vmm_debug_port_flush(debug);
    debug->line[debug->length++] = character;
}

bool vmm_debug_port_add(struct vmm_debug_port *debug, struct vmm_ports *ports)
{
    const struct vmm_port_range range = {PORT, PORT, 1, debug_read, debug_write, debug};

    return vmm_ports_add(ports, &range);
}
