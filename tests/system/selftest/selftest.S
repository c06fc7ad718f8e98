/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A kernel that is not Nacelle, to test the tools that run and judge Nacelle: it takes the last
 * word of its command line and ends as that word says.
 */

    .code32
    .section .multiboot, "a"
    .balign 8
header:
    .long 0xe85250d6, 0, header_end - header
    .long -(0xe85250d6 + header_end - header)
    .balign 8
    .short 0, 0
    .long 8
header_end:
    .long 0x1badb002, 0, -0x1badb002    /* Multiboot 1, for QEMU's -kernel */

    .text
    .global selftest_start
selftest_start:
    mov $stack_top, %esp
    mov %ebx, %ebp
    mov %eax, %edi              /* the loader's magic */

    mov $0x3fb, %dx             /* COM1: 115200 baud, 8 bits, no parity */
    mov $0x83, %al
    out %al, %dx
    mov $0x3f8, %dx
    mov $1, %al
    out %al, %dx
    inc %dx
    xor %al, %al
    out %al, %dx
    mov $0x3fb, %dx
    mov $3, %al
    out %al, %dx

    mov $text_hello, %esi
    call print
    cmp $0x2badb002, %edi
    je multiboot1
    lea 8(%ebp), %ebx           /* the tags of the multiboot 2 information */
next_tag:
    mov (%ebx), %eax
    test %eax, %eax
    jz no_command
    cmp $1, %eax
    je command_line
    cmp $3, %eax
    jne skip_tag
    mov $text_module, %esi
    call print
    lea 16(%ebx), %esi
    call print
    call newline
skip_tag:
    mov 4(%ebx), %eax
    lea 7(%ebx, %eax), %ebx
    and $-8, %ebx
    jmp next_tag
command_line:
    mov $text_command, %esi
    call print
    lea 8(%ebx), %esi
    mov %esi, command
    call print
    call newline
    jmp skip_tag

multiboot1:                     /* the multiboot 1 information */
    mov $text_command, %esi
    call print
    mov 16(%ebp), %esi
    mov %esi, command
    call print
    call newline
    mov 20(%ebp), %edi          /* so many modules, 16 bytes for each */
    mov 24(%ebp), %ebx
next_module:
    dec %edi
    js no_command
    mov $text_module, %esi
    call print
    mov 8(%ebx), %esi
    call print
    call newline
    add $16, %ebx
    jmp next_module

no_command:
    mov command, %esi
    xor %edi, %edi
last_word:                      /* edi: what follows the last space */
    lodsb
    cmp $' ', %al
    jne not_space
    mov %esi, %edi
not_space:
    test %al, %al
    jnz last_word
    test %edi, %edi
    jz hang

    cmpw $0x6b6f, (%edi)        /* "ok" */
    je end_ok
    cmpl $0x6c696166, (%edi)    /* "fail" */
    je end_fail
    cmpl $0x696e6170, (%edi)    /* "pani" */
    je end_panic
    cmpl $0x75666572, (%edi)    /* "refu" */
    je end_refused
    cmpl $0x6c6f6f66, (%edi)    /* "fool": success in the words of another scenario */
    je end_fool
    cmpl $0x706f7473, (%edi)    /* "stop": ends without a word */
    je shutdown
    cmpl $0x70697274, (%edi)    /* "trip": triple fault */
    je end_triple
    cmpl $0x74696177, (%edi)    /* "wait": waits for ever with interrupts off */
    je end_wait
    .global hang
hang:
    jmp hang

end_ok:
    mov $text_ok, %esi
    jmp end_print
end_fail:
    mov $text_fail, %esi
    jmp end_print
end_refused:
    mov $text_refused, %esi
    jmp end_print
end_fool:
    mov $text_fool, %esi
end_print:
    call print
shutdown:
    mov $0x3fd, %dx             /* the UART is still sending the last characters: wait for it */
1:  in %dx, %al
    test $0x40, %al
    jz 1b
    mov $text_shutdown, %esi
    mov $0x8900, %dx
1:  lodsb
    out %al, %dx
    test %al, %al
    jnz 1b
    mov $0xf4, %dx              /* and QEMU's isa-debug-exit */
    out %al, %dx
end_wait:
    cli
    hlt
    jmp end_wait

end_triple:
    lidt no_idt
    ud2

    .global end_panic
    .type end_panic, @function
end_panic:
    mov $text_panic, %esi
    call print
    mov $end_panic + 3, %eax
    call frame
    mov $hang + 1, %eax
    call frame
    jmp shutdown
    .size end_panic, . - end_panic

/* Prints one line of a backtrace; eax: address. */
frame:
    push %eax
    mov $text_frame, %esi
    call print
    incb text_frame + 3
    pop %eax
    mov $8, %ecx
1:  rol $4, %eax
    push %eax
    and $15, %eax
    mov digits(%eax), %al
    call putc
    pop %eax
    loop 1b
newline:
    mov $10, %al
/* Prints al. */
putc:
    push %eax
    mov $0x3fd, %dx
1:  in %dx, %al
    test $0x20, %al
    jz 1b
    pop %eax
    mov $0x3f8, %dx
    out %al, %dx
    ret

/* Prints the string at esi. */
print:
    lodsb
    test %al, %al
    jz 1f
    call putc
    jmp print
1:  ret

    .section .rodata, "a"
digits:         .ascii "0123456789abcdef"
text_hello:     .asciz "selftest: hello\n"
text_command:   .asciz "selftest: command line: "
text_module:    .asciz "selftest: module: "
text_ok:        .asciz "nacelle: scenario selftest: ok\n"
text_fail:      .asciz "nacelle: scenario selftest-failed: failed: it was told to\n"
text_fool:      .asciz "nacelle: scenario another: ok\n"
text_refused:   .asciz "nacelle: refused: this machine has no left hand\n"
text_panic:     .asciz "nacelle: panic: it was told to\n  rip 0x0000000000100000\n"
text_shutdown:  .asciz "Shutdown"
no_idt:         .fill 6, 1, 0

    .data
text_frame:     .asciz "  #0 0x00000000"
    .balign 4
command:        .long text_shutdown
    .bss
    .skip 4096
stack_top:
    .section .note.GNU-stack, "", @progbits
