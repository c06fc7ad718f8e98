/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls by SYSCALL, where that is how the server is entered. */
#include "client_faults_asm.inc"

        .section .rodata, "a"
        .globl client_faults_syscall, client_faults_syscall_count
        .balign 8
client_faults_syscall:

#define CPU_DATA 0xffffffffc0020000

/* No instruction of 64-bit code (APM vol. 3); emulators that have it find it switched off. */
ONE "sysenter", UD | GP, 0, sysenter
ONE "sysexit", UD | GP, 0, sysexitq

#define VMX UD
#define SVM UD | GP
#include "client_faults_virtualization.inc"

/*
 * System calls with odd registers. The processor clears the flags that SFMASK names (APM vol. 3):
 * the server must not be upset by TF, AC, NT or DF, or by any stack pointer, which SYSCALL keeps.
 * What the client gets back of its flags is its own affair.
 */
        .macro YIELD
        xor     %edi, %edi
        movabs  $(NACELLE_YIELD << NACELLE_TAG_SYSTEM_CALL_SHIFT), %rsi
        .endm

        .macro FLAGS what, flags
        CASE "\what", UD | DB, 0
        YIELD
        pushfq
        orl     $\flags, (%rsp)
        popfq
        syscall
        AT
        ud2
        .endm

FLAGS "syscall with TF", 0x100
FLAGS "syscall with NT", 0x4000
FLAGS "syscall with AC", 0x40000
FLAGS "syscall with DF", 0x400
FLAGS "syscall with all of them", 0x44500

CASE "syscall after mov ss, with TF", UD | DB, 0
        YIELD
        pushfq
        orl     $0x100, (%rsp)
        mov     %ss, %ax
        popfq
        mov     %ax, %ss
        syscall
        AT
        ud2

CASE "syscall, stack not canonical", UD, 0
        YIELD
        movabs  $NOT_CANONICAL, %rsp
        syscall
        AT
        ud2
CASE "syscall, stack not canonical, then used", SS, 0
        YIELD
        movabs  $NOT_CANONICAL + 16, %rsp
        syscall
        AT
        push    %rax
CASE "syscall, stack in the server", PF, ANY_ERROR
        YIELD
        movabs  $KERNEL, %rsp
        syscall
        AT
        push    %rax
CASE "syscall, stack in this CPU's own data", PF, ANY_ERROR
        YIELD
        movabs  $CPU_DATA, %rsp
        syscall
        AT
        push    %rax
CASE "syscall, no stack", UD, 0
        YIELD
        xor     %esp, %esp
        syscall
        AT
        ud2
CASE "syscall, stack odd", UD, 0
        YIELD
        mov     $-1, %rsp
        syscall
        AT
        ud2
CASE "syscall, all registers odd", UD, 0
        YIELD
        movabs  $NOT_CANONICAL, %rax
        mov     %rax, %rbx
        mov     %rax, %rbp
        mov     %rax, %rdi
        mov     %rax, %r8
        mov     %rax, %r9
        mov     %rax, %r10
        mov     %rax, %r11
        mov     %rax, %rcx
        mov     %rax, %rdx
        mov     %rax, %r12
        mov     %rax, %r13
        mov     %rax, %r14
        mov     %rax, %r15
        syscall
        AT
        ud2
CASE "syscall with null segments", UD, 0
        YIELD
        xor     %eax, %eax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %fs
        mov     %ax, %gs
        syscall
        AT
        ud2

        .section .rodata, "a"
99:
client_faults_syscall_count:
        .quad   (99b - client_faults_syscall) / 48

        .section .note.GNU-stack, "", @progbits
