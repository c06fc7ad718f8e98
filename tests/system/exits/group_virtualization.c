/* SPDX-License-Identifier: BSD-2-Clause */
#define CASES_FILE  "virtualization.def"
#define CASES_GROUP exits_virtualization
#include "expand.h"
