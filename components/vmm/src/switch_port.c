/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings of frames in shared memory. */
#include <runtime/string.h>
#include <vmm/switch_port.h>

#define SIZE_BYTES   4u
#define RECORD_ALIGN 8u

_Static_assert(2 * sizeof(struct vmm_cable_half) <= VMM_CABLE_SIZE, "both halves fit");
_Static_assert((VMM_CABLE_RING & (VMM_CABLE_RING - 1)) == 0, "positions wrap around");

#define LOAD(from)       __atomic_load_n(&(from), __ATOMIC_ACQUIRE)
#define STORE(to, value) __atomic_store_n(&(to), (value), __ATOMIC_RELEASE)

void vmm_switch_port_init(struct vmm_switch_port *port, void *memory, unsigned end,
                          void (*signal)(void *context), void *context)
{
    volatile struct vmm_cable_half *halves = memory;

    *port = (struct vmm_switch_port){
        .own = &halves[end & 1], .peer = &halves[~end & 1], .signal = signal, .context = context};
}

/* Bytes of the ring that a record takes. */
static uint32_t room_for(uint32_t size)
{
    return (SIZE_BYTES + size + RECORD_ALIGN - 1) & ~(RECORD_ALIGN - 1);
}

/* What is in our ring and was not consumed; more than fits means that the peer errs. */
static uint32_t in_flight(struct vmm_switch_port *port)
{
    uint32_t count = port->produced - LOAD(port->peer->consumed);

    if (count > VMM_CABLE_RING || count % RECORD_ALIGN)
        port->broken = true;
    return count;
}

bool vmm_switch_port_begin(struct vmm_switch_port *port, uint32_t size)
{
    uint32_t room = room_for(size), count;

    if (port->broken || !size || size > VMM_CABLE_RECORD)
        return false;
    count = in_flight(port);
    if (!port->broken && VMM_CABLE_RING - count < room) {
        /* Ask for a signal, and look again: it may have been consumed before the peer could see
         * that we ask. */
        port->own->consumed_wake = port->produced - count;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        count = in_flight(port);
    }
    if (port->broken || VMM_CABLE_RING - count < room)
        return false;
    port->writing = port->produced;
    vmm_switch_port_append(port, &size, SIZE_BYTES);
    return true;
}

void vmm_switch_port_append(struct vmm_switch_port *port, const void *bytes, uint32_t size)
{
    uint8_t *ring = (uint8_t *)port->own->ring;
    uint32_t at = port->writing % VMM_CABLE_RING;
    uint32_t first = size < VMM_CABLE_RING - at ? size : VMM_CABLE_RING - at;

    memcpy(ring + at, bytes, first);
    memcpy(ring, (const uint8_t *)bytes + first, size - first);
    port->writing += size;
}

void vmm_switch_port_commit(struct vmm_switch_port *port)
{
    port->produced = (port->writing + RECORD_ALIGN - 1) & ~(RECORD_ALIGN - 1);
    STORE(port->own->produced, port->produced);
}

/* What the peer has put and we have not taken. */
static uint32_t waiting(struct vmm_switch_port *port)
{
    uint32_t count = LOAD(port->peer->produced) - port->consumed;

    if (count > VMM_CABLE_RING || count % RECORD_ALIGN)
        port->broken = true;
    return count;
}

bool vmm_switch_port_peek(struct vmm_switch_port *port, struct vmm_segment parts[2])
{
    uint8_t *ring = (uint8_t *)port->peer->ring;
    uint32_t at = port->consumed % VMM_CABLE_RING, count, size, first;

    if (port->broken)
        return false;
    count = waiting(port);
    if (!count) { /* ask for a signal, and look again */
        port->own->produced_wake = port->consumed;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        count = waiting(port);
    }
    if (port->broken || !count)
        return false;
    size = *(const volatile uint32_t *)(ring + at);
    if (!size || size > VMM_CABLE_RECORD || room_for(size) > count) {
        port->broken = true;
        return false;
    }
    at = (at + SIZE_BYTES) % VMM_CABLE_RING;
    first = size < VMM_CABLE_RING - at ? size : VMM_CABLE_RING - at;
    parts[0] = (struct vmm_segment){ring + at, first};
    parts[1] = (struct vmm_segment){ring, size - first};
    return true;
}

void vmm_switch_port_drop(struct vmm_switch_port *port, const struct vmm_segment parts[2])
{
    port->consumed += room_for(parts[0].size + parts[1].size);
    STORE(port->own->consumed, port->consumed);
}

/* True when the position at which the peer wants a signal was passed since it was last told. */
static bool passed(uint32_t wake, uint32_t *told, uint32_t now)
{
    bool wanted = now - wake - 1 < now - *told;

    *told = now;
    return wanted;
}

void vmm_switch_port_flush(struct vmm_switch_port *port)
{
    bool wanted;

    if (port->produced == port->told_produced && port->consumed == port->told_consumed)
        return;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    wanted = passed(port->peer->produced_wake, &port->told_produced, port->produced);
    wanted |= passed(port->peer->consumed_wake, &port->told_consumed, port->consumed);
    if (!wanted)
        return;
    port->signals++;
    port->signal(port->context);
}
