/* SPDX-License-Identifier: BSD-2-Clause */
/* Retyping untyped memory: which object may be made, where it lies, what must be cleared. Pure. */
#ifndef SERVER_UNTYPED_H
#define SERVER_UNTYPED_H

#include "slot.h"

/*
 * Whether all objects made of the untyped are gone, so that its memory is there again, but no
 * longer known to be zero. (A first retyping under way has used nothing yet, but cleared some.)
 */
static inline bool untyped_is_reusable(const struct slot *untyped)
{
    return untyped->badge != 0 && !slot_has_children(untyped);
}

/* What one retyping makes. */
struct retype {
    uint8_t type;
    uint8_t size;    /* as a power of two */
    uint64_t offset; /* of the first object, in the untyped */
    uint64_t count;
};

/* Size of an object of this type, as a power of two; size is the caller's choice where it has one.
 * 0 when the type cannot be made, or not in this size. */
unsigned object_size(unsigned type, unsigned size, bool device);

/*
 * Decodes a retyping: INVALID_ARGUMENT for type or size, OUT_OF_RANGE for a count of 0 or one that
 * no address space could hold, NO_MEMORY, TOO_DEEP. A fresh start is made when nothing is derived
 * from the untyped any more.
 */
enum nacelle_error untyped_retype(const struct slot *untyped, uint64_t type_and_size,
                                  uint64_t count, struct retype *retype);

/* The capability to object number index of a retyping. */
void untyped_capability(const struct slot *untyped, const struct retype *retype, uint64_t index,
                        struct slot *value);

/* A piece of an untyped, as offsets. */
struct untyped_piece {
    uint64_t start, end;
};

/*
 * The next piece to clear, at most that many bytes, before the objects can be made; empty when
 * their memory is known to be zero, or is device memory. It is booked as cleared in the untyped,
 * not in the caller, who may never come back. true when all is clear once the piece is.
 */
bool untyped_clear_step(struct slot *untyped, const struct retype *retype, uint64_t most,
                        struct untyped_piece *piece);

#endif
