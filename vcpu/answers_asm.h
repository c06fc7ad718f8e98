/* SPDX-License-Identifier: BSD-2-Clause */
/* The search for an answer (answers.h), the same for both vendors. */
#ifndef VCPU_ANSWERS_ASM_H
#define VCPU_ANSWERS_ASM_H

#ifdef __ASSEMBLER__

#include <nacelle/object.h>

#include "answers.h"

/* clang-format off */

/*
 * The answer to an exit of this kind, eax its number and ecx the subleaf, to rdx; rbx is the table,
 * and at the end of no use. Elsewhere when there is none: nothing but rbx and rdx has changed.
 */
.macro FIND_ANSWER kind, elsewhere
    movl %eax, %edx
    shrl $ANSWER_HASH_SHIFT, %edx
    addl %eax, %edx
11: andl $(ANSWERS_BUCKETS - 1), %edx
    shll $ANSWER_SHIFT, %edx
    cmpl %eax, ANSWER_NUMBER(%rbx, %rdx)
    jne 12f
    cmpl $\kind, ANSWER_KIND(%rbx, %rdx)
    jne 12f
    .if \kind == NACELLE_ANSWER_CPUID
    cmpl %ecx, ANSWER_SUBLEAF(%rbx, %rdx)
    je 13f
    cmpl $0, ANSWER_SUBLEAF_MASK(%rbx, %rdx)
    je 13f
    .else
    jmp 13f
    .endif
12: cmpl $0, ANSWER_KIND(%rbx, %rdx) /* an empty bucket ends each search */
    je \elsewhere
    shrl $ANSWER_SHIFT, %edx
    incl %edx
    jmp 11b
13: addq %rbx, %rdx
.endm

/* clang-format on */

#endif
#endif
