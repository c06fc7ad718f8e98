/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio devices that a guest's command line asks for. */
#ifndef LINUX_DEVICES_H
#define LINUX_DEVICES_H

#include <runtime/client_info.h>
#include <runtime/pool.h>
#include <vmm/guest.h>
#include <vmm/loop.h>
#include <vmm/terminal.h>

/* Plugs them in, at 1.0 and up. The loop must have been told of the channels already. Without
 * firmware, which does that itself, they get their addresses too. False, after a message, when an
 * argument makes no sense. A virtio console shares the terminal, which is not open yet. */
bool devices_add(struct vmm_guest *guest, struct vmm_loop *loop, struct nacelle_pool *pool,
                 const struct nacelle_client_info *info, struct vmm_terminal *terminal,
                 bool firmware);

/* Says what went through them. */
void devices_print(void);

#endif
