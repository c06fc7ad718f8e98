/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Privileged instructions as the server finds them on the build machine: included before everything
 * else, in the place of <x86/insn.h>.
 */
#ifndef X86_INSN_H
#define X86_INSN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The machine: what the instructions read and write. */
struct fake_machine {
    uint64_t tsc;
    uint64_t cr0, cr3;
    unsigned cr3_loads;
    uint8_t fpu[512];    /* the registers, as FXSAVE stores them */
    uint16_t data[4];    /* selectors ds es fs gs */
    uint32_t ports[256]; /* last value written, by the low byte of the port */
    unsigned barriers;   /* for the branch predictors, by IA32_PRED_CMD */
};

extern struct fake_machine machine;

/* HLT with interrupts on: the test decides what comes next, and does not return here. */
_Noreturn void fake_halt(void);

#define FAKE_TS (1u << 3)

static inline void x86_wrmsr(uint32_t msr, uint64_t value)
{
    if (msr != 0x49 || value != 1) {
        abort(); /* the only one that is written while the server runs */
    }
    machine.barriers++;
}

/* For declarations in x86/cpuid.h. */
struct x86_cpuid_regs {
    uint32_t eax, ebx, ecx, edx;
};

static inline uint64_t x86_rdtsc(void)
{
    return machine.tsc++;
}

/* Interrupts are on: whatever is pending comes now. */
void fake_interrupts(void);

static inline void x86_sti(void)
{
    fake_interrupts();
}

static inline void x86_cli(void)
{
}

static inline void x86_sti_hlt(void)
{
    fake_halt();
}

static inline void x86_clts(void)
{
    machine.cr0 &= ~(uint64_t)FAKE_TS;
}

static inline uint64_t x86_read_cr0(void)
{
    return machine.cr0;
}

static inline void x86_write_cr0(uint64_t value)
{
    machine.cr0 = value;
}

static inline void x86_write_cr3(uint64_t value)
{
    machine.cr3 = value;
    machine.cr3_loads++;
}

static inline void x86_fxsave(void *area)
{
    memcpy(area, machine.fpu, sizeof(machine.fpu));
}

static inline void x86_fxrstor(const void *area)
{
    memcpy(machine.fpu, area, sizeof(machine.fpu));
}

static inline void x86_write_ds(uint16_t selector)
{
    machine.data[0] = selector;
}

static inline void x86_write_es(uint16_t selector)
{
    machine.data[1] = selector;
}

static inline void x86_write_fs(uint16_t selector)
{
    machine.data[2] = selector;
}

static inline void x86_write_gs(uint16_t selector)
{
    machine.data[3] = selector;
}

static inline uint8_t x86_in8(uint16_t port)
{
    return (uint8_t)machine.ports[port & 0xff];
}

static inline uint16_t x86_in16(uint16_t port)
{
    return (uint16_t)machine.ports[port & 0xff];
}

static inline uint32_t x86_in32(uint16_t port)
{
    return machine.ports[port & 0xff];
}

static inline void x86_out8(uint16_t port, uint8_t value)
{
    machine.ports[port & 0xff] = value;
}

static inline void x86_out16(uint16_t port, uint16_t value)
{
    machine.ports[port & 0xff] = value;
}

static inline void x86_out32(uint16_t port, uint32_t value)
{
    machine.ports[port & 0xff] = value;
}

#endif
