/* SPDX-License-Identifier: BSD-2-Clause */
/* From multiboot 1 to 64-bit mode, the first GiB mapped where it is; and the #GP handler. */

#include <x86/general_registers_asm.h>

#define FLAGS 0

.section .multiboot, "a"
.balign 4
.long 0x1badb002, FLAGS, -(0x1badb002 + FLAGS)

.text
.code32
.globl boot
boot:
    movl $stack_end, %esp
    cld
    movl $pdpt + 7, pml4
    movl $directory + 7, pdpt
    xorl %ecx, %ecx
1:  movl %ecx, %eax /* 512 pages of 2 MiB: present, writable, user, large */
    shll $21, %eax
    orl $0x87, %eax
    movl %eax, directory(, %ecx, 8)
    incl %ecx
    cmpl $512, %ecx
    jne 1b
    movl $0x620, %eax /* CR4: PAE, OSFXSR, OSXMMEXCPT */
    movl %eax, %cr4
    movl $pml4, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx /* EFER: LME, NXE */
    rdmsr
    orl $0x900, %eax
    wrmsr
    movl $0x80010033, %eax /* CR0: PG, WP, NE, ET, MP, PE */
    movl %eax, %cr0
    lgdt gdt_pointer
    ljmp $8, $start
.code64
start:
    movl $16, %eax
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    jmp main

/* An instruction that is marked as one that may fault: go on behind it. */
.globl fault
fault:
    addq $8, %rsp /* the error code */
    x86_gpr_push
    movq 128(%rsp), %rdi
    call fixup
    movq %rax, 128(%rsp)
    x86_gpr_pop
    iretq

.data
.balign 8
.globl gdt
gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0, 0
gdt_pointer:
    .word . - gdt - 1
    .quad gdt

.bss
.balign 4096
pml4: .skip 4096
pdpt: .skip 4096
directory: .skip 4096
.skip 16384
.globl stack_end
stack_end:

.section .note.GNU-stack, "", @progbits
