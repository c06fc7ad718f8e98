/* SPDX-License-Identifier: BSD-2-Clause */
#include "answers.h"

static unsigned next(unsigned bucket)
{
    return (bucket + 1) % ANSWERS_BUCKETS;
}

static bool same(const struct vcpu_answer *one, const struct vcpu_answer *other)
{
    return one->kind == other->kind && one->number == other->number &&
           one->subleaf == other->subleaf && one->subleaf_mask == other->subleaf_mask;
}

/* Where it is, or the empty bucket where it would come. */
static unsigned find(const struct vcpu_answers *answers, const struct vcpu_answer *answer)
{
    unsigned bucket = vcpu_answer_hash(answer->number);

    for (unsigned i = 0; i < ANSWERS_BUCKETS; i++) {
        const struct vcpu_answer *there = &answers->buckets[bucket];

        if (there->kind == 0 || same(there, answer))
            break;
        bucket = next(bucket);
    }
    return bucket;
}

enum nacelle_error vcpu_answers_set(struct vcpu_answers *answers, uint32_t *count,
                                    const struct vcpu_answer *answer)
{
    struct vcpu_answer *bucket = &answers->buckets[find(answers, answer)];

    if (bucket->kind == 0) {
        if (*count >= NACELLE_ANSWERS_MAX)
            return NACELLE_ERROR_NO_TABLE_MEMORY;
        (*count)++;
    }
    *bucket = *answer;
    return NACELLE_ERROR_OK;
}

/* Does a search that begins at `from` pass `bucket` before it comes to `to`? */
static bool passes(unsigned from, unsigned bucket, unsigned to)
{
    return from <= to ? from <= bucket && bucket < to : from <= bucket || bucket < to;
}

bool vcpu_answers_remove(struct vcpu_answers *answers, uint32_t *count,
                         const struct vcpu_answer *answer)
{
    unsigned hole = find(answers, answer);
    unsigned bucket = hole;

    if (answers->buckets[hole].kind == 0)
        return false;
    /* What stands behind it because it was in the way moves up: no search ends too early. */
    for (unsigned i = 0; i < ANSWERS_BUCKETS; i++) {
        bucket = next(bucket);
        if (answers->buckets[bucket].kind == 0)
            break;
        if (passes(vcpu_answer_hash(answers->buckets[bucket].number), hole, bucket)) {
            answers->buckets[hole] = answers->buckets[bucket];
            hole = bucket;
        }
    }
    answers->buckets[hole] = (struct vcpu_answer){0};
    (*count)--;
    return true;
}
