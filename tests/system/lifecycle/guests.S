/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests: 32-bit flat protected mode, paging off, position independent. And a client. */
#include <nacelle/message.h>

#define REPLY_RECEIVE_ADVANCE                                                                      \
    (NACELLE_REPLY_RECEIVE << NACELLE_TAG_SYSTEM_CALL_SHIFT | 1 << NACELLE_TAG_LABEL_SHIFT)

        .section .rodata.guests, "a"

        .macro GUEST name
        .globl \name\()_begin, \name\()_end
\name\()_begin:
        .endm

        .code32

GUEST guest_spin
1:      jmp     1b
guest_spin_end:

GUEST guest_cpuid
1:      cpuid
        jmp     1b
guest_cpuid_end:

GUEST guest_count
1:      xor     %ebx, %ebx
2:      inc     %ebx
        cmp     $3000, %ebx
        jne     2b
        mov     %ebx, %eax
        out     %eax, $0x10
        jmp     1b
guest_count_end:

GUEST guest_port
1:      out     %al, $0x80
        cpuid
        jmp     1b
guest_port_end:

GUEST guest_memory
1:      mov     0x2000, %esi
        cpuid
        jmp     1b
guest_memory_end:

GUEST guest_tick
1:      addl    $1, 0x2000
        adcl    $0, 0x2004
        jmp     1b
guest_tick_end:

/* A whole VMM: answers each exit at the endpoint in rdi with "go on after the instruction", and
 * counts them at (rsi). */
        .code64
GUEST client_loop
        push    %rsi
        push    %rdi
1:      mov     (%rsp), %rdi
        movabs  $REPLY_RECEIVE_ADVANCE, %rsi
        mov     %rsp, %rcx
        lea     2f(%rip), %rdx
        sysenter
2:      mov     8(%rsp), %rcx
        incq    (%rcx)
        jmp     1b
client_loop_end:

        .section .note.GNU-stack, "", @progbits
