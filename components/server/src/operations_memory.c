/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations of untyped memory, frames, capability spaces and address spaces. */
#include "aspace.h"
#include "capability.h"
#include "physical.h"
#include "server.h"
#include "system_call.h"
#include "untyped.h"
#include "vcpu_object.h"

/* Memory cleared between two looks at pending interrupts; in unit tests, as often as can be. */
#ifdef NACELLE_HOST
#define CLEAR_STEP 0x1000ul
#else
#define CLEAR_STEP 0x40000ul
#endif
/* Objects made in one go. */
#define RETYPE_STEP 64

static void clear(uint64_t physical, uint64_t bytes)
{
    void *memory = memory_at(physical);
    uint64_t quads = bytes / 8;

    __asm__ volatile("rep stosq" : "+D"(memory), "+c"(quads) : "a"(0ull) : "memory");
}

/* Clears the memory of the objects, some at a time; true when all of it is clear. */
static bool clear_some(struct slot *untyped, const struct retype *retype)
{
    struct untyped_piece piece;
    bool all = untyped_clear_step(untyped, retype, CLEAR_STEP, &piece);

    clear(untyped->object + piece.start, piece.end - piece.start);
    return all;
}

/* The capability space that word number word names (0: the caller's own), or 0 after fail(). */
static struct cspace *argument_cspace(struct invocation *invocation, unsigned word)
{
    if (argument_word(invocation, word) == 0) {
        return invocation->cspace;
    }

    struct slot *slot = argument_slot(invocation, word, NACELLE_TYPE_CSPACE, NACELLE_RIGHT_WRITE);

    return slot != NULL ? (struct cspace *)slot->object : NULL;
}

static void untyped_do_retype(struct invocation *invocation)
{
    struct slot *untyped = invocation->slot;
    uint64_t first = argument_word(invocation, 1);
    uint64_t count = argument_word(invocation, 2);
    struct cspace *cspace = argument_cspace(invocation, 3);
    struct retype retype;

    if (cspace == NULL) {
        return;
    }
    if (count > RETYPE_STEP) {
        fail(invocation, NACELLE_ERROR_OUT_OF_RANGE, NACELLE_CULPRIT_WORD(2));
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (destination_slot(invocation, cspace, first + i, 1) == NULL) {
            return;
        }
    }

    enum nacelle_error error =
        untyped_retype(untyped, argument_word(invocation, 0), count, &retype);

    if (error != NACELLE_ERROR_OK) {
        fail(invocation, error,
             error == NACELLE_ERROR_INVALID_ARGUMENT ? NACELLE_CULPRIT_WORD(0)
             : error == NACELLE_ERROR_OUT_OF_RANGE   ? NACELLE_CULPRIT_WORD(2)
                                                     : NACELLE_CULPRIT_CAPABILITY);
        return;
    }
    if (!clear_some(untyped, &retype)) {
        invocation->outcome = OUTCOME_RESTART;
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        struct slot value;

        untyped_capability(untyped, &retype, i, &value);
        capability_create_object(&value);
        slot_derive(untyped, cspace_slot(cspace, first + i), &value);
    }
    untyped->badge = retype.offset + (count << retype.size);
    reply_word(invocation, 0, count);
}

static void untyped_info(struct invocation *invocation)
{
    const struct slot *untyped = invocation->slot;

    reply_word(invocation, 0, untyped->object);
    reply_word(invocation, 1, untyped->space);
    reply_word(invocation, 2, untyped_is_reusable(untyped) ? 0 : untyped->badge);
    reply_word(invocation, 3, (untyped->flags & SLOT_DEVICE) != 0);
}

const struct operation untyped_operations[OPERATIONS_MAX] = {
    OPERATION(NACELLE_UNTYPED_RETYPE, untyped_do_retype, NACELLE_RIGHT_WRITE, 4),
    OPERATION(NACELLE_UNTYPED_INFO, untyped_info, NACELLE_RIGHT_READ, 0),
};

/* Removes what the capability maps, in the given space or (0) wherever it is. */
static void unmap(struct invocation *invocation, struct slot *slot, const struct space *space,
                  uint64_t culprit)
{
    if (slot->space == 0 || (space != NULL && slot->space != (uint64_t)space)) {
        fail(invocation, NACELLE_ERROR_NOT_MAPPED, culprit);
        return;
    }
    space_unmap(slot);
}

static void frame_unmap(struct invocation *invocation)
{
    unmap(invocation, invocation->slot, NULL, NACELLE_CULPRIT_CAPABILITY);
}

static void frame_info(struct invocation *invocation)
{
    const struct slot *frame = invocation->slot;

    reply_word(invocation, 0, frame->object);
    reply_word(invocation, 1, 1ull << frame->size);
    reply_word(invocation, 2, frame->badge);
}

const struct operation frame_operations[OPERATIONS_MAX] = {
    OPERATION(NACELLE_FRAME_UNMAP, frame_unmap, 0, 0),
    OPERATION(NACELLE_FRAME_INFO, frame_info, 0, 0),
};

static void cspace_copy(struct invocation *invocation)
{
    struct cspace *cspace = (struct cspace *)invocation->slot->object;
    struct slot *source = argument_slot(invocation, 1, NACELLE_TYPE_NULL, 0);
    struct slot_mint mint = {.rights = argument_word(invocation, 2),
                             .badge = argument_word(invocation, 3)};
    struct slot value;

    if (source == NULL) {
        return;
    }

    struct slot *target = destination_slot(invocation, cspace, argument_word(invocation, 0), 0);
    enum nacelle_error error = target != NULL ? slot_mint(source, &mint, &value) : NACELLE_ERROR_OK;

    if (error != NACELLE_ERROR_OK) {
        fail(invocation, error,
             mint.badge != 0 && error != NACELLE_ERROR_TOO_DEEP ? NACELLE_CULPRIT_WORD(3)
                                                                : NACELLE_CULPRIT_WORD(1));
    } else if (target != NULL) {
        slot_derive(source, target, &value);
    }
}

/* The slot of the invoked space that word 0 names, with a capability; 0 after fail(). */
static struct slot *cspace_target(struct invocation *invocation)
{
    struct cspace *cspace = (struct cspace *)invocation->slot->object;
    struct slot *slot = cspace_slot(cspace, argument_word(invocation, 0));

    if (slot == NULL || slot->type == NACELLE_TYPE_NULL) {
        fail(invocation, NACELLE_ERROR_INVALID_CAPABILITY, NACELLE_CULPRIT_WORD(0));
        return NULL;
    }
    return slot;
}

static void delete_target(struct invocation *invocation, bool keep)
{
    struct slot *slot = cspace_target(invocation);

    if (slot != NULL && !capability_delete_some(slot, keep)) {
        invocation->outcome = OUTCOME_RESTART;
    }
}

static void cspace_delete(struct invocation *invocation)
{
    delete_target(invocation, false);
}

static void cspace_revoke(struct invocation *invocation)
{
    delete_target(invocation, true);
}

static void cspace_identify(struct invocation *invocation)
{
    const struct slot *slot = cspace_target(invocation);

    if (slot == NULL) {
        return;
    }

    bool badged = slot->type == NACELLE_TYPE_ENDPOINT || slot->type == NACELLE_TYPE_NOTIFICATION;

    reply_word(invocation, 0, slot->type);
    reply_word(invocation, 1, slot->rights);
    reply_word(invocation, 2, badged ? slot->badge : 0);
    reply_word(invocation, 3, slot->size);
}

const struct operation cspace_operations[OPERATIONS_MAX] = {
    OPERATION(NACELLE_CSPACE_COPY, cspace_copy, NACELLE_RIGHT_WRITE, 4),
    OPERATION(NACELLE_CSPACE_DELETE, cspace_delete, NACELLE_RIGHT_WRITE, 1),
    OPERATION(NACELLE_CSPACE_REVOKE, cspace_revoke, NACELLE_RIGHT_WRITE, 1),
    OPERATION(NACELLE_CSPACE_IDENTIFY, cspace_identify, NACELLE_RIGHT_READ, 1),
};

/* What a capability gives to map: physical address and size; false when nothing. */
static bool mappable(const struct slot *slot, struct mapping *mapping)
{
    mapping->size = NACELLE_SIZE_PAGE;
    switch (slot->type) {
    case NACELLE_TYPE_FRAME:
        mapping->physical = slot->object;
        mapping->size = slot->size;
        return true;
    case NACELLE_TYPE_THREAD:
        mapping->physical = physical_of(thread_buffer((struct thread *)slot->object));
        return true;
    case NACELLE_TYPE_VCPU:
        mapping->physical = vcpu_state_physical((struct vcpu_object *)slot->object);
        return true;
    default:
        return false;
    }
}

static void aspace_do_map(struct invocation *invocation)
{
    struct aspace *aspace = (struct aspace *)invocation->slot->object;
    uint64_t flags = argument_word(invocation, 2);
    struct slot *slot = argument_slot(invocation, 0, NACELLE_TYPE_NULL, flags & NACELLE_RIGHTS_ALL);
    struct mapping mapping = {
        .address = argument_word(invocation, 1),
        .rights = (unsigned)(flags & NACELLE_RIGHTS_ALL),
        .uncached = (flags & NACELLE_MAP_UNCACHED) != 0,
    };

    if (slot == NULL) {
        return;
    }
    if (!mappable(slot, &mapping)) {
        fail(invocation, NACELLE_ERROR_WRONG_TYPE, NACELLE_CULPRIT_WORD(0));
    } else if (mapping.size == NACELLE_SIZE_HUGE && !server_huge_pages) {
        fail(invocation, NACELLE_ERROR_UNSUPPORTED, NACELLE_CULPRIT_WORD(0));
    } else if (slot->space != 0) {
        fail(invocation, NACELLE_ERROR_ALREADY_MAPPED, NACELLE_CULPRIT_WORD(0));
    } else if ((flags & ~(uint64_t)(NACELLE_RIGHTS_ALL | NACELLE_MAP_UNCACHED)) != 0 ||
               (slot->type != NACELLE_TYPE_FRAME && (flags & NACELLE_RIGHT_EXECUTE) != 0)) {
        fail(invocation, NACELLE_ERROR_INVALID_ARGUMENT, NACELLE_CULPRIT_WORD(2));
    } else {
        enum nacelle_error error = aspace_map(aspace, &mapping);

        if (error == NACELLE_ERROR_OK) {
            space_attach(&aspace->space, slot, mapping.address);
        } else {
            fail(invocation, error,
                 error == NACELLE_ERROR_INVALID_ARGUMENT  ? NACELLE_CULPRIT_WORD(2)
                 : error == NACELLE_ERROR_NO_TABLE_MEMORY ? NACELLE_CULPRIT_CAPABILITY
                                                          : NACELLE_CULPRIT_WORD(1));
        }
    }
}

static void aspace_do_unmap(struct invocation *invocation)
{
    struct slot *slot = argument_slot(invocation, 0, NACELLE_TYPE_NULL, 0);
    struct mapping ignored;

    if (slot == NULL) {
        return;
    }
    if (!mappable(slot, &ignored)) {
        fail(invocation, NACELLE_ERROR_WRONG_TYPE, NACELLE_CULPRIT_WORD(0));
        return;
    }
    unmap(invocation, slot, (struct space *)invocation->slot->object, NACELLE_CULPRIT_WORD(0));
}

const struct operation aspace_operations[OPERATIONS_MAX] = {
    OPERATION(NACELLE_ASPACE_MAP, aspace_do_map, NACELLE_RIGHT_WRITE, 3),
    OPERATION(NACELLE_ASPACE_UNMAP, aspace_do_unmap, NACELLE_RIGHT_WRITE, 1),
};
