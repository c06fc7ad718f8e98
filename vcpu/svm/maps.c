/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O and MSR permission maps: AMD APM vol. 2, 15.10.1 and 15.11. */

#include "maps.h"

static void fill(uint8_t *map, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        map[i] = 0xff;
}

static void put_bit(uint8_t *map, uint32_t bit, bool value)
{
    uint8_t mask = (uint8_t)(1u << bit % 8);

    if (value)
        map[bit / 8] = (uint8_t)(map[bit / 8] | mask);
    else
        map[bit / 8] = (uint8_t)(map[bit / 8] & ~mask);
}

static bool get_bit(const uint8_t *map, uint32_t bit)
{
    return ((map[bit / 8] >> bit % 8) & 1u) != 0;
}

void svm_io_map_close_all(uint8_t map[SVM_IO_MAP_BYTES])
{
    fill(map, SVM_IO_MAP_BYTES);
}

void svm_msr_map_close_all(uint8_t map[SVM_MSR_MAP_BYTES])
{
    fill(map, SVM_MSR_MAP_BYTES);
}

void svm_io_map_set(uint8_t map[SVM_IO_MAP_BYTES], uint16_t first, uint16_t last, bool exits)
{
    /* 32 bits: a loop to port FFFFH ends. */
    for (uint32_t port = first; port <= last; port++)
        put_bit(map, svm_io_map_bit((uint16_t)port), exits);
}

bool svm_io_map_exits(const uint8_t map[SVM_IO_MAP_BYTES], uint16_t port)
{
    return get_bit(map, svm_io_map_bit(port));
}

bool svm_msr_map_set(uint8_t map[SVM_MSR_MAP_BYTES], uint32_t msr, bool read_exits,
                     bool write_exits)
{
    uint32_t bit;

    if (!svm_msr_map_bit(msr, &bit))
        return false;
    put_bit(map, bit, read_exits);
    put_bit(map, bit + 1, write_exits);
    return true;
}

bool svm_msr_map_exits(const uint8_t map[SVM_MSR_MAP_BYTES], uint32_t msr, bool write)
{
    uint32_t bit;

    return !svm_msr_map_bit(msr, &bit) || get_bit(map, bit + (write ? 1 : 0));
}
