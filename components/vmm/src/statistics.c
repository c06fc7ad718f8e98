/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of exits. */
#include <runtime/names.h>
#include <stdbool.h>
#include <vmm/statistics.h>

void vmm_statistics_table(const struct vmm_statistics *statistics, vmm_statistics_print *print,
                          void *context)
{
    bool done[NACELLE_EXIT_COUNT] = {false};
    uint64_t total = statistics->other;

    for (;;) {
        unsigned most = NACELLE_EXIT_COUNT;

        for (unsigned i = 0; i < NACELLE_EXIT_COUNT; i++)
            if (!done[i] && statistics->exits[i] &&
                (most == NACELLE_EXIT_COUNT || statistics->exits[i] > statistics->exits[most]))
                most = i;
        if (most == NACELLE_EXIT_COUNT)
            break;
        done[most] = true;
        total += statistics->exits[most];
        print(context, nacelle_exit_text(most), statistics->exits[most]);
    }
    if (statistics->other)
        print(context, "other", statistics->other);
    print(context, "all exits", total);
}
