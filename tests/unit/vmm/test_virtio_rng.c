/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio entropy device (VIRTIO 1.2, 5.4) and its generator (RFC 8439). */
#include "virtio_test.h"

#include <vmm/virtio_rng.h>

static struct vmm_virtio_rng rng;
static struct vmm_random generator;

static int make(void **state)
{
    (void)state;
    make_bus();
    memset(&generator, 0, sizeof(generator));
    vmm_random_seed(&generator, "seed", 4);
    vmm_virtio_rng_init(&rng, &memory, 1, &generator);
    plug_in(&rng.virtio);
    start(&rng.virtio, VMM_VIRTIO_F_VERSION_1);
    return 0;
}

/* RFC 8439, 2.3.2 */
static void the_block_function(void **state)
{
    static const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0};
    static const uint32_t expected[16] = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
                                          0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
                                          0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                          0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
    uint32_t key[8], block[16];

    (void)state;
    for (unsigned i = 0; i < 32; i++)
        ((uint8_t *)key)[i] = (uint8_t)i;
    vmm_chacha20(key, 1, nonce, block);
    assert_memory_equal(block, expected, sizeof(block));
}

static void what_comes_is_never_the_same(void **state)
{
    struct vmm_random a = {0}, b = {0};
    uint8_t first[3000], second[3000], third[3000];
    unsigned ones = 0;

    (void)state;
    vmm_random_seed(&a, "x", 1);
    vmm_random_seed(&b, "y", 1);
    vmm_random_bytes(&a, first, sizeof(first));
    vmm_random_bytes(&a, second, sizeof(second));
    vmm_random_bytes(&b, third, sizeof(third));
    assert_memory_not_equal(first, second, 16);
    assert_memory_not_equal(first, first + 1024, 16); /* another key */
    assert_memory_not_equal(first, third, 16);
    for (unsigned i = 0; i < sizeof(first); i++)
        ones += (unsigned)__builtin_popcount(first[i]);
    assert_in_range(ones, 12000 - 600, 12000 + 600);
    vmm_random_seed_host(&a);
    vmm_random_seed_host(&b);
    vmm_random_bytes(&a, first, 16);
    vmm_random_bytes(&b, second, 16);
    assert_memory_not_equal(first, second, 16);
}

static void buffers_are_filled(void **state)
{
    static const struct piece pieces[] = {{BUFFERS, 10, true}, {BUFFERS + 0x100, 90, true}};
    static const struct piece large = {BUFFERS, 0x20000, true}, readable = {BUFFERS, 64, false};
    static const uint8_t zeros[16];
    uint32_t written;

    (void)state;
    assert_int_equal(config_get(1, 2, 2), 0x1044);
    put_chain(0, pieces, 2);
    kick(&rng.virtio, 0);
    take_used(0, &written);
    assert_int_equal(written, 100);
    assert_memory_not_equal(ram + BUFFERS, zeros, 10);
    assert_memory_equal(ram + BUFFERS + 10, zeros, 16);
    assert_memory_not_equal(ram + BUFFERS + 0x100 + 74, zeros, 16);
    put_chain(0, &large, 1);
    put_chain(0, &readable, 1);
    kick(&rng.virtio, 0);
    take_used(0, &written);
    assert_int_equal(written, 65536);
    take_used(0, &written);
    assert_int_equal(written, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_block_function),
        cmocka_unit_test(what_comes_is_never_the_same),
        cmocka_unit_test_setup(buffers_are_filled, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
