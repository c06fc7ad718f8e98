/* SPDX-License-Identifier: BSD-2-Clause */
/* The account of a VM: how often it exited and who answered, and whose its time was. */
#ifndef LINUX_ACCOUNT_H
#define LINUX_ACCOUNT_H

#include <runtime/thread.h>
#include <vmm/guest.h>

/* Where the time of the VM begins: right before vmm_loop_run(). */
struct account {
    uint64_t tsc;
    struct nacelle_thread_statistics client;
};

struct account account_begin(void);

/* Prints what there was since then. */
void account_print(const struct account *begin, struct vmm_guest *guest);

#endif
