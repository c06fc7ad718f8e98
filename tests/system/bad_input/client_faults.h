/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client must not do, and what becomes of it: client_faults_*.S. */
#ifndef BAD_INPUT_CLIENT_FAULTS_H
#define BAD_INPUT_CLIENT_FAULTS_H

#define ANY_ERROR   0xffff
#define ANY_ADDRESS 1 /* no case faults at address 1 */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct client_fault {
    const char *what;
    uint64_t entry;
    uint64_t vectors; /* bit n: vector n is right */
    uint64_t error;   /* error code, or ANY_ERROR */
    uint64_t address; /* fault address, or ANY_ADDRESS */
    uint64_t at;      /* instruction that faults */
};

_Static_assert(sizeof(struct client_fault) == 48, "layout for assembly");

extern const struct client_fault client_faults[];
extern const uint64_t client_fault_count;

/* One table for each way into the server, of which one holds on a processor. */
extern const struct client_fault client_faults_sysenter[], client_faults_syscall[];
extern const uint64_t client_faults_sysenter_count, client_faults_syscall_count;

/* INT n for each n, 8 bytes apart. */
extern const uint8_t client_int_n[];

/* Loads DS with the selector in rdi. */
extern const uint8_t client_load_selector[], client_load_selector_at[];

#endif
#endif
