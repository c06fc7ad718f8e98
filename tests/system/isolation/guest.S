/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest: 64-bit code that runs at GUEST_CODE. It loads its FPU and general registers from the
 * tables in its memory, and then verifies for ever that all that the tables list is still there.
 * Most of the time all general registers hold their pattern; there is no stack.
 *
 * A hypercall says hello every HEARTBEAT rounds, and reports a mismatch (DATA_MISMATCH).
 */
#include "guest.h"

#define DATA(offset) (GUEST_DATA + DATA_##offset)
#define ITEM(number) (GUEST_DATA + DATA_ITEMS + 8 * (number))
#define REGISTER(index) (GUEST_DATA + DATA_REGISTERS + 8 * (index))

/* Where parts of the XSAVE area lie (SDM vol. 1, 13.4). */
#define XSAVE_MXCSR 24
#define XSAVE_ST 32
#define XSAVE_XMM 160
#define XSAVE_EXTENDED 576

        .macro check_register name, index
        cmp     %\name, REGISTER(\index)
        je      1f
        mov     %\name, DATA(VALUE)
        movq    $(MISMATCH_REGISTER + \index), DATA(MISMATCH)
        jmp     report
1:
        .endm

        /* rax must be what the table says. */
        .macro expect item
        cmp     %rax, ITEM(\item)
        je      1f
        mov     %rax, DATA(VALUE)
        movq    $(MISMATCH_ITEM + \item), DATA(MISMATCH)
        jmp     report
1:
        .endm

        .macro read_msr msr
        mov     $\msr, %ecx
        rdmsr
        shl     $32, %rdx
        or      %rdx, %rax
        .endm

        .macro expect_msr name, item, msr
        read_msr \msr
        expect  \item
        .endm

        /* `count` times 8 bytes of the saved state. */
        .macro expect_bytes item, offset, count
        mov     $(GUEST_XSAVE + \offset), %esi
        mov     $(GUEST_FOUND + \offset), %edi
        mov     \count, %ecx
        jrcxz   1f
        repe    cmpsq
        je      1f
        mov     -8(%rsi), %rax
        mov     %rax, ITEM(\item)
        mov     -8(%rdi), %rax
        mov     %rax, DATA(VALUE)
        movq    $(MISMATCH_ITEM + \item), DATA(MISMATCH)
        jmp     report
1:
        .endm

        /* Adds STEP to an MSR, and to what the table says about it. */
        .macro change_msr item, msr
        addq    $STEP, ITEM(\item)
        mov     ITEM(\item), %eax
        mov     ITEM(\item) + 4, %edx
        mov     $\msr, %ecx
        wrmsr
        .endm

        .macro change_register name, item
        addq    $STEP, ITEM(\item)
        mov     ITEM(\item), %rax
        mov     %rax, %\name
        .endm

        .section .rodata.guest, "a"
        .globl  guest_begin, guest_end
        .balign 16
guest_begin:
        .code64
        mov     $-1, %eax
        mov     $-1, %edx
        cmpl    $0, DATA(HAS_XSAVE)
        je      1f
        xrstor64 GUEST_XSAVE
        jmp     load
1:      fxrstor64 GUEST_XSAVE

load:
        mov     REGISTER(0), %rax
        mov     REGISTER(1), %rcx
        mov     REGISTER(2), %rdx
        mov     REGISTER(3), %rbx
        mov     REGISTER(4), %rsp
        mov     REGISTER(5), %rbp
        mov     REGISTER(6), %rsi
        mov     REGISTER(7), %rdi
        mov     REGISTER(8), %r8
        mov     REGISTER(9), %r9
        mov     REGISTER(10), %r10
        mov     REGISTER(11), %r11
        mov     REGISTER(12), %r12
        mov     REGISTER(13), %r13
        mov     REGISTER(14), %r14
        mov     REGISTER(15), %r15

        incq    DATA(ROUNDS)
        testq   $(HEARTBEAT - 1), DATA(ROUNDS)
        jnz     2f
        vmcall
2:
        movq    $700, DATA(SPIN)
3:      decq    DATA(SPIN)
        jnz     3b

        check_register rax, 0
        check_register rcx, 1
        check_register rdx, 2
        check_register rbx, 3
        check_register rsp, 4
        check_register rbp, 5
        check_register rsi, 6
        check_register rdi, 7
        check_register r8, 8
        check_register r9, 9
        check_register r10, 10
        check_register r11, 11
        check_register r12, 12
        check_register r13, 13
        check_register r14, 14
        check_register r15, 15

        /* x87, SSE, AVX and beyond, XCR0 */
        mov     $-1, %eax
        mov     $-1, %edx
        cmpl    $0, DATA(HAS_XSAVE)
        je      4f
        xsave64 GUEST_FOUND
        xor     %ecx, %ecx
        xgetbv
        shl     $32, %rdx
        or      %rdx, %rax
        expect  ITEM_XCR0
        jmp     5f
4:      fxsave64 GUEST_FOUND
5:      expect_bytes ITEM_X87_CONTROL, 0, $3
        mov     GUEST_FOUND + XSAVE_MXCSR, %eax
        expect  ITEM_MXCSR
        expect_bytes ITEM_X87, XSAVE_ST, $16
        expect_bytes ITEM_SSE, XSAVE_XMM, $32
        expect_bytes ITEM_EXTENDED, XSAVE_EXTENDED, DATA(EXTENDED)

        expect_msr STAR, ITEM_STAR, 0xc0000081
        expect_msr LSTAR, ITEM_LSTAR, 0xc0000082
        expect_msr CSTAR, ITEM_CSTAR, 0xc0000083
        expect_msr FMASK, ITEM_FMASK, 0xc0000084
        expect_msr KERNEL_GS_BASE, ITEM_KERNEL_GS_BASE, 0xc0000102
        expect_msr FS_BASE, ITEM_FS_BASE, 0xc0000100
        expect_msr GS_BASE, ITEM_GS_BASE, 0xc0000101
        expect_msr SYSENTER_CS, ITEM_SYSENTER_CS, 0x174
        expect_msr SYSENTER_ESP, ITEM_SYSENTER_ESP, 0x175
        expect_msr SYSENTER_EIP, ITEM_SYSENTER_EIP, 0x176
        expect_msr PAT, ITEM_PAT, 0x277
        /* SWAPGS exchanges two of them without any permission. */
        swapgs
        read_msr 0xc0000101
        expect  ITEM_KERNEL_GS_BASE
        read_msr 0xc0000102
        expect  ITEM_GS_BASE
        swapgs

        cmpl    $0, DATA(HAS_TSC_AUX)
        je      6f
        expect_msr TSC_AUX, ITEM_TSC_AUX, 0xc0000103
        rdtscp
        mov     %ecx, %eax
        expect  ITEM_TSC_AUX
6:
        mov     %cr2, %rax
        expect  ITEM_CR2
        mov     %db0, %rax
        expect  ITEM_DR0
        mov     %db1, %rax
        expect  ITEM_DR1
        mov     %db2, %rax
        expect  ITEM_DR2
        mov     %db3, %rax
        expect  ITEM_DR3
        mov     %db6, %rax
        expect  ITEM_DR6
        mov     %db7, %rax
        expect  ITEM_DR7

        testq   $(CHANGE - 1), DATA(ROUNDS)
        jnz     load
        /* What the guest changes itself must survive as well. */
        change_msr ITEM_STAR, 0xc0000081
        change_msr ITEM_LSTAR, 0xc0000082
        change_msr ITEM_CSTAR, 0xc0000083
        change_msr ITEM_FMASK, 0xc0000084
        swapgs                          /* may not be opened for writing, and yet changes */
        change_msr ITEM_KERNEL_GS_BASE, 0xc0000101
        swapgs
        change_msr ITEM_FS_BASE, 0xc0000100
        change_msr ITEM_GS_BASE, 0xc0000101
        andq    $0xfff, ITEM(ITEM_SYSENTER_CS) /* 16 bits in QEMU */
        change_msr ITEM_SYSENTER_CS, 0x174
        change_msr ITEM_SYSENTER_ESP, 0x175
        change_msr ITEM_SYSENTER_EIP, 0x176
        change_register cr2, ITEM_CR2
        change_register db0, ITEM_DR0
        change_register db1, ITEM_DR1
        change_register db2, ITEM_DR2
        change_register db3, ITEM_DR3
        cmpl    $0, DATA(HAS_TSC_AUX)
        je      7f
        change_msr ITEM_TSC_AUX, 0xc0000103
7:
        cmpq    $0, DATA(FIXED_IF)
        jne     load
        testq   $CHANGE, DATA(ROUNDS)
        jz      8f
        sti
        jmp     load
8:      cli
        jmp     load

report:
        vmcall
        jmp     report
guest_end:

        .section .note.GNU-stack, "", @progbits
