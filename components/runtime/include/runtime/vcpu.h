/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs (nacelle/object.h says what each operation does and how it fails). */
#ifndef RUNTIME_VCPU_H
#define RUNTIME_VCPU_H

#include <nacelle/exit.h>
#include <nacelle/object.h>
#include <nacelle/vcpu_state.h>
#include <runtime/system_call.h>
#include <stddef.h>

/*
 * Turns each VMCALL of a guest's code into a VMMCALL where that is the processor's hypercall (APM
 * vol. 3, VMMCALL); both are three bytes long.
 */
void nacelle_choose_hypercalls(void *code, size_t size);

/* Exits go to `endpoint`; the vCPU is as after RESET. */
static inline enum nacelle_error nacelle_vcpu_configure(uint64_t vcpu, uint64_t vm,
                                                        uint64_t endpoint)
{
    return nacelle_invoke2(vcpu, NACELLE_VCPU_CONFIGURE, vm, endpoint);
}

/* `index` as in the architecture: rax 0, rcx 1, rdx 2, rbx 3, rsp 4, rbp 5, rsi 6, rdi 7, r8... */
static inline enum nacelle_error nacelle_vcpu_read_register(uint64_t vcpu, unsigned index,
                                                            uint64_t *value)
{
    struct nacelle_message message = {.words = {index}};
    enum nacelle_error error = nacelle_invoke(vcpu, NACELLE_VCPU_READ_REGISTER, 1, &message);

    if (error == NACELLE_ERROR_OK)
        *value = message.words[0];
    return error;
}

static inline enum nacelle_error nacelle_vcpu_write_register(uint64_t vcpu, unsigned index,
                                                             uint64_t value)
{
    return nacelle_invoke2(vcpu, NACELLE_VCPU_WRITE_REGISTER, index, value);
}

/* Several registers at once: mask of indices; values[i] belongs to the i-th bit set, lowest first.
 * A mask with more than 16 bits set gets what the server says. */
enum nacelle_error nacelle_vcpu_read_registers(uint64_t vcpu, uint32_t mask, uint64_t values[16]);
enum nacelle_error nacelle_vcpu_write_registers(uint64_t vcpu, uint32_t mask,
                                                const uint64_t values[16]);

/* `groups`: NACELLE_GROUP_*, from the vCPU into its state page, or back. */
static inline enum nacelle_error nacelle_vcpu_fetch(uint64_t vcpu, uint32_t groups)
{
    return nacelle_invoke1(vcpu, NACELLE_VCPU_FETCH, groups);
}

static inline enum nacelle_error nacelle_vcpu_store(uint64_t vcpu, uint32_t groups)
{
    return nacelle_invoke1(vcpu, NACELLE_VCPU_STORE, groups);
}

/* `event`: NACELLE_EVENT_*; VALID is added. */
static inline enum nacelle_error nacelle_vcpu_inject(uint64_t vcpu, uint32_t event,
                                                     uint32_t error_code)
{
    return nacelle_invoke3(vcpu, NACELLE_VCPU_INJECT, event | NACELLE_EVENT_VALID, error_code, 0);
}

/* `event_class`: 0 interrupt, 2 NMI, 3 exception. */
static inline enum nacelle_error nacelle_vcpu_cancel(uint64_t vcpu, unsigned event_class,
                                                     uint64_t *was_pending)
{
    struct nacelle_message message = {.words = {event_class}};
    enum nacelle_error error = nacelle_invoke(vcpu, NACELLE_VCPU_CANCEL, 1, &message);

    if (error == NACELLE_ERROR_OK)
        *was_pending = message.words[0];
    return error;
}

static inline enum nacelle_error nacelle_vcpu_poke(uint64_t vcpu)
{
    return nacelle_invoke0(vcpu, NACELLE_VCPU_POKE);
}

static inline enum nacelle_error nacelle_vcpu_suspend(uint64_t vcpu)
{
    return nacelle_invoke0(vcpu, NACELLE_VCPU_SUSPEND);
}

/* Starts it, or executes the instruction of an exit that was replied to with STAY again. */
static inline enum nacelle_error nacelle_vcpu_resume(uint64_t vcpu)
{
    return nacelle_invoke1(vcpu, NACELLE_VCPU_RESUME, 0);
}

/* Goes on after that instruction. */
static inline enum nacelle_error nacelle_vcpu_resume_after(uint64_t vcpu)
{
    return nacelle_invoke1(vcpu, NACELLE_VCPU_RESUME, NACELLE_RESUME_ADVANCE);
}

static inline enum nacelle_error nacelle_vcpu_set_priority(uint64_t vcpu, uint64_t priority,
                                                           uint64_t slice)
{
    return nacelle_invoke2(vcpu, NACELLE_VCPU_SET_PRIORITY, priority, slice);
}

static inline enum nacelle_error
nacelle_vcpu_set_control(uint64_t vcpu, enum nacelle_control control, uint64_t value)
{
    return nacelle_invoke2(vcpu, NACELLE_VCPU_SET_CONTROL, control, value);
}

/* frame: slot of the virtual-APIC page, or 0. */
static inline enum nacelle_error nacelle_vcpu_set_apic(uint64_t vcpu, uint64_t frame)
{
    return nacelle_invoke1(vcpu, NACELLE_VCPU_SET_APIC, frame);
}

struct nacelle_vcpu_statistics {
    uint64_t entries; /* into the guest */
    uint64_t exits;   /* sent to the client */
    uint64_t preemptions;
    uint64_t injections;
    /* Ticks are 0 where the server does not count them (option NacelleAccounting). */
    uint64_t ticks;       /* paid for by its time slices: guest, server, handler of its exits */
    uint64_t guest_ticks; /* of these the guest's */
    uint64_t user_ticks;  /* of these at user level */
    uint64_t answered_cpuid, answered_msr, answered_port; /* exits, by the server from a table */
};

enum nacelle_error nacelle_vcpu_statistics(uint64_t vcpu,
                                           struct nacelle_vcpu_statistics *statistics);

#endif
