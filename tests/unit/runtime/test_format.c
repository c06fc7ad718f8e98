/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <runtime/format.h>

#define CHECK(expected, ...)                                               \
    do {                                                                   \
        char text[80];                                                     \
        size_t length = nacelle_snprintf(text, sizeof(text), __VA_ARGS__); \
                                                                           \
        assert_string_equal(text, expected);                               \
        assert_int_equal(length, strlen(expected));                        \
    } while (0)

static void numbers(void **state)
{
    (void)state;
    CHECK("0 -1 42", "%d %d %i", 0, -1, 42);
    CHECK("-2147483648", "%d", INT32_MIN);
    CHECK("4294967295", "%u", UINT32_MAX);
    CHECK("-9223372036854775808", "%ld", (long)INT64_MIN);
    CHECK("18446744073709551615", "%lu", (unsigned long)UINT64_MAX);
    CHECK("deadbeefcafe", "%llx", 0xdeadbeefcafeull);
    CHECK("BEEF", "%X", 0xbeefu);
    CHECK("123456789012", "%zu", (size_t)123456789012);
    CHECK("0x1000", "%p", (void *)0x1000);
}

static void widths(void **state)
{
    (void)state;
    CHECK("   42|42   |00042", "%5d|%-5d|%05d", 42, 42, 42);
    CHECK("-0042|  -42", "%05d|%5d", -42, -42);
    CHECK("000000ff", "%08x", 255u);
    CHECK("  7", "%*d", 3, 7);
    CHECK("123456", "%3d", 123456);
}

static void texts(void **state)
{
    (void)state;
    CHECK("abc", "%s", "abc");
    CHECK("  abc|abc  |ab", "%5s|%-5s|%.2s", "abc", "abc", "abc");
    CHECK("ab", "%.*s", 2, "abc");
    CHECK("x%", "%c%%", 'x');
    CHECK("", "%s", "");
}

/* Through variables: the compiler would complain about these formats. */
static void what_is_not_known_is_printed_as_it_stands(void **state)
{
    const char *volatile unknown = "%q %5y %";
    const char *volatile null = NULL;
    char text[32];

    (void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    nacelle_snprintf(text, sizeof(text), unknown);
#pragma GCC diagnostic pop
    assert_string_equal(text, "%q %5y %");
    nacelle_snprintf(text, sizeof(text), "%s", null);
    assert_string_equal(text, "(null)");
}

static void what_does_not_fit_is_cut(void **state)
{
    char text[4] = "zzz";

    (void)state;
    assert_int_equal(nacelle_snprintf(text, sizeof(text), "%d", 12345), 5);
    assert_string_equal(text, "123");
    assert_int_equal(nacelle_snprintf(text, 1, "%d", 12345), 5);
    assert_string_equal(text, "");
    assert_int_equal(nacelle_snprintf(NULL, 0, "%d", 12345), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(widths),
        cmocka_unit_test(texts),
        cmocka_unit_test(what_is_not_known_is_printed_as_it_stands),
        cmocka_unit_test(what_does_not_fit_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
