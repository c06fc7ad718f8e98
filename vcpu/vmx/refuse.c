/* SPDX-License-Identifier: BSD-2-Clause */
/* An entry that the processor refused: the exit record names the check that failed. */

#include <vcpu_host.h>
#include <x86/msr.h>
#include <x86/paging.h>
#include <x86/vmx_controls.h>
#include <x86/vmx_exit.h>

#include "check.h"
#include "vmcs.h"

static void read_segments(struct vmx_entry_state *state)
{
    for (unsigned i = 0; i < NACELLE_SEGMENTS; i++) {
        state->segments[i] = (struct nacelle_segment){
            .selector = (uint16_t)vmread(VMCS_GUEST_ES_SELECTOR + 2 * i),
            .rights = (uint32_t)vmread(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i),
            .base = vmread(VMCS_GUEST_ES_BASE + 2 * i),
            .limit = (uint32_t)vmread(VMCS_GUEST_ES_LIMIT + 2 * i),
        };
    }
}

static void read_limits(struct vmx_entry_state *state, const struct vcpu_cpu *cpu)
{
    state->cr0_fixed0 = x86_rdmsr(X86_MSR_VMX_CR0_FIXED0) & ~(X86_CR0_PE | X86_CR0_PG);
    state->cr0_fixed1 = x86_rdmsr(X86_MSR_VMX_CR0_FIXED1);
    state->cr4_fixed0 = x86_rdmsr(X86_MSR_VMX_CR4_FIXED0);
    state->cr4_fixed1 = x86_rdmsr(X86_MSR_VMX_CR4_FIXED1);
    state->physical_bits = cpu->physical_bits;
    state->activities = vmx_activities(cpu);
    state->any_error_code = (cpu->features & VCPU_FEATURE_ANY_ERROR_CODE) != 0;
    state->length_0 = (cpu->features & VCPU_FEATURE_LENGTH_0) != 0;
}

static void read_state(struct vmx_entry_state *state, const struct vcpu_cpu *cpu)
{
    state->cr0 = vmread(VMCS_GUEST_CR0);
    state->cr3 = vmread(VMCS_GUEST_CR3);
    state->cr4 = vmread(VMCS_GUEST_CR4);
    state->efer = vmread(VMCS_GUEST_IA32_EFER);
    state->dr7 = vmread(VMCS_GUEST_DR7);
    state->debugctl = vmread(VMCS_GUEST_IA32_DEBUGCTL);
    state->sysenter_esp = vmread(VMCS_GUEST_SYSENTER_ESP);
    state->sysenter_eip = vmread(VMCS_GUEST_SYSENTER_EIP);
    state->pat = (cpu->features & VCPU_FEATURE_PAT) != 0 ? vmread(VMCS_GUEST_IA32_PAT)
                                                         : X86_PAT_RESET;
    state->rip = vmread(VMCS_GUEST_RIP);
    state->rflags = vmread(VMCS_GUEST_RFLAGS);
    state->gdtr_base = vmread(VMCS_GUEST_GDTR_BASE);
    state->idtr_base = vmread(VMCS_GUEST_IDTR_BASE);
    state->pending_debug = vmread(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS);
    state->link_pointer = vmread(VMCS_VMCS_LINK_POINTER);
    for (unsigned i = 0; i < 4; i++)
        state->pdpte[i] = vmread(VMCS_GUEST_PDPTE0 + 2 * i);
    state->blocking = (uint32_t)vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);
    state->activity = (uint32_t)vmread(VMCS_GUEST_ACTIVITY_STATE);
    state->event = (uint32_t)vmread(VMCS_VM_ENTRY_INTERRUPTION_INFO);
    state->event_error = (uint32_t)vmread(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE);
    state->event_length = (uint32_t)vmread(VMCS_VM_ENTRY_INSTRUCTION_LENGTH);
    state->ia32e = (vmread(VMCS_VM_ENTRY_CONTROLS) & VMX_ENTRYCTL_IA32E_MODE_GUEST) != 0;
    read_segments(state);
    read_limits(state, cpu);
}

/* Of a VMLAUNCH or VMRESUME that failed by itself (26.1, 26.2). */
static uint32_t check_of_error(uint32_t error, const struct vmx_entry_state *state)
{
    uint32_t check;

    switch (error) {
    case VMX_ERROR_VMLAUNCH_NOT_CLEAR:
    case VMX_ERROR_VMRESUME_NOT_LAUNCHED:
        return NACELLE_CHECK_LAUNCH_STATE;
    case VMX_ERROR_ENTRY_HOST_STATE:
        return NACELLE_CHECK_HOST_STATE;
    case VMX_ERROR_ENTRY_MOV_SS:
        return NACELLE_CHECK_HOST_MOV_SS;
    case VMX_ERROR_ENTRY_CONTROLS:
        check = vmx_check_controls(state);
        return check != 0 ? check : NACELLE_CHECK_CONTROLS;
    default:
        return NACELLE_CHECK_UNKNOWN;
    }
}

void vmx_entry_refused(struct vcpu *vcpu, uint32_t reason)
{
    struct nacelle_exit *exit;
    struct vmx_entry_state state = {0};
    uint32_t basic = vmx_exit_basic(reason);

    read_state(&state, vcpu->cpu);
    exit = vcpu_new_exit(vcpu, basic == VMX_EXIT_REASON_ENTRY_FAILURE_MACHINE_CHECK
                                   ? NACELLE_EXIT_MACHINE_CHECK
                                   : NACELLE_EXIT_ENTRY_REFUSED);
    if (vmx_exit_is_entry_failure(reason)) {
        exit->flags |= NACELLE_EXIT_ENTRY_FAILED;
        exit->raw_reason = reason;
        exit->raw_qualification = vmread(VMCS_EXIT_QUALIFICATION);
        exit->number = basic == VMX_EXIT_REASON_ENTRY_FAILURE_MSR_LOADING
                           ? NACELLE_CHECK_MSR_LOADING
                           : vmx_check_guest(&state);
    } else if (vcpu->entry_status == VMX_FAIL_VALID) {
        uint32_t error = (uint32_t)vmread(VMCS_VM_INSTRUCTION_ERROR);

        exit->raw_information = error;
        exit->number = check_of_error(error, &state);
    } else {
        exit->number = NACELLE_CHECK_LAUNCH_STATE; /* there was no current VMCS */
    }
    exit->detail = vcpu_check_group(exit->number);
    vmx_fetch_ip(vcpu);
}

uint32_t vmx_activities(const struct vcpu_cpu *cpu)
{
    uint32_t activities = 1u << NACELLE_ACTIVITY_ACTIVE;

    if ((cpu->features & VCPU_FEATURE_HLT) != 0)
        activities |= 1u << NACELLE_ACTIVITY_HLT;
    if ((cpu->features & VCPU_FEATURE_SHUTDOWN) != 0)
        activities |= 1u << NACELLE_ACTIVITY_SHUTDOWN;
    if ((cpu->features & VCPU_FEATURE_SIPI) != 0)
        activities |= 1u << NACELLE_ACTIVITY_WAIT_FOR_SIPI;
    return activities;
}
