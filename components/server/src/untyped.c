/* SPDX-License-Identifier: BSD-2-Clause */
#include "untyped.h"

/* Sizes that each type may have, as powers of two; 0 to 0: not made from memory. */
static const struct {
    uint8_t least, most;
} sizes[NACELLE_TYPE_COUNT] = {
    [NACELLE_TYPE_UNTYPED] = {NACELLE_SIZE_UNTYPED_MIN, NACELLE_SIZE_UNTYPED_MAX},
    [NACELLE_TYPE_FRAME] = {NACELLE_SIZE_PAGE, NACELLE_SIZE_HUGE},
    [NACELLE_TYPE_CSPACE] = {NACELLE_SIZE_CSPACE_MIN, NACELLE_SIZE_CSPACE_MAX},
    [NACELLE_TYPE_ASPACE] = {NACELLE_SIZE_ASPACE_MIN, NACELLE_SIZE_ASPACE_MAX},
    [NACELLE_TYPE_THREAD] = {NACELLE_SIZE_THREAD, NACELLE_SIZE_THREAD},
    [NACELLE_TYPE_ENDPOINT] = {NACELLE_SIZE_ENDPOINT, NACELLE_SIZE_ENDPOINT},
    [NACELLE_TYPE_NOTIFICATION] = {NACELLE_SIZE_NOTIFICATION, NACELLE_SIZE_NOTIFICATION},
    [NACELLE_TYPE_VM] = {NACELLE_SIZE_VM_MIN, NACELLE_SIZE_VM_MAX},
    [NACELLE_TYPE_VCPU] = {NACELLE_SIZE_VCPU, NACELLE_SIZE_VCPU},
};

unsigned object_size(unsigned type, unsigned size, bool device)
{
    if (type >= NACELLE_TYPE_COUNT || sizes[type].most == 0) {
        return 0;
    }
    if (sizes[type].least == sizes[type].most) {
        size = sizes[type].least;
    }
    if (size < sizes[type].least || size > sizes[type].most) {
        return 0;
    }
    if (type == NACELLE_TYPE_FRAME && size != NACELLE_SIZE_PAGE && size != NACELLE_SIZE_LARGE &&
        size != NACELLE_SIZE_HUGE) {
        return 0;
    }
    if (device && type != NACELLE_TYPE_FRAME && type != NACELLE_TYPE_UNTYPED) {
        return 0;
    }
    return size;
}

enum nacelle_error untyped_retype(const struct slot *untyped, uint64_t type_and_size,
                                  uint64_t count, struct retype *retype)
{
    unsigned type = (unsigned)(type_and_size & 0xff);
    bool device = (untyped->flags & SLOT_DEVICE) != 0;
    unsigned size = object_size(type, (unsigned)(type_and_size >> 8 & 0xff), device);

    if (type_and_size >> 16 != 0 || size == 0) {
        return NACELLE_ERROR_INVALID_ARGUMENT;
    }
    if (count == 0 || count > 1ull << NACELLE_SIZE_CSPACE_MAX) {
        return NACELLE_ERROR_OUT_OF_RANGE;
    }
    if (!slot_can_derive(untyped)) {
        return NACELLE_ERROR_TOO_DEEP;
    }

    /* Objects are aligned to their size in physical memory. No sum here can overflow: addresses
     * are below 1 << 52, sizes and counts bounded above. */
    uint64_t used = untyped_is_reusable(untyped) ? 0 : untyped->badge;
    uint64_t object = 1ull << size;
    uint64_t start = (untyped->object + used + object - 1) & ~(object - 1);
    uint64_t end = untyped->object + untyped->space;

    if (start > end || count > (end - start) >> size) {
        return NACELLE_ERROR_NO_MEMORY;
    }
    *retype = (struct retype){
        .type = (uint8_t)type,
        .size = (uint8_t)size,
        .offset = start - untyped->object,
        .count = count,
    };
    return NACELLE_ERROR_OK;
}

void untyped_capability(const struct slot *untyped, const struct retype *retype, uint64_t index,
                        struct slot *value)
{
    *value = (struct slot){
        .type = retype->type,
        .rights = NACELLE_RIGHTS_ALL,
        .size = retype->size,
        .flags = (uint8_t)(SLOT_ORIGINAL | (untyped->flags & SLOT_DEVICE)),
        .object = untyped->object + retype->offset + (index << retype->size),
    };
    if (retype->type == NACELLE_TYPE_UNTYPED) {
        value->space = 1ull << retype->size;
    }
}

bool untyped_clear_step(struct slot *untyped, const struct retype *retype, uint64_t most,
                        struct untyped_piece *piece)
{
    uint64_t end = retype->offset + (retype->count << retype->size);

    *piece = (struct untyped_piece){0, 0};
    if ((untyped->flags & SLOT_DEVICE) != 0) {
        return true;
    }
    if (untyped_is_reusable(untyped)) {
        untyped->badge = 0;
        untyped->cleared = 0;
    }

    /* Also what alignment leaves out: a retyping that gives up half way may be followed by one that
     * begins there, and two at once, by turns, go on with each other's work. */
    uint64_t from = untyped->cleared > untyped->badge ? untyped->cleared : untyped->badge;

    if (from >= end) {
        return true;
    }
    *piece = (struct untyped_piece){from, end - from > most ? from + most : end};
    untyped->cleared = piece->end;
    return piece->end == end;
}
