/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "multiplex.h"
#include <runtime/serial_line.h>

static struct multiplex multiplex;

static int make(void **state)
{
    (void)state;
    memset(&multiplex, 0, sizeof(multiplex));
    multiplex_init(&multiplex);
    return 0;
}

/* All that is ready for the line. */
static size_t drain(uint8_t *bytes, size_t size)
{
    size_t count = 0;

    while (count < size && multiplex_next(&multiplex, &bytes[count]))
        count++;
    return count;
}

static void the_log_alone_is_plain(void **state)
{
    uint8_t line[64];

    (void)state;
    assert_int_equal(multiplex_write(&multiplex, 0, "root: a\n", 8), 8);
    assert_int_equal(drain(line, sizeof(line)), 8);
    assert_memory_equal(line, "root: a\n", 8);
}

static void switches_and_literals(void **state)
{
    uint8_t line[64];

    (void)state;
    multiplex_write(&multiplex, 2, "x\x10y", 3);
    multiplex_write(&multiplex, 0, "z", 1);
    assert_int_equal(drain(line, sizeof(line)), 7);
    assert_memory_equal(line,
                        "z\x10"
                        "Cx\x10\x10y",
                        7);
}

/* What one end encodes the other decodes, for all bytes on all channels. */
static void both_ends_agree(void **state)
{
    struct nacelle_serial_line out = {0}, in = {0};
    uint32_t random = 7;

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t encoded[NACELLE_LINE_ENCODED_MAX], byte;
        unsigned channel, count, data = 0;

        random = random * 1664525 + 1013904223;
        channel = random >> 28;
        byte = random >> 27 & 1 ? NACELLE_LINE_DLE : (uint8_t)(random >> 16);
        count = nacelle_line_encode(&out, channel, byte, encoded);
        assert_in_range(count, 1, NACELLE_LINE_ENCODED_MAX);
        for (unsigned at = 0; at < count; at++) {
            if (!nacelle_line_decode(&in, encoded[at]))
                continue;
            data++;
            assert_int_equal(encoded[at], byte);
            assert_int_equal(in.channel, channel);
        }
        assert_int_equal(data, 1);
    }
}

static void nonsense_is_dropped(void **state)
{
    struct nacelle_serial_line in = {.channel = 3};

    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        if (byte == NACELLE_LINE_DLE || (byte >= 'A' && byte < 'A' + NACELLE_LINE_CHANNELS))
            continue;
        assert_false(nacelle_line_decode(&in, NACELLE_LINE_DLE));
        assert_false(nacelle_line_decode(&in, (uint8_t)byte));
        assert_int_equal(in.channel, 3);
    }
    assert_true(nacelle_line_decode(&in, 'x'));
}

/* One that always has something to say does not keep the others from the line. */
static void channels_take_turns(void **state)
{
    static uint8_t bytes[MULTIPLEX_OUTPUT], line[2 * MULTIPLEX_OUTPUT];
    struct nacelle_serial_line in = {0};
    unsigned counts[NACELLE_LINE_CHANNELS] = {0};

    (void)state;
    assert_int_equal(multiplex_write(&multiplex, 1, bytes, sizeof(bytes)), sizeof(bytes));
    assert_int_equal(multiplex_write(&multiplex, 1, bytes, 1), 0);
    assert_int_equal(multiplex_room(&multiplex, 1), 0);
    multiplex_write(&multiplex, 5, bytes, 1000);
    for (size_t i = 0, count = drain(line, 2100); i < count; i++)
        if (nacelle_line_decode(&in, line[i]))
            counts[in.channel]++;
    assert_int_equal(counts[5], 1000);
    for (size_t i = 0, count = drain(line, sizeof(line)); i < count; i++)
        if (nacelle_line_decode(&in, line[i]))
            counts[in.channel]++;
    assert_int_equal(counts[1], sizeof(bytes));
    assert_int_equal(multiplex_room(&multiplex, 1), MULTIPLEX_OUTPUT);
}

static void input_goes_to_its_channel(void **state)
{
    static const char line[] = "\x10"
                               "Bab\x10"
                               "Cc\x10\x10\x10"
                               "Bd";
    char text[16];

    (void)state;
    for (size_t i = 0; i < sizeof(line) - 1; i++)
        (void)multiplex_take(&multiplex, (uint8_t)line[i]);
    assert_int_equal(multiplex_read(&multiplex, 1, text, 2), 2);
    assert_memory_equal(text, "ab", 2);
    assert_int_equal(multiplex_read(&multiplex, 1, text, sizeof(text)), 1);
    assert_int_equal(text[0], 'd');
    assert_int_equal(multiplex_read(&multiplex, 2, text, sizeof(text)), 2);
    assert_memory_equal(text, "c\x10", 2);
    assert_int_equal(multiplex_take(&multiplex, 'e'), 1);
    multiplex_drop_input(&multiplex, 1);
    assert_int_equal(multiplex_read(&multiplex, 1, text, sizeof(text)), 0);
    for (unsigned i = 0; i < MULTIPLEX_INPUT; i++)
        assert_int_equal(multiplex_take(&multiplex, 'f'), 1);
    assert_int_equal(multiplex_take(&multiplex, 'g'), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_log_alone_is_plain, make),
        cmocka_unit_test_setup(switches_and_literals, make),
        cmocka_unit_test(both_ends_agree),
        cmocka_unit_test(nonsense_is_dropped),
        cmocka_unit_test_setup(channels_take_turns, make),
        cmocka_unit_test_setup(input_goes_to_its_channel, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
