/* SPDX-License-Identifier: BSD-2-Clause */
/* The event loop: one thread, one endpoint, any number of vCPUs, and their timers. */
#ifndef VMM_LOOP_H
#define VMM_LOOP_H

#include <runtime/pool.h>
#include <vmm/vcpu.h>

#define VMM_LOOP_VCPUS_MAX 8

struct vmm_loop {
    uint64_t endpoint, notification; /* slots */
    uint64_t armed; /* what the notification's timer is set to; VMM_NEVER: it is not */
    unsigned count;
    struct vmm_vcpu *vcpus[VMM_LOOP_VCPUS_MAX]; /* badge - 1 */
};

/* Makes the endpoint and the notification. Prints and exits on failure, like the others. */
void vmm_loop_init(struct vmm_loop *loop, struct nacelle_pool *pool);

/* Configures a vCPU to send its exits here. */
void vmm_loop_add(struct vmm_loop *loop, struct nacelle_pool *pool, struct vmm_vcpu *vcpu,
                  uint64_t vm);

/* Runs all vCPUs until all have stopped. */
void vmm_loop_run(struct vmm_loop *loop);

#endif
