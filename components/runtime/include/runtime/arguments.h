/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines: words separated by spaces, of which some are key=value. What follows the word --
 * is not looked at: it belongs to somebody else, such as a guest. */
#ifndef RUNTIME_ARGUMENTS_H
#define RUNTIME_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A part of a command line; not ended by 0. */
struct nacelle_word {
    const char *text;
    size_t length;
};

/* Takes the next word off *cursor; false at the end. */
bool nacelle_next_word(const char **cursor, struct nacelle_word *word);

/* The value of the first word `key=...` after the line's first word; false if there is none. */
bool nacelle_argument(const char *line, const char *key, struct nacelle_word *value);

/* What follows the word --; empty, never NULL, without one. */
const char *nacelle_rest_of_line(const char *line);

/* The first word of a line: what it names. Empty (length 0) for an empty line. */
struct nacelle_word nacelle_first_word(const char *line);

/* Takes the next part of a comma-separated list off *list; false at the end. */
bool nacelle_next_part(struct nacelle_word *list, struct nacelle_word *part);

bool nacelle_word_is(struct nacelle_word word, const char *text);

/* Copies, cuts off what does not fit, ends with 0. False when something was cut off. */
bool nacelle_word_copy(struct nacelle_word word, char *buffer, size_t size);

/* A number: decimal, or hexadecimal after 0x; then K, M or G for powers of 1024, or nothing.
 * False for anything else and beyond 64 bits. */
bool nacelle_word_number(struct nacelle_word word, uint64_t *number);

/* The number of key=..., or `otherwise` when the key is missing. False when it is no number. */
bool nacelle_argument_number(const char *line, const char *key, uint64_t otherwise,
                             uint64_t *number);

#endif
