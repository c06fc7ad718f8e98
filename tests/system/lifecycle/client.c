/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

#include <harness/check.h>
#include <harness/memory.h>
#include <harness/platform.h>
#include <runtime/aspace.h>
#include <runtime/cspace.h>
#include <runtime/string.h>

#define CODE_AT     0x400000ull
#define DATA_AT     0x600000ull
#define ENDPOINT_AT 5u /* slot in its capability space */

GUEST(client_loop);

/* A page that we can write to and the client can use at `at`; the client's capability. */
static uint64_t client_page(uint64_t untyped, uint64_t aspace, uint64_t at, uint64_t rights,
                            uint8_t **bytes)
{
    uint64_t address = address_take(4096);
    uint64_t ours = make_from(untyped, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE);
    uint64_t its = copy(ours, NACELLE_RIGHTS_ALL, 0);

    need(nacelle_aspace_map(NACELLE_SLOT_ASPACE, ours, address, READ_WRITE), "map");
    need(nacelle_aspace_map(aspace, its, at, rights), "map for the client");
    *bytes = (uint8_t *)address;
    return its;
}

struct client client_start(uint64_t untyped, unsigned priority)
{
    const struct guest_code code = GUEST_CODE_OF(client_loop);
    uint64_t endpoint = make_from(untyped, NACELLE_TYPE_ENDPOINT, 0);
    struct client client = {
        .cspace = make_from(untyped, NACELLE_TYPE_CSPACE, 12),
        .aspace = make_from(untyped, NACELLE_TYPE_ASPACE, 15),
        .thread = make_from(untyped, NACELLE_TYPE_THREAD, 0),
        .guest = guest_make(untyped, GUEST_CODE_OF(guest_cpuid), endpoint, 0),
    };
    uint8_t *page = NULL;

    client.code_frame = client_page(untyped, client.aspace, CODE_AT, READ_EXECUTE, &page);
    memcpy(page, code.begin, (uint64_t)(code.end - code.begin));
    platform_choose_system_calls(page, (uint64_t)(code.end - code.begin));
    (void)client_page(untyped, client.aspace, DATA_AT, READ_WRITE, &page);
    client.exits = (volatile uint64_t *)page;
    need(nacelle_cspace_copy(client.cspace, ENDPOINT_AT, endpoint, NACELLE_RIGHTS_ALL, 0), "copy");
    need(nacelle_thread_configure(client.thread, client.cspace, client.aspace, 0), "configure");
    need(nacelle_thread_set_registers(client.thread, CODE_AT, DATA_AT + 4096, ENDPOINT_AT, DATA_AT),
         "registers");
    need(nacelle_thread_set_priority(client.thread, priority, 0), "priority");
    need(nacelle_vcpu_set_priority(client.guest.vcpu, priority, 0), "priority");
    need(nacelle_thread_resume(client.thread), "start the client");
    need(nacelle_vcpu_resume(client.guest.vcpu), "start its guest");
    return client;
}

void check_client_runs(const char *what, const struct client *client)
{
    uint64_t before = *client->exits;

    for (unsigned i = 0; i < 100 && *client->exits < before + 10; i++)
        wait_ticks(boot->tsc_hz / 1000 * 3); /* it may share its time with others */
    check_range(what, before + 10, ~0ull, *client->exits);
}

void check_client_stands(const char *what, const struct client *client)
{
    uint64_t before = *client->exits;

    wait_ticks(boot->tsc_hz / 1000 * 25);
    check_number(what, before, *client->exits);
}
