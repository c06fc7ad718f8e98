/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/paging.h>

uint64_t x86_pte_address(uint64_t entry, unsigned level)
{
    uint64_t address = entry & X86_PTE_ADDRESS_MASK;

    return x86_pte_is_leaf(entry, level) ? address & ~(x86_level_size(level) - 1) : address;
}

unsigned x86_pte_pat_index(uint64_t entry, unsigned level)
{
    uint64_t pat = level == X86_LEVEL_4K ? X86_PTE_PAT : X86_PTE_PAT_LARGE;

    return ((entry & pat) != 0 ? 4U : 0U) | ((entry & X86_PTE_PCD) != 0 ? 2U : 0U) |
           ((entry & X86_PTE_PWT) != 0 ? 1U : 0U);
}

bool x86_pat_valid(uint64_t pat)
{
    /* Bit n: memory type n exists; 2 and 3 are reserved. */
    const uint32_t types = 0xf3;

    for (unsigned i = 0; i < 8; i++) {
        uint64_t type = (pat >> (8U * i)) & 0xffU;

        if (type > 7 || ((types >> type) & 1U) == 0)
            return false;
    }
    return true;
}
