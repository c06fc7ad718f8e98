/* SPDX-License-Identifier: BSD-2-Clause */
#include "root_task.h"

#include "../src/aspace.h"
#include "../src/capability.h"
#include "../src/clock.h"
#include "../src/console.h"
#include "../src/interrupt.h"
#include "../src/layout.h"
#include "../src/schedule.h"
#include "../src/server.h"
#include "../src/thread.h"
#include "elf.h"
#include "memory.h"
#include <vcpu/vcpu.h>
#include <x86/insn.h>
#include <x86/paging.h>

#define ASPACE_SIZE 17 /* 30 tables */
#define CSPACE_SIZE (NACELLE_SIZE_SLOT + 12)

_Static_assert(1 << (CSPACE_SIZE - NACELLE_SIZE_SLOT) == NACELLE_ROOT_CSPACE_SLOTS, "root's slots");

extern char server_text_start[], server_text_end[];

/* The root task while it is being made. */
struct root {
    struct cspace *cspace;
    struct aspace *aspace;
    struct thread *thread;
    struct nacelle_boot_info *info;
};

/* Puts a capability without ancestors into the root task's space. */
static struct slot *give(struct root *root, uint64_t index, const struct slot *value)
{
    struct slot *slot = cspace_slot(root->cspace, index);

    slot_set_root(slot, value);
    return slot;
}

static void map_page(struct root *root, uint64_t address, const void *page, unsigned rights)
{
    struct mapping mapping = {
        .address = address,
        .physical = direct_physical(page),
        .size = NACELLE_SIZE_PAGE,
        .rights = rights,
    };

    if (aspace_map(root->aspace, &mapping) != NACELLE_ERROR_OK) {
        refuse("the root task cannot be loaded", "its segments overlap, or are writable code");
    }
}

/* Maps fresh pages for a segment and copies its contents. */
static void load_segment(struct root *root, const char *file, const struct elf_segment *segment)
{
    uint64_t start = segment->address & X86_PAGE_MASK;

    for (uint64_t address = start; address < segment->address + segment->memory_size;
         address += X86_PAGE_SIZE) {
        char *page = memory_take(X86_PAGE_SIZE);

        for (uint64_t i = 0; i < X86_PAGE_SIZE; i++) {
            uint64_t position = address + i - segment->address; /* wraps below the segment */

            if (position < segment->file_size) {
                page[i] = file[segment->offset + position];
            }
        }
        map_page(root, address, page, segment->rights);
    }
}

static void load(struct root *root, const struct boot_report *report)
{
    if (report->module_count == 0) {
        refuse("no root task", "the boot loader gave no module");
    }

    const struct boot_region *module = &report->modules[0].region;
    const char *file = direct_map(module->start);
    struct elf_program program;
    const char *error = elf_decode(file, module->end - module->start, &program);

    if (error != NULL) {
        refuse("the first boot module is no root task", error);
    }
    for (unsigned i = 0; i < program.segment_count; i++) {
        load_segment(root, file, &program.segments[i]);
    }
    for (uint64_t i = 1; i <= NACELLE_ROOT_STACK_SIZE / X86_PAGE_SIZE; i++) {
        map_page(root, NACELLE_ROOT_STACK_TOP - i * X86_PAGE_SIZE, memory_take(X86_PAGE_SIZE),
                 NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE);
    }
    for (uint64_t i = 0; i < NACELLE_BOOT_INFO_PAGES; i++) {
        map_page(root, NACELLE_ROOT_BOOT_INFO + i * X86_PAGE_SIZE,
                 (char *)root->info + i * X86_PAGE_SIZE, NACELLE_RIGHT_READ);
    }
    map_page(root, NACELLE_ROOT_IPC_BUFFER, thread_buffer(root->thread),
             NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE);
    thread_set_registers(root->thread, program.entry, NACELLE_ROOT_STACK_TOP);
    root->thread->frame.rdi = NACELLE_ROOT_BOOT_INFO;
    root->thread->frame.rsi = NACELLE_ROOT_IPC_BUFFER;
}

static void give_own_objects(struct root *root)
{
    const struct slot cspace = {
        .type = NACELLE_TYPE_CSPACE,
        .rights = NACELLE_RIGHTS_ALL,
        .size = CSPACE_SIZE,
        .object = (uint64_t)root->cspace,
    };
    const struct slot aspace = {
        .type = NACELLE_TYPE_ASPACE,
        .rights = NACELLE_RIGHTS_ALL,
        .size = ASPACE_SIZE,
        .object = (uint64_t)root->aspace,
    };
    const struct slot thread = {
        .type = NACELLE_TYPE_THREAD,
        .rights = NACELLE_RIGHTS_ALL,
        .size = NACELLE_SIZE_THREAD,
        .object = (uint64_t)root->thread,
    };
    const struct slot ports = {
        .type = NACELLE_TYPE_IOPORT,
        .rights = NACELLE_RIGHTS_ALL,
        .object = 0xffffull << 16,
    };

    capability_bind(give(root, NACELLE_SLOT_CSPACE, &cspace), &root->thread->cspace,
                    INTERNAL_THREAD, root->thread);
    capability_bind(give(root, NACELLE_SLOT_ASPACE, &aspace), &root->thread->aspace,
                    INTERNAL_THREAD, root->thread);
    give(root, NACELLE_SLOT_THREAD, &thread);
    give(root, NACELLE_SLOT_PORTS, &ports);
    for (unsigned i = 0; i < INTERRUPT_LINES; i++) {
        const struct slot line = {
            .type = NACELLE_TYPE_INTERRUPT,
            .rights = NACELLE_RIGHTS_ALL,
            .object = (uint64_t)interrupt_line(i),
        };

        give(root, NACELLE_SLOT_INTERRUPTS + i, &line);
    }
}

/* One more piece of untyped memory; the slots follow each other. */
static uint64_t give_untyped(struct root *root, const struct boot_region *region, bool device)
{
    struct nacelle_boot_info *info = root->info;
    uint64_t index = NACELLE_SLOT_UNTYPED + info->untyped_count;
    const struct slot untyped = {
        .type = NACELLE_TYPE_UNTYPED,
        .rights = NACELLE_RIGHTS_ALL,
        .flags = device ? SLOT_DEVICE : 0,
        .object = region->start,
        .space = region->end - region->start,
    };

    if (info->untyped_count == NACELLE_BOOT_UNTYPED_MAX) {
        return 0;
    }
    give(root, index, &untyped);
    info->untyped[info->untyped_count++] = (struct nacelle_boot_untyped){
        .slot = index,
        .physical = region->start,
        .size = region->end - region->start,
        .device = device,
    };
    return index;
}

static void give_memory(struct root *root, const struct boot_report *report)
{
    struct boot_region left[BOOT_REGIONS_MAX];
    struct nacelle_boot_info *info = root->info;
    uint32_t count;

    for (uint32_t i = 0; i < report->module_count; i++) {
        const struct boot_module *module = &report->modules[i];
        struct nacelle_boot_module *given = &info->modules[i];
        struct boot_region pages = {module->region.start, (module->region.end + 0xfff) & ~0xfffull};

        *given = (struct nacelle_boot_module){
            .slot = give_untyped(root, &pages, true),
            .physical = module->region.start,
            .size = module->region.end - module->region.start,
        };
        __builtin_memcpy(given->command_line, module->command_line, NACELLE_BOOT_LINE_MAX);
    }
    info->module_count = report->module_count;
    count = memory_left(left);
    for (uint32_t i = 0; i < count; i++) {
        give_untyped(root, &left[i], false);
    }
    info->first_free_slot = NACELLE_SLOT_UNTYPED + info->untyped_count;
}

static void fill_info(struct nacelle_boot_info *info, const struct boot_report *report)
{
    info->magic = NACELLE_BOOT_INFO_MAGIC;
    info->abi_major = NACELLE_ABI_MAJOR;
    info->abi_minor = NACELLE_ABI_MINOR;
    info->vendor = vcpu_vendor();
    info->tsc_hz = clock_hz();
    info->server_text = (uint64_t)server_text_end - (uint64_t)server_text_start;
    __builtin_memcpy(info->command_line, report->command_line, NACELLE_BOOT_LINE_MAX);
    if (x86_cpuid(0x80000000, 0).eax >= 0x80000004) {
        for (unsigned i = 0; i < 3; i++) {
            struct x86_cpuid_regs part = x86_cpuid(0x80000002 + i, 0);

            __builtin_memcpy(info->cpu_name + i * sizeof(part), &part, sizeof(part));
        }
    }
}

void root_task_start(const struct boot_report *report)
{
    struct root root = {
        .cspace = memory_take(1ull << CSPACE_SIZE),
        .aspace = memory_take(1ull << ASPACE_SIZE),
        .thread = memory_take(1ull << NACELLE_SIZE_THREAD),
        .info = memory_take(NACELLE_BOOT_INFO_PAGES * X86_PAGE_SIZE),
    };
    struct execution *execution = &root.thread->execution;

    cspace_init(root.cspace, CSPACE_SIZE);
    aspace_init(root.aspace, ASPACE_SIZE, server_pml4);
    thread_init(root.thread);
    fill_info(root.info, report);
    give_own_objects(&root);
    load(&root, report);
    give_memory(&root, report);
    execution->own.priority = NACELLE_PRIORITIES - 1;
    execution->state = EXECUTION_RUNNABLE;
    schedule_update(execution->on);
}
