/* SPDX-License-Identifier: BSD-2-Clause */
#define CASES_FILE  "system.def"
#define CASES_GROUP exits_system
#include "expand.h"
