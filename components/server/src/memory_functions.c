/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions that a freestanding compiler calls on its own (GCC manual, "Standards"). */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict target, const void *restrict source, size_t size);
void *memset(void *target, int value, size_t size);
void *memmove(void *target, const void *source, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* Words first: one of eight bytes takes no longer than a byte, on emulators above all. */
void *memcpy(void *restrict target, const void *restrict source, size_t size)
{
    void *result = target;
    size_t words = size / 8;
    size_t rest = size % 8;

    __asm__ volatile("rep movsq" : "+D"(target), "+S"(source), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(target), "+S"(source), "+c"(rest) : : "memory");
    return result;
}

void *memset(void *target, int value, size_t size)
{
    void *result = target;
    uint64_t word = (uint8_t)value * 0x0101010101010101ull;
    size_t words = size / 8;
    size_t rest = size % 8;

    __asm__ volatile("rep stosq" : "+D"(target), "+c"(words) : "a"(word) : "memory");
    __asm__ volatile("rep stosb" : "+D"(target), "+c"(rest) : "a"(word) : "memory");
    return result;
}

void *memmove(void *target, const void *source, size_t size)
{
    uint8_t *to = target;
    const uint8_t *from = source;

    if (to <= from) {
        return memcpy(target, source, size);
    }
    while (size-- > 0) {
        __asm__ volatile("" ::: "memory"); /* not to become a call of memmove */
        to[size] = from[size];
    }
    return target;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *left = a;
    const uint8_t *right = b;

    for (size_t i = 0; i < size; i++) {
        if (left[i] != right[i]) {
            return left[i] < right[i] ? -1 : 1;
        }
    }
    return 0;
}
