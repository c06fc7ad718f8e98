/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Extended page tables: entries and the pointer to them.
 *
 * Intel SDM vol. 3, 28.2.2 (formats, tables 28-1 to 28-6), 28.2.3.1 (misconfigurations), 24.6.11
 * (EPTP) and 26.2.1.1 (checks on EPTP). The exit qualification of EPT violations is in
 * vmx_qualification.h, sizes and indices per level (1: 4 KiB, 2: 2 MiB, 3: 1 GiB) in paging.h.
 */

#ifndef X86_EPT_H
#define X86_EPT_H

#include <x86/bits.h>

/* Rights of every entry. */
#define EPT_READ         X86_BIT(0)
#define EPT_WRITE        X86_BIT(1)
#define EPT_EXECUTE      X86_BIT(2)
#define EPT_USER_EXECUTE X86_BIT(10) /* with mode-based execute control */
#define EPT_RWX          X86_U64(7)

/* Leaves only. */
#define EPT_MEMORY_TYPE_SHIFT       3
#define EPT_IGNORE_PAT              X86_BIT(6)
#define EPT_DIRTY                   X86_BIT(9)
#define EPT_VERIFY_GUEST_PAGING     X86_BIT(57)
#define EPT_PAGING_WRITE            X86_BIT(58)
#define EPT_SUPERVISOR_SHADOW_STACK X86_BIT(60)
#define EPT_SUB_PAGE_WRITE          X86_BIT(61)
#define EPT_SUPPRESS_VE             X86_BIT(63)

/* Leaf at levels 2 and 3; accessed, at every level. */
#define EPT_PAGE     X86_BIT(7)
#define EPT_ACCESSED X86_BIT(8)

/* Physical address in an entry: bits 51:12. */
#define EPT_ADDRESS_MASK X86_U64(0x000ffffffffff000)

/* Memory types, also of MTRRs and the PAT: 11.3, table 11-2. */
#define X86_MEMORY_UC       0
#define X86_MEMORY_WC       1
#define X86_MEMORY_WT       4
#define X86_MEMORY_WP       5
#define X86_MEMORY_WB       6
#define X86_MEMORY_UC_MINUS 7 /* in the PAT only */

/* EPTP: 24.6.11. */
#define EPTP_MEMORY_TYPE_MASK        X86_U64(7)
#define EPTP_WALK_SHIFT              3 /* page-walk length minus 1 */
#define EPTP_ACCESSED_DIRTY          X86_BIT(6)
#define EPTP_SUPERVISOR_SHADOW_STACK X86_BIT(7)

#ifndef __ASSEMBLER__

#include <x86/vmx_capability.h>

/* Highest level of a 4-level and of a 5-level walk; leaves are at levels 1 to 3. */
#define EPT_LEVELS_4       4
#define EPT_LEVELS_5       5
#define EPT_LEAF_LEVEL_MAX 3

/* Can a leaf have this memory type: UC, WC, WT, WP, WB (28.2.7.2)? */
bool ept_memory_type_valid(uint32_t memory_type);

/* The size in bytes of what an entry at level 1-5 maps; 0 for other levels. */
uint64_t ept_level_size(unsigned level);

/*
 * A leaf that maps physical address at a level 1-3: rights is a combination of EPT_READ,
 * EPT_WRITE, EPT_EXECUTE and EPT_USER_EXECUTE, memory_type one of X86_MEMORY_*. False, with *out
 * untouched: level, alignment, address above bit 51, rights without or with anything but these
 * bits, write without read, or memory type is wrong. Execute-only is let pass, which not every
 * processor has: ept_entry_misconfigured knows.
 */
bool ept_leaf(uint64_t physical, unsigned level, uint64_t rights, uint32_t memory_type,
              bool ignore_pat, uint64_t *out);

/* An entry for a table at a 4 KiB-aligned physical address, with all rights, so leaves decide. */
static inline uint64_t ept_table(uint64_t physical)
{
    return (physical & EPT_ADDRESS_MASK) | EPT_RWX;
}

/* Does an entry allow anything (without mode-based execute control)? If not, all else is free. */
static inline bool ept_present(uint64_t entry)
{
    return (entry & EPT_RWX) != 0;
}

/* Does a present entry at level 1-5 map memory, rather than name a table? */
static inline bool ept_is_leaf(uint64_t entry, unsigned level)
{
    return level == 1 || (level <= EPT_LEAF_LEVEL_MAX && (entry & EPT_PAGE) != 0);
}

/* The physical address of a table, or of a leaf at level 1-3 with the low bits of its size cut. */
uint64_t ept_address(uint64_t entry, unsigned level);

/* Bits 5:3 of a leaf. */
static inline uint32_t ept_memory_type(uint64_t entry)
{
    return (uint32_t)x86_bits(entry, 5, 3);
}

/*
 * Would this entry at level 1-5 cause an EPT misconfiguration (28.2.3.1)? physical_bits is
 * MAXPHYADDR (32-52). Mode-based execute control is taken to be off.
 */
bool ept_entry_misconfigured(uint64_t entry, unsigned level, const struct vmx_ept_vpid *cap,
                             unsigned physical_bits);

/* EPTP for a root table at a 4 KiB-aligned address, levels 4 or 5, structures UC or WB. */
static inline uint64_t ept_pointer(uint64_t root, unsigned levels, uint32_t memory_type,
                                   bool accessed_dirty)
{
    return (root & EPT_ADDRESS_MASK) | ((uint64_t)(levels - 1) << EPTP_WALK_SHIFT) |
           (memory_type & EPTP_MEMORY_TYPE_MASK) | (accessed_dirty ? EPTP_ACCESSED_DIRTY : 0);
}

/* Would VM entry accept this EPTP on a processor with these capabilities (26.2.1.1)? */
bool ept_pointer_valid(uint64_t eptp, const struct vmx_ept_vpid *cap, unsigned physical_bits);

#endif /* __ASSEMBLER__ */

#endif
