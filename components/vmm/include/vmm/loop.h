/* SPDX-License-Identifier: BSD-2-Clause */
/* The event loop: one thread, one endpoint, any number of vCPUs, and their timers. */
#ifndef VMM_LOOP_H
#define VMM_LOOP_H

#include <runtime/pool.h>
#include <vmm/vcpu.h>

#define VMM_LOOP_VCPUS_MAX   8
#define VMM_LOOP_SOURCES_MAX 32

/* What runs when somebody signals: another client, an interrupt line. */
struct vmm_source {
    void (*handler)(void *context);
    void *context;
};

struct vmm_loop {
    uint64_t endpoint, notification; /* slots */
    uint64_t armed; /* what the notification's timer is set to; VMM_NEVER: it is not */
    unsigned count;
    struct vmm_vcpu *vcpus[VMM_LOOP_VCPUS_MAX]; /* badge - 1 */
    unsigned source_count;
    struct vmm_source sources[VMM_LOOP_SOURCES_MAX]; /* bit of the notification - 1 */
};

/* Makes the endpoint and the notification. Prints and exits on failure, like the others. */
void vmm_loop_init(struct vmm_loop *loop, struct nacelle_pool *pool);

/* Configures a vCPU to send its exits here. */
void vmm_loop_add(struct vmm_loop *loop, struct nacelle_pool *pool, struct vmm_vcpu *vcpu,
                  uint64_t vm);

/*
 * Another source of work beside exits and timers: `handler` runs, in the loop, after its bit of the
 * loop's notification was signalled, once for any number of signals; then interrupts are offered to
 * all vCPUs. Returns the bit as a badge: what signals it is vmm_loop_signal_slot()'s capability, or
 * the client's own copy of loop->notification with this badge. At most VMM_LOOP_SOURCES_MAX.
 */
uint64_t vmm_loop_add_source(struct vmm_loop *loop, void (*handler)(void *context), void *context);

/* Takes the client's doorbell for its notification, and the bits of its channels for sources of
 * theirs. To be called before any other source is added. Nothing without channels. */
void vmm_loop_use_channels(struct vmm_loop *loop, const struct nacelle_client_info *info);

/* What runs when the peer of a channel (channel->bit) signals. */
void vmm_loop_set_source(struct vmm_loop *loop, unsigned bit, void (*handler)(void *context),
                         void *context);

/* The slot of a new capability that signals the source with this badge, and can do nothing else:
 * to be given away, or bound to an interrupt line. */
uint64_t vmm_loop_signal_slot(struct vmm_loop *loop, struct nacelle_pool *pool, uint64_t badge);

/* Runs all vCPUs until all have stopped. */
void vmm_loop_run(struct vmm_loop *loop);

#endif
