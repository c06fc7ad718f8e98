/* SPDX-License-Identifier: BSD-2-Clause */
/* A board with a vCPU and 64 KiB of memory, for tests of exit handling. */
#ifndef TESTS_VMM_VCPU_TEST_H
#define TESTS_VMM_VCPU_TEST_H

#include "device_test.h"

#include <vmm/vcpu.h>

#define RAX 0
#define RCX 1
#define RDX 2
#define RBX 3
#define RSI 6
#define RDI 7

static uint8_t ram[0x10000];
static struct nacelle_vcpu_state state_page;
static struct vmm_pc pc;
static struct vmm_vcpu vcpu;
static uint32_t fetched;

static void test_fetch(struct vmm_vcpu *of, uint32_t groups)
{
    of->state->valid |= groups;
    fetched |= groups;
}

static void test_print(void *context, const char *line)
{
    (void)context;
    (void)line;
}

/* An Intel processor with everything. */
static void test_cpuid(uint32_t leaf, uint32_t subleaf, struct vmm_cpuid_values *values)
{
    *values = (struct vmm_cpuid_values){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    if (leaf == 0)
        *values = (struct vmm_cpuid_values){0x1f, 0x756e6547, 0x6c65746e, 0x49656e69};
    if (leaf == 4)
        values->eax = subleaf < 4 ? 0xffffff21 : 0;
    if (leaf == 0x80000008)
        values->eax = 0x3028;
}

static int make_vcpu(void **state)
{
    const struct vmm_pc_config config = {.memory = sizeof(ram),
                                         .tsc_hz = HZ,
                                         .tsc = 0x100000002ull,
                                         .cpus = 1,
                                         .print = test_print,
                                         .cpuid = test_cpuid};

    (void)state;
    memset(ram, 0, sizeof(ram));
    memset(&state_page, 0, sizeof(state_page));
    fetched = 0;
    assert_true(vmm_pc_init(&pc, &config));
    assert_true(vmm_memory_add(&pc.memory, 0, sizeof(ram), ram, true));
    vcpu = (struct vmm_vcpu){.state = &state_page,
                             .pc = &pc,
                             .lapic = &pc.lapics[0],
                             .fetch = test_fetch,
                             .offered = -1};
    for (unsigned i = 0; i < 16; i++)
        state_page.general[i] = 0x1111111111111111ull * i;
    return 0;
}

#endif
