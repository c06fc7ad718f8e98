/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions of a client that must fault. Sections cited are of Intel's SDM. */
#include "client_faults_asm.inc"

        .section .rodata, "a"
        .globl client_faults
        .balign 8
client_faults:

/* Privileged, or not there in user level (vol. 3 5.9, and each instruction in vol. 2). */
ONE "sysret", GP | UD, 0, sysretq
ONE "hlt", GP, 0, hlt
ONE "cli", GP, 0, cli
ONE "sti", GP, 0, sti
ONE "in", GP, 0, in $0x80, %al
ONE "out", GP, 0, out %al, $0x80
ONE "insb", GP, 0, insb
ONE "outsb", GP, 0, outsb
ONE "clts", GP, 0, clts
ONE "lmsw", GP, 0, lmsw %ax
ONE "invd", GP, 0, invd
ONE "wbinvd", GP, 0, wbinvd
ONE "swapgs", GP, 0, swapgs
ONE "invlpg", GP, 0, invlpg 0
ONE "rdmsr", GP, 0, rdmsr
ONE "wrmsr", GP, 0, wrmsr
ONE "mov from cr0", GP, 0, mov %cr0, %rax
ONE "mov to cr0", GP, 0, mov %rax, %cr0
ONE "mov from cr2", GP, 0, mov %cr2, %rax
ONE "mov to cr3", GP, 0, mov %rax, %cr3
ONE "mov to cr4", GP, 0, mov %rax, %cr4
ONE "mov to cr8", GP, 0, mov %rax, %cr8
ONE "mov from dr0", GP, 0, mov %dr0, %rax
ONE "mov to dr7", GP, 0, mov %rax, %dr7
ONE "lgdt", GP, 0, lgdt (%rsp)
ONE "lidt", GP, 0, lidt (%rsp)
ONE "lldt", GP, ANY_ERROR, lldt %ax
ONE "ltr", GP, ANY_ERROR, ltr %ax
ONE "xsetbv", GP | UD, 0, xsetbv
ONE "rdpmc", GP, 0, rdpmc
ONE "monitor", UD, 0, monitor
ONE "mwait", UD, 0, mwait
ONE "rsm", UD, 0, rsm
ONE "ud2", UD, 0, ud2
ONE "vmcall", GP | UD, 0, vmcall
ONE "vmfunc", UD, 0, vmfunc
ONE "getsec", GP | UD, 0, getsec
ONE "int 0x80", GP, 0x402, int $0x80
ONE "int3", GP, 0x1a, int3
CASE "int1", DB, 0
        .byte   0xf1                    /* a trap: behind the instruction */
        AT
        nop

CASE "popf cannot give I/O", GP, 0
        pushq   $0x3002                 /* IOPL 3 */
        popfq
        AT
        cli

/* The server's memory. Present or not is none of the client's business. */
        .macro TOUCH what, target, error, instruction:vararg
        CASE "\what", PF, ANY_ERROR, \target
        movabs  $\target, %rax
        AT
        \instruction
        .endm

TOUCH "read the server's code", KERNEL, 0, mov (%rax), %rcx
TOUCH "write the server's code", KERNEL, 0, mov %rcx, (%rax)
TOUCH "read all memory", DIRECT, 0, mov (%rax), %rcx
TOUCH "write all memory", DIRECT, 0, mov %rcx, (%rax)
TOUCH "read the GDT", GDT, 0, mov (%rax), %rcx
TOUCH "write the GDT", GDT, 0, mov %rcx, (%rax)
TOUCH "read the APIC", APIC, 0, mov (%rax), %rcx
TOUCH "write the APIC", APIC, 0, mov %rcx, (%rax)
TOUCH "read the last byte", 0xffffffffffffffff, 0, movb (%rax), %cl
TOUCH "read address 0", 0, 0, mov (%rax), %rcx
TOUCH "lock on the server's code", KERNEL, 0, lock orq $0, (%rax)

CASE "call the server", PF, ANY_ERROR, KERNEL
        movabs  $KERNEL, %rax
        mov     %rax, client_called(%rip)
        AT                              /* not here: see client_called */
        jmp     *%rax
CASE "read not canonical", GP, 0
        movabs  $NOT_CANONICAL, %rax
        AT
        mov     (%rax), %rcx
CASE "push not canonical", SS, 0
        movabs  $NOT_CANONICAL + 16, %rsp
        AT
        push    %rax
CASE "write code", PF, 7
        lea     1f(%rip), %rax
        AT
1:      movb    $0x90, (%rax)
CASE "execute the stack", PF, ANY_ERROR
        mov     %rsp, %rax
        sub     $16, %rax
        movb    $0xc3, (%rax)
        mov     %rax, client_called(%rip)
        AT
        jmp     *%rax

/* Selectors (vol. 3 5.8): null code, the server's, beyond the table. */
        .macro FAR what, selector
        CASE "\what", GP | PF | NP, ANY_ERROR
        pushq   $\selector
        lea     1f(%rip), %rax
        push    %rax
        AT
        lretq
1:      ud2
        .endm

FAR "far return to the server's code segment", 0x08
FAR "far return to the 32-bit code segment", 0x1b
FAR "far return to a data segment", 0x33
FAR "far return to the TSS", 0x3b
FAR "far return beyond the table", 0x4b
FAR "far return to the null segment", 0x00
CASE "far return into the LDT", GP, 4
        pushq   $7
        lea     1f(%rip), %rax
        push    %rax
        AT
        lretq
1:      ud2
CASE "iret to the server", GP, ANY_ERROR
        pushq   $0x10
        pushq   $0
        pushq   $2
        pushq   $0x08
        lea     1f(%rip), %rax
        push    %rax
        AT
        iretq
1:      ud2

/* Exceptions that are the client's own. */
CASE "divide by zero", DE, 0
        xor     %ecx, %ecx
        AT
        div     %ecx
CASE "single step", DB, 0
        pushfq
        orl     $0x100, (%rsp)
        popfq
        nop
        AT                              /* a trap: behind the instruction */
        nop
CASE "alignment check", AC, 0
        pushfq
        orl     $0x40000, (%rsp)
        popfq
        AT
        mov     1(%rsp), %eax
CASE "x87 divide by zero", MF, 0
        fninit
        pushq   $0x37b                  /* ZE not masked */
        fldcw   (%rsp)
        fld1
        fldz
        fdivrp
        AT
        fwait
CASE "SSE divide by zero", XM, 0
        pushq   $0x1d80                 /* ZM not masked */
        ldmxcsr (%rsp)
        mov     $1, %eax
        cvtsi2ss %eax, %xmm1
        xorps   %xmm0, %xmm0
        AT
        divss   %xmm0, %xmm1

        .section .rodata, "a"
99:     .globl client_fault_count
client_fault_count:
        .quad   (99b - client_faults) / 48

        .section .text, "ax"
        .globl client_int_n
        .balign 8
client_int_n:
        .set    n, 0
        .rept   256
        .balign 8
        .byte   0xcd, n
        ud2
        .set    n, n + 1
        .endr
        .balign 8

        .globl client_load_selector, client_load_selector_at
client_load_selector:
client_load_selector_at:
        mov     %edi, %ds
        ud2

/* Where a case goes that does not fault at the instruction, but where that leads; 0: either. */
        .section .bss
        .globl client_called
        .balign 8
client_called:
        .quad   0

        .section .note.GNU-stack, "", @progbits
