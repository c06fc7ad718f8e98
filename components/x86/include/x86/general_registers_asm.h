/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Assembly macros (GNU as, AT&T syntax) that save and restore the general registers in the layout
 * of struct x86_general_registers. None of them changes a flag.
 */

#ifndef X86_GENERAL_REGISTERS_ASM_H
#define X86_GENERAL_REGISTERS_ASM_H

#ifdef __ASSEMBLER__

#include <x86/general_registers.h>

/* clang-format off */

/*
 * Stack order: r15 first, rax last, so that RSP then points at a struct x86_general_registers.
 * The slot of rsp is pushed as 0 and not left with stale memory.
 */
.macro x86_gpr_push
    pushq %r15
    pushq %r14
    pushq %r13
    pushq %r12
    pushq %r11
    pushq %r10
    pushq %r9
    pushq %r8
    pushq %rdi
    pushq %rsi
    pushq %rbp
    pushq $0
    pushq %rbx
    pushq %rdx
    pushq %rcx
    pushq %rax
.endm

/* The reverse of x86_gpr_push; the slot of rsp is skipped. */
.macro x86_gpr_pop
    popq %rax
    popq %rcx
    popq %rdx
    popq %rbx
    leaq 8(%rsp), %rsp
    popq %rbp
    popq %rsi
    popq %rdi
    popq %r8
    popq %r9
    popq %r10
    popq %r11
    popq %r12
    popq %r13
    popq %r14
    popq %r15
.endm

/* Stores the fifteen registers at offset(base); base is a register such as %rsp. With rax=0 without
 * rax. */
.macro x86_gpr_store base, offset=0, rax=1
    .if \rax
        movq %rax, \offset + 0x00(\base)
    .endif
    movq %rcx, \offset + 0x08(\base)
    movq %rdx, \offset + 0x10(\base)
    movq %rbx, \offset + 0x18(\base)
    movq %rbp, \offset + 0x28(\base)
    movq %rsi, \offset + 0x30(\base)
    movq %rdi, \offset + 0x38(\base)
    movq %r8, \offset + 0x40(\base)
    movq %r9, \offset + 0x48(\base)
    movq %r10, \offset + 0x50(\base)
    movq %r11, \offset + 0x58(\base)
    movq %r12, \offset + 0x60(\base)
    movq %r13, \offset + 0x68(\base)
    movq %r14, \offset + 0x70(\base)
    movq %r15, \offset + 0x78(\base)
.endm

/* One load of x86_gpr_load: only where "is the base" equals want. */
.macro x86_gpr_load_one base, offset, register, slot, want
    .ifc \base, \register
        .if \want
            movq \offset + \slot(\base), \register
        .endif
    .else
        .if !(\want)
            movq \offset + \slot(\base), \register
        .endif
    .endif
.endm

/* One pass of x86_gpr_load over the registers. */
.macro x86_gpr_load_pass base, offset, rax, want
    .if \rax
        x86_gpr_load_one \base, \offset, %rax, 0x00, \want
    .endif
    x86_gpr_load_one \base, \offset, %rcx, 0x08, \want
    x86_gpr_load_one \base, \offset, %rdx, 0x10, \want
    x86_gpr_load_one \base, \offset, %rbx, 0x18, \want
    x86_gpr_load_one \base, \offset, %rbp, 0x28, \want
    x86_gpr_load_one \base, \offset, %rsi, 0x30, \want
    x86_gpr_load_one \base, \offset, %rdi, 0x38, \want
    x86_gpr_load_one \base, \offset, %r8, 0x40, \want
    x86_gpr_load_one \base, \offset, %r9, 0x48, \want
    x86_gpr_load_one \base, \offset, %r10, 0x50, \want
    x86_gpr_load_one \base, \offset, %r11, 0x58, \want
    x86_gpr_load_one \base, \offset, %r12, 0x60, \want
    x86_gpr_load_one \base, \offset, %r13, 0x68, \want
    x86_gpr_load_one \base, \offset, %r14, 0x70, \want
    x86_gpr_load_one \base, \offset, %r15, 0x78, \want
.endm

/* Loads the fifteen registers from offset(base). base may be one of them: it is loaded last. With
 * rax=0 without rax. */
.macro x86_gpr_load base, offset=0, rax=1
    x86_gpr_load_pass \base, \offset, \rax, 0
    x86_gpr_load_pass \base, \offset, \rax, 1
.endm

/* clang-format on */

#endif /* __ASSEMBLER__ */

#endif
