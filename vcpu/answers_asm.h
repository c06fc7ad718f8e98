/* SPDX-License-Identifier: BSD-2-Clause */
/* The search for an answer (answers.h), the same for both vendors. */
#ifndef VCPU_ANSWERS_ASM_H
#define VCPU_ANSWERS_ASM_H

#ifdef __ASSEMBLER__

#include <nacelle/object.h>

#include "answers.h"

/* clang-format off */

/*
 * The answer to an exit of this kind, number a register and ecx the subleaf, to rbx + rdx; rbx is
 * the table. Elsewhere when there is none; nothing but rdx has changed.
 */
.macro FIND_ANSWER kind, number, elsewhere
    imull $(1 << ANSWER_HASH_SHIFT | 1), \number, %edx /* vcpu_answer_hash */
    shrl $(ANSWER_HASH_SHIFT - ANSWER_SHIFT), %edx
11: andl $((ANSWERS_BUCKETS - 1) << ANSWER_SHIFT), %edx
    cmpl \number, ANSWER_NUMBER(%rbx, %rdx)
    jne 12f
    cmpl $\kind, ANSWER_KIND(%rbx, %rdx)
    .if \kind == NACELLE_ANSWER_CPUID
    jne 12f
    cmpl %ecx, ANSWER_SUBLEAF(%rbx, %rdx)
    je 13f
    cmpl $0, ANSWER_SUBLEAF_MASK(%rbx, %rdx)
    .endif
    je 13f
12: cmpl $0, ANSWER_KIND(%rbx, %rdx) /* an empty bucket ends each search */
    je \elsewhere
    addl $(1 << ANSWER_SHIFT), %edx
    jmp 11b
13:
.endm

/* clang-format on */

#endif
#endif
