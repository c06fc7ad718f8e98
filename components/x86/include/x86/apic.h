/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Local APIC: register offsets of the xAPIC page, bits, interrupt commands.
 *
 * Intel SDM vol. 3, 10.4.1 (table 10-1), 10.5.1 (LVT), 10.6.1 (ICR), 10.9 (SVR), 10.12. The
 * MSR of a register in x2APIC mode is X86_APIC_MSR(offset); msr.h has them by name.
 */

#ifndef X86_APIC_H
#define X86_APIC_H

#include <x86/bits.h>

/* Offsets into the 4 KiB page; each register is 32 bits wide at a multiple of 16. */
#define X86_APIC_ID          0x020
#define X86_APIC_VERSION     0x030
#define X86_APIC_TPR         0x080
#define X86_APIC_APR         0x090
#define X86_APIC_PPR         0x0a0
#define X86_APIC_EOI         0x0b0
#define X86_APIC_RRD         0x0c0
#define X86_APIC_LDR         0x0d0
#define X86_APIC_DFR         0x0e0
#define X86_APIC_SVR         0x0f0
#define X86_APIC_ISR         0x100 /* eight registers */
#define X86_APIC_TMR         0x180 /* eight registers */
#define X86_APIC_IRR         0x200 /* eight registers */
#define X86_APIC_ESR         0x280
#define X86_APIC_LVT_CMCI    0x2f0
#define X86_APIC_ICR_LOW     0x300
#define X86_APIC_ICR_HIGH    0x310
#define X86_APIC_LVT_TIMER   0x320
#define X86_APIC_LVT_THERMAL 0x330
#define X86_APIC_LVT_PMI     0x340
#define X86_APIC_LVT_LINT0   0x350
#define X86_APIC_LVT_LINT1   0x360
#define X86_APIC_LVT_ERROR   0x370
#define X86_APIC_INIT_COUNT  0x380
#define X86_APIC_CUR_COUNT   0x390
#define X86_APIC_DIV_CONF    0x3e0
#define X86_APIC_SELF_IPI    0x3f0 /* x2APIC only */

/* The MSR of a register in x2APIC mode. ICR is one 64-bit MSR there. */
#define X86_APIC_MSR(offset) (0x800 + ((offset) >> 4))

/* Spurious-interrupt vector register. */
#define X86_APIC_SVR_ENABLE                 X86_BIT32(8)
#define X86_APIC_SVR_FOCUS_DISABLE          X86_BIT32(9)
#define X86_APIC_SVR_EOI_BROADCAST_SUPPRESS X86_BIT32(12)

/* Local vector table. */
#define X86_APIC_LVT_VECTOR_MASK        0xff
#define X86_APIC_LVT_PENDING            X86_BIT32(12)
#define X86_APIC_LVT_LOW_ACTIVE         X86_BIT32(13)
#define X86_APIC_LVT_REMOTE_IRR         X86_BIT32(14)
#define X86_APIC_LVT_LEVEL              X86_BIT32(15)
#define X86_APIC_LVT_MASKED             X86_BIT32(16)
#define X86_APIC_LVT_TIMER_ONE_SHOT     0x00000
#define X86_APIC_LVT_TIMER_PERIODIC     0x20000
#define X86_APIC_LVT_TIMER_TSC_DEADLINE 0x40000

/* Delivery modes, bits 10:8 of LVT entries and ICR. */
#define X86_APIC_DELIVERY_FIXED   0x000
#define X86_APIC_DELIVERY_LOWEST  0x100
#define X86_APIC_DELIVERY_SMI     0x200
#define X86_APIC_DELIVERY_NMI     0x400
#define X86_APIC_DELIVERY_INIT    0x500
#define X86_APIC_DELIVERY_STARTUP 0x600
#define X86_APIC_DELIVERY_EXTINT  0x700

/* Interrupt command register. */
#define X86_APIC_ICR_LOGICAL                  X86_BIT32(11)
#define X86_APIC_ICR_PENDING                  X86_BIT32(12)
#define X86_APIC_ICR_ASSERT                   X86_BIT32(14)
#define X86_APIC_ICR_LEVEL                    X86_BIT32(15)
#define X86_APIC_ICR_SELF                     0x40000
#define X86_APIC_ICR_ALL                      0x80000
#define X86_APIC_ICR_OTHERS                   0xc0000
#define X86_APIC_ICR_XAPIC_DESTINATION_SHIFT  56
#define X86_APIC_ICR_X2APIC_DESTINATION_SHIFT 32

/* Divide configuration register: bus clock divided by. */
#define X86_APIC_DIVIDE_1   0xb
#define X86_APIC_DIVIDE_2   0x0
#define X86_APIC_DIVIDE_4   0x1
#define X86_APIC_DIVIDE_8   0x2
#define X86_APIC_DIVIDE_16  0x3
#define X86_APIC_DIVIDE_32  0x8
#define X86_APIC_DIVIDE_64  0x9
#define X86_APIC_DIVIDE_128 0xa

#ifndef __ASSEMBLER__

/* The 64-bit ICR for one destination; command: vector, X86_APIC_DELIVERY_*, X86_APIC_ICR_*. */
static inline uint64_t x86_apic_icr(uint32_t destination, uint32_t command, bool x2apic)
{
    return ((uint64_t)destination << (x2apic ? X86_APIC_ICR_X2APIC_DESTINATION_SHIFT
                                             : X86_APIC_ICR_XAPIC_DESTINATION_SHIFT)) |
           command;
}

#endif /* __ASSEMBLER__ */

#endif
