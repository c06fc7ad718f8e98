/* SPDX-License-Identifier: BSD-2-Clause */
#include <harness/check.h>

#include <runtime/names.h>

uint64_t checks_made, checks_failed;

/* A test that goes wrong everywhere does not need to say so a thousand times. */
#define LINES_MAX 60

static bool failed(void)
{
    checks_failed++;
    return checks_failed <= LINES_MAX;
}

bool check_number(const char *what, uint64_t expected, uint64_t found)
{
    checks_made++;
    if (expected != found && failed())
        print("FAILED %s: expected 0x%lx, found 0x%lx\n", what, expected, found);
    return expected == found;
}

bool check_range(const char *what, uint64_t least, uint64_t most, uint64_t found)
{
    bool good = found >= least && found <= most;

    checks_made++;
    if (!good && failed())
        print("FAILED %s: expected %lu to %lu, found %lu\n", what, least, most, found);
    return good;
}

bool check_true(const char *what, bool found)
{
    checks_made++;
    if (!found && failed())
        print("FAILED %s: expected true, found false\n", what);
    return found;
}

bool check_error(const char *what, enum nacelle_error expected, enum nacelle_error found)
{
    checks_made++;
    if (expected != found && failed())
        print("FAILED %s: expected %s, found %s\n", what, nacelle_error_name(expected),
              nacelle_error_name(found));
    return expected == found;
}

void need(enum nacelle_error error, const char *what)
{
    if (error == NACELLE_ERROR_OK)
        return;
    print("cannot go on: %s: %s\n", what, nacelle_error_text(error));
    give_up(what);
}
