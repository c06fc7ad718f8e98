/* SPDX-License-Identifier: BSD-2-Clause */
/* Linear to guest-physical addresses, by the guest's page tables. */
#ifndef VMM_TRANSLATE_H
#define VMM_TRANSLATE_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/memory.h>

/* What decides about paging. */
struct vmm_paging {
    uint64_t cr0, cr3, cr4, efer;
};

/*
 * The guest-physical address of a linear one (SDM vol 3, 4.3 to 4.5: 32-bit, PAE and 4-level
 * paging). Presence is checked, protection is not. `left`: bytes up to the end of the page. False
 * when nothing is mapped there, or a page table lies outside of the guest's memory.
 */
bool vmm_translate(const struct vmm_memory *memory, const struct vmm_paging *paging,
                   uint64_t linear, uint64_t *gpa, uint64_t *left);

/* What an access is, for its rights. */
#define VMM_ACCESS_WRITE (1u << 0)
#define VMM_ACCESS_USER  (1u << 1) /* at privilege level 3 */
#define VMM_ACCESS_FETCH (1u << 2)
#define VMM_ACCESS_AC    (1u << 3) /* RFLAGS.AC is set: SMAP does not hold */

/*
 * The same for an access that the VMM makes for the guest: protection is checked (SDM vol 3, 4.6;
 * not protection keys), and accessed and dirty flags are set. False: `error` is the error code of
 * the page fault.
 */
bool vmm_translate_access(const struct vmm_memory *memory, const struct vmm_paging *paging,
                          uint64_t linear, unsigned access, uint64_t *gpa, uint64_t *left,
                          uint32_t *error);

#endif
