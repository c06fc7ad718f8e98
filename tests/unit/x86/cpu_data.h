/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * CPUID and VMX capability MSRs of processor models, read from data/cpus/ (the format is said at
 * the top of each file).
 */

#ifndef TESTS_X86_CPU_DATA_H
#define TESTS_X86_CPU_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include <x86/cpuid.h>

#define CPU_MODELS     10
#define CPU_LEAVES_MAX 64
#define CPU_MSRS_MAX   64

struct cpu_data {
    const char *model;
    unsigned leaves;
    struct {
        uint32_t leaf;
        struct x86_cpuid_regs regs;
    } leaf[CPU_LEAVES_MAX];
    unsigned msrs;
    struct {
        uint32_t address;
        uint64_t value;
    } msr[CPU_MSRS_MAX];
};

/* The models of data/cpus/, one file each. */
extern const char *const cpu_models[CPU_MODELS];

/* Reads a model's file; fails the running test when it is missing or not as expected. */
void cpu_data_read(const char *model, struct cpu_data *out);

/* The value of an MSR; false when the model's file has none. */
bool cpu_data_msr(const struct cpu_data *cpu, uint32_t address, uint64_t *out);

/* A reader for x86/cpuid.h; context is a struct cpu_data. All subleaves but 0 read as 0. */
struct x86_cpuid_regs cpu_data_cpuid(void *context, uint32_t leaf, uint32_t subleaf);

#endif
