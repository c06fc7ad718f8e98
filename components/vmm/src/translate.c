/* SPDX-License-Identifier: BSD-2-Clause */
/* Walking a guest's page tables (SDM vol 3, chapter 4). */
#include <stddef.h>
#include <vmm/translate.h>

#define CR0_WP        (1ull << 16)
#define CR0_PG        (1ull << 31)
#define CR4_PSE       (1ull << 4)
#define CR4_PAE       (1ull << 5)
#define CR4_LA57      (1ull << 12)
#define CR4_SMEP      (1ull << 20)
#define CR4_SMAP      (1ull << 21)
#define EFER_LMA      (1ull << 10)
#define EFER_NXE      (1ull << 11)

#define PRESENT       1u
#define WRITABLE      (1u << 1)
#define USER          (1u << 2)
#define ACCESSED      (1u << 5)
#define DIRTY         (1u << 6)
#define LARGE         (1u << 7)
#define NO_EXECUTE    (1ull << 63)
#define ADDRESS_MASK  0x000ffffffffff000ull
#define PAE_CR3_MASK  0xffffffe0ull

#define FAULT_PRESENT 1u
#define FAULT_WRITE   2u
#define FAULT_USER    4u
#define FAULT_FETCH   16u

#define LEVELS_MAX    5

/* What a walk has found. rights: the AND of all entries' bits 2-1, and NO_EXECUTE of any. */
struct walk {
    const struct vmm_memory *memory;
    uint64_t gpa, left;
    uint64_t rights;
    unsigned entry_size, count;
    uint64_t entries[LEVELS_MAX]; /* where they are; the last is that of the page */
};

static bool finish(struct walk *walk, uint64_t base, uint64_t linear, unsigned bits)
{
    uint64_t offset = linear & ((1ull << bits) - 1);

    walk->gpa = (base & ~((1ull << bits) - 1)) + offset;
    walk->left = (1ull << bits) - offset;
    return true;
}

/* Reads the entry at `gpa`. False: not present, or not in memory. */
static bool step(struct walk *walk, uint64_t gpa, uint64_t *entry)
{
    *entry = 0;
    if (!vmm_memory_read(walk->memory, gpa, entry, walk->entry_size) || !(*entry & PRESENT))
        return false;
    walk->rights = (walk->rights & *entry & (WRITABLE | USER)) |
                   ((walk->rights | *entry) & NO_EXECUTE);
    walk->entries[walk->count++] = gpa;
    return true;
}

static bool walk_32bit(struct walk *walk, const struct vmm_paging *paging, uint32_t linear)
{
    uint64_t entry;

    walk->entry_size = 4;
    if (!step(walk, (paging->cr3 & 0xfffff000u) + (linear >> 22) * 4ull, &entry))
        return false;
    if ((entry & LARGE) && (paging->cr4 & CR4_PSE)) {
        /* bits 20-13 of the entry are bits 39-32 of the address (PSE-36) */
        uint64_t base = (entry & 0xffc00000u) | (entry >> 13 & 0xff) << 32;

        return finish(walk, base, linear, 22);
    }
    if (!step(walk, (entry & 0xfffff000u) + (linear >> 12 & 0x3ff) * 4ull, &entry))
        return false;
    return finish(walk, entry & 0xfffff000u, linear, 12);
}

/* Tables of 512 entries of 8 bytes; `level` 1 is the page table. */
static bool walk_tables(struct walk *walk, uint64_t table, unsigned level, uint64_t linear)
{
    walk->entry_size = 8;
    for (;; level--) {
        unsigned bits = 12 + (level - 1) * 9;
        uint64_t entry;

        if (!step(walk, table + (linear >> bits & 0x1ff) * 8, &entry))
            return false;
        table = entry & ADDRESS_MASK;
        if (level == 1 || (level <= 3 && (entry & LARGE)))
            return finish(walk, table, linear, bits);
    }
}

/* Entries of the page-directory-pointer table have no rights and no flags in PAE paging. */
static bool walk_pae(struct walk *walk, const struct vmm_paging *paging, uint32_t linear)
{
    uint64_t entry;

    if (!vmm_memory_read(walk->memory, (paging->cr3 & PAE_CR3_MASK) + (linear >> 30) * 8ull, &entry,
                         8) ||
        !(entry & PRESENT))
        return false;
    return walk_tables(walk, entry & ADDRESS_MASK, 2, linear);
}

static bool walk_any(struct walk *walk, const struct vmm_paging *paging, uint64_t linear)
{
    walk->rights = WRITABLE | USER;
    if (!(paging->cr0 & CR0_PG))
        return finish(walk, linear & 0xfffff000u, linear, 12);
    if (paging->efer & EFER_LMA)
        return walk_tables(walk, paging->cr3 & ADDRESS_MASK, paging->cr4 & CR4_LA57 ? 5 : 4,
                           linear);
    if (paging->cr4 & CR4_PAE)
        return walk_pae(walk, paging, (uint32_t)linear);
    return walk_32bit(walk, paging, (uint32_t)linear);
}

bool vmm_translate(const struct vmm_memory *memory, const struct vmm_paging *paging,
                   uint64_t linear, uint64_t *gpa, uint64_t *left)
{
    struct walk walk = {.memory = memory};

    if (!walk_any(&walk, paging, linear))
        return false;
    *gpa = walk.gpa;
    *left = walk.left;
    return true;
}

static bool may(const struct walk *walk, const struct vmm_paging *paging, unsigned access)
{
    bool user = access & VMM_ACCESS_USER, user_page = walk->rights & USER;

    if (user && !user_page)
        return false;
    if ((access & VMM_ACCESS_WRITE) && !(walk->rights & WRITABLE) &&
        (user || (paging->cr0 & CR0_WP)))
        return false;
    if (access & VMM_ACCESS_FETCH)
        return !((paging->efer & EFER_NXE) && (walk->rights & NO_EXECUTE)) &&
               (user || !user_page || !(paging->cr4 & CR4_SMEP));
    return user || !user_page || !(paging->cr4 & CR4_SMAP) || (access & VMM_ACCESS_AC);
}

/* Another vCPU may write to the same entry. Tables in memory that is read-only stay as they are. */
static void set_flags(const struct walk *walk, unsigned access)
{
    for (unsigned i = 0; i < walk->count; i++) {
        bool last = i == walk->count - 1;
        uint8_t flags = ACCESSED | (last && (access & VMM_ACCESS_WRITE) ? DIRTY : 0);
        uint8_t *entry = vmm_memory_at(walk->memory, walk->entries[i], walk->entry_size, true);

        if (entry && (*entry & flags) != flags)
            (void)__atomic_fetch_or(entry, flags, __ATOMIC_RELAXED);
    }
}

bool vmm_translate_access(const struct vmm_memory *memory, const struct vmm_paging *paging,
                          uint64_t linear, unsigned access, uint64_t *gpa, uint64_t *left,
                          uint32_t *error)
{
    struct walk walk = {.memory = memory};
    bool present = walk_any(&walk, paging, linear);
    bool tells_fetch = (paging->efer & EFER_NXE) || (paging->cr4 & CR4_SMEP);

    if (!present || ((paging->cr0 & CR0_PG) && !may(&walk, paging, access))) {
        *error = (present ? FAULT_PRESENT : 0) | (access & VMM_ACCESS_WRITE ? FAULT_WRITE : 0) |
                 (access & VMM_ACCESS_USER ? FAULT_USER : 0) |
                 ((access & VMM_ACCESS_FETCH) && tells_fetch ? FAULT_FETCH : 0);
        return false;
    }
    set_flags(&walk, access);
    *gpa = walk.gpa;
    *left = walk.left;
    return true;
}
