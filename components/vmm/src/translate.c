/* SPDX-License-Identifier: BSD-2-Clause */
/* Walking a guest's page tables (SDM vol 3, chapter 4). */
#include <vmm/translate.h>

#define CR0_PG       (1ull << 31)
#define CR4_PSE      (1ull << 4)
#define CR4_PAE      (1ull << 5)
#define CR4_LA57     (1ull << 12)
#define EFER_LMA     (1ull << 10)

#define PRESENT      1u
#define LARGE        (1u << 7)
#define ADDRESS_MASK 0x000ffffffffff000ull
#define PAE_CR3_MASK 0xffffffe0ull

static bool finish(uint64_t base, uint64_t linear, unsigned bits, uint64_t *gpa, uint64_t *left)
{
    uint64_t offset = linear & ((1ull << bits) - 1);

    *gpa = (base & ~((1ull << bits) - 1)) + offset;
    *left = (1ull << bits) - offset;
    return true;
}

static bool translate_32bit(const struct vmm_memory *memory, const struct vmm_paging *paging,
                            uint32_t linear, uint64_t *gpa, uint64_t *left)
{
    uint32_t entry;

    if (!vmm_memory_read(memory, (paging->cr3 & 0xfffff000u) + (linear >> 22) * 4ull, &entry, 4) ||
        !(entry & PRESENT))
        return false;
    if ((entry & LARGE) && (paging->cr4 & CR4_PSE)) {
        /* bits 20-13 of the entry are bits 39-32 of the address (PSE-36) */
        uint64_t base = (entry & 0xffc00000u) | (uint64_t)(entry >> 13 & 0xff) << 32;

        return finish(base, linear, 22, gpa, left);
    }
    if (!vmm_memory_read(memory, (entry & 0xfffff000u) + (linear >> 12 & 0x3ff) * 4ull, &entry,
                         4) ||
        !(entry & PRESENT))
        return false;
    return finish(entry & 0xfffff000u, linear, 12, gpa, left);
}

/* Tables of 512 entries of 8 bytes; `level` 1 is the page table. */
static bool walk(const struct vmm_memory *memory, uint64_t table, unsigned level, uint64_t linear,
                 uint64_t *gpa, uint64_t *left)
{
    for (;; level--) {
        unsigned bits = 12 + (level - 1) * 9;
        uint64_t entry;

        if (!vmm_memory_read(memory, table + (linear >> bits & 0x1ff) * 8, &entry, 8) ||
            !(entry & PRESENT))
            return false;
        table = entry & ADDRESS_MASK;
        if (level == 1 || (level <= 3 && (entry & LARGE)))
            return finish(table, linear, bits, gpa, left);
    }
}

static bool translate_pae(const struct vmm_memory *memory, const struct vmm_paging *paging,
                          uint32_t linear, uint64_t *gpa, uint64_t *left)
{
    uint64_t entry;

    if (!vmm_memory_read(memory, (paging->cr3 & PAE_CR3_MASK) + (linear >> 30) * 8ull, &entry, 8) ||
        !(entry & PRESENT))
        return false;
    return walk(memory, entry & ADDRESS_MASK, 2, linear, gpa, left);
}

bool vmm_translate(const struct vmm_memory *memory, const struct vmm_paging *paging,
                   uint64_t linear, uint64_t *gpa, uint64_t *left)
{
    if (!(paging->cr0 & CR0_PG))
        return finish(linear & 0xfffff000u, linear, 12, gpa, left);
    if (paging->efer & EFER_LMA)
        return walk(memory, paging->cr3 & ADDRESS_MASK, paging->cr4 & CR4_LA57 ? 5 : 4, linear, gpa,
                    left);
    if (paging->cr4 & CR4_PAE)
        return translate_pae(memory, paging, (uint32_t)linear, gpa, left);
    return translate_32bit(memory, paging, (uint32_t)linear, gpa, left);
}
