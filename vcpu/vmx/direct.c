/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits in the direct way: those that a few fields of the VMCS tell. What is written here is what
 * exit.c would decode; a unit test compares the two.
 */

#include <x86/event.h>
#include <x86/vmx_controls.h>
#include <x86/vmx_exit.h>
#include <x86/vmx_qualification.h>

#include "../direct.h"
#include "vmcs.h"

#define SHADOW (VMX_INTERRUPTIBILITY_STI | VMX_INTERRUPTIBILITY_MOV_SS)

static inline __attribute__((always_inline)) _Noreturn void usual_way(struct vcpu *vcpu)
{
    VCPU_DIRECT_USUAL_WAY(vmx_usual_way, vcpu);
}

/* Where the guest stands, and goes on; false: not in the direct way, and nothing has changed. */
static inline __attribute__((always_inline)) bool
plan(struct vcpu *vcpu, struct vcpu_direct_point *at, uint64_t length, bool by_instruction)
{
    at->rip = vmread(VMCS_GUEST_RIP);
    at->rflags = vmread(VMCS_GUEST_RFLAGS);
    at->length = length;
    return (at->rflags & vcpu_direct_hindrance(by_instruction)) == 0 &&
           (vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE) & SHADOW) == 0 && vcpu_direct_plan(vcpu, at);
}

bool vmx_direct_ready(struct vcpu *vcpu, uint64_t cr3)
{
    struct vcpu_direct_point at;

    if (vcpu->host_cr3 != cr3 || vcpu->launched == 0 ||
        (vcpu->procedure & VMX_PROC_MOV_DR_EXITING) == 0)
        return false;
    /* As in vmx_enter: the client may have had a page fault since the exit, or stored another. */
    if (x86_read_cr2() != vcpu->cr2)
        x86_write_cr2(vcpu->cr2);
    if (!plan(vcpu, &at, vcpu->exit_length, vcpu->exit_length != 0))
        return false;
    vcpu->known = 0; /* nothing looks at it before the entry, which ends it */
    vcpu->rflags = at.rflags;
    return true;
}

/* Fills in the rest of the record, and goes to the client. */
static inline __attribute__((always_inline)) _Noreturn void
leave(struct vcpu *vcpu, const struct vcpu_direct_exit *exit, const struct vcpu_direct_point *at)
{
    struct vcpu_direct_pair *pair = vcpu_direct_pair_of(vcpu);
    struct vcpu_direct_message message = vcpu_direct_record(vcpu_state(vcpu), exit, at);

    vcpu_predictor_barrier();
    account_begin(&pair->user_ticks);
    VCPU_DIRECT_LEAVE(VCPU_DIRECT_SYSEXIT, pair, &message, pair->rsp, pair->rip, 0);
}

/* By an instruction whose length the processor tells. */
static inline __attribute__((always_inline)) _Noreturn void
leave_instruction(struct vcpu *vcpu, const struct vcpu_direct_exit *exit)
{
    struct vcpu_direct_point at;

    if (!plan(vcpu, &at, vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH), true))
        usual_way(vcpu);
    leave(vcpu, exit, &at);
}

/* --- IN and OUT: table 27-5, the low bits of the qualification --- */

struct port_rule {
    uint32_t flags; /* of the record */
    uint32_t size;  /* 0: not in the direct way */
    uint32_t mask;  /* of eax, for the value */
};

#define PORT_RULES 128

#define PORT_RULE(bytes, bits, flag, value_mask) \
    [((bytes)-1) | (bits)] = {.flags = (flag), .size = (bytes), .mask = (value_mask)}
#define PORT_RULES_OF(bytes, value_mask)                                           \
    PORT_RULE(bytes, 0, NACELLE_EXIT_WRITE, value_mask),                           \
        PORT_RULE(bytes, VMX_QUALIFICATION_IO_IN, NACELLE_EXIT_READ, 0),           \
        PORT_RULE(bytes, VMX_QUALIFICATION_IO_IMMEDIATE,                           \
                  NACELLE_EXIT_WRITE | NACELLE_EXIT_IMMEDIATE, value_mask),        \
        PORT_RULE(bytes, VMX_QUALIFICATION_IO_IMMEDIATE | VMX_QUALIFICATION_IO_IN, \
                  NACELLE_EXIT_READ | NACELLE_EXIT_IMMEDIATE, 0)

static const struct port_rule port_rules[PORT_RULES] = {
    PORT_RULES_OF(1, 0xff),
    PORT_RULES_OF(2, 0xffff),
    PORT_RULES_OF(4, 0xffffffff),
};

static inline __attribute__((always_inline)) _Noreturn void port(struct vcpu *vcpu,
                                                                 struct nacelle_vcpu_state *state)
{
    uint64_t qualification = vmread(VMCS_EXIT_QUALIFICATION);
    const struct port_rule *rule = &port_rules[qualification % PORT_RULES];
    struct vcpu_direct_exit exit = {
        .kind = NACELLE_EXIT_PORT,
        .number = (uint16_t)(qualification >> VMX_QUALIFICATION_IO_PORT_SHIFT),
        .flags = rule->flags,
        .size = rule->size,
        .value = low_half(&state->general[X86_RAX]) & rule->mask,
        .reason = VMX_EXIT_REASON_IO_INSTRUCTION,
    };

    if (exit.size == 0)
        usual_way(vcpu);
    state->exit.value = exit.value;
    leave_instruction(vcpu, &exit);
}

/* --- EPT violations: table 27-7 --- */

_Static_assert(NACELLE_EXIT_READ == 1 && NACELLE_EXIT_WRITE == 2 && NACELLE_EXIT_EXECUTE == 4 &&
                   NACELLE_RIGHT_READ == 1 && NACELLE_RIGHT_WRITE == 2 &&
                   NACELLE_RIGHT_EXECUTE == 4,
               "as the qualification has them");

static inline __attribute__((always_inline)) _Noreturn void
violation(struct vcpu *vcpu, struct nacelle_vcpu_state *state)
{
    uint64_t qualification = vmread(VMCS_EXIT_QUALIFICATION);
    struct vcpu_direct_point at;
    struct vcpu_direct_exit exit = {
        .kind = NACELLE_EXIT_MEMORY,
        .flags = (uint32_t)qualification & VMX_QUALIFICATION_EPT_ACCESS_MASK,
        .detail = (uint32_t)(qualification >> VMX_QUALIFICATION_EPT_RIGHTS_SHIFT) &
                  VMX_QUALIFICATION_EPT_ACCESS_MASK,
        .reason = VMX_EXIT_REASON_EPT_VIOLATION,
    };

    /* During the delivery of an event, or with NMIs to be blocked again. */
    if ((vmread(VMCS_IDT_VECTORING_INFO) & X86_EVENT_VALID) != 0 ||
        (qualification & VMX_QUALIFICATION_EPT_NMI_UNBLOCKING) != 0)
        usual_way(vcpu);
    if ((qualification & VMX_QUALIFICATION_EPT_LINEAR_VALID) != 0) {
        state->exit.gva = vmread(VMCS_GUEST_LINEAR_ADDRESS);
        exit.flags |= NACELLE_EXIT_GVA_VALID;
        if ((qualification & VMX_QUALIFICATION_EPT_FINAL) == 0)
            exit.flags |= NACELLE_EXIT_WALK;
    }
    exit.value = vmread(VMCS_GUEST_PHYSICAL_ADDRESS);
    state->exit.gpa = exit.value;
    state->exit.raw_qualification = qualification;
    if (!plan(vcpu, &at, 0, false))
        usual_way(vcpu);
    vcpu->rflags = at.rflags;
    leave(vcpu, &exit, &at);
}

/* --- All of them --- */

_Noreturn void vmx_direct_exit(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    const uint64_t *general = state->general;

    switch (vmread(VMCS_EXIT_REASON)) {
    case VMX_EXIT_REASON_EXCEPTION_OR_NMI: /* by itself: the table of jumps begins with 0 */
        usual_way(vcpu);
    case VMX_EXIT_REASON_CPUID:
        leave_instruction(vcpu, &(struct vcpu_direct_exit){.kind = NACELLE_EXIT_CPUID,
                                                           .number = low_half(&general[X86_RAX]),
                                                           .detail = low_half(&general[X86_RCX]),
                                                           .reason = VMX_EXIT_REASON_CPUID});
    case VMX_EXIT_REASON_HLT:
        leave_instruction(vcpu, &(struct vcpu_direct_exit){.kind = NACELLE_EXIT_HLT,
                                                           .reason = VMX_EXIT_REASON_HLT});
    case VMX_EXIT_REASON_VMCALL:
        leave_instruction(vcpu, &(struct vcpu_direct_exit){.kind = NACELLE_EXIT_HYPERCALL,
                                                           .number = low_half(&general[X86_RAX]),
                                                           .reason = VMX_EXIT_REASON_VMCALL});
    case VMX_EXIT_REASON_RDMSR:
        state->exit.value = 0;
        leave_instruction(vcpu, &(struct vcpu_direct_exit){.kind = NACELLE_EXIT_MSR,
                                                           .number = low_half(&general[X86_RCX]),
                                                           .flags = NACELLE_EXIT_READ,
                                                           .reason = VMX_EXIT_REASON_RDMSR});
    case VMX_EXIT_REASON_WRMSR:
        state->exit.value = low_half(&general[X86_RAX]) | general[X86_RDX] << 32;
        leave_instruction(vcpu, &(struct vcpu_direct_exit){.kind = NACELLE_EXIT_MSR,
                                                           .number = low_half(&general[X86_RCX]),
                                                           .flags = NACELLE_EXIT_WRITE,
                                                           .value = state->exit.value,
                                                           .reason = VMX_EXIT_REASON_WRMSR});
    case VMX_EXIT_REASON_IO_INSTRUCTION:
        port(vcpu, state);
    case VMX_EXIT_REASON_EPT_VIOLATION:
        violation(vcpu, state);
    default:
        usual_way(vcpu);
    }
}
