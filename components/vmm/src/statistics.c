/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of exits. */
#include <runtime/names.h>
#include <stdbool.h>
#include <vmm/statistics.h>

static uint64_t both(const struct vmm_statistics *statistics, unsigned kind)
{
    return statistics->exits[kind] + statistics->answered[kind];
}

void vmm_statistics_table(const struct vmm_statistics *statistics, vmm_statistics_print *print,
                          void *context)
{
    bool done[NACELLE_EXIT_COUNT] = {false};
    uint64_t client = statistics->other, server = 0;

    for (;;) {
        unsigned most = NACELLE_EXIT_COUNT;

        for (unsigned i = 0; i < NACELLE_EXIT_COUNT; i++)
            if (!done[i] && both(statistics, i) &&
                (most == NACELLE_EXIT_COUNT || both(statistics, i) > both(statistics, most)))
                most = i;
        if (most == NACELLE_EXIT_COUNT)
            break;
        done[most] = true;
        client += statistics->exits[most];
        server += statistics->answered[most];
        print(context, nacelle_exit_text(most), statistics->exits[most],
              statistics->answered[most]);
    }
    if (statistics->other)
        print(context, "other", statistics->other, 0);
    print(context, "all exits", client, server);
}
