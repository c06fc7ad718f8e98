/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things are in the guest's page of data, and its interrupts. */
#ifndef VIRTUAL_APIC_TEST_H
#define VIRTUAL_APIC_TEST_H

#define OF_COUNT     0x000 /* interrupts taken */
#define OF_LOG       0x004 /* each: vector, PPR in its handler << 8 */
#define OF_READ      0x200 /* what MSRs gave */
#define OF_LOOPS     0x300 /* counts while the guest loops */
#define OF_GDT       0x3e0
#define OF_IDT       0x400 /* to 0xc00; behind it the stack */

#define VECTOR_PIC   0x31 /* not the APIC's: no end of interrupt */
#define VECTOR_LOW   0x41
#define VECTOR_MID   0x51
#define VECTOR_HIGH  0x61
#define VECTOR_LEVEL 0x71

#define MSR_VERSION  0x803
#define MSR_TPR      0x808
#define MSR_PPR      0x80a
#define MSR_EOI      0x80b
#define MSR_DFR      0x80e /* there is none */
#define MSR_IRR2     0x822
#define MSR_ESR      0x828
#define MSR_ICR      0x830
#define MSR_COUNT    0x839
#define MSR_SELF_IPI 0x83f

#endif
