/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be mapped into: address spaces and VMs, and the capabilities that map things there. */
#ifndef SERVER_SPACE_H
#define SERVER_SPACE_H

#include "slot.h"

enum space_kind {
    SPACE_ADDRESS,
    SPACE_VM
};

/*
 * The part that address spaces and VMs share: the list of the capabilities that map something into
 * it. Deleting such a capability removes the mapping; deleting the space removes all of them.
 */
struct space {
    uint64_t kind;
    struct slot *mapped;
};

static inline void space_attach(struct space *space, struct slot *slot, uint64_t address)
{
    slot->space = (uint64_t)space;
    slot->badge = address;
    slot->mapped_previous = NULL;
    slot->mapped_next = space->mapped;
    if (space->mapped != NULL) {
        space->mapped->mapped_previous = slot;
    }
    space->mapped = slot;
}

static inline void space_detach(struct space *space, struct slot *slot)
{
    if (slot->mapped_previous != NULL) {
        slot->mapped_previous->mapped_next = slot->mapped_next;
    } else {
        space->mapped = slot->mapped_next;
    }
    if (slot->mapped_next != NULL) {
        slot->mapped_next->mapped_previous = slot->mapped_previous;
    }
    slot->mapped_previous = NULL;
    slot->mapped_next = NULL;
    slot->space = 0;
    slot->badge = 0;
}

/* Removes what the capability maps, if anything: translations, ports. */
void space_unmap(struct slot *slot);

#endif
