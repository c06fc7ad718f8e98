/* SPDX-License-Identifier: BSD-2-Clause */
/* Every instruction that touches the processor's own state, in slots of 16 bytes: the instruction,
 * then VMCALL. */
        .section .rodata.guests, "a"
        .globl instructions_begin, instructions_end
        .code32

        .macro SLOT instruction:vararg
        .balign 16
        \instruction
        vmcall
        .endm

        .balign 16
instructions_begin:
/* VMX */
SLOT vmclear (%ebx)
SLOT vmlaunch
SLOT vmptrld (%ebx)
SLOT vmptrst (%ebx)
SLOT vmread %eax, %ecx
SLOT vmread %eax, (%ebx)
SLOT vmresume
SLOT vmwrite %eax, %ecx
SLOT vmwrite (%ebx), %ecx
SLOT vmxoff
SLOT vmxon (%ebx)
SLOT invept (%ebx), %eax
SLOT invvpid (%ebx), %eax
SLOT vmfunc
SLOT vmcall
/* SVM */
SLOT vmrun
SLOT vmload
SLOT vmsave
SLOT vmmcall
SLOT stgi
SLOT clgi
SLOT skinit
SLOT invlpga
/* control and debug registers */
SLOT mov %cr0, %eax
SLOT mov %eax, %cr0
SLOT mov %cr2, %eax
SLOT mov %eax, %cr2
SLOT mov %cr3, %eax
SLOT mov %eax, %cr3
SLOT mov %cr4, %eax
SLOT mov %eax, %cr4
SLOT .byte 0xf0, 0x0f, 0x22, 0xc0 /* AMD: MOV to CR8 */
SLOT .byte 0x0f, 0x22, 0xc8       /* MOV to CR1 */
SLOT .byte 0x0f, 0x22, 0xe8       /* MOV to CR5 */
SLOT mov %eax, %db0
SLOT mov %eax, %db3
SLOT mov %eax, %db4
SLOT mov %eax, %db6
SLOT mov %eax, %db7
SLOT mov %db7, %eax
SLOT clts
SLOT lmsw %ax
SLOT lmsw (%ebx)
SLOT smsw %eax
/* tables and segments */
SLOT lgdt (%ebx)
SLOT lidt (%ebx)
SLOT sgdt (%ebx)
SLOT sidt (%ebx)
SLOT lldt %ax
SLOT ltr %ax
SLOT sldt %eax
SLOT str %eax
SLOT mov %eax, %ds
SLOT mov %eax, %ss
SLOT ljmp $0x33, $0
SLOT ljmp *(%ebx)
SLOT lcall *(%ebx)
SLOT lret
SLOT iret
SLOT int $0x80
SLOT int3
SLOT into
SLOT .byte 0xf1
SLOT ud2
/* system */
SLOT hlt
SLOT cli
SLOT sti
SLOT popf
SLOT invd
SLOT wbinvd
SLOT invlpg (%ebx)
SLOT invpcid (%ebx), %eax
SLOT cpuid
SLOT rdtsc
SLOT rdtscp
SLOT rdpmc
SLOT rdmsr
SLOT wrmsr
SLOT xsetbv
SLOT xgetbv
SLOT xsave (%ebx)
SLOT xrstor (%ebx)
SLOT xsaves (%ebx)
SLOT xrstors (%ebx)
SLOT fxrstor (%ebx)
SLOT ldmxcsr (%ebx)
SLOT fninit
SLOT monitor
SLOT mwait
SLOT pause
SLOT rdrand %eax
SLOT rdseed %eax
SLOT rsm
SLOT getsec
SLOT sysenter
SLOT sysexit
SLOT syscall
SLOT sysret
SLOT .byte 0x0f, 0x01, 0xcf       /* ENCLS */
SLOT .byte 0x0f, 0x01, 0xd5       /* XEND */
SLOT .byte 0xc7, 0xf8, 0, 0, 0, 0 /* XBEGIN */
/* ports and memory */
SLOT in %dx, %al
SLOT out %eax, %dx
SLOT insb
SLOT outsl
SLOT rep insb
SLOT rep outsl
SLOT rep movsb
SLOT rep stosl
SLOT lock cmpxchg8b (%ebx)
SLOT mov (%eax), %ecx
SLOT mov %ecx, (%eax)
SLOT call *%eax
SLOT jmp *%eax
SLOT push %eax
SLOT mov %eax, %esp
        .balign 16
instructions_end:
        .globl instruction_count
instruction_count:
        .long   (instructions_end - instructions_begin) / 16

        .section .note.GNU-stack, "", @progbits
