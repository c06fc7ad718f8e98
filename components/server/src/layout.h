/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's virtual memory: what lies where, the same in every address space. */
#ifndef SERVER_LAYOUT_H
#define SERVER_LAYOUT_H

/*
 *   0x0000000000000000  user half
 *   0xffff800000000000  DIRECT_BASE: all RAM, at its physical address; never executable
 *   0xffffffff80000000  IMAGE_BASE: the server's image; text RX, rodata R, data RW
 *   0xffffffffc0000000  CPU_BASE: one region a CPU
 *   0xffffffffe0000000  APIC_BASE: the local APIC, uncached
 */
#define DIRECT_BASE 0xffff800000000000
#define DIRECT_PML4 256
#define DIRECT_SIZE 0x0000400000000000
#define IMAGE_BASE  0xffffffff80000000
#define CPU_BASE    0xffffffffc0000000
#define APIC_BASE   0xffffffffe0000000

/*
 * A CPU's region. After each VM exit the GDT's limit is 64 KiB (SDM vol 3 27.5.2), so nothing is
 * mapped for 64 KiB after its start but the GDT's own page. Every stack has an unmapped page below.
 * The region is aligned to its size: the stack pointer gives the region, hence no SWAPGS.
 */
#define CPU_REGION_SIZE         0x40000
#define CPU_GDT                 0x00000
#define CPU_STACK_NMI           0x12000 /* one page below each of these ends is the stack */
#define CPU_STACK_DEBUG         0x14000
#define CPU_STACK_MACHINE_CHECK 0x16000
#define CPU_STACK_DOUBLE_FAULT  0x18000
#define CPU_STACK               0x20000 /* end of the main stack, CPU_STACK_SIZE bytes */
#define CPU_STACK_SIZE          0x4000
#define CPU_DATA                0x20000 /* struct cpu, right above the main stack */
#define CPU_DATA_SIZE           0x2000

/*
 * Selectors. The order is what SYSENTER and SYSEXIT demand (SDM vol 2 SYSEXIT); SYSCALL and SYSRET
 * count from SELECTOR_KERNEL_CODE and SELECTOR_USER_CODE32 (APM vol 2 6.1.1).
 */
#define SELECTOR_KERNEL_CODE  0x08
#define SELECTOR_KERNEL_STACK 0x10
#define SELECTOR_USER_CODE32  0x1b
#define SELECTOR_USER_STACK32 0x23
#define SELECTOR_USER_CODE    0x2b
#define SELECTOR_USER_STACK   0x33
#define SELECTOR_TSS          0x38
#define GDT_ENTRIES           9

/* Interrupt vectors of the server. */
#define VECTOR_IRQ_BASE 0x20 /* the 16 lines of the two 8259 */
#define VECTOR_TIMER    0x30
#define VECTOR_SPURIOUS 0x3f
#define VECTOR_COUNT    0x40

#ifndef __ASSEMBLER__
#include <stdint.h>

static inline void *direct_map(uint64_t physical)
{
    return (void *)(DIRECT_BASE + physical);
}

static inline uint64_t direct_physical(const void *memory)
{
    return (uint64_t)memory - DIRECT_BASE;
}
#endif
#endif
