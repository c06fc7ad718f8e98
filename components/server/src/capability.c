/* SPDX-License-Identifier: BSD-2-Clause */
#include "capability.h"

#include "aspace.h"
#include "cpu.h"
#include "interrupt.h"
#include "ipc.h"
#include "notification.h"
#include "physical.h"
#include "predictors.h"
#include "server.h"
#include "thread.h"
#include "vcpu_object.h"
#include <x86/insn.h>

/* Deletions between two looks at pending interrupts; in unit tests, as often as can be. */
#ifdef NACELLE_HOST
#define DELETE_STEPS 1
#else
#define DELETE_STEPS 16
#endif

void capability_create_object(struct slot *value)
{
    void *memory = memory_at(value->object);

    switch (value->type) {
    case NACELLE_TYPE_UNTYPED:
    case NACELLE_TYPE_FRAME:
        return; /* named by their physical address */
    case NACELLE_TYPE_CSPACE:
        cspace_init(memory, value->size);
        break;
    case NACELLE_TYPE_ASPACE:
        aspace_init(memory, value->size, server_pml4);
        break;
    case NACELLE_TYPE_THREAD:
        thread_init(memory);
        break;
    case NACELLE_TYPE_ENDPOINT:
        endpoint_init(memory);
        break;
    case NACELLE_TYPE_NOTIFICATION:
        notification_init(memory);
        break;
    case NACELLE_TYPE_VM:
        vm_object_init(memory, value->size);
        break;
    case NACELLE_TYPE_VCPU:
        memory = vcpu_object_init(memory);
        break;
    default:
        break;
    }
    value->object = (uint64_t)memory;
}

void capability_bind(struct slot *source, struct slot *internal, enum internal part, void *object)
{
    struct slot value = {
        .type = source->type,
        .rights = source->rights,
        .size = (uint8_t)part,
        .flags = SLOT_INTERNAL,
        .object = source->object,
        .badge = source->badge,
        .space = (uint64_t)object,
    };

    /* A badge of a capability that maps something is an address. */
    if (source->type != NACELLE_TYPE_ENDPOINT && source->type != NACELLE_TYPE_NOTIFICATION) {
        value.badge = 0;
    }
    capability_delete_internal(internal);
    slot_derive(source, internal, &value);
}

/* The object that contains an internal slot loses what the slot named. */
static void internal_emptied(const struct slot *slot)
{
    void *object = (void *)slot->space;

    switch (slot->size) {
    case INTERNAL_VCPU_VM:
        vcpu_lost_vm(object);
        break;
    case INTERNAL_VCPU_APIC:
        vcpu_lost_apic(object);
        break;
    case INTERNAL_BINDING:
        ((struct endpoint *)slot->object)->bound = NULL;
        break;
    case INTERNAL_INTERRUPT:
        interrupt_unbound(object);
        break;
    default:
        break; /* looked up at each use */
    }
}

void capability_delete_internal(struct slot *internal)
{
    if (internal->type != NACELLE_TYPE_NULL) {
        internal_emptied(internal);
        slot_clear(internal);
    }
}

/* Whether space, in a slot of this type, is where the capability maps something. */
static bool can_map(unsigned type)
{
    return type == NACELLE_TYPE_FRAME || type == NACELLE_TYPE_IOPORT ||
           type == NACELLE_TYPE_THREAD || type == NACELLE_TYPE_VCPU;
}

void space_unmap(struct slot *slot)
{
    struct space *space = can_map(slot->type) ? (struct space *)slot->space : NULL;

    if (space == NULL) {
        return;
    }
    if (slot->type == NACELLE_TYPE_IOPORT) {
        vm_close_ports(vm_of_space(space), slot_first_port(slot), slot_last_port(slot));
    } else if (space->kind == SPACE_VM) {
        vm_unmap(vm_of_space(space), slot->badge, slot->size);
    } else {
        struct aspace *aspace = (struct aspace *)space;
        unsigned size = slot->type == NACELLE_TYPE_FRAME ? slot->size : NACELLE_SIZE_PAGE;

        aspace_unmap(aspace, slot->badge, size);
        if (this_cpu()->cr3 == aspace->root) {
            x86_write_cr3(aspace->root);
        }
    }
    space_detach(space, slot);
}

/* Removes one thing mapped into a space; true when nothing is. */
static bool space_empty_step(struct space *space)
{
    if (space->mapped != NULL) {
        space_unmap(space->mapped);
        return false;
    }
    return true;
}

static bool aspace_destroy_step(struct aspace *aspace)
{
    struct cpu *cpu = this_cpu();

    /* Off the tables first: then removing a mapping needs no flush. */
    if (cpu->cr3 == aspace->root) {
        cpu->cr3 = server_root;
        x86_write_cr3(server_root);
    }
    predictors_forget(cpu, aspace->root);
    return space_empty_step(&aspace->space);
}

/* Does one step of taking the object of an original capability down; true when it is gone. */
static bool destroy_step(struct slot *slot)
{
    void *object = (void *)slot->object;

    switch (slot->type) {
    case NACELLE_TYPE_ASPACE:
        return aspace_destroy_step(object);
    case NACELLE_TYPE_THREAD:
        thread_destroy(object);
        return true;
    case NACELLE_TYPE_ENDPOINT:
        return endpoint_destroy_step(object);
    case NACELLE_TYPE_NOTIFICATION:
        return notification_destroy_step(object);
    case NACELLE_TYPE_VM:
        if (!space_empty_step(space_of_vm(object))) {
            return false;
        }
        predictors_forget(this_cpu(), (uint64_t)object);
        vm_destroy(object);
        return true;
    case NACELLE_TYPE_VCPU:
        vcpu_object_destroy(object);
        return true;
    default:
        return true; /* untyped, frame: nothing; a capability space was emptied slot by slot */
    }
}

/*
 * The first capability to delete on the way to slot: at the bottom of what was derived from it, and
 * if that is the original of a capability space, something inside. A space lies in slots of spaces
 * that existed before it, and originals do not move, so this comes to an end. Returns 0 when the
 * limit of one look is reached.
 */
static struct slot *find_victim(struct slot *slot)
{
    struct slot *victim = slot_leaf(slot);

    while (victim->type == NACELLE_TYPE_CSPACE && (victim->flags & SLOT_ORIGINAL) != 0) {
        struct cspace *cspace = (struct cspace *)victim->object;
        struct slot *slots = (struct slot *)cspace;
        uint64_t limit = cspace->first + 256;

        while (cspace->first < cspace->slots && slots[cspace->first].type == NACELLE_TYPE_NULL) {
            if (cspace->first == limit) {
                return NULL;
            }
            cspace->first++;
        }
        if (cspace->first == cspace->slots) {
            return victim;
        }
        victim = slot_leaf(&slots[cspace->first]);
    }
    return victim;
}

/* Deletes one capability from which nothing is derived; false when its object needs more steps. */
static bool delete_leaf(struct slot *slot)
{
    if ((slot->flags & SLOT_INTERNAL) != 0) {
        capability_delete_internal(slot);
        return true;
    }
    space_unmap(slot);
    if ((slot->flags & SLOT_ORIGINAL) != 0 && !destroy_step(slot)) {
        return false;
    }
    slot_clear(slot);
    return true;
}

bool capability_delete_some(struct slot *slot, bool keep)
{
    for (unsigned step = 0; step < DELETE_STEPS; step++) {
        if (keep && !slot_has_children(slot)) {
            return true;
        }

        struct slot *victim = find_victim(slot);

        if (victim != NULL && delete_leaf(victim) && victim == slot) {
            return true;
        }
    }
    return false;
}
