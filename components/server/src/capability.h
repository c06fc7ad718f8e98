/* SPDX-License-Identifier: BSD-2-Clause */
/* Capabilities and the objects behind them: making, binding, deleting. */
#ifndef SERVER_CAPABILITY_H
#define SERVER_CAPABILITY_H

#include "slot.h"

/* Which part of its object an internal slot is. */
enum internal {
    INTERNAL_THREAD, /* capability space, address space, fault endpoint */
    INTERNAL_VCPU_VM,
    INTERNAL_VCPU_ENDPOINT,
    INTERNAL_VCPU_APIC,
    INTERNAL_BINDING,   /* of a notification to an endpoint */
    INTERNAL_INTERRUPT, /* of an interrupt line to a notification */
};

/* Makes the object of a capability, in zeroed memory. */
void capability_create_object(struct slot *value);

/* Binds: a copy of source goes into the internal slot, which is emptied first. */
void capability_bind(struct slot *source, struct slot *internal, enum internal part, void *object);

/* Empties an internal slot; nothing can be derived from it. */
void capability_delete_internal(struct slot *internal);

/*
 * Deletes what was derived from slot, and slot itself unless keep is set: some steps at a time.
 * False when there is more to do; call again.
 */
bool capability_delete_some(struct slot *slot, bool keep);

#endif
