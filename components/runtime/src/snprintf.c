/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatted text into a buffer. */
#include <runtime/format.h>

struct buffer {
    char *text;
    size_t size;
    size_t length;
};

static void put_in_buffer(void *context, char character)
{
    struct buffer *buffer = context;

    if (buffer->length + 1 < buffer->size)
        buffer->text[buffer->length] = character;
    buffer->length++;
}

size_t nacelle_vsnprintf(char *text, size_t size, const char *format, va_list arguments)
{
    struct buffer buffer = {text, size, 0};

    nacelle_format(put_in_buffer, &buffer, format, arguments);
    if (size)
        text[buffer.length < size ? buffer.length : size - 1] = 0;
    return buffer.length;
}

size_t nacelle_snprintf(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = nacelle_vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return length;
}
