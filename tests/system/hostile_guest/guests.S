/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests: 32-bit flat protected mode, paging off, position independent. They end with VMCALL. */
        .section .rodata.guests, "a"

        .macro GUEST name
        .globl \name\()_begin, \name\()_end
\name\()_begin:
        .endm

        .code32

GUEST guest_triple
        pushl   $0
        pushl   $0
        lidt    (%esp)          /* no entry: the exception, #DF and the end */
        ud2
guest_triple_end:

GUEST guest_spin
        cli
1:      jmp     1b
guest_spin_end:

/* For each MSR: read, write what was read, write all ones. */
GUEST guest_msrs
1:      mov     %esi, %ecx
        rdmsr
        wrmsr
        mov     $-1, %eax
        mov     $-1, %edx
        wrmsr
        cmp     %edi, %esi
        lea     1(%esi), %esi
        jne     1b
        vmcall
guest_msrs_end:

/* For each port: read and write one byte. */
GUEST guest_ports
1:      mov     %esi, %edx
        in      %dx, %al
        out     %al, %dx
        cmp     %edi, %esi
        lea     1(%esi), %esi
        jne     1b
        vmcall
guest_ports_end:

/* Reads and writes; both instructions have two bytes. */
GUEST guest_walk
1:      mov     (%esi), %eax
        mov     %eax, (%esi)
        add     %ebp, %esi
        cmp     %edi, %esi
        jb      1b
        vmcall
guest_walk_end:

GUEST guest_away
        jmp     *%esi
guest_away_end:

GUEST guest_count
1:      xor     %ebx, %ebx
        xor     %eax, %eax
2:      inc     %ebx
        lea     (%eax, %ebx, 1), %eax
        cmp     $100000, %ebx
        jne     2b
        out     %eax, $0x10
        jmp     1b
guest_count_end:

        .section .note.GNU-stack, "", @progbits
