/* SPDX-License-Identifier: BSD-2-Clause */
/* What the vCPU engine needs of the server (vcpu/vcpu.h). */
#ifndef VCPU_HOST_H
#define VCPU_HOST_H

#include "../src/cpu.h"

static inline uint64_t vcpu_host_physical(const void *memory)
{
    return direct_physical(memory);
}

static inline void *vcpu_host_virtual(uint64_t physical)
{
    return direct_map(physical);
}

static inline struct vcpu_cpu *vcpu_host_cpu(void)
{
    return &this_cpu()->engine;
}

#endif
