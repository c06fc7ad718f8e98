/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the sender of a frame leaves to others: the checksum of a TCP or UDP packet, and the
 * division of a long TCP packet into segments. A frame's header tells, in the guest's buffers
 * (VIRTIO 1.2, 5.1.6) and on a cable; it is believed in neither.
 */
#ifndef VMM_NET_OFFLOAD_H
#define VMM_NET_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/virtio_queue.h>

/* Bytes of an Ethernet frame, without its check sequence. */
#define VMM_FRAME_MIN      14           /* the Ethernet header */
#define VMM_FRAME_MAX      1518         /* with a VLAN tag */
#define VMM_FRAME_LONG_MAX (18 + 65535) /* of one to be divided: an IP packet of any size */

/* Bytes of Ethernet, IP and TCP headers that a frame which is to be divided may have. */
#define VMM_NET_HEADERS_MAX      256

#define VMM_NET_F_NEEDS_CHECKSUM 1 /* flags */

#define VMM_NET_GSO_NONE         0 /* gso_type: as a whole, TCP over IPv4, TCP over IPv6 */
#define VMM_NET_GSO_TCPV4        1
#define VMM_NET_GSO_TCPV6        4
#define VMM_NET_GSO_ECN          0x80 /* beside these: CWR is set, for the first segment */

/* struct virtio_net_hdr (5.1.6), little endian. */
struct vmm_net_header {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t header_length; /* bytes up to the TCP data; told to guests, never used here */
    uint16_t gso_size;      /* bytes of TCP data in a segment */
    uint16_t
        checksum_start; /* the checksum is that of the bytes from here to the end, among them */
    uint16_t checksum_offset; /* its own, from there, which have the sum of the pseudo header */
    uint16_t buffers;         /* that the frame lies in, on its way to the driver */
};

/* Checks the header of a frame of `size` bytes, and clears what means nothing or is unknown. False:
 * it contradicts itself or the frame. */
bool vmm_net_header_check(struct vmm_net_header *header, uint32_t size);

/* Copies `size` bytes that lie in two parts, from byte `offset` on; so many must be there. */
void vmm_net_copy(const struct vmm_segment parts[2], uint32_t offset, void *to, uint32_t size);

/* What is left of two parts without their first `size` bytes; so many must be there. */
void vmm_net_skip(const struct vmm_segment parts[2], uint32_t size, struct vmm_segment left[2]);

/* Copies a frame that needs a checksum, and nothing else, with its checksum. Returns its size. The
 * header must have been checked. */
uint32_t vmm_net_complete(const struct vmm_net_header *header, const struct vmm_segment parts[2],
                          uint8_t to[VMM_FRAME_MAX]);

/* A frame that is to be divided. */
struct vmm_net_tcp {
    struct vmm_segment parts[2];
    uint32_t ip, tcp;       /* where these headers begin */
    uint32_t header_length; /* of all headers */
    uint32_t size;          /* bytes of TCP data behind them */
    uint32_t segment_size;
    bool ipv6;
    uint8_t headers[VMM_NET_HEADERS_MAX];
};

/* Reads the headers of a frame that is to be divided; the header must have been checked. False: it
 * is not what the header says, or its segments would not be frames that a guest can receive. */
bool vmm_net_tcp_init(struct vmm_net_tcp *tcp, const struct vmm_net_header *header,
                      const struct vmm_segment parts[2]);

/* Makes a frame of its own, with all checksums, of the data from byte `done` on, which is below
 * tcp->size. Returns the frame's size. */
uint32_t vmm_net_tcp_segment(const struct vmm_net_tcp *tcp, uint32_t done,
                             uint8_t to[VMM_FRAME_MAX]);

#endif
