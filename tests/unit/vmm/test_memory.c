/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/memory.h>

static uint8_t low[0x1000], next[0x1000], rom[0x100];
static struct vmm_memory memory;

static int make(void **state)
{
    (void)state;
    memory = (struct vmm_memory){0};
    assert_true(vmm_memory_add(&memory, 0, sizeof(low), low, true));
    assert_true(vmm_memory_add(&memory, 0x1000, sizeof(next), next, true));
    assert_true(vmm_memory_add(&memory, UINT64_MAX - 0xff, sizeof(rom), rom, false));
    return 0;
}

static void ranges_are_checked(void **state)
{
    (void)state;
    assert_ptr_equal(vmm_memory_at(&memory, 0x10, 0xff0, true), low + 0x10);
    assert_null(vmm_memory_at(&memory, 0x10, 0xff1, true));
    assert_null(vmm_memory_at(&memory, 0x10, UINT64_MAX, true));
    assert_null(vmm_memory_at(&memory, 0x2000, 1, false));
    assert_ptr_equal(vmm_memory_at(&memory, UINT64_MAX, 1, false), rom + 0xff);
    assert_null(vmm_memory_at(&memory, UINT64_MAX, 2, false));
    assert_null(vmm_memory_at(&memory, UINT64_MAX, 1, true));
}

static void copies_cross_regions(void **state)
{
    char text[7] = {0};

    (void)state;
    assert_true(vmm_memory_write(&memory, 0xffd, "abcdef", 6));
    assert_memory_equal(low + 0xffd, "abc", 3);
    assert_memory_equal(next, "def", 3);
    assert_true(vmm_memory_read(&memory, 0xffd, text, 6));
    assert_string_equal(text, "abcdef");
    assert_false(vmm_memory_read(&memory, 0x1ffd, text, 6));
    assert_false(vmm_memory_write(&memory, UINT64_MAX, "x", 1));
}

static void regions_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    assert_false(vmm_memory_add(&memory, 0x1fff, 1, low, true));
    assert_false(vmm_memory_add(&memory, 0x2000, 0, low, true));
    assert_false(vmm_memory_add(&memory, UINT64_MAX - 1, 3, low, true));
    for (unsigned i = 3; i < VMM_MEMORY_REGIONS_MAX; i++)
        assert_true(vmm_memory_add(&memory, 0x10000ull * i, 1, low, true));
    assert_false(vmm_memory_add(&memory, 0x2000, 1, low, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ranges_are_checked, make),
        cmocka_unit_test_setup(copies_cross_regions, make),
        cmocka_unit_test_setup(regions_that_do_not_fit_are_refused, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
