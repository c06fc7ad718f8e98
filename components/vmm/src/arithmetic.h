/* SPDX-License-Identifier: BSD-2-Clause */
/* Integer arithmetic with its flags (SDM vol 1, 3.4.3.1; vol 2). */
#ifndef VMM_ARITHMETIC_H
#define VMM_ARITHMETIC_H

#include <stdint.h>
#include <vmm/decode.h>

/*
 * `a` is the destination, `b` the source (not used by INC, DEC, NOT and NEG), both of `size` bytes
 * with nothing above. Returns the result and changes *rflags. Flags that are undefined are cleared.
 */
uint64_t vmm_arithmetic(enum vmm_operation operation, unsigned size, uint64_t a, uint64_t b,
                        uint64_t *rflags);

#endif
