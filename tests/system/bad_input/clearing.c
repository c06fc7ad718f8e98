/* SPDX-License-Identifier: BSD-2-Clause */
/* What is made of memory that was used before is clear, also when makers get in each other's
 * way. */
#include <harness/check.h>
#include <harness/memory.h>
#include <harness/thread.h>
#include <runtime/aspace.h>
#include <runtime/cspace.h>
#include <runtime/notification.h>
#include <runtime/untyped.h>

#include "rows.h"

#define POOL_SIZE 22 /* 4 MiB: two large frames */
#define LARGE     (1ull << NACELLE_SIZE_LARGE)
#define AT        0x005000000000ull

static uint64_t pool;
static volatile uint64_t slow_error;
static uint64_t slow_slot;

/* Fills both halves of the pool with a pattern, and gives them back. */
static void soil(void)
{
    uint64_t frames = slots_take(2);

    need(nacelle_untyped_retype(pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_LARGE, frames, 2), "frames");
    for (unsigned i = 0; i < 2; i++) {
        need(nacelle_aspace_map(NACELLE_SLOT_ASPACE, frames + i, AT, READ_WRITE), "map");
        for (uint64_t *word = (uint64_t *)AT; word < (uint64_t *)(AT + LARGE); word += 8)
            *word = 0xdeadbeefdeadbeefull;
        need(nacelle_frame_unmap(frames + i), "unmap");
    }
    need(nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, pool), "revoke");
}

static void check_clear(const char *what, uint64_t frame, uint64_t bytes)
{
    uint64_t dirty = 0;

    need(nacelle_aspace_map(NACELLE_SLOT_ASPACE, frame, AT, NACELLE_RIGHT_READ), "map");
    for (const uint64_t *word = (uint64_t *)AT; word < (uint64_t *)(AT + bytes); word++)
        dirty += *word != 0;
    check_number(what, 0, dirty);
    need(nacelle_frame_unmap(frame), "unmap");
}

/* A long retyping, at low priority: the second half of the pool. */
static void retype_slowly(uint64_t argument)
{
    (void)argument;
    slow_error = nacelle_untyped_retype(pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_LARGE, slow_slot, 1);
}

/* While that is under way, we make a page of the first half. Whether it was under way. */
static bool race(uint64_t delay)
{
    uint64_t first = slots_take(2);
    struct thread thread;
    enum nacelle_error error;
    bool under_way;

    soil();
    need(nacelle_untyped_retype(pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE, first, 1), "page");
    check_clear("first page", first, 4096);
    slow_error = ~0ull;
    slow_slot = slot_take();
    thread = thread_start(retype_slowly, 0, 1);
    wait_ticks(bochs_ticks(delay));
    under_way = slow_error == ~0ull;
    if (under_way) {
        error = nacelle_untyped_retype(pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE, first + 1, 1);
        if (error == NACELLE_ERROR_NO_MEMORY) {
            under_way = false; /* it has just ended, and its thread did not come to say so */
        } else {
            need(error, "page");
            check_clear("page made meanwhile", first + 1, 4096);
        }
    }
    while (slow_error == ~0ull)
        wait_ticks(bochs_ticks(100000));
    check_error("long retyping", NACELLE_ERROR_OK, (enum nacelle_error)slow_error);
    check_clear("large frame", slow_slot, LARGE);
    drop(thread.slot);
    need(nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, pool), "revoke");
    check_number("used after revoke", 0, used_of(pool));
    return under_way;
}

void test_clearing(void)
{
    uint64_t raced = 0;

    pool = make(NACELLE_TYPE_UNTYPED, POOL_SIZE);
    for (uint64_t delay = 20000; delay < 220000; delay += 40000)
        raced += race(delay);
    check_range("times that the long retyping was under way", 1, 5, raced);
}
