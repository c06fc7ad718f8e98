/* SPDX-License-Identifier: BSD-2-Clause */
#include <harness/check.h>
#include <harness/memory.h>

#include <runtime/aspace.h>
#include <runtime/cspace.h>
#include <runtime/untyped.h>

#define PAGE           4096ull
#define FREE_ADDRESSES 0x002000000000ull

uint64_t arena;

static uint64_t next_slot;
static uint64_t next_address = FREE_ADDRESSES;
static uint64_t source; /* the largest untyped */

uint64_t slots_take(uint64_t count)
{
    uint64_t first = next_slot;

    if (count > NACELLE_ROOT_CSPACE_SLOTS - next_slot)
        give_up("the test program has no slots left");
    next_slot += count;
    return first;
}

uint64_t slot_take(void)
{
    return slots_take(1);
}

struct mark harness_mark(void)
{
    return (struct mark){next_slot, next_address};
}

void harness_release(struct mark mark)
{
    next_slot = mark.slot;
    next_address = mark.address;
}

static uint64_t largest_untyped(void)
{
    uint64_t slot = 0;
    uint64_t size = 0;

    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        if (!boot->untyped[i].device && boot->untyped[i].size > size) {
            slot = boot->untyped[i].slot;
            size = boot->untyped[i].size;
        }
    }
    if (slot == 0)
        give_up("there is no untyped memory");
    return slot;
}

void arena_begin(void)
{
    source = largest_untyped();
    next_slot = boot->first_free_slot;
    next_address = FREE_ADDRESSES;
    arena = slot_take();
    need(nacelle_untyped_retype(source, NACELLE_TYPE_UNTYPED, ARENA_SIZE, arena, 1), "arena");
}

void arena_end(const char *part)
{
    check_error("the arena can be revoked", NACELLE_ERROR_OK,
                nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, arena));
    if (!check_number("bytes still in use of the arena", 0, used_of(arena)))
        print("... at the end of %s\n", part);
    drop(arena);
    if (!check_number("bytes still in use of the memory", 0, used_of(source)))
        print("... at the end of %s\n", part);
    /* Slots hold nothing now, but what was not made of the arena. */
    for (uint64_t slot = boot->first_free_slot; slot < next_slot; slot++)
        (void)nacelle_cspace_delete(NACELLE_SLOT_CSPACE, slot);
}

uint64_t make_from(uint64_t untyped, enum nacelle_type type, unsigned size)
{
    uint64_t slot = slot_take();

    need(nacelle_untyped_retype(untyped, type, size, slot, 1), "make an object");
    return slot;
}

uint64_t make(enum nacelle_type type, unsigned size)
{
    return make_from(arena, type, size);
}

uint64_t copy(uint64_t from, unsigned rights, uint64_t badge)
{
    uint64_t slot = slot_take();

    need(nacelle_cspace_copy(NACELLE_SLOT_CSPACE, slot, from, rights, badge), "copy");
    return slot;
}

uint64_t used_of(uint64_t untyped)
{
    struct nacelle_untyped_info info = {0};

    need(nacelle_untyped_info(untyped, &info), "untyped info");
    return info.used;
}

uint64_t address_take(uint64_t bytes)
{
    uint64_t address = next_address;

    next_address += (bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    return address;
}

struct page page_make(void)
{
    uint64_t address = address_take(PAGE);
    struct page page = {make(NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE), (uint8_t *)address};

    need(nacelle_aspace_map(NACELLE_SLOT_ASPACE, page.frame, address, READ_WRITE), "map a page");
    return page;
}

void drop(uint64_t slot)
{
    need(nacelle_cspace_delete(NACELLE_SLOT_CSPACE, slot), "delete a capability");
}
