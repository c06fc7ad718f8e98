/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <stdio.h>

#include <vmm/statistics.h>

static char text[512];

static void print(void *context, const char *kind, uint64_t client, uint64_t server)
{
    (void)context;
    snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %lu %lu\n", kind,
             (unsigned long)client, (unsigned long)server);
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
    statistics.answered[NACELLE_EXIT_CPUID] = 4;
    statistics.answered[NACELLE_EXIT_MSR] = 2;
    vmm_statistics_table(&statistics, print, NULL);
    assert_string_equal(text, "CPUID 3 4\nport I/O 5 0\nMSR access 0 2\nHLT 1 0\nother 1 0\n"
                              "all exits 10 6\n");
}

static void an_empty_table_has_a_total(void **state)
{
    struct vmm_statistics statistics = {0};

    (void)state;
    text[0] = 0;
    vmm_statistics_table(&statistics, print, NULL);
    assert_string_equal(text, "all exits 0 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sorted),
        cmocka_unit_test(an_empty_table_has_a_total),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
