/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests: 32-bit flat protected mode, paging off, position independent. */
        .section .rodata.guests, "a"

        .macro GUEST name
        .globl \name\()_begin, \name\()_end
\name\()_begin:
        .endm

        .code32

GUEST guest_spin
1:      jmp     1b
guest_spin_end:

GUEST guest_count
1:      xor     %ebx, %ebx
2:      inc     %ebx
        cmp     $100000, %ebx
        jne     2b
        mov     %ebx, %eax
        out     %eax, $0x10
        jmp     1b
guest_count_end:

GUEST guest_cpuid
1:      cpuid
        jmp     1b
guest_cpuid_end:

GUEST guest_msr
        mov     %esi, %ecx
        rdmsr
        vmcall
guest_msr_end:

GUEST guest_in
        mov     %esi, %edx
        in      %dx, %al
        vmcall
guest_in_end:

/* Into long mode with the page tables at esi, and out of it again to what it was entered with. */
GUEST guest_long
1:      mov     %cr4, %eax
        or      $0x20, %eax             /* PAE */
        mov     %eax, %cr4
        mov     %esi, %cr3
        mov     %cr0, %eax
        or      $0x80000000, %eax       /* PG */
        mov     %eax, %cr0
        cpuid
        mov     %cr0, %eax
        and     $0x7fffffff, %eax
        mov     %eax, %cr0
        mov     %cr4, %eax
        and     $~0x20, %eax
        mov     %eax, %cr4
        cpuid
        jmp     1b
guest_long_end:

        .section .note.GNU-stack, "", @progbits
