/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatted text without a C library. */
#ifndef RUNTIME_FORMAT_H
#define RUNTIME_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Takes the characters one by one. */
typedef void nacelle_sink(void *context, char character);

/*
 * The part of printf that is needed: %d %i %u %x %X %c %s %p %%, length l, ll and z, flags 0 and -,
 * a width, and for %s a precision; width and precision may be *. What it does not know is printed
 * as it stands, and no argument is taken for it.
 */
void nacelle_format(nacelle_sink *sink, void *context, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* Into a buffer, always ended by 0 when size is not 0. Returns the length the text would have. */
size_t nacelle_snprintf(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t nacelle_vsnprintf(char *text, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#endif
