/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry into the guest and exit from it.
 *
 * As on VMX, RSP is the struct vcpu itself while the guest's registers are loaded: the processor
 * keeps it, and rax, which is the VMCB, over VMRUN. GIF is 0 from before the first register of the
 * guest to after the last of the host: no interrupt, NMI or INIT finds anything in between.
 * RFLAGS.IF is 1 in VMRUN, because with V_INTR_MASKING that is what lets a physical interrupt end
 * the guest's run (APM vol. 2, 15.21.1); it stays pending, for the host to take when it wants.
 */

#include <vcpu/direct.h>
#include <x86/general_registers_asm.h>
#include <x86/mitigations_asm.h>
#include <x86/svm_vmcb.h>

#include "../layout.h"

.text

/* A host that never arms a vCPU need not have them. */
.weak vcpu_host_direct_syscall, vcpu_host_direct_refuse_syscall

/*
 * The direct way in (vcpu/direct.h): r11 is the struct vcpu. Where the guest goes on was planned at
 * the exit, and nothing has changed since.
 */
.globl vcpu_direct_length_syscall
.type vcpu_direct_length_syscall, @function
vcpu_direct_length_syscall:
    cmpl $0, VCPU_EXIT_LENGTH(%r11) /* the processor's length is in the plan */
    jne vcpu_host_direct_refuse_syscall
    addl %ebx, VCPU_NEXT_RIP(%r11)
    jc 2f                           /* beyond 4 GiB: the mode of the guest matters */
    btrl $16, VCPU_CONTROL + SVM_VMCB_RFLAGS(%r11) /* RF: this ends the instruction */
    jmp vcpu_direct_advance_syscall
2:  subl %ebx, VCPU_NEXT_RIP(%r11)
    jmp vcpu_host_direct_refuse_syscall
.size vcpu_direct_length_syscall, . - vcpu_direct_length_syscall

/*
 * From r11, the struct vcpu, into the guest and out again. A guarded entry is for a processor that
 * delivers a guest's pending single-step trap to the host as soon as VMRUN is over (run.c). TR is
 * the guest's then, and so would be what an IST finds in the TSS. The IDT of the guard has a #DB
 * alone, without IST: it comes to svm_late_trap on the stack below struct vcpu, five words at the end
 * of the XSAVE area's page.
 */
.macro ENTRY guarded
    clgi
    sti
    .if \guarded
    movq VCPU_GUARD(%r11), %rdx
    sidt VCPU_HOST_IDT(%r11)
    lidt (%rdx)
    .endif
    movq %r11, %rsp
    movq VCPU_GENERAL(%rsp), %rax
    movq %rax, VCPU_CONTROL + SVM_VMCB_RAX(%rsp)
    x86_gpr_load %rsp, VCPU_GENERAL
    movq VCPU_PHYSICAL(%rsp), %rax
    vmload
    x86_clear_buffers vcpu_mitigations_segment
    vmrun
    vmsave
    x86_gpr_store %rsp, VCPU_GENERAL
    movq VCPU_CONTROL + SVM_VMCB_RAX(%rsp), %rax
    movq %rax, VCPU_GENERAL(%rsp)
    /* FS, GS, LDTR, TR and the system-call MSRs are still the guest's. */
    movq VCPU_OWN_PHYSICAL(%rsp), %rax
    vmload
    .if \guarded
    lidt VCPU_HOST_IDT(%rsp)
    .endif
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

.balign 16
.globl vcpu_direct_advance_syscall, vcpu_direct_again_syscall
vcpu_direct_advance_syscall:
    movq VCPU_NEXT_RIP(%r11), %rdx
    movq %rdx, VCPU_CONTROL + SVM_VMCB_RIP(%r11)
vcpu_direct_again_syscall:
    incq VCPU_DIRECT_COUNT(%r11)
enter:
    cmpq $0, VCPU_GUARD(%r11)
    jne 1f
    ENTRY 0
1:  ENTRY 1
.size svm_entry, . - svm_entry

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
    movq VCPU_CONTROL + SVM_VMCB_RSP(%rbx), %r8
    ret
.size vcpu_direct_get_rsp_syscall, . - vcpu_direct_get_rsp_syscall

.type vcpu_direct_set_rsp_syscall, @function
vcpu_direct_set_rsp_syscall:
    movq %r9, VCPU_CONTROL + SVM_VMCB_RSP(%rbx)
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
