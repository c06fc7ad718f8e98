/* SPDX-License-Identifier: BSD-2-Clause */
/* Progress: how much time has passed, and signs of life of a guest that is silent. */
#ifndef LINUX_PROGRESS_H
#define LINUX_PROGRESS_H

#include <vmm/guest.h>
#include <vmm/terminal.h>

struct progress {
    uint64_t start; /* TSC */
    struct vmm_guest *guest;
    const struct vmm_terminal *terminal;
    struct vmm_timer timer;
    uint64_t written; /* by the guest when the timer expired last */
    uint64_t pause;   /* seconds until it expires again; doubled with each line */
};

/* Time counts from now on. */
void progress_begin(struct progress *progress);

/* Millions of TSC ticks since then. */
uint64_t progress_ticks(const struct progress *progress);

/* From now on the guest runs: as long as nobody has typed at the terminal, a line when the guest
 * has worked for a second and said nothing, and after 2, 4, 8 more ... */
void progress_watch(struct progress *progress, struct vmm_guest *guest,
                    const struct vmm_terminal *terminal);

#endif
