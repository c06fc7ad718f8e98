/* SPDX-License-Identifier: BSD-2-Clause */
/* Ways into the server from user level and traps, and back out. */

#include "cpu.h"
#include "thread.h"
#include <x86/control.h>

    .section .text.entry, "ax"

/*
 * System calls. Everything but rcx, rdx and r11 goes between the registers and the thread's frame;
 * r11 points to the frame.
 */
    .macro SAVE_REGISTERS
    mov %rdi, FRAME_RDI(%r11)
    mov %rsi, FRAME_RSI(%r11)
    mov %r8, FRAME_R8(%r11)
    mov %r9, FRAME_R9(%r11)
    mov %r10, FRAME_R10(%r11)
    mov %rax, FRAME_RAX(%r11)
    mov %rbx, FRAME_RBX(%r11)
    mov %rbp, FRAME_RBP(%r11)
    mov %r12, FRAME_R12(%r11)
    mov %r13, FRAME_R13(%r11)
    mov %r14, FRAME_R14(%r11)
    mov %r15, FRAME_R15(%r11)
    xor %ebp, %ebp
    mov %r11, %rdi
    .endm

    .macro RESTORE_REGISTERS
    mov FRAME_RSI(%r11), %rsi
    mov FRAME_R8(%r11), %r8
    mov FRAME_R9(%r11), %r9
    mov FRAME_R10(%r11), %r10
    mov FRAME_RAX(%r11), %rax
    mov FRAME_RBX(%r11), %rbx
    mov FRAME_RBP(%r11), %rbp
    mov FRAME_R12(%r11), %r12
    mov FRAME_R13(%r11), %r13
    mov FRAME_R14(%r11), %r14
    mov FRAME_R15(%r11), %r15
    mov FRAME_RDI(%r11), %rdi
    .endm

/*
 * By SYSENTER. The processor loaded rsp with this CPU's data; rcx and rdx are the caller's stack
 * pointer and return address, r11 is free. TF, AC, NT and DF are still the caller's, so they are
 * cleared before anything depends on them.
 */
    .globl sysenter_entry
sysenter_entry:
    mov CPU_CURRENT(%rsp), %r11
    mov %rcx, FRAME_RSP(%r11)
    mov %rdx, FRAME_RIP(%r11)
    push $2
    popfq
    movb $ENTERED_BY_SYSENTER, THREAD_ENTRY(%r11)
    SAVE_REGISTERS
    call system_call_entry  /* does not return */
    ud2

/*
 * void return_by_sysexit(struct thread *): back to after a system call. The stack pointer stays
 * this CPU's until SYSEXIT: an interrupt or NMI on it finds a stack (SDM vol 2 STI: an NMI may end
 * the interrupt shadow).
 */
    .globl return_by_sysexit, sysexit_instruction
return_by_sysexit:
    mov %rdi, %r11
    RESTORE_REGISTERS
    mov FRAME_RSP(%r11), %rcx
    mov FRAME_RIP(%r11), %rdx
    xor %r11d, %r11d
    sti
sysexit_instruction:
    sysexitq

/*
 * By SYSCALL, which leaves the caller's stack pointer in rsp: each CPU has an entry of its own that
 * knows where the CPU's data lie, so neither SWAPGS nor memory is needed to find them. rcx is the
 * return address, rdx free, and SFMASK has cleared the flags (cpu.c). Until rsp is loaded only what
 * has a stack of its own can come: NMI, debug exception, machine check, double fault.
 */
    .balign SYSCALL_STUB_SIZE
    .globl syscall_stubs
syscall_stubs:
    .set number, 0
    .rept NACELLE_MAX_CPUS
    .balign SYSCALL_STUB_SIZE
    mov %rsp, %rdx
    mov $CPU_BASE + CPU_DATA + number * CPU_REGION_SIZE, %rsp
    jmp syscall_entry
    .set number, number + 1
    .endr
    .org syscall_stubs + NACELLE_MAX_CPUS * SYSCALL_STUB_SIZE /* an error if a stub is longer */

syscall_entry:
    mov CPU_CURRENT(%rsp), %r11
    mov %rdx, FRAME_RSP(%r11)
    mov %rcx, FRAME_RIP(%r11)
    movb $ENTERED_BY_SYSCALL, THREAD_ENTRY(%r11)
    SAVE_REGISTERS
    call system_call_entry  /* does not return */
    ud2

/*
 * void return_by_sysret(struct thread *). The stack pointer is the caller's before SYSRET, which
 * makes a fault of SYSRET itself deadly on processors that raise it in ring 0 (SDM vol 2 SYSRET;
 * the APM's raise it in ring 3): so the address must be canonical. It is: it follows a SYSCALL in
 * memory below NACELLE_USER_END, or was compared with that (NACELLE_THREAD_WRITE_REGISTER).
 * SYSRET sets IF, from r11; TF and all else that a caller could want in RFLAGS end with the call,
 * as with SYSEXIT. The selector that it loads into SS is of the same descriptor as all others
 * there; what it leaves of SS's hidden part has no meaning in 64-bit code (APM vol 2 4.5.3).
 */
    .globl return_by_sysret
return_by_sysret:
    mov %rdi, %r11
    RESTORE_REGISTERS
    mov FRAME_RIP(%r11), %rcx
    mov FRAME_RSP(%r11), %rsp
    mov $(X86_RFLAGS_FIXED | X86_RFLAGS_IF), %r11d
    xor %edx, %edx
    sysretq

/* void return_by_iretq(struct thread *): back to where a trap came from, all registers restored. */
    .globl return_by_iretq, iretq_instruction
return_by_iretq:
    mov %rdi, %rsp
pop_frame:
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rbx
    pop %rdx
    pop %rcx
    pop %rax
    add $16, %rsp           /* vector, error code */
iretq_instruction:
    iretq

/* The general registers, as struct frame has them; pop_frame takes them back. */
    .macro PUSH_REGISTERS
    push %rax
    push %rcx
    push %rdx
    push %rbx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    .endm

/*
 * Traps. The stub of each vector pushes the vector (and a zero where the processor pushes no error
 * code); this completes the frame. From user level the frame is the thread's own and the stack
 * changes to the CPU's; from ring 0 it lies on the stack in use, and is returned to if the
 * handler returns.
 */
trap_entry:
    cld
    PUSH_REGISTERS
    mov %rsp, %rdi
    testb $3, FRAME_CS(%rsp)
    jz 1f
    mov THREAD_CPU(%rsp), %rsp
    push $2                 /* AC would turn SMAP off */
    popfq
    xor %ebp, %ebp
    call trap_from_user     /* does not return */
    ud2
1:  mov %rsp, %rbp
    and $-16, %rsp
    call trap_from_server
    mov %rbp, %rsp
    jmp pop_frame

/*
 * NMI, debug exception, machine check and double fault have stacks of their own, so they may come
 * from user level while the frame is not the thread's: those that return do so where they came
 * from.
 */
own_stack_entry:
    cld
    PUSH_REGISTERS
    mov %rsp, %rdi
    mov %rsp, %rbp
    and $-16, %rsp
    call trap_on_own_stack
    mov %rbp, %rsp
    jmp pop_frame

/* Vectors with an error code are 8, 10-14, 17, 21, 29, 30 (SDM vol 3 6.3.1, table 6-1); those with
 * a stack of their own are in cpu.c. */
#define HAVE_ERROR_CODE 0x60227d00
    .macro TRAP vector
    .balign 16
    .if ((1 << \vector) & HAVE_ERROR_CODE) == 0
    push $0
    .endif
    push $\vector
    .if (\vector == 1) || (\vector == 2) || (\vector == 8) || (\vector == 18)
    jmp own_stack_entry
    .else
    jmp trap_entry
    .endif
    .endm

    .balign 16
    .globl trap_stubs
trap_stubs:
    .set vector, 0
    .rept VECTOR_COUNT
    TRAP vector
    .set vector, vector + 1
    .endr

/* void switch_stack(void *stack, void (*function)(void)): goes on in function on another stack. */
    .globl switch_stack
switch_stack:
    mov %rdi, %rsp
    xor %ebp, %ebp
    call *%rsi
    ud2

    .section .note.GNU-stack, "", @progbits
