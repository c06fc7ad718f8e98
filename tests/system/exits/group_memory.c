/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#define CASES_FILE  "memory.def"
#define CASES_GROUP exits_memory
#include "expand.h"
