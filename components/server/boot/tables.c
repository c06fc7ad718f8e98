/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables.h"

#include "../src/console.h"
#include "../src/layout.h"
#include "../src/server.h"
#include "memory.h"
#include <x86/insn.h>
#include <x86/msr.h>
#include <x86/paging.h>

#define RW_DATA (X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_NO_EXECUTE | X86_PTE_GLOBAL)
#define RO_DATA (X86_PTE_PRESENT | X86_PTE_NO_EXECUTE | X86_PTE_GLOBAL)
#define CODE    (X86_PTE_PRESENT | X86_PTE_GLOBAL)
#define TABLE   (X86_PTE_PRESENT | X86_PTE_WRITE)

extern char server_text_start[], server_text_end[], server_rodata_end[], server_end[];

uint64_t *server_pml4;
uint64_t server_root;
bool server_huge_pages;

/* Maps one leaf at this level; the tables on the way are made. */
static void map(uint64_t address, uint64_t physical, uint64_t flags, unsigned leaf)
{
    uint64_t *table = server_pml4;

    for (unsigned level = X86_LEVEL_PML4; level > leaf; level--) {
        uint64_t *entry = &table[x86_level_index(address, level)];

        if (*entry == 0) {
            *entry = direct_physical(memory_take(X86_PAGE_SIZE)) | TABLE;
        }
        table = direct_map(*entry & X86_PTE_ADDRESS_MASK);
    }
    table[x86_level_index(address, leaf)] = physical | flags |
                                            (leaf != X86_LEVEL_4K ? X86_PTE_PAGE : 0);
}

/* What a page of the image may be used for, by its address in the image. */
static uint64_t image_flags(uint64_t address)
{
    if (address < (uint64_t)server_text_end) {
        return CODE;
    }
    return address < (uint64_t)server_rodata_end ? RO_DATA : RW_DATA;
}

static void map_image(void)
{
    for (uint64_t address = (uint64_t)server_text_start; address < (uint64_t)server_end;
         address += X86_PAGE_SIZE) {
        map(address, address - IMAGE_BASE, image_flags(address), X86_LEVEL_4K);
    }
}

/* The direct map must not be a way around W^X: what is read only in the image is so here. */
static void map_direct_around_image(uint64_t physical)
{
    for (uint64_t page = physical; page < physical + X86_PAGE_2M_SIZE; page += X86_PAGE_SIZE) {
        uint64_t address = page + IMAGE_BASE;
        bool read_only = address >= (uint64_t)server_text_start &&
                         address < (uint64_t)server_rodata_end;

        map(DIRECT_BASE + page, page, read_only ? RO_DATA : RW_DATA, X86_LEVEL_4K);
    }
}

static void map_direct(const struct boot_region *region)
{
    uint64_t image_start = (uint64_t)server_text_start - IMAGE_BASE;
    uint64_t image_end = (uint64_t)server_end - IMAGE_BASE;
    uint64_t start = region->start & ~(X86_PAGE_2M_SIZE - 1);

    for (uint64_t physical = start; physical < region->end; physical += X86_PAGE_2M_SIZE) {
        if (physical < image_end && physical + X86_PAGE_2M_SIZE > image_start) {
            map_direct_around_image(physical);
        } else {
            map(DIRECT_BASE + physical, physical, RW_DATA, X86_LEVEL_2M);
        }
    }
}

void tables_init(const struct boot_report *report)
{
    server_huge_pages = (x86_cpuid(0x80000001, 0).edx & 1u << 26) != 0;
    server_pml4 = memory_take(X86_PAGE_SIZE);
    server_root = direct_physical(server_pml4);

    /* Every entry of the upper half that will ever be used exists before it is copied anywhere. */
    for (uint32_t i = 0; i < report->region_count; i++) {
        map_direct(&report->regions[i]);
    }
    for (uint32_t i = 0; i < report->module_count; i++) {
        map_direct(&report->modules[i].region);
    }
    map_image();
    map(APIC_BASE, x86_rdmsr(X86_MSR_APIC_BASE) & X86_PTE_ADDRESS_MASK & ~X86_U64(0xfff),
        RW_DATA | X86_PTE_PCD | X86_PTE_PWT, X86_LEVEL_4K);
    x86_write_cr3(server_root);
}

static void map_fresh(uint64_t start, uint64_t bytes)
{
    for (uint64_t address = start; address < start + bytes; address += X86_PAGE_SIZE) {
        map(address, direct_physical(memory_take(X86_PAGE_SIZE)), RW_DATA, X86_LEVEL_4K);
    }
}

void tables_map_cpu(unsigned number)
{
    uint64_t region = CPU_BASE + (uint64_t)number * CPU_REGION_SIZE;

    map_fresh(region + CPU_GDT, X86_PAGE_SIZE);
    map_fresh(region + CPU_STACK_NMI - X86_PAGE_SIZE, X86_PAGE_SIZE);
    map_fresh(region + CPU_STACK_DEBUG - X86_PAGE_SIZE, X86_PAGE_SIZE);
    map_fresh(region + CPU_STACK_MACHINE_CHECK - X86_PAGE_SIZE, X86_PAGE_SIZE);
    map_fresh(region + CPU_STACK_DOUBLE_FAULT - X86_PAGE_SIZE, X86_PAGE_SIZE);
    map_fresh(region + CPU_STACK - CPU_STACK_SIZE, CPU_STACK_SIZE);
    map_fresh(region + CPU_DATA, CPU_DATA_SIZE);
}
