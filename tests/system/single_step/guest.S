/* SPDX-License-Identifier: BSD-2-Clause */
/* Position independent, 32-bit flat protected mode, as the harness starts its guests. */
        .section .rodata.guests, "a"
        .globl guest_steps_begin, guest_steps_end
        .globl guest_steps_cpuid, guest_steps_nop, guest_steps_out, guest_steps_jmp
        .code32
guest_steps_begin:
        nop
guest_steps_cpuid:
        cpuid
guest_steps_nop:
        nop
guest_steps_out:
        out     %eax, $0x10
guest_steps_jmp:
        jmp     guest_steps_begin
guest_steps_end:

        .section .note.GNU-stack, "", @progbits
