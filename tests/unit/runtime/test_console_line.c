/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <runtime/console_line.h>

static void what_is_packed_comes_out(void **state)
{
    uint64_t words[NACELLE_MESSAGE_WORDS];
    char text[NACELLE_CONSOLE_LINE_MAX + 1];

    (void)state;
    assert_int_equal(nacelle_console_pack(words, "SeaBIOS!x", 9), 3);
    assert_int_equal(words[0], 9);
    assert_int_equal(words[1], 0x21534f4942616553ull);
    assert_int_equal(words[2], 'x');
    assert_int_equal(nacelle_console_unpack(words, 3, text), 9);
    assert_string_equal(text, "SeaBIOS!x");
    assert_int_equal(nacelle_console_pack(words, "", 0), 1);
    assert_int_equal(nacelle_console_unpack(words, 1, text), 0);
}

static void the_longest_line_fills_the_message(void **state)
{
    uint64_t words[NACELLE_MESSAGE_WORDS];
    char line[600], text[NACELLE_CONSOLE_LINE_MAX + 1];

    (void)state;
    memset(line, 'a', sizeof(line));
    assert_int_equal(nacelle_console_pack(words, line, sizeof(line)), NACELLE_MESSAGE_WORDS);
    assert_int_equal(words[0], 504);
    assert_int_equal(nacelle_console_unpack(words, NACELLE_MESSAGE_WORDS, text), 504);
}

static void nonsense_is_refused(void **state)
{
    uint64_t words[NACELLE_MESSAGE_WORDS] = {9};
    char text[NACELLE_CONSOLE_LINE_MAX + 1];

    (void)state;
    assert_int_equal(nacelle_console_unpack(words, 0, text), -1);
    assert_int_equal(nacelle_console_unpack(words, 2, text), -1);
    assert_int_equal(nacelle_console_unpack(words, NACELLE_MESSAGE_WORDS + 1, text), -1);
    words[0] = UINT64_MAX;
    assert_int_equal(nacelle_console_unpack(words, NACELLE_MESSAGE_WORDS, text), -1);
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
    uint64_t words[NACELLE_MESSAGE_WORDS];
    char text[NACELLE_CONSOLE_LINE_MAX + 1];
    unsigned count = nacelle_console_pack(words, "a\033[\nb\t\377", 7);

    (void)state;
    assert_int_equal(nacelle_console_unpack(words, count, text), 7);
    assert_string_equal(text, "a?[?b\t?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_out),
        cmocka_unit_test(the_longest_line_fills_the_message),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(control_characters_do_not_reach_the_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
