/* SPDX-License-Identifier: BSD-2-Clause */
/* What was checked, and what failed. */
#ifndef EXITS_VERDICT_H
#define EXITS_VERDICT_H

#include <nacelle/exit.h>
#include <stdbool.h>
#include <stdint.h>

/* From now on failures are those of this case in this mode. */
void verdict_case(const char *mode, const char *name);

/* One check; a failure prints a line. Returns whether it held. */
bool verdict_equal(const char *what, uint64_t expected, uint64_t found);

/* Compares an exit record in all that has a defined value. raw_reason of `expected` is compared,
 * the other raw codes are not; EVENT_PENDING of an interrupted delivery is not. */
bool verdict_exit(const struct nacelle_exit *expected, const volatile struct nacelle_exit *found);

/* Prints the summary line; the client's exit status. */
int verdict_summary(const char *name);

#endif
