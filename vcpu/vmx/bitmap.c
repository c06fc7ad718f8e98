/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O and MSR bitmaps: Intel SDM vol. 3, 24.6.4 and 24.6.9. */

#include "bitmap.h"

#define MSR_LOW_END   0x2000u
#define MSR_HIGH_BASE 0xc0000000u
#define MSR_HIGH_END  0xc0002000u
/* The four parts of the MSR bitmap, 1 KiB each. */
#define MSR_PART_HIGH  0x400u
#define MSR_PART_WRITE 0x800u

static void fill(uint8_t *bitmap, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        bitmap[i] = 0xff;
}

static void put_bit(uint8_t *bitmap, uint32_t byte, uint32_t bit, bool value)
{
    uint8_t mask = (uint8_t)(1u << bit);

    if (value)
        bitmap[byte] = (uint8_t)(bitmap[byte] | mask);
    else
        bitmap[byte] = (uint8_t)(bitmap[byte] & ~mask);
}

static bool get_bit(const uint8_t *bitmap, uint32_t byte, uint32_t bit)
{
    return ((bitmap[byte] >> bit) & 1u) != 0;
}

void io_bitmap_close_all(uint8_t bitmap[IO_BITMAP_BYTES])
{
    fill(bitmap, IO_BITMAP_BYTES);
}

void msr_bitmap_close_all(uint8_t bitmap[MSR_BITMAP_BYTES])
{
    fill(bitmap, MSR_BITMAP_BYTES);
}

void io_bitmap_set(uint8_t bitmap[IO_BITMAP_BYTES], uint16_t first, uint16_t last, bool exits)
{
    /* 32 bits: a loop to port FFFFH ends. */
    for (uint32_t port = first; port <= last; port++)
        put_bit(bitmap, port / 8, port % 8, exits);
}

bool io_bitmap_exits(const uint8_t bitmap[IO_BITMAP_BYTES], uint16_t port)
{
    return get_bit(bitmap, port / 8u, port % 8u);
}

bool msr_bitmap_covers(uint32_t msr)
{
    return msr < MSR_LOW_END || (msr >= MSR_HIGH_BASE && msr < MSR_HIGH_END);
}

/* Byte of the bit of a covered MSR, in the part for reads. */
static uint32_t msr_byte(uint32_t msr)
{
    return (msr % MSR_LOW_END) / 8 + (msr >= MSR_HIGH_BASE ? MSR_PART_HIGH : 0);
}

bool msr_bitmap_set(uint8_t bitmap[MSR_BITMAP_BYTES], uint32_t msr, bool read_exits,
                    bool write_exits)
{
    if (!msr_bitmap_covers(msr))
        return false;
    put_bit(bitmap, msr_byte(msr), msr % 8, read_exits);
    put_bit(bitmap, msr_byte(msr) + MSR_PART_WRITE, msr % 8, write_exits);
    return true;
}

bool msr_bitmap_exits(const uint8_t bitmap[MSR_BITMAP_BYTES], uint32_t msr, bool write)
{
    if (!msr_bitmap_covers(msr))
        return true;
    return get_bit(bitmap, msr_byte(msr) + (write ? MSR_PART_WRITE : 0), msr % 8);
}
