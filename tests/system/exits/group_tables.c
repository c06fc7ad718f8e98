/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#define CASES_FILE  "tables.def"
#define CASES_GROUP exits_tables
#include "expand.h"
