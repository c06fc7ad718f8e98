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
    int precision;                           /* -1: none */
    bool width_argument, precision_argument; /* given by *, as an argument */
    bool wide;                               /* l, ll or z: 64 bits */
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

/* Reads a conversion, from behind the % up to its type. */
static const char *parse(const char *format, struct conversion *c)
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
    c->width_argument = *format == '*';
    format = c->width_argument ? format + 1 : parse_number(format, &c->width);
    if (*format == '.') {
        format++;
        c->precision_argument = *format == '*';
        format = c->precision_argument ? format + 1 : parse_number(format, &c->precision);
    }
    for (; *format == 'l' || *format == 'z'; format++)
        c->wide = true;
    c->type = *format;
    return format;
}

static void put_signed(struct output *out, const struct conversion *c, int64_t value)
{
    put_number(out, c, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, 10);
}

static void put_character(struct output *out, const struct conversion *c, char character)
{
    char text[2] = {character, 0};

    if (character)
        put_text(out, c, text);
}

void nacelle_format(nacelle_sink *sink, void *context, const char *format, va_list arguments)
{
    struct output out = {sink, context};

    while (*format) {
        struct conversion c;
        const char *start = format++;

        if (*start != '%') {
            put(&out, *start);
            continue;
        }
        format = parse(format, &c);
        if (*format)
            format++;
        if (c.width_argument)
            c.width = limit_width(va_arg(arguments, int));
        if (c.precision_argument)
            c.precision = va_arg(arguments, int);
        switch (c.type) {
        case 'd':
        case 'i':
            put_signed(&out, &c, c.wide ? va_arg(arguments, long) : va_arg(arguments, int));
            break;
        case 'u':
        case 'x':
        case 'X':
            put_number(&out, &c,
                       c.wide ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned),
                       false, c.type == 'u' ? 10 : 16);
            break;
        case 'p':
            put(&out, '0');
            put(&out, 'x');
            put_number(&out, &c, (uintptr_t)va_arg(arguments, void *), false, 16);
            break;
        case 'c':
            put_character(&out, &c, (char)va_arg(arguments, int));
            break;
        case 's':
            put_text(&out, &c, va_arg(arguments, const char *));
            break;
        case '%':
            put(&out, '%');
            break;
        default:
            while (start != format)
                put(&out, *start++);
            break;
        }
    }
}
