/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry into the guest and exit from it, and the direct way from client to guest (vcpu/direct.h);
 * the way back from guest to client ends in direct.c.
 *
 * As on VMX, RSP is the struct vcpu itself while the guest's registers are loaded: the processor
 * keeps it, and rax, which is the VMCB, over VMRUN. GIF is 0 from before the first register of the
 * guest to after the last of the host: no interrupt, NMI or INIT finds anything in between.
 * RFLAGS.IF is 1 in VMRUN, because with V_INTR_MASKING that is what lets a physical interrupt end
 * the guest's run (APM vol. 2, 15.21.1); it stays pending, for the host to take when it wants.
 */

#include <nacelle/exit.h>
#include <nacelle/message.h>
#include <vcpu/accounting.h>
#include <vcpu/direct.h>
#include <x86/control.h>
#include <x86/event.h>
#include <x86/general_registers_asm.h>
#include <x86/mitigations_asm.h>
#include <x86/svm_exit.h>
#include <x86/svm_vmcb.h>

#include "../answers_asm.h"
#include "../layout.h"

.text

.set VMCB, VCPU_CONTROL

/* A host that never arms a vCPU need not have it. */
.weak vcpu_host_syscall

.set GUEST_RDX, VCPU_GENERAL + 8 * X86_RDX
.set GUEST_RBX, VCPU_GENERAL + 8 * X86_RBX

/* RIP goes to the next instruction, which next holds, and this one is counted; rax is lost. Not
 * answered in an interrupt shadow and under TF, where there is more to it (advance.h), nor where
 * the processor does not say. */
.macro ADVANCE count, next
    testl $(X86_RFLAGS_TF | X86_RFLAGS_RF), VMCB + SVM_VMCB_RFLAGS(%rsp)
    jnz unanswered
    testb $SVM_INTERRUPT_SHADOW, VMCB + SVM_VMCB_SHADOW(%rsp)
    jnz unanswered
    movq VMCB + \next(%rsp), %rax
    subq VMCB + SVM_VMCB_RIP(%rsp), %rax
    cmpq $X86_INSTRUCTION_LENGTH_MAX, %rax
    ja unanswered
    addq %rax, VMCB + SVM_VMCB_RIP(%rsp)
    incq \count(%rsp)
.endm

/*
 * An exit of a vCPU whose VM has answers (answers.h), right after VMRUN: all of the guest's state
 * is still loaded, but for rax. Back to VMRUN, or on to unanswered with nothing changed.
 */
.macro ANSWER
    movq %rdx, GUEST_RDX(%rsp)
    movq %rbx, GUEST_RBX(%rsp)
    movq VCPU_ANSWERS(%rsp), %rbx
    testq %rbx, %rbx
    jz unanswered
    cmpl $0, VMCB + SVM_VMCB_EVENT_INJECTION(%rsp) /* it would be injected again */
    jne unanswered
    movq VMCB + SVM_VMCB_EXIT_CODE(%rsp), %rdx
    cmpq $SVM_CODE_CPUID, %rdx
    jne 1f
    movl VMCB + SVM_VMCB_RAX(%rsp), %eax
    FIND_ANSWER NACELLE_ANSWER_CPUID, %eax, unanswered
    addq %rbx, %rdx
    ADVANCE VCPU_ANSWERED_CPUID, SVM_VMCB_NEXT_RIP
    movl ANSWER_EAX(%rdx), %eax
    movq %rax, VMCB + SVM_VMCB_RAX(%rsp)
    movl ANSWER_EBX(%rdx), %ebx
    movl ANSWER_ECX(%rdx), %ecx
    movl ANSWER_EDX(%rdx), %edx
    jmp answered

1:  cmpq $SVM_CODE_MSR, %rdx
    jne 1f
    testb $1, VMCB + SVM_VMCB_EXIT_INFO1(%rsp)
    jnz 2f
    FIND_ANSWER NACELLE_ANSWER_MSR_READ, %ecx, unanswered
    ADVANCE VCPU_ANSWERED_MSR, SVM_VMCB_NEXT_RIP
    movl ANSWER_EAX(%rbx, %rdx), %eax
    movq %rax, VMCB + SVM_VMCB_RAX(%rsp)
    movl ANSWER_EDX(%rbx, %rdx), %edx
    movq GUEST_RBX(%rsp), %rbx
    jmp answered
2:  FIND_ANSWER NACELLE_ANSWER_MSR_IGNORED, %ecx, unanswered
    ADVANCE VCPU_ANSWERED_MSR, SVM_VMCB_NEXT_RIP
    jmp restore

1:  cmpq $SVM_CODE_IO, %rdx
    jne unanswered
    movl VMCB + SVM_VMCB_EXIT_INFO1(%rsp), %eax
    testl $(SVM_INFO1_IO_STRING | SVM_INFO1_IO_IN), %eax
    jnz 2f
    shrl $SVM_INFO1_IO_PORT_SHIFT, %eax
    FIND_ANSWER NACELLE_ANSWER_OUT_IGNORED, %eax, unanswered
    ADVANCE VCPU_ANSWERED_PORT, SVM_VMCB_EXIT_INFO2
restore:
    movq GUEST_RDX(%rsp), %rdx
    movq GUEST_RBX(%rsp), %rbx
answered:
    movb $0, VMCB + SVM_VMCB_TLB_CONTROL(%rsp) /* what it asked for is done */
    movq VCPU_PHYSICAL(%rsp), %rax
    jmp again

2:  testl $SVM_INFO1_IO_STRING, %eax
    jnz unanswered
    shrl $SVM_INFO1_IO_PORT_SHIFT, %eax
    FIND_ANSWER NACELLE_ANSWER_IN, %eax, unanswered
    ADVANCE VCPU_ANSWERED_PORT, SVM_VMCB_EXIT_INFO2
    /* As wide as the access: the value goes over what rax has. */
    movl ANSWER_EAX(%rbx, %rdx), %eax
    movl VMCB + SVM_VMCB_EXIT_INFO1(%rsp), %edx
    testl $(4 << SVM_INFO1_IO_SIZE_SHIFT), %edx
    jnz 4f
    testl $(2 << SVM_INFO1_IO_SIZE_SHIFT), %edx
    jnz 3f
    movb %al, VMCB + SVM_VMCB_RAX(%rsp)
    jmp restore
3:  movw %ax, VMCB + SVM_VMCB_RAX(%rsp)
    jmp restore
4:  movq %rax, VMCB + SVM_VMCB_RAX(%rsp)
    jmp restore

unanswered:
    movq GUEST_RDX(%rsp), %rdx
    movq GUEST_RBX(%rsp), %rbx
    movq VCPU_PHYSICAL(%rsp), %rax
.endm

/*
 * From r11, the struct vcpu, into the guest and out again; with answers, perhaps guarded. A guarded
 * entry is for a processor that delivers a guest's pending single-step trap to the host as soon as
 * VMRUN is over (run.c). TR is the guest's then, and so would be what an IST finds in the TSS. The
 * IDT of the guard has a #DB alone, without IST: it comes to svm_late_trap on the stack below
 * struct vcpu, five words at the end of the XSAVE area's page.
 */
.macro ENTRY guarded, answers
    clgi
    sti
    .if \answers
    cmpq $0, VCPU_GUARD(%r11)
    je 1f
    .endif
    .if \guarded
    movq VCPU_GUARD(%r11), %rdx
    sidt VCPU_HOST_IDT(%r11)
    lidt (%rdx)
    .endif
1:
    movq %r11, %rsp
    ACCOUNT_BEGIN VCPU_GUEST_TICKS, %rsp
    movq VCPU_GENERAL(%rsp), %rax
    movq %rax, VMCB + SVM_VMCB_RAX(%rsp)
    x86_gpr_load %rsp, VCPU_GENERAL, rax=0
    movq VCPU_PHYSICAL(%rsp), %rax
    vmload
    .if \answers
again:
    .endif
    x86_clear_buffers vcpu_mitigations_segment
    vmrun
    .if \answers
    ANSWER
    .endif
    vmsave
    x86_gpr_store %rsp, VCPU_GENERAL, rax=0
    ACCOUNT_END VCPU_GUEST_TICKS, %rsp
    movq VMCB + SVM_VMCB_RAX(%rsp), %rax
    movq %rax, VCPU_GENERAL(%rsp)
    /* FS, GS, LDTR, TR and the system-call MSRs are still the guest's. */
    movq VCPU_OWN_PHYSICAL(%rsp), %rax
    vmload
    .if \answers
    cmpq $0, VCPU_GUARD(%rsp)
    je 1f
    .endif
    .if \guarded
    lidt VCPU_HOST_IDT(%rsp)
    .endif
1:
    movq %rsp, %rdi
    movq VCPU_HOST_STACK(%rsp), %rsp
    x86_fill_return_stack
    cli
    stgi
    cmpl $0, VCPU_DIRECT(%rdi)
    jne svm_direct_exit
    jmp svm_usual_way
.endm

/* void svm_entry(struct vcpu *): never returns. */
.balign 16
.globl svm_entry
.type svm_entry, @function
svm_entry:
    movq %rdi, %r11
    jmp enter
.size svm_entry, . - svm_entry

/*
 * Where the host's entry for SYSCALL goes on: rsp is this CPU's pair. Is it the client of the pair
 * that replies, and nothing else? Where the guest goes on was planned at the exit, and nothing has
 * changed since.
 */
.balign 16
.globl vcpu_direct_syscall
.type vcpu_direct_syscall, @function
vcpu_direct_syscall:
    ACCOUNT_USER_END
    movq VCPU_PAIR_VCPU(%rsp), %r11
    cmpq %rdi, VCPU_PAIR_RECEIVE_SLOT(%rsp)
    jne vcpu_host_syscall
    cmpl $0, VCPU_DIRTY(%r11)
    jne vcpu_host_syscall
    movq %rdx, VCPU_PAIR_RSP(%rsp)
    movq %rcx, VCPU_PAIR_RIP(%rsp)
    cmpq %rsi, VCPU_PAIR_ADVANCE(%rsp)
    jne other
advance:
    movq VCPU_NEXT_RIP(%r11), %rdx
    movq %rdx, VMCB + SVM_VMCB_RIP(%r11)
direct:
    incq VCPU_DIRECT_COUNT(%r11)
enter:
    cmpl $VCPU_SPECIAL_GUARD, VCPU_SPECIAL(%r11)
    je guarded
    ja special
    ENTRY 0, 0
guarded:
    ENTRY 1, 0
special:
    ENTRY 1, 1

    /* A reply with another label: none, or ADVANCE and a length? */
other:
    movq %rsi, %rbx
    subq VCPU_PAIR_ADVANCE(%rsp), %rbx
    cmpq $-(NACELLE_RESUME_ADVANCE << NACELLE_TAG_LABEL_SHIFT), %rbx
    je direct
    testq $~(NACELLE_RESUME_LENGTH_MASK << DIRECT_LENGTH_SHIFT), %rbx
    jnz vcpu_host_syscall
    cmpl $0, VCPU_EXIT_LENGTH(%r11) /* the processor's length is in the plan */
    jne vcpu_host_syscall
    shrl $DIRECT_LENGTH_SHIFT, %ebx
    addl %ebx, VCPU_NEXT_RIP(%r11)
    jc 1f                                  /* beyond 4 GiB: the mode of the guest matters */
    btrl $16, VMCB + SVM_VMCB_RFLAGS(%r11) /* RF: this ends the instruction */
    jmp advance
1:  subl %ebx, VCPU_NEXT_RIP(%r11)
    jmp vcpu_host_syscall
.size vcpu_direct_syscall, . - vcpu_direct_syscall

.globl svm_usual_way
.type svm_usual_way, @function
svm_usual_way:
    movq VCPU_HOST_STACK(%rdi), %rsp
    xorl %ebp, %ebp
    pushq $0 /* in place of a return address: alignment, and the end of backtraces */
    jmp vcpu_host_exit
.size svm_usual_way, . - svm_usual_way

.globl vcpu_direct_get_rsp_syscall, vcpu_direct_set_rsp_syscall
.type vcpu_direct_get_rsp_syscall, @function
vcpu_direct_get_rsp_syscall:
    movq VMCB + SVM_VMCB_RSP(%rbx), %r8
    ret
.size vcpu_direct_get_rsp_syscall, . - vcpu_direct_get_rsp_syscall

.type vcpu_direct_set_rsp_syscall, @function
vcpu_direct_set_rsp_syscall:
    movq %r9, VMCB + SVM_VMCB_RSP(%rbx)
    movq %r9, VCPU_STATE_RSP(%rbx)
    ret
.size vcpu_direct_set_rsp_syscall, . - vcpu_direct_set_rsp_syscall

/* The trap is the emulator's mistake: the exit comes before the instruction is carried out. */
.balign 16
.globl svm_late_trap
.type svm_late_trap, @function
svm_late_trap:
    iretq
.size svm_late_trap, . - svm_late_trap

/* void svm_leave(struct vcpu *): as after an exit. */
.balign 16
.globl svm_leave
.type svm_leave, @function
svm_leave:
    jmp svm_usual_way
.size svm_leave, . - svm_leave

.section .note.GNU-stack, "", @progbits
