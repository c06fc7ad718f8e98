/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls by SYSENTER, where that is how the server is entered. */
#include "client_faults_asm.inc"

        .section .rodata, "a"
        .globl client_faults_sysenter, client_faults_sysenter_count
        .balign 8
client_faults_sysenter:

ONE "syscall", UD, 0, syscall
ONE "sysexit", GP, 0, sysexitq

#define VMX GP
#define SVM UD
#include "client_faults_virtualization.inc"

/*
 * System calls with odd registers. SYSENTER keeps the flags but IF and VM (vol. 2): the server must
 * not be upset by TF, AC, NT or DF. What the client gets back of its flags is its own affair.
 */
        .macro YIELD
        xor     %edi, %edi
        movabs  $(NACELLE_YIELD << NACELLE_TAG_SYSTEM_CALL_SHIFT), %rsi
        mov     %rsp, %rcx
        lea     9f(%rip), %rdx
        .endm

        .macro FLAGS what, flags
        CASE "\what", UD | DB, 0
        YIELD
        pushfq
        orl     $\flags, (%rsp)
        popfq
        sysenter
9:      AT
        ud2
        .endm

FLAGS "sysenter with TF", 0x100
FLAGS "sysenter with NT", 0x4000
FLAGS "sysenter with AC", 0x40000
FLAGS "sysenter with DF", 0x400
FLAGS "sysenter with all of them", 0x44500

CASE "sysenter after mov ss, with TF", UD | DB, 0
        YIELD
        pushfq
        orl     $0x100, (%rsp)
        mov     %ss, %ax
        popfq
        mov     %ax, %ss
        sysenter
9:      AT
        ud2

CASE "sysenter, address not canonical", GP | PF, ANY_ERROR
        YIELD
        movabs  $NOT_CANONICAL, %rdx
        mov     %rdx, client_called(%rip)
        AT
        sysenter
9:
CASE "sysenter, address with bit 63", GP | PF, ANY_ERROR
        YIELD
        movabs  $0x8000000000000000, %rdx
        mov     %rdx, client_called(%rip)
        AT
        sysenter
9:
CASE "sysenter, address in the server", PF, ANY_ERROR, KERNEL
        YIELD
        movabs  $KERNEL, %rdx
        mov     %rdx, client_called(%rip)
        AT
        sysenter
9:
CASE "sysenter, stack not canonical", GP | SS | UD, ANY_ERROR
        YIELD
        movabs  $NOT_CANONICAL, %rcx
        movq    $0, client_called(%rip)
        AT
        sysenter
9:      ud2
CASE "sysenter, stack in the server", PF, ANY_ERROR
        YIELD
        movabs  $KERNEL, %rcx
        sysenter
9:      AT
        push    %rax
CASE "sysenter, all registers odd", UD, 0
        YIELD
        movabs  $NOT_CANONICAL, %rax
        mov     %rax, %rbx
        mov     %rax, %rbp
        mov     %rax, %rdi
        mov     %rax, %r8
        mov     %rax, %r9
        mov     %rax, %r10
        mov     %rax, %r11
        mov     %rax, %r12
        mov     %rax, %r13
        mov     %rax, %r14
        mov     %rax, %r15
        sysenter
9:      AT
        ud2
CASE "sysenter with null segments", UD, 0
        YIELD
        xor     %eax, %eax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %fs
        mov     %ax, %gs
        sysenter
9:      AT
        ud2

        .section .rodata, "a"
99:
client_faults_sysenter_count:
        .quad   (99b - client_faults_sysenter) / 48

        .section .note.GNU-stack, "", @progbits
