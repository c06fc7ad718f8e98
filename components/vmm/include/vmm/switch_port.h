/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One end of a cable: frames cross between two clients through memory that both have mapped, in a
 * ring for each direction. Each end writes in its own half alone; what it reads in the other's half
 * it reads once and checks, so that a peer which does what it likes can do no more than stop the
 * traffic of this one cable.
 */
#ifndef VMM_SWITCH_PORT_H
#define VMM_SWITCH_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/virtio_queue.h>

#define VMM_CABLE_SIZE   (2ul << 20) /* bytes of shared memory, cleared at first */
#define VMM_CABLE_RING   (512u << 10)
#define VMM_CABLE_RECORD 65600u /* the longest record: a frame and what goes with it */

/* A half: what its end writes. Positions count bytes, modulo 2^32. */
struct vmm_cable_half {
    uint32_t produced;      /* end of the last record in this half's ring */
    uint32_t produced_wake; /* signal when the other half's `produced` goes beyond */
    uint32_t unused[14];
    uint32_t consumed;      /* beginning of the first record in the other half's ring that counts */
    uint32_t consumed_wake; /* signal when the other half's `consumed` goes beyond */
    uint32_t unused2[14];
    uint8_t ring[VMM_CABLE_RING]; /* records: size in 4 bytes, so many bytes, up to 7 of nothing */
};

struct vmm_switch_port {
    volatile struct vmm_cable_half *own;
    const volatile struct vmm_cable_half *peer;
    void (*signal)(void *context); /* wakes the other end */
    void *context;
    uint32_t produced, told_produced; /* ours; and up to where the peer was told */
    uint32_t consumed, told_consumed;
    uint32_t writing; /* where the record that is being put goes on */
    bool broken;      /* the peer broke the rules: nothing is sent or received any more */
    uint64_t signals; /* given */
};

/* `end`: 0 or 1, which of the two this is. */
void vmm_switch_port_init(struct vmm_switch_port *port, void *memory, unsigned end,
                          void (*signal)(void *context), void *context);

/* Begins a record of `size` bytes, which are then appended. False: there is no room, and the peer
 * signals when there is more. */
bool vmm_switch_port_begin(struct vmm_switch_port *port, uint32_t size);
void vmm_switch_port_append(struct vmm_switch_port *port, const void *bytes, uint32_t size);
void vmm_switch_port_commit(struct vmm_switch_port *port);

/* The next record, where it lies: in one or two parts (the second one may be empty). It stays until
 * vmm_switch_port_drop(). False: there is none, and the peer signals when there is one. */
bool vmm_switch_port_peek(struct vmm_switch_port *port, struct vmm_segment parts[2]);
void vmm_switch_port_drop(struct vmm_switch_port *port, const struct vmm_segment parts[2]);

/* Signals the peer if it waits for what was put or dropped since the last call. */
void vmm_switch_port_flush(struct vmm_switch_port *port);

#endif
