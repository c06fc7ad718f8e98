/* SPDX-License-Identifier: BSD-2-Clause */
#define CASES_FILE  "task.def"
#define CASES_GROUP exits_task
#include "expand.h"
