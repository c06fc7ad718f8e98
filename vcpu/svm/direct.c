/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits in the direct way: those that a few fields of the VMCB tell. What is written here is what
 * exit.c would decode; a unit test compares the two.
 */

#include <nacelle/message.h>
#include <x86/event.h>
#include <x86/general_registers.h>
#include <x86/svm_exit.h>

#include "../direct.h"
#include "svm.h"

static struct vcpu_direct_point point_of(const struct svm_vmcb *vmcb, uint32_t length)
{
    return (struct vcpu_direct_point){
        .rip = vmcb->save.rip,
        .rflags = vmcb->save.rflags,
        .length = length,
        .shadow = (vmcb->control.interrupt_shadow & SVM_INTERRUPT_SHADOW) != 0,
    };
}

bool svm_direct_ready(struct vcpu *vcpu, uint64_t cr3)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    const struct svm_cpu *cpu = svm_cpu_of(vcpu->cpu);
    struct vcpu_direct_point at = point_of(vmcb, vcpu->exit_length);

    (void)cr3; /* the exit comes back to the one that is loaded at the entry */
    if (cpu->flush_all || vcpu->svm.asid_generation != cpu->asid_generation ||
        vcpu->svm.activity != NACELLE_ACTIVITY_ACTIVE || vcpu->svm.pending_debug != 0 ||
        vcpu->svm.soft_length != 0 || vcpu->svm.iret_seen || vcpu->svm.stepping ||
        vmcb->control.event_injection != 0)
        return false;
    vmcb->control.tlb_control = SVM_TLB_NOTHING; /* the last entry's has been done */
    return vcpu_direct_plan(vcpu, &at);
}

/* The instruction's length, by the next RIP or by what it is; as in exit.c. */
static uint32_t length_of(struct vcpu *vcpu, const struct svm_vmcb *vmcb, uint32_t code)
{
    uint64_t next = code == SVM_EXIT_IO                         ? vmcb->control.exit_info2
                    : svm_has(vcpu->cpu, SVM_FEATURE_NRIP_SAVE) ? vmcb->control.next_rip
                                                                : 0;
    uint64_t length = next - vmcb->save.rip;

    return length <= X86_INSTRUCTION_LENGTH_MAX ? (uint32_t)length
                                                : svm_exit_instruction_length(code);
}

static bool decode_port(const struct nacelle_vcpu_state *state, uint64_t info1,
                        struct vcpu_direct_exit *exit)
{
    uint32_t size = (uint32_t)(info1 >> SVM_INFO1_IO_SIZE_SHIFT) & 7;

    if ((info1 & SVM_INFO1_IO_STRING) != 0)
        return false;
    exit->kind = NACELLE_EXIT_PORT;
    exit->number = (uint16_t)(info1 >> SVM_INFO1_IO_PORT_SHIFT);
    exit->size = size;
    exit->flags = NACELLE_EXIT_READ;
    if ((info1 & SVM_INFO1_IO_IN) == 0) {
        exit->flags = NACELLE_EXIT_WRITE;
        exit->word = (uint32_t)state->general[X86_RAX] & (0xffffffffu >> ((32 - 8 * size) & 31));
    }
    return true;
}

/* EFER may be answered in the engine. */
static bool decode_msr(const struct nacelle_vcpu_state *state, uint64_t info1,
                       struct vcpu_direct_exit *exit)
{
    exit->kind = NACELLE_EXIT_MSR;
    exit->number = (uint32_t)state->general[X86_RCX];
    exit->flags = NACELLE_EXIT_READ;
    if (svm_msr_is_write(info1)) {
        exit->flags = NACELLE_EXIT_WRITE;
        exit->word = (uint32_t)state->general[X86_RAX] | state->general[X86_RDX] << 32;
    }
    return exit->number != X86_MSR_EFER;
}

/* Where something is mapped, its rights would have to be looked for. */
static bool decode_fault(struct nacelle_vcpu_state *state, const struct svm_vmcb *vmcb,
                         struct vcpu_direct_exit *exit)
{
    struct svm_nested_fault fault = svm_decode_nested_fault(vmcb->control.exit_info1);

    if (fault.present)
        return false;
    exit->kind = NACELLE_EXIT_MEMORY;
    exit->flags = fault.fetch   ? NACELLE_EXIT_EXECUTE
                  : fault.write ? NACELLE_EXIT_WRITE
                                : NACELLE_EXIT_READ;
    if (fault.walk)
        exit->flags |= NACELLE_EXIT_WALK;
    exit->word = vmcb->control.exit_info2;
    state->exit.gpa = exit->word;
    return true;
}

struct vcpu_direct_message svm_direct_exit(struct vcpu *vcpu)
{
    static const struct vcpu_direct_message usual_way;
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    const struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    struct vcpu_direct_exit exit = {.reason = vmcb->control.exit_code};
    struct vcpu_direct_point at;
    uint32_t length = 0;

    if ((vmcb->control.exit_int_info & NACELLE_EVENT_VALID) != 0)
        return usual_way;
    switch (exit.reason) {
    case SVM_EXIT_CPUID:
        exit.kind = NACELLE_EXIT_CPUID;
        exit.number = (uint32_t)state->general[X86_RAX];
        exit.detail = (uint32_t)state->general[X86_RCX];
        break;
    case SVM_EXIT_HLT:
        if (!vcpu->svm.hlt_exits)
            return usual_way;
        exit.kind = NACELLE_EXIT_HLT;
        break;
    case SVM_EXIT_VMMCALL:
        exit.kind = NACELLE_EXIT_HYPERCALL;
        exit.number = (uint32_t)state->general[X86_RAX];
        break;
    case SVM_EXIT_IO:
        if (!decode_port(state, vmcb->control.exit_info1, &exit))
            return usual_way;
        break;
    case SVM_EXIT_MSR:
        if (!decode_msr(state, vmcb->control.exit_info1, &exit))
            return usual_way;
        break;
    case SVM_EXIT_NESTED_PAGE_FAULT:
        if (!decode_fault(state, vmcb, &exit))
            return usual_way;
        break;
    default:
        return usual_way;
    }
    state->exit.raw_qualification = vmcb->control.exit_info1;
    state->exit.raw_information = vmcb->control.exit_info2;
    if (exit.kind != NACELLE_EXIT_MEMORY) {
        length = length_of(vcpu, vmcb, (uint32_t)exit.reason);
        if (length == 0)
            return usual_way; /* RIP wraps */
        state->exit.value = exit.word;
    }
    at = point_of(vmcb, length);
    if (!vcpu_direct_plan(vcpu, &at))
        return usual_way;
    return vcpu_direct_record(state, &exit, &at);
}
