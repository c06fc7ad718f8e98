/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables.h"

#include "rig.h"

#include <runtime/string.h>
#include <x86/descriptor.h>
#include <x86/paging.h>

#define PAGE               4096ull
#define RWU                (X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_USER)
#define FLAT_LIMIT         0xfffffu
#define TSS32_LIMIT        0x67u
#define TSS_IO_BASE        102         /* in all formats but the 16-bit one */
#define ERROR_CODE_VECTORS 0x00027d00u /* 8, 10 to 14, 17: SDM vol. 3, table 6-1, without CET */

/* --- Paging: SDM vol. 3, 4.3 to 4.5 --- */

/* What a linear page that is not mapped to itself has as its entry. */
static uint64_t leaf(uint32_t linear, bool wide)
{
    switch (linear) {
    case LINEAR_TO_HOLE:
        return MODE_FAR_HOLE | RWU;
    case LINEAR_ABSENT:
        return 0;
    case LINEAR_WRITE_PROTECTED:
        return X86_PTE_PRESENT | X86_PTE_USER;
    case LINEAR_RESERVED: /* a physical-address bit that no processor here has */
        return wide ? linear | RWU | 1ull << 51 : linear | RWU;
    default:
        return linear | RWU;
    }
}

static void page_table_32(uint32_t *directory, uint32_t *table)
{
    for (uint32_t i = 0; i < PAGE / 4; i++)
        table[i] = (uint32_t)leaf(i * PAGE, false);
    directory[0] = (RIG_TABLES + PAGE) | (uint32_t)RWU;
    directory[LINEAR_NO_TABLE >> 22] = MODE_TABLE_HOLE | (uint32_t)RWU;
}

static void page_table_64(uint64_t *directory, uint64_t *table, uint64_t table_gpa)
{
    for (uint32_t i = 0; i < PAGE / 8; i++)
        table[i] = leaf(i * PAGE, true);
    directory[0] = table_gpa | RWU;
    directory[LINEAR_NO_TABLE >> 21] = MODE_TABLE_HOLE | RWU;
}

void tables_paging(enum mode mode, uint64_t pdptes[4])
{
    uint64_t *first = rig_ram(RIG_TABLES), *second = rig_ram(RIG_TABLES + PAGE);
    uint64_t *third = rig_ram(RIG_TABLES + 2 * PAGE), *fourth = rig_ram(RIG_TABLES + 3 * PAGE);

    memset(first, 0, 4 * PAGE);
    memset(pdptes, 0, 4 * sizeof(pdptes[0]));
    switch (mode) {
    case PAGED32:
        page_table_32((uint32_t *)first, (uint32_t *)second);
        break;
    case PAE:
        first[0] = (RIG_TABLES + PAGE) | X86_PTE_PRESENT; /* PDPTEs have no R/W and U/S */
        pdptes[0] = first[0];
        page_table_64(second, third, RIG_TABLES + 2 * PAGE);
        break;
    case COMPAT:
    case LONG:
        first[0] = (RIG_TABLES + PAGE) | RWU;
        second[0] = (RIG_TABLES + 2 * PAGE) | RWU;
        page_table_64(third, fourth, RIG_TABLES + 3 * PAGE);
        break;
    default:
        break;
    }
}

/* --- Descriptors: SDM vol. 3, 3.4.5, 6.11, 7.2 --- */

static uint64_t descriptor(uint32_t base, uint32_t limit, uint32_t rights)
{
    return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)(rights & 0xff) << 40 |
           (uint64_t)(limit >> 16 & 0xf) << 48 | (uint64_t)(rights >> 12 & 0xf) << 52 |
           (uint64_t)(base >> 24) << 56;
}

static void set(uint64_t *table, unsigned selector, uint32_t base, uint32_t limit, uint32_t rights)
{
    table[selector / 8] = descriptor(base, limit, rights);
}

static void fill_gdt(enum mode mode, const uint32_t bases[NACELLE_SEGMENTS])
{
    uint64_t *gdt = rig_ram(RIG_GDT);
    uint32_t data = modes[mode].bits >= 32 ? X86_AR_DATA32 : X86_AR_REAL_DATA;
    uint32_t limit = modes[mode].bits >= 32 ? FLAT_LIMIT : 0xffff;
    const uint32_t user = 3u << X86_AR_DPL_SHIFT;

    memset(gdt, 0, GDT_LIMIT + 1);
    set(gdt, SELECTOR_CODE16, 0, 0xffff, X86_AR_REAL_CODE);
    set(gdt, SELECTOR_CODE32, 0, FLAT_LIMIT, X86_AR_CODE32);
    set(gdt, SELECTOR_CODE64, 0, FLAT_LIMIT, X86_AR_CODE64);
    set(gdt, SELECTOR_DS, bases[NACELLE_DS], limit, data);
    set(gdt, SELECTOR_ES, bases[NACELLE_ES], limit, data);
    set(gdt, SELECTOR_SS, bases[NACELLE_SS], limit, data);
    set(gdt, SELECTOR_FS, bases[NACELLE_FS], limit, data);
    set(gdt, SELECTOR_GS, bases[NACELLE_GS], limit, data);
    set(gdt, SELECTOR_TSS, RIG_TSS, TSS32_LIMIT, X86_AR_P | X86_TYPE_TSS_BUSY);
    set(gdt, SELECTOR_ABSENT, 0, FLAT_LIMIT, X86_AR_DATA32 & ~X86_AR_P);
    set(gdt, SELECTOR_USER_CODE, 0, FLAT_LIMIT,
        (mode == LONG ? X86_AR_CODE64 : X86_AR_CODE32) | user);
    set(gdt, SELECTOR_USER_DATA, 0, FLAT_LIMIT, X86_AR_DATA32 | user);
    if (mode < COMPAT) { /* there the TSS's descriptor is as long as two */
        set(gdt, SELECTOR_OTHER_TSS, RIG_TSS + 0x800, TSS32_LIMIT, X86_AR_P | X86_TYPE_TSS);
        set(gdt, SELECTOR_BUSY_TSS, RIG_TSS + 0x800, TSS32_LIMIT, X86_AR_P | X86_TYPE_TSS_BUSY);
    }
}

uint32_t tables_handler(unsigned vector)
{
    return RIG_HANDLERS + vector * HANDLER_SIZE;
}

static void fill_idt(enum mode mode)
{
    uint64_t *idt = rig_ram(RIG_IDT);
    uint32_t *vectors = rig_ram(RIG_IDT);
    uint64_t selector = mode >= COMPAT           ? SELECTOR_CODE64
                        : modes[mode].bits == 32 ? SELECTOR_CODE32
                                                 : SELECTOR_CODE16;
    uint64_t type = mode == PROT16 ? X86_TYPE_INTERRUPT_GATE16 : X86_TYPE_INTERRUPT_GATE;

    memset(idt, 0, PAGE);
    for (unsigned i = 0; i < 256; i++) {
        uint64_t gate = tables_handler(i) | selector << 16 | (X86_AR_P | type) << 40;

        if (mode == REAL)
            vectors[i] = tables_handler(i);
        else
            idt[mode >= COMPAT ? 2 * i : i] = gate;
    }
}

void tables_descriptors(enum mode mode, const uint32_t bases[NACELLE_SEGMENTS])
{
    uint8_t *tss = rig_ram(RIG_TSS);

    memset(tss, 0, PAGE);
    tss[TSS_IO_BASE] = TSS32_LIMIT + 1; /* there is no I/O permission bitmap */
    fill_gdt(mode, bases);
    fill_idt(mode);
}

void tables_task_gate(unsigned vector, unsigned selector)
{
    uint64_t *idt = rig_ram(RIG_IDT);

    idt[vector] = (uint64_t)selector << 16 | (uint64_t)(X86_AR_P | X86_TYPE_TASK_GATE) << 40;
}

/* --- Handlers --- */

void tables_handlers(enum mode mode)
{
    static const uint8_t iret16[] = {0xf4, 0xcf};                                /* hlt; iret */
    static const uint8_t error16[] = {0xf4, 0x83, 0xc4, 0x02, 0xcf};             /* add $2, %sp */
    static const uint8_t error32[] = {0xf4, 0x83, 0xc4, 0x04, 0xcf};             /* add $4, %esp */
    static const uint8_t iret64[] = {0xf4, 0x48, 0xcf};                          /* iretq */
    static const uint8_t error64[] = {0xf4, 0x48, 0x83, 0xc4, 0x08, 0x48, 0xcf}; /* add $8, %rsp */
    bool is64 = mode >= COMPAT;

    for (unsigned i = 0; i < 256; i++) {
        uint8_t *at = rig_ram(tables_handler(i));

        if (mode == REAL || i >= 32 || (ERROR_CODE_VECTORS >> i & 1) == 0)
            memcpy(at, is64 ? iret64 : iret16, is64 ? sizeof(iret64) : sizeof(iret16));
        else if (is64)
            memcpy(at, error64, sizeof(error64));
        else
            memcpy(at, mode == PROT16 ? error16 : error32, sizeof(error32));
    }
}
