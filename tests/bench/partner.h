/* SPDX-License-Identifier: BSD-2-Clause */
/* The other side of a call: a program in an address space of its own. */
#ifndef BENCH_PARTNER_H
#define BENCH_PARTNER_H

#include <stdint.h>

#define PARTNER_ENDPOINT 8 /* slot in its own capability space */

/* Loads and starts it, once. Returns the endpoint that it answers at. */
uint64_t partner_start(void);

#endif
