/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio network device with one pair of queues. VIRTIO 1.2, 5.1. */
#ifndef VMM_VIRTIO_NET_H
#define VMM_VIRTIO_NET_H

#include <vmm/net_offload.h>
#include <vmm/virtio.h>

#define VMM_MAC_SIZE 6

/* Feature bits (5.1.3). HOST: frames from the driver may leave something to the device; GUEST:
 * those to the driver. */
#define VMM_VIRTIO_NET_F_CSUM       (1ull << 0)
#define VMM_VIRTIO_NET_F_GUEST_CSUM (1ull << 1)
#define VMM_VIRTIO_NET_F_MAC        (1ull << 5)
#define VMM_VIRTIO_NET_F_GUEST_TSO4 (1ull << 7)
#define VMM_VIRTIO_NET_F_GUEST_TSO6 (1ull << 8)
#define VMM_VIRTIO_NET_F_GUEST_ECN  (1ull << 9)
#define VMM_VIRTIO_NET_F_HOST_TSO4  (1ull << 11)
#define VMM_VIRTIO_NET_F_HOST_TSO6  (1ull << 12)
#define VMM_VIRTIO_NET_F_HOST_ECN   (1ull << 13)
#define VMM_VIRTIO_NET_F_MRG_RXBUF  (1ull << 15)
#define VMM_VIRTIO_NET_F_STATUS     (1ull << 16)

/* Those of them by which a driver leaves something to the device, or takes it. */
#define VMM_VIRTIO_NET_OFFLOADS                                                              \
    (VMM_VIRTIO_NET_F_CSUM | VMM_VIRTIO_NET_F_HOST_TSO4 | VMM_VIRTIO_NET_F_HOST_TSO6 |       \
     VMM_VIRTIO_NET_F_HOST_ECN | VMM_VIRTIO_NET_F_GUEST_CSUM | VMM_VIRTIO_NET_F_GUEST_TSO4 | \
     VMM_VIRTIO_NET_F_GUEST_TSO6 | VMM_VIRTIO_NET_F_GUEST_ECN)

/* What a network device is connected to. */
struct vmm_net_link {
    /* Takes a frame of `size` bytes, at `offset` in what the device reads of the buffer, and the
     * header that goes with it, which has been checked. False: no room; the frame waits until
     * vmm_virtio_net_resume(). */
    bool (*transmit)(void *context, const struct vmm_net_header *header,
                     const struct vmm_virtq_buffer *buffer, uint64_t offset, uint32_t size);
    void (*flush)(void *context); /* no more frames for now; may be NULL */
    void (*ready)(void *context); /* the guest has given buffers to receive into; may be NULL */
    void *context;
};

struct vmm_virtio_net {
    struct vmm_virtio virtio;
    struct vmm_net_link link;
    uint32_t done;               /* bytes of TCP data of the frame whose segments are received */
    uint8_t made[VMM_FRAME_MAX]; /* a frame made of another */
    uint64_t sent, received, dropped; /* frames; segments count as frames of their own */
    uint64_t divided;                 /* frames that were divided for the guest */
};

void vmm_virtio_net_init(struct vmm_virtio_net *net, const struct vmm_memory *memory,
                         uint8_t device, const uint8_t mac[VMM_MAC_SIZE],
                         const struct vmm_net_link *link);

/* Goes on with frames for which there was no room. */
void vmm_virtio_net_resume(struct vmm_virtio_net *net);

/* Offers the driver no offloads; before it has begun. */
void vmm_virtio_net_refuse_offloads(struct vmm_virtio_net *net);

/* Gives the guest a frame, which lies in two parts, with its header, which is not believed. What
 * the header asks for and the driver does not do is done here. False: there are no buffers for all
 * of it now; it is to be given again after link.ready(). What can never be received is dropped. */
bool vmm_virtio_net_receive(struct vmm_virtio_net *net, const struct vmm_net_header *header,
                            const struct vmm_segment parts[2]);

/* Interrupts the guest for the frames that it got; after one or several of them. */
void vmm_virtio_net_finish(struct vmm_virtio_net *net);

/* Says whether there is a network at the other end; at first there is. */
void vmm_virtio_net_set_link(struct vmm_virtio_net *net, bool up);

#endif
