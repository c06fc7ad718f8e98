/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks: each that fails prints one line (what, expected, found), and the scenario fails. */
#ifndef HARNESS_CHECK_H
#define HARNESS_CHECK_H

#include <nacelle/error.h>
#include <stdbool.h>
#include <stdint.h>

/* The parts of a test program, in the order in which they run. */
struct part {
    const char *name;
    void (*run)(void);
};

/* Given by the test program: its name and its parts. */
extern const char test_name[];
extern const struct part test_parts[];
extern const unsigned test_part_count;

#define PARTS(...)                                  \
    const struct part test_parts[] = {__VA_ARGS__}; \
    const unsigned test_part_count = sizeof(test_parts) / sizeof(*test_parts)

/* Checks made and failed so far. */
extern uint64_t checks_made, checks_failed;

void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* `what` may be a format for one more number, to tell the rows of a table apart. */
bool check_number(const char *what, uint64_t expected, uint64_t found);
bool check_range(const char *what, uint64_t least, uint64_t most, uint64_t found);
bool check_true(const char *what, bool found);
bool check_error(const char *what, enum nacelle_error expected, enum nacelle_error found);

/* What must hold for the test program itself to go on: ends the scenario otherwise. */
void need(enum nacelle_error error, const char *what);
_Noreturn void give_up(const char *why);

#endif
