/* SPDX-License-Identifier: BSD-2-Clause */
/* What every test file needs, in the order that cmocka demands, and random numbers. */
#ifndef TESTS_SERVER_TEST_MAIN_H
#define TESTS_SERVER_TEST_MAIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#undef fail /* the server has a function of this name */

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* xorshift64 (Marsaglia 2003): the same numbers on every run. */
struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return random->state;
}

/* A number below limit. */
static inline uint64_t random_below(struct random *random, uint64_t limit)
{
    return (random_next(random) >> 11) % limit;
}

#endif
