/* SPDX-License-Identifier: BSD-2-Clause */
/* A program's own registers: nobody else's values may show up in them. */
#ifndef ISOLATION_BYSTANDER_H
#define ISOLATION_BYSTANDER_H

/* Loads the x87 and SSE registers with a pattern, waits for `spin` iterations, looks whether they
 * hold it still. Returns the number of mismatches, having printed them. */
unsigned bystander_round(unsigned seed, unsigned spin);

/* A client without a VM: `rounds` rounds, with looks at XCR0 and TSC_AUX. Its exit status. */
int bystander_run(unsigned long rounds);

#endif
