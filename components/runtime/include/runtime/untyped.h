/* SPDX-License-Identifier: BSD-2-Clause */
/* Untyped memory (nacelle/object.h says what each operation does and how it fails). */
#ifndef RUNTIME_UNTYPED_H
#define RUNTIME_UNTYPED_H

#include <nacelle/object.h>
#include <runtime/system_call.h>

/* Most objects that one operation makes (NACELLE_UNTYPED_RETYPE). */
#define NACELLE_RETYPE_AT_ONCE 64

/* Makes `count` objects of `type` in the caller's slots from `first` on. `size`: power of two. */
static inline enum nacelle_error nacelle_untyped_retype(uint64_t slot, enum nacelle_type type,
                                                        unsigned size, uint64_t first,
                                                        uint64_t count)
{
    return nacelle_invoke4(slot, NACELLE_UNTYPED_RETYPE, (uint64_t)type | (uint64_t)size << 8,
                           first, count, 0);
}

/* The same for any number of objects, by as many calls as it takes. What was made before a failure
 * stays. */
static inline enum nacelle_error nacelle_untyped_retype_many(uint64_t slot, enum nacelle_type type,
                                                             unsigned size, uint64_t first,
                                                             uint64_t count)
{
    enum nacelle_error error = NACELLE_ERROR_OK;

    while (count && error == NACELLE_ERROR_OK) {
        uint64_t part = count < NACELLE_RETYPE_AT_ONCE ? count : NACELLE_RETYPE_AT_ONCE;

        error = nacelle_untyped_retype(slot, type, size, first, part);
        first += part;
        count -= part;
    }
    return error;
}

struct nacelle_untyped_info {
    uint64_t physical; /* address of the first byte */
    uint64_t size;     /* bytes */
    uint64_t used;     /* bytes */
    uint64_t device;   /* 1: retyping keeps the contents */
};

static inline enum nacelle_error nacelle_untyped_info(uint64_t slot,
                                                      struct nacelle_untyped_info *info)
{
    struct nacelle_message message = {0};
    enum nacelle_error error = nacelle_invoke(slot, NACELLE_UNTYPED_INFO, 0, &message);

    if (error == NACELLE_ERROR_OK)
        *info = (struct nacelle_untyped_info){message.words[0], message.words[1], message.words[2],
                                              message.words[3]};
    return error;
}

#endif
