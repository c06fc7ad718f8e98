/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that goes through the processor modes by itself, as boot loaders do, and back: real,
 * 32-bit protected, 32-bit paged, PAE, long (compatibility and 64-bit mode), and the same way down.
 * At each stage a hypercall, with the number of the stage in eax. Linked anywhere, it runs at
 * RIG_CODE.
 *
 * The tables of translation are climb.c's; the segment descriptors those of all tests.
 */
#include "climb.h"

#define AT(label) (CLIMB_CODE + (label) - climb_begin)

#define CR0_PE 0x1
#define CR0_PG 0x80000000
#define CR4_PSE 0x10
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define CODE16 0x08
#define CODE32 0x10
#define CODE64 0x18

        .macro stage number
        mov     $\number, %eax
        vmcall
        .endm

        .macro set_cr reg, bits
        mov     %\reg, %eax
        or      $\bits, %eax
        mov     %eax, %\reg
        .endm

        .macro clear_cr reg, bits
        mov     %\reg, %eax
        and     $~(\bits), %eax
        mov     %eax, %\reg
        .endm

        .macro load_cr3 value
        mov     $\value, %eax
        mov     %eax, %cr3
        .endm

        .macro write_efer value
        mov     $MSR_EFER, %ecx
        mov     $\value, %eax
        xor     %edx, %edx
        wrmsr
        .endm

        .section .rodata.climb, "a"
        .globl  climb_begin, climb_end
climb_begin:
        .code16
        stage   CLIMB_REAL
        set_cr  cr0, CR0_PE
        ljmpl   $CODE32, $AT(1f)
        .code32
1:      stage   CLIMB_PROTECTED

        set_cr  cr4, CR4_PSE
        load_cr3 CLIMB_TABLES_32
        set_cr  cr0, CR0_PG
        stage   CLIMB_PAGED

        clear_cr cr0, CR0_PG
        set_cr  cr4, CR4_PAE
        load_cr3 CLIMB_TABLES_PAE
        set_cr  cr0, CR0_PG
        stage   CLIMB_PAE

        clear_cr cr0, CR0_PG
        load_cr3 CLIMB_TABLES_LONG
        write_efer EFER_LME
        stage   CLIMB_LME
        set_cr  cr0, CR0_PG
        stage   CLIMB_COMPATIBILITY
        ljmp    $CODE64, $AT(2f)
        .code64
2:      stage   CLIMB_LONG

        ljmpl   *3f(%rip)
3:      .long   AT(4f)
        .word   CODE32
        .code32
4:      stage   CLIMB_COMPATIBILITY
        clear_cr cr0, CR0_PG
        stage   CLIMB_LME
        write_efer 0
        stage   CLIMB_LEFT
        clear_cr cr4, CR4_PAE
        stage   CLIMB_PROTECTED
        ljmp    $CODE16, $AT(5f)
        .code16
5:      clear_cr cr0, CR0_PE
        ljmp    $0, $AT(6f)
6:      stage   CLIMB_REAL
        hlt
climb_end:
        .code64

        .section .note.GNU-stack, "", @progbits
