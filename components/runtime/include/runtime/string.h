/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory and strings, as ISO C defines them. On the host the C library has them. */
#ifndef RUNTIME_STRING_H
#define RUNTIME_STRING_H

#if defined(NACELLE_HOST)
#include <string.h>
#else
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
char *strstr(const char *text, const char *part);
#endif

#endif
