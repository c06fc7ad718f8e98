/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots, memory and boot modules. */
#include "resources.h"

#include "console.h"

#include <runtime/aspace.h>
#include <runtime/cspace.h>
#include <runtime/names.h>
#include <runtime/string.h>
#include <runtime/untyped.h>

#define PAGE            4096ull
#define MODULES_BASE    0x001000000000ull /* boot modules are mapped here, one after the other */
#define WINDOW          0x002000000000ull /* a few pages: frames being filled or copied */
#define LARGE_PAGE      (2ull << 20)
#define LARGE_FILE      (1ull << 20) /* files above this size lie in large frames */
#define COPIED_AT_ONCE  64           /* pages */
#define MODULE_SIZE_MAX (1ull << 30)

static const struct nacelle_boot_info *boot;
static struct module modules[NACELLE_BOOT_MODULES_MAX];
static unsigned module_count;

/* One bit a slot: in use. */
static uint64_t used[NACELLE_ROOT_CSPACE_SLOTS / 64];

static void mark(uint64_t slot, bool in_use)
{
    if (in_use)
        used[slot / 64] |= 1ull << slot % 64;
    else
        used[slot / 64] &= ~(1ull << slot % 64);
}

static bool is_used(uint64_t slot)
{
    return used[slot / 64] >> slot % 64 & 1;
}

uint64_t resources_slots(uint64_t count)
{
    uint64_t free = 0;

    for (uint64_t slot = boot->first_free_slot; slot < NACELLE_ROOT_CSPACE_SLOTS; slot++) {
        free = is_used(slot) ? 0 : free + 1;
        if (free == count) {
            uint64_t first = slot - count + 1;

            for (uint64_t i = first; i <= slot; i++)
                mark(i, true);
            return first;
        }
    }
    return 0;
}

void resources_free_slots(uint64_t first, uint64_t count)
{
    for (uint64_t i = first; i < first + count; i++)
        mark(i, false);
}

enum nacelle_error resources_make(enum nacelle_type type, unsigned size, uint64_t slot)
{
    enum nacelle_error error = NACELLE_ERROR_NO_MEMORY;

    for (uint32_t i = 0; i < boot->untyped_count && error == NACELLE_ERROR_NO_MEMORY; i++)
        if (!boot->untyped[i].device)
            error = nacelle_untyped_retype(boot->untyped[i].slot, type, size, slot, 1);
    return error;
}

enum nacelle_error resources_fill(uint64_t frame, uint64_t offset, const void *bytes, uint64_t size)
{
    enum nacelle_error error;

    error = nacelle_aspace_map(NACELLE_SLOT_ASPACE, frame, WINDOW,
                               NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE);
    if (error != NACELLE_ERROR_OK)
        return error;
    memcpy((uint8_t *)WINDOW + offset, bytes, size);
    return nacelle_aspace_unmap(NACELLE_SLOT_ASPACE, frame);
}

/* The name that a command line begins with, without the directories of a path. */
static void set_name(struct module *module)
{
    struct nacelle_word word = nacelle_first_word(module->boot->command_line);

    for (size_t i = 0; i < word.length; i++) {
        if (word.text[i] == '/') {
            word = (struct nacelle_word){word.text + i + 1, word.length - i - 1};
            i = (size_t)-1;
        }
    }
    nacelle_word_copy(word, module->name, sizeof(module->name));
}

/* Maps frames in a row. */
static enum nacelle_error map_frames(uint64_t first, uint64_t count, uint64_t size,
                                     uint64_t address, unsigned rights)
{
    enum nacelle_error error = NACELLE_ERROR_OK;

    for (uint64_t i = 0; i < count && error == NACELLE_ERROR_OK; i++)
        error = nacelle_aspace_map(NACELLE_SLOT_ASPACE, first + i, address + i * size, rights);
    return error;
}

/* Maps the next pages of a module, copies them, and lets go of them. */
static enum nacelle_error copy_pages(const struct module *module, uint64_t slots, uint64_t pages,
                                     uint8_t *to, uint64_t size)
{
    enum nacelle_error error;

    error = nacelle_untyped_retype(module->boot->slot, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE, slots,
                                   pages);
    if (error == NACELLE_ERROR_OK)
        error = map_frames(slots, pages, PAGE, WINDOW, NACELLE_RIGHT_READ);
    if (error == NACELLE_ERROR_OK)
        memcpy(to, (const void *)WINDOW, size);
    for (uint64_t i = 0; i < pages && error == NACELLE_ERROR_OK; i++)
        error = nacelle_aspace_unmap(NACELLE_SLOT_ASPACE, slots + i);
    return error;
}

/* Copies what a module's untyped memory holds, a few pages at a time. Untyped memory starts anew
 * when nothing of it is in use: the frame of the first page stays until all is done. */
static enum nacelle_error copy_module(const struct module *module, uint8_t *to)
{
    uint64_t slots = resources_slots(1 + COPIED_AT_ONCE), left = module->boot->size, pages = 1;
    uint64_t next = slots;
    enum nacelle_error error = slots ? NACELLE_ERROR_OK : NACELLE_ERROR_OUT_OF_RANGE;

    while (left && error == NACELLE_ERROR_OK) {
        uint64_t size = left < pages * PAGE ? left : pages * PAGE;

        pages = (size + PAGE - 1) / PAGE;
        error = copy_pages(module, next, pages, to, size);
        for (uint64_t i = 0; i < pages && next != slots; i++)
            (void)nacelle_cspace_delete(NACELLE_SLOT_CSPACE, next + i);
        to += size;
        left -= size;
        next = slots + 1;
        pages = COPIED_AT_ONCE;
    }
    if (slots) {
        (void)nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, module->boot->slot);
        resources_free_slots(slots, 1 + COPIED_AT_ONCE);
    }
    return error;
}

/* A large file, copied into large frames of RAM: few slots, for the root task and for all who get
 * the file, and large leaves in their page tables. */
static enum nacelle_error make_large(struct module *module, uint64_t address)
{
    enum nacelle_error error = NACELLE_ERROR_OK;

    for (uint64_t i = 0; i < module->frame_count && error == NACELLE_ERROR_OK; i++)
        error = resources_make(NACELLE_TYPE_FRAME, NACELLE_SIZE_LARGE, module->first_frame + i);
    if (error == NACELLE_ERROR_OK)
        error = map_frames(module->first_frame, module->frame_count, LARGE_PAGE, address,
                           NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE);
    if (error == NACELLE_ERROR_OK)
        error = copy_module(module, (uint8_t *)address);
    for (uint64_t i = 0; i < module->frame_count && error == NACELLE_ERROR_OK; i++)
        error = nacelle_aspace_unmap(NACELLE_SLOT_ASPACE, module->first_frame + i);
    return error;
}

static enum nacelle_error map_module(struct module *module, uint64_t address)
{
    enum nacelle_error error;

    module->frame_size = module->boot->size > LARGE_FILE ? LARGE_PAGE : PAGE;
    module->frame_count = (module->boot->size + module->frame_size - 1) / module->frame_size;
    module->first_frame = resources_slots(module->frame_count);
    if (!module->first_frame)
        return NACELLE_ERROR_OUT_OF_RANGE;
    if (module->frame_size == LARGE_PAGE)
        error = make_large(module, address);
    else
        error = nacelle_untyped_retype_many(module->boot->slot, NACELLE_TYPE_FRAME,
                                            NACELLE_SIZE_PAGE, module->first_frame,
                                            module->frame_count);
    if (error == NACELLE_ERROR_OK)
        error = map_frames(module->first_frame, module->frame_count, module->frame_size, address,
                           NACELLE_RIGHT_READ);
    return error;
}

uint64_t resources_next_file(const struct module *module, uint64_t address)
{
    uint64_t end = address + module->frame_count * module->frame_size;

    return (end + LARGE_PAGE) & ~(LARGE_PAGE - 1);
}

void resources_init(const struct nacelle_boot_info *info)
{
    uint64_t address = MODULES_BASE;

    boot = info;
    module_count = info->module_count < NACELLE_BOOT_MODULES_MAX ? info->module_count
                                                                 : NACELLE_BOOT_MODULES_MAX;
    for (unsigned i = 0; i < module_count; i++) {
        struct module *module = &modules[i];
        enum nacelle_error error = NACELLE_ERROR_OK;

        module->boot = &info->modules[i];
        set_name(module);
        if (i == 0) /* the root task itself: nothing to do with it */
            continue;
        if (module->boot->size && module->boot->size <= MODULE_SIZE_MAX)
            error = map_module(module, address);
        if (error == NACELLE_ERROR_OK)
            module->bytes = (const void *)address;
        else
            console_print("root: module %s cannot be used: %s\n", module->name,
                          nacelle_error_text(error));
        address = resources_next_file(module, address);
    }
}

unsigned resources_module_count(void)
{
    return module_count;
}

struct module *resources_module(unsigned index)
{
    return &modules[index];
}

struct module *resources_find_module(struct nacelle_word name)
{
    for (unsigned i = 1; i < module_count; i++)
        if (nacelle_word_is(name, modules[i].name))
            return &modules[i];
    return NULL;
}
