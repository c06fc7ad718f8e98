/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything is deleted at every time: the rest goes on, whoever waited learns of it, and all
 * memory comes back (the harness looks after each part). */
#include <harness/check.h>

#include "world.h"

const char test_name[] = "lifecycle";

PARTS({"VMs and vCPUs", test_delete_vm}, {"endpoints and callers", test_delete_ipc},
      {"address and capability spaces", test_delete_spaces}, {"whole clients", test_delete_client},
      {"rounds", test_rounds});
