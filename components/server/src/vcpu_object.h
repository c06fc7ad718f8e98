/* SPDX-License-Identifier: BSD-2-Clause */
/* VMs and vCPUs as objects of the server: the engine's, with what makes them schedulable. */
#ifndef SERVER_VCPU_OBJECT_H
#define SERVER_VCPU_OBJECT_H

/* Offsets for assembly, checked below. */
#define VCPU_OBJECT_VM    2048 /* the slot */
#define VCPU_OBJECT_STATE 2176 /* one byte: EXECUTION_* */

#ifndef __ASSEMBLER__

#include "cpu.h"
#include "execution.h"
#include "physical.h"
#include "slot.h"
#include "space.h"

/* The last page of a vCPU object (vcpu/vcpu.h): the engine's part, then the server's. */
struct vcpu_object {
    uint8_t engine[VCPU_STRUCT_SIZE] __attribute__((aligned(64)));
    struct slot vm, endpoint; /* internal slots */
    struct execution execution;
    bool poked;              /* a poke that no exit has reported yet */
    bool exit_pending;       /* the state page holds an exit to send before the guest runs */
    uint64_t timer_deadline; /* of the CPU when the slice was set last */
    uint64_t entries, exits, preemptions, injections;
    uint64_t direct_ends; /* direct entries whose exit was no direct one */
    struct slot apic;     /* internal: the frame that is the virtual-APIC page */
};

_Static_assert(sizeof(struct vcpu_object) <= 4096, "one page");
_Static_assert(offsetof(struct vcpu_object, engine) == 0, "the engine finds its other pages");
_Static_assert(offsetof(struct vcpu_object, vm) == VCPU_OBJECT_VM, "offsets for assembly");
_Static_assert(offsetof(struct vcpu_object, execution.state) == VCPU_OBJECT_STATE,
               "offsets for assembly");

static inline struct vcpu *vcpu_engine(struct vcpu_object *object)
{
    return (struct vcpu *)(void *)object;
}

static inline struct vcpu_object *vcpu_object_of(struct vcpu *vcpu)
{
    return (struct vcpu_object *)(void *)vcpu;
}

static inline struct vcpu_object *vcpu_of(struct execution *execution)
{
    return container_of(execution, struct vcpu_object, execution);
}

/* Physical address of the state page. */
static inline uint64_t vcpu_state_physical(const struct vcpu_object *object)
{
    return physical_of(object) - VCPU_STRUCT_OFFSET + VCPU_STATE_OFFSET;
}

static inline struct space *space_of_vm(struct vm *vm)
{
    return (struct space *)((char *)vm + VM_HOST_OFFSET);
}

static inline struct vm *vm_of_space(struct space *space)
{
    return (struct vm *)((char *)space - VM_HOST_OFFSET);
}

/* Make zeroed memory into a VM of 1 << size bytes; into a vCPU. */
void vm_object_init(void *memory, unsigned size);
struct vcpu_object *vcpu_object_init(void *memory);

void vcpu_object_destroy(struct vcpu_object *object);

/* The VM that the vCPU runs in is going away. */
void vcpu_lost_vm(struct vcpu_object *object);

/* The frame that is its virtual-APIC page is going away. */
void vcpu_lost_apic(struct vcpu_object *object);

/* Makes the exit in the state page the vCPU's message, again if the record has changed. */
void vcpu_write_message(struct vcpu_object *object);

/* The client's reply to an exit: the state changes, scheduling is the caller's. */
void vcpu_take_reply(struct vcpu_object *object, uint32_t flags);

/* Adds the entries and exits of the direct way to the counts. */
void vcpu_count_direct(struct vcpu_object *object);

/* Enters the guest, or sends what is to be sent instead and returns. */
void vcpu_run(struct cpu *cpu, struct vcpu_object *object);

#endif
#endif
