/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of a client: the table against a plain list, and as the exit code searches it. */

#include "test.h"

#include <string.h>

#include "answers.h"
#include "model.h"
#include "vendor.h"

#define LIST (NACELLE_ANSWERS_MAX + 8)

static struct vcpu_answers table;
static uint32_t count;
static struct vcpu_answer list[LIST];
static unsigned listed;

static int setup(void **state)
{
    (void)state;
    memset(&table, 0, sizeof(table));
    count = 0;
    listed = 0;
    return 0;
}

/* What entry.S does: from the hash on to an empty bucket, which must come. */
static const struct vcpu_answer *search(uint32_t kind, uint32_t number, uint32_t subleaf)
{
    unsigned bucket = vcpu_answer_hash(number);

    for (unsigned i = 0; i < ANSWERS_BUCKETS; i++) {
        const struct vcpu_answer *answer = &table.buckets[bucket];

        if (answer->kind == 0)
            return NULL;
        if (answer->kind == kind && answer->number == number &&
            (answer->subleaf == subleaf || answer->subleaf_mask == 0))
            return answer;
        bucket = (bucket + 1) % ANSWERS_BUCKETS;
    }
    fail_msg("a search without end");
    return NULL;
}

static unsigned position(const struct vcpu_answer *answer)
{
    for (unsigned i = 0; i < listed; i++)
        if (list[i].kind == answer->kind && list[i].number == answer->number &&
            list[i].subleaf == answer->subleaf && list[i].subleaf_mask == answer->subleaf_mask)
            return i;
    return LIST;
}

/* Few numbers, many of which share a bucket, and some at the end of the table. */
static struct vcpu_answer some_answer(uint64_t *seed)
{
    static const uint32_t numbers[] = {0, 1, 4, 7, 0xb, 0xd, 0x10, 0x7e, 0x7f, 0xff, 0x17f};
    uint64_t random = test_random(seed);
    struct vcpu_answer answer = {
        .number = numbers[random % 11] + ((random >> 8 & 3) << 30),
        .kind = 1 + (random >> 16) % 6,
        .eax = (uint32_t)(random >> 32),
    };

    if (answer.kind == NACELLE_ANSWER_CPUID) {
        answer.subleaf = random >> 24 & 3;
        answer.subleaf_mask = UINT32_MAX;
    }
    return answer;
}

static void as_a_list(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (unsigned round = 0; round < 200000; round++) {
        struct vcpu_answer answer = some_answer(&seed);
        unsigned at = position(&answer);

        if (test_random(&seed) % 5 < 3) {
            enum nacelle_error expected = at == LIST && listed == NACELLE_ANSWERS_MAX
                                              ? NACELLE_ERROR_NO_TABLE_MEMORY
                                              : NACELLE_ERROR_OK;

            assert_int_equal(vcpu_answers_set(&table, &count, &answer), expected);
            if (expected == NACELLE_ERROR_OK)
                list[at == LIST ? listed++ : at] = answer;
        } else {
            assert_int_equal(vcpu_answers_remove(&table, &count, &answer), at != LIST);
            if (at != LIST)
                list[at] = list[--listed];
        }
        assert_int_equal(count, listed);
        for (unsigned i = 0; round % 64 == 0 && i < listed; i++) {
            const struct vcpu_answer *found = search(list[i].kind, list[i].number, list[i].subleaf);

            assert_non_null(found);
            assert_int_equal(found->eax, list[i].eax);
        }
        answer = some_answer(&seed);
        if (position(&answer) == LIST)
            assert_null(search(answer.kind, answer.number, answer.subleaf));
    }
    assert_true(listed > NACELLE_ANSWERS_MAX / 2); /* the full table was tried */
}

/* Leaves of all three ranges that a VMM has to answer have a bucket of their own. */
static void leaves_apart(void **state)
{
    bool used[ANSWERS_BUCKETS] = {false};

    (void)state;
    for (uint32_t leaf = 0; leaf < 0x10; leaf++) {
        const uint32_t leaves[] = {leaf, 0x40000000 + leaf, 0x80000000 + leaf};

        for (unsigned i = 0; i < 3; i++) {
            assert_false(used[vcpu_answer_hash(leaves[i])]);
            used[vcpu_answer_hash(leaves[i])] = true;
        }
    }
}

/* entry.S finds the bucket by a multiplication. */
static void hash_as_a_product(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (unsigned round = 0; round < 10000; round++) {
        uint32_t number = (uint32_t)test_random(&seed) >> round % 32;
        uint32_t product = number * (1u << ANSWER_HASH_SHIFT | 1);

        assert_int_equal(product >> ANSWER_HASH_SHIFT, vcpu_answer_hash(number));
    }
}

static void messages(void **state)
{
    const uint64_t cpuid = NACELLE_ANSWER_CPUID | UINT64_C(4) << 32;
    const uint64_t any = NACELLE_ANSWER_CPUID_ANY | UINT64_C(0x80000002) << 32;
    struct vm *vm;

    (void)state;
    model_reset("corei7_haswell_4770");
    model_enable();
    vm = model_vm();
    assert_int_equal(vm_answer(vm, cpuid, 3, 2, 0), NACELLE_ERROR_OK);
    assert_int_equal(vm_answer(vm, any, 0, UINT64_C(0x200000001), UINT64_C(0x400000003)),
                     NACELLE_ERROR_OK);
    memcpy(&table, vm->answers, sizeof(table));
    assert_null(search(NACELLE_ANSWER_CPUID, 4, 2));
    assert_int_equal(search(NACELLE_ANSWER_CPUID, 4, 3)->eax, 2);
    assert_int_equal(search(NACELLE_ANSWER_CPUID, 0x80000002, 77)->ebx, 2);
    assert_int_equal(search(NACELLE_ANSWER_CPUID, 0x80000002, 77)->ecx, 3);
    assert_int_equal(search(NACELLE_ANSWER_CPUID, 0x80000002, 77)->edx, 4);
    assert_int_equal(vm_answer(vm, 0, 0, 0, 0), NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vm_answer(vm, 7, 0, 0, 0), NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vm_answer(vm, any, 1, 0, 0), NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vm_answer(vm, cpuid, UINT64_C(1) << 32, 0, 0), NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vm_answer(vm, NACELLE_ANSWER_IN | UINT64_C(0x10000) << 32, 0, 0, 0),
                     NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vm_forget(vm, cpuid, 2), NACELLE_ERROR_NOT_MAPPED);
    assert_int_equal(vm_forget(vm, cpuid, 3), NACELLE_ERROR_OK);
    assert_int_equal(vm_forget(vm, any, 0), NACELLE_ERROR_OK);
    assert_int_equal(vm->answer_count, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(as_a_list, setup),
    cmocka_unit_test_setup(leaves_apart, setup),
    cmocka_unit_test(hash_as_a_product),
    cmocka_unit_test_setup(messages, setup),
};

TEST_MAIN(tests)
