/* SPDX-License-Identifier: BSD-2-Clause */
/* What a processor mode needs in the guest's memory. */
#ifndef EXITS_TABLES_H
#define EXITS_TABLES_H

#include "mode.h"

/* Translation tables at RIG_TABLES; PAE paging also has its PDPTEs in registers. */
void tables_paging(enum mode mode, uint64_t pdptes[4]);

/* GDT, IDT (or interrupt vectors of real mode), TSSs. */
void tables_descriptors(enum mode mode, const uint32_t bases[NACELLE_SEGMENTS]);

/* A handler for each vector at RIG_HANDLERS + 16 * vector: HLT, drop the error code, IRET. */
#define HANDLER_SIZE 16u
void tables_handlers(enum mode mode);
uint32_t tables_handler(unsigned vector); /* its address */

/* Makes a vector's entry of the IDT a task gate (no IA-32e mode), or one that is not present. */
void tables_task_gate(unsigned vector, unsigned selector);

#endif
