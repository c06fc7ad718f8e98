/* SPDX-License-Identifier: BSD-2-Clause */
/* Checksums and segments that senders leave to others: RFC 1071, 791, 8200, 9293, 3168. */
#include "device_test.h"
#include "net_frames.h"

#include <stdlib.h>

#define FRAME_SIZE (IPV6_DATA + 3000)
#define DATA       2500u
#define SEGMENT    1000u

static uint8_t frame[FRAME_SIZE], made[VMM_FRAME_MAX];
static struct vmm_net_header header;
static struct vmm_net_tcp tcp;

/* A frame in two parts, the first of `first` bytes. */
static const struct vmm_segment *split(uint8_t *bytes, uint32_t size, uint32_t first)
{
    static struct vmm_segment parts[2];

    parts[0].bytes = bytes;
    parts[0].size = first;
    parts[1].bytes = bytes + first;
    parts[1].size = size - first;
    return parts;
}

static void headers_are_checked(void **state)
{
    static const struct {
        struct vmm_net_header header;
        uint32_t size;
        bool good;
    } cases[] = {
        {{0}, 13, false},
        {{0}, 14, true},
        {{0}, 1518, true},
        {{0}, 1519, false},
        /* the checksum's two bytes lie in the frame */
        {{.flags = 1, .checksum_start = 34, .checksum_offset = 16}, 52, true},
        {{.flags = 1, .checksum_start = 34, .checksum_offset = 16}, 51, false},
        {{.flags = 1, .checksum_start = 0xffff, .checksum_offset = 0xffff}, 1514, false},
        {{.flags = 1, .checksum_start = 0xffff, .checksum_offset = 2}, 65553, false},
        {{.checksum_start = 0xffff}, 60, true}, /* it means nothing without the flag */
        {{.flags = 6}, 60, true},               /* unknown flags are ignored */
        /* division needs a checksum, a size, and TCP */
        {{1, 1, 54, 1448, 34, 16, 0}, 65553, true},
        {{1, 1, 54, 1448, 34, 16, 0}, 65554, false},
        {{1, 4, 54, 1448, 34, 16, 0}, 3000, true},
        {{1, 0x81, 54, 1448, 34, 16, 0}, 3000, true},
        {{1, 0x84, 54, 1448, 34, 16, 0}, 3000, true},
        {{0, 1, 54, 1448, 34, 16, 0}, 3000, false},
        {{1, 1, 54, 0, 34, 16, 0}, 3000, false},
        {{1, 1, 3001, 1448, 34, 16, 0}, 3000, false},
        {{1, 0x80, 54, 1448, 34, 16, 0}, 1000, false},
        {{1, 3, 54, 1448, 34, 8, 0}, 3000, false}, /* UDP */
        {{1, 5, 54, 1448, 34, 16, 0}, 3000, false},
        {{1, 0xff, 54, 1448, 34, 16, 0}, 3000, false},
        {{.gso_size = 1448, .header_length = 0xffff}, 60, true}, /* nothing to be divided */
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        header = cases[i].header;
        if (vmm_net_header_check(&header, cases[i].size) != cases[i].good)
            fail_msg("case %u", i);
    }
}

static void what_means_nothing_is_cleared(void **state)
{
    static const struct vmm_net_header nothing, all = {0xfe, 0, 1, 2, 3, 4, 5};

    (void)state;
    header = all;
    assert_true(vmm_net_header_check(&header, 60));
    assert_memory_equal(&header, &nothing, sizeof(header));
}

/* RFC 1071, 3: 00 01 f2 03 f4 f5 f6 f7 have the sum ddf2. */
static void checksums_are_completed(void **state)
{
    static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0, 0, 0};
    const uint32_t size = 14 + sizeof(example);

    (void)state;
    memset(frame, 0xaa, 14);
    memcpy(frame + 14, example, sizeof(example));
    header = (struct vmm_net_header){.flags = 1, .checksum_start = 14, .checksum_offset = 8};
    for (uint32_t first = 0; first <= size; first++) {
        memset(made, 0, sizeof(made));
        assert_int_equal(vmm_net_complete(&header, split(frame, size, first), made), size);
        assert_memory_equal(made, frame, 22);
        assert_int_equal(load16(made + 22), 0x220d);
        assert_int_equal(made[24], 0);
    }
    /* the sum of the pseudo header is in the field, and an odd byte counts as a word's upper one */
    frame[22] = 0x01;
    frame[24] = 0x10;
    (void)vmm_net_complete(&header, split(frame, size, 9), made);
    assert_int_equal(load16(made + 22), 0x220d - 0x0100 - 0x1000);
}

/* RFC 768: a checksum that would be 0 is sent as FFFFh. */
static void checksums_are_never_0(void **state)
{
    (void)state;
    memset(frame, 0, 24);
    store16(frame + 14, 0xffff);
    header = (struct vmm_net_header){.flags = 1, .checksum_start = 14, .checksum_offset = 6};
    (void)vmm_net_complete(&header, split(frame, 24, 24), made);
    assert_int_equal(load16(made + 20), 0xffff);
}

static bool divide(bool ipv6)
{
    uint32_t size = make_tcp_frame(frame, ipv6, DATA, SEGMENT, &header);

    return vmm_net_tcp_init(&tcp, &header, split(frame, size, 700));
}

/* IP and TCP headers of each, worked out apart from this. The ID goes on over FFFFh, the sequence
 * over FFFFFFFFh; CWR is set in the first segment alone, PSH and FIN in the last, ECE in all. */
static void tcp_over_ipv4_is_divided(void **state)
{
    static const uint8_t ip[][IPV4_HEADER] = {
        {0x45, 0, 0x04, 0x10, 0xff, 0xfe, 0x40, 0, 64, 6, 0x22, 0xe7, 10, 0, 0, 1, 10, 0, 0, 2},
        {0x45, 0, 0x04, 0x10, 0xff, 0xff, 0x40, 0, 64, 6, 0x22, 0xe6, 10, 0, 0, 1, 10, 0, 0, 2},
        {0x45, 0, 0x02, 0x1c, 0x00, 0x00, 0x40, 0, 64, 6, 0x24, 0xda, 10, 0, 0, 1, 10, 0, 0, 2},
    };
    static const uint8_t sequences_and_checksums[][16] = {
        {0xff, 0xff, 0xff, 0x00, 0x12, 0x34, 0x56, 0x78, 0x50, 0xd0, 0x10, 0, 0xf0, 0x48, 0, 0},
        {0x00, 0x00, 0x02, 0xe8, 0x12, 0x34, 0x56, 0x78, 0x50, 0x50, 0x10, 0, 0x69, 0x60, 0, 0},
        {0x00, 0x00, 0x06, 0xd0, 0x12, 0x34, 0x56, 0x78, 0x50, 0x59, 0x10, 0, 0x66, 0x36, 0, 0},
    };

    (void)state;
    assert_true(divide(false));
    assert_int_equal(tcp.header_length, IPV4_DATA);
    assert_int_equal(tcp.size, DATA);
    for (size_t i = 0; i < 3; i++) {
        uint32_t data = i < 2 ? SEGMENT : DATA - 2 * SEGMENT;

        assert_int_equal(vmm_net_tcp_segment(&tcp, (uint32_t)i * SEGMENT, made), IPV4_DATA + data);
        assert_memory_equal(made, frame, ETHERNET);
        assert_memory_equal(made + ETHERNET, ip[i], IPV4_HEADER);
        assert_memory_equal(made + 34, frame + 34, 4); /* ports */
        assert_memory_equal(made + 38, sequences_and_checksums[i], 16);
        assert_memory_equal(made + IPV4_DATA, frame + IPV4_DATA + i * SEGMENT, data);
    }
}

static void tcp_over_ipv6_is_divided(void **state)
{
    static const uint8_t sequences_and_checksums[][16] = {
        {0xff, 0xff, 0xff, 0x00, 0x12, 0x34, 0x56, 0x78, 0x50, 0xd0, 0x10, 0, 0x0a, 0x47, 0, 0},
        {0x00, 0x00, 0x02, 0xe8, 0x12, 0x34, 0x56, 0x78, 0x50, 0x50, 0x10, 0, 0x83, 0x5e, 0, 0},
        {0x00, 0x00, 0x06, 0xd0, 0x12, 0x34, 0x56, 0x78, 0x50, 0x59, 0x10, 0, 0x80, 0x34, 0, 0},
    };

    (void)state;
    assert_true(divide(true));
    for (size_t i = 0; i < 3; i++) {
        uint32_t data = i < 2 ? SEGMENT : DATA - 2 * SEGMENT;

        assert_int_equal(vmm_net_tcp_segment(&tcp, (uint32_t)i * SEGMENT, made), IPV6_DATA + data);
        assert_int_equal(load16(made + ETHERNET + 4), TCP_HEADER + data);
        assert_memory_equal(made + ETHERNET + 6, frame + ETHERNET + 6, 34);
        assert_memory_equal(made + 58, sequences_and_checksums[i], 16);
        assert_memory_equal(made + IPV6_DATA, frame + IPV6_DATA + i * SEGMENT, data);
    }
}

/* Puts bytes into the frame that make_tcp_frame() has made, which has `size`. */
static void insert(uint32_t at, const void *bytes, uint32_t count, uint32_t size)
{
    memmove(frame + at + count, frame + at, size - at);
    memcpy(frame + at, bytes, count);
    header.checksum_start = (uint16_t)(header.checksum_start + count);
}

static void vlan_tags_stay(void **state)
{
    uint32_t size = make_tcp_frame(frame, false, 100, 60, &header);

    (void)state;
    insert(12, "\x81\0\0\5", 4, size);
    assert_true(vmm_net_tcp_init(&tcp, &header, split(frame, size + 4, 20)));
    assert_int_equal(vmm_net_tcp_segment(&tcp, 60, made), IPV4_DATA + 4 + 40);
    assert_memory_equal(made, frame, ETHERNET + 4);
    assert_int_equal(load16(made + 18 + 2), IPV4_HEADER + TCP_HEADER + 40);
    assert_int_equal(add_words(0, made + 18, IPV4_HEADER), 0xffff);
}

/* Options of IPv4 (a security option of 4 bytes), and extension headers of IPv6: hop-by-hop options
 * of 8 bytes, destination options of 16. */
static void options_go_with_each_segment(void **state)
{
    static const uint8_t extensions[24] = {60, 0, 1, 4, 0, 0, 0, 0, 6, 1, 1, 12};
    uint32_t size = make_tcp_frame(frame, false, 100, 60, &header);

    (void)state;
    insert(34, "\x82\4\0\0", 4, size);
    frame[14] = 0x46;
    store16(frame + 16, size + 4 - ETHERNET);
    assert_true(vmm_net_tcp_init(&tcp, &header, split(frame, size + 4, 0)));
    assert_int_equal(vmm_net_tcp_segment(&tcp, 60, made), IPV4_DATA + 4 + 40);
    assert_int_equal(add_words(0, made + 14, IPV4_HEADER + 4), 0xffff);
    assert_int_equal(add_words(pseudo_sum(made, 38, IPV4_DATA + 44), made + 38, TCP_HEADER + 40),
                     0xffff);

    size = make_tcp_frame(frame, true, 100, 60, &header);
    insert(54, extensions, 24, size);
    frame[20] = 0;
    store16(frame + 18, size + 24 - ETHERNET - IPV6_HEADER);
    assert_true(vmm_net_tcp_init(&tcp, &header, split(frame, size + 24, 0)));
    assert_int_equal(vmm_net_tcp_segment(&tcp, 0, made), IPV6_DATA + 24 + 60);
    assert_int_equal(load16(made + 18), 24 + TCP_HEADER + 60);
    assert_memory_equal(made + 54, extensions, 24);
    assert_int_equal(add_words(pseudo_sum(made, 78, IPV6_DATA + 84), made + 78, TCP_HEADER + 60),
                     0xffff);
}

/* What is not the packet that the header names, each in one byte of a good frame. */
static void other_packets_are_refused(void **state)
{
    static const struct {
        bool ipv6;
        uint32_t at;
        uint8_t value;
        const char *what;
    } cases[] = {
        {false, 12, 0x86, "type"},
        {false, 14, 0x65, "version"},
        {false, 14, 0x46, "header length"},
        {false, 17, 0x01, "total length"},
        {false, 20, 0x20, "more fragments"},
        {false, 21, 0x01, "a later fragment"},
        {false, 23, 17, "protocol"},
        {false, 46, 0x40, "TCP header too short"},
        {true, 12, 0x08, "type"},
        {true, 14, 0x40, "version"},
        {true, 19, 0x01, "payload length"},
        {true, 20, 17, "protocol"},
        {true, 20, 0, "an extension header over TCP's"},
        {true, 20, 44, "a fragment header"},
        {true, 66, 0x10, "TCP header too short"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t size = make_tcp_frame(frame, cases[i].ipv6, DATA, SEGMENT, &header);

        frame[cases[i].at] = cases[i].value;
        if (vmm_net_tcp_init(&tcp, &header, split(frame, size, size)))
            fail_msg("%s", cases[i].what);
    }
}

static void headers_that_do_not_fit_are_refused(void **state)
{
    uint32_t size = make_tcp_frame(frame, false, DATA, SEGMENT, &header);
    struct vmm_net_header good = header;

    (void)state;
    header.checksum_offset = 6; /* UDP's */
    assert_false(vmm_net_tcp_init(&tcp, &header, split(frame, size, size)));
    header = good;
    header.checksum_start = 38;
    assert_false(vmm_net_tcp_init(&tcp, &header, split(frame, size, size)));
    header.checksum_start = 12;
    assert_false(vmm_net_tcp_init(&tcp, &header, split(frame, size, size)));
    header.checksum_start = VMM_NET_HEADERS_MAX;
    assert_false(vmm_net_tcp_init(&tcp, &header, split(frame, size, size)));
    header = good;
    header.gso_type = VMM_NET_GSO_TCPV6;
    assert_false(vmm_net_tcp_init(&tcp, &header, split(frame, size, size)));
    header = good;
    header.gso_size = VMM_FRAME_MAX - IPV4_DATA; /* the largest segments that can be received */
    assert_true(vmm_net_tcp_init(&tcp, &header, split(frame, size, size)));
    header.gso_size++;
    assert_false(vmm_net_tcp_init(&tcp, &header, split(frame, size, size)));
    size = make_tcp_frame(frame, false, 0, SEGMENT, &header); /* no data */
    assert_false(vmm_net_tcp_init(&tcp, &header, split(frame, size, size)));
    size = make_tcp_frame(frame, false, 4, SEGMENT, &header); /* TCP's header beyond the frame */
    frame[46] = 0x70;
    assert_false(vmm_net_tcp_init(&tcp, &header, split(frame, size, size)));
}

/* Any two bytes of the headers may be wrong: nothing outside the frame is read or written, which
 * the sanitizer watches, and what is made is a frame. */
static void any_frame_is_survived(void **state)
{
    uint64_t random = 88172645463325252ull;
    unsigned divided = 0;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t size =
            make_tcp_frame(frame, i & 1, 1 + i % 700, (uint16_t)(1 + i % 1500), &header);
        uint32_t cut, done;
        uint8_t *bytes;

        for (unsigned j = 0; j < 2; j++) {
            random = random * 6364136223846793005ull + 1442695040888963407ull;
            if (random >> 33 & 1)
                frame[(random >> 34) % (IPV6_DATA + 8)] = (uint8_t)(random >> 50);
            else
                ((uint8_t *)&header)[(random >> 34) % sizeof(header)] = (uint8_t)(random >> 50);
        }
        cut = random >> 40 & 7 ? size : 14 + (uint32_t)(random >> 43) % (size - 14);
        if (!vmm_net_header_check(&header, cut))
            continue;
        bytes = malloc(cut);
        assert_non_null(bytes);
        memcpy(bytes, frame, cut);
        if (header.gso_type == VMM_NET_GSO_NONE) {
            if (header.flags)
                assert_int_equal(vmm_net_complete(&header, split(bytes, cut, cut / 2), made), cut);
        } else if (vmm_net_tcp_init(&tcp, &header, split(bytes, cut, (uint32_t)(random % cut)))) {
            for (done = 0; done < tcp.size; done += tcp.segment_size)
                assert_in_range(vmm_net_tcp_segment(&tcp, done, made), tcp.header_length + 1,
                                VMM_FRAME_MAX);
            divided++;
        }
        free(bytes);
    }
    assert_true(divided > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_checked),
        cmocka_unit_test(what_means_nothing_is_cleared),
        cmocka_unit_test(checksums_are_completed),
        cmocka_unit_test(checksums_are_never_0),
        cmocka_unit_test(tcp_over_ipv4_is_divided),
        cmocka_unit_test(tcp_over_ipv6_is_divided),
        cmocka_unit_test(vlan_tags_stay),
        cmocka_unit_test(options_go_with_each_segment),
        cmocka_unit_test(other_packets_are_refused),
        cmocka_unit_test(headers_that_do_not_fit_are_refused),
        cmocka_unit_test(any_frame_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
