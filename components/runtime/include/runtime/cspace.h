/* SPDX-License-Identifier: BSD-2-Clause */
/* Capability spaces (nacelle/object.h says what each operation does and how it fails). */
#ifndef RUNTIME_CSPACE_H
#define RUNTIME_CSPACE_H

#include <nacelle/object.h>
#include <runtime/system_call.h>

/* Copies the caller's `source` to slot `to` of `cspace`. `badge`: see NACELLE_CSPACE_COPY. */
static inline enum nacelle_error nacelle_cspace_copy(uint64_t cspace, uint64_t to, uint64_t source,
                                                     unsigned rights, uint64_t badge)
{
    return nacelle_invoke4(cspace, NACELLE_CSPACE_COPY, to, source, rights, badge);
}

static inline enum nacelle_error nacelle_cspace_delete(uint64_t cspace, uint64_t slot)
{
    return nacelle_invoke1(cspace, NACELLE_CSPACE_DELETE, slot);
}

static inline enum nacelle_error nacelle_cspace_revoke(uint64_t cspace, uint64_t slot)
{
    return nacelle_invoke1(cspace, NACELLE_CSPACE_REVOKE, slot);
}

struct nacelle_identity {
    uint64_t type; /* enum nacelle_type */
    uint64_t rights;
    uint64_t badge;
    uint64_t size; /* power of two */
};

static inline enum nacelle_error nacelle_cspace_identify(uint64_t cspace, uint64_t slot,
                                                         struct nacelle_identity *identity)
{
    struct nacelle_message message = {.words = {slot}};
    enum nacelle_error error = nacelle_invoke(cspace, NACELLE_CSPACE_IDENTIFY, 1, &message);

    if (error == NACELLE_ERROR_OK)
        *identity = (struct nacelle_identity){message.words[0], message.words[1], message.words[2],
                                              message.words[3]};
    return error;
}

#endif
