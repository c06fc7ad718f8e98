/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#define CASES_FILE  "exception.def"
#define CASES_GROUP exits_exception
#include "expand.h"
