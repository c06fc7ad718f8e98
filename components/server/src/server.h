/* SPDX-License-Identifier: BSD-2-Clause */
/* What boot leaves behind for the rest of the server; read only from then on. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

/* The server's own tables: the upper half of every address space comes from here. */
extern uint64_t *server_pml4;
extern uint64_t server_root; /* physical address, as in CR3 */

/* Whether the processor has 1 GiB leaves: CPUID.80000001H:EDX.26 (SDM vol 3 4.1.4). */
extern bool server_huge_pages;

/* One page for the engine. */
extern void *server_engine_page;

#endif
