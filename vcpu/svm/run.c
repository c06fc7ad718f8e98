/* SPDX-License-Identifier: BSD-2-Clause */
/* Before an entry: what has to be loaded, which event goes with it, which windows are open. */

#include <vcpu_host.h>
#include <x86/event.h>

#include "../hidden.h"
#include "svm.h"

/* --- Hidden state: debug registers 0 to 3; VMLOAD and VMSAVE see to the rest --- */

/* MOV to and from DR does not exit: the guest's debug registers must be real. */
static bool debug_registers_live(struct vcpu *vcpu)
{
    return svm_vmcb_of(vcpu)->control.intercept_dr_write == 0;
}

static inline void hidden_read(struct vcpu *vcpu)
{
    if (debug_registers_live(vcpu))
        vcpu_debug_registers_read(vcpu);
}

void svm_hidden_read(struct vcpu *vcpu)
{
    hidden_read(vcpu);
}

static inline void hidden_load(struct vcpu *vcpu, struct vcpu_cpu *cpu)
{
    struct vcpu *old = cpu->state_owner;

    if (old != NULL)
        hidden_read(old);
    vcpu_hidden_take_over(old, vcpu, cpu);
}

/* --- Events --- */

uint32_t svm_blocking(struct vcpu *vcpu)
{
    const struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    uint32_t blocking = vcpu->svm.nmi_blocked ? NACELLE_BLOCKING_NMI : 0;

    /* One bit for both kinds of shadow. STI makes one only where it enables interrupts. */
    if ((vmcb->control.interrupt_shadow & SVM_INTERRUPT_SHADOW) != 0)
        blocking |= (vmcb->save.rflags & X86_RFLAGS_IF) != 0 ? NACELLE_BLOCKING_STI
                                                             : NACELLE_BLOCKING_MOV_SS;
    return blocking;
}

static struct vcpu_event_state event_state(struct vcpu *vcpu)
{
    return (struct vcpu_event_state){
        .interrupts_enabled = (svm_vmcb_of(vcpu)->save.rflags & X86_RFLAGS_IF) != 0,
        .blocking = svm_blocking(vcpu),
        .activity = vcpu->svm.activity,
        .error_code_vectors = svm_error_code_vectors(vcpu),
    };
}

/* EVENTINJ knows the types interrupt, NMI, exception and INT n alone (15.20). */
static uint32_t event_injection(uint32_t event)
{
    switch (event & NACELLE_EVENT_TYPE_MASK) {
    case NACELLE_EVENT_PRIVILEGED_SOFTWARE_EXCEPTION:
    case NACELLE_EVENT_SOFTWARE_EXCEPTION:
        return (event & ~NACELLE_EVENT_TYPE_MASK) | NACELLE_EVENT_EXCEPTION;
    default:
        return event;
    }
}

static bool is_double_fault(uint32_t event)
{
    return (event & (NACELLE_EVENT_TYPE_MASK | 0xffu)) == (NACELLE_EVENT_EXCEPTION | X86_VECTOR_DF);
}

/* Exceptions that exit beside the usual ones. */
static void set_fatal_exceptions(struct vcpu *vcpu, uint32_t fatal)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    vmcb->control.intercept_exceptions = vcpu->exception_bitmap | SVM_EXCEPTIONS_ALWAYS | fatal;
    svm_changed(vmcb, SVM_CLEAN_INTERCEPTS);
}

static void write_event(struct vcpu *vcpu, const struct vcpu_injection *injection)
{
    struct svm_vmcb_control *control = &svm_vmcb_of(vcpu)->control;

    control->event_injection = event_injection(injection->event);
    control->event_error = (injection->event & NACELLE_EVENT_ERROR_CODE) != 0 ? injection->error
                                                                              : 0;
    vcpu->svm.soft_length =
        x86_event_is_soft((uint8_t)(injection->event >> 8 & 7u)) ? injection->length : 0;
    vcpu->svm.soft_vector = injection->event & 0xffu;
    if (is_double_fault(injection->event))
        set_fatal_exceptions(vcpu, SVM_EXCEPTIONS_FATAL);
    /* Delivery ends the shadow, and HLT. */
    control->interrupt_shadow = 0;
    vcpu->svm.activity = NACELLE_ACTIVITY_ACTIVE;
}

/* A virtual interrupt that is intercepted: the exit comes as soon as the guest can take one. */
static void write_interrupt_window(struct svm_vmcb *vmcb, bool wanted)
{
    const uint32_t open = SVM_V_IRQ | SVM_V_IGN_TPR | SVM_V_INTR_PRIO_MASK;

    if (wanted) {
        vmcb->control.v_interrupt |= open;
        vmcb->control.intercept |= SVM_INTERCEPT_VINTR;
    } else {
        vmcb->control.v_interrupt &= ~open;
        vmcb->control.intercept &= ~SVM_INTERCEPT_VINTR;
    }
    svm_changed(vmcb, SVM_CLEAN_TPR | SVM_CLEAN_INTERCEPTS);
}

/* Nothing left that svm_prepare would have to look at? */
static void settle_events(struct vcpu *vcpu)
{
    const struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    if (!vcpu_events_pending(&vcpu->events) && vcpu->events.windows == 0 &&
        (vmcb->control.intercept & SVM_INTERCEPT_VINTR) == 0)
        vcpu->work &= ~VCPU_WORK_EVENTS;
}

/*
 * An NMI, or the client's wish to know, waits. While the handler of the last one runs, IRET is
 * intercepted; a window for what comes after IRET or after a shadow is one step wide. false: the
 * window is open now, and the client asked for nothing but that.
 */
static bool open_nmi_window(struct vcpu *vcpu, const struct vcpu_injection *injection)
{
    uint32_t blocking = svm_blocking(vcpu);

    if (injection->event != 0)
        return true; /* at the next exit, whatever it is */
    if (vcpu->svm.iret_seen || (blocking & NACELLE_BLOCKING_MOV_SS) != 0)
        svm_step(vcpu);
    return blocking != 0 || (vcpu->events.windows & NACELLE_WINDOW_NMI) == 0;
}

static bool interrupt_window_open(const struct vcpu *vcpu, const struct vcpu_event_state *guest)
{
    return (vcpu->events.windows & NACELLE_WINDOW_INTERRUPT) != 0 && guest->interrupts_enabled &&
           guest->activity == NACELLE_ACTIVITY_HLT;
}

/* The entry does not take place: the state page holds an exit without operands. */
static bool exit_instead(struct vcpu *vcpu, uint32_t kind)
{
    svm_cancel_injection(vcpu);
    (void)vcpu_new_exit(vcpu, kind);
    svm_fetch_ip(vcpu);
    return false;
}

/*
 * A #DB that became due between two instructions. The processor would deliver it by itself, so it
 * goes to the client that intercepts it; what is injected does not. false: it is in the state page.
 */
static bool take_debug_exception(struct vcpu *vcpu)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    uint64_t causes = vcpu->svm.pending_debug &
                      (X86_DR6_B0 | X86_DR6_B1 | X86_DR6_B2 | X86_DR6_B3 | X86_DR6_BS);

    /* It has to wait for those, or is lost with them. */
    if (vcpu->events.exception != 0 || vcpu->events.vectoring != 0)
        return true;
    vcpu->svm.pending_debug = 0;
    vcpu->svm.activity = NACELLE_ACTIVITY_ACTIVE;
    vmcb->save.dr6 |= causes;
    svm_changed(vmcb, SVM_CLEAN_DR);
    if ((vcpu->exception_bitmap >> X86_VECTOR_DB & 1u) != 0) {
        (void)exit_instead(vcpu, NACELLE_EXIT_EXCEPTION);
        vcpu_state(vcpu)->exit.number = X86_VECTOR_DB;
        vcpu_state(vcpu)->exit.value = causes;
        return false;
    }
    vcpu->events.exception = NACELLE_EVENT_VALID | NACELLE_EVENT_EXCEPTION | X86_VECTOR_DB;
    return true;
}

/*
 * What there is to do most often: an interrupt waits alone, the guest runs and takes it at once,
 * and no window was open. false: it is a case for prepare_events, and nothing was done.
 */
static bool inject_interrupt(struct vcpu *vcpu)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    if (!vcpu_events_interrupt_alone(&vcpu->events) || vcpu->svm.pending_debug != 0 ||
        vcpu->svm.activity != NACELLE_ACTIVITY_ACTIVE ||
        (vmcb->control.intercept & SVM_INTERCEPT_VINTR) != 0 ||
        (vmcb->control.interrupt_shadow & SVM_INTERRUPT_SHADOW) != 0 ||
        (vmcb->save.rflags & X86_RFLAGS_IF) == 0)
        return false;
    vmcb->control.event_injection = vcpu->events.interrupt;
    vmcb->control.event_error = 0;
    vcpu->svm.soft_length = 0;
    vcpu->consumes = VCPU_SLOT_INTERRUPT;
    return true;
}

static __attribute__((noinline)) bool prepare_events(struct vcpu *vcpu)
{
    struct vcpu_event_state guest;
    struct vcpu_injection injection;

    svm_cancel_injection(vcpu);
    if (vcpu->svm.pending_debug != 0 && !take_debug_exception(vcpu))
        return false;
    guest = event_state(vcpu);
    injection = vcpu_events_select(&vcpu->events, &guest);
    if (injection.shutdown) {
        vcpu_events_consume(&vcpu->events, injection.consumes);
        return exit_instead(vcpu, NACELLE_EXIT_SHUTDOWN);
    }
    if (injection.nmi_window && !open_nmi_window(vcpu, &injection)) {
        vcpu->events.windows &= ~NACELLE_WINDOW_NMI;
        return exit_instead(vcpu, NACELLE_EXIT_NMI_WINDOW);
    }
    /* While the vCPU halts nothing else opens this one. */
    if (vcpu->svm.activity != NACELLE_ACTIVITY_ACTIVE && injection.event == 0 &&
        interrupt_window_open(vcpu, &guest)) {
        vcpu->events.windows &= ~NACELLE_WINDOW_INTERRUPT;
        return exit_instead(vcpu, NACELLE_EXIT_INTERRUPT_WINDOW);
    }
    if (injection.event != 0)
        write_event(vcpu, &injection);
    vcpu->consumes = injection.consumes;
    write_interrupt_window(svm_vmcb_of(vcpu), injection.interrupt_window);
    if (injection.event == 0)
        settle_events(vcpu);
    return true;
}

void svm_cancel_injection(struct vcpu *vcpu)
{
    svm_vmcb_of(vcpu)->control.event_injection = 0;
    vcpu->svm.soft_length = 0;
    vcpu->consumes = 0;
}

void svm_injection_done(struct vcpu *vcpu)
{
    struct svm_vmcb_control *control = &svm_vmcb_of(vcpu)->control;

    if ((control->event_injection & NACELLE_EVENT_TYPE_MASK) == NACELLE_EVENT_NMI)
        svm_nmi_set_blocked(vcpu, true);
    if (is_double_fault(control->event_injection))
        set_fatal_exceptions(vcpu, 0);
    control->event_injection = 0;
    vcpu_events_consume(&vcpu->events, vcpu->consumes);
    vcpu->consumes = 0;
    settle_events(vcpu);
}

/* --- Everything else that an entry may need --- */

/* The host's timer interrupt ends the run. */
void svm_set_slice(struct vcpu_cpu *cpu, struct vcpu *vcpu, uint64_t ticks)
{
    (void)cpu;
    (void)vcpu;
    (void)ticks;
}

static bool do_work(struct vcpu *vcpu)
{
    if ((vcpu->work & VCPU_WORK_EVENTS) != 0 && !inject_interrupt(vcpu) && !prepare_events(vcpu))
        return false;
    /* What a client wrote can be refused; a guest hardly gets itself there. Asking first keeps what
     * some implementations save into the VMCB of an entry that they refuse out of it. */
    if ((vcpu->work & VCPU_WORK_CHECK) != 0) {
        uint32_t check = svm_failing_check(vcpu);

        if (check != 0) {
            svm_cancel_injection(vcpu);
            svm_entry_refused(vcpu, check, false);
            return false;
        }
        vcpu->work &= ~VCPU_WORK_CHECK;
    }
    if (vcpu->svm.cr0_write)
        svm_let_cr0_write(vcpu);
    return true;
}

bool svm_prepare(struct vcpu_cpu *cpu, struct vcpu *vcpu, uint64_t cr3)
{
    svm_make_current(vcpu);
    /* The exit restores what is loaded at the entry. */
    if (x86_read_cr3() != cr3)
        x86_write_cr3(cr3);
    if (vcpu->tables_generation != vcpu->vm->generation) {
        vcpu->tables_generation = vcpu->vm->generation;
        vcpu->work |= VCPU_WORK_FLUSH;
    }
    if (vcpu->svm.asid_generation != svm_cpu_of(cpu)->asid_generation)
        svm_assign_asid(vcpu, cpu);
    if ((vcpu->work & ~VCPU_WORK_FLUSH) != 0 && !do_work(vcpu))
        return false;
    if (cpu->state_owner != vcpu)
        hidden_load(vcpu, cpu);
    if (cpu->fpu_owner != vcpu)
        vcpu_fpu_load(vcpu, cpu);
    vcpu_state(vcpu)->valid = 0;
    return true;
}

/* TLB_CONTROL for the next entry; what it asks for is done then. */
static uint8_t tlb_control(struct vcpu *vcpu, struct vcpu_cpu *cpu)
{
    struct svm_cpu *svm = svm_cpu_of(cpu);
    bool flush = (vcpu->work & VCPU_WORK_FLUSH) != 0;

    vcpu->work &= ~VCPU_WORK_FLUSH;
    if (svm->flush_all || (flush && (svm->features & SVM_FEATURE_FLUSH_BY_ASID) == 0)) {
        svm->flush_all = false;
        return SVM_TLB_FLUSH_ALL;
    }
    return flush ? SVM_TLB_FLUSH_ASID : SVM_TLB_NOTHING;
}

/*
 * The return address that a software event pushes is that of the next instruction. Processors with
 * next-RIP save push NRIP, others RIP (15.20); both are set.
 */
static void move_past_soft_event(struct vcpu *vcpu)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    uint64_t next = vmcb->save.rip + vcpu->svm.soft_length;

    vcpu->svm.soft_rip = vmcb->save.rip;
    vmcb->save.rip = svm_in_64_bit_mode(vcpu) ? next : (uint32_t)next;
    vmcb->control.next_rip = vmcb->save.rip;
}

/* The vCPU halts, and nothing wakes it: the CPU does the same until the host has an interrupt. */
static _Noreturn void idle(struct vcpu *vcpu)
{
    x86_sti_hlt();
    x86_cli();
    vcpu->svm.idled = true;
    svm_leave(vcpu);
}

/*
 * QEMU 7.2 delivers an interrupt from EVENTINJ, but keeps its vector as one that is still to be
 * delivered until the guest exits or has an exception: when the emulator looks after its devices
 * before that, the guest gets the interrupt again, whatever IF is. A virtual interrupt it delivers
 * once (15.21.4). The guest can take it, so that comes to the same. A window that is wanted as well
 * is opened at the next entry.
 */
static void present_as_virtual(struct vcpu *vcpu)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    uint32_t event = vmcb->control.event_injection;

    if ((event & (NACELLE_EVENT_VALID | NACELLE_EVENT_TYPE_MASK)) !=
        (NACELLE_EVENT_VALID | NACELLE_EVENT_INTERRUPT))
        return;
    write_interrupt_window(vmcb, false);
    vmcb->control.event_injection = 0;
    vmcb->control.v_interrupt |= SVM_V_IRQ | SVM_V_IGN_TPR | SVM_V_INTR_PRIO_MASK;
    vmcb->control.v_interrupt_vector = event & 0xffu;
    vcpu->svm.virtual_interrupt = true;
}

void svm_virtual_interrupt_ended(struct vcpu *vcpu)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    bool waits = (vmcb->control.v_interrupt & SVM_V_IRQ) != 0 &&
                 (vmcb->control.exit_int_info & NACELLE_EVENT_VALID) == 0;

    vcpu->svm.virtual_interrupt = false;
    write_interrupt_window(vmcb, false);
    vcpu->work |= VCPU_WORK_EVENTS;
    if (waits)
        vcpu->consumes = 0;
}

void svm_enter(struct vcpu *vcpu)
{
    struct vcpu_cpu *cpu = vcpu->cpu;
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    if (vcpu->svm.activity != NACELLE_ACTIVITY_ACTIVE)
        idle(vcpu);
    vmcb->control.tlb_control = tlb_control(vcpu, cpu);
    if (vcpu->svm.soft_length != 0)
        move_past_soft_event(vcpu);
    if (svm_cpu_of(cpu)->repeats_interrupts)
        present_as_virtual(vcpu);
    /* VMRUN loads CR2, but not that of Bochs 2.7. Most often it is the guest's still. */
    if (x86_read_cr2() != vmcb->save.cr2)
        x86_write_cr2(vmcb->save.cr2);
    /* The exit restores CR0 as it is now: the guest's FPU state is not the client's to use. */
    if ((x86_read_cr0() & X86_CR0_TS) == 0)
        x86_write_cr0(cpu->host_cr0);
    vcpu->guard = svm_cpu_of(cpu)->late_traps ? &svm_cpu_of(cpu)->guard : NULL;
    vcpu->answers = vcpu->vm->answer_count != 0 ? vcpu->vm->answers : NULL;
    vcpu->special = vcpu->answers != NULL ? VCPU_SPECIAL_ANSWERS
                    : vcpu->guard != NULL ? VCPU_SPECIAL_GUARD
                                          : 0;
    svm_entry(vcpu);
}
