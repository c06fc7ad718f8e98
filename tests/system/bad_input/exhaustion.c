/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory exhausted at each type of object, and derivation over too many steps. */
#include <harness/check.h>
#include <harness/memory.h>
#include <runtime/cspace.h>
#include <runtime/untyped.h>

#include "rows.h"

#define POOL_SIZE   17 /* 128 KiB */
#define FIRST       2000u
#define SLOTS       2060u
#define DEPTH_MAX   400u
#define DEPTH_LEAST 200u

static const struct {
    const char *what;
    uint8_t type, size, bits;
} kinds[] = {
    {"untyped", NACELLE_TYPE_UNTYPED, 12, 12},
    {"frame", NACELLE_TYPE_FRAME, 12, 12},
    {"cspace", NACELLE_TYPE_CSPACE, 10, 10},
    {"aspace", NACELLE_TYPE_ASPACE, 13, 13},
    {"thread", NACELLE_TYPE_THREAD, 0, NACELLE_SIZE_THREAD},
    {"endpoint", NACELLE_TYPE_ENDPOINT, 0, NACELLE_SIZE_ENDPOINT},
    {"notification", NACELLE_TYPE_NOTIFICATION, 0, NACELLE_SIZE_NOTIFICATION},
    {"vm", NACELLE_TYPE_VM, NACELLE_SIZE_VM_MIN, NACELLE_SIZE_VM_MIN},
    {"vcpu", NACELLE_TYPE_VCPU, 0, NACELLE_SIZE_VCPU},
};

/* Retypes `step` at a time until that fails; the number of objects. */
static uint64_t fill(uint64_t pool, unsigned kind, unsigned step)
{
    enum nacelle_error error = NACELLE_ERROR_OK;
    uint64_t count = 0;

    while (count + step <= SLOTS) {
        error =
            nacelle_untyped_retype(pool, kinds[kind].type, kinds[kind].size, FIRST + count, step);
        if (error != NACELLE_ERROR_OK)
            break;
        count += step;
    }
    check_error(kinds[kind].what, NACELLE_ERROR_NO_MEMORY, error);
    return count;
}

static void test_kind(unsigned kind, uint64_t pool)
{
    const uint64_t bytes = 1ull << POOL_SIZE;
    const uint64_t expected = bytes >> kinds[kind].bits;
    static const unsigned steps[] = {1, 2, 1};

    for (unsigned i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        check_number(kinds[kind].what, expected, fill(pool, kind, steps[i]));
        check_number("used when full", bytes, used_of(pool));
        check_error("retype when full", NACELLE_ERROR_NO_MEMORY,
                    nacelle_untyped_retype(pool, NACELLE_TYPE_ENDPOINT, 0, FIRST + SLOTS, 1));
        check_error("revoke", NACELLE_ERROR_OK, nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, pool));
        check_number("used after revoke", 0, used_of(pool));
    }
}

/* One after the other, without a revoke: only when the last is gone the memory is there again. */
static void test_delete_all(uint64_t pool)
{
    uint64_t count = fill(pool, 1, 1);

    for (uint64_t i = 0; i < count; i++) {
        check_number("used while something is left", 1ull << POOL_SIZE, used_of(pool));
        drop(FIRST + i);
    }
    check_number("used when nothing is left", 0, used_of(pool));
}

void test_exhaustion(void)
{
    uint64_t pool = make(NACELLE_TYPE_UNTYPED, POOL_SIZE);

    for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        test_kind(i, pool);
    test_delete_all(pool);
}

/* Copies of copies, until one is refused; the number made. */
static unsigned copy_down(uint64_t source)
{
    unsigned depth = 0;

    while (depth < DEPTH_MAX) {
        enum nacelle_error error = nacelle_cspace_copy(NACELLE_SLOT_CSPACE, FIRST + depth,
                                                       depth == 0 ? source : FIRST + depth - 1,
                                                       NACELLE_RIGHTS_ALL, 0);

        if (error != NACELLE_ERROR_OK) {
            check_error("copy of a copy", NACELLE_ERROR_TOO_DEEP, error);
            break;
        }
        depth++;
    }
    return depth;
}

/* Untyped out of untyped out of untyped cannot go on for ever either, and comes apart again. */
static void test_untyped_depth(void)
{
    uint64_t slot = make(NACELLE_TYPE_UNTYPED, 20);
    uint64_t top = slot;
    enum nacelle_error error = NACELLE_ERROR_OK;

    for (unsigned size = 19; size >= NACELLE_SIZE_UNTYPED_MIN && error == NACELLE_ERROR_OK;
         size--) {
        uint64_t next = slot_take();

        error = nacelle_untyped_retype(slot, NACELLE_TYPE_UNTYPED, size, next, 1);
        check_error("untyped out of untyped", NACELLE_ERROR_OK, error);
        slot = next;
    }
    need(nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, top), "revoke");
    check_number("used after revoke", 0, used_of(top));
}

void test_depth(void)
{
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    unsigned first = copy_down(endpoint);
    struct nacelle_identity identity = {0};

    check_range("copies of copies", DEPTH_LEAST, DEPTH_MAX - 1, first);
    /* What sits at the bottom can still be used, but not bound. */
    check_error("identify the deepest", NACELLE_ERROR_OK,
                nacelle_cspace_identify(NACELLE_SLOT_CSPACE, FIRST + first - 1, &identity));
    check_number("rights of the deepest", NACELLE_RIGHTS_ALL, identity.rights);
    check_error("revoke all of them", NACELLE_ERROR_OK,
                nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, endpoint));
    check_error("the deepest is gone", NACELLE_ERROR_INVALID_CAPABILITY,
                nacelle_cspace_identify(NACELLE_SLOT_CSPACE, FIRST + first - 1, &identity));
    check_number("as many again", first, copy_down(endpoint));
    test_untyped_depth();
}
