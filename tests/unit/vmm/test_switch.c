/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual switch (apps/switch/forward.c), and a network device at its cable. */
#include "virtio_test.h"

#include <forward.h>
#include <vmm/net_port.h>

#define STATIONS 3

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
    uint8_t frame[60];

    memset(frame, text, sizeof(frame));
    memcpy(frame, to, 6);
    memcpy(frame + 6, source, 6);
    assert_true(vmm_switch_port_begin(&stations[from], sizeof(frame)));
    vmm_switch_port_append(&stations[from], frame, sizeof(frame));
    vmm_switch_port_commit(&stations[from]);
}

/* The text of the frame that a station gets next; 0 without one. */
static char receive(unsigned station)
{
    struct vmm_segment parts[2];
    char text;

    if (!vmm_switch_port_peek(&stations[station], parts))
        return 0;
    assert_int_equal(parts[0].size + parts[1].size, 60);
    text = (char)parts[0].bytes[20];
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
    assert_true(vmm_switch_port_begin(&stations[0], 13));
    vmm_switch_port_append(&stations[0], macs[1], 6);
    vmm_switch_port_append(&stations[0], macs[0], 6);
    vmm_switch_port_append(&stations[0], "x", 1);
    vmm_switch_port_commit(&stations[0]);
    forward_all(&forwarder);
    assert_int_equal(receive(1), 0);
    assert_int_equal(forwarder.dropped, 1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(frames_go_where_they_belong, make),
        cmocka_unit_test_setup(groups_are_not_learned, make),
        cmocka_unit_test_setup(nobody_waits_for_others, make),
        cmocka_unit_test_setup(the_table_of_addresses_may_overflow, make),
        cmocka_unit_test_setup(short_frames_are_dropped, make),
        cmocka_unit_test_setup(a_device_at_a_cable, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
