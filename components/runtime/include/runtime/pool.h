/* SPDX-License-Identifier: BSD-2-Clause */
/* Making objects: the next free slot and the first untyped memory that has room. */
#ifndef RUNTIME_POOL_H
#define RUNTIME_POOL_H

#include <nacelle/object.h>
#include <runtime/client_info.h>
#include <runtime/system_call.h>

#define NACELLE_POOL_UNTYPED_MAX 64

/* Slots are handed out in ascending order and not taken back: enough for who sets up once. */
struct nacelle_pool {
    uint64_t next_slot;
    uint64_t end_slot;
    uint64_t next_address; /* for nacelle_pool_address() */
    unsigned untyped_count;
    uint64_t
        untyped[NACELLE_POOL_UNTYPED_MAX]; /* slots, largest first; tried from the last one on */
};

/* The pool of a client: all that its root task gave it. */
void nacelle_pool_init(struct nacelle_pool *pool, const struct nacelle_client_info *info);

/* `count` slots in a row. NACELLE_ERROR_OUT_OF_RANGE when the capability space is full. */
enum nacelle_error nacelle_pool_slots(struct nacelle_pool *pool, uint64_t count, uint64_t *first);

/* Makes `count` objects (`size`: power of two) in slots *first ... *first + count - 1. */
enum nacelle_error nacelle_pool_make(struct nacelle_pool *pool, enum nacelle_type type,
                                     unsigned size, uint64_t count, uint64_t *first);

/* One object; prints and exits on failure, for clients that cannot go on without it. */
uint64_t nacelle_pool_need(struct nacelle_pool *pool, enum nacelle_type type, unsigned size);

/* A range of `size` bytes of the client's free address space, aligned to `alignment`. */
uint64_t nacelle_pool_address(struct nacelle_pool *pool, uint64_t size, uint64_t alignment);

#endif
