/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <nacelle/error.h>
#include <nacelle/exit.h>
#include <nacelle/object.h>
#include <runtime/names.h>

static void every_number_has_a_name(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < NACELLE_ERROR_COUNT; i++) {
        assert_string_not_equal(nacelle_error_name(i), "?");
        assert_string_not_equal(nacelle_error_text(i), "?");
    }
    for (uint32_t i = 0; i < NACELLE_EXIT_COUNT; i++)
        assert_string_not_equal(nacelle_exit_text(i), "?");
    for (uint32_t i = 0; i < NACELLE_TYPE_COUNT; i++)
        assert_string_not_equal(nacelle_type_name(i), "?");
}

static void samples(void **state)
{
    (void)state;
    assert_string_equal(nacelle_error_name(NACELLE_ERROR_NO_MEMORY), "NO_MEMORY");
    assert_string_equal(nacelle_exit_text(NACELLE_EXIT_HLT), "HLT");
    assert_string_equal(nacelle_type_name(NACELLE_TYPE_VCPU), "vCPU");
    assert_string_equal(nacelle_register_name(4), "rsp");
    assert_string_equal(nacelle_exception_name(14), "page fault");
}

static void others_have_none(void **state)
{
    (void)state;
    assert_string_equal(nacelle_error_name(NACELLE_ERROR_COUNT), "?");
    assert_string_equal(nacelle_error_text(UINT32_MAX), "?");
    assert_string_equal(nacelle_exit_text(NACELLE_EXIT_COUNT), "?");
    assert_string_equal(nacelle_type_name(NACELLE_TYPE_COUNT), "?");
    assert_string_equal(nacelle_register_name(16), "?");
    assert_string_equal(nacelle_exception_name(9), "?");
    assert_string_equal(nacelle_exception_name(255), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_has_a_name),
        cmocka_unit_test(samples),
        cmocka_unit_test(others_have_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
