/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "commands.h"

static char done[256];

static void note(const char *what, const char *name)
{
    size_t length = strlen(done);

    snprintf(done + length, sizeof(done) - length, "%s%s;", what, name);
}

static void note_kill(const char *name)
{
    note("kill ", name);
}

static void note_list(void)
{
    note("list", "");
}

static void note_explanation(void)
{
    note("?", "");
}

/* Types each character by itself, and compares what has been done. */
static void check(const char *typed, const char *wanted)
{
    struct commands commands = {.kill = note_kill, .list = note_list, .explain = note_explanation};

    done[0] = 0;
    for (const char *c = typed; *c; c++)
        commands_take(&commands, c, 1);
    assert_string_equal(done, wanted);
    done[0] = 0;
    commands = (struct commands){.kill = note_kill, .list = note_list, .explain = note_explanation};
    commands_take(&commands, typed, strlen(typed));
    assert_string_equal(done, wanted);
}

static void commands_are_carried_out(void **state)
{
    (void)state;
    check("kill vm2\r", "kill vm2;");
    check("list\nkill vm1\n", "list;kill vm1;");
    check("list", "");
    check("\r\n\r\n", "");
}

static void what_makes_no_sense_is_explained(void **state)
{
    (void)state;
    check("help\r", "?;");
    check("kill\r", "?;");
    check("kill \r", "?;");
    check("lists\r", "?;");
    check("killvm1\r", "?;");
}

static void characters_are_taken_back(void **state)
{
    (void)state;
    check("lisp\bt\r", "list;");
    check("\b\x7flist\r", "list;");
}

static void lines_have_a_limit(void **state)
{
    char typed[COMMANDS_LINE_MAX + 8];

    (void)state;
    memset(typed, 'x', sizeof(typed));
    memcpy(typed + sizeof(typed) - 7, "\rlist\r", 7);
    check(typed, "?;list;");
    /* a name up to the last character that fits */
    memset(typed, 'x', sizeof(typed));
    memcpy(typed, "kill ", 5);
    typed[COMMANDS_LINE_MAX - 1] = 0;
    snprintf(done, sizeof(done), "%s;", typed);
    char wanted[sizeof(done)];
    memcpy(wanted, done, sizeof(wanted));
    typed[COMMANDS_LINE_MAX - 1] = '\r';
    typed[COMMANDS_LINE_MAX] = 0;
    check(typed, wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_carried_out),
        cmocka_unit_test(what_makes_no_sense_is_explained),
        cmocka_unit_test(characters_are_taken_back),
        cmocka_unit_test(lines_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
