/* SPDX-License-Identifier: BSD-2-Clause */
/* Progress of a VM. */
#include "progress.h"

#include <runtime/client.h>
#include <runtime/notification.h>

void progress_begin(struct progress *progress)
{
    progress->start = nacelle_tsc();
}

uint64_t progress_ticks(const struct progress *progress)
{
    return (nacelle_tsc() - progress->start) / 1000000;
}

static uint64_t exits(const struct vmm_statistics *statistics)
{
    uint64_t sum = statistics->other;

    for (unsigned i = 0; i < NACELLE_EXIT_COUNT; i++)
        sum += statistics->exits[i];
    return sum;
}

static void look(void *context)
{
    struct progress *progress = context;
    const struct vmm_vcpu *vcpu = &progress->guest->vcpu;
    struct vmm_clock *clock = &progress->guest->pc.clock;

    if (progress->terminal->typed)
        return;
    if (progress->terminal->written != progress->written) {
        progress->pause = 1;
    } else if (!vcpu->halted) {
        nacelle_print("%lu million ticks: the guest works, in silence; %lu exits so far\n",
                      progress_ticks(progress), exits(&vcpu->statistics));
        progress->pause *= 2;
    }
    progress->written = progress->terminal->written;
    vmm_timer_set(clock, &progress->timer, clock->now + progress->pause * clock->hz);
}

void progress_watch(struct progress *progress, struct vmm_guest *guest,
                    const struct vmm_terminal *terminal)
{
    progress->guest = guest;
    progress->terminal = terminal;
    progress->timer =
        (struct vmm_timer){.deadline = VMM_NEVER, .expired = look, .context = progress};
    progress->written = terminal->written;
    progress->pause = 1;
    vmm_timer_set(&guest->pc.clock, &progress->timer, guest->pc.clock.now + guest->pc.clock.hz);
}
