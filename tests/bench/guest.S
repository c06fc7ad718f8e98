/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest: a loop for each row. 64-bit mode, all of it position-independent. */
#include "vm.h"

        /* One of two guests that run in turn. It takes the time all the while, and when it was
         * away, how long ago the other one took it last: its \other's last instruction, to the
         * first one here after one that uses the FPU. */
        .macro switching own, other, begin, end
        lea     (GUEST_CLOCKS + \own * 64), %r8
        lea     (GUEST_CLOCKS + \other * 64), %r9
        mov     $(GUEST_SAMPLES + \own * 4096), %r10d
        rdtsc
        mov     %eax, %r13d
1:      paddq   %xmm1, %xmm0
\begin:
        rdtsc
        mov     %eax, (%r8)
        mov     %eax, %ecx
        sub     %r13d, %ecx
        mov     %eax, %r13d
        cmp     $GUEST_AWAY, %ecx
        jb      1b
        paddq   %xmm1, %xmm0
        lfence
\end:
        rdtsc
        mov     %eax, %r13d
        sub     (%r9), %eax
        mov     %eax, (%r10)
        add     $4, %r10
        dec     %rbx                    /* how many; set by the client */
        jnz     1b
        vmcall
        .endm

        /* Takes the time around one instruction, r12 times. */
        .macro timed name, value, register, instruction
        mov     $GUEST_SAMPLES, %r10d
1:      lfence
        .globl  stamp_\name\()_begin, stamp_\name\()_end
stamp_\name\()_begin:
        rdtsc
        mov     %eax, %r8d
        mov     \value, \register
        \instruction
        lfence
stamp_\name\()_end:
        rdtsc
        sub     %r8d, %eax
        mov     %eax, (%r10)
        add     $4, %r10
        dec     %r12
        jnz     1b
        vmcall
        .endm

        .section .rodata.guest, "a"
        .globl  guest_ring0, guest_ring0_msr, guest_ring0_port
        .globl  guest_begin, guest_end, guest_cpuid, guest_port, guest_hypercall, guest_hlt
        .globl  guest_msr, guest_fault, guest_wait, guest_handler, guest_switch_a, guest_switch_b
        .globl  stamp_inject_end, stamp_vcpu_switch_begin, stamp_vcpu_switch_end
guest_begin:
        .code64
guest_cpuid:
        cpuid
        jmp     guest_cpuid

guest_port:
        out     %al, $0x80
        jmp     guest_port

guest_hypercall:
        vmcall
        jmp     guest_hypercall

guest_hlt:
        hlt
        jmp     guest_hlt

guest_msr:
        mov     $0x1b, %ecx             /* APIC base, which no guest reads without an exit */
1:      rdmsr
        jmp     1b

guest_fault:
        mov     GUEST_NOTHING, %eax     /* always the same access again */
        jmp     guest_fault

guest_ring0:
        timed exit_ring0, $GUEST_LEAF, %eax, cpuid

guest_ring0_msr:
        timed exit_ring0_msr, $GUEST_MSR, %ecx, rdmsr

guest_ring0_port:
        timed exit_ring0_port, $GUEST_PORT, %edx, "out %al, %dx"

guest_wait:
        sti
1:      jmp     1b

guest_handler:
        lfence
stamp_inject_end:
        rdtsc
        vmcall
        iretq

guest_switch_a:
        switching 0, 1, stamp_vcpu_switch_begin, guest_switch_a_back
guest_switch_b:
        switching 1, 0, guest_switch_b_loop, stamp_vcpu_switch_end
guest_end:

        .section .note.GNU-stack, "", @progbits
