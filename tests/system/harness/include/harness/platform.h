/* SPDX-License-Identifier: BSD-2-Clause */
/* What the test runs on, where emulators differ: docs/platforms.md. */
#ifndef HARNESS_PLATFORM_H
#define HARNESS_PLATFORM_H

#include <stdbool.h>

/* QEMU's translator. */
bool platform_is_tcg(void);

#endif
