/* SPDX-License-Identifier: BSD-2-Clause */
/* A system call with every register as one likes, and all that comes back. */
#ifndef FASTPATH_RAW_H
#define FASTPATH_RAW_H

#define RAW_FLAGS     128
#define RAW_SELECTORS 136
#define RAW_RETURN    144

#ifndef __ASSEMBLER__
#include <stdint.h>

struct raw {
    uint64_t general[16]; /* in the architecture's order; rsp cannot be chosen */
    uint64_t flags;
    uint16_t selectors[4];   /* ds, es, fs, gs */
    uint64_t return_address; /* out */
};

_Static_assert(__builtin_offsetof(struct raw, flags) == RAW_FLAGS, "for assembly");
_Static_assert(__builtin_offsetof(struct raw, selectors) == RAW_SELECTORS, "for assembly");
_Static_assert(__builtin_offsetof(struct raw, return_address) == RAW_RETURN, "for assembly");

/* TF must be clear: its exception would come before the call. */
void raw_call(struct raw *raw);

#endif
#endif
