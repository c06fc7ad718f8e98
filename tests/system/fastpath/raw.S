/* SPDX-License-Identifier: BSD-2-Clause */
#include "raw.h"

        .text
        .globl raw_call
raw_call:
        pushfq
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        push    %rdi
        lea     2f(%rip), %rax
        mov     %rax, RAW_RETURN(%rdi)
        mov     RAW_SELECTORS + 0(%rdi), %ds
        mov     RAW_SELECTORS + 2(%rdi), %es
        mov     RAW_SELECTORS + 4(%rdi), %fs
        mov     RAW_SELECTORS + 6(%rdi), %gs
        mov     0(%rdi), %rax
        mov     24(%rdi), %rbx
        mov     40(%rdi), %rbp
        mov     48(%rdi), %rsi
        mov     64(%rdi), %r8
        mov     72(%rdi), %r9
        mov     80(%rdi), %r10
        mov     88(%rdi), %r11
        mov     96(%rdi), %r12
        mov     104(%rdi), %r13
        mov     112(%rdi), %r14
        mov     120(%rdi), %r15
        push    RAW_FLAGS(%rdi)
        mov     56(%rdi), %rdi
        cmpb    $0, nacelle_by_syscall(%rip)
        jne     1f
        lea     2f(%rip), %rdx
        lea     8(%rsp), %rcx
        popfq
        sysenter
1:      popfq
        syscall
2:      push    %rdi                    /* no flag changes before they are stored */
        mov     8(%rsp), %rdi
        pop     56(%rdi)
        pushfq
        pop     RAW_FLAGS(%rdi)
        mov     %rax, 0(%rdi)
        mov     %rcx, 8(%rdi)
        mov     %rdx, 16(%rdi)
        mov     %rbx, 24(%rdi)
        mov     %rsp, 32(%rdi)
        mov     %rbp, 40(%rdi)
        mov     %rsi, 48(%rdi)
        mov     %r8, 64(%rdi)
        mov     %r9, 72(%rdi)
        mov     %r10, 80(%rdi)
        mov     %r11, 88(%rdi)
        mov     %r12, 96(%rdi)
        mov     %r13, 104(%rdi)
        mov     %r14, 112(%rdi)
        mov     %r15, 120(%rdi)
        mov     %ds, RAW_SELECTORS + 0(%rdi)
        mov     %es, RAW_SELECTORS + 2(%rdi)
        mov     %fs, RAW_SELECTORS + 4(%rdi)
        mov     %gs, RAW_SELECTORS + 6(%rdi)
        pop     %rdi
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        popfq
        ret

        .section .note.GNU-stack, "", @progbits
