/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMs of the bench, and what they share with their guest (guest.S). */
#ifndef BENCH_VM_H
#define BENCH_VM_H

/*
 * Guest-physical addresses, mapped to themselves in the guest's tables. Its code lies there at the
 * address that it has in the client's program, so that one table of symbols serves for both.
 */
#define GUEST_MEMORY  0x400000 /* one large page */
#define GUEST_TABLES  0x500000 /* three pages */
#define GUEST_GDT     0x503000
#define GUEST_IDT     0x504000
#define GUEST_STACK   0x506000 /* its end */
#define GUEST_CLOCKS  0x507000 /* when each of two guests ran last */
#define GUEST_SAMPLES 0x508000 /* a page for each of two guests */
#define GUEST_NOTHING 0x800000 /* nothing is mapped there in the VM */

#define GUEST_VECTOR  0x40
#define GUEST_LEAF    0x80000002 /* answered in ring 0 when the row asks for it */
#define GUEST_MSR     0x8b
#define GUEST_PORT    0x80
#define GUEST_AWAY    2000 /* ticks; a guest whose loop took longer was switched away */

#ifndef __ASSEMBLER__

#include <nacelle/vcpu_state.h>
#include <runtime/ipc.h>
#include <stdint.h>

#define BENCH_VMS 64

struct bench_vm {
    uint64_t vm, vcpu;
    struct nacelle_vcpu_state *state;
};

extern struct bench_vm bench_vms[BENCH_VMS];
extern uint64_t bench_endpoint; /* of the exits of all */
extern uint8_t *bench_memory;   /* the guest's large page, here */

void bench_vms_init(void);

/* Makes VMs until there are `count`, each stopped in an exit. */
void bench_vms_make(unsigned count);

/* Objects' sizes, for the table. */
void bench_vms_sizes(void);

/* The guest's address in the client's view. */
static inline void *bench_guest(uint64_t address)
{
    return bench_memory + (address - GUEST_MEMORY);
}

/* The vCPU, stopped in an exit, is to go on at `rip`; does not run it yet. */
void bench_vm_set(struct bench_vm *vm, const uint8_t *rip);

/* The same, and runs it until its first exit, which must be one of `kind`. */
struct nacelle_message bench_vm_start(struct bench_vm *vm, const uint8_t *rip, uint32_t kind);

extern const uint8_t guest_begin[], guest_end[];
extern const uint8_t guest_cpuid[], guest_port[], guest_hypercall[], guest_hlt[], guest_msr[],
    guest_ring0[], guest_ring0_msr[], guest_ring0_port[], guest_fault[], guest_wait[],
    guest_handler[], guest_switch_a[], guest_switch_b[];

#endif
#endif
