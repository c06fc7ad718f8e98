/* SPDX-License-Identifier: BSD-2-Clause */
/* The forwarding of frames. A port whose ring is full loses frames, as on any switch: nobody waits
 * for a client that does not take them. */
#include "forward.h"

#include <stddef.h>
#include <vmm/net_offload.h>

#define MAC_SIZE 6
#define GROUP    1u /* of the first byte of an address: several receivers */

/* The header before a frame in a record is its receiver's to read. */
#define HEADER_SIZE sizeof(struct vmm_net_header)

/* Addresses are spread over the table, and looked for in a few places from there on. */
#define PROBES 8

static uint64_t read_mac(const struct vmm_segment parts[2], uint32_t at)
{
    uint64_t mac = 0;

    vmm_net_copy(parts, HEADER_SIZE + at, &mac, MAC_SIZE);
    return mac;
}

/* The place of an address, or a free one, or else the first of those where it could be. */
static struct address *place_of(struct forwarder *forwarder, uint64_t mac)
{
    unsigned start = (unsigned)(mac * 0x9e3779b97f4a7c15ull >> 56); /* golden ratio: spreads */
    struct address *free = NULL;

    for (unsigned i = 0; i < PROBES; i++) {
        struct address *address = &forwarder->addresses[(start + i) % ADDRESSES_MAX];

        if (address->mac == mac)
            return address;
        if (!address->mac && !free)
            free = address;
    }
    return free ? free : &forwarder->addresses[start % ADDRESSES_MAX];
}

static void send(struct forwarder *forwarder, unsigned to, const struct vmm_segment parts[2])
{
    struct vmm_switch_port *port = &forwarder->ports[to];

    if (!vmm_switch_port_begin(port, parts[0].size + parts[1].size)) {
        forwarder->dropped++;
        return;
    }
    vmm_switch_port_append(port, parts[0].bytes, parts[0].size);
    vmm_switch_port_append(port, parts[1].bytes, parts[1].size);
    vmm_switch_port_commit(port);
}

static void flood(struct forwarder *forwarder, unsigned from, const struct vmm_segment parts[2])
{
    forwarder->flooded++;
    for (unsigned i = 0; i < forwarder->port_count; i++)
        if (i != from)
            send(forwarder, i, parts);
}

static void forward(struct forwarder *forwarder, unsigned from, const struct vmm_segment parts[2])
{
    uint64_t to, source;
    struct address *address;

    if (parts[0].size + parts[1].size < HEADER_SIZE + VMM_FRAME_MIN) {
        forwarder->dropped++;
        return;
    }
    to = read_mac(parts, 0);
    source = read_mac(parts, MAC_SIZE);
    if (source && !(source & GROUP))
        *place_of(forwarder, source) = (struct address){source, from};
    address = place_of(forwarder, to);
    if ((to & GROUP) || !to || address->mac != to) {
        flood(forwarder, from, parts);
    } else if (address->port != from) {
        forwarder->forwarded++;
        send(forwarder, address->port, parts);
    }
}

/* A turn of one port. True when it may have more. */
static bool take_turn(struct forwarder *forwarder, unsigned from)
{
    struct vmm_switch_port *port = &forwarder->ports[from];
    struct vmm_segment parts[2];

    for (unsigned i = 0; i < AT_ONCE; i++) {
        if (!vmm_switch_port_peek(port, parts))
            return false;
        forward(forwarder, from, parts);
        vmm_switch_port_drop(port, parts);
    }
    return true;
}

void forward_all(struct forwarder *forwarder)
{
    bool more;

    do {
        more = false;
        for (unsigned i = 0; i < forwarder->port_count; i++)
            more |= take_turn(forwarder, i);
        for (unsigned i = 0; i < forwarder->port_count; i++)
            vmm_switch_port_flush(&forwarder->ports[i]);
    } while (more);
}
