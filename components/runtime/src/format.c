/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatted text without a C library. */
#include <runtime/format.h>
#include <stdbool.h>
#include <stdint.h>

struct output {
    nacelle_sink *sink;
    void *context;
};

/* One conversion: %[flags][width][.precision][length]type */
struct conversion {
    bool zero;
    bool left;
    int width;
    int precision;  /* -1: none */
    unsigned longs; /* l, or 2 for ll and z */
    char type;
};

#define WIDTH_MAX 256 /* no legitimate column is wider, and a wild argument cannot stall us */

static void put(struct output *out, char character)
{
    out->sink(out->context, character);
}

static void pad(struct output *out, char character, int count)
{
    while (count-- > 0)
        put(out, character);
}

static void put_text(struct output *out, const struct conversion *c, const char *text)
{
    int length = 0;

    if (!text)
        text = "(null)";
    while ((c->precision < 0 || length < c->precision) && text[length])
        length++;
    if (!c->left)
        pad(out, ' ', c->width - length);
    for (int i = 0; i < length; i++)
        put(out, text[i]);
    if (c->left)
        pad(out, ' ', c->width - length);
}

static void put_number(struct output *out, const struct conversion *c, uint64_t value,
                       bool negative, unsigned base)
{
    const char *symbols = c->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[20]; /* 2^64 - 1 has 20 decimal digits */
    int length = 0, total;

    do {
        text[length++] = symbols[value % base];
        value /= base;
    } while (value);
    total = length + negative;

    if (!c->left && !c->zero)
        pad(out, ' ', c->width - total);
    if (negative)
        put(out, '-');
    if (!c->left && c->zero)
        pad(out, '0', c->width - total);
    while (length)
        put(out, text[--length]);
    if (c->left)
        pad(out, ' ', c->width - total);
}

static int limit_width(int width)
{
    return width > WIDTH_MAX ? WIDTH_MAX : width;
}

static const char *parse_number(const char *format, int *number)
{
    int value = 0;

    for (; *format >= '0' && *format <= '9'; format++)
        value = limit_width(value * 10 + (*format - '0'));
    *number = value;
    return format;
}

/* va_list is passed by pointer in a struct, since it may be an array type. */
struct arguments {
    va_list list;
};

static const char *parse(const char *format, struct conversion *c, struct arguments *arguments)
{
    *c = (struct conversion){.precision = -1};
    for (;; format++) {
        if (*format == '0')
            c->zero = true;
        else if (*format == '-')
            c->left = true;
        else
            break;
    }
    if (*format == '*') {
        c->width = limit_width(va_arg(arguments->list, int));
        format++;
    } else {
        format = parse_number(format, &c->width);
    }
    if (*format == '.') {
        format++;
        if (*format == '*') {
            c->precision = va_arg(arguments->list, int);
            format++;
        } else {
            format = parse_number(format, &c->precision);
        }
    }
    for (; *format == 'l' || *format == 'z'; format++)
        c->longs += *format == 'z' ? 2 : 1;
    c->type = *format;
    return format;
}

static uint64_t unsigned_argument(const struct conversion *c, struct arguments *arguments)
{
    return c->longs ? va_arg(arguments->list, unsigned long) : va_arg(arguments->list, unsigned);
}

static void put_signed(struct output *out, const struct conversion *c, struct arguments *arguments)
{
    int64_t value = c->longs ? va_arg(arguments->list, long) : va_arg(arguments->list, int);

    put_number(out, c, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, 10);
}

static void put_character(struct output *out, const struct conversion *c, char character)
{
    char text[2] = {character, 0};

    if (character)
        put_text(out, c, text);
}

/* Prints one conversion, or returns false if it is none. */
static bool put_conversion(struct output *out, struct conversion *c, struct arguments *arguments)
{
    switch (c->type) {
    case 'd':
    case 'i':
        put_signed(out, c, arguments);
        return true;
    case 'u':
        put_number(out, c, unsigned_argument(c, arguments), false, 10);
        return true;
    case 'x':
    case 'X':
        put_number(out, c, unsigned_argument(c, arguments), false, 16);
        return true;
    case 'p':
        put(out, '0');
        put(out, 'x');
        put_number(out, c, (uintptr_t)va_arg(arguments->list, void *), false, 16);
        return true;
    case 'c':
        put_character(out, c, (char)va_arg(arguments->list, int));
        return true;
    case 's':
        put_text(out, c, va_arg(arguments->list, const char *));
        return true;
    case '%':
        put(out, '%');
        return true;
    default:
        return false;
    }
}

void nacelle_format(nacelle_sink *sink, void *context, const char *format, va_list list)
{
    struct output out = {sink, context};
    struct arguments arguments;

    va_copy(arguments.list, list);
    while (*format) {
        struct conversion conversion;
        const char *start = format++;

        if (*start != '%') {
            put(&out, *start);
            continue;
        }
        format = parse(format, &conversion, &arguments);
        if (*format)
            format++;
        if (!put_conversion(&out, &conversion, &arguments))
            while (start != format)
                put(&out, *start++);
    }
    va_end(arguments.list);
}

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
