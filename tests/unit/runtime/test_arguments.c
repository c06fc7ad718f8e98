/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <runtime/arguments.h>

static void words_are_taken_one_by_one(void **state)
{
    const char *line = "  one  two=2 three ";
    struct nacelle_word word;

    (void)state;
    assert_true(nacelle_next_word(&line, &word));
    assert_true(nacelle_word_is(word, "one"));
    assert_true(nacelle_next_word(&line, &word));
    assert_true(nacelle_word_is(word, "two=2"));
    assert_true(nacelle_next_word(&line, &word));
    assert_true(nacelle_word_is(word, "three"));
    assert_false(nacelle_next_word(&line, &word));
    assert_true(nacelle_word_is(nacelle_first_word(""), ""));
}

static void a_key_is_found_after_the_first_word(void **state)
{
    struct nacelle_word word;

    (void)state;
    assert_true(nacelle_argument("bios client=vm1 memory=40M empty=", "memory", &word));
    assert_true(nacelle_word_is(word, "40M"));
    assert_true(nacelle_argument("bios empty=", "empty", &word));
    assert_int_equal(word.length, 0);
    assert_false(nacelle_argument("memory=1 other=2", "memory", &word));
    assert_false(nacelle_argument("bios memory", "memory", &word));
    assert_false(nacelle_argument("bios mem=1 memories=2", "memory", &word));
    assert_false(nacelle_argument("", "memory", &word));
}

static void number(const char *text, bool valid, uint64_t expected)
{
    uint64_t value = 0;

    assert_int_equal(nacelle_word_number((struct nacelle_word){text, strlen(text)}, &value), valid);
    if (valid)
        assert_int_equal(value, expected);
}

static void numbers(void **state)
{
    (void)state;
    number("0", true, 0);
    number("40M", true, 40ull << 20);
    number("1G", true, 1ull << 30);
    number("7K", true, 7168);
    number("0xfee00000", true, 0xfee00000);
    number("0xFF", true, 255);
    number("18446744073709551615", true, UINT64_MAX);
    number("18446744073709551616", false, 0);
    number("0xffffffffffffffff", true, UINT64_MAX);
    number("0x1ffffffffffffffff", false, 0);
    number("17179869184G", false, 0);
    number("", false, 0);
    number("M", false, 0);
    number("0x", false, 0);
    number("4MB", false, 0);
    number("12a", false, 0);
    number("-1", false, 0);
}

static void a_missing_number_has_a_default(void **state)
{
    uint64_t value = 0;

    (void)state;
    assert_true(nacelle_argument_number("bios", "ram", 32, &value));
    assert_int_equal(value, 32);
    assert_true(nacelle_argument_number("bios ram=0x10", "ram", 32, &value));
    assert_int_equal(value, 16);
    assert_false(nacelle_argument_number("bios ram=lots", "ram", 32, &value));
}

static void lists_are_split_at_commas(void **state)
{
    struct nacelle_word list = {"a,,bc,", 6}, part;

    (void)state;
    assert_true(nacelle_next_part(&list, &part));
    assert_true(nacelle_word_is(part, "a"));
    assert_true(nacelle_next_part(&list, &part));
    assert_true(nacelle_word_is(part, "bc"));
    assert_false(nacelle_next_part(&list, &part));
}

static void copies_are_cut_and_ended(void **state)
{
    char text[4];

    (void)state;
    assert_true(nacelle_word_copy((struct nacelle_word){"abc", 3}, text, sizeof(text)));
    assert_string_equal(text, "abc");
    assert_false(nacelle_word_copy((struct nacelle_word){"abcd", 4}, text, sizeof(text)));
    assert_string_equal(text, "abc");
}

static void the_rest_of_a_line_is_left_alone(void **state)
{
    struct nacelle_word word;

    (void)state;
    assert_false(nacelle_argument("linux a=1 -- mem=2M -- c", "mem", &word));
    assert_string_equal(nacelle_rest_of_line("linux a=1 --  mem=2M -- c "), "mem=2M -- c ");
    assert_string_equal(nacelle_rest_of_line("linux a=1 --"), "");
    assert_string_equal(nacelle_rest_of_line("linux --a=1"), "");
    assert_string_equal(nacelle_rest_of_line(""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_taken_one_by_one),
        cmocka_unit_test(a_key_is_found_after_the_first_word),
        cmocka_unit_test(numbers),
        cmocka_unit_test(a_missing_number_has_a_default),
        cmocka_unit_test(the_rest_of_a_line_is_left_alone),
        cmocka_unit_test(lists_are_split_at_commas),
        cmocka_unit_test(copies_are_cut_and_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
