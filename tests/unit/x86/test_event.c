/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/event.h>

#include "test_main.h"

static bool in_list(unsigned value, const uint8_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == value)
            return true;
    }
    return false;
}

static void error_codes(void **state)
{
    static const uint8_t with[] = {8, 10, 11, 12, 13, 14, 17, 21, 29, 30};

    (void)state;
    for (unsigned vector = 0; vector < 256; vector++) {
        assert_int_equal(x86_vector_has_error_code((uint8_t)vector, false),
                         in_list(vector, with, ARRAY_SIZE(with)));
        assert_false(x86_vector_has_error_code((uint8_t)vector, true));
    }
}

static void types(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++)
        assert_int_equal(x86_event_is_soft((uint8_t)type), type >= 4 && type <= 6);
    for (unsigned vector = 0; vector < 256; vector++) {
        uint8_t expected = X86_EVENT_HARDWARE_EXCEPTION;

        if (vector == 2)
            expected = X86_EVENT_NMI;
        if (vector == 3 || vector == 4)
            expected = X86_EVENT_SOFTWARE_EXCEPTION;
        if (vector >= 32)
            expected = X86_EVENT_EXTERNAL;
        assert_int_equal(x86_event_type_of_vector((uint8_t)vector), expected);
    }
    /* #DB by itself is a hardware exception, whatever INT1 is. */
    assert_int_equal(x86_event_type_of_vector(X86_VECTOR_DB), 3);
    assert_string_equal(x86_event_type_name(5), "privileged software exception");
    assert_string_equal(x86_event_type_name(8), "unknown");
}

static void names_and_kinds(void **state)
{
    static const struct {
        uint8_t vector;
        const char *name;
        enum x86_exception_kind kind;
    } cases[] = {
        {0, "#DE", X86_KIND_FAULT},     {1, "#DB", X86_KIND_FAULT_OR_TRAP},
        {2, "NMI", X86_KIND_INTERRUPT}, {3, "#BP", X86_KIND_TRAP},
        {4, "#OF", X86_KIND_TRAP},      {5, "#BR", X86_KIND_FAULT},
        {6, "#UD", X86_KIND_FAULT},     {7, "#NM", X86_KIND_FAULT},
        {8, "#DF", X86_KIND_ABORT},     {9, NULL, X86_KIND_NONE},
        {10, "#TS", X86_KIND_FAULT},    {11, "#NP", X86_KIND_FAULT},
        {12, "#SS", X86_KIND_FAULT},    {13, "#GP", X86_KIND_FAULT},
        {14, "#PF", X86_KIND_FAULT},    {15, NULL, X86_KIND_NONE},
        {16, "#MF", X86_KIND_FAULT},    {17, "#AC", X86_KIND_FAULT},
        {18, "#MC", X86_KIND_ABORT},    {19, "#XM", X86_KIND_FAULT},
        {20, "#VE", X86_KIND_FAULT},    {21, "#CP", X86_KIND_FAULT},
        {22, NULL, X86_KIND_NONE},      {31, NULL, X86_KIND_NONE},
        {32, NULL, X86_KIND_NONE},      {255, NULL, X86_KIND_NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *name = x86_exception_name(cases[i].vector);

        assert_int_equal(x86_exception_kind(cases[i].vector), cases[i].kind);
        if (cases[i].name == NULL)
            assert_null(name);
        else
            assert_string_equal(name, cases[i].name);
    }
}

/* SDM vol. 3, tables 6-4 and 6-5, for every pair of vectors. */
static void combinations(void **state)
{
    static const uint8_t contributory[] = {0, 10, 11, 12, 13, 21, 29};
    static const uint8_t page_fault[] = {14, 20};

    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        bool first_contributory = in_list(first, contributory, ARRAY_SIZE(contributory));
        bool first_page = in_list(first, page_fault, ARRAY_SIZE(page_fault));

        for (unsigned second = 0; second < 256; second++) {
            bool second_contributory = in_list(second, contributory, ARRAY_SIZE(contributory));
            bool second_page = in_list(second, page_fault, ARRAY_SIZE(page_fault));
            enum x86_combination expected = X86_COMBINE_SECOND;

            if (first_contributory && second_contributory)
                expected = X86_COMBINE_DOUBLE_FAULT;
            if (first_page && (second_contributory || second_page))
                expected = X86_COMBINE_DOUBLE_FAULT;
            if (first == 8 && (second_contributory || second_page))
                expected = X86_COMBINE_TRIPLE_FAULT;
            assert_int_equal(x86_exception_combine((uint8_t)first, (uint8_t)second), expected);
        }
    }
}

/* The word of every event and back. */
static void pack_and_unpack(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 0x2000; bits++) {
        uint32_t info = X86_EVENT_VALID | bits;
        struct x86_event event = x86_event_unpack(info, 0x1234);

        assert_true(event.valid);
        assert_int_equal(event.vector, bits & 0xff);
        assert_int_equal(event.type, (bits >> 8) & 7);
        assert_int_equal(event.has_error_code, (bits >> 11) & 1);
        assert_int_equal(event.nmi_unblocking, (bits >> 12) & 1);
        assert_int_equal(event.error_code, event.has_error_code ? 0x1234 : 0);
        assert_int_equal(x86_event_pack(&event), info & ~X86_EVENT_NMI_UNBLOCKING);
        /* Not valid: all zero, both ways. */
        event = x86_event_unpack(bits, 0x1234);
        assert_false(event.valid);
        assert_int_equal(event.vector | event.type | event.error_code, 0);
        assert_int_equal(x86_event_pack(&event), 0);
    }
    assert_int_equal(x86_event_pack(&(struct x86_event){
                         .valid = true, .vector = 13, .type = 3, .has_error_code = true}),
                     0x80000b0d);
}

static void checks(void **state)
{
    static const struct {
        uint8_t vector;
        uint8_t type;
        bool has_error_code;
        uint32_t error_code;
        uint32_t length;
        uint32_t flags;
        enum x86_event_error expected;
    } cases[] = {
        {0x20, X86_EVENT_EXTERNAL, false, 0, 0, 0, X86_EVENT_OK},
        {0x00, X86_EVENT_EXTERNAL, false, 0, 0, 0, X86_EVENT_OK},
        {0x20, X86_EVENT_EXTERNAL, true, 0, 0, 0, X86_EVENT_ERROR_CODE_EXTRA},
        {0x20, X86_EVENT_RESERVED, false, 0, 0, 0, X86_EVENT_BAD_TYPE},
        {2, 8, false, 0, 0, 0, X86_EVENT_BAD_TYPE},
        {2, X86_EVENT_NMI, false, 0, 0, 0, X86_EVENT_OK},
        {3, X86_EVENT_NMI, false, 0, 0, 0, X86_EVENT_BAD_VECTOR},
        {13, X86_EVENT_HARDWARE_EXCEPTION, true, 0, 0, 0, X86_EVENT_OK},
        {13, X86_EVENT_HARDWARE_EXCEPTION, false, 0, 0, 0, X86_EVENT_ERROR_CODE_MISSING},
        {13, X86_EVENT_HARDWARE_EXCEPTION, false, 0, 0, X86_EVENT_CHECK_REAL_MODE, X86_EVENT_OK},
        {13, X86_EVENT_HARDWARE_EXCEPTION, true, 0, 0, X86_EVENT_CHECK_REAL_MODE,
         X86_EVENT_ERROR_CODE_EXTRA},
        {13, X86_EVENT_HARDWARE_EXCEPTION, false, 0, 0, X86_EVENT_CHECK_ANY_ERROR_CODE,
         X86_EVENT_OK},
        {6, X86_EVENT_HARDWARE_EXCEPTION, true, 0, 0, X86_EVENT_CHECK_ANY_ERROR_CODE, X86_EVENT_OK},
        {6, X86_EVENT_HARDWARE_EXCEPTION, true, 0, 0,
         X86_EVENT_CHECK_ANY_ERROR_CODE | X86_EVENT_CHECK_REAL_MODE, X86_EVENT_ERROR_CODE_EXTRA},
        {14, X86_EVENT_HARDWARE_EXCEPTION, true, 0x8003, 0, 0, X86_EVENT_OK},
        {14, X86_EVENT_HARDWARE_EXCEPTION, true, 0xffff, 0, 0, X86_EVENT_OK},
        {14, X86_EVENT_HARDWARE_EXCEPTION, true, 0x10000, 0, 0, X86_EVENT_BAD_ERROR_CODE},
        {6, X86_EVENT_HARDWARE_EXCEPTION, false, 0, 0, 0, X86_EVENT_OK},
        {6, X86_EVENT_HARDWARE_EXCEPTION, true, 0, 0, 0, X86_EVENT_ERROR_CODE_EXTRA},
        {1, X86_EVENT_HARDWARE_EXCEPTION, false, 0, 0, 0, X86_EVENT_OK},
        {0, X86_EVENT_HARDWARE_EXCEPTION, false, 0, 0, 0, X86_EVENT_OK},
        {31, X86_EVENT_HARDWARE_EXCEPTION, false, 0, 0, 0, X86_EVENT_OK},
        {32, X86_EVENT_HARDWARE_EXCEPTION, false, 0, 0, 0, X86_EVENT_BAD_VECTOR},
        {21, X86_EVENT_HARDWARE_EXCEPTION, true, 1, 0, 0, X86_EVENT_OK},
        {21, X86_EVENT_HARDWARE_EXCEPTION, false, 0, 0, X86_EVENT_CHECK_NO_CET, X86_EVENT_OK},
        {21, X86_EVENT_HARDWARE_EXCEPTION, true, 0, 0, X86_EVENT_CHECK_NO_CET,
         X86_EVENT_ERROR_CODE_EXTRA},
        {29, X86_EVENT_HARDWARE_EXCEPTION, true, 0, 0, 0, X86_EVENT_ERROR_CODE_EXTRA},
        {30, X86_EVENT_HARDWARE_EXCEPTION, false, 0, 0, 0, X86_EVENT_OK},
        {0x80, X86_EVENT_SOFTWARE_INTERRUPT, false, 0, 2, 0, X86_EVENT_OK},
        {13, X86_EVENT_SOFTWARE_INTERRUPT, false, 0, 2, 0, X86_EVENT_OK},
        {13, X86_EVENT_SOFTWARE_INTERRUPT, true, 0, 2, 0, X86_EVENT_ERROR_CODE_EXTRA},
        {0x80, X86_EVENT_SOFTWARE_INTERRUPT, false, 0, 0, 0, X86_EVENT_BAD_LENGTH},
        {0x80, X86_EVENT_SOFTWARE_INTERRUPT, false, 0, 0, X86_EVENT_CHECK_LENGTH_0, X86_EVENT_OK},
        {0x80, X86_EVENT_SOFTWARE_INTERRUPT, false, 0, 15, 0, X86_EVENT_OK},
        {0x80, X86_EVENT_SOFTWARE_INTERRUPT, false, 0, 16, 0, X86_EVENT_BAD_LENGTH},
        {1, X86_EVENT_PRIVILEGED_SOFTWARE_EXCEPTION, false, 0, 1, 0, X86_EVENT_OK},
        {3, X86_EVENT_SOFTWARE_EXCEPTION, false, 0, 1, 0, X86_EVENT_OK},
        {3, X86_EVENT_SOFTWARE_EXCEPTION, false, 0, 0, 0, X86_EVENT_BAD_LENGTH},
        {0, X86_EVENT_OTHER, false, 0, 0, 0, X86_EVENT_BAD_TYPE},
        {0, X86_EVENT_OTHER, false, 0, 0, X86_EVENT_CHECK_MTF, X86_EVENT_OK},
        {1, X86_EVENT_OTHER, false, 0, 0, X86_EVENT_CHECK_MTF, X86_EVENT_BAD_VECTOR},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct x86_event event = {.valid = true,
                                  .vector = cases[i].vector,
                                  .type = cases[i].type,
                                  .has_error_code = cases[i].has_error_code,
                                  .error_code = cases[i].error_code};
        enum x86_event_error error = x86_event_check(&event, cases[i].length, cases[i].flags);

        if (error != cases[i].expected)
            print_error("case %zu: %s\n", i, x86_event_error_text(error));
        assert_int_equal(error, cases[i].expected);
        event.valid = false;
        assert_int_equal(x86_event_check(&event, 0, 0), X86_EVENT_OK);
    }
    assert_string_equal(x86_event_error_text((enum x86_event_error)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_codes),     cmocka_unit_test(types),
        cmocka_unit_test(names_and_kinds), cmocka_unit_test(combinations),
        cmocka_unit_test(pack_and_unpack), cmocka_unit_test(checks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
