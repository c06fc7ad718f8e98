/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Assembly macros (GNU as, AT&T syntax): the sequences of the mitigations. One that is not compiled
 * in expands to nothing.
 */

#ifndef X86_MITIGATIONS_ASM_H
#define X86_MITIGATIONS_ASM_H

#include <x86/mitigations.h>

#ifdef __ASSEMBLER__

#include <x86/msr.h>

/* clang-format off */

/*
 * Clears what fill buffers, load ports and store buffers hold, so that what runs next cannot sample
 * it. To come last: what the server loads or stores after it is there again. selector: a word in
 * memory that selects a writable data segment; only the form with memory is sure to clear (Intel's
 * guidance on MDS). ZF becomes 1 always; nothing else changes.
 */
.macro x86_clear_buffers selector
#if NACELLE_MITIGATE_MDS
    verw \selector(%rip)
#endif
.endm

/*
 * Fills the return stack buffer, before the first RET after something else has run: 32 entries, as
 * many as any processor has. They predict INT3, at which speculation ends. LFENCE: until a CALL has
 * retired the processor may still predict a RET by the old contents (post-barrier RSB predictions).
 * Uses 256 bytes of the stack, changes flags.
 */
.macro x86_fill_return_stack
#if NACELLE_MITIGATE_RSB
    .rept 32
    call 77f
    int3
77:
    .endr
    addq $(32 * 8), %rsp
    lfence
#endif
.endm

/* Writes a command to its MSR where the processor has it: bit of long active, which the caller
 * names. Changes rax, rcx, rdx and flags. */
.macro x86_mitigation_command active, bit, msr, command
    testl $\bit, \active(%rip)
    jz .Lno_command_\@
    movl $\msr, %ecx
    movl $\command, %eax
    xorl %edx, %edx
    wrmsr
.Lno_command_\@:
.endm

/* Writes back and empties the first-level data cache, before a guest can read in it. */
.macro x86_flush_l1d active
#if NACELLE_MITIGATE_L1D
    x86_mitigation_command \active, X86_MITIGATION_L1D, X86_MSR_FLUSH_CMD, 1 /* X86_FLUSH_CMD_L1D */
#endif
.endm

/* What ran before does not steer the indirect branches of what runs from here on. */
.macro x86_predictor_barrier active
#if NACELLE_MITIGATE_IBPB
    x86_mitigation_command \active, X86_MITIGATION_IBPB, X86_MSR_PRED_CMD, 1 /* X86_PRED_CMD_IBPB */
#endif
.endm

/* clang-format on */

#endif /* __ASSEMBLER__ */

#endif
