/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole server on the build machine, but for its entry code: real objects, capabilities, IPC
 * and scheduling over a piece of ordinary memory, with a fake processor (fake_insn.h) and a fake
 * engine (world_engine.c). Tests make system calls as threads and look at what becomes of them.
 */
#ifndef TESTS_SERVER_WORLD_H
#define TESTS_SERVER_WORLD_H

#include "fake_insn.h"
#include "test_main.h"

#include "cpu.h"
#include "ipc.h"
#include "system_call.h"
#include "vcpu_object.h"

/* Slots of the root thread's capability space at the start. */
#define ROOT_CSPACE  1
#define ROOT_ASPACE  2
#define ROOT_THREAD  3
#define ROOT_PORTS   4
#define ROOT_UNTYPED 5
#define ROOT_LINE    6 /* an interrupt line */
#define ROOT_FREE    8 /* the first free one */
#define ROOT_SLOTS   512

#define WORLD_MEMORY (8ull << 20)
#define WORLD_HZ     1000000000ull

struct world {
    struct cspace *cspace;
    struct thread *root;
    char *memory; /* of the untyped */
    struct aspace *aspace;
};

extern struct world world;

/* Makes the world anew: a root thread that runs, with the highest priority. */
void world_start(void);

/* A slot of the root's space. */
struct slot *world_slot(uint64_t index);

/* What the processor does next. */
enum world_event {
    WORLD_IDLE,
    WORLD_THREAD, /* a thread runs in user level: host_cpu.current */
    WORLD_GUEST   /* a guest runs: world_guest */
};

extern struct vcpu *world_guest;
extern struct execution *world_running; /* who has the processor; 0: nobody, or the server */

/* Called when interrupts are on between the steps of a long operation; 0: nothing happens. */
extern void (*world_interrupt)(void);

/* Runs the scheduler up to there; who ran is interrupted. */
enum world_event world_run(void);

/* An interrupt takes the processor from whoever runs; the fast path is left. */
void world_interrupt_running(void);

/* --- System calls ---------------------------------------------------------------------------- */

struct message {
    uint64_t capability; /* in: slot; out: badge */
    uint64_t tag;
    uint64_t words[NACELLE_MESSAGE_REGISTERS];
};

/* Makes the system call as a thread that can run; a long operation is carried to its end. The
 * thread may wait afterwards; world_result says what came of it once it can run again. */
void world_system_call(struct thread *thread, unsigned number, const struct message *message);

/* The same by the entry that entry.S calls, of a thread that runs: what the processor does next. */
enum world_event world_enter(struct thread *thread, unsigned number, const struct message *message);

struct message world_result(const struct thread *thread);

/* An operation of an object, by the root thread: the error, or NACELLE_ERROR_OK. The reply is in
 * world_reply. */
extern struct message world_reply;
enum nacelle_error world_invoke(uint64_t slot, uint32_t operation, uint64_t w0, uint64_t w1,
                                uint64_t w2, uint64_t w3);

/* One object from the root's untyped into the slot of the root's space. */
void *world_make(uint64_t slot, unsigned type, unsigned size);

/* A thread that runs, sharing the root's spaces. fault: slot of an endpoint, or 0. */
struct thread *world_make_thread(uint64_t slot, uint64_t fault);

/* A VM, an endpoint for its exits and a vCPU that runs: slots from first on. */
struct vcpu_object *world_make_vcpu(uint64_t first);

enum nacelle_error world_delete(uint64_t slot);

/* --- Engine ----------------------------------------------------------------------------------- */

/* The next exit of the guest that runs. */
void world_exit(enum vcpu_disposition disposition, uint32_t number);

/* Whether vCPUs are ready for the direct way; at first they are not. */
extern bool world_arms;

/* Whether the processor has no APIC virtualization; at first it has. */
extern bool world_lacks_apic;

extern unsigned world_timer_settings; /* counts calls of clock_set_timer */

/* --- The fast path: what entry.S does (world_fastpath.c) ---------------------------------- */

enum world_fast {
    WORLD_SLOW, /* nothing of the kind: the call is to be made by world_system_call */
    WORLD_GUEST_ENTERED,
    WORLD_CHANGED /* the other thread of the pair runs, with the message */
};

/* A system call of the thread that runs, which returns to rip if it is left in the server. */
enum world_fast world_fast_call(unsigned number, const struct message *message, uint64_t rip);

/* The guest that was entered so exits in the direct way; the handler runs, with the message. */
void world_direct_exit(void);

/* Does a guest run that was entered so? */
bool world_guest_is_direct(void);

/* What must hold while a pair is armed, and while none is. */
void world_check_pair(void);

/* What the fake engine remembers of a VM. */
unsigned fake_vm_mappings(const struct vm *vm);

/* The virtual-APIC page of a vCPU. */
uint64_t fake_vcpu_apic(const struct vcpu *vcpu);

/* The direct way of the fake engine. */
void fake_direct_entry(struct vcpu *vcpu);
bool fake_is_direct(const struct vcpu *vcpu);

/* --- Checks ----------------------------------------------------------------------------------- */

/* Everything that must hold between two system calls, for all that the root's space leads to. */
void world_check(void);

#endif
