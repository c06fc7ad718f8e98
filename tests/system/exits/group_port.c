/* SPDX-License-Identifier: BSD-2-Clause */
#define CASES_FILE  "port.def"
#define CASES_GROUP exits_port
#include "expand.h"
