/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: who runs when, what they say to each other, and what becomes of their faults. */
#include <harness/check.h>

#include "world.h"

const char test_name[] = "threads";

PARTS({"messages", test_messages}, {"faults", test_faults}, {"timers", test_timers},
      {"scheduling", test_scheduling});
