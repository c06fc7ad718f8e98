/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions of a client that must fault. Sections cited are of Intel's SDM. */
#include <nacelle/message.h>

#include "client_faults.h"

#define UD (1 << 6)
#define NM (1 << 7)
#define NP (1 << 11)
#define SS (1 << 12)
#define GP (1 << 13)
#define PF (1 << 14)
#define DE (1 << 0)
#define DB (1 << 1)
#define MF (1 << 16)
#define AC (1 << 17)
#define XM (1 << 19)

#define KERNEL 0xffffffff80100000
#define DIRECT 0xffff800000100000
#define GDT    0xffffffffc0000000
#define APIC   0xffffffffe0000000
#define NOT_CANONICAL 0x0000800000000000

#define PF_WRITE 2
#define PF_USER  4
#define PF_FETCH 16

        .section .rodata, "a"
        .globl client_faults
        .balign 8
client_faults:

/* Begins a case; AT stands right before the instruction that faults, and completes the case. */
        .macro CASE what, vectors, error=ANY_ERROR, address=ANY_ADDRESS
        .section .rodata.names, "a"
10:     .asciz "\what"
        .section .rodata, "a"
        .quad   10b
        .section .text, "ax"
20:     .section .rodata, "a"
        .quad   20b, \vectors, \error, \address
        .section .text, "ax"
        .endm

        .macro AT
30:     .section .rodata, "a"
        .quad   30b
        .section .text, "ax"
        .endm

/* A case of one instruction. */
        .macro ONE what, vectors, error, instruction:vararg
        CASE "\what", \vectors, \error
        AT
        \instruction
        .endm

/* Privileged, or not there in user level (vol. 3 5.9, and each instruction in vol. 2). */
ONE "syscall", UD, 0, syscall
ONE "sysret", GP | UD, 0, sysretq
ONE "sysexit", GP, 0, sysexitq
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
ONE "vmlaunch", GP, 0, vmlaunch
ONE "vmresume", GP, 0, vmresume
ONE "vmxoff", GP, 0, vmxoff
ONE "vmread", GP, 0, vmread %rax, %rcx
ONE "vmwrite", GP, 0, vmwrite %rax, %rcx
ONE "vmptrld", GP, 0, vmptrld (%rsp)
ONE "vmptrst", GP, 0, vmptrst (%rsp)
ONE "vmclear", GP, 0, vmclear (%rsp)
ONE "vmxon", GP, 0, vmxon (%rsp)
ONE "invept", GP, 0, invept (%rsp), %rax
ONE "invvpid", GP, 0, invvpid (%rsp), %rax
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
