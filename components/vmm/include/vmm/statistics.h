/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts of exits by kind, and their table. */
#ifndef VMM_STATISTICS_H
#define VMM_STATISTICS_H

#include <nacelle/exit.h>
#include <stdint.h>

struct vmm_statistics {
    uint64_t exits[NACELLE_EXIT_COUNT];    /* handled by the client */
    uint64_t answered[NACELLE_EXIT_COUNT]; /* by the server from a table: vmm_guest_statistics() */
    uint64_t other;                        /* kinds that this library does not know */
    uint64_t notifications;
    uint64_t injections;
    uint64_t idle_ticks; /* TSC ticks, while it waited in HLT */
};

static inline void vmm_statistics_count(struct vmm_statistics *statistics, uint32_t kind)
{
    if (kind < NACELLE_EXIT_COUNT)
        statistics->exits[kind]++;
    else
        statistics->other++;
}

/* Prints one line of the table: exits handled by the client, and by the server. */
typedef void vmm_statistics_print(void *context, const char *text, uint64_t client,
                                  uint64_t server);

/* Calls `print` for each kind that occurred, most frequent first, and for the total. */
void vmm_statistics_table(const struct vmm_statistics *statistics, vmm_statistics_print *print,
                          void *context);

#endif
