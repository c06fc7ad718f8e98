/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/general_registers_asm.h>

/*
 * void gpr_round_trip(const struct x86_general_registers *in, struct x86_general_registers out[2])
 *
 * Loads all registers from in. out[0] gets what x86_gpr_push leaves on the stack; out[1] what
 * x86_gpr_store sees after x86_gpr_pop brought the registers back.
 */
    .text
    .globl gpr_round_trip
    .type gpr_round_trip, @function
gpr_round_trip:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rsi
    cld

    x86_gpr_load %rdi
    x86_gpr_push
    movq X86_GENERAL_REGISTERS_SIZE(%rsp), %rdi
    movq %rsp, %rsi
    movl $(X86_GENERAL_REGISTERS_SIZE / 8), %ecx
    rep movsq
    movq %rdi, X86_GENERAL_REGISTERS_SIZE(%rsp)
    xorl %ebx, %ebx
    xorl %r15d, %r15d

    x86_gpr_pop
    leaq -X86_GENERAL_REGISTERS_SIZE(%rsp), %rsp
    movq $0, 8 * X86_RSP(%rsp)
    x86_gpr_store %rsp, 0
    movq X86_GENERAL_REGISTERS_SIZE(%rsp), %rdi
    movq %rsp, %rsi
    movl $(X86_GENERAL_REGISTERS_SIZE / 8), %ecx
    rep movsq
    leaq X86_GENERAL_REGISTERS_SIZE + 8(%rsp), %rsp

    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
    .size gpr_round_trip, . - gpr_round_trip

    .section .note.GNU-stack, "", @progbits
