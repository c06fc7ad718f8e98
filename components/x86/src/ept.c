/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/ept.h>
#include <x86/paging.h>

#define LEAF_RIGHTS (EPT_RWX | EPT_USER_EXECUTE)

/* Bits of an entry that hold an address, up to 51, which a processor with less has as reserved. */
static uint64_t address_bits_above(unsigned physical_bits)
{
    return physical_bits >= 52 ? 0 : EPT_ADDRESS_MASK & ~((UINT64_C(1) << physical_bits) - 1);
}

static bool level_valid(unsigned level)
{
    return level >= 1 && level <= EPT_LEVELS_5;
}

static bool page_supported(unsigned level, const struct vmx_ept_vpid *cap)
{
    return level == X86_LEVEL_4K || (level == X86_LEVEL_2M && cap->page_2m) ||
           (level == X86_LEVEL_1G && cap->page_1g);
}

bool ept_memory_type_valid(uint32_t memory_type)
{
    return memory_type == X86_MEMORY_UC || memory_type == X86_MEMORY_WC ||
           (memory_type >= X86_MEMORY_WT && memory_type <= X86_MEMORY_WB);
}

uint64_t ept_level_size(unsigned level)
{
    return level_valid(level) ? x86_level_size(level) : 0;
}

bool ept_leaf(uint64_t physical, unsigned level, uint64_t rights, uint32_t memory_type,
              bool ignore_pat, uint64_t *out)
{
    if (level < X86_LEVEL_4K || level > EPT_LEAF_LEVEL_MAX)
        return false;
    if (!x86_is_aligned(physical, x86_level_size(level)) || (physical & ~EPT_ADDRESS_MASK) != 0)
        return false;
    if ((rights & LEAF_RIGHTS) == 0 || (rights & ~LEAF_RIGHTS) != 0)
        return false;
    if ((rights & EPT_WRITE) != 0 && (rights & EPT_READ) == 0)
        return false;
    if (!ept_memory_type_valid(memory_type))
        return false;
    *out = physical | rights | ((uint64_t)memory_type << EPT_MEMORY_TYPE_SHIFT) |
           (ignore_pat ? EPT_IGNORE_PAT : 0) | (level > X86_LEVEL_4K ? EPT_PAGE : 0);
    return true;
}

uint64_t ept_address(uint64_t entry, unsigned level)
{
    uint64_t address = entry & EPT_ADDRESS_MASK;

    if (level_valid(level) && ept_is_leaf(entry, level))
        address &= ~(x86_level_size(level) - 1);
    return address;
}

/* Bits 2:0 that no entry may have: write without read, execute-only where not supported. */
static bool rights_misconfigured(uint64_t entry, const struct vmx_ept_vpid *cap)
{
    uint64_t rights = entry & EPT_RWX;

    if ((rights & EPT_READ) != 0)
        return false;
    return (rights & EPT_WRITE) != 0 || !cap->execute_only;
}

bool ept_entry_misconfigured(uint64_t entry, unsigned level, const struct vmx_ept_vpid *cap,
                             unsigned physical_bits)
{
    if (!ept_present(entry))
        return false;
    if (!level_valid(level) || rights_misconfigured(entry, cap) ||
        (entry & address_bits_above(physical_bits)) != 0)
        return true;
    if (ept_is_leaf(entry, level)) {
        uint64_t offset_bits = (x86_level_size(level) - 1) & EPT_ADDRESS_MASK;

        return !page_supported(level, cap) || (entry & offset_bits) != 0 ||
               !ept_memory_type_valid(ept_memory_type(entry));
    }
    /* Bits 6:3 of a table entry are reserved, and bit 7 where no leaf is possible. */
    return x86_bits(entry, 7, 3) != 0;
}

bool ept_pointer_valid(uint64_t eptp, const struct vmx_ept_vpid *cap, unsigned physical_bits)
{
    uint64_t memory_type = eptp & EPTP_MEMORY_TYPE_MASK;
    uint64_t levels = x86_bits(eptp, 5, EPTP_WALK_SHIFT) + 1;
    bool type_ok = (memory_type == X86_MEMORY_UC && cap->memory_uc) ||
                   (memory_type == X86_MEMORY_WB && cap->memory_wb);
    bool levels_ok = (levels == EPT_LEVELS_4 && cap->walk_4) ||
                     (levels == EPT_LEVELS_5 && cap->walk_5);

    if (!type_ok || !levels_ok)
        return false;
    if ((eptp & EPTP_ACCESSED_DIRTY) != 0 && !cap->accessed_dirty)
        return false;
    if ((eptp & EPTP_SUPERVISOR_SHADOW_STACK) != 0 && !cap->supervisor_shadow_stack)
        return false;
    return x86_bits(eptp, 11, 8) == 0 && (eptp >> physical_bits) == 0;
}
