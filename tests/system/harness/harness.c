/* SPDX-License-Identifier: BSD-2-Clause */
/* Start of a test program: runs its parts, prints the summary, ends the machine. */
#include <harness/check.h>
#include <harness/memory.h>

#include <runtime/arguments.h>
#include <runtime/client.h>
#include <runtime/format.h>
#include <runtime/string.h>

#include "console.h"

const struct nacelle_boot_info *boot;

static char scenario[NACELLE_BOOT_NAME_MAX] = "?";

void print(const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    nacelle_vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    console_print("%s", text);
}

void give_up(const char *why)
{
    console_finish(scenario, why);
}

static void read_scenario(void)
{
    struct nacelle_word word;
    const char *line = boot->command_line;

    while (nacelle_next_word(&line, &word))
        if (word.length > 9 && !strncmp(word.text, "scenario=", 9))
            nacelle_word_copy((struct nacelle_word){word.text + 9, word.length - 9}, scenario,
                              sizeof(scenario));
}

_Noreturn void nacelle_start(const void *info, struct nacelle_ipc_buffer *buffer)
{
    nacelle_ipc_buffer = buffer;
    boot = info;
    console_init();
    read_scenario();
    for (unsigned i = 0; i < test_part_count; i++) {
        uint64_t made = checks_made, failed = checks_failed;

        print("%s: %s\n", test_name, test_parts[i].name);
        arena_begin();
        test_parts[i].run();
        arena_end(test_parts[i].name);
        print("%s: %s: %lu checks, %lu failed\n", test_name, test_parts[i].name, checks_made - made,
              checks_failed - failed);
    }
    print("%s: %lu checks, %lu failed\n", test_name, checks_made, checks_failed);
    console_finish(scenario, checks_failed ? "checks failed" : NULL);
}
