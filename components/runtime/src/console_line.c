/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of text as message words. */
#include <runtime/console_line.h>

unsigned nacelle_console_pack(uint64_t words[NACELLE_MESSAGE_WORDS], const char *text,
                              size_t length)
{
    unsigned count;

    if (length > NACELLE_CONSOLE_LINE_MAX)
        length = NACELLE_CONSOLE_LINE_MAX;
    count = 1 + (unsigned)((length + 7) / 8);
    words[0] = length;
    for (unsigned i = 1; i < count; i++)
        words[i] = 0;
    for (size_t i = 0; i < length; i++)
        words[1 + i / 8] |= (uint64_t)(uint8_t)text[i] << i % 8 * 8;
    return count;
}

int nacelle_console_unpack_bytes(const uint64_t words[NACELLE_MESSAGE_WORDS], unsigned length,
                                 uint8_t bytes[NACELLE_CONSOLE_LINE_MAX])
{
    if (length < 1 || length > NACELLE_MESSAGE_WORDS || words[0] > (uint64_t)(length - 1) * 8)
        return -1;
    for (uint64_t i = 0; i < words[0]; i++)
        bytes[i] = (uint8_t)(words[1 + i / 8] >> i % 8 * 8);
    return (int)words[0];
}

int nacelle_console_unpack(const uint64_t words[NACELLE_MESSAGE_WORDS], unsigned length,
                           char text[NACELLE_CONSOLE_LINE_MAX + 1])
{
    int count = nacelle_console_unpack_bytes(words, length, (uint8_t *)text);

    if (count < 0)
        return -1;
    for (int i = 0; i < count; i++)
        if ((text[i] < ' ' || text[i] > '~') && text[i] != '\t')
            text[i] = '?';
    text[count] = 0;
    return count;
}
