/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O ports of the machine (nacelle/object.h says what each operation does and how it fails). */
#ifndef RUNTIME_IOPORT_H
#define RUNTIME_IOPORT_H

#include <nacelle/object.h>
#include <runtime/system_call.h>

/* `size` in bytes: 1, 2 or 4. */
static inline enum nacelle_error nacelle_ioport_in(uint64_t ports, uint16_t port, unsigned size,
                                                   uint32_t *value)
{
    struct nacelle_message message = {.words = {port, size}};
    enum nacelle_error error = nacelle_invoke(ports, NACELLE_IOPORT_IN, 2, &message);

    if (error == NACELLE_ERROR_OK)
        *value = (uint32_t)message.words[0];
    return error;
}

static inline enum nacelle_error nacelle_ioport_out(uint64_t ports, uint16_t port, unsigned size,
                                                    uint32_t value)
{
    return nacelle_invoke3(ports, NACELLE_IOPORT_OUT, port, size, value);
}

#endif
