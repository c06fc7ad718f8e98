/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void *own_memcpy(void *restrict to, const void *restrict from, size_t size);
void *own_memmove(void *to, const void *from, size_t size);
void *own_memset(void *to, int byte, size_t size);
int own_memcmp(const void *a, const void *b, size_t size);
size_t own_strlen(const char *text);
int own_strcmp(const char *a, const char *b);
int own_strncmp(const char *a, const char *b, size_t size);
char *own_strstr(const char *text, const char *part);

/* The clients' functions under other names, beside those of the C library. */
#define memcpy  own_memcpy
#define memmove own_memmove
#define memset  own_memset
#define memcmp  own_memcmp
#define strlen  own_strlen
#define strcmp  own_strcmp
#define strncmp own_strncmp
#define strstr  own_strstr
#include "string.c" /* NOLINT(bugprone-suspicious-include) */
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp
#undef strstr

static void memory(void **state)
{
    char text[16] = "0123456789";

    (void)state;
    assert_ptr_equal(own_memcpy(text + 5, "abc", 3), text + 5);
    assert_string_equal(text, "01234abc89");
    assert_ptr_equal(own_memset(text, 0x178, 2), text);
    assert_string_equal(text, "xx234abc89");
    own_memset(text, 0, 0);
    assert_string_equal(text, "xx234abc89");
}

/* Whatever the size and the alignment, those bytes and no others. */
static void sizes(void **state)
{
    (void)state;
    for (size_t at = 0; at < 8; at++) {
        for (size_t size = 0; size <= 40; size++) {
            uint8_t source[64], own[64], other[64];

            for (uint8_t i = 0; i < 64; i++) {
                source[i] = (uint8_t)(i + 100);
                own[i] = other[i] = i;
            }
            assert_ptr_equal(own_memcpy(own + at, source + 3, size), own + at);
            memcpy(other + at, source + 3, size);
            assert_memory_equal(own, other, sizeof(own));
            assert_ptr_equal(own_memset(own + at, -2, size), own + at);
            memset(other + at, -2, size);
            assert_memory_equal(own, other, sizeof(own));
        }
    }
}

static void overlapping_moves(void **state)
{
    (void)state;
    for (size_t from = 0; from < 16; from++) {
        for (size_t to = 0; to < 16; to++) {
            for (size_t size = 0; size <= 16; size++) {
                uint8_t own[32], other[32];

                for (uint8_t i = 0; i < 32; i++)
                    own[i] = other[i] = i;
                own_memmove(own + to, own + from, size);
                memmove(other + to, other + from, size);
                assert_memory_equal(own, other, sizeof(own));
            }
        }
    }
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void comparisons(void **state)
{
    static const char *const texts[] = {"", "a", "ab", "abc", "b", "\x80", "ab\xff"};

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        for (size_t j = 0; j < 7; j++) {
            assert_int_equal(sign(own_strcmp(texts[i], texts[j])),
                             sign(strcmp(texts[i], texts[j])));
            for (size_t size = 0; size < 4; size++)
                assert_int_equal(sign(own_strncmp(texts[i], texts[j], size)),
                                 sign(strncmp(texts[i], texts[j], size)));
        }
        assert_int_equal(own_strlen(texts[i]), strlen(texts[i]));
    }
    assert_int_equal(own_memcmp("a\0b", "a\0b", 3), 0);
    assert_true(own_memcmp("a\0b", "a\0c", 3) < 0);
    assert_true(own_memcmp("\xff", "\x01", 1) > 0);
    assert_int_equal(own_memcmp("a", "b", 0), 0);
}

static void parts(void **state)
{
    const char *text = "No bootable device.";

    (void)state;
    assert_ptr_equal(own_strstr(text, "boot"), text + 3);
    assert_ptr_equal(own_strstr(text, ""), text);
    assert_ptr_equal(own_strstr(text, "."), text + 18);
    assert_null(own_strstr(text, "device!"));
    assert_null(own_strstr("", "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory),      cmocka_unit_test(sizes), cmocka_unit_test(overlapping_moves),
        cmocka_unit_test(comparisons), cmocka_unit_test(parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
