/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the test share. */
#ifndef FASTPATH_FASTPATH_H
#define FASTPATH_FASTPATH_H

#include <harness/check.h>
#include <harness/memory.h>
#include <harness/thread.h>
#include <harness/vm.h>

#define GUEST(name) extern const uint8_t name##_begin[], name##_end[]

GUEST(guest_tell);
GUEST(guest_kinds);
GUEST(guest_touch);
GUEST(guest_nops);
GUEST(guest_tell_and_spin);
GUEST(guest_xmm);

/* What went wrong in a thread that does not print itself; the main thread looks at it. */
extern volatile uint64_t mistakes;

/* Of guest_tell: its CR2, and how often it has told. */
#define GUEST_CR2 0x12345678u

/*
 * guest_tell, with CR2, debug registers and system-call MSRs that would do harm in a client: at
 * `reached`, which nothing may reach.
 */
struct guest hostile_guest(struct guest_code code, uint64_t endpoint, uint64_t badge);
void check_not_reached(void);

/* A message of guest_tell that comes after the one that told *count. false: something else. */
bool tells_next(const struct nacelle_message *message, uint64_t *count);

void test_attacks(void);
void test_exit_registers(void);
void test_thread_registers(void);
void test_fpu(void);
void test_replies(void);
void test_calls(void);
void test_address_spaces(void);
void test_state_page(void);
void test_capabilities(void);
void test_timer(void);
void test_two_guests(void);
void test_statistics(void);

#endif
