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

#include <x86/general_registers_asm.h>
#include <x86/svm_vmcb.h>

#include "../layout.h"

.text

.macro ENTRY guarded
    clgi
    sti
    .if \guarded
    sidt VCPU_HOST_IDT(%rdi)
    lidt (%rsi)
    .endif
    movq %rdi, %rsp
    movq VCPU_GENERAL(%rsp), %rax
    movq %rax, VCPU_CONTROL + SVM_VMCB_RAX(%rsp)
    x86_gpr_load %rsp, VCPU_GENERAL
    movq VCPU_PHYSICAL(%rsp), %rax
    vmload
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
    xorl %ebp, %ebp
    pushq $0 /* in place of a return address: alignment, and the end of backtraces */
    cli
    stgi
    jmp vcpu_host_exit
.endm

/* void svm_entry(struct vcpu *): never returns. */
.balign 16
.globl svm_entry
.type svm_entry, @function
svm_entry:
    ENTRY 0
.size svm_entry, . - svm_entry

/*
 * void svm_entry_guarded(struct vcpu *, const struct x86_table_pointer *idt): the same for a
 * processor that delivers a guest's pending single-step trap to the host, as soon as VMRUN is over
 * (run.c). TR is the guest's then, and so would be what an IST finds in the TSS. The IDT given has
 * a #DB alone, without IST: it comes to svm_late_trap on the stack below struct vcpu, five words at
 * the end of the XSAVE area's page.
 */
.balign 16
.globl svm_entry_guarded
.type svm_entry_guarded, @function
svm_entry_guarded:
    ENTRY 1
.size svm_entry_guarded, . - svm_entry_guarded

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
    movq VCPU_HOST_STACK(%rdi), %rsp
    xorl %ebp, %ebp
    pushq $0
    jmp vcpu_host_exit
.size svm_leave, . - svm_leave

.section .note.GNU-stack, "", @progbits
