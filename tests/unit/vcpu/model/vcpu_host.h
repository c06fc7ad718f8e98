/* SPDX-License-Identifier: BSD-2-Clause */
/* The unit tests' host: an arena of physical memory, CPUs of the software model. */
#ifndef VCPU_HOST_H
#define VCPU_HOST_H

#include <vcpu/vcpu.h>

uint64_t model_physical(const void *memory);
void *model_virtual(uint64_t physical);
struct vcpu_cpu *model_engine_cpu(void);

static inline uint64_t vcpu_host_physical(const void *memory)
{
    return model_physical(memory);
}

static inline void *vcpu_host_virtual(uint64_t physical)
{
    return model_virtual(physical);
}

static inline struct vcpu_cpu *vcpu_host_cpu(void)
{
    return model_engine_cpu();
}

#endif
