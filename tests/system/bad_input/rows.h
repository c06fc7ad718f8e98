/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of operations that must fail: what, on which object, with which words, how. */
#ifndef BAD_INPUT_ROWS_H
#define BAD_INPUT_ROWS_H

#include <nacelle/error.h>
#include <nacelle/object.h>
#include <stdint.h>

#define ROW_WORDS_MAX 6

struct row {
    const char *what;
    uint64_t object;
    uint32_t operation;
    uint16_t error, culprit;
    unsigned length;
    uint64_t words[ROW_WORDS_MAX];
};

#define CAPABILITY NACELLE_CULPRIT_CAPABILITY
#define TAG        NACELLE_CULPRIT_TAG
#define WORD(n)    NACELLE_CULPRIT_WORD(n)

/* The words of the request follow the culprit. */
#define ROW(what, object, operation, error, culprit, ...)                  \
    {                                                                      \
        what, object, NACELLE_##operation, NACELLE_ERROR_##error, culprit, \
            sizeof((uint64_t[]){0, ##__VA_ARGS__}) / 8 - 1,                \
        {                                                                  \
            __VA_ARGS__                                                    \
        }                                                                  \
    }

struct rows {
    const struct row *rows;
    unsigned count;
};

#define ROWS(table)                             \
    {                                           \
        table, sizeof(table) / sizeof(*(table)) \
    }

extern const struct rows memory_rows, space_rows, thread_rows, vm_rows, vcpu_rows, port_rows;

/* Invokes an operation with these words; words beyond the registers go into the IPC buffer. */
struct answer {
    uint32_t error;
    uint64_t culprit;
};
struct answer invoke_raw(uint64_t object, uint64_t label, unsigned length, const uint64_t *words);

/* Runs one row, and checks answer and that nothing changed. */
void run_row(const struct row *row);

/* All tables. */
void test_rows(void);

/* Each operation with what can be wrong with any operation. */
void test_operations(void);

/* What else there is, each in a file of its name. */
void test_system_calls(void);
void test_exhaustion(void);
void test_depth(void);
void test_clearing(void);
void test_client_faults(void);
void test_states(void);
void test_random_state(void);
void test_poke(void);
void test_known_bugs(void);

#endif
