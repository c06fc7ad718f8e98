/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/msr.h>

static struct vmm_msr_range make(uint32_t first, uint32_t last, uint64_t value,
                                 enum vmm_msr_write write)
{
    return (struct vmm_msr_range){.first = first, .last = last, .value = value, .write = write};
}

static void ranges_decide(void **state)
{
    struct vmm_msrs msrs = {0};
    const struct vmm_msr_range fixed = make(0x10, 0x1f, 7, VMM_MSR_WRITE_FAULTS);
    const struct vmm_msr_range ignored = make(0x8b, 0x8b, 8, VMM_MSR_WRITE_IGNORED);
    const struct vmm_msr_range kept = make(0xffffffff, 0xffffffff, 9, VMM_MSR_WRITE_KEPT);
    uint64_t value = 0;

    (void)state;
    assert_true(vmm_msr_add(&msrs, &fixed) && vmm_msr_add(&msrs, &ignored) &&
                vmm_msr_add(&msrs, &kept));
    assert_true(vmm_msr_read(&msrs, 0x1f, &value));
    assert_int_equal(value, 7);
    assert_false(vmm_msr_write(&msrs, 0x1f, 1));
    assert_true(vmm_msr_write(&msrs, 0x8b, 1));
    assert_true(vmm_msr_read(&msrs, 0x8b, &value));
    assert_int_equal(value, 8);
    assert_true(vmm_msr_write(&msrs, 0xffffffff, 1));
    assert_true(vmm_msr_read(&msrs, 0xffffffff, &value));
    assert_int_equal(value, 1);
    assert_false(vmm_msr_read(&msrs, 0x20, &value));
    assert_false(vmm_msr_write(&msrs, 0x0f, 1));
}

static void ranges_that_do_not_fit_are_refused(void **state)
{
    struct vmm_msrs msrs = {0};
    struct vmm_msr_range range = make(0x10, 0x1f, 0, VMM_MSR_WRITE_FAULTS);
    const struct vmm_msr_range overlap = make(0x1f, 0x20, 0, VMM_MSR_WRITE_FAULTS);
    const struct vmm_msr_range empty = make(0x31, 0x30, 0, VMM_MSR_WRITE_FAULTS);

    (void)state;
    assert_true(vmm_msr_add(&msrs, &range));
    assert_false(vmm_msr_add(&msrs, &overlap));
    assert_false(vmm_msr_add(&msrs, &empty));
    for (range.first = range.last = 0x100; msrs.count < VMM_MSR_RANGES_MAX; range.first++) {
        range.last = range.first;
        assert_true(vmm_msr_add(&msrs, &range));
    }
    range = make(0x1000, 0x1000, 0, VMM_MSR_WRITE_FAULTS);
    assert_false(vmm_msr_add(&msrs, &range));
}

/* A device that doubles what it is written, and takes no odd numbers. */
static bool get(void *device, uint32_t msr, uint64_t *value)
{
    *value = *(uint64_t *)device + msr;
    return msr != 0x42;
}

static bool set(void *device, uint32_t msr, uint64_t value)
{
    (void)msr;
    *(uint64_t *)device = 2 * value;
    return value % 2 == 0;
}

static void functions_decide(void **state)
{
    struct vmm_msrs msrs = {0};
    uint64_t kept = 0, value = 0;
    const struct vmm_msr_range range = {
        .first = 0x40, .last = 0x42, .get = get, .set = set, .device = &kept};

    (void)state;
    assert_true(vmm_msr_add(&msrs, &range));
    assert_true(vmm_msr_write(&msrs, 0x40, 8));
    assert_true(vmm_msr_read(&msrs, 0x41, &value));
    assert_int_equal(value, 16 + 0x41);
    assert_false(vmm_msr_write(&msrs, 0x40, 7));
    assert_false(vmm_msr_read(&msrs, 0x42, &value));
    assert_false(vmm_msr_read(&msrs, 0x43, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_decide),
        cmocka_unit_test(functions_decide),
        cmocka_unit_test(ranges_that_do_not_fit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
