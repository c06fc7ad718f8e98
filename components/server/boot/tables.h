/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's own translation tables: W^X, nothing mapped that is not used. */
#ifndef SERVER_TABLES_H
#define SERVER_TABLES_H

#include "multiboot.h"
#include <stdint.h>

/* Builds the tables and loads them: direct map of the RAM in the report, image, the local APIC. */
void tables_init(const struct boot_report *report);

/* Maps fresh memory for a CPU's region: GDT, stacks with unmapped pages below, data. */
void tables_map_cpu(unsigned number);

#endif
