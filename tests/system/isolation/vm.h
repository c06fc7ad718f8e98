/* SPDX-License-Identifier: BSD-2-Clause */
/* The VM of one client of the isolation test. */
#ifndef ISOLATION_VM_H
#define ISOLATION_VM_H

#include "guest.h"

#include <nacelle/vcpu_state.h>
#include <runtime/client_info.h>

/* What the command line says. */
struct vm_options {
    uint64_t seed;        /* all values derive from it */
    uint64_t slice;       /* TSC ticks, as long as in Bochs */
    uint64_t interrupts;  /* RFLAGS.IF: 0 always off, 1 always on, 2 turned on and off */
    uint64_t preemptions; /* how many make the test */
};

extern uint64_t vm_vm, vm_vcpu, vm_endpoint;
extern volatile struct nacelle_vcpu_state *vm_state;
extern struct guest_data *vm_data;
extern uint8_t *vm_xsave; /* the guest's table of FPU state */

void vm_init(const struct nacelle_client_info *info);

/* Fills in the guest's tables and the vCPU's state. */
void vm_fill(const struct vm_options *options);

/* Any number, the same for the same arguments, with no zero byte. */
uint64_t pattern(uint64_t seed, unsigned index);

/* Components of XCR0 that the client with this seed uses. */
uint64_t vm_xcr0(uint64_t seed);

const char *mismatch_name(uint64_t mismatch);

#endif
