/* SPDX-License-Identifier: BSD-2-Clause */
/* What all virtio devices have: VIRTIO 1.2, chapters 2, 3 and 4.1. The device does nothing. */
#include "virtio_test.h"

#define FEATURE   (1ull << 5)
#define VERSION   VMM_VIRTIO_F_VERSION_1
#define INDIRECTS VMM_VIRTIO_F_INDIRECT_DESC
#define EVENTS    VMM_VIRTIO_F_EVENT_IDX

static struct vmm_virtio virtio;
static unsigned notified_count, reset_count, taken;
static uint64_t readable, writable;
static bool consumes; /* the device takes what there is, and gives it back */

static void notified(struct vmm_virtio *device, unsigned queue)
{
    notified_count++;
    if (!consumes)
        return;
    while (vmm_virtio_take(device, queue)) {
        taken++;
        readable = device->buffer.readable_size;
        writable = device->buffer.writable_size;
        vmm_virtqueue_give(&device->queues[queue], device->buffer.head, (uint32_t)writable);
    }
    vmm_virtio_finish(device, queue);
}

static void was_reset(struct vmm_virtio *device)
{
    (void)device;
    reset_count++;
}

static const struct vmm_virtio_type type = {
    .id = 42,
    .class_code = 0xff00,
    .queue_count = 2,
    .config_size = 6,
    .notified = notified,
    .reset = was_reset,
};

static int make(void **state)
{
    (void)state;
    make_bus();
    vmm_virtio_init(&virtio, &type, &memory, FEATURE, 1);
    memcpy(virtio.config, "\1\2\3\4\5\6\7", 7);
    plug_in(&virtio);
    notified_count = reset_count = taken = 0;
    consumes = true;
    return 0;
}

static unsigned find_cap(unsigned cap_type)
{
    unsigned at = config_get(1, 0x34, 1);

    while (at && !(config_get(1, at, 1) == 9 && config_get(1, at + 3, 1) == cap_type))
        at = config_get(1, at + 1, 1);
    return at;
}

static void the_function_is_a_virtio_device(void **state)
{
    static const struct {
        uint32_t cap_type, offset, size;
    } caps[] = {{1, 0x00, 56}, {2, 0x60, 4}, {3, 0x40, 1}, {4, 0x80, 6}, {5, 0, 0}};

    (void)state;
    assert_int_equal(config_get(1, 0, 4), (0x1040 + 42) << 16 | 0x1af4);
    assert_true(config_get(1, 8, 1) >= 1);
    assert_true(config_get(1, 0x2e, 2) >= 0x40);
    for (unsigned i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
        unsigned at = find_cap(caps[i].cap_type);

        assert_int_not_equal(at, 0);
        assert_int_equal(at % 4, 0);
        assert_int_equal(config_get(1, at + 2, 1),
                         caps[i].cap_type == 2 || caps[i].cap_type == 5 ? 20 : 16);
        assert_int_equal(config_get(1, at + 4, 1), 0);
        assert_int_equal(config_get(1, at + 8, 4), caps[i].offset);
        assert_int_equal(config_get(1, at + 12, 4), caps[i].size);
    }
    assert_int_equal(config_get(1, find_cap(2) + 16, 4), 2);
}

static void features_are_negotiated(void **state)
{
    (void)state;
    assert_int_equal(offered_features(&virtio), FEATURE | VERSION | INDIRECTS | EVENTS);
    reg_set(&virtio, 0, 4, 2);
    assert_int_equal(reg_get(&virtio, 4, 4), 0);
    negotiate(&virtio, FEATURE); /* not version 1 */
    assert_int_equal(reg_get(&virtio, 20, 1), 3);
    negotiate(&virtio, VERSION | 1); /* not offered */
    assert_int_equal(reg_get(&virtio, 20, 1), 3);
    reg_set(&virtio, 20, 1, 7);
    assert_int_equal(reg_get(&virtio, 20, 1), 3);
    negotiate(&virtio, VERSION | FEATURE);
    assert_int_equal(reg_get(&virtio, 20, 1), 11);
    reg_set(&virtio, 12, 4, 0); /* too late */
    assert_true(vmm_virtio_has(&virtio, VERSION));
}

static void reset_forgets_everything(void **state)
{
    (void)state;
    start(&virtio, VERSION);
    reg_set(&virtio, 20, 1, 0);
    assert_int_equal(reg_get(&virtio, 20, 1), 0);
    for (unsigned i = 0; i < 2; i++) {
        reg_set(&virtio, 22, 2, i);
        assert_int_equal(reg_get(&virtio, 24, 2), 256);
        assert_int_equal(reg_get(&virtio, 26, 2), 0xffff);
        assert_int_equal(reg_get(&virtio, 28, 2), 0);
        assert_int_equal(reg_get(&virtio, 32, 4), 0);
    }
    assert_true(reset_count >= 2);
    kick(&virtio, 0);
    assert_int_equal(taken, 0);
}

static void fields_have_their_widths(void **state)
{
    (void)state;
    reg_set(&virtio, 22, 2, 1);
    assert_int_equal(reg_get(&virtio, 18, 2), 2);
    assert_int_equal(reg_get(&virtio, 30, 2), 1);
    assert_int_equal(reg_get(&virtio, 16, 4), 0x0002ffff);
    reg_set(&virtio, 32, 4, 0x11112000);
    reg_set(&virtio, 36, 4, 7);
    assert_int_equal(virtio.queues[1].table, 0x711112000);
    reg_set(&virtio, 32, 2, 0); /* not a whole field */
    reg_set(&virtio, 34, 2, 0);
    assert_int_equal(reg_get(&virtio, 34, 2), 0x1111);
    assert_int_equal(reg_get(&virtio, 36, 4), 7);
    reg_set(&virtio, 22, 2, 2); /* no such queue */
    assert_int_equal(reg_get(&virtio, 24, 2), 0);
    assert_int_equal(reg_get(&virtio, 26, 2), 0xffff);
    reg_set(&virtio, 24, 2, 8);
    reg_set(&virtio, 28, 2, 1);
    reg_set(&virtio, 26, 2, 3); /* no such vector */
    assert_int_equal(reg_get(&virtio, 26, 2), 0xffff);
    reg_set(&virtio, 16, 2, 2);
    assert_int_equal(reg_get(&virtio, 16, 2), 2);
    assert_int_equal(reg_get(&virtio, VMM_VIRTIO_CONFIG, 4), 0x04030201);
    assert_int_equal(reg_get(&virtio, VMM_VIRTIO_CONFIG + 4, 4), 0x0605); /* six bytes, no more */
    reg_set(&virtio, VMM_VIRTIO_CONFIG, 4, 0);
    assert_int_equal(reg_get(&virtio, VMM_VIRTIO_CONFIG, 1), 1);
}

/* 4.1.4.9 */
static void the_window_reaches_the_bar(void **state)
{
    unsigned at = find_cap(5);

    (void)state;
    config_set(1, at + 4, 1, 0);
    config_set(1, at + 8, 4, 18); /* num_queues */
    config_set(1, at + 12, 4, 2);
    assert_int_equal(config_get(1, at + 16, 2), 2);
    config_set(1, at + 8, 4, 20); /* device_status */
    config_set(1, at + 12, 4, 1);
    config_set(1, at + 16, 1, 1);
    assert_int_equal(reg_get(&virtio, 20, 1), 1);
    config_set(1, at + 8, 4, 0xfffffffe); /* outside */
    config_set(1, at + 12, 4, 4);
    assert_int_equal(config_get(1, at + 16, 4), 0xffffffff);
    config_set(1, at + 4, 1, 77);
    config_set(1, at + 16, 4, 0);
    assert_int_equal(config_get(1, at + 16, 4), 0xffffffff);
}

static void buffers_come_back(void **state)
{
    static const struct piece pieces[] = {
        {BUFFERS, 100, false}, {BUFFERS + 200, 0, false}, {BUFFERS + 300, 30, true}};
    uint32_t written;
    uint16_t head;

    (void)state;
    start(&virtio, VERSION);
    for (unsigned i = 0; i < 40; i++) {
        head = put_chain(1, pieces, 3);
        assert_int_equal(came_back(1), 0);
        kick(&virtio, 1);
        assert_int_equal(came_back(1), 1);
        assert_int_equal(take_used(1, &written), head);
        assert_int_equal(written, 30);
        assert_int_equal(readable, 100);
        assert_int_equal(writable, 30);
        assert_int_equal(messages.count, i + 1);
        assert_int_equal(messages.data, 0x42);
    }
}

static void nothing_happens_before_driver_ok(void **state)
{
    static const struct piece piece = {BUFFERS, 100, false};

    (void)state;
    negotiate(&virtio, VERSION);
    set_up_queue(&virtio, 0, 16);
    put_chain(0, &piece, 1);
    kick(&virtio, 0);
    assert_int_equal(taken, 0);
    reg_set(&virtio, 20, 1, 15); /* but what is there is found then */
    assert_int_equal(taken, 1);
}

static void the_pin_tells_why(void **state)
{
    static const struct piece piece = {BUFFERS, 100, true};

    (void)state;
    start(&virtio, VERSION);
    config_set(1, virtio.msix.capability + 2, 2, 0);
    put_chain(0, &piece, 1);
    kick(&virtio, 0);
    assert_true(pin.level);
    assert_int_equal(messages.count, 0);
    assert_int_equal(reg_get(&virtio, VMM_VIRTIO_ISR, 1), 1);
    assert_false(pin.level);
    assert_int_equal(reg_get(&virtio, VMM_VIRTIO_ISR, 1), 0);
    vmm_virtio_config_changed(&virtio);
    assert_int_equal(reg_get(&virtio, VMM_VIRTIO_ISR, 1), 2);
    assert_int_equal(reg_get(&virtio, 21, 1), 1);
}

static void flags_suppress_interrupts(void **state)
{
    static const struct piece piece = {BUFFERS, 100, true};

    (void)state;
    start(&virtio, VERSION);
    put16(queue_base(0) + AVAILABLE, VMM_VIRTQ_NO_INTERRUPT);
    put_chain(0, &piece, 1);
    kick(&virtio, 0);
    assert_int_equal(messages.count, 0);
    put16(queue_base(0) + AVAILABLE, 0);
    put_chain(0, &piece, 1);
    kick(&virtio, 0);
    assert_int_equal(messages.count, 1);
}

/* 2.7.7 and 2.7.10: a notification each way when the index passes the event, over the wrap too. */
static void event_indices_suppress(void **state)
{
    static const struct piece piece = {BUFFERS, 100, true};
    uint32_t used_event = queue_base(0) + AVAILABLE + 4 + 16 * 2;
    uint32_t avail_event = queue_base(0) + USED + 4 + 16 * 8;

    (void)state;
    start(&virtio, VERSION | EVENTS);
    for (unsigned round = 0; round < 20000; round++) {
        unsigned before = messages.count;

        put16(used_event, (uint16_t)(seen_used[0] + 2)); /* of three, the third */
        for (unsigned i = 0; i < 3; i++) {
            put_chain(0, &piece, 1);
            kick(&virtio, 0);
            assert_int_equal(get16(avail_event), put_index[0]);
            assert_int_equal(messages.count, before + (i == 2));
        }
        while (came_back(0))
            take_used(0, NULL);
    }
}

static void indirect_tables(void **state)
{
    uint32_t table = queue_base(0) + INDIRECT;

    (void)state;
    start(&virtio, VERSION | INDIRECTS);
    put_descriptor(table, BUFFERS, 10, VMM_VIRTQ_NEXT, 2);
    put_descriptor(table + 32, BUFFERS, 20, VMM_VIRTQ_NEXT | VMM_VIRTQ_WRITE, 1);
    put_descriptor(table + 16, BUFFERS, 30, VMM_VIRTQ_WRITE, 0);
    put_descriptor(queue_base(0) + 5 * 16, table, 48, VMM_VIRTQ_INDIRECT, 0);
    put_head(0, 5);
    kick(&virtio, 0);
    assert_int_equal(take_used(0, NULL), 5);
    assert_int_equal(readable, 10);
    assert_int_equal(writable, 50);
}

struct bad_chain {
    const char *what;
    uint64_t address;
    uint32_t length;
    uint16_t flags, next, head;
    uint64_t features;
};

/* What a driver does against the rules ends in DEVICE_NEEDS_RESET (2.1.2), told by an interrupt. */
static void bad_chains_need_a_reset(void **state)
{
    enum {
        NEXT = VMM_VIRTQ_NEXT,
        INDIRECT_FLAG = VMM_VIRTQ_INDIRECT
    };
    const uint64_t with = VERSION | INDIRECTS;
    const struct bad_chain chains[] = {
        {"outside memory", RAM_SIZE, 1, 0, 0, 0, VERSION},
        {"over the end", RAM_SIZE - 4, 5, 0, 0, 0, VERSION},
        {"wraps around", UINT64_MAX - 1, 4, 0, 0, 0, VERSION},
        {"head", BUFFERS, 4, 0, 0, 16, VERSION},
        {"next", BUFFERS, 4, NEXT, 16, 0, VERSION},
        {"a loop", BUFFERS, 4, NEXT, 0, 0, VERSION},
        {"an empty loop", BUFFERS, 0, NEXT, 0, 0, VERSION},
        {"indirect that was not negotiated", INDIRECT, 16, INDIRECT_FLAG, 0, 0, VERSION},
        {"indirect and next", INDIRECT, 16, INDIRECT_FLAG | NEXT, 1, 0, with},
        {"an empty table", INDIRECT, 0, INDIRECT_FLAG, 0, 0, with},
        {"a broken table", INDIRECT, 17, INDIRECT_FLAG, 0, 0, with},
        {"a table that is too long", INDIRECT, 17 * 16, INDIRECT_FLAG, 0, 0, with},
        {"a table outside memory", RAM_SIZE, 16, INDIRECT_FLAG, 0, 0, with},
        {"a table that is not aligned", INDIRECT + 4, 16, INDIRECT_FLAG, 0, 0, with},
        {"indirect in indirect", 0, 16, INDIRECT_FLAG, 0, 0, with},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
        const struct bad_chain *bad = &chains[i];
        unsigned before = taken;

        print_message("%s\n", bad->what);
        start(&virtio, bad->features);
        put_descriptor(queue_base(0), bad->address, bad->length, bad->flags, bad->next);
        put_head(0, bad->head);
        kick(&virtio, 0);
        assert_int_equal(taken, before);
        assert_int_equal(came_back(0), 0);
        assert_int_equal(reg_get(&virtio, 20, 1), 15 | 64);
        assert_int_equal(messages.count, 1);
        assert_int_equal(messages.data, 0x40);
        kick(&virtio, 0);
        assert_int_equal(messages.count, 1);
    }
    start(&virtio, VERSION);
    put_descriptor(queue_base(0), BUFFERS, 4, VMM_VIRTQ_WRITE | NEXT, 1);
    put_descriptor(queue_base(0) + 16, BUFFERS, 4, 0, 0); /* read after written */
    put_head(0, 0);
    kick(&virtio, 0);
    assert_int_equal(reg_get(&virtio, 20, 1), 15 | 64);
    start(&virtio, VERSION); /* a reset mends it */
    assert_int_equal(reg_get(&virtio, 20, 1), 15);
}

static void an_index_that_runs_away(void **state)
{
    (void)state;
    start(&virtio, VERSION);
    put16(queue_base(0) + AVAILABLE + 2, 17);
    kick(&virtio, 0);
    assert_int_equal(taken, 0);
    assert_int_equal(reg_get(&virtio, 20, 1), 15 | 64);
}

static void bad_rings_need_a_reset(void **state)
{
    static const struct {
        uint32_t offset, value;
    } bad[] = {{24, 0}, {24, 3},        {24, 512},          {32, 8},        {40, 1},
               {48, 2}, {32, RAM_SIZE}, {40, RAM_SIZE},     {48, RAM_SIZE}, {36, 1},
               {44, 1}, {52, 1},        {32, RAM_SIZE - 16}};

    (void)state;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        negotiate(&virtio, VERSION);
        reg_set(&virtio, 22, 2, 0);
        reg_set(&virtio, 24, 2, 16);
        reg_set(&virtio, bad[i].offset, bad[i].offset == 24 ? 2 : 4, bad[i].value);
        reg_set(&virtio, 28, 2, 1);
        assert_int_equal(reg_get(&virtio, 28, 2), 0);
        assert_int_equal(reg_get(&virtio, 20, 1), 11 | 64);
    }
}

/* A driver that writes anything anywhere: nothing breaks, and the sanitizers watch. */
static void any_driver_is_survived(void **state)
{
    uint64_t random = 88172645463325252ull;

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        start(&virtio, VERSION | INDIRECTS | (round & 1 ? EVENTS : 0));
        for (unsigned i = 0; i < 30; i++) {
            uint64_t word = next_random(&random);
            uint32_t at = (uint32_t)(word >> 8) % (QUEUE_AREA * 2);

            /* descriptors that are nearly right, and bytes that are not */
            put_descriptor(queue_base(word & 1) + (word >> 4 & 15) * 16u,
                           word >> 20 & 1 ? word >> 44 : INDIRECT + (word >> 40 & 0xff0),
                           word >> 21 & 1 ? (word >> 30 & 0x1f0) : (uint32_t)word >> 9,
                           (uint16_t)(word >> 5 & 7), (uint16_t)(word >> 10 & 15));
            if (word >> 22 & 1)
                put_head(word >> 23 & 1, (uint16_t)(word >> 24 & 15));
            if (word >> 28 & 1)
                ram[at] = (uint8_t)(word >> 32);
            if (word >> 29 & 1)
                reg_set(&virtio, word >> 32 & 0xff, 1u << (word >> 40) % 3, (uint32_t)word);
            kick(&virtio, word >> 50 & 1);
        }
    }
    assert_true(taken > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_function_is_a_virtio_device, make),
        cmocka_unit_test_setup(features_are_negotiated, make),
        cmocka_unit_test_setup(reset_forgets_everything, make),
        cmocka_unit_test_setup(fields_have_their_widths, make),
        cmocka_unit_test_setup(the_window_reaches_the_bar, make),
        cmocka_unit_test_setup(buffers_come_back, make),
        cmocka_unit_test_setup(nothing_happens_before_driver_ok, make),
        cmocka_unit_test_setup(the_pin_tells_why, make),
        cmocka_unit_test_setup(flags_suppress_interrupts, make),
        cmocka_unit_test_setup(event_indices_suppress, make),
        cmocka_unit_test_setup(indirect_tables, make),
        cmocka_unit_test_setup(bad_chains_need_a_reset, make),
        cmocka_unit_test_setup(an_index_that_runs_away, make),
        cmocka_unit_test_setup(bad_rings_need_a_reset, make),
        cmocka_unit_test_setup(any_driver_is_survived, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
