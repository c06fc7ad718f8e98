/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests: 32-bit flat protected mode, paging off. What they read goes to the page of data. */
#include "answers.h"

        .section .rodata.guests, "a"
        .code32

        .macro put offset, register
        mov     \register, (0x2000 + \offset)
        .endm

        .macro put_all offset
        put     \offset, %eax
        put     \offset + 4, %ebx
        put     \offset + 8, %ecx
        put     \offset + 12, %edx
        .endm

        .globl guest_all_begin, guest_all_end
guest_all_begin:
1:      mov     $0x51515151, %esi
        mov     $0x52525252, %edi
        mov     $LEAF_ANY, %eax
        mov     $5, %ecx
        cpuid
        put_all OF_LEAF_ANY
        mov     $LEAF, %eax
        mov     $SUBLEAF, %ecx
        cpuid
        put_all OF_SUBLEAF
        mov     $LEAF, %eax
        mov     $OTHER_SUBLEAF, %ecx
        cpuid
        put_all OF_OTHER_SUBLEAF
        mov     $MSR_READ, %ecx
        mov     $0x53535353, %ebx
        rdmsr
        put_all OF_MSR_READ
        mov     $MSR_WRITTEN, %ecx
        mov     $0x54545454, %eax
        mov     $0x55555555, %edx
        wrmsr
        put_all OF_MSR_WRITTEN
        mov     $0xaabbccdd, %eax
        in      $PORT_IN, %al
        put     OF_IN, %eax
        mov     $0xaabbccdd, %eax
        mov     $PORT_IN, %edx
        .byte   0x2e                    /* a prefix that means nothing: the length counts it */
        in      %dx, %ax
        put     OF_IN + 4, %eax
        in      %dx, %eax
        put     OF_IN + 8, %eax
        mov     $PORT_OUT, %edx
        mov     $0x56565656, %eax
        out     %al, %dx
        out     %ax, %dx
        out     %eax, %dx
        put_all OF_OUT
        put     OF_KEPT, %esi
        put     OF_KEPT + 4, %edi
        vmcall
        jmp     1b
guest_all_end:

        /* In the shadow of STI an instruction is the client's in any case. */
        .globl guest_shadow_begin, guest_shadow_end
guest_shadow_begin:
        mov     $LEAF_ANY, %eax
        sti
        cpuid
        cli
        vmcall
guest_shadow_end:

        .globl guest_endless_begin, guest_endless_end
guest_endless_begin:
1:      out     %al, $PORT_OUT
        incl    0x2000
        jmp     1b
guest_endless_end:

        .section .note.GNU-stack, "", @progbits
