/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry into the guest and exit from it.
 *
 * While the guest's registers are loaded, RSP is the struct vcpu itself: so the state page, with
 * its array of general registers, lies at a fixed distance, no register is needed to find it, and
 * nothing that a guest or client can write is ever used as a stack. No interrupt can come here;
 * NMI, #DB and #MC have stacks of their own (IST).
 */

#include <x86/general_registers_asm.h>

#include "../layout.h"

.text

/* void vmx_entry_launch(struct vcpu *), void vmx_entry_resume(struct vcpu *): never return. */
.globl vmx_entry_launch
.type vmx_entry_launch, @function
vmx_entry_launch:
    movq %rdi, %rsp
    x86_gpr_load %rsp, VCPU_GENERAL
    vmlaunch
    jmp failed
.size vmx_entry_launch, . - vmx_entry_launch

.balign 16
.globl vmx_entry_resume
.type vmx_entry_resume, @function
vmx_entry_resume:
    movq %rdi, %rsp
    x86_gpr_load %rsp, VCPU_GENERAL
    vmresume
    /* Refused before the guest's state was looked at (SDM vol. 3, 26.1 to 26.3): the registers are
     * as they were loaded, so the state page still holds them. */
failed:
    jc 1f
    movl $2, VCPU_ENTRY_STATUS(%rsp) /* VMX_FAIL_VALID */
    jmp leave
1:  movl $1, VCPU_ENTRY_STATUS(%rsp) /* VMX_FAIL_INVALID */
    jmp leave
.size vmx_entry_resume, . - vmx_entry_resume

/* HOST_RIP; HOST_RSP is the struct vcpu. */
.balign 16
.globl vmx_exit
.type vmx_exit, @function
vmx_exit:
    x86_gpr_store %rsp, VCPU_GENERAL
    movq %cr2, %rax
    movq %rax, VCPU_CR2(%rsp)
leave:
    movq %rsp, %rdi
    movq VCPU_HOST_STACK(%rsp), %rsp
    xorl %ebp, %ebp
    pushq $0 /* in place of a return address: alignment, and the end of backtraces */
    jmp vcpu_host_exit
.size vmx_exit, . - vmx_exit

.section .note.GNU-stack, "", @progbits
