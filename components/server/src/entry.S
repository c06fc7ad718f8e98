/* SPDX-License-Identifier: BSD-2-Clause */
/* Ways into the server from user level and traps, and back out. */

#include "cpu.h"
#include "execution.h"
#include "slot.h"
#include "thread.h"
#include "vcpu_object.h"
#include <nacelle/exit.h>
#include <nacelle/message.h>
#include <nacelle/object.h>
#include <vcpu/accounting.h>
#include <vcpu/direct.h>
#include <x86/control.h>
#include <x86/descriptor.h>
#include <x86/general_registers.h>
#include <x86/mitigations_asm.h>
#include <x86/user_return.h>

    .section .text.entry, "ax"

/*
 * System calls. The registers of a message are rdi, rsi, r8, r9, r10 and rax; all others are lost
 * (nacelle/message.h), so none has to be kept here, and none may leave with what was in it.
 */
    .macro SAVE_MESSAGE
    mov %rdi, FRAME_RDI(%r11)
    mov %rsi, FRAME_RSI(%r11)
    mov %r8, FRAME_R8(%r11)
    mov %r9, FRAME_R9(%r11)
    mov %r10, FRAME_R10(%r11)
    mov %rax, FRAME_RAX(%r11)
    .endm

    .macro RESTORE_MESSAGE
    mov FRAME_RDI(%r11), %rdi
    mov FRAME_RSI(%r11), %rsi
    mov FRAME_R8(%r11), %r8
    mov FRAME_R9(%r11), %r9
    mov FRAME_R10(%r11), %r10
    mov FRAME_RAX(%r11), %rax
    .endm

    .macro CLEAR_MESSAGE
    xor %edi, %edi
    xor %esi, %esi
    xor %r8d, %r8d
    xor %r9d, %r9d
    xor %r10d, %r10d
    xor %eax, %eax
    .endm

    .macro CLEAR_OTHERS
    xor %ebx, %ebx
    xor %ebp, %ebp
    xor %r12d, %r12d
    xor %r13d, %r13d
    xor %r14d, %r14d
    xor %r15d, %r15d
    .endm

/* To user level from here on; rsp is on a stack of this CPU. No register is lost. */
    .macro ACCOUNT_USER_BEGIN
#if NACELLE_ACCOUNTING
    push %rax
    push %rdx
    push %rbx
    mov %rsp, %rbx
    and $-CPU_REGION_SIZE, %rbx
    ACCOUNT_BEGIN CPU_DATA + CPU_DIRECT + VCPU_PAIR_USER_TICKS, %rbx
    pop %rbx
    pop %rdx
    pop %rax
#endif
    .endm

/*
 * To user level, to where the thread in rcx called from, by SYSEXIT or SYSRET (x86/user_return.h).
 *
 * SYSEXIT: the stack pointer stays this CPU's, so an interrupt or NMI on the instruction finds a
 * stack. A fault on it is the thread's (trap.c).
 *
 * SYSRET: the address is canonical. It follows a SYSCALL in memory below NACELLE_USER_END, or was
 * compared with that (NACELLE_THREAD_WRITE_REGISTER). SYSRET sets IF, from r11; TF and all else
 * that a caller could want in RFLAGS end with the call, as with SYSEXIT. The selector that it loads
 * into SS is of the same descriptor as all others there; what it leaves of SS's hidden part has no
 * meaning in 64-bit code (APM vol 2 4.5.3).
 */
    .macro LEAVE_sysenter
    mov FRAME_RIP(%rcx), %rdx
    mov FRAME_RSP(%rcx), %rcx
    SYSEXIT
    .endm

    .macro LEAVE_syscall
    ACCOUNT_USER_BEGIN
    mov FRAME_RSP(%rcx), %rsp
    mov FRAME_RIP(%rcx), %rcx
    SYSRET
    .endm

/* Back to the caller, whose stack pointer and return address are still in their registers. */
    .macro RETURN_sysenter
    SYSEXIT
    .endm

    .macro SYSEXIT
    ACCOUNT_USER_BEGIN
    xor %r11d, %r11d
    X86_RETURN_BY_SYSEXIT(vcpu_mitigations_segment(%rip))
    .endm

    .macro RETURN_syscall
    ACCOUNT_USER_BEGIN
    mov %rdx, %rsp
    SYSRET
    .endm

    .macro SYSRET
    mov $(X86_RFLAGS_FIXED | X86_RFLAGS_IF), %r11d
    xor %edx, %edx
    X86_RETURN_BY_SYSRET(vcpu_mitigations_segment(%rip))
    .endm

/* Between two domains (predictors.h); rcx and rdx are lost, rax is kept in a register. */
    .macro PREDICTOR_BARRIER keep
#if NACELLE_MITIGATE_IBPB
    mov %rax, \keep
    x86_predictor_barrier vcpu_mitigations
    mov \keep, %rax
#endif
    .endm

/*
 * The vCPU that capability rdi of thread r11 names, to rbx; rbp is lost. Elsewhere, with nothing
 * changed, unless it has this right, and the vCPU has a VM and cannot run.
 */
    .macro FIND_STOPPED_VCPU right, elsewhere
    cmpb $SLOT_TYPE_CSPACE, THREAD_CSPACE + SLOT_TYPE(%r11)
    jne \elsewhere
    mov THREAD_CSPACE + SLOT_OBJECT(%r11), %rbx
    cmp %rdi, CSPACE_SLOTS(%rbx)
    jbe \elsewhere
    mov %rdi, %rbp
    shl $SLOT_SHIFT, %rbp
    add %rbp, %rbx          /* slot 0 looks as if it were empty */
    movzwl SLOT_TYPE(%rbx), %ebp
    and $(0xff | \right << 8), %ebp
    cmp $(SLOT_TYPE_VCPU | \right << 8), %ebp
    jne \elsewhere
    mov SLOT_OBJECT(%rbx), %rbx
    cmpb $SLOT_TYPE_VM, VCPU_OBJECT_VM + SLOT_TYPE(%rbx)
    jne \elsewhere
    cmpb $EXECUTION_STATE_RUNNABLE, VCPU_OBJECT_STATE(%rbx)
    je \elsewhere
    .endm

/* TF, AC, NT and DF are the caller's still after SYSENTER. TF ends with the first instruction
 * (trap.c), AC and DF matter to C, and to the next at user level. */
    .macro CLEAR_FLAGS_sysenter
    push $X86_RFLAGS_FIXED
    popfq
    .endm

    .macro CLEAR_FLAGS_syscall /* SFMASK did: cpu.c */
    .endm

/*
 * A system call by SYSENTER or SYSCALL that is not for the vCPU of a pair (vcpu/direct.h): rsp is
 * this CPU's data, sp and ip are the registers with the caller's stack pointer and return address.
 */
    .macro SYSTEM_CALL kind, entered_by, sp, ip
    /* One of a pair of threads, which calls or replies to the other, in registers alone? */
    mov CPU_CURRENT(%rsp), %r11
    cmp %rdi, THREAD_FAST_SLOT(%r11)
    jne 4f
    cmpw $NACELLE_MESSAGE_REGISTERS, %si /* length, and no capability */
    ja 4f
    mov %rsi, %rbp
    shr $48, %rbp
    cmp %rbp, THREAD_FAST_CALL(%r11) /* no tag has what stands there out of a pair */
    jne 4f
    mov \sp, FRAME_RSP(%r11)
    mov \ip, FRAME_RIP(%r11)
    CLEAR_FLAGS_\kind
    mov THREAD_FAST_BADGE(%r11), %rdi
    add THREAD_FAST_DELTA(%r11), %rsi
    mov THREAD_FAST_ROOT(%r11), %rdx
    cmp %rdx, CPU_CR3(%rsp)
    je 1f
    mov %rdx, CPU_CR3(%rsp)
    mov %rdx, %cr3
    PREDICTOR_BARRIER %rbp
1:  mov THREAD_FAST_TARGET(%r11), %rcx
    mov %rcx, CPU_CURRENT(%rsp)
    lea THREAD_CPU(%rcx), %rdx
    mov %rdx, CPU_TSS + X86_TSS64_RSP0(%rsp)
    CLEAR_OTHERS
    LEAVE_\kind

    /* YIELD, with nobody else of this priority? */
4:  cmp yield(%rip), %rsi
    jne 5f
    mov CPU_CHARGED(%rsp), %rbx
    mov 8(%rbx), %rbp       /* struct list */
    cmp %rbp, (%rbx)
    jne 9f
    xor %edi, %edi
    xor %esi, %esi
    xor %ebx, %ebx
    xor %ebp, %ebp
    RETURN_\kind

    /* A general register of a vCPU? */
5:  cmp $(NACELLE_VCPU_READ_REGISTER << NACELLE_TAG_LABEL_SHIFT | 1), %rsi
    jne 6f
    cmp $X86_GPR_COUNT, %r8
    jae 9f
    FIND_STOPPED_VCPU NACELLE_RIGHT_READ, 9f
    cmp $X86_RSP, %r8
    je 2f
    mov VCPU_GENERAL(%rbx, %r8, 8), %r8
1:  mov $1, %esi            /* no error, one word */
    jmp 7f
2:  cmp %rbx, CPU_DIRECT + VCPU_PAIR_VCPU(%rsp)
    jne 9f
    call vcpu_direct_get_rsp_\kind
    jmp 1b
6:  cmp $(NACELLE_VCPU_WRITE_REGISTER << NACELLE_TAG_LABEL_SHIFT | 2), %rsi
    jne 9f
    cmp $X86_GPR_COUNT, %r8
    jae 9f
    FIND_STOPPED_VCPU NACELLE_RIGHT_WRITE, 9f
    cmp $X86_RSP, %r8
    je 2f
    mov %r9, VCPU_GENERAL(%rbx, %r8, 8)
1:  xor %esi, %esi
    xor %r8d, %r8d
    jmp 7f
2:  cmp %rbx, CPU_DIRECT + VCPU_PAIR_VCPU(%rsp)
    jne 9f
    call vcpu_direct_set_rsp_\kind
    jmp 1b
7:  xor %edi, %edi
    xor %r9d, %r9d
    xor %r10d, %r10d
    xor %eax, %eax
    xor %ebx, %ebx
    xor %ebp, %ebp
    RETURN_\kind

9:  mov CPU_CURRENT(%rsp), %r11
    mov \sp, FRAME_RSP(%r11)
    mov \ip, FRAME_RIP(%r11)
    CLEAR_FLAGS_\kind
    movb $\entered_by, THREAD_ENTRY(%r11)
    SAVE_MESSAGE
    xor %ebp, %ebp
    mov %r11, %rdi
    call system_call_entry  /* does not return */
    ud2
    .endm

yield:
    .quad NACELLE_YIELD << NACELLE_TAG_SYSTEM_CALL_SHIFT

/* void return_by_sysexit(struct thread *), return_by_sysret: back to after a system call. */
    .macro RETURN_BY kind
    mov %rdi, %r11
    mov %rdi, %rcx
    RESTORE_MESSAGE
    CLEAR_OTHERS
    LEAVE_\kind
    .endm

    .macro RETURN_EMPTY_BY kind
    mov %rdi, %rcx
    CLEAR_MESSAGE
    CLEAR_OTHERS
    LEAVE_\kind
    .endm

/*
 * By SYSENTER, from vcpu_direct_sysenter. The processor loaded rsp with this CPU's data; rcx and
 * rdx are the caller's stack pointer and return address.
 */
    .globl vcpu_host_sysenter
vcpu_host_sysenter:
    SYSTEM_CALL sysenter, ENTERED_BY_SYSENTER, %rcx, %rdx

    .globl return_by_sysexit
return_by_sysexit:
    RETURN_BY sysenter

/* void return_empty_by_sysexit(struct thread *): the same, with the reply of no words. */
    .globl return_empty_by_sysexit
return_empty_by_sysexit:
    RETURN_EMPTY_BY sysenter

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
    jmp vcpu_direct_syscall
    .set number, number + 1
    .endr
    .org syscall_stubs + NACELLE_MAX_CPUS * SYSCALL_STUB_SIZE /* an error if a stub is longer */

    .globl vcpu_host_syscall
vcpu_host_syscall:
    SYSTEM_CALL syscall, ENTERED_BY_SYSCALL, %rdx, %rcx

    .globl return_by_sysret
return_by_sysret:
    RETURN_BY syscall

/* void return_empty_by_sysret(struct thread *): the same, with the reply of no words. */
    .globl return_empty_by_sysret
return_empty_by_sysret:
    RETURN_EMPTY_BY syscall

/* void return_by_iretq(struct thread *): back to where a trap came from, all registers restored. */
    .globl return_by_iretq, iretq_instruction
return_by_iretq:
    ACCOUNT_USER_BEGIN
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
    x86_clear_buffers vcpu_mitigations_segment
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
    ACCOUNT_END CPU_DIRECT + VCPU_PAIR_USER_TICKS, %rsp
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
