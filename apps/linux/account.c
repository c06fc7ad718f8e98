/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The account of a VM. All ticks of the CPU are paid for by the time slices of some thread or vCPU:
 * of what those of this VM's vCPU and client have paid for, the part neither in the guest nor at
 * user level is the server's. The rest the VM has waited, in HLT or for other VMs.
 */
#include "account.h"

#include <runtime/client.h>
#include <runtime/notification.h>

struct account account_begin(void)
{
    struct account begin = {.tsc = nacelle_tsc()};

    nacelle_check(nacelle_thread_statistics(NACELLE_CLIENT_THREAD, &begin.client), "statistics");
    return begin;
}

static void print_count(void *context, const char *text, uint64_t client, uint64_t server)
{
    (void)context;
    nacelle_print("  %-32s %12lu %12lu\n", text, client, server);
}

static void print_ticks(const char *text, uint64_t part, uint64_t all)
{
    uint64_t promille = all / 1000 ? part / (all / 1000) : 0;

    nacelle_print("  %-32s %12lu %10lu.%lu%%\n", text, part / 1000000, promille / 10,
                  promille % 10);
}

/* What is left of the whole when the part has been taken out: not below 0, as they are not read at
 * the same moment. */
static uint64_t rest(uint64_t whole, uint64_t part)
{
    return whole > part ? whole - part : 0;
}

static void print_exits(const struct vmm_guest *guest, const struct nacelle_vcpu_statistics *counts)
{
    nacelle_print("  %-32s %12s %12s\n", "exits by kind, and who answered", "client",
                  "server, table");
    vmm_statistics_table(&guest->vcpu.statistics, print_count, NULL);
    nacelle_print("%lu entries, of which %lu ended in the server, by interrupts; "
                  "%lu preemptions\n",
                  counts->entries, counts->entries - counts->exits, counts->preemptions);
    nacelle_print("%lu events injected, %lu timer notifications\n", counts->injections,
                  guest->vcpu.statistics.notifications);
}

void account_print(const struct account *begin, struct vmm_guest *guest)
{
    const struct account end = account_begin();
    const struct nacelle_vcpu_statistics counts = vmm_guest_statistics(guest);
    uint64_t all = end.tsc - begin->tsc;
    uint64_t paid = counts.ticks + end.client.ticks - begin->client.ticks;
    uint64_t client = counts.user_ticks + end.client.user_ticks - begin->client.user_ticks;

    print_exits(guest, &counts);
    if (!paid)
        return; /* the server does not count */
    nacelle_print("  %-32s %12s %12s\n", "million ticks", "", "share");
    print_ticks("guest", counts.guest_ticks, all);
    print_ticks("client, and whom it calls", client, all);
    print_ticks("server", rest(paid, client + counts.guest_ticks), all);
    print_ticks("waiting, in HLT or for others", rest(all, paid), all);
    print_ticks("... of which in HLT", guest->vcpu.statistics.idle_ticks, all);
    print_ticks("all", all, all);
}
