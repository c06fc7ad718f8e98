/* SPDX-License-Identifier: BSD-2-Clause */
/* What both ways to boot Linux have in common. */
#include "linux_place.h"

#include <runtime/format.h>
#include <runtime/string.h>
#include <x86/control.h>
#include <x86/descriptor.h>

#define PAGE              4096ull
#define COMMAND_LINE_ROOM 0x7000ull
#define LOW_END           0x9fc00ull /* where firmware keeps its data, and video memory begins */
#define TABLES_START      0xe0000ull /* firmware and ACPI tables, up to 1 MiB */

#define RANGE_RAM         1
#define RANGE_RESERVED    2

const char *vmm_linux_too_small(char problem[VMM_LINUX_PROBLEM_MAX], const char *what,
                                uint64_t needed, uint64_t there)
{
    nacelle_snprintf(problem, VMM_LINUX_PROBLEM_MAX,
                     "the guest's memory is too small: %s needs %lu MiB of %lu MiB", what,
                     (needed + VMM_LINUX_HIGH - 1) / VMM_LINUX_HIGH, there / VMM_LINUX_HIGH);
    return problem;
}

const char *vmm_linux_place_initrd(const struct vmm_linux *boot, const struct vmm_memory *memory,
                                   uint64_t kernel_end, uint64_t limit, uint64_t *address,
                                   char problem[VMM_LINUX_PROBLEM_MAX])
{
    uint8_t *target;

    *address = 0;
    if (!boot->initrd || !boot->initrd_size)
        return NULL;
    if (limit > boot->ram_size)
        limit = boot->ram_size;
    if (boot->initrd_size > limit || (limit - boot->initrd_size) / PAGE * PAGE < kernel_end) {
        nacelle_snprintf(problem, VMM_LINUX_PROBLEM_MAX,
                         "the initial RAM disk is too large: %lu KiB, room for %lu KiB",
                         (boot->initrd_size + 1023) / 1024,
                         limit > kernel_end ? (limit - kernel_end) / 1024 : 0);
        return problem;
    }
    *address = (limit - boot->initrd_size) / PAGE * PAGE;
    target = vmm_memory_at(memory, *address, boot->initrd_size, true);
    if (!target)
        return "the initial RAM disk would lie outside memory";
    memcpy(target, boot->initrd, boot->initrd_size);
    return NULL;
}

const char *vmm_linux_place_command_line(const struct vmm_linux *boot, uint8_t *low, uint64_t most,
                                         char problem[VMM_LINUX_PROBLEM_MAX])
{
    uint64_t length = strlen(boot->command_line);

    if (most > COMMAND_LINE_ROOM - 1)
        most = COMMAND_LINE_ROOM - 1;
    if (length > most) {
        nacelle_snprintf(problem, VMM_LINUX_PROBLEM_MAX,
                         "the command line is too long: %lu characters, the kernel takes %lu",
                         length, most);
        return problem;
    }
    memcpy(low + VMM_LINUX_COMMAND_LINE, boot->command_line, length + 1);
    return NULL;
}

void vmm_linux_memory_map(uint64_t ram_size, struct vmm_linux_range ranges[VMM_LINUX_RANGES])
{
    ranges[0] = (struct vmm_linux_range){0, LOW_END, RANGE_RAM};
    ranges[1] =
        (struct vmm_linux_range){TABLES_START, VMM_LINUX_HIGH - TABLES_START, RANGE_RESERVED};
    ranges[2] = (struct vmm_linux_range){VMM_LINUX_HIGH, ram_size - VMM_LINUX_HIGH, RANGE_RAM};
}

void vmm_linux_flat_segments(struct nacelle_vcpu_state *state, uint32_t code_rights)
{
    for (unsigned i = NACELLE_ES; i <= NACELLE_GS; i++)
        state->segments[i] = (struct nacelle_segment){
            .selector = VMM_LINUX_SELECTOR_DATA, .rights = X86_AR_DATA32, .limit = UINT32_MAX};
    state->segments[NACELLE_CS].selector = VMM_LINUX_SELECTOR_CODE;
    state->segments[NACELLE_CS].rights = code_rights;
    state->segments[NACELLE_LDTR] = (struct nacelle_segment){.rights = X86_AR_UNUSABLE};
    state->segments[NACELLE_TR] = (struct nacelle_segment){
        .selector = VMM_LINUX_SELECTOR_TASK, .rights = X86_AR_TSS_BUSY, .limit = 0x67};
    state->idtr = (struct nacelle_table){0};
    state->rflags = X86_RFLAGS_FIXED;
    memset(state->general, 0, sizeof(state->general));
}
