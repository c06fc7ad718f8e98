/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Page tables of long mode: entry bits, levels, indices, canonical addresses, the PAT.
 *
 * Intel SDM vol. 3, 4.5 (entries), 3.3.7.1 (canonical), 11.12 (PAT). Levels count from the leaves:
 * 1 is the page table (4 KiB), 2 the page directory (2 MiB), 3 the page-directory-pointer table
 * (1 GiB), 4 the PML4, 5 the PML5. EPT and AMD's nested tables use the same levels.
 */

#ifndef X86_PAGING_H
#define X86_PAGING_H

#include <x86/bits.h>

#define X86_PAGE_SHIFT    12
#define X86_PAGE_SIZE     X86_U64(0x1000)
#define X86_PAGE_MASK     X86_U64(0xfffffffffffff000)
#define X86_PAGE_2M_SIZE  X86_U64(0x200000)
#define X86_PAGE_1G_SIZE  X86_U64(0x40000000)
#define X86_TABLE_ENTRIES 512
#define X86_LEVEL_4K      1
#define X86_LEVEL_2M      2
#define X86_LEVEL_1G      3
#define X86_LEVEL_PML4    4
#define X86_LEVEL_PML5    5

/* Entry bits: tables 4-15 to 4-20. */
#define X86_PTE_PRESENT              X86_BIT(0)
#define X86_PTE_WRITE                X86_BIT(1)
#define X86_PTE_USER                 X86_BIT(2)
#define X86_PTE_PWT                  X86_BIT(3)
#define X86_PTE_PCD                  X86_BIT(4)
#define X86_PTE_ACCESSED             X86_BIT(5)
#define X86_PTE_DIRTY                X86_BIT(6)
#define X86_PTE_PAT                  X86_BIT(7) /* level 1 */
#define X86_PTE_PAGE                 X86_BIT(7) /* levels 2 and 3: a leaf */
#define X86_PTE_GLOBAL               X86_BIT(8)
#define X86_PTE_PAT_LARGE            X86_BIT(12) /* leaves of levels 2 and 3 */
#define X86_PTE_PROTECTION_KEY_SHIFT 59
#define X86_PTE_NO_EXECUTE           X86_BIT(63)
#define X86_PTE_ADDRESS_MASK         X86_U64(0x000ffffffffff000)

/* CR3: table 4-12; bit 63 on a write keeps translations when CR4.PCIDE = 1 (2.5). */
#define X86_CR3_PWT       X86_BIT(3)
#define X86_CR3_PCD       X86_BIT(4)
#define X86_CR3_PCID_MASK X86_U64(0xfff)
#define X86_CR3_NO_FLUSH  X86_BIT(63)

/* The PAT after reset: WB, WT, UC-, UC twice over (11.12.4). */
#define X86_PAT_RESET X86_U64(0x0007040600070406)

#ifndef __ASSEMBLER__

/* Bits below the address that an entry at level (1-5) maps: 12, 21, 30, 39, 48. */
static inline unsigned x86_level_shift(unsigned level)
{
    return 12U + 9U * (level - 1U);
}

/* Bytes that an entry at level (1-5) maps. */
static inline uint64_t x86_level_size(unsigned level)
{
    return UINT64_C(1) << x86_level_shift(level);
}

/* Index 0-511 of an address in the table at level (1-5). */
static inline unsigned x86_level_index(uint64_t address, unsigned level)
{
    return (unsigned)((address >> x86_level_shift(level)) & 0x1ffU);
}

/* Is value a multiple of the power of two alignment? */
static inline bool x86_is_aligned(uint64_t value, uint64_t alignment)
{
    return (value & (alignment - 1)) == 0;
}

/* Is a linear address canonical with 48 or 57 implemented bits (any width 1-64)? */
static inline bool x86_canonical(uint64_t address, unsigned linear_bits)
{
    uint64_t upper = address >> (linear_bits - 1U);

    return upper == 0 || upper == (~UINT64_C(0) >> (linear_bits - 1U));
}

/* Does a present entry at level 1-5 map memory, rather than name a table? */
static inline bool x86_pte_is_leaf(uint64_t entry, unsigned level)
{
    return level == 1 || (level <= X86_LEVEL_1G && (entry & X86_PTE_PAGE) != 0);
}

/* The physical address in an entry: of a table, or of a leaf with the low bits of its size cut. */
uint64_t x86_pte_address(uint64_t entry, unsigned level);

/* Entry 0-7 of the PAT that a leaf at level 1-3 selects: PAT * 4 + PCD * 2 + PWT (4.9.2). */
unsigned x86_pte_pat_index(uint64_t entry, unsigned level);

/* Entry 0-7 of a PAT value: an X86_MEMORY_* of ept.h. */
static inline uint32_t x86_pat_type(uint64_t pat, unsigned index)
{
    return (uint32_t)((pat >> (8U * (index & 7U))) & 7U);
}

/* Would WRMSR accept this PAT: each byte 0, 1, 4, 5, 6 or 7 (11.12.2)? */
bool x86_pat_valid(uint64_t pat);

#endif /* __ASSEMBLER__ */

#endif
