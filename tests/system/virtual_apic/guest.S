/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest: 32-bit flat protected mode, paging off. VMCALL ends each step. */
#include "virtual_apic.h"

#define DATA 0x2000

        .section .rodata.guests, "a"
        .code32

        .macro write msr, value
        mov     $\msr, %ecx
        mov     $\value, %eax
        xor     %edx, %edx
        wrmsr
        .endm

        .macro read msr, index
        mov     $\msr, %ecx
        rdmsr
        mov     %eax, (DATA + OF_READ + 8 * \index)
        mov     %edx, (DATA + OF_READ + 8 * \index + 4)
        .endm

        /* Notes vector and PPR, and ends the interrupt, if it is the APIC's. */
        .macro handler name, vector, ends=1
        .globl \name
\name:  push    %eax
        push    %ecx
        push    %edx
        mov     $MSR_PPR, %ecx
        rdmsr
        shl     $8, %eax
        or      $\vector, %eax
        mov     (DATA + OF_COUNT), %edx
        mov     %eax, (DATA + OF_LOG)(,%edx,4)
        incl    (DATA + OF_COUNT)
        .if \ends
        write   MSR_EOI, 0
        .endif
        pop     %edx
        pop     %ecx
        pop     %eax
        iret
        .endm

        .globl guest_begin, guest_end
guest_begin:
        /* Registers of the page, and one IPI to itself. */
        sti
        read    MSR_VERSION, 0
        write   MSR_TPR, 0x2f
        read    MSR_TPR, 1
        read    MSR_PPR, 2
        read    MSR_ICR, 3
        write   MSR_TPR, 0
        write   MSR_SELF_IPI, VECTOR_LOW
        vmcall

        /* The task priority holds the lower one back. */
        write   MSR_TPR, 0x50
        write   MSR_SELF_IPI, VECTOR_LOW
        write   MSR_SELF_IPI, VECTOR_HIGH
        read    MSR_IRR2, 0
        vmcall
        write   MSR_TPR, 0
        vmcall

        /* All at once, by priority. */
        cli
        write   MSR_SELF_IPI, VECTOR_LOW
        write   MSR_SELF_IPI, VECTOR_HIGH
        write   MSR_SELF_IPI, VECTOR_MID
        sti
        nop
        cli
        vmcall

        /* The client asks for one. Its end exits if it is level-triggered. */
        sti
        nop
        vmcall
        nop
        vmcall

        /* The client injects one and asks for another while neither can be taken. */
        cli
        vmcall
        sti
        nop
        vmcall

        /* An interrupt whose delivery an exit interrupts. */
        write   MSR_SELF_IPI, VECTOR_HIGH
        vmcall

        /* HLT with an interrupt that waits, taken behind it. */
        cli
        write   MSR_SELF_IPI, VECTOR_MID
        sti
        hlt
        vmcall

        /* What is not in the page, or not the processor's to do. */
        mov     $MSR_COUNT, %ecx
        rdmsr
        mov     $MSR_DFR, %ecx
        rdmsr
        write   MSR_ICR, 0x4031
        write   MSR_ESR, 0
        write   MSR_SELF_IPI, 5
        vmcall

        /* The client asks for one while the guest runs. */
1:      incl    (DATA + OF_LOOPS)
        cmpl    $0, (DATA + OF_COUNT)
        je      1b
        vmcall

        /* The page is gone. */
        write   MSR_EOI, 0
        vmcall

        handler guest_pic, VECTOR_PIC, 0
        handler guest_low, VECTOR_LOW
        handler guest_mid, VECTOR_MID
        handler guest_high, VECTOR_HIGH
        handler guest_level, VECTOR_LEVEL
guest_end:
