/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits in the direct way: those that a few fields of the VMCS tell. What is written here is what
 * exit.c would decode; a unit test compares the two.
 */

#include <x86/event.h>
#include <x86/general_registers.h>
#include <x86/msr.h>
#include <x86/vmx_controls.h>
#include <x86/vmx_exit.h>
#include <x86/vmx_qualification.h>

#include "../direct.h"
#include "vmcs.h"

#define SHADOW (VMX_INTERRUPTIBILITY_STI | VMX_INTERRUPTIBILITY_MOV_SS)

static inline struct vcpu_direct_point read_point(uint32_t length)
{
    return (struct vcpu_direct_point){
        .rip = vmread(VMCS_GUEST_RIP),
        .rflags = vmread(VMCS_GUEST_RFLAGS),
        .length = length,
        .shadow = (vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE) & SHADOW) != 0,
    };
}

_Static_assert(NACELLE_EXIT_READ == 1 && NACELLE_EXIT_WRITE == 2 && NACELLE_EXIT_EXECUTE == 4 &&
                   NACELLE_RIGHT_READ == 1 && NACELLE_RIGHT_WRITE == 2 &&
                   NACELLE_RIGHT_EXECUTE == 4,
               "as the qualification of an EPT violation has them");

bool vmx_direct_ready(struct vcpu *vcpu, uint64_t cr3)
{
    struct vcpu_direct_point at;

    if (vcpu->host_cr3 != cr3 || vcpu->launched == 0 ||
        (vcpu->procedure & VMX_PROC_MOV_DR_EXITING) == 0)
        return false;
    at = read_point(vcpu->exit_length);
    vcpu->known = 0; /* nothing looks at it before the entry, which ends it */
    return vcpu_direct_plan(vcpu, &at);
}

/* IN and OUT, not the string forms. */
static bool decode_port(const struct nacelle_vcpu_state *state, struct vcpu_direct_exit *exit)
{
    uint64_t qualification = vmread(VMCS_EXIT_QUALIFICATION);
    uint32_t size = (uint32_t)(qualification & VMX_QUALIFICATION_IO_SIZE_MASK) + 1;

    if ((qualification & VMX_QUALIFICATION_IO_STRING) != 0)
        return false;
    exit->kind = NACELLE_EXIT_PORT;
    exit->number = (uint16_t)(qualification >> VMX_QUALIFICATION_IO_PORT_SHIFT);
    exit->size = size;
    exit->flags = NACELLE_EXIT_WRITE;
    if ((qualification & VMX_QUALIFICATION_IO_IN) != 0)
        exit->flags = NACELLE_EXIT_READ;
    else
        exit->word = (uint32_t)state->general[X86_RAX] & (0xffffffffu >> ((32 - 8 * size) & 31));
    if ((qualification & VMX_QUALIFICATION_IO_IMMEDIATE) != 0)
        exit->flags |= NACELLE_EXIT_IMMEDIATE;
    return true;
}

/* false while an event was being delivered, or NMIs unblocked. */
static bool decode_violation(struct nacelle_vcpu_state *state, struct vcpu_direct_exit *exit)
{
    uint64_t qualification = vmread(VMCS_EXIT_QUALIFICATION);
    if ((qualification & VMX_QUALIFICATION_EPT_NMI_UNBLOCKING) != 0 ||
        (vmread(VMCS_IDT_VECTORING_INFO) & X86_EVENT_VALID) != 0)
        return false;
    exit->kind = NACELLE_EXIT_MEMORY;
    exit->flags = (uint32_t)qualification & VMX_QUALIFICATION_EPT_ACCESS_MASK;
    exit->detail = (uint32_t)(qualification >> VMX_QUALIFICATION_EPT_RIGHTS_SHIFT) &
                   VMX_QUALIFICATION_EPT_ACCESS_MASK;
    if ((qualification & VMX_QUALIFICATION_EPT_LINEAR_VALID) != 0) {
        state->exit.gva = vmread(VMCS_GUEST_LINEAR_ADDRESS);
        exit->flags |= NACELLE_EXIT_GVA_VALID;
        if ((qualification & VMX_QUALIFICATION_EPT_FINAL) == 0)
            exit->flags |= NACELLE_EXIT_WALK;
    }
    exit->word = vmread(VMCS_GUEST_PHYSICAL_ADDRESS);
    state->exit.gpa = exit->word;
    state->exit.raw_qualification = qualification;
    return true;
}

struct vcpu_direct_message vmx_direct_exit(struct vcpu *vcpu)
{
    static const struct vcpu_direct_message usual_way;
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    struct vcpu_direct_exit exit = {.reason = vmread(VMCS_EXIT_REASON)};
    struct vcpu_direct_point at;
    uint32_t length = 0;

    switch (exit.reason) {
    case VMX_EXIT_REASON_CPUID:
        exit.kind = NACELLE_EXIT_CPUID;
        exit.number = (uint32_t)state->general[X86_RAX];
        exit.detail = (uint32_t)state->general[X86_RCX];
        break;
    case VMX_EXIT_REASON_HLT:
        exit.kind = NACELLE_EXIT_HLT;
        break;
    case VMX_EXIT_REASON_VMCALL:
        exit.kind = NACELLE_EXIT_HYPERCALL;
        exit.number = (uint32_t)state->general[X86_RAX];
        break;
    case VMX_EXIT_REASON_IO_INSTRUCTION:
        if (!decode_port(state, &exit))
            return usual_way;
        break;
    case VMX_EXIT_REASON_RDMSR:
        exit.kind = NACELLE_EXIT_MSR;
        exit.number = (uint32_t)state->general[X86_RCX];
        exit.flags = NACELLE_EXIT_READ;
        break;
    case VMX_EXIT_REASON_WRMSR:
        exit.kind = NACELLE_EXIT_MSR;
        exit.number = (uint32_t)state->general[X86_RCX];
        exit.flags = NACELLE_EXIT_WRITE;
        exit.word = (uint32_t)state->general[X86_RAX] | state->general[X86_RDX] << 32;
        break;
    case VMX_EXIT_REASON_EPT_VIOLATION:
        if (!decode_violation(state, &exit))
            return usual_way;
        break;
    default:
        return usual_way;
    }
    if (exit.kind != NACELLE_EXIT_MEMORY) {
        length = (uint32_t)vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
        state->exit.value = exit.word;
    }
    at = read_point(length);
    if (!vcpu_direct_plan(vcpu, &at))
        return usual_way;
    return vcpu_direct_record(state, &exit, &at);
}
