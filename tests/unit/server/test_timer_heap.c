/* SPDX-License-Identifier: BSD-2-Clause */
/* The heap of timers, against a plain array. */
#include "timer_heap.h"

#include "test_main.h"

#define TIMERS 100

/* Every timer is no earlier than its parent, and points to it. Returns how many there are. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static unsigned check(const struct timer *timer, const struct timer *parent)
{
    if (timer == NULL) {
        return 0;
    }
    assert_ptr_equal(timer->parent, parent);
    if (parent != NULL) {
        assert_true(parent->deadline <= timer->deadline);
    }
    return 1 + check(timer->left, timer) + check(timer->right, timer);
}

static void insert_and_remove(void **state)
{
    struct timer timers[TIMERS] = {{0}};
    bool armed[TIMERS] = {false};
    struct timer *heap = NULL;
    struct random random = {362436069362436069ull};
    unsigned count = 0;

    (void)state;
    for (unsigned step = 0; step < 20000; step++) {
        unsigned i = (unsigned)random_below(&random, TIMERS);

        if (armed[i]) {
            timer_heap_remove(&heap, &timers[i]);
            assert_null(timers[i].parent);
            assert_null(timers[i].left);
            assert_null(timers[i].right);
            count--;
        } else {
            timers[i].deadline = random_below(&random, 50); /* many are equal */
            timer_heap_insert(&heap, &timers[i]);
            count++;
        }
        armed[i] = !armed[i];
        assert_int_equal(check(heap, NULL), count);
    }
}

/* Taken out one by one, the earliest first, they are sorted. */
static void sorts(void **state)
{
    static struct timer timers[2000];
    struct timer *heap = NULL;
    struct random random = {521288629521288629ull};
    uint64_t last = 0;
    unsigned count = 0;

    (void)state;
    memset(timers, 0, sizeof(timers));
    for (unsigned i = 0; i < ARRAY_SIZE(timers); i++) {
        timers[i].deadline = i % 3 == 0 ? i : random_next(&random);
        timer_heap_insert(&heap, &timers[i]);
    }
    while (heap != NULL) {
        assert_true(heap->deadline >= last);
        last = heap->deadline;
        timer_heap_remove(&heap, heap);
        count++;
    }
    assert_int_equal(count, ARRAY_SIZE(timers));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(insert_and_remove),
        cmocka_unit_test(sorts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
