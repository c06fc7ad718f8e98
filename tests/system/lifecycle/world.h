/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of these tests share: guests, threads that do one thing, and a bystander. */
#ifndef LIFECYCLE_WORLD_H
#define LIFECYCLE_WORLD_H

#include <harness/thread.h>
#include <harness/vm.h>
#include <stdint.h>

#define GUEST(name) extern const uint8_t name##_begin[], name##_end[]

GUEST(guest_spin);   /* jumps to itself */
GUEST(guest_cpuid);  /* CPUID for ever */
GUEST(guest_count);  /* counts to COUNT_TO, then OUT of the sum to port 0x10, for ever */
GUEST(guest_port);   /* OUT to port 0x80, then CPUID, for ever */
GUEST(guest_memory); /* reads GUEST_DATA, then CPUID, for ever */
GUEST(guest_tick);   /* adds 1 to the quadword at GUEST_DATA for ever, 3 instructions each time */

#define COUNT_TO 3000u

/* Time for threads and guests below our priority to do what they have to. */
#define A_WHILE bochs_ticks(30000)
static inline void a_while(void)
{
    wait_ticks(A_WHILE);
}

/* A thread that makes one system call, and notes how it ended. */
struct job {
    uint64_t capability;
    unsigned call; /* NACELLE_CALL ... */
    uint64_t tag;
    volatile uint32_t done; /* 0: it waits */
    volatile uint32_t error;
    struct nacelle_message message;
    struct thread thread;
};

void job_start(struct job *job, unsigned call, uint64_t capability, unsigned priority);

/* It waits; it ended, and with this error. */
void check_waits(const char *what, const struct job *job);
void check_ended(const char *what, enum nacelle_error error, const struct job *job);

/* A VM with its client: both must go on whatever happens to others. */
void bystander_start(void);
void check_bystander(const char *what);

void test_delete_vm(void);
void test_delete_ipc(void);
void test_delete_spaces(void);
void test_delete_client(void);
void test_rounds(void);
void test_messages(void);
void test_faults(void);
void test_timers(void);
void test_scheduling(void);

#endif
