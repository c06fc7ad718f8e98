/* SPDX-License-Identifier: BSD-2-Clause */
/* From the boot loader's 32-bit entry to 64-bit C: Multiboot headers, page tables, long mode. */

#include <x86/control.h>
#include <x86/msr.h>
#include "layout.h"

#define MULTIBOOT1_MAGIC 0x1badb002
#define MULTIBOOT1_FLAGS 0x00000003 /* page-aligned modules, memory map (Multiboot 0.6.96 3.1.2) */
#define MULTIBOOT2_MAGIC 0xe85250d6 /* Multiboot2 3.1.2 */

#define PTE_PRESENT_WRITE 0x03
#define PTE_LARGE 0x83

    .section .boot.header, "a"
    .balign 8
multiboot2_header:
    .long MULTIBOOT2_MAGIC, 0, multiboot2_end - multiboot2_header
    .long -(MULTIBOOT2_MAGIC + (multiboot2_end - multiboot2_header))
    .short 6, 0     /* modules page aligned */
    .long 8
    .short 0, 0     /* end */
    .long 8
multiboot2_end:
    .balign 4
    .long MULTIBOOT1_MAGIC, MULTIBOOT1_FLAGS, -(MULTIBOOT1_MAGIC + MULTIBOOT1_FLAGS)

/*
 * First tables: 4 GiB of physical memory at 0 and at DIRECT_BASE, the first GiB at IMAGE_BASE. They
 * are replaced by exact ones (W^X) once C runs.
 */
    .section .boot.bss, "aw", @nobits
    .balign 4096
boot_pml4:  .skip 4096
boot_pdpt:  .skip 4096
boot_pdpt_image: .skip 4096
boot_pd:    .skip 4 * 4096

    .section .boot.data, "aw"
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00209b0000000000 /* 64-bit code, DPL 0 */
boot_gdt_pointer:
    .short 15
    .long boot_gdt

    .section .boot.text, "ax"
    .code32
    .globl boot_entry
boot_entry:
    cli
    cld
    mov %eax, %esi          /* the loader's magic */
    mov %ebx, %edi          /* its information */

    /* A CPU without long mode cannot run a word of C; say so on the serial port. */
    mov $0x80000000, %eax
    cpuid
    cmp $0x80000001, %eax
    jb no_long_mode
    mov $0x80000001, %eax
    cpuid
    bt $29, %edx
    jnc no_long_mode
    bt $20, %edx            /* NX: nothing here runs without W^X */
    jnc no_long_mode

    movl $boot_pdpt + PTE_PRESENT_WRITE, boot_pml4
    movl $boot_pdpt + PTE_PRESENT_WRITE, boot_pml4 + DIRECT_PML4 * 8
    movl $boot_pdpt_image + PTE_PRESENT_WRITE, boot_pml4 + 511 * 8
    movl $boot_pd + PTE_PRESENT_WRITE, boot_pdpt_image + 510 * 8
    mov $boot_pd + PTE_PRESENT_WRITE, %eax
    xor %ecx, %ecx
1:  mov %eax, boot_pdpt(, %ecx, 8)
    add $4096, %eax
    inc %ecx
    cmp $4, %ecx
    jb 1b
    mov $PTE_LARGE, %eax
    xor %ecx, %ecx
2:  mov %eax, boot_pd(, %ecx, 8)
    add $0x200000, %eax
    inc %ecx
    cmp $4 * 512, %ecx
    jb 2b

    mov $boot_pml4, %eax
    mov %eax, %cr3
    mov $X86_CR4_PAE, %eax
    mov %eax, %cr4
    mov $X86_MSR_EFER, %ecx
    mov $(X86_EFER_LME | X86_EFER_NXE), %eax
    xor %edx, %edx
    wrmsr
    mov $(X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_PG), %eax
    mov %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $8, $long_mode

no_long_mode:
    mov $no_long_mode_text, %esi
3:  lodsb
    test %al, %al
    jz 5f
    mov %al, %ah
    mov $0x3fd, %dx
4:  in %dx, %al
    test $0x20, %al
    jz 4b
    mov $0x3f8, %dx
    mov %ah, %al
    out %al, %dx
    jmp 3b
5:  hlt
    jmp 5b
no_long_mode_text:
    .asciz "nacelle: refused: the processor lacks long mode or NX (CPUID.80000001H:EDX.29, .20)\n"

    .code64
long_mode:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    movabs $boot_stack_top, %rsp
    mov %edi, %eax
    mov %esi, %edi
    mov %eax, %esi
    xor %ebp, %ebp
    movabs $boot_main, %rax
    call *%rax              /* boot_main(magic, information), which does not return */
    ud2

    .section .bss.boot_stack, "aw", @nobits
    .balign 16
    .skip 16384
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
