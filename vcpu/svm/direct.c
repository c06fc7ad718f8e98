/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits in the direct way: those that a few fields of the VMCB tell. What is written here is what
 * exit.c would decode; a unit test compares the two.
 */

#include <x86/event.h>
#include <x86/svm_exit.h>

#include "../direct.h"
#include "svm.h"

/* Bytes without prefixes: svm_exit_instruction_length. */
#define LENGTH_CPUID   2
#define LENGTH_HLT     1
#define LENGTH_VMMCALL 3
#define LENGTH_MSR     2

static inline __attribute__((always_inline)) _Noreturn void usual_way(struct vcpu *vcpu)
{
    VCPU_DIRECT_USUAL_WAY(svm_usual_way, vcpu);
}

/* Where the guest stands, and goes on; false: not in the direct way, and nothing has changed. */
static inline __attribute__((always_inline)) bool
plan(struct vcpu *vcpu, struct vcpu_direct_point *at, uint64_t length)
{
    const struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    at->rip = vmcb->save.rip;
    at->rflags = vmcb->save.rflags;
    at->length = length;
    return (at->rflags & vcpu_direct_hindrance(length != 0)) == 0 &&
           (vmcb->control.interrupt_shadow & SVM_INTERRUPT_SHADOW) == 0 &&
           vcpu_direct_plan(vcpu, at);
}

bool svm_direct_ready(struct vcpu *vcpu, uint64_t cr3)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    const struct svm_cpu *cpu = svm_cpu_of(vcpu->cpu);
    struct vcpu_direct_point at;

    (void)cr3; /* the exit comes back to the one that is loaded at the entry */
    if (cpu->flush_all || vcpu->svm.asid_generation != cpu->asid_generation ||
        vcpu->svm.activity != NACELLE_ACTIVITY_ACTIVE || vcpu->svm.pending_debug != 0 ||
        vcpu->svm.soft_length != 0 || vcpu->svm.iret_seen || vcpu->svm.stepping ||
        vmcb->control.event_injection != 0)
        return false;
    vmcb->control.tlb_control = SVM_TLB_NOTHING; /* the last entry's has been done */
    /* As in svm_enter: the client may have had a page fault since the exit, or stored another. */
    if (x86_read_cr2() != vmcb->save.cr2)
        x86_write_cr2(vmcb->save.cr2);
    return plan(vcpu, &at, vcpu->exit_length);
}

static inline __attribute__((always_inline)) _Noreturn void
leave(struct vcpu *vcpu, const struct vcpu_direct_exit *exit, uint32_t length)
{
    struct vcpu_direct_pair *pair = vcpu_direct_pair_of(vcpu);
    struct vcpu_direct_point at;
    struct vcpu_direct_message message;

    if ((svm_vmcb_of(vcpu)->control.exit_int_info & NACELLE_EVENT_VALID) != 0 ||
        !plan(vcpu, &at, length))
        usual_way(vcpu);
    message = vcpu_direct_record(vcpu_state(vcpu), exit, &at);
    vcpu_predictor_barrier();
    account_begin(&pair->user_ticks);
    VCPU_DIRECT_LEAVE(VCPU_DIRECT_SYSRET, pair, &message, pair->rip, pair,
                      X86_RFLAGS_FIXED | X86_RFLAGS_IF);
}

/* By an instruction; next is the RIP behind it, 0 when the processor does not tell: then it has the
 * length that it has without prefixes. */
static inline __attribute__((always_inline)) _Noreturn void
leave_instruction(struct vcpu *vcpu, const struct vcpu_direct_exit *exit, uint64_t next,
                  uint32_t assumed)
{
    uint64_t length = next - svm_vmcb_of(vcpu)->save.rip;

    if (length - 1 >= X86_INSTRUCTION_LENGTH_MAX) {
        struct vcpu_direct_exit out = *exit;

        if (next != 0 || assumed == 0)
            usual_way(vcpu); /* RIP wraps */
        out.flags |= NACELLE_EXIT_LENGTH_ASSUMED;
        leave(vcpu, &out, assumed);
    }
    leave(vcpu, exit, (uint32_t)length);
}

static inline __attribute__((always_inline)) _Noreturn void port(struct vcpu *vcpu,
                                                                 struct nacelle_vcpu_state *state)
{
    const struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    uint64_t info = vmcb->control.exit_info1;
    struct vcpu_direct_exit exit = {
        .kind = NACELLE_EXIT_PORT,
        .number = (uint16_t)(info >> SVM_INFO1_IO_PORT_SHIFT),
        .flags = NACELLE_EXIT_READ,
        .size = (uint32_t)(info >> SVM_INFO1_IO_SIZE_SHIFT) & 7,
        .reason = SVM_EXIT_IO,
    };

    if ((info & SVM_INFO1_IO_STRING) != 0)
        usual_way(vcpu);
    if ((info & SVM_INFO1_IO_IN) == 0) {
        exit.flags = NACELLE_EXIT_WRITE;
        exit.value = low_half(&state->general[X86_RAX]) &
                     (0xffffffffu >> ((32 - 8 * exit.size) & 31));
    }
    state->exit.value = exit.value;
    leave_instruction(vcpu, &exit, vmcb->control.exit_info2, 0);
}

static inline __attribute__((always_inline)) _Noreturn void
nested_fault(struct vcpu *vcpu, struct nacelle_vcpu_state *state)
{
    const struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    uint64_t info = vmcb->control.exit_info1;
    struct vcpu_direct_exit exit = {
        .kind = NACELLE_EXIT_MEMORY,
        .flags = (info & SVM_NPF_FETCH) != 0   ? NACELLE_EXIT_EXECUTE
                 : (info & SVM_NPF_WRITE) != 0 ? NACELLE_EXIT_WRITE
                                               : NACELLE_EXIT_READ,
        .value = vmcb->control.exit_info2,
        .reason = SVM_EXIT_NESTED_PAGE_FAULT,
    };

    if ((info & (SVM_NPF_PRESENT | SVM_NPF_RESERVED)) != 0)
        usual_way(vcpu); /* the rights of what is mapped there have to be looked for */
    if ((info & SVM_NPF_WALK) != 0)
        exit.flags |= NACELLE_EXIT_WALK;
    state->exit.gpa = exit.value;
    state->exit.raw_qualification = vmcb->control.exit_info1;
    leave(vcpu, &exit, 0);
}

_Noreturn void svm_direct_exit(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    const struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    const uint64_t *general = state->general;
    struct vcpu_direct_exit exit;
    uint64_t next = vmcb->control.next_rip; /* stays 0 where the processor does not save it */

    switch (vmcb->control.exit_code) {
    case SVM_EXIT_CPUID:
        exit = (struct vcpu_direct_exit){.kind = NACELLE_EXIT_CPUID,
                                         .number = low_half(&general[X86_RAX]),
                                         .detail = low_half(&general[X86_RCX]),
                                         .reason = SVM_EXIT_CPUID};
        leave_instruction(vcpu, &exit, next, LENGTH_CPUID);
    case SVM_EXIT_HLT:
        if (!vcpu->svm.hlt_exits)
            usual_way(vcpu);
        exit = (struct vcpu_direct_exit){.kind = NACELLE_EXIT_HLT, .reason = SVM_EXIT_HLT};
        leave_instruction(vcpu, &exit, next, LENGTH_HLT);
    case SVM_EXIT_VMMCALL:
        exit = (struct vcpu_direct_exit){.kind = NACELLE_EXIT_HYPERCALL,
                                         .number = low_half(&general[X86_RAX]),
                                         .reason = SVM_EXIT_VMMCALL};
        leave_instruction(vcpu, &exit, next, LENGTH_VMMCALL);
    case SVM_EXIT_MSR:
        exit = (struct vcpu_direct_exit){.kind = NACELLE_EXIT_MSR,
                                         .number = low_half(&general[X86_RCX]),
                                         .flags = NACELLE_EXIT_READ,
                                         .reason = SVM_EXIT_MSR};
        if (exit.number == X86_MSR_EFER)
            usual_way(vcpu); /* it may be answered in the engine */
        if (svm_msr_is_write(vmcb->control.exit_info1)) {
            exit.flags = NACELLE_EXIT_WRITE;
            exit.value = low_half(&general[X86_RAX]) | general[X86_RDX] << 32;
        }
        state->exit.value = exit.value;
        leave_instruction(vcpu, &exit, next, LENGTH_MSR);
    case SVM_EXIT_IO:
        port(vcpu, state);
    default: /* far from the others, which are in one table of jumps */
        if (vmcb->control.exit_code == SVM_EXIT_NESTED_PAGE_FAULT)
            nested_fault(vcpu, state);
        usual_way(vcpu);
    }
}
