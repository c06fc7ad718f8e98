/* SPDX-License-Identifier: BSD-2-Clause */
/* What the engine needs of this host: memory is mapped where it is, and there is one CPU. */
#ifndef VCPU_HOST_H
#define VCPU_HOST_H

#include <vcpu/vcpu.h>

extern struct vcpu_cpu bare_cpu;

static inline uint64_t vcpu_host_physical(const void *memory)
{
    return (uintptr_t)memory;
}

static inline void *vcpu_host_virtual(uint64_t physical)
{
    return (void *)(uintptr_t)physical;
}

static inline struct vcpu_cpu *vcpu_host_cpu(void)
{
    return &bare_cpu;
}

#endif
