/* SPDX-License-Identifier: BSD-2-Clause */
/* Thousands of rounds of making and deleting: nothing is lost on the way. */
#include <harness/check.h>
#include <harness/memory.h>
#include <runtime/aspace.h>
#include <runtime/cspace.h>
#include <runtime/notification.h>
#include <runtime/untyped.h>

#include "world.h"

#define ROUNDS     3000u
#define SLOTS      1500ull      /* of these tests: 40 from here on */
#define FAR_APART  (1ull << 39) /* each mapping needs all its tables */
#define MAPS_MAX   100u
#define SMALL_POOL 18

static const struct {
    enum nacelle_type type;
    unsigned size;
} kinds[] = {
    {NACELLE_TYPE_ENDPOINT, 0},
    {NACELLE_TYPE_NOTIFICATION, 0},
    {NACELLE_TYPE_THREAD, 0},
    {NACELLE_TYPE_FRAME, 12},
    {NACELLE_TYPE_CSPACE, 9},
    {NACELLE_TYPE_VCPU, 0},
    {NACELLE_TYPE_VM, NACELLE_SIZE_VM_MIN},
    {NACELLE_TYPE_ASPACE, 14},
    {NACELLE_TYPE_UNTYPED, 12},
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

_Static_assert(KINDS == 9, "steps");

static void one_round(uint64_t pool, unsigned round)
{
    for (unsigned i = 0; i < KINDS; i++)
        check_error("make", NACELLE_ERROR_OK,
                    nacelle_untyped_retype(pool, kinds[i].type, kinds[i].size, SLOTS + i, 1));
    (void)nacelle_notification_bind(SLOTS + 1, SLOTS);
    (void)nacelle_notification_set_timer(SLOTS + 1,
                                         nacelle_tsc() + bochs_ticks(round % 5 * 1000ull));
    (void)nacelle_vcpu_configure(SLOTS + 5, SLOTS + 6, SLOTS);
    (void)nacelle_aspace_map(NACELLE_SLOT_ASPACE, SLOTS + 3, 0x7000000000ull, READ_WRITE);
    (void)nacelle_thread_configure(SLOTS + 2, SLOTS + 4, SLOTS + 7, SLOTS);
    (void)nacelle_cspace_copy(SLOTS + 4, 1, SLOTS + 4, NACELLE_RIGHTS_ALL, 0);
    if (round % 2 == 0) {
        need(nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, pool), "revoke");
    } else {
        /* in an order of its own each time */
        static const unsigned steps[] = {1, 2, 4, 5, 7, 8}; /* coprime to their number */

        for (unsigned i = 0; i < KINDS; i++)
            drop(SLOTS + (i * steps[round / 2 % 6] + round) % KINDS);
    }
    check_number("used", 0, used_of(pool));
}

/* Mappings far apart until the tables are used up, all away, and as many again. */
static unsigned map_all(uint64_t space, bool vm, uint64_t frames)
{
    enum nacelle_error error = NACELLE_ERROR_OK;
    unsigned count = 0;

    while (count < MAPS_MAX) {
        uint64_t at = vm ? (uint64_t)count << 30 : (uint64_t)count * FAR_APART;

        error = vm ? nacelle_vm_map(space, frames + count, at, READ_WRITE)
                   : nacelle_aspace_map(space, frames + count, at, READ_WRITE);
        if (error != NACELLE_ERROR_OK)
            break;
        count++;
    }
    check_error("map until tables are used up", NACELLE_ERROR_NO_TABLE_MEMORY, error);
    return count;
}

static void tables(bool vm)
{
    uint64_t space = vm ? make(NACELLE_TYPE_VM, 17) : make(NACELLE_TYPE_ASPACE, 16);
    uint64_t frames = slots_take(MAPS_MAX);
    unsigned count;

    need(nacelle_untyped_retype(arena, NACELLE_TYPE_FRAME, 12, frames, 64), "frames");
    count = map_all(space, vm, frames);
    check_range("mappings", 3, 63, count);
    for (unsigned i = 0; i < 5; i++) {
        for (unsigned j = 0; j < count; j++) {
            /* backwards, forwards, by either operation */
            uint64_t frame = frames + (i % 2 != 0 ? j : count - 1 - j);

            check_error("unmap", NACELLE_ERROR_OK,
                        i % 3 == 0 ? nacelle_frame_unmap(frame)
                        : vm       ? nacelle_vm_unmap(space, frame)
                                   : nacelle_aspace_unmap(space, frame));
        }
        check_number("as many again", count, map_all(space, vm, frames));
    }
    drop(space);
    check_error("the space is gone", NACELLE_ERROR_NOT_MAPPED, nacelle_frame_unmap(frames));
}

/* Copies, deleted from the middle, the top, the bottom. */
static void copies(void)
{
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);

    for (unsigned round = 0; round < 200; round++) {
        struct nacelle_identity identity;
        unsigned gone = 0;

        /* a tree: each is a copy of the one half as far */
        for (unsigned i = 1; i < 32; i++)
            need(nacelle_cspace_copy(NACELLE_SLOT_CSPACE, SLOTS + i,
                                     i == 1 ? endpoint : SLOTS + i / 2, NACELLE_RIGHTS_ALL, 0),
                 "copy");
        drop(SLOTS + 2 + round % 2); /* half of the tree but for the root */
        for (unsigned i = 1; i < 32; i++)
            gone += nacelle_cspace_identify(NACELLE_SLOT_CSPACE, SLOTS + i, &identity) !=
                    NACELLE_ERROR_OK;
        check_number("deleted with what was derived", 15, gone);
        need(nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, endpoint), "revoke");
        check_error("all of it", NACELLE_ERROR_INVALID_CAPABILITY,
                    nacelle_cspace_identify(NACELLE_SLOT_CSPACE, SLOTS + 1, &identity));
    }
}

void test_rounds(void)
{
    uint64_t pool = make(NACELLE_TYPE_UNTYPED, SMALL_POOL);

    bystander_start();
    for (unsigned i = 0; i < ROUNDS; i++)
        one_round(pool, i);
    tables(false);
    tables(true);
    copies();
    check_bystander("rounds");
}
