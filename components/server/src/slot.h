/* SPDX-License-Identifier: BSD-2-Clause */
/* Capability slots: lookup, and the order that says what was derived from what. Pure. */
#ifndef SERVER_SLOT_H
#define SERVER_SLOT_H

/* For assembly, checked below. */
#define SLOT_TYPE        0 /* one byte, the next is rights */
#define SLOT_OBJECT      8
#define SLOT_SHIFT       6
#define CSPACE_SLOTS     8
#define SLOT_TYPE_CSPACE 3
#define SLOT_TYPE_VM     8
#define SLOT_TYPE_VCPU   9

#ifndef __ASSEMBLER__

#include <nacelle/error.h>
#include <nacelle/object.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Flags of a slot. */
#define SLOT_ORIGINAL 1u /* made by retyping: the object lives as long as this capability */
#define SLOT_DEVICE   2u /* untyped or frame over memory whose contents are kept */
#define SLOT_INTERNAL 4u /* part of an object, not of a capability space; never a source */

/* Steps over which a capability may be derived. */
#define SLOT_DEPTH_MAX 255

/*
 * A capability. All slots with a capability form one list: each is followed by everything that was
 * derived from it, one step deeper. So "all that was derived from it" is the run of deeper slots
 * behind it, and deleting leaves from the end never breaks the order.
 *
 *            object             badge            space
 *   untyped  physical address   bytes used       bytes in all
 *   frame    physical address   mapped at        space it is mapped in
 *   thread   object             IPC buffer at    address space
 *   vCPU     object             state page at    address space
 *   I/O port first | last << 16 -                VM it is open in
 *   endpoint object             badge            -
 *   notification object         badge            -
 *   others   object             -                -
 *
 * An untyped also has the offset up to which its memory, as far as it is not used, is known to be
 * zero.
 *
 * In an internal slot, space is the object that contains it and size says which part of it.
 */
struct slot {
    uint8_t type;   /* NACELLE_TYPE_*; NULL: the slot is empty */
    uint8_t rights; /* NACELLE_RIGHT_* */
    uint8_t size;   /* of the object, as a power of two; 0 when it is no power of two */
    uint8_t flags;
    uint16_t depth;
    uint16_t reserved;
    uint64_t object;
    uint64_t badge;
    uint64_t space;
    struct slot *previous, *next; /* order of derivation */
    union {
        struct slot *mapped_previous; /* list of all that is mapped in one space */
        uint64_t cleared;
    };
    struct slot *mapped_next;
};

_Static_assert(sizeof(struct slot) == 1 << NACELLE_SIZE_SLOT, "64 bytes a slot");
_Static_assert(sizeof(struct slot) == 1 << SLOT_SHIFT, "for assembly");
_Static_assert(offsetof(struct slot, type) == SLOT_TYPE, "for assembly");
_Static_assert(offsetof(struct slot, rights) == SLOT_TYPE + 1, "for assembly");
_Static_assert(offsetof(struct slot, object) == SLOT_OBJECT, "for assembly");
_Static_assert(SLOT_TYPE_CSPACE == NACELLE_TYPE_CSPACE && SLOT_TYPE_VM == NACELLE_TYPE_VM &&
                   SLOT_TYPE_VCPU == NACELLE_TYPE_VCPU,
               "for assembly");

/* A capability space: an array of slots. The memory of slot 0, never used as one, holds this. */
struct cspace {
    uint64_t empty; /* as in an empty slot: 0, so that none looks like a capability in slot 0 */
    uint64_t slots; /* number, slot 0 included */
    uint64_t first; /* while it is being deleted: no capability below this slot */
    uint64_t reserved[5];
};

_Static_assert(sizeof(struct cspace) == sizeof(struct slot), "stands in slot 0");
_Static_assert(offsetof(struct cspace, slots) == CSPACE_SLOTS, "for assembly");

/* Slot number index of a capability space, or 0 when there is none. */
static inline struct slot *cspace_slot(struct cspace *cspace, uint64_t index)
{
    if (index == 0 || index >= cspace->slots) {
        return NULL;
    }
    return (struct slot *)cspace + index;
}

/* The same for who looks at the type first anyway: slot 0 is one without a capability. */
static inline struct slot *cspace_look(struct cspace *cspace, uint64_t index)
{
    return index < cspace->slots ? (struct slot *)cspace + index : NULL;
}

/* Call it before a capability goes into an empty slot: the space may be in the middle of being
 * deleted, and must not go while something is in it. */
static inline void cspace_will_fill(struct cspace *cspace, uint64_t index)
{
    if (index < cspace->first) {
        cspace->first = index;
    }
}

/* Makes memory, zeroed, into a capability space of 1 << size bytes. */
static inline void cspace_init(struct cspace *cspace, unsigned size)
{
    cspace->slots = 1ull << (size - NACELLE_SIZE_SLOT);
    cspace->first = 1;
}

/* Puts a capability without ancestors into an empty slot. */
void slot_set_root(struct slot *slot, const struct slot *value);

/* Whether anything was derived from the capability. */
bool slot_has_children(const struct slot *slot);

/*
 * Puts value (type, rights, size, flags, object, badge, space) into the empty slot child, derived
 * from parent. The caller checked slot_can_derive.
 */
void slot_derive(struct slot *parent, struct slot *child, const struct slot *value);

/* Whether one more step of derivation is possible. */
static inline bool slot_can_derive(const struct slot *parent)
{
    return parent->depth < SLOT_DEPTH_MAX;
}

/* A capability at the bottom of what was derived from slot, or slot itself when there is none. */
struct slot *slot_leaf(struct slot *slot);

/* Empties a slot from which nothing is derived. */
void slot_clear(struct slot *slot);

/* What NACELLE_CSPACE_COPY asks for: rights to keep, and badge or port range. */
struct slot_mint {
    uint64_t rights;
    uint64_t badge;
};

/* The capability that a copy of source would be; an error when it may not be made so. */
enum nacelle_error slot_mint(const struct slot *source, const struct slot_mint *mint,
                             struct slot *value);

/* First and last port of an I/O-port capability. */
static inline uint16_t slot_first_port(const struct slot *slot)
{
    return (uint16_t)slot->object;
}

static inline uint16_t slot_last_port(const struct slot *slot)
{
    return (uint16_t)(slot->object >> 16);
}

#endif
#endif
