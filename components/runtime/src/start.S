/* SPDX-License-Identifier: BSD-2-Clause */
/* First instructions of a client: rdi = information page, rsi = IPC buffer, rsp = top of the stack,
 * all set by its creator. */
        .section .text.start, "ax"
        .globl _start
        .type _start, @function
_start:
        xor     %ebp, %ebp              # ends backtraces
        and     $-16, %rsp
        mov     %rdi, %rbx
        mov     %rsi, %r12
        call    nacelle_choose_system_call
        mov     %rbx, %rdi
        mov     %r12, %rsi
        call    nacelle_start
        ud2
        .size _start, . - _start

        .section .note.GNU-stack, "", @progbits
