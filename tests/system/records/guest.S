/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that causes exits one after the other, in 32-bit flat protected mode, paging off. Each
 * stands in 16 bytes of its own, so that the client can go on with the next wherever it ended.
 */
#define DATA    0x2000
#define NOTHING 0x100000 /* no memory there */

        .section .rodata.guests, "a"
        .globl guest_records_begin, guest_records_end, guest_records_hypercall
        .code32
        .macro NEXT
        .balign 16, 0x90
        .endm

        .balign 16
guest_records_begin:
        movl    $0x11223344, %eax
        outb    %al, $0x10
        NEXT
        outw    %ax, $0x12
        NEXT
        outl    %eax, $0x14
        NEXT
        inb     $0x10, %al
        NEXT
        inw     $0x12, %ax
        NEXT
        inl     $0x14, %eax
        NEXT
        movw    $0xabcd, %dx
        outb    %al, %dx
        NEXT
        inl     %dx, %eax
        NEXT
        movl    $DATA, %esi
        outsb
        NEXT
        movl    $DATA, %edi
        insl
        NEXT
        movl    $5, %ecx
        rep outsw
        NEXT
        movl    $3, %ecx
        rep insb
        NEXT
        movl    $7, %eax
        movl    $1, %ecx
        cpuid
        NEXT
        movl    $0x1b, %ecx
        rdmsr
        NEXT
        movl    $0xc0000082, %ecx
        wrmsr
        NEXT
        movl    $0x40000000, %ecx /* beyond the permission maps */
        rdmsr
        NEXT
        hlt
        NEXT
guest_records_hypercall:
        movl    $0x77, %eax
        ud2                     /* the client puts the processor's own instruction here */
        nop
        NEXT
        movl    NOTHING, %eax
        NEXT
        movl    %eax, NOTHING + 0x123
        NEXT
        incl    NOTHING + 0x2000
        NEXT
        movl    $NOTHING, %eax
        jmp     *%eax
        NEXT
        ud2
        NEXT
        int3
        NEXT
        xorl    %ecx, %ecx
        divl    %ecx
        NEXT
        movl    $0x58, %eax
        movl    %eax, %fs
        NEXT
        int     $0x30
        NEXT
        rdtsc
        NEXT
        rdpmc
        NEXT
        wbinvd
        NEXT
        invd
        NEXT
        pause
        NEXT
        invlpg  DATA + 5
        NEXT
        movl    %cr3, %ebx
        NEXT
        movl    $0x5000, %esi
        movl    %esi, %cr3
        NEXT
        movl    $0x31, %edi     /* without TS, which the client owns and shows set */
        movl    %edi, %cr0
        NEXT
        clts
        NEXT
        movl    $0x33, %edx
        lmsw    %dx
        NEXT
        movl    $0x4, %ebp      /* TSD, which the client owns */
        movl    %ebp, %cr4
        NEXT
        movl    %dr7, %ecx
        NEXT
        movl    %ecx, %dr3
        NEXT
        sgdt    DATA
        NEXT
        lidt    DATA
        NEXT
        sldt    %eax
        NEXT
        ltr     %ax
        NEXT
        /* Operands and lengths that take decoding where the processor does not tell them. */
        .byte   0x2e, 0x66      /* prefixes without meaning */
        cpuid
        NEXT
        movl    $0x1b, %ecx
        .byte   0x3e
        rdmsr
        NEXT
        .byte   0x66, 0x2e
        hlt
        NEXT
        .byte   0x66
        rdtsc
        NEXT
        movl    %esp, %cr3
        NEXT
        .byte   0x66, 0x26
        movl    %cr3, %ebp
        NEXT
        lmsw    DATA
        NEXT
        movl    $0x7ffc, %ebx
        invlpg  %fs:-8(%ebx, %ebx, 2)
        NEXT
        invlpg  0x10(%bp, %si)
        NEXT
        movl    %dr6, %esp
        NEXT
        movl    $0x400, %edi
        movl    %edi, %dr7
        NEXT
        movl    $DATA, %esi
        outsb   %es:(%esi), %dx
        NEXT
        movl    $2, %ecx
        rep outsl %ss:(%esi), %dx
        NEXT
        movl    $0x12342000, %edi
        addr16 rep insw
        NEXT
        sidt    4(%esp)
        NEXT
        lgdt    %gs:DATA(, %esi, 8)
        NEXT
        lldt    %bp
        NEXT
        str     DATA + 2
        NEXT
        /* Second-level faults: size, address and length are the instruction's. */
        movl    $NOTHING, %esi
        movzbl  3(%esi), %eax
        NEXT
        movw    $0x1234, %ss:NOTHING + 6
        NEXT
        xchgl   %eax, 8(%esi)
        NEXT
        lock
        btsl    $5, (%esi)
        NEXT
        cmpb    $1, NOTHING + 0xfff
        NEXT
        movl    $DATA, %edi
        rep movsw
        NEXT
        movl    $NOTHING + 4, %edi
        stosl
        NEXT
        movl    $NOTHING - 2, %edi
        movl    %eax, (%edi)
        NEXT
        xorl    %ecx, %ecx
        movl    $3, %eax
        xorl    %edx, %edx
        xsetbv
        NEXT
        ud2                     /* the client has stopped taking exceptions: a triple fault */
        NEXT
guest_records_end:

        .section .note.GNU-stack, "", @progbits
