/* SPDX-License-Identifier: BSD-2-Clause */
/* Checksums (RFC 1071) and segments of TCP (RFC 9293) over IPv4 (RFC 791) and IPv6 (RFC 8200). */
#include <runtime/string.h>
#include <vmm/net_offload.h>

#define ETHERTYPE        12 /* offset in the frame; behind a VLAN tag 4 more (IEEE 802.1Q) */
#define ETHERTYPE_VLAN   0x8100
#define ETHERTYPE_IPV4   0x0800
#define ETHERTYPE_IPV6   0x86dd
#define VLAN_TAG         4

#define IPV4_SIZE        20 /* without options */
#define IPV4_LENGTH      2  /* offsets in the header */
#define IPV4_ID          4
#define IPV4_FRAGMENT    6
#define IPV4_PROTOCOL    9
#define IPV4_CHECKSUM    10
#define IPV4_IS_FRAGMENT 0x3fff /* more fragments, or one that is not the first */

#define IPV6_SIZE        40
#define IPV6_LENGTH      4
#define IPV6_NEXT        6
#define IPV6_HOP_BY_HOP  0 /* extension headers that go with every packet: 8 bytes and more */
#define IPV6_ROUTING     43
#define IPV6_DESTINATION 60
#define IPV6_EXTENSION   8

#define PROTOCOL_TCP     6

#define TCP_SIZE         20 /* without options */
#define TCP_SEQUENCE     4
#define TCP_DATA_OFFSET  12 /* upper half: the header's size in words of 4 bytes */
#define TCP_FLAGS        13
#define TCP_CHECKSUM     16
#define TCP_FIN          0x01u
#define TCP_PSH          0x08u
#define TCP_CWR          0x80u /* RFC 3168, 6.1.2 */

_Static_assert(sizeof(struct vmm_net_header) == 12, "5.1.6");

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

/* Carries are added in the end (RFC 1071, 2). */
static uint32_t fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint32_t)sum;
}

/* The one's complement sum of words of 16 bits, the last one filled up with 0. */
static uint32_t sum_of(const uint8_t *bytes, uint32_t size)
{
    uint64_t sum = 0;
    uint32_t i = 0;

    for (; i + 4 <= size; i += 4)
        sum += get32(bytes + i);
    if (i + 2 <= size) {
        sum += get16(bytes + i);
        i += 2;
    }
    if (i < size)
        sum += (uint32_t)bytes[i] << 8;
    return fold(sum);
}

/* Replaces the sum of the pseudo header by the checksum. 0 would mean "none" in UDP (RFC 768),
 * where FFFFh is sent for it; both are the same number, in TCP as well. */
static void put_checksum(uint8_t *frame, uint32_t start, uint32_t field, uint32_t size)
{
    uint32_t checksum = ~sum_of(frame + start, size - start) & 0xffff;

    put16(frame + field, checksum ? checksum : 0xffff);
}

static bool can_be_divided(const struct vmm_net_header *header, uint32_t size)
{
    uint8_t type = header->gso_type & (uint8_t)~VMM_NET_GSO_ECN;

    return (type == VMM_NET_GSO_TCPV4 || type == VMM_NET_GSO_TCPV6) && header->gso_size &&
           (header->flags & VMM_NET_F_NEEDS_CHECKSUM) && header->header_length <= size &&
           size <= VMM_FRAME_LONG_MAX;
}

bool vmm_net_header_check(struct vmm_net_header *header, uint32_t size)
{
    header->flags &= VMM_NET_F_NEEDS_CHECKSUM; /* 5.1.6.2.2: others are to be ignored */
    header->buffers = 0;
    if (size < VMM_FRAME_MIN)
        return false;
    if (!header->flags)
        header->checksum_start = header->checksum_offset = 0;
    else if ((uint32_t)header->checksum_start + header->checksum_offset + 2 > size)
        return false;
    if (header->gso_type != VMM_NET_GSO_NONE)
        return can_be_divided(header, size);
    header->header_length = header->gso_size = 0;
    return size <= VMM_FRAME_MAX;
}

void vmm_net_copy(const struct vmm_segment parts[2], uint32_t offset, void *to, uint32_t size)
{
    uint32_t first = 0;

    if (offset < parts[0].size) {
        first = parts[0].size - offset < size ? parts[0].size - offset : size;
        memcpy(to, parts[0].bytes + offset, first);
        offset = parts[0].size;
    }
    memcpy((uint8_t *)to + first, parts[1].bytes + (offset - parts[0].size), size - first);
}

void vmm_net_skip(const struct vmm_segment parts[2], uint32_t size, struct vmm_segment left[2])
{
    for (unsigned i = 0; i < 2; i++) {
        uint32_t skipped = size < parts[i].size ? size : parts[i].size;

        left[i] = (struct vmm_segment){parts[i].bytes + skipped, parts[i].size - skipped};
        size -= skipped;
    }
}

uint32_t vmm_net_complete(const struct vmm_net_header *header, const struct vmm_segment parts[2],
                          uint8_t to[VMM_FRAME_MAX])
{
    uint32_t size = parts[0].size + parts[1].size, start = header->checksum_start;

    vmm_net_copy(parts, 0, to, size);
    put_checksum(to, start, start + header->checksum_offset, size);
    return size;
}

/* True when the header is followed by TCP's, and the packet ends with the frame. */
static bool is_ipv4(const struct vmm_net_tcp *tcp, uint32_t packet)
{
    const uint8_t *ip = tcp->headers + tcp->ip;

    return tcp->ip + IPV4_SIZE <= tcp->tcp && ip[0] >> 4 == 4 &&
           (ip[0] & 0xfu) * 4 == tcp->tcp - tcp->ip && get16(ip + IPV4_LENGTH) == packet &&
           !(get16(ip + IPV4_FRAGMENT) & IPV4_IS_FRAGMENT) && ip[IPV4_PROTOCOL] == PROTOCOL_TCP;
}

static bool is_extension(uint8_t header)
{
    return header == IPV6_HOP_BY_HOP || header == IPV6_ROUTING || header == IPV6_DESTINATION;
}

/* The same, where extension headers may lie between the two. */
static bool is_ipv6(const struct vmm_net_tcp *tcp, uint32_t packet)
{
    const uint8_t *ip = tcp->headers + tcp->ip;
    uint32_t at = tcp->ip + IPV6_SIZE;
    uint8_t next;

    if (at > tcp->tcp || ip[0] >> 4 != 6 || get16(ip + IPV6_LENGTH) != packet - IPV6_SIZE)
        return false;
    next = ip[IPV6_NEXT];
    while (is_extension(next) && at + IPV6_EXTENSION <= tcp->tcp) {
        next = tcp->headers[at];
        at += (tcp->headers[at + 1] + 1u) * IPV6_EXTENSION;
    }
    return at == tcp->tcp && next == PROTOCOL_TCP;
}

bool vmm_net_tcp_init(struct vmm_net_tcp *tcp, const struct vmm_net_header *header,
                      const struct vmm_segment parts[2])
{
    uint32_t size = parts[0].size + parts[1].size;
    uint32_t known = size < VMM_NET_HEADERS_MAX ? size : VMM_NET_HEADERS_MAX;

    *tcp = (struct vmm_net_tcp){.parts = {parts[0], parts[1]},
                                .ip = VMM_FRAME_MIN,
                                .tcp = header->checksum_start,
                                .segment_size = header->gso_size,
                                .ipv6 = (header->gso_type & VMM_NET_GSO_TCPV6) != 0};
    vmm_net_copy(parts, 0, tcp->headers, known);
    if (get16(tcp->headers + ETHERTYPE) == ETHERTYPE_VLAN)
        tcp->ip += VLAN_TAG;
    if (tcp->tcp + TCP_SIZE > known || tcp->tcp < tcp->ip ||
        header->checksum_offset != TCP_CHECKSUM ||
        get16(tcp->headers + tcp->ip - 2) != (tcp->ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4) ||
        !(tcp->ipv6 ? is_ipv6 : is_ipv4)(tcp, size - tcp->ip))
        return false;
    tcp->header_length = tcp->tcp + (uint32_t)(tcp->headers[tcp->tcp + TCP_DATA_OFFSET] >> 4) * 4;
    if (tcp->header_length < tcp->tcp + TCP_SIZE || tcp->header_length > known ||
        tcp->header_length == size || tcp->header_length + tcp->segment_size > VMM_FRAME_MAX)
        return false;
    tcp->size = size - tcp->header_length;
    return true;
}

uint32_t vmm_net_tcp_segment(const struct vmm_net_tcp *tcp, uint32_t done,
                             uint8_t to[VMM_FRAME_MAX])
{
    uint32_t left = tcp->size - done;
    uint32_t size = left < tcp->segment_size ? left : tcp->segment_size;
    uint32_t end = tcp->header_length + size;
    uint8_t *ip = to + tcp->ip, *header = to + tcp->tcp;

    memcpy(to, tcp->headers, tcp->header_length);
    vmm_net_copy(tcp->parts, tcp->header_length + done, to + tcp->header_length, size);
    if (tcp->ipv6) {
        put16(ip + IPV6_LENGTH, end - tcp->ip - IPV6_SIZE);
    } else {
        put16(ip + IPV4_LENGTH, end - tcp->ip);
        put16(ip + IPV4_ID, get16(ip + IPV4_ID) + done / tcp->segment_size);
        put16(ip + IPV4_CHECKSUM, 0);
        put16(ip + IPV4_CHECKSUM, ~sum_of(ip, tcp->tcp - tcp->ip));
    }
    put32(header + TCP_SEQUENCE, get32(header + TCP_SEQUENCE) + done);
    if (size < left)
        header[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (done)
        header[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
    /* The pseudo header has a length, now less by what the segment leaves out (RFC 1624, 3). */
    put16(header + TCP_CHECKSUM,
          fold(get16(header + TCP_CHECKSUM) + (~(tcp->size - size) & 0xffff)));
    put_checksum(to, tcp->tcp, tcp->tcp + TCP_CHECKSUM, end);
    return end;
}
