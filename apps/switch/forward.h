/* SPDX-License-Identifier: BSD-2-Clause */
/* An Ethernet switch: where frames go. It learns addresses from those that send (IEEE 802.1D). */
#ifndef SWITCH_FORWARD_H
#define SWITCH_FORWARD_H

#include <vmm/switch_port.h>

#define PORTS_MAX     16
#define ADDRESSES_MAX 256
#define AT_ONCE       32 /* frames from a port before the next one has its turn */

struct address {
    uint64_t mac; /* its 6 bytes; 0: a free place */
    unsigned port;
};

struct forwarder {
    unsigned port_count;
    struct vmm_switch_port ports[PORTS_MAX];
    struct address addresses[ADDRESSES_MAX];
    uint64_t forwarded, flooded, dropped; /* frames; dropped: no room, or no frames at all */
};

/* Moves all frames that wait at the ports to where they go, and signals those that wait. */
void forward_all(struct forwarder *forwarder);

#endif
