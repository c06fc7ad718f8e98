/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines. */
#include <runtime/arguments.h>
#include <runtime/string.h>

#define END_OF_KEYS "--"

bool nacelle_next_word(const char **cursor, struct nacelle_word *word)
{
    const char *text = *cursor;
    size_t length = 0;

    while (*text == ' ')
        text++;
    while (text[length] && text[length] != ' ')
        length++;
    *word = (struct nacelle_word){text, length};
    *cursor = text + length;
    return length != 0;
}

struct nacelle_word nacelle_first_word(const char *line)
{
    struct nacelle_word word;

    nacelle_next_word(&line, &word);
    return word;
}

bool nacelle_argument(const char *line, const char *key, struct nacelle_word *value)
{
    size_t length = strlen(key);
    struct nacelle_word word;

    if (!nacelle_next_word(&line, &word))
        return false;
    while (nacelle_next_word(&line, &word) && !nacelle_word_is(word, END_OF_KEYS)) {
        if (word.length > length && word.text[length] == '=' && !memcmp(word.text, key, length)) {
            *value = (struct nacelle_word){word.text + length + 1, word.length - length - 1};
            return true;
        }
    }
    return false;
}

const char *nacelle_rest_of_line(const char *line)
{
    struct nacelle_word word;

    while (nacelle_next_word(&line, &word))
        if (nacelle_word_is(word, END_OF_KEYS))
            break;
    while (*line == ' ')
        line++;
    return line;
}

bool nacelle_next_part(struct nacelle_word *list, struct nacelle_word *part)
{
    size_t length = 0;

    while (list->length && *list->text == ',') {
        list->text++;
        list->length--;
    }
    while (length < list->length && list->text[length] != ',')
        length++;
    *part = (struct nacelle_word){list->text, length};
    list->text += length;
    list->length -= length;
    return length != 0;
}

bool nacelle_word_is(struct nacelle_word word, const char *text)
{
    return word.length == strlen(text) && !memcmp(word.text, text, word.length);
}

bool nacelle_word_copy(struct nacelle_word word, char *buffer, size_t size)
{
    size_t length = word.length < size ? word.length : size - 1;

    memcpy(buffer, word.text, length);
    buffer[length] = 0;
    return length == word.length;
}

static int digit_value(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

/* The power of two that a suffix stands for, or -1. */
static int suffix_shift(char suffix)
{
    switch (suffix) {
    case 'K':
        return 10;
    case 'M':
        return 20;
    case 'G':
        return 30;
    default:
        return -1;
    }
}

bool nacelle_word_number(struct nacelle_word word, uint64_t *number)
{
    unsigned base = 10;
    uint64_t value = 0;
    size_t at = 0, digits = 0;

    if (word.length > 2 && word.text[0] == '0' && word.text[1] == 'x') {
        base = 16;
        at = 2;
    }
    for (; at < word.length; at++, digits++) {
        int digit = digit_value(word.text[at]);

        if (digit < 0 || (unsigned)digit >= base)
            break;
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, (unsigned)digit, &value))
            return false;
    }
    if (!digits)
        return false;
    if (at < word.length) {
        int shift = suffix_shift(word.text[at++]);

        if (shift < 0 || at != word.length || value > UINT64_MAX >> shift)
            return false;
        value <<= shift;
    }
    *number = value;
    return true;
}

bool nacelle_argument_number(const char *line, const char *key, uint64_t otherwise,
                             uint64_t *number)
{
    struct nacelle_word word;

    if (!nacelle_argument(line, key, &word)) {
        *number = otherwise;
        return true;
    }
    return nacelle_word_number(word, number);
}
