/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"

static void defaults(void **state)
{
    struct client_config config;

    (void)state;
    assert_null(config_read("bios client=vm1", &config));
    assert_string_equal(config.name, "vm1");
    assert_int_equal(config.memory, 4 << 20);
    assert_int_equal(config.slots, 1024);
    assert_int_equal(config.priority, 16);
    assert_int_equal(config.slice, 0);
    assert_int_equal(config.files.length, 0);
    assert_int_equal(config.channels.length, 0);
    assert_int_equal(config.expectation, EXPECT_STATUS);
    assert_int_equal(config.expected_status, 0);
}

static void everything(void **state)
{
    struct client_config config;

    (void)state;
    assert_null(config_read("bios client=a memory=0x1001 slots=64 priority=3 slice=500 files=a,b "
                            "expect=7",
                            &config));
    assert_int_equal(config.memory, 0x2000); /* whole pages */
    assert_int_equal(config.slots, 64);
    assert_int_equal(config.priority, 3);
    assert_int_equal(config.slice, 500);
    assert_true(nacelle_word_is(config.files, "a,b"));
    assert_int_equal(config.expected_status, 7);
    assert_null(config_read("bios client=a expect=fault", &config));
    assert_int_equal(config.expectation, EXPECT_FAULT);
    assert_null(config_read("bios client=a expect=refused", &config));
    assert_int_equal(config.expectation, EXPECT_REFUSED);
    assert_null(config_read("switch client=a channel=vm1,vm2 expect=running", &config));
    assert_int_equal(config.expectation, EXPECT_RUNNING);
    assert_true(nacelle_word_is(config.channels, "vm1,vm2"));
}

static void files_are_no_clients(void **state)
{
    (void)state;
    assert_true(config_is_client("bios client=vm1"));
    assert_false(config_is_client("bios.bin"));
    assert_false(config_is_client("client=vm1"));
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *line, *problem;
    } cases[] = {
        {"bios client=", "client= is not a name of 1 to 31 characters"},
        {"bios client=abcdefghijklmnopqrstuvwxyz012345",
         "client= is not a name of 1 to 31 characters"},
        {"bios client=a memory=lots", "memory= is not 0 to 64G"},
        {"bios client=a memory=65G", "memory= is not 0 to 64G"},
        {"bios client=a slots=32", "slots= is not 64 to 65536"},
        {"bios client=a slots=100", "slots= is not a power of two"},
        {"bios client=a priority=0", "priority= is not 1 to 30"},
        {"bios client=a priority=31", "priority= is not 1 to 30"},
        {"bios client=a slice=1000001", "slice= is not 0 to 1000000 microseconds"},
        {"bios client=a expect=x", "expect= is not fault, refused, running or an exit status"},
        {"bios client=a expect=4294967296",
         "expect= is not fault, refused, running or an exit status"},
    };
    struct client_config config;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(config_read(cases[i].line, &config), cases[i].problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(everything),
        cmocka_unit_test(files_are_no_clients),
        cmocka_unit_test(mistakes_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
