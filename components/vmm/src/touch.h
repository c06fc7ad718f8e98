/* SPDX-License-Identifier: BSD-2-Clause */
/* Which memory an instruction accesses, and how. */
#ifndef VMM_TOUCH_H
#define VMM_TOUCH_H

#include <vmm/emulator.h>

#define VMM_TOUCHES_MAX 2

struct vmm_touch {
    uint8_t segment;
    uint8_t size;
    bool read, write; /* neither: the instruction is not one of those that are emulated */
    uint64_t offset;
};

/* How many there are. String instructions: of the next element, the destination first. */
unsigned vmm_touches(const struct nacelle_vcpu_state *state,
                     const struct vmm_instruction *instruction,
                     struct vmm_touch touches[VMM_TOUCHES_MAX]);

#endif
