/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <nacelle/message.h>
#include <runtime/system_call.h>

static void a_tag_holds_label_and_length(void **state)
{
    uint64_t tag = nacelle_tag(0xffffffff, NACELLE_MESSAGE_WORDS);

    (void)state;
    assert_int_equal(tag, 0x0000ffffffff0040ull);
    assert_int_equal(nacelle_tag_label(tag), 0xffffffff);
    assert_int_equal(nacelle_tag_length(tag), 64);
    assert_int_equal(nacelle_tag_system_call(tag), 0);
    assert_int_equal(nacelle_tag_system_call(4ull << 56 | tag), NACELLE_REPLY_RECEIVE);
    assert_int_equal(nacelle_tag_length(nacelle_tag(0, 0x1ff)), 0x7f);
}

static void errors_are_the_label_of_marked_messages(void **state)
{
    struct nacelle_message message = {.tag = nacelle_tag(NACELLE_ERROR_NO_MEMORY, 1)};

    (void)state;
    assert_int_equal(nacelle_message_error(&message), NACELLE_ERROR_OK);
    message.tag |= NACELLE_TAG_ERROR;
    assert_int_equal(nacelle_message_error(&message), NACELLE_ERROR_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tag_holds_label_and_length),
        cmocka_unit_test(errors_are_the_label_of_marked_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
