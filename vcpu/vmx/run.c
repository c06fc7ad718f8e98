/* SPDX-License-Identifier: BSD-2-Clause */
/* Before an entry: what has to be loaded, which event goes with it, which windows are open. */

#include <vcpu_host.h>
#include <x86/event.h>
#include <x86/vmx_controls.h>

#include "../hidden.h"
#include "vmcs.h"

#define WINDOW_CONTROLS (VMX_PROC_INTERRUPT_WINDOW_EXITING | VMX_PROC_NMI_WINDOW_EXITING)

/* MOV to and from DR does not exit: the guest's debug registers must be real. */
static bool debug_registers_live(const struct vcpu *vcpu)
{
    return (vcpu->procedure & VMX_PROC_MOV_DR_EXITING) == 0;
}

/* --- Hidden state: MSRs and debug registers --- */

static inline void hidden_read(struct vcpu *vcpu)
{
    vcpu_msrs_save(vcpu);
    if (debug_registers_live(vcpu))
        vcpu_debug_registers_read(vcpu);
}

void vmx_hidden_read(struct vcpu *vcpu)
{
    hidden_read(vcpu);
}

static inline void hidden_load(struct vcpu *vcpu, struct vcpu_cpu *cpu)
{
    struct vcpu *old = cpu->state_owner;

    if (old != NULL)
        hidden_read(old);
    vcpu_hidden_take_over(old, vcpu, cpu);
    vcpu_msrs_load(old, vcpu);
}

/* --- Events --- */

#define SHADOW (VMX_INTERRUPTIBILITY_STI | VMX_INTERRUPTIBILITY_MOV_SS)

static bool interrupts_enabled(const struct vcpu *vcpu)
{
    bool known = (vcpu->known & VCPU_KNOWN_IP) != 0;
    uint64_t rflags = known ? vcpu->rflags : vmread(VMCS_GUEST_RFLAGS);

    return (rflags & X86_RFLAGS_IF) != 0;
}

/*
 * What there is to do most often: an interrupt waits alone, the guest runs and takes it at once,
 * and no window was open. false: it is a case for prepare_events, and nothing was done.
 */
static bool inject_interrupt(struct vcpu *vcpu)
{
    if (!vcpu_events_interrupt_alone(&vcpu->events) || (vcpu->procedure & WINDOW_CONTROLS) != 0 ||
        !interrupts_enabled(vcpu) ||
        ((vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE) & SHADOW) |
         vmread(VMCS_GUEST_ACTIVITY_STATE)) != 0)
        return false;
    vmwrite(VMCS_VM_ENTRY_INTERRUPTION_INFO, vcpu->events.interrupt);
    vcpu->consumes = VCPU_SLOT_INTERRUPT;
    return true;
}

static struct vcpu_event_state event_state(const struct vcpu *vcpu)
{
    return (struct vcpu_event_state){
        .interrupts_enabled = interrupts_enabled(vcpu),
        .blocking = (uint32_t)vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE),
        .activity = (uint32_t)vmread(VMCS_GUEST_ACTIVITY_STATE),
        .error_code_vectors = vcpu_events_synchronous(&vcpu->events) ? vmx_error_code_vectors(vcpu)
                                                                     : 0,
    };
}

static void write_event(const struct vcpu_injection *injection,
                        const struct vcpu_event_state *guest)
{
    vmwrite(VMCS_VM_ENTRY_INTERRUPTION_INFO, injection->event);
    if ((injection->event & NACELLE_EVENT_ERROR_CODE) != 0)
        vmwrite(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, injection->error);
    if (x86_event_is_soft((uint8_t)(injection->event >> 8 & 7u)))
        vmwrite(VMCS_VM_ENTRY_INSTRUCTION_LENGTH, injection->length);
    /* Delivery ends the shadow (26.6.1.1) and HLT; saying so beforehand satisfies all checks. */
    if ((guest->blocking & SHADOW) != 0)
        vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, guest->blocking & ~SHADOW);
    if (guest->activity == NACELLE_ACTIVITY_HLT)
        vmwrite(VMCS_GUEST_ACTIVITY_STATE, VMX_ACTIVITY_ACTIVE);
}

static void write_windows(struct vcpu *vcpu, const struct vcpu_injection *injection)
{
    uint32_t procedure = vcpu->procedure & ~WINDOW_CONTROLS;

    if (injection->interrupt_window)
        procedure |= VMX_PROC_INTERRUPT_WINDOW_EXITING;
    if (injection->nmi_window)
        procedure |= VMX_PROC_NMI_WINDOW_EXITING;
    if (procedure == vcpu->procedure)
        return;
    vcpu->procedure = procedure;
    vmwrite(VMCS_PROC_BASED_CONTROLS, procedure);
}

/* Nothing left that vcpu_prepare would have to look at? */
static void settle_events(struct vcpu *vcpu)
{
    if (!vcpu_events_pending(&vcpu->events) && vcpu->events.windows == 0 &&
        (vcpu->procedure & WINDOW_CONTROLS) == 0)
        vcpu->work &= ~VCPU_WORK_EVENTS;
}

/* false: triple fault; the state page holds the exit. */
static __attribute__((noinline)) bool prepare_events(struct vcpu *vcpu)
{
    struct vcpu_event_state guest = event_state(vcpu);
    struct vcpu_injection injection = vcpu_events_select(&vcpu->events, &guest);

    if (injection.shutdown) {
        vcpu_events_consume(&vcpu->events, injection.consumes);
        vmx_cancel_injection(vcpu);
        (void)vcpu_new_exit(vcpu, NACELLE_EXIT_SHUTDOWN);
        vmx_fetch_ip(vcpu);
        return false;
    }
    if (injection.event != 0)
        write_event(&injection, &guest);
    else
        vmx_cancel_injection(vcpu);
    vcpu->consumes = injection.consumes;
    write_windows(vcpu, &injection);
    if (injection.event == 0)
        settle_events(vcpu);
    return true;
}

void vmx_cancel_injection(struct vcpu *vcpu)
{
    if (vcpu->consumes != 0)
        vmwrite(VMCS_VM_ENTRY_INTERRUPTION_INFO, 0);
    vcpu->consumes = 0;
}

void vmx_injection_done(struct vcpu *vcpu)
{
    vcpu_events_consume(&vcpu->events, vcpu->consumes);
    vcpu->consumes = 0;
    settle_events(vcpu);
}

/* --- Everything else that an entry may need --- */

static __attribute__((noinline)) void flush_translations(const struct vcpu *vcpu,
                                                         const struct vcpu_cpu *cpu)
{
    if ((cpu->features & VCPU_FEATURE_VPID) == 0)
        return; /* every transition flushes */
    if ((cpu->features & VCPU_FEATURE_INVVPID_SINGLE) != 0)
        (void)vmx_invvpid(VMX_INVVPID_SINGLE_CONTEXT, (uint16_t)vcpu->vpid, 0);
    else
        (void)vmx_invvpid(VMX_INVVPID_ALL_CONTEXT, 0, 0);
}

static __attribute__((noinline)) void flush_memory(struct vcpu *vcpu, const struct vcpu_cpu *cpu)
{
    if ((cpu->features & VCPU_FEATURE_INVEPT_SINGLE) != 0)
        (void)vmx_invept(VMX_INVEPT_SINGLE_CONTEXT, vcpu->vm->root);
    else
        (void)vmx_invept(VMX_INVEPT_ALL_CONTEXT, 0);
    vcpu->tables_generation = vcpu->vm->generation;
}

/* Without answers nobody looks for them. A guest that is single-stepped has its client see all. */
static void choose_exit(struct vcpu *vcpu)
{
    bool answers = vcpu->vm->answer_count != 0 &&
                   (vcpu->procedure & VMX_PROC_MONITOR_TRAP_FLAG) == 0;

    vcpu->answers = answers ? vcpu->vm->answers : NULL;
    vmwrite(VMCS_HOST_RIP, (uintptr_t)(answers ? vmx_exit_answers : vmx_exit));
}

void vmx_set_slice(struct vcpu_cpu *cpu, struct vcpu *vcpu, uint64_t ticks)
{
    uint64_t timer = ticks >> cpu->preemption_timer_shift;

    if ((vcpu->pin & VMX_PIN_PREEMPTION_TIMER) != 0)
        vmwrite(VMCS_VMX_PREEMPTION_TIMER_VALUE, timer > 0xffffffff ? 0xffffffff : timer);
}

static inline bool do_work(struct vcpu *vcpu, const struct vcpu_cpu *cpu)
{
    if ((vcpu->work & VCPU_WORK_FLUSH) != 0) {
        vcpu->work &= ~VCPU_WORK_FLUSH;
        flush_translations(vcpu, cpu);
    }
    return (vcpu->work & VCPU_WORK_EVENTS) == 0 || inject_interrupt(vcpu) || prepare_events(vcpu);
}

bool vmx_prepare(struct vcpu_cpu *cpu, struct vcpu *vcpu, uint64_t cr3)
{
    if (cpu->current != vcpu)
        vmx_load(vcpu, cpu);
    if (vcpu->host_cr3 != cr3) {
        vcpu->host_cr3 = cr3;
        vmwrite(VMCS_HOST_CR3, cr3);
    }
    if (vcpu->tables_generation != vcpu->vm->generation) {
        flush_memory(vcpu, cpu);
        choose_exit(vcpu);
    }
    if (vcpu->work != 0 && !do_work(vcpu, cpu))
        return false;
    if (cpu->state_owner != vcpu)
        hidden_load(vcpu, cpu);
    if (cpu->fpu_owner != vcpu)
        vcpu_fpu_load(vcpu, cpu);
    vcpu_state(vcpu)->valid = 0;
    return true;
}

void vmx_enter(struct vcpu *vcpu)
{
    vcpu->known = 0;
    /* The host's own page faults change CR2; else it is still the guest's. */
    if (x86_read_cr2() != vcpu->cr2)
        x86_write_cr2(vcpu->cr2);
    if (debug_registers_live(vcpu))
        x86_write_dr6(vcpu->dr6);
    if (vcpu->launched)
        vmx_entry_resume(vcpu);
    vmx_entry_launch(vcpu);
}
