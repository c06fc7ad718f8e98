/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical addresses of the server's memory: the direct map, or, in unit tests, the host's own. */
#ifndef SERVER_PHYSICAL_H
#define SERVER_PHYSICAL_H

#include <stdint.h>

#ifdef NACELLE_HOST
static inline void *memory_at(uint64_t physical)
{
    return (void *)physical;
}

static inline uint64_t physical_of(const void *memory)
{
    return (uint64_t)memory;
}
#else
#include "layout.h"

static inline void *memory_at(uint64_t physical)
{
    return direct_map(physical);
}

static inline uint64_t physical_of(const void *memory)
{
    return direct_physical(memory);
}
#endif

#endif
