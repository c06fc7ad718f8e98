/* SPDX-License-Identifier: BSD-2-Clause */
/* What the test runs on, where emulators differ: docs/platforms.md. */
#ifndef HARNESS_PLATFORM_H
#define HARNESS_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>

/* QEMU's translator. */
bool platform_is_tcg(void);

/* Turns each SYSENTER of code that is followed by the place to return to into a SYSCALL, if that is
 * the way into the server; what it leaves in rcx and rdx does no harm then. */
void platform_choose_system_calls(void *code, size_t size);

#endif
