/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP frames for tests, as a sender makes them that leaves checksum and division to others. */
#ifndef TESTS_VMM_NET_FRAMES_H
#define TESTS_VMM_NET_FRAMES_H

#include <stdint.h>
#include <string.h>
#include <vmm/net_offload.h>

#define ETHERNET    14u
#define IPV4_HEADER 20u
#define IPV6_HEADER 40u
#define TCP_HEADER  20u
#define IPV4_DATA   (ETHERNET + IPV4_HEADER + TCP_HEADER)
#define IPV6_DATA   (ETHERNET + IPV6_HEADER + TCP_HEADER)

/* 10.0.0.1:1000 to 10.0.0.2:5000; ID FFFEh, sequence FFFFFF00h, CWR, ECE, ACK, PSH, FIN. */
static const uint8_t ipv4_headers[IPV4_DATA] = {
    0x02, 0,    0,    0,    0,    2,    0x02, 0, 0,    0,    0,    1,    0x08, 0, /* Ethernet */
    0x45, 0,    0,    0,    0xff, 0xfe, 0x40, 0, /* length: by the test; don't fragment */
    64,   6,    0xbe, 0xef, 10,   0,    0,    1, 10,   0,    0,    2,    /* no checksum yet */
    0x03, 0xe8, 0x13, 0x88, 0xff, 0xff, 0xff, 0, 0x12, 0x34, 0x56, 0x78, /* TCP */
    0x50, 0xd9, 0x10, 0,    0,    0,    0,    0,
};

/* fd00::1 to fd00::2, otherwise the same. */
static const uint8_t ipv6_headers[IPV6_DATA] = {
    0x02, 0, 0,    0,    0,    2,    0x02, 0,    0,    0,    0,    1,    0x86, 0xdd, 0x60,
    0,    0, 0,    0,    0,    6,    64,   0xfd, 0,    0,    0,    0,    0,    0,    0,
    0,    0, 0,    0,    0,    0,    0,    1,    0xfd, 0,    0,    0,    0,    0,    0,
    0,    0, 0,    0,    0,    0,    0,    0,    2,    0x03, 0xe8, 0x13, 0x88, 0xff, 0xff,
    0xff, 0, 0x12, 0x34, 0x56, 0x78, 0x50, 0xd9, 0x10, 0,    0,    0,    0,    0,
};

static inline void store16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline uint32_t load16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static inline uint32_t load32(const uint8_t *at)
{
    return load16(at) << 16 | load16(at + 2);
}

/* The sum of the bytes as words of 16 bits, added to another (RFC 1071). */
static inline uint32_t add_words(uint32_t sum, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

/* The sum of the pseudo header of a frame without VLAN tag: addresses, protocol 6, and the length
 * of TCP header and data, which begin at `tcp` (RFC 9293, 3.1; RFC 8200, 8.1). */
static inline uint32_t pseudo_sum(const uint8_t *frame, uint32_t tcp, uint32_t size)
{
    const uint8_t *ip = frame + ETHERNET;
    uint8_t rest[4] = {0, 6};

    store16(rest + 2, size - tcp);
    return add_words(ip[0] >> 4 == 4 ? add_words(0, ip + 12, 8) : add_words(0, ip + 8, 32), rest,
                     4);
}

/* Data behind these headers, whose lengths and pseudo sum fit then. Returns the size of the frame,
 * and the header that goes with it. */
static inline uint32_t make_tcp_frame(uint8_t *frame, bool ipv6, uint32_t data, uint16_t gso_size,
                                      struct vmm_net_header *header)
{
    uint32_t headers = ipv6 ? IPV6_DATA : IPV4_DATA, size = headers + data;
    uint32_t tcp = headers - TCP_HEADER;

    memcpy(frame, ipv6 ? ipv6_headers : ipv4_headers, headers);
    for (uint32_t i = 0; i < data; i++)
        frame[headers + i] = (uint8_t)(i * 7 + i / 256);
    if (ipv6)
        store16(frame + ETHERNET + 4, size - ETHERNET - IPV6_HEADER);
    else
        store16(frame + ETHERNET + 2, size - ETHERNET);
    store16(frame + tcp + 16, pseudo_sum(frame, tcp, size));
    *header = (struct vmm_net_header){
        .flags = VMM_NET_F_NEEDS_CHECKSUM,
        .gso_type = (uint8_t)((ipv6 ? VMM_NET_GSO_TCPV6 : VMM_NET_GSO_TCPV4) | VMM_NET_GSO_ECN),
        .header_length = (uint16_t)headers,
        .gso_size = gso_size,
        .checksum_start = (uint16_t)tcp,
        .checksum_offset = 16,
    };
    return size;
}

#endif
