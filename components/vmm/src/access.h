/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers and memory as the guest's instructions name them. */
#ifndef VMM_ACCESS_H
#define VMM_ACCESS_H

#include <vmm/emulator.h>

/* The low `size` bytes. */
uint64_t vmm_mask(unsigned size);

bool vmm_long_64(const struct nacelle_vcpu_state *state);

uint64_t vmm_register_read(const struct nacelle_vcpu_state *state, unsigned number);

/* By the rules of operand sizes: 1 and 2 bytes leave the rest, 4 bytes clear the upper half. */
void vmm_register_write(struct nacelle_vcpu_state *state, unsigned number, unsigned size,
                        uint64_t value);

/* The offset into its segment that a memory operand names. */
uint64_t vmm_effective_address(const struct nacelle_vcpu_state *state,
                               const struct vmm_instruction *instruction,
                               const struct vmm_operand *operand);

/* The linear address, without checks. */
uint64_t vmm_linear_address(const struct nacelle_vcpu_state *state, unsigned segment,
                            uint64_t offset);

struct vmm_paging vmm_paging_of(const struct nacelle_vcpu_state *state);

/* What an access of up to 8 bytes means in guest-physical addresses: one piece, or two in two
 * pages. */
struct vmm_span {
    uint64_t linear;
    unsigned count;
    struct {
        uint64_t gpa;
        unsigned size;
    } pieces[2];
};

/* All that can fail about an access: segmentation and paging. False: the fault is set. */
bool vmm_span(struct vmm_emulator *emulator, unsigned segment, uint64_t offset, unsigned size,
              bool write, struct vmm_span *span);

uint64_t vmm_span_read(const struct vmm_emulator *emulator, const struct vmm_span *span);
void vmm_span_write(const struct vmm_emulator *emulator, const struct vmm_span *span,
                    uint64_t value);

/* Does it touch the page of this address? */
bool vmm_span_has(const struct vmm_span *span, uint64_t gpa);

#endif
