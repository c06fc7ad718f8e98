/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual switch (apps/switch/forward.c), and a network device at its cable. */
#include "net_frames.h"
#include "virtio_test.h"

#include <forward.h>
#include <vmm/net_port.h>

#define STATIONS 3
#define HEADER   12u /* before each frame, in buffers and on cables */

static struct forwarder forwarder;
static uint8_t cables[STATIONS][VMM_CABLE_SIZE] __attribute__((aligned(4096)));
static struct vmm_switch_port stations[STATIONS];
static unsigned wakes[STATIONS];

static const char *const macs[] = {"\x02\0\0\0\0\1", "\x02\0\0\0\0\2", "\x02\0\0\0\0\3"};
static const char broadcast[] = "\xff\xff\xff\xff\xff\xff";

static void wake_switch(void *context)
{
    (void)context;
}

static void wake_station(void *context)
{
    (*(unsigned *)context)++;
}

static int make(void **state)
{
    (void)state;
    memset(&forwarder, 0, sizeof(forwarder));
    memset(cables, 0, sizeof(cables));
    memset(wakes, 0, sizeof(wakes));
    forwarder.port_count = STATIONS;
    for (unsigned i = 0; i < STATIONS; i++) {
        vmm_switch_port_init(&forwarder.ports[i], cables[i], 0, wake_station, &wakes[i]);
        vmm_switch_port_init(&stations[i], cables[i], 1, wake_switch, NULL);
    }
    return 0;
}

static void send(unsigned from, const char *to, const char *source, char text)
{
    uint8_t record[HEADER + 60] = {0};

    memset(record + HEADER, text, 60);
    memcpy(record + HEADER, to, 6);
    memcpy(record + HEADER + 6, source, 6);
    assert_true(vmm_switch_port_begin(&stations[from], sizeof(record)));
    vmm_switch_port_append(&stations[from], record, sizeof(record));
    vmm_switch_port_commit(&stations[from]);
}

/* The text of the frame that a station gets next; 0 without one. */
static char receive(unsigned station)
{
    struct vmm_segment parts[2];
    char text;

    if (!vmm_switch_port_peek(&stations[station], parts))
        return 0;
    assert_int_equal(parts[0].size + parts[1].size, HEADER + 60);
    vmm_net_copy(parts, HEADER + 20, &text, 1);
    vmm_switch_port_drop(&stations[station], parts);
    return text;
}

static void frames_go_where_they_belong(void **state)
{
    (void)state;
    send(0, macs[1], macs[0], 'a'); /* nobody knows where: to all but the sender */
    forward_all(&forwarder);
    assert_int_equal(receive(0), 0);
    assert_int_equal(receive(1), 'a');
    assert_int_equal(receive(2), 'a');
    send(1, macs[0], macs[1], 'b'); /* learned */
    forward_all(&forwarder);
    send(0, macs[1], macs[0], 'c');
    forward_all(&forwarder);
    assert_int_equal(receive(0), 'b');
    assert_int_equal(receive(1), 'c');
    assert_int_equal(receive(2), 0);
    send(2, broadcast, macs[2], 'd');
    forward_all(&forwarder);
    assert_int_equal(receive(0), 'd');
    assert_int_equal(receive(1), 'd');
    assert_int_equal(receive(2), 0);
    send(1, macs[1], macs[1], 'e'); /* to itself */
    forward_all(&forwarder);
    for (unsigned i = 0; i < STATIONS; i++)
        assert_int_equal(receive(i), 0);
    send(2, macs[0], macs[1], 'f'); /* moved to another port */
    forward_all(&forwarder);
    send(0, macs[1], macs[0], 'g');
    forward_all(&forwarder);
    assert_int_equal(receive(2), 'g');
    assert_int_equal(receive(1), 0);
}

static void groups_are_not_learned(void **state)
{
    (void)state;
    send(0, macs[1], broadcast, 'a');
    forward_all(&forwarder);
    send(1, broadcast, macs[1], 'b');
    forward_all(&forwarder);
    assert_int_equal(receive(0), 'b');
    assert_int_equal(receive(2), 'a');
    assert_int_equal(receive(2), 'b');
}

/* A station that takes nothing loses its own frames alone. */
static void nobody_waits_for_others(void **state)
{
    unsigned dropped;

    (void)state;
    send(1, macs[0], macs[1], 'x');
    forward_all(&forwarder);
    send(2, macs[0], macs[2], 'x');
    forward_all(&forwarder);
    for (unsigned i = 0; i < 20000; i++) {
        send(0, macs[1], macs[0], 'a');
        send(0, macs[2], macs[0], 'b');
        forward_all(&forwarder);
        while (receive(2))
            ;
        while (receive(0))
            ;
    }
    dropped = (unsigned)forwarder.dropped;
    assert_true(dropped > 10000);
    assert_int_equal(receive(1), 'x'); /* flooded before its address was known */
    assert_int_equal(receive(1), 'a');
    send(0, macs[1], macs[0], 'c');
    forward_all(&forwarder);
    assert_int_equal(forwarder.dropped, dropped);
}

static void the_table_of_addresses_may_overflow(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        const char mac[6] = {2, 1, (char)(i >> 8), (char)i, 0, 7};

        send(0, macs[1], mac, 'a');
        forward_all(&forwarder);
        while (receive(1) || receive(2))
            ;
    }
    send(1, macs[0], macs[1], 'b');
    forward_all(&forwarder);
    send(0, macs[1], macs[0], 'c');
    forward_all(&forwarder);
    assert_int_equal(receive(1), 'c');
}

static void short_frames_are_dropped(void **state)
{
    (void)state;
    assert_true(vmm_switch_port_begin(&stations[0], HEADER + 13));
    vmm_switch_port_append(&stations[0], "\0\0\0\0\0\0\0\0\0\0\0", HEADER);
    vmm_switch_port_append(&stations[0], macs[1], 6);
    vmm_switch_port_append(&stations[0], macs[0], 6);
    vmm_switch_port_append(&stations[0], "x", 1);
    vmm_switch_port_commit(&stations[0]);
    assert_true(vmm_switch_port_begin(&stations[0], 1));
    vmm_switch_port_append(&stations[0], "x", 1);
    vmm_switch_port_commit(&stations[0]);
    forward_all(&forwarder);
    assert_int_equal(receive(1), 0);
    assert_int_equal(forwarder.dropped, 2);
}

/* From the guest's queue through the cable to a station, and back. */
static void a_device_at_a_cable(void **state)
{
    static struct vmm_net_port net_port;
    static const struct piece rx = {BUFFERS + 0x8000, 2048, true};
    struct piece tx = {BUFFERS, 12 + 60, false};
    uint32_t written;
    unsigned sent = 0;

    (void)state;
    make_bus();
    vmm_net_port_init(&net_port, &memory, 1, (const uint8_t *)macs[0], cables[0], 1, wake_switch,
                      NULL);
    plug_in(&net_port.net.virtio);
    start(&net_port.net.virtio,
          VMM_VIRTIO_F_VERSION_1 | VMM_VIRTIO_F_EVENT_IDX | VMM_VIRTIO_NET_F_MRG_RXBUF);
    memset(ram + BUFFERS + 12, 't', 60);
    memcpy(ram + BUFFERS + 12, macs[1], 6);
    memcpy(ram + BUFFERS + 18, macs[0], 6);
    put_chain(1, &tx, 1);
    kick(&net_port.net.virtio, 1);
    forward_all(&forwarder);
    assert_int_equal(receive(1), 't');

    send(1, macs[0], macs[1], 'r'); /* waits until the guest has a buffer */
    forward_all(&forwarder);
    assert_true(wakes[0] >= 1);
    vmm_net_port_signalled(&net_port);
    assert_int_equal(came_back(0), 0);
    put_chain(0, &rx, 1);
    kick(&net_port.net.virtio, 0);
    assert_int_equal(came_back(0), 1);
    take_used(0, &written);
    assert_int_equal(written, 72);
    assert_int_equal(ram[BUFFERS + 0x8000 + 12 + 20], 'r');

    /* a full cable holds the guest up, and lets it go on */
    while (came_back(1))
        take_used(1, NULL);
    do {
        put_chain(1, &tx, 1);
        kick(&net_port.net.virtio, 1);
    } while (came_back(1) && (take_used(1, NULL), ++sent));
    assert_true(sent > 1000);
    forward_all(&forwarder);
    vmm_net_port_signalled(&net_port);
    assert_int_equal(came_back(1), 1);
}

static struct vmm_net_port net_ports[2];

static uint64_t features_of(bool offloads)
{
    return VMM_VIRTIO_F_VERSION_1 | VMM_VIRTIO_NET_F_MRG_RXBUF |
           (offloads ? VMM_VIRTIO_NET_OFFLOADS : 0);
}

/* A device sends a frame to the other one, which takes offloads or does not. The two share the
 * guest's memory, so that the second one begins when the first one is done. */
static void send_across(const struct vmm_net_header *header, const uint8_t *frame, uint32_t size,
                        bool offloads)
{
    const struct piece tx = {BUFFERS, HEADER + size, false};

    make(NULL);
    make_bus();
    for (unsigned i = 0; i < 2; i++) {
        vmm_net_port_init(&net_ports[i], &memory, (uint8_t)(i + 1), (const uint8_t *)macs[i],
                          cables[i], 1, wake_switch, NULL);
        plug_in(&net_ports[i].net.virtio);
    }
    start(&net_ports[0].net.virtio, features_of(true));
    memcpy(ram + BUFFERS, header, HEADER);
    memcpy(ram + BUFFERS + HEADER, frame, size);
    put_chain(1, &tx, 1);
    kick(&net_ports[0].net.virtio, 1);
    assert_int_equal(net_ports[0].net.sent, 1);
    forward_all(&forwarder);

    start(&net_ports[1].net.virtio, features_of(offloads));
    for (unsigned i = 0; i < 8; i++) {
        const struct piece rx = {BUFFERS + 0x8000 + i * 0x800, 0x800, true};

        put_chain(0, &rx, 1);
    }
    vmm_net_port_signalled(&net_ports[1]);
}

static void offloads_between_devices(void **state)
{
    static uint8_t frame[4000];
    const uint8_t *got = ram + BUFFERS + 0x8000 + HEADER;

    (void)state;
    for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
        struct vmm_net_header header;
        uint32_t size = make_tcp_frame(frame, ipv6, 3000, 1428, &header);
        uint32_t headers = size - 3000, tcp = headers - TCP_HEADER;

        send_across(&header, frame, size, true);
        assert_int_equal(net_ports[1].net.received, 1);
        header.buffers = 2;
        assert_memory_equal(got - HEADER, &header, HEADER);
        assert_memory_equal(got, frame, size);

        send_across(&header, frame, size, false);
        assert_int_equal(net_ports[1].net.received, 3);
        for (size_t i = 0; i < 3; i++) {
            const uint8_t *segment = got + i * 0x800;
            uint32_t data = i < 2 ? 1428 : 3000 - 2 * 1428;

            assert_memory_equal(segment + headers, frame + headers + i * 1428, data);
            assert_int_equal(add_words(pseudo_sum(segment, tcp, headers + data), segment + tcp,
                                       TCP_HEADER + data),
                             0xffff);
        }

        size = make_tcp_frame(frame, ipv6, 100, 1428, &header);
        header.gso_type = VMM_NET_GSO_NONE;
        send_across(&header, frame, size, false);
        assert_int_equal(net_ports[1].net.received, 1);
        assert_int_equal(add_words(pseudo_sum(got, tcp, size), got + tcp, size - tcp), 0xffff);
    }
}

/* A peer may put anything into records: nothing is received that is no frame. */
static void records_without_header_are_dropped(void **state)
{
    (void)state;
    make_bus();
    vmm_net_port_init(&net_ports[0], &memory, 1, (const uint8_t *)macs[0], cables[0], 1,
                      wake_switch, NULL);
    plug_in(&net_ports[0].net.virtio);
    start(&net_ports[0].net.virtio, features_of(true));
    for (uint32_t size = 1; size < HEADER + 14; size++) {
        assert_true(vmm_switch_port_begin(&forwarder.ports[0], size));
        for (uint32_t i = 0; i < size; i++)
            vmm_switch_port_append(&forwarder.ports[0], "", 1);
        vmm_switch_port_commit(&forwarder.ports[0]);
    }
    vmm_net_port_signalled(&net_ports[0]);
    assert_int_equal(net_ports[0].net.dropped, HEADER + 13);
    assert_false(net_ports[0].port.broken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(frames_go_where_they_belong, make),
        cmocka_unit_test_setup(groups_are_not_learned, make),
        cmocka_unit_test_setup(nobody_waits_for_others, make),
        cmocka_unit_test_setup(the_table_of_addresses_may_overflow, make),
        cmocka_unit_test_setup(short_frames_are_dropped, make),
        cmocka_unit_test_setup(a_device_at_a_cable, make),
        cmocka_unit_test_setup(offloads_between_devices, make),
        cmocka_unit_test_setup(records_without_header_are_dropped, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
