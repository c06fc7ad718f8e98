/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest: 32-bit flat protected mode; counts for ever, with interrupts as the client set them. */
        .section .rodata.guests, "a"
        .globl guest_spin_begin, guest_spin_end
        .code32
guest_spin_begin:
1:      incl    0x2000
        jmp     1b
guest_spin_end:

        .section .note.GNU-stack, "", @progbits
