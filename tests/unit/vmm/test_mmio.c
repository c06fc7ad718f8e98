/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/mmio.h>

static uint64_t last_offset, last_value;

static uint64_t read_offset(void *device, uint64_t offset, unsigned size)
{
    (void)device;
    (void)size;
    return offset | 0xaabbccdd00000000ull;
}

static void write_offset(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    (void)device;
    (void)size;
    last_offset = offset;
    last_value = value;
}

static void accesses_reach_their_device(void **state)
{
    struct vmm_mmio mmio = {0};
    const struct vmm_mmio_range range = {0xfee00000, 0x1000, read_offset, write_offset, NULL};

    (void)state;
    assert_true(vmm_mmio_add(&mmio, &range));
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xfee00030, 4), 0x30);
    assert_true(vmm_mmio_read_at(&mmio, 0xfee00030, 8) == 0xaabbccdd00000030ull);
    vmm_mmio_write_at(&mmio, 0xfee00ffc, 4, 0x123456789ull);
    assert_int_equal(last_offset, 0xffc);
    assert_int_equal(last_value, 0x23456789);
    /* partly outside */
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xfee00ffe, 4), 0xffffffff);
    assert_true(vmm_mmio_read_at(&mmio, 0xfedfffff, 8) == UINT64_MAX);
}

static void ranges_that_do_not_fit_are_refused(void **state)
{
    struct vmm_mmio mmio = {0};
    const struct vmm_mmio_range good = {0x1000, 0x1000, NULL, NULL, NULL};
    const struct vmm_mmio_range bad[] = {{0x1fff, 1, NULL, NULL, NULL},
                                         {0, 0x1001, NULL, NULL, NULL},
                                         {0x5000, 0, NULL, NULL, NULL},
                                         {UINT64_MAX, 2, NULL, NULL, NULL}};

    (void)state;
    assert_true(vmm_mmio_add(&mmio, &good));
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(vmm_mmio_add(&mmio, &bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accesses_reach_their_device),
        cmocka_unit_test(ranges_that_do_not_fit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
