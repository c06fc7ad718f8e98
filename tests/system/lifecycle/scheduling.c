/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"
void test_scheduling(void)
{
}
