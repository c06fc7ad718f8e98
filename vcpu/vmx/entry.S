/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry into the guest and exit from it, and the direct way from client to guest (vcpu/direct.h);
 * the way back from guest to client ends in direct.c.
 *
 * At an exit RSP is the struct vcpu itself: so the state page, with its array of general registers,
 * lies at a fixed distance, no register is needed to find it, and nothing that a guest or client
 * can write is ever used as a stack. No interrupt can come here; NMI, #DB and #MC have stacks of
 * their own (IST).
 */

#include <nacelle/exit.h>
#include <nacelle/message.h>
#include <vcpu/accounting.h>
#include <vcpu/direct.h>
#include <x86/control.h>
#include <x86/event.h>
#include <x86/general_registers_asm.h>
#include <x86/mitigations_asm.h>
#include <x86/vmx_controls.h>
#include <x86/vmx_exit.h>
#include <x86/vmx_fields.h>
#include <x86/vmx_qualification.h>

#include "../answers_asm.h"
#include "../layout.h"

.text

/* A host that never arms a vCPU need not have it. */
.weak vcpu_host_sysenter

/* void vmx_entry_launch(struct vcpu *), void vmx_entry_resume(struct vcpu *): never return. */
.macro ENTRY instruction
    x86_flush_l1d vcpu_mitigations
    movq %rdi, %rsp
    ACCOUNT_BEGIN VCPU_GUEST_TICKS, %rsp
    x86_gpr_load %rsp, VCPU_GENERAL
    x86_clear_buffers vcpu_mitigations_segment
    \instruction
    jmp failed
.endm

.globl vmx_entry_launch
.type vmx_entry_launch, @function
vmx_entry_launch:
    ENTRY vmlaunch
.size vmx_entry_launch, . - vmx_entry_launch

.balign 16
.globl vmx_entry_resume
.type vmx_entry_resume, @function
vmx_entry_resume:
    ENTRY vmresume
.size vmx_entry_resume, . - vmx_entry_resume

/*
 * IA32_SYSENTER_EIP: rsp is this CPU's pair. Is it the client of the pair that replies, and nothing
 * else? Where the guest goes on was planned at the exit, and nothing has changed since.
 */
.balign 16
.globl vcpu_direct_sysenter
.type vcpu_direct_sysenter, @function
vcpu_direct_sysenter:
    ACCOUNT_USER_END
    movq VCPU_PAIR_VCPU(%rsp), %r11
    cmpq %rdi, VCPU_PAIR_RECEIVE_SLOT(%rsp)
    jne vcpu_host_sysenter
    cmpl $0, VCPU_DIRTY(%r11)
    jne vcpu_host_sysenter
    movq %rcx, VCPU_PAIR_RSP(%rsp)
    movq %rdx, VCPU_PAIR_RIP(%rsp)
    cmpq %rsi, VCPU_PAIR_ADVANCE(%rsp)
    jne other
advance:
    movl $VMCS_GUEST_RIP, %edx
    vmwrite VCPU_NEXT_RIP(%r11), %rdx
again:
    incq VCPU_DIRECT_COUNT(%r11)
    /* The client has run: what it read and wrote is in the L1 data cache, and its own affair. */
    x86_flush_l1d vcpu_mitigations
    ACCOUNT_BEGIN VCPU_GUEST_TICKS, %r11
    x86_gpr_load %r11, VCPU_GENERAL
    x86_clear_buffers vcpu_mitigations_segment
    vmresume
    movq VCPU_PAIR_VCPU(%rsp), %rsp
    /* Refused before the guest's state was looked at (SDM vol. 3, 26.1 to 26.3): the registers are
     * as they were loaded, so the state page still holds them. */
failed:
    jc 1f
    movl $2, VCPU_ENTRY_STATUS(%rsp) /* VMX_FAIL_VALID */
    jmp 2f
1:  movl $1, VCPU_ENTRY_STATUS(%rsp) /* VMX_FAIL_INVALID */
2:  ACCOUNT_END VCPU_GUEST_TICKS, %rsp
    movq %rsp, %rdi
    .globl vmx_usual_way
vmx_usual_way:
    movq VCPU_HOST_STACK(%rdi), %rsp
    xorl %ebp, %ebp
    pushq $0 /* in place of a return address: alignment, and the end of backtraces */
    jmp vcpu_host_exit

    /* A reply with another label: none, or ADVANCE and a length? */
other:
    movq %rsi, %rbx
    subq VCPU_PAIR_ADVANCE(%rsp), %rbx
    cmpq $-(NACELLE_RESUME_ADVANCE << NACELLE_TAG_LABEL_SHIFT), %rbx
    je again
    testq $~(NACELLE_RESUME_LENGTH_MASK << DIRECT_LENGTH_SHIFT), %rbx
    jnz vcpu_host_sysenter
    cmpl $0, VCPU_EXIT_LENGTH(%r11) /* the processor's length is in the plan */
    jne vcpu_host_sysenter
    shrl $DIRECT_LENGTH_SHIFT, %ebx
    addl %ebx, VCPU_NEXT_RIP(%r11)
    jc 1f                           /* beyond 4 GiB: the mode of the guest matters */
    movq VCPU_RFLAGS(%r11), %rbx
    btrq $16, %rbx                  /* RF: a fault set it, and this ends the instruction */
    jnc advance
    movl $VMCS_GUEST_RFLAGS, %edx
    vmwrite %rbx, %rdx
    jmp advance
1:  subl %ebx, VCPU_NEXT_RIP(%r11)
    jmp vcpu_host_sysenter
.size vcpu_direct_sysenter, . - vcpu_direct_sysenter

.globl vcpu_direct_get_rsp_sysenter, vcpu_direct_set_rsp_sysenter
.type vcpu_direct_get_rsp_sysenter, @function
vcpu_direct_get_rsp_sysenter:
    movl $VMCS_GUEST_RSP, %ebp
    vmread %rbp, %r8
    ret
.size vcpu_direct_get_rsp_sysenter, . - vcpu_direct_get_rsp_sysenter

.type vcpu_direct_set_rsp_sysenter, @function
vcpu_direct_set_rsp_sysenter:
    movl $VMCS_GUEST_RSP, %ebp
    vmwrite %r9, %rbp
    movq %r9, VCPU_STATE_RSP(%rbx)
    ret
.size vcpu_direct_set_rsp_sysenter, . - vcpu_direct_set_rsp_sysenter

/* HOST_RIP; HOST_RSP is the struct vcpu. */
.balign 16
.globl vmx_exit
.type vmx_exit, @function
vmx_exit:
    x86_gpr_store %rsp, VCPU_GENERAL
stored:
    ACCOUNT_END VCPU_GUEST_TICKS, %rsp
    movq %cr2, %rax
    movq %rax, VCPU_CR2(%rsp) /* a page fault of the client would overwrite it */
    movq %rsp, %rdi
    movq VCPU_HOST_STACK(%rsp), %rsp
    x86_fill_return_stack
    cmpl $0, VCPU_DIRECT(%rdi)
    jne vmx_direct_exit
    jmp vmx_usual_way
.size vmx_exit, . - vmx_exit

/*
 * HOST_RIP of a vCPU whose VM has answers (answers.h): exits that are answered there end here.
 * Three registers are enough for that; rax, rdx and rbx are in the state page, too.
 */
.macro GENERAL_OF name, index
    .set \name, VCPU_GENERAL + 8 * \index
.endm
GENERAL_OF GUEST_RAX, X86_RAX
GENERAL_OF GUEST_RDX, X86_RDX
GENERAL_OF GUEST_RBX, X86_RBX

/* RIP goes past the instruction, which is counted; rax and rbx are lost. Not answered in the shadow
 * of STI or MOV SS, under TF, and beyond 4 GiB, where there is more to it (advance.h). */
.macro ADVANCE count
    movl $VMCS_GUEST_RFLAGS, %eax
    vmread %rax, %rax
    testl $(X86_RFLAGS_TF | X86_RFLAGS_RF), %eax
    jnz unanswered
    movl $VMCS_GUEST_INTERRUPTIBILITY_STATE, %eax
    vmread %rax, %rax
    testl $(VMX_INTERRUPTIBILITY_STI | VMX_INTERRUPTIBILITY_MOV_SS), %eax
    jnz unanswered
    movl $VMCS_VM_EXIT_INSTRUCTION_LENGTH, %eax
    vmread %rax, %rax
    movl $VMCS_GUEST_RIP, %ebx
    vmread %rbx, %rbx
    addq %rax, %rbx
    cmpl %eax, %ebx /* below: a carry out of the low half */
    jb unanswered
    movl $VMCS_GUEST_RIP, %eax
    vmwrite %rbx, %rax
    incq \count(%rsp)
.endm

/* The registers that were stored first, as the guest had them. */
.macro RESTORE_THREE
    movq GUEST_RAX(%rsp), %rax
    movq GUEST_RDX(%rsp), %rdx
    movq GUEST_RBX(%rsp), %rbx
.endm

/* Without a flush of the L1 data cache: nobody has run meanwhile whose data could be in it. */
.macro RESUME
    x86_clear_buffers vcpu_mitigations_segment
    vmresume
    x86_gpr_store %rsp, VCPU_GENERAL
    jmp failed
.endm

.balign 16
.globl vmx_exit_answers
.type vmx_exit_answers, @function
vmx_exit_answers:
    movq %rax, GUEST_RAX(%rsp)
    movq %rdx, GUEST_RDX(%rsp)
    movq %rbx, GUEST_RBX(%rsp)
    movl $VMCS_EXIT_REASON, %edx
    vmread %rdx, %rdx
    movq VCPU_ANSWERS(%rsp), %rbx
    cmpl $VMX_EXIT_REASON_CPUID, %edx
    jne 1f
    FIND_ANSWER NACELLE_ANSWER_CPUID, %eax, unanswered
    addq %rbx, %rdx
    ADVANCE VCPU_ANSWERED_CPUID
    movl ANSWER_EAX(%rdx), %eax
    movl ANSWER_EBX(%rdx), %ebx
    movl ANSWER_ECX(%rdx), %ecx
    movl ANSWER_EDX(%rdx), %edx
    RESUME

1:  cmpl $VMX_EXIT_REASON_RDMSR, %edx
    jne 1f
    FIND_ANSWER NACELLE_ANSWER_MSR_READ, %ecx, unanswered
    addq %rbx, %rdx
    ADVANCE VCPU_ANSWERED_MSR
    movl ANSWER_EAX(%rdx), %eax
    movl ANSWER_EDX(%rdx), %edx
    movq GUEST_RBX(%rsp), %rbx
    RESUME

1:  cmpl $VMX_EXIT_REASON_IO_INSTRUCTION, %edx
    jne 1f
    movl $VMCS_EXIT_QUALIFICATION, %eax
    vmread %rax, %rax
    testl $(VMX_QUALIFICATION_IO_STRING | VMX_QUALIFICATION_IO_IN), %eax
    jnz 2f
    shrl $VMX_QUALIFICATION_IO_PORT_SHIFT, %eax
    FIND_ANSWER NACELLE_ANSWER_OUT_IGNORED, %eax, unanswered
    ADVANCE VCPU_ANSWERED_PORT
drop:
    RESTORE_THREE
    RESUME

2:  testl $VMX_QUALIFICATION_IO_STRING, %eax
    jnz unanswered
    shrl $VMX_QUALIFICATION_IO_PORT_SHIFT, %eax
    FIND_ANSWER NACELLE_ANSWER_IN, %eax, unanswered
    movl ANSWER_EAX(%rbx, %rdx), %edx
    ADVANCE VCPU_ANSWERED_PORT
    /* As wide as the access: the value goes over what rax has. */
    movl $VMCS_EXIT_QUALIFICATION, %ebx
    vmread %rbx, %rbx
    movq GUEST_RAX(%rsp), %rax
    testl $2, %ebx          /* size, less 1: 0, 1 or 3 */
    jnz 4f
    testl $1, %ebx
    jnz 3f
    movb %dl, %al
    jmp 5f
3:  movw %dx, %ax
    jmp 5f
4:  movl %edx, %eax
5:  movq GUEST_RDX(%rsp), %rdx
    movq GUEST_RBX(%rsp), %rbx
    RESUME

1:  cmpl $VMX_EXIT_REASON_WRMSR, %edx
    jne unanswered
    FIND_ANSWER NACELLE_ANSWER_MSR_IGNORED, %ecx, unanswered
    ADVANCE VCPU_ANSWERED_MSR
    jmp drop

/* The client's: as at vmx_exit, three registers are stored already. */
unanswered:
    RESTORE_THREE
    x86_gpr_store %rsp, VCPU_GENERAL
    jmp stored
.size vmx_exit_answers, . - vmx_exit_answers

.section .note.GNU-stack, "", @progbits
