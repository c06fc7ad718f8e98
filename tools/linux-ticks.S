/* SPDX-License-Identifier: BSD-2-Clause */
/* A program for the initial RAM disk: prints the time-stamp counter, in decimal. */

#define SYS_WRITE 1
#define SYS_EXIT  60
#define DIGITS    20 /* of 2^64 */

    .text
    .globl _start
_start:
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    leaq line_end(%rip), %rsi
    movl $10, %ecx
1:  xorl %edx, %edx
    divq %rcx
    addb $'0', %dl
    decq %rsi
    movb %dl, (%rsi)
    testq %rax, %rax
    jnz 1b

    leaq line_end + 1(%rip), %rdx
    subq %rsi, %rdx         /* length: the digits and the end of the line */
    movl $1, %edi           /* standard output */
    movl $SYS_WRITE, %eax
    syscall
    xorl %edi, %edi
    movl $SYS_EXIT, %eax
    syscall
    ud2

    .data
    .fill DIGITS, 1, 0
line_end:
    .ascii "\n"

    .section .note.GNU-stack, "", @progbits
