/* SPDX-License-Identifier: BSD-2-Clause */
/* Exits that a client answered beforehand: a table that the exit code looks into. Pure. */
#ifndef VCPU_ANSWERS_H
#define VCPU_ANSWERS_H

/* Layout for entry.S, checked below. */
#define ANSWERS_BUCKETS     128
#define ANSWER_NUMBER       0
#define ANSWER_KIND         4
#define ANSWER_SUBLEAF      8
#define ANSWER_SUBLEAF_MASK 12
#define ANSWER_EAX          16
#define ANSWER_EBX          20
#define ANSWER_ECX          24
#define ANSWER_EDX          28
#define ANSWER_SHIFT        5 /* log2 of its size */
#define ANSWER_HASH_SHIFT   25

#ifndef __ASSEMBLER__

#include <nacelle/error.h>
#include <nacelle/object.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vcpu_answer {
    uint32_t number; /* leaf, MSR or port */
    uint32_t kind;   /* NACELLE_ANSWER_*; 0: the bucket is empty */
    uint32_t subleaf;
    uint32_t subleaf_mask; /* bits of ecx that are compared with subleaf: all, or none */
    uint32_t eax, ebx, ecx, edx;
};

/*
 * Open addressing: an answer stands in the bucket of its number's hash, or in the first empty one
 * after it, round the end. Answers of one number stand behind each other in any order. Some buckets
 * are always empty, so that each search ends.
 */
struct vcpu_answers {
    struct vcpu_answer buckets[ANSWERS_BUCKETS];
};

_Static_assert(NACELLE_ANSWERS_MAX < ANSWERS_BUCKETS, "each search ends");
_Static_assert(sizeof(struct vcpu_answer) == 1 << ANSWER_SHIFT, "entry.S");
_Static_assert(offsetof(struct vcpu_answer, number) == ANSWER_NUMBER, "entry.S");
_Static_assert(offsetof(struct vcpu_answer, kind) == ANSWER_KIND, "entry.S");
_Static_assert(offsetof(struct vcpu_answer, subleaf) == ANSWER_SUBLEAF, "entry.S");
_Static_assert(offsetof(struct vcpu_answer, subleaf_mask) == ANSWER_SUBLEAF_MASK, "entry.S");
_Static_assert(offsetof(struct vcpu_answer, eax) == ANSWER_EAX, "entry.S");
_Static_assert(offsetof(struct vcpu_answer, ebx) == ANSWER_EBX, "entry.S");
_Static_assert(offsetof(struct vcpu_answer, ecx) == ANSWER_ECX, "entry.S");
_Static_assert(offsetof(struct vcpu_answer, edx) == ANSWER_EDX, "entry.S");
_Static_assert(sizeof(struct vcpu_answers) == 4096, "one page");
_Static_assert(ANSWERS_BUCKETS == 1 << (32 - ANSWER_HASH_SHIFT), "the hash of entry.S");

/* The bucket that a search for a number begins with. CPUID leaves differ in their low and in their
 * two top bits, MSRs in their low and in bits 30 and 31. entry.S multiplies, and takes the highest
 * bits of the low half. */
static inline unsigned vcpu_answer_hash(uint32_t number)
{
    return (number + (number >> ANSWER_HASH_SHIFT)) % ANSWERS_BUCKETS;
}

/* Puts an answer in, in place of one with the same kind, number and subleaf. *count is how many
 * there are. NO_TABLE_MEMORY: there are NACELLE_ANSWERS_MAX others. */
enum nacelle_error vcpu_answers_set(struct vcpu_answers *answers, uint32_t *count,
                                    const struct vcpu_answer *answer);

/* Takes it out again; only kind, number, subleaf and its mask are looked at. false: not there. */
bool vcpu_answers_remove(struct vcpu_answers *answers, uint32_t *count,
                         const struct vcpu_answer *answer);

#endif
#endif
