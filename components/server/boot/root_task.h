/* SPDX-License-Identifier: BSD-2-Clause */
/* Making the root task, the one client that the server starts itself. */
#ifndef SERVER_ROOT_TASK_H
#define SERVER_ROOT_TASK_H

#include "multiboot.h"

/*
 * Loads the first boot module, a static ELF64 program, gives it all memory that is left and every
 * other capability, and makes its thread ready. A module that is missing or broken stops the
 * machine with a line that says what is wrong with it.
 */
void root_task_start(const struct boot_report *report);

#endif
