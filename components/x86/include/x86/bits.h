/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Bit constants for C and assembly, and the one helper that takes a field out of a value.
 */

#ifndef X86_BITS_H
#define X86_BITS_H

#ifdef __ASSEMBLER__

#define X86_BIT(n)   (1 << (n))
#define X86_BIT32(n) (1 << (n))
#define X86_U64(n)   (n)

#else

#include <stdbool.h>
#include <stdint.h>

/* Bit n (0-63) as a 64-bit value. */
#define X86_BIT(n)          (UINT64_C(1) << (n))

/* Bit n (0-31) as a 32-bit value: for words that are 32 bits wide, so that ~ stays 32 bits. */
#define X86_BIT32(n)        (UINT32_C(1) << (n))

/* A 64-bit constant that assembly can read too. */
#define X86_U64(n)          UINT64_C(n)

/* Bits high..low (both inclusive, 63 >= high >= low) set. */
#define X86_MASK(high, low) ((~UINT64_C(0) >> (63 - ((high) - (low)))) << (low))

/* Bits high..low of value, moved down to bit 0; 63 >= high >= low. */
static inline uint64_t x86_bits(uint64_t value, unsigned high, unsigned low)
{
    return (value >> low) & (~UINT64_C(0) >> (63U - (high - low)));
}

/* Bit n (0-63) of value. */
static inline bool x86_bit(uint64_t value, unsigned n)
{
    return ((value >> n) & 1U) != 0;
}

#endif /* __ASSEMBLER__ */

#endif
