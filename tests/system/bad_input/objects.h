/* SPDX-License-Identifier: BSD-2-Clause */
/* The objects that the tables name: at least one of each type, each in a slot of its own. */
#ifndef BAD_INPUT_OBJECTS_H
#define BAD_INPUT_OBJECTS_H

#include <nacelle/object.h>
#include <stdint.h>

enum slot {
    FIRST_SLOT = 1000, /* beyond those that the harness hands out here */

    /* One of each type, in the order of the types, from UNTYPED (1) to INTERRUPT (11). */
    UNTYPED, /* 1 MiB, unused */
    FRAME,   /* 4 KiB, not mapped */
    CSPACE,  /* 4 slots, empty but for slot 3 */
    ASPACE,  /* without tables */
    THREAD,  /* not configured */
    ENDPOINT,
    NOTIFICATION,
    VM,    /* the smallest */
    VCPU,  /* not configured */
    PORTS, /* 0x80 to 0x8f */
    INTERRUPT,

    /* The same with no rights at all. */
    WEAK,
    WEAK_LAST = WEAK + NACELLE_TYPE_COUNT,

    FRAME_MAPPED,  /* in ASPACE_USED at MAPPED_AT */
    FRAME_LARGE,   /* 2 MiB, in ASPACE_USED at LARGE_AT */
    FRAME_LARGE2,  /* 2 MiB, not mapped */
    FRAME_VM,      /* in VM_USED at MAPPED_AT */
    FRAME_READ,    /* read only, not mapped */
    UNTYPED_SMALL, /* 4 KiB */
    ASPACE_USED,
    ENDPOINT_BADGED,
    ENDPOINT_BOUND, /* NOTIFICATION_BOUND is bound to it */
    NOTIFICATION_BOUND,
    NOTIFICATION_BADGED,
    THREAD_RUNNING, /* runs for ever, below our priority */
    VM_USED,
    VCPU_STOPPED, /* configured, never started */
    VCPU_RUNNING, /* configured, runs for ever */
    PORTS_READ,   /* 0x80 to 0x8f without WRITE */
    PORTS_OPEN,   /* open in VM_USED */
    EMPTY,        /* nothing in it, ever */
    STALE,        /* a copy was here, and was deleted */
    REVOKED,      /* a copy was here, and was revoked */
    LAST_SLOT
};

#define MAPPED_AT 0x00200000ull
#define LARGE_AT  0x00400000ull
#define NO_SLOT   0x7000ull /* beyond the capability space */

/* Of a type. */
static inline uint64_t object_of(unsigned type)
{
    return UNTYPED + type - NACELLE_TYPE_UNTYPED;
}

static inline uint64_t weak_object_of(unsigned type)
{
    return WEAK + type;
}

/* Types of which a capability cannot be copied, so that there is none without rights. */
static inline int has_weak_object(unsigned type)
{
    return type != NACELLE_TYPE_UNTYPED;
}

void objects_make(void);

/* Deletes those that are not made of the arena. */
void objects_drop(void);

/* A number that changes when any capability or untyped of these changes in any visible way. */
uint64_t objects_fingerprint(void);

#endif
