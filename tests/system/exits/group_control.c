/* SPDX-License-Identifier: BSD-2-Clause */
#define CASES_FILE  "control.def"
#define CASES_GROUP exits_control
#include "expand.h"
