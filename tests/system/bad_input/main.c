/* SPDX-License-Identifier: BSD-2-Clause */
/* Bad input of every kind. What must come of it is in docs/ and interfaces/; what the server
 * happens to do is no reason for anything here. */
#include <harness/check.h>

#include "rows.h"

const char test_name[] = "bad_input";

PARTS({"every operation", test_operations}, {"arguments", test_rows},
      {"system calls", test_system_calls}, {"memory exhausted", test_exhaustion},
      {"derivation too deep", test_depth}, {"memory is cleared", test_clearing},
      {"clients fault", test_client_faults}, {"bad guest state", test_states},
      {"random state page", test_random_state}, {"poke", test_poke},
      {"bugs of others", test_known_bugs});
