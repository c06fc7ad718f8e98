/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and taking apart clients. */
#include "client.h"

#include "console.h"

#include <runtime/aspace.h>
#include <runtime/cspace.h>
#include <runtime/elf64.h>
#include <runtime/format.h>
#include <runtime/names.h>
#include <runtime/string.h>
#include <runtime/thread.h>
#include <runtime/untyped.h>

#define PAGE          4096ull
#define ASPACE_SIZE   17 /* 32 pages of translation tables */
#define STACK_PAGES   (NACELLE_CLIENT_STACK_SIZE / PAGE)
#define USER_SIZE_MAX (1ull << 30) /* programs end below the files */

#define READ_WRITE    (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)

static uint64_t slot_of(const struct client *client, enum client_slot slot)
{
    return client->slots + slot;
}

/* Puts "step: error text" together; NULL without an error. */
static const char *problem(enum nacelle_error error, const char *step)
{
    static char text[128];

    if (error == NACELLE_ERROR_OK)
        return NULL;
    nacelle_snprintf(text, sizeof(text), "%s: %s", step, nacelle_error_text(error));
    return text;
}

/* Exponent of the smallest power of two that is not less than size. */
static unsigned round_up_log2(uint64_t size)
{
    unsigned log2 = NACELLE_SIZE_UNTYPED_MIN;

    while (1ull << log2 < size)
        log2++;
    return log2;
}

static unsigned cspace_size(const struct client *client)
{
    return round_up_log2(client->config.slots << NACELLE_SIZE_SLOT);
}

/* Memory for the objects and pages that make the client run. Largest first, so that the power of
 * two it is rounded up to always has room for all of it. */
static const char *make_home(struct client *client, uint64_t pages)
{
    uint64_t cspace = 1ull << cspace_size(client), aspace = 1ull << ASPACE_SIZE;
    unsigned size;
    uint64_t home;
    enum nacelle_error error;

    client->slots = resources_slots(CLIENT_SLOTS);
    client->page_count = pages;
    client->pages = resources_slots(pages);
    if (!client->slots || !client->pages)
        return "no capability slots left in the root task";
    size = round_up_log2(cspace + aspace + (1ull << NACELLE_SIZE_THREAD) + pages * PAGE);
    client->home_size = 1ull << size;
    home = slot_of(client, CLIENT_HOME);
    error = resources_make(NACELLE_TYPE_UNTYPED, size, home);
    if (error != NACELLE_ERROR_OK)
        return problem(error, "memory for its objects");

    const struct {
        enum nacelle_type type;
        unsigned size;
        uint64_t slot, count;
    } objects[] = {
        {NACELLE_TYPE_CSPACE, cspace_size(client), slot_of(client, CLIENT_CSPACE), 1},
        {NACELLE_TYPE_ASPACE, ASPACE_SIZE, slot_of(client, CLIENT_ASPACE), 1},
        {NACELLE_TYPE_THREAD, NACELLE_SIZE_THREAD, slot_of(client, CLIENT_THREAD), 1},
        {NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE, client->pages, pages},
    };
    bool cspace_first = cspace >= aspace;

    for (unsigned i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        unsigned at = i < 2 && !cspace_first ? 1 - i : i;

        error = nacelle_untyped_retype_many(home, objects[at].type, objects[at].size,
                                            objects[at].slot, objects[at].count);
        if (error != NACELLE_ERROR_OK)
            return problem(error, nacelle_type_name(objects[at].type));
    }
    return NULL;
}

/* Takes the next page of the client, fills part of it and maps it into the client. */
static const char *add_page(struct client *client, uint64_t address, unsigned rights,
                            uint64_t offset, const void *bytes, uint64_t size)
{
    uint64_t frame = client->pages + client->next_page++;
    enum nacelle_error error = NACELLE_ERROR_OK;

    if (size)
        error = resources_fill(frame, offset, bytes, size);
    if (error == NACELLE_ERROR_OK)
        error = nacelle_aspace_map(slot_of(client, CLIENT_ASPACE), frame, address, rights);
    return problem(error, "mapping its memory");
}

static const char *load_segment(struct client *client, const struct nacelle_elf_segment *segment)
{
    const uint8_t *bytes = (const uint8_t *)client->module->bytes + segment->offset;
    uint64_t left = segment->file_size;
    uint64_t end = segment->address + segment->size;
    uint64_t offset = segment->address % PAGE;
    const char *failed = NULL;

    for (uint64_t page = segment->address - offset; page < end && !failed; page += PAGE) {
        uint64_t size = left < PAGE - offset ? left : PAGE - offset;

        failed = add_page(client, page, segment->rights, offset, bytes, size);
        bytes += size;
        left -= size;
        offset = 0;
    }
    return failed;
}

static const char *load(struct client *client, const struct nacelle_elf *elf)
{
    uint64_t stack = NACELLE_CLIENT_STACK_TOP - NACELLE_CLIENT_STACK_SIZE;
    const char *failed = NULL;

    for (unsigned i = 0; i < elf->segment_count && !failed; i++)
        failed = load_segment(client, &elf->segments[i]);
    for (uint64_t i = 0; i < STACK_PAGES && !failed; i++)
        failed = add_page(client, stack + i * PAGE, READ_WRITE, 0, NULL, 0);
    return failed;
}

/* The client's own memory: powers of two that add up to what it asked for, largest first. Each is
 * kept as a parent in the root task, whose revocation brings it back. */
static const char *give_memory(struct client *client, struct nacelle_client_info *info)
{
    uint64_t left = client->config.memory;

    for (unsigned size = NACELLE_SIZE_UNTYPED_MAX; size >= NACELLE_SIZE_UNTYPED_MIN; size--) {
        uint64_t parent = slot_of(client, CLIENT_MEMORY) + client->pieces;
        struct nacelle_client_untyped *piece = &info->untyped[client->pieces];
        struct nacelle_untyped_info about = {0};
        enum nacelle_error error;

        if (!(left >> size & 1))
            continue;
        if (client->pieces == NACELLE_CLIENT_UNTYPED_MAX)
            return "memory= has too many bits set";
        error = resources_make(NACELLE_TYPE_UNTYPED, size, parent);
        if (error != NACELLE_ERROR_OK)
            return problem(error, "its memory");
        client->pieces++;
        *piece = (struct nacelle_client_untyped){info->first_free_slot++, 0, 1ull << size};
        error = nacelle_untyped_info(parent, &about);
        piece->physical = about.physical;
        if (error == NACELLE_ERROR_OK)
            error = nacelle_invoke4(parent, NACELLE_UNTYPED_RETYPE,
                                    NACELLE_TYPE_UNTYPED | (uint64_t)size << 8, piece->slot, 1,
                                    slot_of(client, CLIENT_CSPACE));
        if (error != NACELLE_ERROR_OK)
            return problem(error, "its memory");
    }
    info->untyped_count = client->pieces;
    return NULL;
}

static const char *give_file(struct client *client, struct nacelle_client_info *info,
                             const struct module *module, uint64_t address)
{
    const unsigned rights = NACELLE_RIGHT_READ | NACELLE_RIGHT_EXECUTE;
    struct nacelle_client_file *file = &info->files[info->file_count];
    uint64_t copies = resources_slots(module->frame_count);

    if (!copies)
        return "no capability slots left in the root task";
    client->mappings[client->mapping_count].first = copies;
    client->mappings[client->mapping_count].count = module->frame_count;
    client->mapping_count++;

    nacelle_snprintf(file->name, sizeof(file->name), "%s", module->name);
    file->address = address;
    file->size = module->boot->size;
    file->first_frame = info->first_free_slot;
    file->frame_count = module->frame_count;
    file->frame_size = module->frame_size;
    info->first_free_slot += module->frame_count;
    info->file_count++;
    for (uint64_t i = 0; i < module->frame_count; i++) {
        uint64_t frame = module->first_frame + i;
        enum nacelle_error error;

        error = nacelle_cspace_copy(slot_of(client, CLIENT_CSPACE), file->first_frame + i, frame,
                                    rights, 0);
        if (error == NACELLE_ERROR_OK)
            error = nacelle_cspace_copy(NACELLE_SLOT_CSPACE, copies + i, frame, rights, 0);
        if (error == NACELLE_ERROR_OK)
            error = nacelle_aspace_map(slot_of(client, CLIENT_ASPACE), copies + i,
                                       address + i * module->frame_size, NACELLE_RIGHT_READ);
        if (error != NACELLE_ERROR_OK)
            return problem(error, file->name);
    }
    return NULL;
}

static const char *give_files(struct client *client, struct nacelle_client_info *info)
{
    static char text[NACELLE_CLIENT_NAME_MAX + 32];
    struct nacelle_word list = client->config.files, name;
    uint64_t address = NACELLE_CLIENT_FILES;
    const char *failed = NULL;

    while (!failed && nacelle_next_part(&list, &name)) {
        const struct module *module = resources_find_module(name);

        if (info->file_count == NACELLE_CLIENT_FILES_MAX)
            return "files= has too many names";
        if (!module || !module->bytes) {
            nacelle_snprintf(text, sizeof(text), "there is no module %.*s",
                             (int)(name.length < NACELLE_CLIENT_NAME_MAX ? name.length
                                                                         : NACELLE_CLIENT_NAME_MAX),
                             name.text);
            return text;
        }
        failed = give_file(client, info, module, address);
        address = resources_next_file(module, address);
    }
    return failed;
}

/* The capabilities that every client has. */
static const char *give_capabilities(struct client *client, uint64_t endpoint)
{
    const struct {
        uint64_t to, from;
        unsigned rights;
        uint64_t badge;
    } copies[] = {
        {NACELLE_CLIENT_CSPACE, slot_of(client, CLIENT_CSPACE), NACELLE_RIGHTS_ALL, 0},
        {NACELLE_CLIENT_ASPACE, slot_of(client, CLIENT_ASPACE), NACELLE_RIGHTS_ALL, 0},
        {NACELLE_CLIENT_THREAD, slot_of(client, CLIENT_THREAD), NACELLE_RIGHTS_ALL, 0},
        {NACELLE_CLIENT_CONSOLE, endpoint, NACELLE_RIGHT_WRITE, client->badge},
    };
    enum nacelle_error error;

    for (unsigned i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
        error = nacelle_cspace_copy(slot_of(client, CLIENT_CSPACE), copies[i].to, copies[i].from,
                                    copies[i].rights, copies[i].badge);
        if (error != NACELLE_ERROR_OK)
            return problem(error, "its first capabilities");
    }
    error = nacelle_cspace_copy(NACELLE_SLOT_CSPACE, slot_of(client, CLIENT_FAULTS), endpoint,
                                NACELLE_RIGHT_WRITE, client->badge);
    return problem(error, "its fault endpoint");
}

static const char *give(struct client *client, const struct nacelle_boot_info *boot,
                        uint64_t endpoint)
{
    static struct nacelle_client_info info; /* too large for comfort on the stack */
    const char *failed;

    info = (struct nacelle_client_info){.magic = NACELLE_CLIENT_INFO_MAGIC,
                                        .vendor = boot->vendor,
                                        .priority = (uint32_t)client->config.priority,
                                        .tsc_hz = boot->tsc_hz,
                                        .slots = client->config.slots,
                                        .first_free_slot = NACELLE_CLIENT_FIRST};
    memcpy(info.name, client->config.name, sizeof(info.name));
    nacelle_snprintf(info.command_line, sizeof(info.command_line), "%s",
                     client->module->boot->command_line);
    failed = give_capabilities(client, endpoint);
    if (!failed)
        failed = give_memory(client, &info);
    if (!failed)
        failed = give_files(client, &info);
    if (!failed)
        failed = add_page(client, NACELLE_CLIENT_INFO, NACELLE_RIGHT_READ, 0, &info, sizeof(info));
    return failed;
}

static const char *run(struct client *client, const struct nacelle_boot_info *boot, uint64_t entry)
{
    uint64_t thread = slot_of(client, CLIENT_THREAD);
    uint64_t slice = client->config.slice * (boot->tsc_hz / 1000000);
    enum nacelle_error error;

    error = nacelle_aspace_map(slot_of(client, CLIENT_ASPACE), thread, NACELLE_CLIENT_IPC_BUFFER,
                               READ_WRITE);
    if (error == NACELLE_ERROR_OK)
        error = nacelle_thread_configure(thread, slot_of(client, CLIENT_CSPACE),
                                         slot_of(client, CLIENT_ASPACE),
                                         slot_of(client, CLIENT_FAULTS));
    if (error == NACELLE_ERROR_OK)
        error = nacelle_thread_set_registers(thread, entry, NACELLE_CLIENT_STACK_TOP,
                                             NACELLE_CLIENT_INFO, NACELLE_CLIENT_IPC_BUFFER);
    if (error == NACELLE_ERROR_OK)
        error = nacelle_thread_set_priority(thread, client->config.priority, slice);
    if (error == NACELLE_ERROR_OK)
        error = nacelle_thread_resume(thread);
    return problem(error, "its thread");
}

const char *client_start(struct client *client, const struct nacelle_boot_info *info,
                         uint64_t endpoint)
{
    struct nacelle_elf elf;
    const char *failed = "its module cannot be used";

    if (client->module->bytes)
        failed = nacelle_elf64_read(client->module->bytes, client->module->boot->size,
                                    USER_SIZE_MAX, &elf);
    else if (!client->module->boot->size)
        failed = "its module is empty";
    if (failed)
        return failed;
    if (elf.pages > NACELLE_ROOT_CSPACE_SLOTS)
        return "the program is too large";
    failed = make_home(client, elf.pages + STACK_PAGES + 1);
    if (!failed)
        failed = load(client, &elf);
    if (!failed)
        failed = give(client, info, endpoint);
    if (!failed)
        failed = run(client, info, elf.entry);
    if (failed)
        (void)client_stop(client);
    else
        client->running = true;
    return failed;
}

/* Deletes what was made out of an untyped, and it. Returns the bytes that are still in use. */
static uint64_t take_back(uint64_t slot)
{
    struct nacelle_untyped_info info = {0};

    if (nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, slot) != NACELLE_ERROR_OK ||
        nacelle_untyped_info(slot, &info) != NACELLE_ERROR_OK)
        return 0; /* it was never made */
    if (nacelle_cspace_delete(NACELLE_SLOT_CSPACE, slot) != NACELLE_ERROR_OK)
        return info.size;
    return info.used;
}

uint64_t client_stop(struct client *client)
{
    uint64_t lost = 0;

    client->running = false;
    if (!client->slots)
        return 0;
    (void)nacelle_thread_suspend(slot_of(client, CLIENT_THREAD));
    for (unsigned i = 0; i < client->mapping_count; i++) {
        for (uint64_t j = 0; j < client->mappings[i].count; j++)
            (void)nacelle_cspace_delete(NACELLE_SLOT_CSPACE, client->mappings[i].first + j);
        resources_free_slots(client->mappings[i].first, client->mappings[i].count);
    }
    (void)nacelle_cspace_delete(NACELLE_SLOT_CSPACE, slot_of(client, CLIENT_FAULTS));
    for (unsigned i = 0; i < client->pieces; i++)
        lost += take_back(slot_of(client, CLIENT_MEMORY) + i);
    lost += take_back(slot_of(client, CLIENT_HOME));
    if (client->pages)
        resources_free_slots(client->pages, client->page_count);
    resources_free_slots(client->slots, CLIENT_SLOTS);
    client->slots = 0;
    return lost;
}
