/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What every test file needs, in the order that cmocka demands.
 */

#ifndef TESTS_X86_TEST_MAIN_H
#define TESTS_X86_TEST_MAIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
