/* SPDX-License-Identifier: BSD-2-Clause */
/* The fast path from a guest or thread to its handler and back, with those who mean no good. */
#include "fastpath.h"

const char test_name[] = "fastpath";

PARTS({"attacks", test_attacks}, {"exit registers", test_exit_registers},
      {"thread registers", test_thread_registers}, {"fpu", test_fpu}, {"replies", test_replies},
      {"calls", test_calls}, {"address spaces", test_address_spaces},
      {"state page", test_state_page}, {"capabilities", test_capabilities}, {"timer", test_timer},
      {"two guests", test_two_guests}, {"statistics", test_statistics});
