/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory, kernel and RAM disk for the tests of loaders. */
#ifndef BOOT_TEST_H
#define BOOT_TEST_H

#include "device_test.h"

#include <vmm/linux.h>

#define MIB (1ull << 20)
#define RAM (32 * MIB)

static uint8_t ram[RAM];
static uint8_t kernel[0x8000], initrd[5000];
static struct vmm_memory memory;
static struct vmm_linux boot;
static struct vmm_linux_entry entry;
static char problem[VMM_LINUX_PROBLEM_MAX];

/* In the kernel's file. */
static inline void put(unsigned offset, unsigned size, uint64_t value)
{
    memcpy(kernel + offset, &value, size);
}

/* From the guest's memory. */
static inline uint64_t get(uint64_t gpa, unsigned size)
{
    uint64_t value = 0;

    memcpy(&value, ram + gpa, size);
    return value;
}

/* Dirty memory, and a kernel of zeros and, from `bytes` on, its code. */
static inline void boot_make(unsigned bytes)
{
    memset(ram, 0xcc, sizeof(ram));
    memory = (struct vmm_memory){0};
    assert_true(vmm_memory_add(&memory, 0, RAM, ram, true));
    memset(kernel, 0, bytes);
    memset(kernel + bytes, 0x22, sizeof(kernel) - bytes);
    memset(initrd, 0x33, sizeof(initrd));
    boot = (struct vmm_linux){.kernel = kernel,
                              .kernel_size = sizeof(kernel),
                              .initrd = initrd,
                              .initrd_size = sizeof(initrd),
                              .command_line = "console=ttyS0 quiet",
                              .ram_size = RAM,
                              .rsdp = 0xe0000};
}

#endif
