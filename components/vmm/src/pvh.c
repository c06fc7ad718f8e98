/* SPDX-License-Identifier: BSD-2-Clause */
/* The x86/HVM direct boot ABI (Xen, docs/misc/pvh.pandoc). */
#include "linux_place.h"

#include <runtime/elf64.h>
#include <runtime/format.h>
#include <runtime/string.h>
#include <vmm/pvh.h>
#include <x86/control.h>
#include <x86/descriptor.h>

#define SEGMENTS_MAX  16

#define NOTE_NAME     "Xen"
#define NOTE_ENTRY    18 /* XEN_ELFNOTE_PHYS32_ENTRY */

#define START_MAGIC   0x336ec578u
#define START_VERSION 1 /* the first with a memory map */

/* Nothing says how long a command line the kernel takes: as long as there is room. */
#define ANY_LENGTH UINT64_MAX

/* The head of an ELF note; name and description follow, each padded (System V ABI, figure 5-7). */
struct note {
    uint32_t name_size, description_size, type;
};

/* start_info.h */
struct start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, memory_map;
    uint32_t memory_map_count, reserved;
};

struct module {
    uint64_t address, size, command_line, reserved;
};

struct memory_map_entry {
    uint64_t address, size;
    uint32_t type, reserved;
};

/* All that start info names but the command line, in one page. */
struct start_page {
    struct start_info info;
    struct module initrd;
    struct memory_map_entry map[VMM_LINUX_RANGES];
};

_Static_assert(sizeof(struct start_info) == 56, "start_info.h, version 1");
_Static_assert(offsetof(struct start_info, memory_map) == 40, "start_info.h");
_Static_assert(sizeof(struct module) == 32, "start_info.h");
_Static_assert(sizeof(struct memory_map_entry) == 24, "start_info.h");
_Static_assert(sizeof(struct start_page) <= 4096, "what is there for parameters");

/* What is to be loaded. */
struct kernel {
    struct nacelle_elf64_file file;
    unsigned count;
    struct nacelle_elf64_program_header segments[SEGMENTS_MAX];
    uint64_t entry;
    bool has_entry;
    uint64_t end; /* behind the last segment in memory */
};

static bool within(uint64_t offset, uint64_t size, uint64_t end)
{
    return offset <= end && size <= end - offset;
}

/* Looks for the entry in the notes from `offset` on, all within the file. Entries may have 4 or 8
 * bytes; the padding depends on the segment's alignment. */
static void find_entry(struct kernel *kernel, const struct nacelle_elf64_program_header *notes)
{
    const uint64_t pad = (notes->alignment == 8 ? 8 : 4) - 1;
    const uint8_t *bytes = kernel->file.bytes + notes->offset;
    uint64_t at = 0;
    struct note note;

    while (within(at, sizeof(note), notes->file_size)) {
        uint64_t description;

        memcpy(&note, bytes + at, sizeof(note));
        description = (at + sizeof(note) + note.name_size + pad) & ~pad;
        if (!within(description, note.description_size, notes->file_size))
            return;
        if (note.type == NOTE_ENTRY && note.name_size == sizeof(NOTE_NAME) &&
            memcmp(bytes + at + sizeof(note), NOTE_NAME, sizeof(NOTE_NAME)) == 0 &&
            (note.description_size == 4 || note.description_size == 8)) {
            memcpy(&kernel->entry, bytes + description, note.description_size);
            kernel->has_entry = true;
            return;
        }
        at = (description + note.description_size + pad) & ~pad;
    }
}

static const char *check_segment(const struct kernel *kernel, const struct vmm_linux *boot,
                                 const struct nacelle_elf64_program_header *segment, char *problem)
{
    uint64_t start = segment->physical_address;

    if (segment->file_size > segment->memory_size)
        return "a segment of the kernel is larger in the file than in memory";
    if (start < VMM_LINUX_HIGH) {
        nacelle_snprintf(problem, VMM_LINUX_PROBLEM_MAX,
                         "the kernel's segment at %lxh is not above the first megabyte", start);
        return problem;
    }
    if (!within(start, segment->memory_size, boot->ram_size))
        return vmm_linux_too_small(problem, "the kernel", start + segment->memory_size,
                                   boot->ram_size);
    for (unsigned i = 0; i < kernel->count; i++) {
        const struct nacelle_elf64_program_header *other = &kernel->segments[i];

        if (start < other->physical_address + other->memory_size &&
            other->physical_address < start + segment->memory_size) {
            nacelle_snprintf(problem, VMM_LINUX_PROBLEM_MAX,
                             "the kernel's segments at %lxh and %lxh overlap",
                             other->physical_address, start);
            return problem;
        }
    }
    return NULL;
}

/* Takes a program header, which may be of any kind. */
static const char *take_header(struct kernel *kernel, const struct vmm_linux *boot,
                               const struct nacelle_elf64_program_header *header, char *problem)
{
    bool load = header->type == NACELLE_ELF_LOAD && header->memory_size;
    const char *failed;

    if (!load && header->type != NACELLE_ELF_NOTE)
        return NULL;
    if (!within(header->offset, header->file_size, boot->kernel_size))
        return "the kernel's file is cut off";
    if (!load) {
        if (!kernel->has_entry)
            find_entry(kernel, header);
        return NULL;
    }
    if (kernel->count == SEGMENTS_MAX)
        return "the kernel has too many segments";
    failed = check_segment(kernel, boot, header, problem);
    if (failed)
        return failed;
    kernel->segments[kernel->count++] = *header;
    if (header->physical_address + header->memory_size > kernel->end)
        kernel->end = header->physical_address + header->memory_size;
    return NULL;
}

static bool entry_is_loaded(const struct kernel *kernel)
{
    for (unsigned i = 0; i < kernel->count; i++) {
        const struct nacelle_elf64_program_header *segment = &kernel->segments[i];

        if (kernel->entry >= segment->physical_address &&
            kernel->entry - segment->physical_address < segment->memory_size)
            return true;
    }
    return false;
}

/* Finds out what is to be loaded; nothing is written to the guest's memory yet. */
static const char *read_kernel(struct kernel *kernel, const struct vmm_linux *boot, char *problem)
{
    const char *failed = nacelle_elf64_open(boot->kernel, boot->kernel_size, &kernel->file);

    if (failed) {
        nacelle_snprintf(problem, VMM_LINUX_PROBLEM_MAX, "the kernel's ELF file: %s", failed);
        return problem;
    }
    for (unsigned i = 0; i < kernel->file.program_header_count; i++) {
        const struct nacelle_elf64_program_header header =
            nacelle_elf64_program_header(&kernel->file, i);

        failed = take_header(kernel, boot, &header, problem);
        if (failed)
            return failed;
    }
    if (!kernel->has_entry)
        return "the kernel has no PVH entry: its ELF file lacks the note PHYS32_ENTRY of Xen's";
    if (!entry_is_loaded(kernel)) {
        nacelle_snprintf(problem, VMM_LINUX_PROBLEM_MAX,
                         "the kernel's PVH entry, %lxh, is outside of its segments", kernel->entry);
        return problem;
    }
    return NULL;
}

static const char *place_kernel(const struct kernel *kernel, const struct vmm_memory *memory)
{
    for (unsigned i = 0; i < kernel->count; i++) {
        const struct nacelle_elf64_program_header *segment = &kernel->segments[i];
        uint8_t *target =
            vmm_memory_at(memory, segment->physical_address, segment->memory_size, true);

        if (!target)
            return "the kernel would lie outside memory";
        memcpy(target, kernel->file.bytes + segment->offset, segment->file_size);
        memset(target + segment->file_size, 0, segment->memory_size - segment->file_size);
    }
    return NULL;
}

static void fill_start_page(const struct vmm_linux *boot, uint64_t initrd, uint8_t *low)
{
    struct vmm_linux_range ranges[VMM_LINUX_RANGES];
    struct start_page page = {
        .info = {.magic = START_MAGIC,
                 .version = START_VERSION,
                 .module_count = initrd ? 1 : 0,
                 .modules = initrd ? VMM_LINUX_PARAMETERS + offsetof(struct start_page, initrd) : 0,
                 .command_line = VMM_LINUX_COMMAND_LINE,
                 .rsdp = boot->rsdp,
                 .memory_map = VMM_LINUX_PARAMETERS + offsetof(struct start_page, map),
                 .memory_map_count = VMM_LINUX_RANGES},
        .initrd = {.address = initrd, .size = initrd ? boot->initrd_size : 0},
    };

    vmm_linux_memory_map(boot->ram_size, ranges);
    for (unsigned i = 0; i < VMM_LINUX_RANGES; i++)
        page.map[i] = (struct memory_map_entry){
            .address = ranges[i].address, .size = ranges[i].size, .type = ranges[i].type};
    memcpy(low + VMM_LINUX_PARAMETERS, &page, sizeof(page));
}

const char *vmm_pvh_load(const struct vmm_linux *boot, const struct vmm_memory *memory,
                         struct vmm_linux_entry *entry, char problem[VMM_LINUX_PROBLEM_MAX])
{
    uint8_t *low = vmm_memory_at(memory, 0, VMM_LINUX_HIGH, true);
    struct kernel kernel = {0};
    uint64_t initrd = 0;
    const char *failed;

    if (!low || boot->ram_size <= VMM_LINUX_HIGH)
        return vmm_linux_too_small(problem, "a PC", 2 * VMM_LINUX_HIGH, boot->ram_size);
    failed = read_kernel(&kernel, boot, problem);
    if (!failed)
        failed = place_kernel(&kernel, memory);
    if (!failed)
        failed = vmm_linux_place_initrd(boot, memory, kernel.end, UINT64_MAX, &initrd, problem);
    if (!failed)
        failed = vmm_linux_place_command_line(boot, low, ANY_LENGTH, problem);
    if (failed)
        return failed;
    fill_start_page(boot, initrd, low);
    *entry = (struct vmm_linux_entry){.rip = kernel.entry, .parameters = VMM_LINUX_PARAMETERS};
    return NULL;
}

void vmm_pvh_enter(const struct vmm_linux_entry *entry, struct nacelle_vcpu_state *state)
{
    /* without descriptors: the kernel brings its own before it loads a segment */
    vmm_linux_flat_segments(state, X86_AR_CODE32);
    state->gdtr = (struct nacelle_table){0};
    state->cr0 = X86_CR0_PE | X86_CR0_ET;
    state->cr3 = 0;
    state->cr4 = 0;
    state->cr0_shadow = state->cr0;
    state->cr4_shadow = state->cr4;
    state->efer = 0;
    state->rip = entry->rip;
    state->rsp = 0;
    state->general[3] = entry->parameters; /* rbx */
    state->dirty |= VMM_LINUX_GROUPS;
}
