/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls and replies of one of a pair, with odd registers. The other runs, and answers; then comes
 * UD2, or what the address that the call is to return to deserves. (client_faults_*.S has the same
 * with a call that has nothing to do with a pair.)
 */
#include "client_faults_asm.inc"

        .section .bss
        .globl attack_slot, attack_tag
        .balign 8
attack_slot:
        .quad   0
attack_tag:
        .quad   0

        .macro CALL_OTHER
        mov     attack_slot(%rip), %rdi
        mov     attack_tag(%rip), %rsi
        .endm

        .macro FLAGS instruction, what, flags
        CASE "\instruction of a pair, \what", UD | DB, 0
        CALL_OTHER
        mov     %rsp, %rcx
        lea     9f(%rip), %rdx
        pushq   $\flags
        popfq
        \instruction
9:      AT
        ud2
        .endm

        .macro BOTH_WAYS instruction
        FLAGS   \instruction, "TF", 0x102
        FLAGS   \instruction, "NT", 0x4002
        FLAGS   \instruction, "AC", 0x40002
        FLAGS   \instruction, "DF", 0x402
        FLAGS   \instruction, "IOPL", 0x3002
        FLAGS   \instruction, "all flags", 0x247fd7

        CASE "\instruction of a pair after mov ss, with TF", UD | DB, 0
        CALL_OTHER
        mov     %rsp, %rcx
        lea     9f(%rip), %rdx
        pushq   $0x102
        mov     %ss, %ax
        popfq
        mov     %ax, %ss
        \instruction
9:      AT
        ud2

        CASE "\instruction of a pair, all registers odd", UD, 0
        CALL_OTHER
        mov     %rsp, %rcx
        lea     9f(%rip), %rdx
        movabs  $NOT_CANONICAL, %rax
        mov     %rax, %rbx
        mov     %rax, %rbp
        mov     %rax, %r8
        mov     %rax, %r9
        mov     %rax, %r10
        mov     %rax, %r11
        mov     %rax, %r12
        mov     %rax, %r13
        mov     %rax, %r14
        mov     %rax, %r15
        \instruction
9:      AT
        ud2

        CASE "\instruction of a pair, null segments", UD, 0
        CALL_OTHER
        mov     %rsp, %rcx
        lea     9f(%rip), %rdx
        xor     %eax, %eax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %fs
        mov     %ax, %gs
        \instruction
9:      AT
        ud2

        CASE "\instruction of a pair, other segments", UD, 0
        CALL_OTHER
        mov     %rsp, %rcx
        lea     9f(%rip), %rdx
        mov     $0x33, %eax
        mov     %ax, %ds
        mov     %ax, %fs
        mov     $0x23, %eax
        mov     %ax, %es
        mov     $0x2b, %eax
        mov     %ax, %gs
        \instruction
9:      AT
        ud2
        .endm

        .section .rodata, "a"
        .globl attacks_sysenter, attacks_sysenter_count
        .balign 8
attacks_sysenter:

BOTH_WAYS sysenter

        .macro RETURN_TO what, vectors, error, target
        CASE "sysenter of a pair, \what", \vectors, \error
        CALL_OTHER
        mov     %rsp, %rcx
        movabs  $\target, %rdx
        mov     %rdx, client_called(%rip)
        AT
        sysenter
        .endm

RETURN_TO "address not canonical", GP | PF, ANY_ERROR, NOT_CANONICAL
RETURN_TO "address with bit 63", GP | PF, ANY_ERROR, 0x8000000000000000
RETURN_TO "address in the server", PF, ANY_ERROR, KERNEL
RETURN_TO "address of all memory", PF, ANY_ERROR, DIRECT
RETURN_TO "address -1", GP | PF, ANY_ERROR, 0xffffffffffffffff

CASE "sysenter of a pair, stack not canonical", GP | SS | UD, ANY_ERROR
        CALL_OTHER
        movabs  $NOT_CANONICAL, %rcx
        lea     9f(%rip), %rdx
        movq    $0, client_called(%rip)
        AT
        sysenter
9:      ud2
CASE "sysenter of a pair, neither canonical", GP | PF, ANY_ERROR
        CALL_OTHER
        movabs  $NOT_CANONICAL, %rcx
        mov     %rcx, %rdx
        mov     %rdx, client_called(%rip)
        AT
        sysenter
CASE "sysenter of a pair, stack in the server", PF, ANY_ERROR
        CALL_OTHER
        movabs  $KERNEL, %rcx
        lea     9f(%rip), %rdx
        sysenter
9:      AT
        push    %rax
CASE "sysenter of a pair, no stack", UD, 0
        CALL_OTHER
        xor     %ecx, %ecx
        lea     9f(%rip), %rdx
        sysenter
9:      AT
        ud2

        .section .rodata, "a"
1:
attacks_sysenter_count:
        .quad   (1b - attacks_sysenter) / 48

        .globl attacks_syscall, attacks_syscall_count
        .balign 8
attacks_syscall:

BOTH_WAYS syscall

        .macro STACK what, vectors, stack, instruction:vararg
        CASE "syscall of a pair, \what", \vectors, ANY_ERROR
        CALL_OTHER
        movabs  $\stack, %rsp
        syscall
        AT
        \instruction
        .endm

STACK "stack not canonical", UD, NOT_CANONICAL, ud2
STACK "stack not canonical, then used", SS, NOT_CANONICAL + 16, push %rax
STACK "stack in the server", PF, KERNEL, push %rax
STACK "stack in this CPU's own data", PF, 0xffffffffc0020000, push %rax
STACK "no stack", UD, 0, ud2
STACK "stack odd", UD, 0xffffffffffffffff, ud2

        .section .rodata, "a"
2:
attacks_syscall_count:
        .quad   (2b - attacks_syscall) / 48

/* Exceptions that the server takes for itself, or may. */
        .globl attacks_traps, attacks_traps_count
        .balign 8
attacks_traps:

CASE "page fault of a pair", PF, 4, 0x7000
        mov     $0x7000, %eax
        AT
        mov     (%rax), %rcx
CASE "FPU of a pair", UD, 0
        movups  %xmm0, %xmm1
        fninit
        AT
        ud2
CASE "FPU of a pair, then a fast call", UD, 0
        pxor    %xmm0, %xmm0
        CALL_OTHER
        mov     %rsp, %rcx
        lea     9f(%rip), %rdx
        cmpb    $0, nacelle_by_syscall(%rip)
        jne     8f
        sysenter
8:      syscall
9:      AT
        ud2

        .section .rodata, "a"
3:
attacks_traps_count:
        .quad   (3b - attacks_traps) / 48

        .section .note.GNU-stack, "", @progbits
