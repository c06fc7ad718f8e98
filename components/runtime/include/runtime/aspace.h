/* SPDX-License-Identifier: BSD-2-Clause */
/* Address spaces and frames (nacelle/object.h says what each operation does and how it fails). */
#ifndef RUNTIME_ASPACE_H
#define RUNTIME_ASPACE_H

#include <nacelle/object.h>
#include <runtime/system_call.h>

/* Maps a frame, a thread's IPC buffer or a vCPU's state page. `rights`: NACELLE_RIGHT_*. */
static inline enum nacelle_error nacelle_aspace_map(uint64_t aspace, uint64_t slot,
                                                    uint64_t address, uint64_t rights)
{
    return nacelle_invoke3(aspace, NACELLE_ASPACE_MAP, slot, address, rights);
}

static inline enum nacelle_error nacelle_aspace_unmap(uint64_t aspace, uint64_t slot)
{
    return nacelle_invoke1(aspace, NACELLE_ASPACE_UNMAP, slot);
}

static inline enum nacelle_error nacelle_frame_unmap(uint64_t slot)
{
    return nacelle_invoke0(slot, NACELLE_FRAME_UNMAP);
}

struct nacelle_frame_info {
    uint64_t physical; /* address of the first byte */
    uint64_t size;     /* bytes */
    uint64_t address;  /* where this capability is mapped */
};

static inline enum nacelle_error nacelle_frame_info(uint64_t slot, struct nacelle_frame_info *info)
{
    struct nacelle_message message = {0};
    enum nacelle_error error = nacelle_invoke(slot, NACELLE_FRAME_INFO, 0, &message);

    if (error == NACELLE_ERROR_OK)
        *info = (struct nacelle_frame_info){message.words[0], message.words[1], message.words[2]};
    return error;
}

#endif
