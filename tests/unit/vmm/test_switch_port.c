/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring of frames between two clients: nothing is lost or doubled, nobody sleeps with work to
 * do, and a peer that breaks the rules is no longer listened to. */
#include "device_test.h"

#include <stdlib.h>
#include <vmm/switch_port.h>

static uint8_t *cable;
static struct vmm_switch_port ends[2];
static unsigned signals[2];

static void signal_peer(void *context)
{
    signals[ends == context ? 1 : 0]++;
}

static int make(void **state)
{
    (void)state;
    free(cable);
    cable =
        aligned_alloc(4096, VMM_CABLE_SIZE); /* exactly so much: the sanitizer watches its end */
    assert_non_null(cable);
    memset(cable, 0, VMM_CABLE_SIZE);
    for (unsigned i = 0; i < 2; i++) {
        vmm_switch_port_init(&ends[i], cable, i, signal_peer, &ends[i]);
        signals[i] = 0;
    }
    return 0;
}

static struct vmm_cable_half *half(unsigned end)
{
    return (struct vmm_cable_half *)(void *)(cable + end * sizeof(struct vmm_cable_half));
}

static bool put(unsigned end, const void *bytes, uint32_t size)
{
    if (!vmm_switch_port_begin(&ends[end], size))
        return false;
    vmm_switch_port_append(&ends[end], bytes, size / 2);
    vmm_switch_port_append(&ends[end], (const uint8_t *)bytes + size / 2, size - size / 2);
    vmm_switch_port_commit(&ends[end]);
    return true;
}

/* Takes a record; returns its size, 0 without one. */
static uint32_t take(unsigned end, uint8_t *bytes)
{
    struct vmm_segment parts[2];

    if (!vmm_switch_port_peek(&ends[end], parts))
        return 0;
    memcpy(bytes, parts[0].bytes, parts[0].size);
    memcpy(bytes + parts[0].size, parts[1].bytes, parts[1].size);
    vmm_switch_port_drop(&ends[end], parts);
    return parts[0].size + parts[1].size;
}

static uint64_t next_random(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static uint8_t record[VMM_CABLE_RECORD], got[VMM_CABLE_RECORD];

/* Records of all sizes, as many on the way as fit, many times around the ring, both ways. */
static void records_cross(void **state)
{
    uint64_t random = 88172645463325252ull;
    uint32_t put_count[2] = {0}, taken_count[2] = {0};

    (void)state;
    for (unsigned i = 0; i < 60000; i++) {
        uint64_t word = next_random(&random);
        unsigned end = word & 1;
        uint32_t size = word >> 8 & 15 ? 1 + (uint32_t)(word >> 16) % 3000
                                       : 1 + (uint32_t)(word >> 16) % VMM_CABLE_RECORD;

        if (word >> 4 & 1) {
            memset(record, (int)put_count[end], size);
            put_count[end] += put(end, record, size);
        } else {
            size = take(!end, got);
            if (size) {
                assert_int_equal(got[0], (uint8_t)taken_count[end]);
                assert_int_equal(got[size - 1], (uint8_t)taken_count[end]);
                taken_count[end]++;
            }
            assert_true(taken_count[end] <= put_count[end]);
        }
    }
    for (unsigned end = 0; end < 2; end++) {
        while (take(!end, got))
            taken_count[end]++;
        assert_int_equal(taken_count[end], put_count[end]);
        assert_true(put_count[end] > 5000);
        assert_false(ends[end].broken);
    }
}

static void records_have_sizes(void **state)
{
    (void)state;
    assert_false(put(0, record, 0));
    assert_false(vmm_switch_port_begin(&ends[0], VMM_CABLE_RECORD + 1));
    assert_true(put(0, record, VMM_CABLE_RECORD));
    assert_int_equal(take(1, got), VMM_CABLE_RECORD);
}

static void signals_are_few_and_enough(void **state)
{
    unsigned count = 0;

    (void)state;
    assert_int_equal(take(1, got), 0); /* it waits now */
    assert_true(put(0, record, 100));
    assert_true(put(0, record, 100));
    assert_int_equal(signals[1], 0);
    vmm_switch_port_flush(&ends[0]);
    assert_int_equal(signals[1], 1);
    assert_true(put(0, record, 100)); /* it has not slept since */
    vmm_switch_port_flush(&ends[0]);
    vmm_switch_port_flush(&ends[0]);
    assert_int_equal(signals[1], 1);
    while (take(1, got))
        count++;
    assert_int_equal(count, 3);
    vmm_switch_port_flush(&ends[1]);
    signals[0] = 0;
    assert_true(put(0, record, 100));
    vmm_switch_port_flush(&ends[0]);
    assert_int_equal(signals[1], 2);
    /* who finds no room is woken when there is some */
    while (put(0, record, 1500))
        count++;
    assert_int_equal(signals[0], 0);
    assert_int_equal(take(1, got), 100);
    vmm_switch_port_flush(&ends[1]);
    assert_int_equal(signals[0], 1);
    assert_int_equal(take(1, got), 1500);
    vmm_switch_port_flush(&ends[1]);
    assert_int_equal(signals[0], 1);
    assert_true(put(0, record, 1500));
}

static void bad_peers_are_cut_off(void **state)
{
    (void)state;
    half(1)->produced = VMM_CABLE_RING + 8; /* more than there can be */
    assert_int_equal(take(0, got), 0);
    assert_true(ends[0].broken);
    assert_false(put(0, record, 10));

    make(NULL);
    half(1)->produced = 12; /* no end of a record */
    assert_int_equal(take(0, got), 0);
    assert_true(ends[0].broken);

    make(NULL);
    half(1)->consumed = 8; /* what was never put */
    assert_false(put(0, record, 10));
    assert_true(ends[0].broken);

    static const uint32_t sizes[] = {0, 5, VMM_CABLE_RECORD + 1, 0xfffffff9, 0xffffffff};
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        make(NULL);
        memcpy(half(1)->ring, &sizes[i], 4);
        half(1)->produced = 8;
        assert_int_equal(take(0, got), 0);
        assert_true(ends[0].broken);
    }
}

/* A peer that writes anything anywhere, all the time. */
static void any_peer_is_survived(void **state)
{
    uint64_t random = 88172645463325252ull;

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t word = next_random(&random);
        uint32_t *control = (uint32_t *)(void *)half(1);

        control[word & 31] = word >> 5 & 1 ? (uint32_t)(word >> 8) & 0x7ffff8
                                           : control[word & 31] + 8 * (word >> 8 & 63);
        memcpy(half(1)->ring + (word >> 20 & 0x7fff8), &word, 4);
        (void)take(0, got);
        (void)put(0, record, 1 + (word >> 40 & 0x3fff));
        vmm_switch_port_flush(&ends[0]);
        if (ends[0].broken)
            vmm_switch_port_init(&ends[0], cable, 0, signal_peer, &ends[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(records_cross, make),
        cmocka_unit_test_setup(records_have_sizes, make),
        cmocka_unit_test_setup(signals_are_few_and_enough, make),
        cmocka_unit_test_setup(bad_peers_are_cut_off, make),
        cmocka_unit_test_setup(any_peer_is_survived, make),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    free(cable);
    return failed;
}
