/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Executes instructions on memory and on a device that works like memory, with the same registers
 * and flags, and compares registers, flags and contents. In 32-bit flat protected mode with
 * segments whose bases lead to the one or the other, with 16-bit and 32-bit code, without paging,
 * with 32-bit and PAE paging, and in compatibility mode; then in 64-bit mode.
 */
#define STACK      0x7ff0
#define BUFFER     0x20000
#define DEVICE     0x400000
#define WINDOW     0xf80 /* what is compared of both: 256 bytes around the end of a page */
#define WORDS      64
#define POINT      0xffc /* where (e)si and (e)di point */
#define DIRECTORY  0x31000
#define PAE_TABLE  0x30000
#define PAE_PAGES  0x32000
#define PML4       0x33000
#define PDPT       0x34000

#define PORT_WRONG 0x700
#define PORT_PHASE 0x704
#define PORT_LONG  0x708
#define PORT_END   0x70c
#define BAD_PREFIX 0x8000 /* + line: an instruction with a prefix went on at the wrong place */

#define CODE32     0x08
#define DATA       0x10
#define CODE16     0x18
#define BUFFER_SEG 0x20
#define DEVICE_SEG 0x28
#define CODE64     0x30

#define CR0_PG     (1 << 31)
#define CR4_PSE    (1 << 4)
#define CR4_PAE    (1 << 5)

/* Flags that count: those that an instruction leaves undefined do not. */
#define ALL        0xcd5
#define NO_AF      0xcc5
#define CF_ZF      0x441

        .section .start, "ax"
        .code32
        movl    $STACK, %esp
        lgdt    gdt_pointer
        ljmp    $CODE32, $1f
1:      movl    $DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %eax, %fs
        movl    %eax, %gs

        xorl    %eax, %eax
        call    phase
        call    prefixes32
        call    table32_run

        /* 32-bit paging, four pages of 4 MiB */
        movl    $DIRECTORY, %edi
        movl    $0x83, %eax
1:      stosl
        addl    $0x400000, %eax
        cmpl    $DIRECTORY + 16, %edi
        jne     1b
        movl    $DIRECTORY, %eax
        movl    %eax, %cr3
        movl    $CR4_PSE, %eax
        movl    %eax, %cr4
        call    paging_on
        movl    $1, %eax
        call    phase
        call    table32_run
        call    paging_off

        /* PAE, four pages of 2 MiB */
        movl    $PAE_TABLE, %edi
        movl    $PAE_PAGES + 1, (%edi)
        movl    $PAE_PAGES, %edi
        movl    $0x83, %eax
1:      movl    %eax, (%edi)
        addl    $0x200000, %eax
        addl    $8, %edi
        cmpl    $PAE_PAGES + 32, %edi
        jne     1b
        movl    $PAE_TABLE, %eax
        movl    %eax, %cr3
        movl    $CR4_PAE, %eax
        movl    %eax, %cr4
        call    paging_on
        movl    $2, %eax
        call    phase
        call    table32_run
        call    paging_off

        /* long mode, with the same pages */
        movl    $PDPT + 3, PML4
        movl    $PAE_PAGES + 3, PDPT
        movl    $PML4, %eax
        movl    %eax, %cr3
        movw    $PORT_LONG, %dx         /* EFER.LME */
        outl    %eax, %dx
        call    paging_on
        movl    $3, %eax
        call    phase
        call    table32_run
        ljmp    $CODE64, $long_mode

paging_on:
        movl    %cr0, %eax
        orl     $CR0_PG, %eax
        movl    %eax, %cr0
        ret

paging_off:
        movl    %cr0, %eax
        andl    $~CR0_PG, %eax
        movl    %eax, %cr0
        ret

phase:
        movw    $PORT_PHASE, %dx
        outl    %eax, %dx
        ret

/* --- Instructions that exit by themselves, with a prefix before them --- */

/* The four instructions behind it must all be executed: without the right length the first ones are
 * taken for an operand. */
        .macro PREFIXED prefix, insn:vararg
        xorl    %ebp, %ebp
        .byte   \prefix
        \insn
        .rept   4
        addl    $1, %ebp
        .endr
        cmpl    $4, %ebp
        je      8f
        movl    $BAD_PREFIX + (. - prefixes32), %eax
        movw    $PORT_WRONG, %dx
        outl    %eax, %dx
8:
        .endm
        .macro PREFIXES
        xorl    %eax, %eax
        cpuid
        movl    %ebx, %edi
        xorl    %eax, %eax
        PREFIXED 0x2e, cpuid
        cmpl    %ebx, %edi
        je      1f
        movl    $BAD_PREFIX, %eax
        movw    $PORT_WRONG, %dx
        outl    %eax, %dx
1:      movl    $0x8b, %ecx
        PREFIXED 0x3e, rdmsr
        movl    $0x8b, %ecx
        PREFIXED 0x66, wrmsr
        PREFIXED 0x2e, wbinvd
        PREFIXED 0x26, invd
        .endm

prefixes32:
        PREFIXES
        ret

/* --- The cases in 32-bit modes --- */

table32_run:
        movl    $table32, %ebp
1:      movl    $sets, %ebx
2:      call    one_case
        addl    $24, %ebx
        cmpl    $sets_end, %ebx
        jne     2b
        addl    $16, %ebp
        cmpl    $table32_end, %ebp
        jne     1b
        ret

/* Case at %ebp with the registers at %ebx. */
one_case:
        pushal
        movl    %ebp, entry
        movl    %ebx, set
        movl    (%ebp), %eax
        movl    %eax, far_pointer
        movl    4(%ebp), %eax
        movl    %eax, far_pointer + 4
        movl    $BUFFER, %edi
        movl    $BUFFER_SEG, %eax
        movl    $result_a, %edx
        call    one_pass
        movl    $DEVICE, %edi
        movl    $DEVICE_SEG, %eax
        movl    $result_b, %edx
        call    one_pass
        movl    entry, %ebp
        movl    8(%ebp), %eax
        andl    %eax, result_a + 28
        andl    %eax, result_b + 28
        movl    $result_a, %esi
        movl    $result_b, %edi
        movl    $8 + WORDS, %ecx
        repe cmpsl
        je      1f
        movl    entry, %eax
        subl    $table32, %eax
        shrl    $4, %eax
        movw    $PORT_WRONG, %dx
        outl    %eax, %dx
1:      popal
        ret

/* On memory at %edi, which is segment %eax; what came out goes to %edx. */
one_pass:
        movl    %edx, where
        movl    %edi, base
        movl    %eax, selector
        movl    $pattern, %esi
        addl    $WINDOW, %edi
        movl    $WORDS, %ecx
        rep movsl
        movl    set, %ebx
        pushl   16(%ebx)
        pushl   4(%ebx)
        pushl   12(%ebx)
        movl    (%ebx), %eax
        movl    8(%ebx), %edx
        movl    $POINT, %esi
        movl    %esi, %edi
        movl    $0x5aa5f00f, %ebp
        movl    selector, %ecx
        movl    %ecx, %ds
        movl    %ecx, %es
        popl    %ebx
        popl    %ecx
        popfl
        lcall   *%ss:far_pointer
        pushfl
        cld
        pushl   %ebp
        pushl   %edi
        pushl   %esi
        pushl   %ebx
        pushl   %edx
        pushl   %ecx
        pushl   %eax
        movl    $DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %esp, %esi
        movl    where, %edi
        movl    $8, %ecx
        rep movsl
        addl    $32, %esp
        movl    base, %esi
        addl    $WINDOW, %esi
        movl    $WORDS, %ecx
        rep movsl
        ret

        .macro CASE selector, mask
        .pushsection .rodata.table32, "a"
        .long   9f, \selector, \mask, 0
        .popsection
9:
        .endm
/* One instruction in 32-bit code. */
        .macro D mask, insn:vararg
        CASE    CODE32, \mask
        \insn
        lret
        .endm
/* One in 16-bit code. */
        .macro W mask, insn:vararg
        .code16
        CASE    CODE16, \mask
        \insn
        lretl
        .code32
        .endm
/* A string instruction, %ecx times. */
        .macro S selector, count, insn:vararg
        CASE    \selector, ALL
        movl    $\count, %ecx
        \insn
        .if     \selector == CODE16
        lretl
        .else
        lret
        .endif
        .endm

        .pushsection .rodata.table32, "a"
table32:
        .popsection

        .macro ARITHMETIC name, mask
        D       \mask, \name\()b %cl, (%edi)
        D       \mask, \name\()b 4(%edi), %ah
        D       \mask, \name\()l %edx, 4(%esi)
        D       \mask, \name\()l 2(%edi), %ebx
        D       \mask, \name\()w $-3, 4(%edi)
        D       \mask, \name\()l $0x89abcdef, 4(%edi)
        W       \mask, \name\()w %dx, 4(%di)
        W       \mask, \name\()l 2(%si), %ecx
        .endm
        ARITHMETIC add, ALL
        ARITHMETIC adc, ALL
        ARITHMETIC sub, ALL
        ARITHMETIC sbb, ALL
        ARITHMETIC cmp, ALL
        ARITHMETIC and, NO_AF
        ARITHMETIC or, NO_AF
        ARITHMETIC xor, NO_AF
        D       NO_AF, testb $0x81, 4(%edi)
        D       NO_AF, testl %ecx, 4(%edi)
        D       ALL, incb 4(%edi)
        D       ALL, decl 4(%edi)
        D       ALL, negw 4(%edi)
        D       ALL, notl 2(%edi)
        D       ALL, lock incl 4(%edi)
        D       ALL, movb %bh, 3(%edi)
        D       ALL, movl %eax, 4(%edi)
        D       ALL, movl %ecx, 1(%edi)
        D       ALL, movw %dx, 3(%edi)
        D       ALL, movb $0x77, (%edi)
        D       ALL, movw $0x1234, 6(%edi)
        D       ALL, movl $0x12345678, 3(%edi)
        D       ALL, movb 1(%edi), %dh
        D       ALL, movl 3(%edi), %edx
        D       ALL, movl POINT + 4, %eax
        D       ALL, movl %eax, POINT + 8
        D       ALL, movl %es:8(%edi), %ebp
        D       ALL, movl -POINT(%edi, %esi), %edx
        D       ALL, movl 4(, %edi), %edx
        D       ALL, movl -3 * POINT(%edi, %esi, 2), %edx
        D       ALL, movw 4(%di), %dx
        D       ALL, movzbl 5(%edi), %edx
        D       ALL, movzwl 3(%edi), %edx
        D       ALL, movsbl 5(%edi), %edx
        D       ALL, movsbw 4(%edi), %dx
        D       ALL, movswl 6(%edi), %edx
        D       ALL, movnti %edx, 8(%edi)
        D       ALL, xchgb %dl, 4(%edi)
        D       ALL, xchgl %edx, 4(%edi)
        D       ALL, xchgw %ax, 3(%edi)
        D       ALL, lock xaddl %edx, 4(%edi)
        D       ALL, xaddb %dl, 4(%edi)
        D       ALL, lock cmpxchgl %edx, 4(%edi)
        CASE    CODE32, ALL
        movl    4(%edi), %eax           /* one that succeeds */
        cmpxchgl %edx, 4(%edi)
        lret
        D       CF_ZF, btl $5, 4(%edi)
        D       CF_ZF, lock btsl $31, 4(%edi)
        D       CF_ZF, btrw $7, 4(%edi)
        D       CF_ZF, btcl $13, 2(%edi)
        CASE    CODE32, CF_ZF
        movl    $-100, %edx
        btsl    %edx, 4(%edi)
        lret
        CASE    CODE32, CF_ZF
        movl    $0xffff0123, %edx       /* 16 bits of it count */
        btcw    %dx, 4(%edi)
        lret

        W       ALL, movb %bh, 3(%di)
        W       ALL, movl %eax, 3(%si)
        W       ALL, movw $0x1234, 6(%di)
        W       ALL, movw 3(%di), %bp
        W       ALL, movl 4(%edi), %edx
        W       ALL, movw POINT + 4, %ax
        W       ALL, movzbw 4(%di), %dx
        W       ALL, movzwl 3(%di), %edx
        W       ALL, lock xaddw %dx, 4(%di)
        W       CF_ZF, btsw $3, 4(%di)

        S       CODE32, 5, rep stosl
        S       CODE32, 3, rep stosb
        S       CODE32, 0, rep stosl
        D       ALL, stosw
        D       ALL, lodsb
        D       ALL, lodsl
        CASE    CODE32, ALL
        movl    $7, %ecx
        addl    $64, %edi
        rep movsl                       /* device to device */
        lret
        CASE    CODE32, ALL
        movl    $9, %ecx
        subl    $5, %edi
        std
        rep movsb                       /* backwards, overlapping */
        lret
        CASE    CODE32, ALL
        pushl   %es                     /* memory to device */
        pushl   %ss
        popl    %ds
        movl    $pattern + 3, %esi
        movl    $6, %ecx
        rep movsw
        subl    $pattern, %esi
        popl    %ds
        lret
        CASE    CODE32, ALL
        pushl   %es                     /* device to memory, by a prefix */
        pushl   %ss
        popl    %es
        movl    $scratch, %edi
        movl    $3, %ecx
        rep movsl %ds:(%esi), %es:(%edi)
        movl    %ss:scratch + 4, %edx
        popl    %es
        lret
        .code16
        S       CODE16, 5, rep stosl
        S       CODE16, 4, rep lodsw
        .code32
        .pushsection .rodata.table32, "a"
table32_end:
        .popsection

/* --- 64-bit mode --- */

        .code64
long_mode:
        movl    $4, %eax
        movw    $PORT_PHASE, %dx
        outl    %eax, %dx
        call    prefixes64
        movl    $table64, %ebp
1:      movl    $sets, %ebx
2:      call    one_case64
        addl    $24, %ebx
        cmpl    $sets_end, %ebx
        jne     2b
        addl    $8, %ebp
        cmpl    $table64_end, %ebp
        jne     1b
        movw    $PORT_END, %dx
        outl    %eax, %dx
        ud2

prefixes64:
        PREFIXES
        ret

one_case64:
        pushq   %rbx
        pushq   %rbp
        movl    %ebp, entry
        movl    %ebx, set
        movl    $BUFFER, %edi
        movl    $result_a, %edx
        call    one_pass64
        movl    $DEVICE, %edi
        movl    $result_b, %edx
        call    one_pass64
        movl    entry, %ebp
        movl    4(%rbp), %eax
        andq    %rax, result_a + 120
        andq    %rax, result_b + 120
        movl    $result_a, %esi
        movl    $result_b, %edi
        movl    $32 + WORDS, %ecx
        repe cmpsl
        je      1f
        movl    %ebp, %eax
        subl    $table64, %eax
        shrl    $3, %eax
        movw    $PORT_WRONG, %dx
        outl    %eax, %dx
1:      popq    %rbp
        popq    %rbx
        ret

one_pass64:
        movl    %edx, where
        movl    %edi, base
        movl    $pattern, %esi
        addl    $WINDOW, %edi
        movl    $WORDS, %ecx
        rep movsl
        movl    set, %ebx
        movl    16(%rbx), %eax
        pushq   %rax
        movslq  (%rbx), %rax
        movslq  4(%rbx), %rcx
        movslq  8(%rbx), %rdx
        movslq  12(%rbx), %rbx
        movl    base, %edi
        addl    $POINT, %edi
        movl    %edi, %esi
        movabsq $0x5aa5f00f12345678, %rbp
        movabsq $0x8877665544332211, %r8
        movabsq $0x00ff00ff00ff00ff, %r9
        movq    $2, %r10
        movq    $-8, %r11
        movq    %rdi, %r12
        movq    %rdi, %r13
        movabsq $0x7fffffffffffffff, %r14
        movabsq $0x8000000000000000, %r15
        pushq   %rax
        movl    entry, %eax
        movl    (%rax), %eax
        movl    %eax, target
        popq    %rax
        popfq
        call    *target
        pushfq
        cld
        pushq   %r15
        pushq   %r14
        pushq   %r13
        pushq   %r12
        pushq   %r11
        pushq   %r10
        pushq   %r9
        pushq   %r8
        pushq   %rbp
        pushq   %rdi
        pushq   %rsi
        pushq   %rbx
        pushq   %rdx
        pushq   %rcx
        pushq   %rax
        movl    where, %edi
        movq    %rsp, %rsi
        movl    $16, %ecx
        rep movsq
        addq    $128, %rsp
        movl    base, %eax
        movl    where, %ebx
        subq    %rax, 32(%rbx)          /* rsi, rdi, r12, r13 */
        subq    %rax, 40(%rbx)
        subq    %rax, 88(%rbx)
        subq    %rax, 96(%rbx)
        leal    WINDOW(%rax), %esi
        movl    $WORDS, %ecx
        rep movsl
        ret

        .macro CASE64 mask
        .pushsection .rodata.table64, "a"
        .long   9f, \mask
        .popsection
9:
        .endm
        .macro L mask, insn:vararg
        CASE64  \mask
        \insn
        ret
        .endm

        .pushsection .rodata.table64, "a"
table64:
        .popsection
        .macro ARITHMETIC64 name, mask
        L       \mask, \name\()b %sil, 4(%rdi)
        L       \mask, \name\()b 4(%r12), %r9b
        L       \mask, \name\()q %r8, 4(%r13)
        L       \mask, \name\()q (%rdi, %r10, 2), %rdx
        L       \mask, \name\()q $-2, 4(%rdi)
        L       \mask, \name\()q $0x7fffffff, (%rdi)
        L       \mask, \name\()l %r8d, 12(%r12, %r11)
        L       \mask, \name\()l 4(%edi), %r14d
        .endm
        ARITHMETIC64 add, ALL
        ARITHMETIC64 adc, ALL
        ARITHMETIC64 sub, ALL
        ARITHMETIC64 sbb, ALL
        ARITHMETIC64 cmp, ALL
        ARITHMETIC64 and, NO_AF
        ARITHMETIC64 or, NO_AF
        ARITHMETIC64 xor, NO_AF
        L       NO_AF, testq %r15, 4(%rdi)
        L       ALL, incq 4(%rdi)
        L       ALL, negq 4(%rdi)
        L       ALL, notq 4(%rdi)
        L       ALL, movb %ah, 4(%rdi)
        L       ALL, movb %r15b, 4(%rdi)
        L       ALL, movq %r8, 4(%rdi)
        L       ALL, movq %r8, 1(%rdi)
        L       ALL, movq $-5, 4(%rdi)
        L       ALL, movl $-5, 4(%rdi)
        L       ALL, movq 1(%rdi), %r14
        L       ALL, movl 4(%rdi), %r14d
        L       ALL, movw 4(%rdi), %r14w
        L       ALL, movslq 4(%rdi), %r14
        L       ALL, movzbq 5(%rdi), %r14
        L       ALL, movswq 6(%rdi), %r14
        L       ALL, movntiq %r8, 4(%rdi)
        L       ALL, xchgq %r8, 4(%rdi)
        L       ALL, lock xaddq %r8, 4(%rdi)
        L       ALL, lock cmpxchgq %r8, 4(%rdi)
        L       CF_ZF, btsq $40, 4(%rdi)
        L       CF_ZF, btcq %r10, 4(%rdi)
        L       CF_ZF, btq %r11, 12(%rdi)
        CASE64  ALL
        movl    $3, %ecx
        rep stosq
        ret
        CASE64  ALL
        movl    $3, %ecx
        addq    $64, %rdi
        rep movsq
        ret
        CASE64  ALL
        addr32 lodsq
        ret
        CASE64  ALL
        movq    %rsp, %r14              /* rsp as a base, with an index */
        leaq    4(%rdi), %rsp
        movq    (%rsp, %r10, 2), %rdx
        movq    %rdx, 8(%rsp)
        movq    %r14, %rsp
        xorl    %r14d, %r14d
        ret
        .pushsection .rodata.table64, "a"
table64_end:
        .popsection

/* --- Data --- */

        .data
        .balign 16
gdt:
        .quad   0
        .quad   0x00cf9b000000ffff      /* CODE32 */
        .quad   0x00cf93000000ffff      /* DATA */
        .quad   0x00009b000000ffff      /* CODE16 */
        .quad   0x0040930000001fff + (BUFFER << 16)
        .quad   0x0040930000001fff + (DEVICE << 16)
        .quad   0x00209b0000000000      /* CODE64 */
gdt_pointer:
        .word   . - gdt - 1
        .long   gdt

        .balign 8
pattern:
        .set    value, 0x9e3779b9
        .rept   WORDS + 4
        .long   value & 0xffffffff
        .set    value, (value * 0x19660d + 0x3c6ef35f) & 0xffffffff
        .endr

/* eax, ecx, edx, ebx, flags */
sets:
        .long   0x12345678, 0x00000001, 0x89abcdef, 0x7fffffff, 0x002, 0
        .long   0xffffffff, 0x80000000, 0x00000080, 0x80ff7f01, 0x8d7, 0
sets_end:

far_pointer:
        .long   0, 0
target: .quad   0
entry:  .long   0
set:    .long   0
where:  .long   0
base:   .long   0
selector:
        .long   0
scratch:
        .skip   32
result_a:
        .skip   128 + 4 * WORDS
result_b:
        .skip   128 + 4 * WORDS

        .section .note.GNU-stack, "", @progbits
