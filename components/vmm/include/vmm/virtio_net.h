/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio network device with one pair of queues. VIRTIO 1.2, 5.1. */
#ifndef VMM_VIRTIO_NET_H
#define VMM_VIRTIO_NET_H

#include <vmm/virtio.h>

#define VMM_MAC_SIZE  6
#define VMM_FRAME_MIN 14   /* the Ethernet header */
#define VMM_FRAME_MAX 1518 /* with a VLAN tag, without checksum */

/* Feature bits (5.1.3). */
#define VMM_VIRTIO_NET_F_MAC       (1ull << 5)
#define VMM_VIRTIO_NET_F_MRG_RXBUF (1ull << 15)
#define VMM_VIRTIO_NET_F_STATUS    (1ull << 16)

/* struct virtio_net_hdr (5.1.6), before each frame in a buffer. */
struct vmm_virtio_net_header {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t header_length, gso_size, checksum_start, checksum_offset;
    uint16_t buffers; /* that the frame lies in, on its way to the driver */
};

/* What a network device is connected to. */
struct vmm_net_link {
    /* Takes a frame of `size` bytes, at `offset` in what the device reads of the buffer. False: no
     * room; the frame waits until vmm_virtio_net_resume(). */
    bool (*transmit)(void *context, const struct vmm_virtq_buffer *buffer, uint64_t offset,
                     uint32_t size);
    void (*flush)(void *context); /* no more frames for now; may be NULL */
    void (*ready)(void *context); /* the guest has given buffers to receive into; may be NULL */
    void *context;
};

struct vmm_virtio_net {
    struct vmm_virtio virtio;
    struct vmm_net_link link;
    uint64_t sent, received, dropped; /* frames */
};

void vmm_virtio_net_init(struct vmm_virtio_net *net, const struct vmm_memory *memory,
                         uint8_t device, const uint8_t mac[VMM_MAC_SIZE],
                         const struct vmm_net_link *link);

/* Goes on with frames for which there was no room. */
void vmm_virtio_net_resume(struct vmm_virtio_net *net);

/* Gives the guest a frame, which lies in `count` parts. False: it has no buffers for it now;
 * link.ready() tells when to try again. What can never be received is dropped. */
bool vmm_virtio_net_receive(struct vmm_virtio_net *net, const struct vmm_segment *parts,
                            unsigned count);

/* Interrupts the guest for the frames that it got; after one or several of them. */
void vmm_virtio_net_finish(struct vmm_virtio_net *net);

/* Says whether there is a network at the other end; at first there is. */
void vmm_virtio_net_set_link(struct vmm_virtio_net *net, bool up);

#endif
