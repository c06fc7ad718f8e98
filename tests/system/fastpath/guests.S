/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests: 32-bit flat protected mode, paging off, position independent. */
        .section .rodata.guests, "a"

        .macro GUEST name
        .globl \name\()_begin, \name\()_end
\name\()_begin:
        .endm

        .code32

/* Tells CR2 (eax) and how often it has run (ecx). */
GUEST guest_tell
1:      inc     %esi
        mov     %cr2, %eax
        mov     %esi, %ecx
        cpuid
        jmp     1b
guest_tell_end:

/* The same nine times, and then nothing. */
GUEST guest_tell_and_spin
1:      inc     %esi
        mov     %cr2, %eax
        mov     %esi, %ecx
        cpuid
        cmp     $9, %esi
        jne     1b
2:      jmp     2b
guest_tell_and_spin_end:

/* The same, and any length up to 15 leads to the next round. */
GUEST guest_nops
1:      inc     %esi
        mov     %cr2, %eax
        mov     %esi, %ecx
        cpuid
        .rept   13
        nop
        .endr
        jmp     1b
guest_nops_end:

/* Memory that is not there, by an instruction of 5 bytes; esi counts. */
GUEST guest_touch
1:      inc     %esi
        mov     %eax, 0x900000
        jmp     1b
guest_touch_end:

/* One exit of each kind. The last has no part in the fast path. */
GUEST guest_kinds
1:      cpuid
        hlt
        vmcall
        mov     $0x10, %ecx
        rdmsr
        wrmsr
        in      $0x10, %al
        out     %ax, $0x10
        mov     0x900000, %eax          /* 5 bytes; nothing is there */
        mov     %eax, 0x900000          /* the same */
        wbinvd
        jmp     1b
guest_kinds_end:

/* xmm0 to xmm7 as at esi; told by ecx: 1 when they have changed. The data page has 16 bytes for
 * each, and room for as much behind it. */
GUEST guest_xmm
        mov     %cr4, %eax
        or      $0x200, %eax            /* OSFXSR */
        mov     %eax, %cr4
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        movups  16 * \n(%esi), %xmm\n
        .endr
1:      mov     $0x5a5a, %eax
        cpuid
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        movups  %xmm\n, 128 + 16 * \n(%esi)
        .endr
        mov     $32, %ecx
2:      mov     -4(%esi, %ecx, 4), %eax
        cmp     128 - 4(%esi, %ecx, 4), %eax
        jne     3f
        dec     %ecx
        jnz     2b
        jmp     1b
3:      mov     $1, %ecx
        jmp     1b
guest_xmm_end:

        .code64
#include "calls.h"

/* Not a guest, but a thread in an address space that has nothing but this and a page of data: it
 * replies with what it finds there. */
        .globl lonely_server_begin, lonely_server_end
lonely_server_begin:
        mov     $CALLS_DATA, %eax
        mov     (%rax), %r8
        mov     8(%rax), %rdi
        mov     16(%rax), %rsi
        mov     %rsp, %rcx
        lea     2f(%rip), %rdx
        sysenter
2:      jmp     lonely_server_begin
lonely_server_end:

        .section .note.GNU-stack, "", @progbits
