/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio network device: VIRTIO 1.2, 5.1. */
#include "net_frames.h"
#include "virtio_test.h"

#include <vmm/virtio_net.h>

#define RX     0
#define TX     1
#define HEADER 12u
#define MERGE  VMM_VIRTIO_NET_F_MRG_RXBUF
#define BASE   (VMM_VIRTIO_F_VERSION_1 | VMM_VIRTIO_NET_F_MAC | VMM_VIRTIO_NET_F_STATUS)
#define ALL    (BASE | MERGE | VMM_VIRTIO_NET_OFFLOADS)
#define NEVER  1000

static const uint8_t mac[6] = {0x52, 0x54, 0, 1, 2, 3};

static struct vmm_virtio_net net;
static uint8_t sent[8000], frame[8000];
static struct vmm_net_header sent_header;
static unsigned sent_size, sent_count, flushes, readies, room;

static bool transmit(void *context, const struct vmm_net_header *header,
                     const struct vmm_virtq_buffer *buffer, uint64_t offset, uint32_t size)
{
    (void)context;
    if (!room)
        return false;
    room--;
    assert_true(size <= sizeof(sent));
    assert_int_equal(vmm_virtq_read(buffer, offset, sent, size), size);
    sent_header = *header;
    sent_size = size;
    sent_count++;
    return true;
}

static void flush(void *context)
{
    (void)context;
    flushes++;
}

static void ready(void *context)
{
    (void)context;
    readies++;
}

static int make(void **state)
{
    const struct vmm_net_link link = {transmit, flush, ready, NULL};

    (void)state;
    make_bus();
    vmm_virtio_net_init(&net, &memory, 1, mac, &link);
    plug_in(&net.virtio);
    start(&net.virtio, BASE | MERGE);
    sent_count = flushes = readies = 0;
    room = NEVER;
    for (unsigned i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)(i * 5 + 1);
    return 0;
}

static void the_configuration(void **state)
{
    (void)state;
    assert_int_equal(config_get(1, 2, 2), 0x1041);
    assert_int_equal(config_get(1, 0x0a, 2), 0x0200);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(reg_get(&net.virtio, VMM_VIRTIO_CONFIG + i, 1), mac[i]);
    assert_int_equal(reg_get(&net.virtio, VMM_VIRTIO_CONFIG + 6, 2), 1);
    vmm_virtio_net_set_link(&net, false);
    assert_int_equal(reg_get(&net.virtio, VMM_VIRTIO_CONFIG + 6, 2), 0);
    assert_int_equal(messages.data, 0x40);
}

static void put_frame(uint32_t size)
{
    const struct piece pieces[] = {{BUFFERS, HEADER + 4, false},
                                   {BUFFERS + 0x1000, size - 4, false}};

    memcpy(ram + BUFFERS + HEADER, frame, 4);
    memcpy(ram + BUFFERS + 0x1000, frame + 4, size - 4);
    put_chain(TX, pieces, 2);
}

static void frames_are_sent(void **state)
{
    (void)state;
    put_frame(60);
    put_frame(1514);
    kick(&net.virtio, TX);
    assert_int_equal(sent_count, 2);
    assert_int_equal(flushes, 1);
    assert_int_equal(sent_size, 1514);
    assert_memory_equal(sent, frame, 1514);
    assert_int_equal(came_back(TX), 2);
}

static void what_is_no_frame_is_dropped(void **state)
{
    static const struct piece nothing = {BUFFERS, 11, false}, empty = {BUFFERS, 12, false};
    static const struct piece large = {BUFFERS, 0x10000, false};

    (void)state;
    put_frame(13);
    put_frame(1519);
    put_chain(TX, &nothing, 1);
    put_chain(TX, &empty, 1);
    put_chain(TX, &large, 1);
    put_frame(14);
    kick(&net.virtio, TX);
    assert_int_equal(sent_count, 1);
    assert_int_equal(net.dropped, 5);
    assert_int_equal(came_back(TX), 6);
}

static void frames_wait_for_room(void **state)
{
    (void)state;
    room = 1;
    put_frame(60);
    put_frame(61);
    put_frame(62);
    kick(&net.virtio, TX);
    assert_int_equal(sent_size, 60);
    assert_int_equal(came_back(TX), 1);
    room = NEVER;
    vmm_virtio_net_resume(&net);
    assert_int_equal(sent_size, 62);
    assert_int_equal(sent_count, 3);
    assert_int_equal(came_back(TX), 3);
}

static bool receive_with(const struct vmm_net_header *header, uint32_t size)
{
    const struct vmm_segment parts[] = {{frame, 5}, {frame + 5, size - 5}};
    bool done = vmm_virtio_net_receive(&net, header, parts);

    vmm_virtio_net_finish(&net);
    return done;
}

static bool receive(uint32_t size)
{
    static const struct vmm_net_header nothing;

    return receive_with(&nothing, size);
}

static void frames_are_received(void **state)
{
    static const struct piece pieces[] = {{BUFFERS, 7, true}, {BUFFERS + 0x100, 1600, true}};
    uint32_t written;

    (void)state;
    assert_false(receive(60));
    put_chain(RX, pieces, 2);
    kick(&net.virtio, RX);
    assert_true(readies >= 1);
    assert_true(receive(1514));
    take_used(RX, &written);
    assert_int_equal(written, HEADER + 1514);
    assert_memory_equal(ram + BUFFERS, "\0\0\0\0\0\0\0", 7);
    assert_memory_equal(ram + BUFFERS + 0x100, "\0\0\0\1\0", 5); /* one buffer */
    assert_memory_equal(ram + BUFFERS + 0x105, frame, 1514);
    assert_int_equal(messages.count, 1);
    assert_int_equal(messages.data, 0x41);
}

/* 5.1.6.4: all buffers but the last are filled, and appear at once. */
static void frames_lie_in_several_buffers(void **state)
{
    struct piece piece = {BUFFERS, 512, true};
    uint32_t written;

    (void)state;
    put_chain(RX, &piece, 1);
    piece.address += 512;
    put_chain(RX, &piece, 1);
    assert_false(receive(1514)); /* not enough, and none is used up */
    assert_int_equal(came_back(RX), 0);
    assert_int_equal(net.dropped, 0);
    piece.address += 512;
    put_chain(RX, &piece, 1);
    assert_true(receive(1514));
    assert_int_equal(came_back(RX), 3);
    take_used(RX, &written);
    assert_int_equal(written, 512);
    take_used(RX, &written);
    assert_int_equal(written, 512);
    take_used(RX, &written);
    assert_int_equal(written, HEADER + 1514 - 1024);
    assert_int_equal(get16(BUFFERS + 10), 3);
    assert_memory_equal(ram + BUFFERS + HEADER, frame, 1514);
}

static void without_merging_one_buffer_must_do(void **state)
{
    static const struct piece small = {BUFFERS, 100, true}, large = {BUFFERS, 1526, true};

    (void)state;
    start(&net.virtio, BASE);
    put_chain(RX, &small, 1);
    assert_true(receive(1514));
    assert_int_equal(net.dropped, 1);
    assert_int_equal(came_back(RX), 0);
    assert_true(receive(88));
    put_chain(RX, &large, 1);
    assert_true(receive(1514));
    assert_int_equal(came_back(RX), 2);
    assert_int_equal(get16(BUFFERS + 10), 1);
}

static void buffers_without_room_need_a_reset(void **state)
{
    static const struct piece small = {BUFFERS, 12, true};

    (void)state;
    put_chain(RX, &small, 1);
    assert_true(receive(60));
    assert_int_equal(reg_get(&net.virtio, 20, 1), 15 | 64);
    assert_true(receive(60)); /* dropped, for nobody listens */
    assert_int_equal(net.dropped, 2);
}

static void offloads_are_offered(void **state)
{
    /* 5.1.3: CSUM, GUEST_CSUM, MAC, GUEST_TSO4, GUEST_TSO6, GUEST_ECN, HOST_TSO4, HOST_TSO6,
     * HOST_ECN, MRG_RXBUF, STATUS */
    const uint64_t base = BASE | VMM_VIRTIO_F_INDIRECT_DESC | VMM_VIRTIO_F_EVENT_IDX;

    (void)state;
    assert_int_equal(offered_features(&net.virtio), base | 0x1bba3);
    vmm_virtio_net_refuse_offloads(&net);
    assert_int_equal(offered_features(&net.virtio), base | MERGE);
}

static void put_frame_with(const struct vmm_net_header *header, uint32_t size)
{
    const struct piece piece = {BUFFERS, HEADER + size, false};

    memcpy(ram + BUFFERS, header, HEADER);
    memcpy(ram + BUFFERS + HEADER, frame, size);
    put_chain(TX, &piece, 1);
}

static void long_frames_are_sent_as_they_are(void **state)
{
    struct vmm_net_header header;
    uint32_t size = make_tcp_frame(frame, false, 7000, 1448, &header);

    (void)state;
    start(&net.virtio, ALL);
    header.flags |= 0xfe; /* 5.1.6.2.2: unknown flags are ignored */
    put_frame_with(&header, size);
    kick(&net.virtio, TX);
    assert_int_equal(sent_size, size);
    assert_memory_equal(sent, frame, size);
    header.flags = VMM_NET_F_NEEDS_CHECKSUM;
    assert_memory_equal(&sent_header, &header, HEADER);
}

/* What the driver may not leave to the device, for it has not negotiated that. */
static void offloads_need_their_features(void **state)
{
    static const uint64_t features[] = {
        BASE,
        BASE | VMM_VIRTIO_NET_F_CSUM,
        BASE | VMM_VIRTIO_NET_F_CSUM | VMM_VIRTIO_NET_F_HOST_TSO6 | VMM_VIRTIO_NET_F_HOST_ECN,
        BASE | VMM_VIRTIO_NET_F_CSUM | VMM_VIRTIO_NET_F_HOST_TSO4,
        BASE | VMM_VIRTIO_NET_F_HOST_TSO4 | VMM_VIRTIO_NET_F_HOST_ECN,
    };
    const unsigned count = sizeof(features) / sizeof(features[0]);
    struct vmm_net_header header;
    uint32_t size = make_tcp_frame(frame, false, 3000, 1448, &header);

    (void)state;
    for (unsigned i = 0; i < count; i++) {
        start(&net.virtio, features[i]);
        put_frame_with(&header, size);
        kick(&net.virtio, TX);
        assert_int_equal(sent_count, 0);
        assert_int_equal(net.dropped, i + 1);
        assert_int_equal(came_back(TX), 1);
    }
    start(&net.virtio, BASE | VMM_VIRTIO_NET_F_CSUM);
    header.gso_type = VMM_NET_GSO_NONE;
    put_frame_with(&header, 1000);
    kick(&net.virtio, TX);
    header.checksum_start = 999; /* beyond the frame */
    put_frame_with(&header, 1000);
    kick(&net.virtio, TX);
    assert_int_equal(sent_count, 1);
    assert_int_equal(net.dropped, count + 1);
}

static void put_buffers(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct piece piece = {BUFFERS + next_descriptor[RX] * 0x800u, 0x800, true};

        put_chain(RX, &piece, 1);
    }
}

static void checksums_are_left_to_drivers_that_do_them(void **state)
{
    struct vmm_net_header header;
    uint32_t size = make_tcp_frame(frame, true, 100, 1448, &header);
    uint8_t *got = ram + BUFFERS;

    (void)state;
    header.gso_type = VMM_NET_GSO_NONE;
    start(&net.virtio, ALL);
    put_buffers(1);
    assert_true(receive_with(&header, size));
    header.header_length = header.gso_size = 0;
    header.buffers = 1;
    assert_memory_equal(got, &header, HEADER);
    assert_memory_equal(got + HEADER, frame, size);

    start(&net.virtio, BASE | MERGE);
    put_buffers(1);
    assert_true(receive_with(&header, size));
    assert_memory_equal(got, "\0\0\0\0\0\0\0\0\0\0\1\0", HEADER);
    got += HEADER;
    assert_memory_equal(got, frame, 54 + 16);
    assert_int_equal(add_words(pseudo_sum(got, 54, size), got + 54, size - 54), 0xffff);
}

static void long_frames_are_received_by_drivers_that_take_them(void **state)
{
    struct vmm_net_header header;
    uint32_t size = make_tcp_frame(frame, false, 3000, 1448, &header);

    (void)state;
    start(&net.virtio, ALL);
    put_buffers(2);
    header.header_length = 1; /* a peer may lie */
    header.buffers = 77;
    header.flags |= 2;
    assert_true(receive_with(&header, size));
    assert_int_equal(came_back(RX), 2);
    header.flags = VMM_NET_F_NEEDS_CHECKSUM;
    header.header_length = IPV4_DATA;
    header.buffers = 2;
    assert_memory_equal(ram + BUFFERS, &header, HEADER);
    assert_memory_equal(ram + BUFFERS + HEADER, frame, size);
    assert_int_equal(net.divided, 0);
}

/* Those that do not get segments, as many as they have buffers for, and each once. */
static void long_frames_are_divided_for_others(void **state)
{
    static const uint64_t features[] = {
        BASE | MERGE,
        BASE | MERGE | VMM_VIRTIO_NET_F_GUEST_CSUM,
        BASE | MERGE | VMM_VIRTIO_NET_F_GUEST_TSO4 | VMM_VIRTIO_NET_F_GUEST_ECN,
        (ALL) & ~VMM_VIRTIO_NET_F_GUEST_TSO4,
        (ALL) & ~VMM_VIRTIO_NET_F_GUEST_ECN,
        BASE,
    };
    struct vmm_net_header header;
    uint32_t size = make_tcp_frame(frame, false, 3000, 1448, &header);

    (void)state;
    for (unsigned i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        start(&net.virtio, features[i]);
        net.received = net.divided = 0;
        assert_false(receive_with(&header, size));
        put_buffers(1);
        assert_false(receive_with(&header, size));
        assert_int_equal(came_back(RX), 1);
        put_buffers(4);
        assert_true(receive_with(&header, size));
        assert_int_equal(came_back(RX), 3);
        assert_int_equal(net.received, 3);
        assert_int_equal(net.divided, 1);
        for (size_t j = 0; j < 3; j++) {
            uint32_t data = j < 2 ? 1448 : 3000 - 2 * 1448, written;
            const uint8_t *got = ram + BUFFERS + j * 0x800;

            take_used(RX, &written);
            assert_int_equal(written, HEADER + IPV4_DATA + data);
            assert_memory_equal(got, "\0\0\0\0\0\0\0\0\0\0\1\0", HEADER);
            got += HEADER;
            assert_int_equal(load32(got + 38), 0xffffff00u + (uint32_t)j * 1448);
            assert_memory_equal(got + IPV4_DATA, frame + IPV4_DATA + j * 1448, data);
            assert_int_equal(
                add_words(pseudo_sum(got, 34, IPV4_DATA + data), got + 34, TCP_HEADER + data),
                0xffff);
        }
        assert_true(receive_with(&header, size - 1)); /* no packet: dropped */
        assert_true(receive(60));                     /* the next one is not affected */
        assert_int_equal(came_back(RX), 1);
    }
}

static void what_a_peer_invents_is_dropped(void **state)
{
    struct vmm_net_header header;
    uint32_t size = make_tcp_frame(frame, false, 3000, 1448, &header);

    (void)state;
    start(&net.virtio, ALL);
    put_buffers(4);
    header.gso_size = 0;
    assert_true(receive_with(&header, size));
    header.gso_size = 1448;
    header.checksum_start = (uint16_t)size;
    assert_true(receive_with(&header, size));
    assert_true(receive(1519));
    assert_true(receive(13));
    header.checksum_start = 34;
    frame[14] = 0x44; /* an IPv4 header that is too short */
    assert_true(receive_with(&header, size));
    assert_int_equal(came_back(RX), 0);
    assert_int_equal(net.dropped, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_configuration, make),
        cmocka_unit_test_setup(frames_are_sent, make),
        cmocka_unit_test_setup(what_is_no_frame_is_dropped, make),
        cmocka_unit_test_setup(frames_wait_for_room, make),
        cmocka_unit_test_setup(frames_are_received, make),
        cmocka_unit_test_setup(frames_lie_in_several_buffers, make),
        cmocka_unit_test_setup(without_merging_one_buffer_must_do, make),
        cmocka_unit_test_setup(buffers_without_room_need_a_reset, make),
        cmocka_unit_test_setup(offloads_are_offered, make),
        cmocka_unit_test_setup(long_frames_are_sent_as_they_are, make),
        cmocka_unit_test_setup(offloads_need_their_features, make),
        cmocka_unit_test_setup(checksums_are_left_to_drivers_that_do_them, make),
        cmocka_unit_test_setup(long_frames_are_received_by_drivers_that_take_them, make),
        cmocka_unit_test_setup(long_frames_are_divided_for_others, make),
        cmocka_unit_test_setup(what_a_peer_invents_is_dropped, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
