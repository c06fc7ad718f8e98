/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux' 64-bit boot protocol (Linux, Documentation/x86/boot.rst and zero-page.rst). */
#include "linux_place.h"

#include <runtime/string.h>
#include <vmm/linux.h>
#include <x86/control.h>
#include <x86/descriptor.h>
#include <x86/msr.h>
#include <x86/paging.h>

/* Offsets in the file and, from SETUP_HEADER on, in struct boot_params. */
enum {
    ACPI_RSDP = 0x070, /* 8 bytes; zero-page.rst */
    E820_ENTRIES = 0x1e8,
    SETUP_HEADER = 0x1f1,
    SETUP_SECTORS = 0x1f1,
    BOOT_FLAG = 0x1fe,
    HEADER_LENGTH = 0x201, /* the header ends so many bytes behind 202h */
    HEADER_MAGIC = 0x202,
    VERSION = 0x206,
    LOADER_TYPE = 0x210,
    LOAD_FLAGS = 0x211,
    INITRD_ADDRESS = 0x218,
    INITRD_SIZE = 0x21c,
    COMMAND_LINE = 0x228,
    INITRD_LAST = 0x22c,
    ALIGNMENT = 0x230,
    RELOCATABLE = 0x234,
    XLOAD_FLAGS = 0x236,
    COMMAND_LINE_SIZE = 0x238, /* without the 0 */
    PREFERRED = 0x258,
    INIT_SIZE = 0x260,
    HEADER_END = 0x290, /* E820_TABLE comes later */
    E820_TABLE = 0x2d0,
    E820_ENTRY_SIZE = 20,
    PARAMETERS_SIZE = 0x1000,
};

#define SECTOR                512u
#define SETUP_SECTORS_DEFAULT 4 /* what 0 stands for */
#define BOOT_FLAG_VALUE       0xaa55
#define HEADER_MAGIC_VALUE    0x53726448u /* "HdrS" */
#define VERSION_LEAST         0x020c      /* the first with xloadflags: Linux 3.8 */
#define LOADER_UNKNOWN        0xff
#define XLOAD_KERNEL_64       0x0001
#define ENTRY_64              0x200 /* behind the start of the protected-mode kernel */

#define GDT_ADDRESS           0x1000ull
#define PAGE_TABLES           0x2000ull /* PML4, PDPT, and a directory for each GiB below 4 GiB */
#define STACK_TOP             0x20000ull

#define PAGE                  4096ull
#define LARGE_PAGE            (2ull << 20)
#define MAPPED_GIB            4ul
#define ENTRIES               512ul

static uint64_t get(const uint8_t *bytes, unsigned offset, unsigned size)
{
    uint64_t value = 0;

    memcpy(&value, bytes + offset, size);
    return value;
}

static void put(uint8_t *bytes, unsigned offset, unsigned size, uint64_t value)
{
    memcpy(bytes + offset, &value, size);
}

/* What has to be true of the file. */
static const char *check_image(const struct vmm_linux *boot)
{
    const uint8_t *kernel = boot->kernel;

    if (boot->kernel_size < HEADER_END || get(kernel, BOOT_FLAG, 2) != BOOT_FLAG_VALUE ||
        get(kernel, HEADER_MAGIC, 4) != HEADER_MAGIC_VALUE)
        return "the kernel is not a bzImage";
    if (get(kernel, VERSION, 2) < VERSION_LEAST)
        return "the kernel is too old: its boot protocol is before 2.12";
    if (!(get(kernel, XLOAD_FLAGS, 2) & XLOAD_KERNEL_64))
        return "the kernel is not a 64-bit one";
    return NULL;
}

/* The protected-mode part of the file, behind boot sector and real-mode part. */
static uint64_t kernel_offset(const uint8_t *kernel)
{
    uint64_t sectors = get(kernel, SETUP_SECTORS, 1);

    return ((sectors ? sectors : SETUP_SECTORS_DEFAULT) + 1) * SECTOR;
}

/* Copies the kernel to where it prefers to be; *end is behind all that it needs until it runs. */
static const char *place_kernel(const struct vmm_linux *boot, const struct vmm_memory *memory,
                                uint64_t *start, uint64_t *end, char *problem)
{
    uint64_t offset = kernel_offset(boot->kernel), size;
    uint8_t *target;

    *start = get(boot->kernel, PREFERRED, 8);
    size = get(boot->kernel, INIT_SIZE, 4);
    if (offset >= boot->kernel_size)
        return "the kernel's file is cut off";
    if (boot->kernel_size - offset > size)
        size = boot->kernel_size - offset;
    if (*start < VMM_LINUX_HIGH || *start > boot->ram_size || size > boot->ram_size - *start)
        return vmm_linux_too_small(problem, "the kernel", *start + size, boot->ram_size);
    target = vmm_memory_at(memory, *start, size, true);
    if (!target)
        return "the kernel would lie outside memory";
    memcpy(target, boot->kernel + offset, boot->kernel_size - offset);
    *end = *start + size;
    return NULL;
}

/* The memory map, as firmware tells it. */
static void fill_memory_map(const struct vmm_linux *boot, uint8_t *parameters)
{
    struct vmm_linux_range ranges[VMM_LINUX_RANGES];

    vmm_linux_memory_map(boot->ram_size, ranges);
    for (unsigned i = 0; i < VMM_LINUX_RANGES; i++) {
        unsigned at = E820_TABLE + i * E820_ENTRY_SIZE;

        put(parameters, at, 8, ranges[i].address);
        put(parameters, at + 8, 8, ranges[i].size);
        put(parameters, at + 16, 4, ranges[i].type);
    }
    put(parameters, E820_ENTRIES, 1, VMM_LINUX_RANGES);
}

/* Everything below 4 GiB at its own address. */
static void fill_page_tables(uint8_t *low)
{
    const uint64_t table = X86_PTE_PRESENT | X86_PTE_WRITE;
    uint64_t directories = PAGE_TABLES + 2 * PAGE;

    memset(low + PAGE_TABLES, 0, 2 * PAGE);
    put(low, PAGE_TABLES, 8, (PAGE_TABLES + PAGE) | table);
    for (uint64_t i = 0; i < MAPPED_GIB; i++)
        put(low, (unsigned)(PAGE_TABLES + PAGE + i * 8), 8, (directories + i * PAGE) | table);
    for (uint64_t i = 0; i < MAPPED_GIB * ENTRIES; i++)
        put(low, (unsigned)(directories + i * 8), 8, i * LARGE_PAGE | table | X86_PTE_PAGE);
}

/* Flat segments (SDM vol. 3, 3.4.5), and a task state segment that nobody uses. */
static void fill_descriptors(uint8_t *low)
{
    static const uint64_t descriptors[] = {
        [VMM_LINUX_SELECTOR_CODE / 8] = 0x00af9b000000ffff,
        [VMM_LINUX_SELECTOR_DATA / 8] = 0x00cf93000000ffff,
        [VMM_LINUX_SELECTOR_TASK / 8] = 0x00008b0000000067,
        [VMM_LINUX_SELECTOR_TASK / 8 + 1] = 0,
    };

    memcpy(low + GDT_ADDRESS, descriptors, sizeof(descriptors));
}

const char *vmm_linux_load(const struct vmm_linux *boot, const struct vmm_memory *memory,
                           struct vmm_linux_entry *entry, char problem[VMM_LINUX_PROBLEM_MAX])
{
    const char *failed = check_image(boot);
    uint8_t *low = vmm_memory_at(memory, 0, VMM_LINUX_HIGH, true), *parameters;
    uint64_t start = 0, end = 0, initrd = 0, header;

    if (failed)
        return failed;
    if (!low || boot->ram_size <= VMM_LINUX_HIGH)
        return vmm_linux_too_small(problem, "a PC", 2 * VMM_LINUX_HIGH, boot->ram_size);
    parameters = low + VMM_LINUX_PARAMETERS;
    memset(parameters, 0, PARAMETERS_SIZE);
    header = HEADER_MAGIC + get(boot->kernel, HEADER_LENGTH, 1) - SETUP_HEADER;
    if (header > HEADER_END - SETUP_HEADER)
        header = HEADER_END - SETUP_HEADER;
    memcpy(parameters + SETUP_HEADER, boot->kernel + SETUP_HEADER, header);
    put(parameters, LOADER_TYPE, 1, LOADER_UNKNOWN);
    put(parameters, ACPI_RSDP, 8, boot->rsdp);
    fill_memory_map(boot, parameters);
    failed = place_kernel(boot, memory, &start, &end, problem);
    if (!failed)
        failed = vmm_linux_place_initrd(boot, memory, end, get(boot->kernel, INITRD_LAST, 4) + 1,
                                        &initrd, problem);
    if (!failed)
        failed = vmm_linux_place_command_line(boot, low, get(boot->kernel, COMMAND_LINE_SIZE, 4),
                                              problem);
    if (failed)
        return failed;
    if (initrd) {
        put(parameters, INITRD_ADDRESS, 4, initrd);
        put(parameters, INITRD_SIZE, 4, boot->initrd_size);
    }
    put(parameters, COMMAND_LINE, 4, VMM_LINUX_COMMAND_LINE);
    fill_page_tables(low);
    fill_descriptors(low);
    *entry = (struct vmm_linux_entry){.rip = start + ENTRY_64, .parameters = VMM_LINUX_PARAMETERS};
    return NULL;
}

void vmm_linux_enter(const struct vmm_linux_entry *entry, struct nacelle_vcpu_state *state)
{
    vmm_linux_flat_segments(state, X86_AR_CODE64);
    state->gdtr = (struct nacelle_table){.base = GDT_ADDRESS, .limit = 6 * 8 - 1};
    state->cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_PG;
    state->cr3 = PAGE_TABLES;
    state->cr4 = X86_CR4_PAE;
    state->cr0_shadow = state->cr0;
    state->cr4_shadow = state->cr4;
    state->efer = X86_EFER_LME | X86_EFER_LMA;
    state->rip = entry->rip;
    state->rsp = STACK_TOP;
    state->general[6] = entry->parameters; /* rsi */
    state->dirty |= VMM_LINUX_GROUPS;
}
