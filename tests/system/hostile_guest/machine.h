/* SPDX-License-Identifier: BSD-2-Clause */
/* The VM of a client: some pages of memory, code at CODE in 32-bit flat protected mode. */
#ifndef HOSTILE_MACHINE_H
#define HOSTILE_MACHINE_H

#include <nacelle/exit.h>
#include <nacelle/vcpu_state.h>
#include <runtime/client_info.h>
#include <runtime/ipc.h>
#include <runtime/vcpu.h>
#include <runtime/vm.h>

#define CODE        0x1000u /* gpa of the code */
#define CODE_PAGES  4u
#define DATA        0x8000u /* gpa of a page of data; the stack grows down from its end */

#define GUEST(name) extern const uint8_t name##_begin[], name##_end[]
GUEST(guest_triple); /* triple fault */
GUEST(guest_spin);   /* interrupts off, jumps to itself */
GUEST(guest_msrs);   /* reads and writes MSRs esi to edi */
GUEST(guest_ports);  /* reads and writes ports esi to edi */
GUEST(guest_walk);   /* reads and writes memory from esi to edi, ebp apart */
GUEST(guest_away);   /* jumps to esi */
GUEST(guest_count);  /* counts, and tells at port 0x10 */
#define COUNT_TO 100000u

extern uint64_t vm, vcpu, endpoint, timer;
extern struct nacelle_vcpu_state *state;
extern uint8_t *data; /* the guest's page of data */
extern uint64_t exits_seen, failed;

enum {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI
};

/* Makes it all. */
void machine_make(const struct nacelle_client_info *info);

/* Puts code into the guest's memory, and the vCPU back to its reset state, at the start of the
 * code. */
void machine_load(const uint8_t *begin, const uint8_t *end);

/* Starts the vCPU; the next exit, or NACELLE_EXIT_NONE when none came in time. */
uint32_t machine_start(void);

/* Replies and waits for the next exit. */
uint32_t machine_continue(uint32_t flags);

/* Stops the vCPU, whatever it does. */
void machine_stop(void);

/* The test goes on after a failure; it is counted and told. */
void expect(const char *what, uint64_t expected, uint64_t found);

void test_instructions(void);
void test_sweeps(void);

#endif
