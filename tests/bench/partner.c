/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads the partner from its file, as the root task loads clients. */
#include "partner.h"

#include "bench.h"

#include <runtime/aspace.h>
#include <runtime/client.h>
#include <runtime/cspace.h>
#include <runtime/elf64.h>
#include <runtime/string.h>
#include <runtime/thread.h>

#define PAGE        4096ull
#define ASPACE_SIZE 16
#define CSPACE_SIZE 12
#define STACK_PAGES 2
#define USER_END    (1ull << 30)
#define READ_WRITE  (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)

static uint64_t space;

/* A page of the partner's with these bytes in it. */
static void add_page(uint64_t address, unsigned rights, uint64_t offset, const void *bytes,
                     uint64_t size)
{
    uint64_t frame = nacelle_pool_need(&bench_pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE);
    uint64_t here = nacelle_pool_address(&bench_pool, PAGE, PAGE);

    nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, frame, here, READ_WRITE), "map");
    if (size)
        memcpy((uint8_t *)here + offset, bytes, size);
    nacelle_check(nacelle_aspace_unmap(NACELLE_CLIENT_ASPACE, frame), "unmap");
    nacelle_check(nacelle_aspace_map(space, frame, address, rights), "map for the partner");
}

static void load_segment(const uint8_t *file, const struct nacelle_elf_segment *segment)
{
    uint64_t end = segment->address + segment->size, left = segment->file_size;
    uint64_t offset = segment->address % PAGE;
    const uint8_t *bytes = file + segment->offset;

    for (uint64_t page = segment->address - offset; page < end; page += PAGE) {
        uint64_t size = left < PAGE - offset ? left : PAGE - offset;

        add_page(page, segment->rights, offset, bytes, size);
        bytes += size;
        left -= size;
        offset = 0;
    }
}

static uint64_t load(void)
{
    const struct nacelle_client_file *file = nacelle_find_file(bench_info, "bench_partner");
    struct nacelle_elf elf;

    if (!file || nacelle_elf64_read((const void *)file->address, file->size, USER_END, &elf))
        bench_fail("the partner is not there, or no program");
    for (unsigned i = 0; i < elf.segment_count; i++)
        load_segment((const uint8_t *)file->address, &elf.segments[i]);
    for (unsigned i = 0; i < STACK_PAGES; i++)
        add_page(NACELLE_CLIENT_STACK_TOP - (i + 1) * PAGE, READ_WRITE, 0, NULL, 0);
    add_page(NACELLE_CLIENT_INFO, NACELLE_RIGHT_READ, 0, bench_info, sizeof(*bench_info));
    return elf.entry;
}

uint64_t partner_start(void)
{
    static uint64_t endpoint;
    uint64_t thread, cspace, entry;

    if (endpoint)
        return endpoint;
    endpoint = nacelle_pool_need(&bench_pool, NACELLE_TYPE_ENDPOINT, NACELLE_SIZE_ENDPOINT);
    space = nacelle_pool_need(&bench_pool, NACELLE_TYPE_ASPACE, ASPACE_SIZE);
    cspace = nacelle_pool_need(&bench_pool, NACELLE_TYPE_CSPACE, CSPACE_SIZE);
    thread = nacelle_pool_need(&bench_pool, NACELLE_TYPE_THREAD, NACELLE_SIZE_THREAD);
    entry = load();
    nacelle_check(nacelle_cspace_copy(cspace, PARTNER_ENDPOINT, endpoint, NACELLE_RIGHT_READ, 0),
                  "the partner's endpoint");
    nacelle_check(nacelle_aspace_map(space, thread, NACELLE_CLIENT_IPC_BUFFER, READ_WRITE),
                  "the partner's IPC buffer");
    nacelle_check(nacelle_thread_configure(thread, cspace, space, 0), "configure the partner");
    nacelle_check(nacelle_thread_set_registers(thread, entry, NACELLE_CLIENT_STACK_TOP,
                                               NACELLE_CLIENT_INFO, NACELLE_CLIENT_IPC_BUFFER),
                  "the partner's registers");
    nacelle_check(nacelle_thread_set_priority(thread, bench_info->priority, 0),
                  "the partner's priority");
    nacelle_check(nacelle_thread_resume(thread), "start the partner");
    return endpoint;
}
