/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory of whole clients is taken back while they and their VMs run, at any moment. */
#include <harness/check.h>
#include <harness/memory.h>
#include <runtime/cspace.h>
#include <runtime/notification.h>

#include "client.h"

#define ROUNDS 250u

static void one_round(uint64_t pool, uint64_t ticks)
{
    struct client client = client_start(pool, 2);

    if (ticks != 0)
        wait_ticks(bochs_ticks(ticks));
    check_error("revoke", NACELLE_ERROR_OK, nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, pool));
    check_number("used", 0, used_of(pool));
    (void)client;
}

void test_delete_client(void)
{
    uint64_t pool = make(NACELLE_TYPE_UNTYPED, CLIENT_UNTYPED_SIZE);
    struct client other;

    bystander_start();
    other = client_start(make(NACELLE_TYPE_UNTYPED, CLIENT_UNTYPED_SIZE), 1);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct mark mark = harness_mark();

        /* a different moment each time, from before its first instruction on */
        one_round(pool, i < 20 ? i * 20 : (i * 3671) % 40000);
        harness_release(mark);
    }
    check_client_runs("the other client", &other);
    check_bystander("clients deleted");
}
