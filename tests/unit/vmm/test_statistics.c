/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <stdio.h>

#include <vmm/statistics.h>

static char text[512];

static void print(void *context, const char *kind, uint64_t count)
{
    (void)context;
    snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %lu\n", kind,
             (unsigned long)count);
}

static void the_table_is_sorted(void **state)
{
    struct vmm_statistics statistics = {0};

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        vmm_statistics_count(&statistics, NACELLE_EXIT_CPUID);
    for (unsigned i = 0; i < 5; i++)
        vmm_statistics_count(&statistics, NACELLE_EXIT_PORT);
    vmm_statistics_count(&statistics, NACELLE_EXIT_HLT);
    vmm_statistics_count(&statistics, 12345);
    vmm_statistics_table(&statistics, print, NULL);
    assert_string_equal(text, "port I/O 5\nCPUID 3\nHLT 1\nother 1\nall exits 10\n");
}

static void an_empty_table_has_a_total(void **state)
{
    struct vmm_statistics statistics = {0};

    (void)state;
    text[0] = 0;
    vmm_statistics_table(&statistics, print, NULL);
    assert_string_equal(text, "all exits 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sorted),
        cmocka_unit_test(an_empty_table_has_a_total),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
