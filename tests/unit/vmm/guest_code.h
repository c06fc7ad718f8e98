/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's code, memory and modes, for tests of instructions. */
#ifndef TESTS_VMM_GUEST_CODE_H
#define TESTS_VMM_GUEST_CODE_H

#include "device_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <vmm/emulator.h>

#define CODE       0x1000u /* rip */
#define DEVICE     0xfe0000u
#define DEVICE_END (DEVICE + 0x2000u)

#define RFLAGS_CF  (1u << 0)
#define RFLAGS_ZF  (1u << 6)
#define RFLAGS_DF  (1u << 10)
#define RFLAGS_VM  (1u << 17)

enum {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI
};

static uint8_t ram[0x10000], rom[0x1000];
static struct vmm_memory memory;
static struct vmm_mmio mmio;
static struct nacelle_vcpu_state page;
static struct vmm_emulator emulator;

/* What the device was asked for: a line each, like "r4 10" or "w1 3=ff"; reads give bytes that tell
 * their offset. */
static char asked[1 << 16];

static uint64_t device_read(void *device, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    (void)device;
    for (unsigned i = 0; i < size; i++)
        value |= ((offset + i) & 0xff) << i * 8;
    snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "r%u %llx;", size,
             (unsigned long long)offset);
    return value;
}

static void device_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    (void)device;
    snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "w%u %llx=%llx;", size,
             (unsigned long long)offset, (unsigned long long)value);
}

/* Protected mode of 32 bits, flat, no paging. */
static int make_guest(void **state)
{
    const struct vmm_mmio_range range = {DEVICE, DEVICE_END - DEVICE, device_read, device_write,
                                         NULL};

    (void)state;
    memset(ram, 0, sizeof(ram));
    memset(rom, 0x5a, sizeof(rom));
    memset(&page, 0, sizeof(page));
    memory = (struct vmm_memory){0};
    mmio = (struct vmm_mmio){0};
    assert_true(vmm_memory_add(&memory, 0, sizeof(ram), ram, true));
    assert_true(vmm_memory_add(&memory, 0xf0000, sizeof(rom), rom, false));
    assert_true(vmm_mmio_add(&mmio, &range));
    emulator = (struct vmm_emulator){.state = &page, .memory = &memory, .mmio = &mmio};
    page.rip = CODE;
    page.rflags = 2;
    page.cr0 = 1;
    for (unsigned i = 0; i < 6; i++)
        page.segments[i] = (struct nacelle_segment){.rights = i == NACELLE_CS ? 0xc09b : 0xc093,
                                                    .limit = 0xffffffff};
    for (unsigned i = 0; i < 16; i++)
        page.general[i] = 0x1111111111111111ull * i;
    page.general[RSP] = 0xdeadbeefdeadbeefull; /* not used */
    page.rsp = 0x8000;
    return 0;
}

static inline void in_mode(enum vmm_decode_mode mode)
{
    page.efer = mode == VMM_MODE_64 ? 1u << 10 : 0;
    page.cr0 = mode == VMM_MODE_REAL ? 0 : 1;
    page.segments[NACELLE_CS].rights = mode == VMM_MODE_64   ? 0xa09b
                                       : mode == VMM_MODE_32 ? 0xc09b
                                                             : 0x009b;
}

/* Puts bytes, given as "0f 22 d8", at rip (linear, without paging). Returns how many. */
static inline unsigned put_code(const char *hex)
{
    unsigned count = 0;

    while (*hex) {
        char *end;
        unsigned long byte = strtoul(hex, &end, 16);

        assert_true(end != hex && byte <= 0xff);
        ram[page.segments[NACELLE_CS].base + page.rip + count++] = (uint8_t)byte;
        hex = end + (*end == ' ');
    }
    return count;
}

/* Carries out the bytes after an exit for `gpa`. */
static inline enum vmm_decode_status emulate(const char *hex, uint64_t gpa)
{
    unsigned count = put_code(hex);
    enum vmm_decode_status status;
    uint32_t length = 0;

    asked[0] = '\0';
    page.exit = (struct nacelle_exit){.kind = NACELLE_EXIT_MEMORY, .gpa = gpa};
    status = vmm_emulate(&emulator, &length);
    if (status == VMM_DECODE_OK || status == VMM_DECODE_AGAIN)
        assert_int_equal(length, count);
    return status;
}

#endif
