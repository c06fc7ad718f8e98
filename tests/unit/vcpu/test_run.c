/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries and exits on the model: what goes to the client, what the engine does itself. */

#include "model.h"
#include "test.h"

#include <nacelle/check.h>
#include <x86/control.h>
#include <x86/msr.h>
#include <x86/vmx_controls.h>
#include <x86/vmx_exit.h>
#include <x86/vmx_fields.h>

#include "internal.h"

static struct vm *vm;
static struct vcpu *vcpu;
static struct nacelle_vcpu_state *page;
static uint32_t seen; /* event that the last entry injected */

static int setup_on(const char *cpu)
{
    model_reset(cpu);
    model_enable();
    vm = model_vm();
    vcpu = model_vcpu(vm);
    page = vcpu_state(vcpu);
    seen = 0;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return setup_on("corei7_haswell_4770");
}

static int setup_arrandale(void **state)
{
    (void)state;
    return setup_on("corei5_arrandale_m520");
}

static void guest_cpuid(struct vcpu *v, uint32_t event)
{
    seen = event;
    model_exit(v, VMX_EXIT_REASON_CPUID);
}

static void protected_mode(void)
{
    vcpu_fetch(vcpu, NACELLE_GROUP_CONTROL);
    page->cr0 = 0x31;
    page->dirty = NACELLE_GROUP_CONTROL;
    assert_true(vcpu_resume(vcpu, 0));
}

/* --- The round trip, and what it costs --- */

static void cpuid(void **state)
{
    (void)state;
    page->general[0] = 0x40000000;
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_CPUID);
    assert_int_equal(page->exit.number, 0x40000000);
    assert_int_equal(page->exit.instruction_length, 2);
    assert_int_equal(page->valid, NACELLE_GROUP_IP);
    assert_int_equal(page->rip, 0xfff0);
    assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
    assert_int_equal(model_field(vcpu, VMCS_GUEST_RIP), 0xfff2);
    /* The second time everything is there: no MSR, no load of a VMCS, FPU or hidden state. */
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    model_counts = (struct model_counts){0};
    assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(model_counts.rdmsr | model_counts.wrmsr | model_counts.vmptrld, 0);
    assert_int_equal(model_counts.xsetbv | model_counts.xsave | model_counts.xrstor, 0);
    assert_int_equal(model_counts.invept | model_counts.invvpid, 0);
    assert_int_equal(model_counts.vmread, 6);
    assert_int_equal(model_counts.vmwrite, 1);
    assert_int_equal(page->rip, 0xfff4);
    /* ADVANCE counts once. */
    assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
    assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
    assert_int_equal(model_field(vcpu, VMCS_GUEST_RIP), 0xfff6);
}

static void advance_ends_the_shadow(void **state)
{
    (void)state;
    model_run(vcpu, guest_cpuid, NULL);
    model_set_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE, 1);
    model_set_field(vcpu, VMCS_GUEST_RFLAGS, 0x302); /* IF and TF */
    vcpu->known = 0;
    assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
    assert_int_equal(model_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE), 0);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS), 0x4000);
}

/* A client that decoded the instruction itself moves RIP; ADVANCE then does the rest. */
static void client_moves_rip(void **state)
{
    (void)state;
    model_run(vcpu, guest_cpuid, NULL);
    page->rip = 0x2000;
    page->dirty = NACELLE_GROUP_IP;
    assert_true(vcpu_resume(vcpu, 0));
    assert_int_equal(model_field(vcpu, VMCS_GUEST_RIP), 0x2000);
    assert_int_equal(page->dirty, 0);
}

/* --- Dispositions --- */

static uint32_t reason, information, qualification, vectoring;

static void guest_exit(struct vcpu *v, uint32_t event)
{
    seen = event;
    model_exit(v, reason);
    model_set_field(v, VMCS_EXIT_QUALIFICATION, qualification);
    model_set_field(v, VMCS_VM_EXIT_INTERRUPTION_INFO, information);
    model_set_field(v, VMCS_IDT_VECTORING_INFO, vectoring);
}

static enum vcpu_disposition run(uint32_t exit_reason, uint32_t interruption,
                                 uint32_t exit_qualification, uint32_t vectoring_info)
{
    uint32_t vector = 0xffff;
    enum vcpu_disposition disposition;

    reason = exit_reason;
    information = interruption;
    qualification = exit_qualification;
    vectoring = vectoring_info;
    disposition = model_run(vcpu, guest_exit, &vector);
    if (disposition == VCPU_HOST_INTERRUPT)
        assert_int_equal(vector, interruption & 0xff);
    return disposition;
}

static void host_events(void **state)
{
    (void)state;
    assert_int_equal(run(1, 0x800000ef, 0, 0), VCPU_HOST_INTERRUPT);
    assert_int_equal(run(0, 0x80000202, 0, 0), VCPU_HOST_NMI);
    assert_int_equal(run(0, 0x80000312, 0, 0), VCPU_HOST_INTERRUPT); /* #MC, vector 18 */
    assert_int_equal(run(52, 0, 0, 0), VCPU_SLICE_OVER);
    assert_int_equal(run(12, 0, 0, 0), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_HLT);
    assert_int_equal(run(0x12345, 0, 0, 0), VCPU_SEND_EXIT); /* never a panic */
    assert_int_equal(page->exit.kind, NACELLE_EXIT_UNKNOWN);
}

static void slice(void **state)
{
    (void)state;
    vcpu_set_slice(vcpu_host_cpu(), vcpu, 5000);
    run(12, 0, 0, 0);
    assert_int_equal(model_field(vcpu, VMCS_VMX_PREEMPTION_TIMER_VALUE), 5000);
    model_set_field(vcpu, VMCS_VMX_PREEMPTION_TIMER_VALUE, 77); /* the processor saved it */
    run(12, 0, 0, 0);
    assert_int_equal(model_field(vcpu, VMCS_VMX_PREEMPTION_TIMER_VALUE), 77);
    vcpu_set_slice(vcpu_host_cpu(), vcpu, ~UINT64_C(0));
    run(12, 0, 0, 0);
    assert_int_equal(model_field(vcpu, VMCS_VMX_PREEMPTION_TIMER_VALUE), 0xffffffff);
}

/* --- Events --- */

/* A client may inject while an exit's message waits for it: the exit must not seem to say that the
 * event was delivered before it. */
static void injected_after_the_exit(void **state)
{
    (void)state;
    assert_int_equal(run(12, 0, 0, 0), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.flags & NACELLE_EXIT_EVENT_PENDING, 0);
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_INTERRUPT | 0x30, 0, 0), NACELLE_ERROR_OK);
    assert_true((page->exit.flags & NACELLE_EXIT_EVENT_PENDING) != 0);
    assert_true(vcpu_cancel(vcpu, NACELLE_EVENT_INTERRUPT >> 8));
    assert_int_equal(page->exit.flags & NACELLE_EXIT_EVENT_PENDING, 0);
}

static void injection(void **state)
{
    (void)state;
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_INTERRUPT | 0x30, 0, 0), NACELLE_ERROR_OK);
    /* IF is 0: a window is opened, the client is told that the event waits. */
    assert_int_equal(run(12, 0, 0, 0), VCPU_SEND_EXIT);
    assert_int_equal(seen, 0);
    assert_true((model_field(vcpu, VMCS_PROC_BASED_CONTROLS) & VMX_PROC_INTERRUPT_WINDOW_EXITING) !=
                0);
    assert_true((page->exit.flags & NACELLE_EXIT_EVENT_PENDING) != 0);
    /* The guest sets IF: the window exit is the engine's own. */
    assert_int_equal(run(7, 0, 0, 0), VCPU_ENTER_AGAIN);
    model_set_field(vcpu, VMCS_GUEST_RFLAGS, 0x202);
    assert_int_equal(run(12, 0, 0, 0), VCPU_SEND_EXIT);
    assert_int_equal(seen, 0x80000030);
    assert_true((model_field(vcpu, VMCS_PROC_BASED_CONTROLS) & VMX_PROC_INTERRUPT_WINDOW_EXITING) ==
                0);
    assert_int_equal(page->exit.flags & NACELLE_EXIT_EVENT_PENDING, 0);
    assert_int_equal(run(12, 0, 0, 0), VCPU_SEND_EXIT);
    assert_int_equal(seen, 0); /* once */
    assert_int_equal(vcpu->work & VCPU_WORK_EVENTS, 0);
    assert_int_equal(vcpu_inject(vcpu, 0x80000b06, 0, 0), NACELLE_ERROR_INVALID_EVENT);
    assert_int_equal(vcpu_inject(vcpu, 0x80000302, 0, 0), NACELLE_ERROR_INVALID_EVENT);
}

static void window_of_the_client(void **state)
{
    (void)state;
    vcpu_fetch(vcpu, NACELLE_GROUP_EVENTS);
    page->windows = NACELLE_WINDOW_INTERRUPT;
    page->dirty = NACELLE_GROUP_EVENTS;
    assert_true(vcpu_resume(vcpu, 0));
    assert_int_equal(run(7, 0, 0, 0), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_INTERRUPT_WINDOW);
    run(12, 0, 0, 0);
    assert_true((model_field(vcpu, VMCS_PROC_BASED_CONTROLS) & VMX_PROC_INTERRUPT_WINDOW_EXITING) ==
                0); /* reported once */
    page->windows = NACELLE_WINDOW_NMI;
    page->dirty = NACELLE_GROUP_EVENTS;
    assert_true(vcpu_resume(vcpu, 0));
    assert_int_equal(run(8, 0, 0, 0), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_NMI_WINDOW);
}

static void wake_from_hlt(void **state)
{
    (void)state;
    vcpu_fetch(vcpu, NACELLE_GROUP_EVENTS | NACELLE_GROUP_IP);
    page->activity = NACELLE_ACTIVITY_HLT;
    page->rflags = 0x202;
    page->interrupt = 0x80000020;
    page->dirty = NACELLE_GROUP_EVENTS | NACELLE_GROUP_IP;
    assert_true(vcpu_resume(vcpu, 0));
    run(12, 0, 0, 0);
    assert_int_equal(seen, 0x80000020);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_ACTIVITY_STATE), 0);
}

static void exception_in_the_shadow(void **state)
{
    (void)state;
    protected_mode();
    model_set_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE, 2);
    assert_int_equal(vcpu_inject(vcpu, 0x80000b0d, 0x10, 0), NACELLE_ERROR_OK);
    run(12, 0, 0, 0);
    assert_int_equal(seen, 0x80000b0d);
    assert_int_equal(model_field(vcpu, VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE), 0x10);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE), 0);
}

static void interrupted_delivery_is_repeated(void **state)
{
    (void)state;
    model_set_field(vcpu, VMCS_VM_EXIT_INSTRUCTION_LENGTH, 2);
    assert_int_equal(run(48, 0, 0x181, 0x80000410), VCPU_SEND_EXIT); /* INT 10h */
    assert_int_equal(page->exit.flags & NACELLE_EXIT_VECTORING, NACELLE_EXIT_VECTORING);
    assert_int_equal(page->exit.vectoring, 0x80000410);
    run(12, 0, 0, 0);
    assert_int_equal(seen, 0x80000410);
    assert_int_equal(model_field(vcpu, VMCS_VM_ENTRY_INSTRUCTION_LENGTH), 2);
    run(12, 0, 0, 0);
    assert_int_equal(seen, 0);
    /* An NMI: the blocking that its delivery set goes, or the repetition would be refused. */
    model_set_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE, 8);
    run(48, 0, 0x181, 0x80000202);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE), 0);
    run(12, 0, 0, 0);
    assert_int_equal(seen, 0x80000202);
    /* The client may cancel it. */
    run(48, 0, 0x181, 0x80000410);
    assert_true(vcpu_cancel(vcpu, 3));
    run(12, 0, 0, 0);
    assert_int_equal(seen, 0);
}

static void nmi_unblocking_by_iret(void **state)
{
    (void)state;
    run(48, 0, 0x1181, 0);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE), 8);
    model_set_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
    vcpu_set_control(vcpu, NACELLE_CONTROL_EXCEPTIONS, 1u << 14);
    run(0, 0x80001b0e, 0, 0);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE), 8);
    model_set_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
    run(48, 0, 0x1181, 0x80000b0e); /* with a delivery the bit means nothing */
    assert_int_equal(model_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE), 0);
}

static void triple_fault_by_combination(void **state)
{
    (void)state;
    protected_mode();
    run(48, 0, 0x181, 0x80000b08); /* while #DF was delivered */
    assert_int_equal(vcpu_inject(vcpu, 0x80000b0d, 0, 0), NACELLE_ERROR_OK);
    assert_false(vcpu_prepare(vcpu_host_cpu(), vcpu, 0x5000));
    assert_int_equal(page->exit.kind, NACELLE_EXIT_SHUTDOWN);
    assert_false(vcpu_events_pending(&vcpu->events));
    assert_true(vcpu_prepare(vcpu_host_cpu(), vcpu, 0x5000));
    assert_int_equal(model_field(vcpu, VMCS_VM_ENTRY_INTERRUPTION_INFO) & 0x80000000, 0);
}

/* --- #DB and #AC, which exit always --- */

static void alignment_check_is_reflected(void **state)
{
    (void)state;
    protected_mode();
    model_set_field(vcpu, VMCS_VM_EXIT_INTERRUPTION_ERROR_CODE, 0);
    assert_int_equal(run(0, 0x80000b11, 0, 0), VCPU_ENTER_AGAIN);
    run(12, 0, 0, 0);
    assert_int_equal(seen, 0x80000b11);
    vcpu_set_control(vcpu, NACELLE_CONTROL_EXCEPTIONS, 1u << 17);
    assert_int_equal(run(0, 0x80000b11, 0, 0), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.number, 17);
    run(12, 0, 0, 0);
    assert_int_equal(seen, 0);
}

static void debug_exception_is_reflected(void **state)
{
    (void)state;
    model_set_field(vcpu, VMCS_GUEST_DR7, 0x2401);
    model_set_field(vcpu, VMCS_GUEST_IA32_DEBUGCTL, 3);
    vcpu->dr6 = 0xffff0ff4;
    assert_int_equal(run(0, 0x80000301, 0x4001, 0), VCPU_ENTER_AGAIN);
    run(12, 0, 0, 0);
    assert_int_equal(seen, 0x80000301);
    vcpu_fetch(vcpu, NACELLE_GROUP_DEBUG);
    assert_int_equal(page->dr6, 0xffff4ff1);
    assert_int_equal(page->dr7, 0x401);
    assert_int_equal(page->debugctl, 0);
    /* INT1 is a privileged software exception with a length. */
    assert_int_equal(run(0, 0x80000501, 0, 0), VCPU_ENTER_AGAIN);
    run(12, 0, 0, 0);
    assert_int_equal(seen, 0x80000501);
    assert_int_equal(model_field(vcpu, VMCS_VM_ENTRY_INSTRUCTION_LENGTH), 2);
}

/* --- CR0 and CR4 --- */

static void owned_bits_of_cr0(void **state)
{
    (void)state;
    /* MOV CR0, EAX that clears CD and NW: executed again with the shadow changed. */
    page->general[0] = 0x10;
    assert_int_equal(run(28, 0, 0, 0), VCPU_ENTER_AGAIN);
    assert_int_equal(model_field(vcpu, VMCS_CR0_READ_SHADOW), 0x10);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_CR0), 0x30);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_RIP), 0xfff0);
    /* NW without CD: #GP. */
    page->general[0] = 0x20000010;
    assert_int_equal(run(28, 0, 0, 0), VCPU_ENTER_AGAIN);
    assert_int_equal(model_field(vcpu, VMCS_CR0_READ_SHADOW), 0x10);
    run(12, 0, 0, 0);
    assert_int_equal(seen, 0x8000030d); /* real mode: no error code */
    /* A client that takes #GP learns of it as what it is: the write. */
    vcpu_set_control(vcpu, NACELLE_CONTROL_EXCEPTIONS, 1 << 13);
    assert_int_equal(run(28, 0, 0, 0), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_CONTROL_REGISTER);
    assert_int_equal(page->exit.value, 0x20000010);
    vcpu_set_control(vcpu, NACELLE_CONTROL_EXCEPTIONS, 0);
    /* A bit that the client owns goes to the client, with what else the MOV wants. */
    vcpu_set_control(vcpu, NACELLE_CONTROL_CR0_MASK, 1);
    page->general[0] = 0x31;
    assert_int_equal(run(28, 0, 0, 0), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_CONTROL_REGISTER);
    assert_int_equal(page->exit.value, 0x31);
    /* CLTS and LMSW never are the engine's. */
    assert_int_equal(run(28, 0, 0x20, 0), VCPU_SEND_EXIT);
}

static void owned_bits_of_cr4(void **state)
{
    (void)state;
    page->general[3] = 0x40; /* MCE, from rbx */
    assert_int_equal(run(28, 0, 0x304, 0), VCPU_ENTER_AGAIN);
    assert_int_equal(model_field(vcpu, VMCS_CR4_READ_SHADOW), 0x40);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_CR4), 0x2000);
    page->general[3] = 0x2040; /* VMXE */
    assert_int_equal(run(28, 0, 0x304, 0), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.number, 4);
    page->general[3] = 1 << 23; /* CET */
    assert_int_equal(run(28, 0, 0x304, 0), VCPU_ENTER_AGAIN);
    run(12, 0, 0, 0);
    assert_int_equal(seen & 0xff, 13);
    assert_int_equal(model_field(vcpu, VMCS_CR4_READ_SHADOW), 0x40);
}

/* --- Refused entries --- */

static void refused_by_guest_state(void **state)
{
    (void)state;
    vcpu_inject(vcpu, NACELLE_EVENT_NMI | 2, 0, 0);
    model_set_field(vcpu, VMCS_GUEST_CR3, UINT64_C(1) << 45);
    model_refuse = 0x80000021;
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_ENTRY_REFUSED);
    assert_int_equal(page->exit.number, NACELLE_CHECK_CR3);
    assert_int_equal(page->exit.flags, NACELLE_EXIT_ENTRY_FAILED | NACELLE_EXIT_EVENT_PENDING);
    assert_int_equal(page->exit.raw_reason, 0x80000021);
    /* Mended, it goes on, still as VMLAUNCH, and the event comes. */
    model_set_field(vcpu, VMCS_GUEST_CR3, 0);
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_CPUID);
    assert_int_equal(seen, 0x80000202);
}

static void refused_otherwise(void **state)
{
    static const struct {
        uint32_t refuse, kind, number;
    } cases[] = {
        {0x80000021, NACELLE_EXIT_ENTRY_REFUSED, NACELLE_CHECK_UNKNOWN},
        {0x80000022, NACELLE_EXIT_ENTRY_REFUSED, NACELLE_CHECK_MSR_LOADING},
        {0x80000029, NACELLE_EXIT_MACHINE_CHECK, NACELLE_CHECK_UNKNOWN},
        {7, NACELLE_EXIT_ENTRY_REFUSED, NACELLE_CHECK_CONTROLS},
        {8, NACELLE_EXIT_ENTRY_REFUSED, NACELLE_CHECK_HOST_STATE},
        {26, NACELLE_EXIT_ENTRY_REFUSED, NACELLE_CHECK_HOST_MOV_SS},
        {4, NACELLE_EXIT_ENTRY_REFUSED, NACELLE_CHECK_LAUNCH_STATE},
        {99, NACELLE_EXIT_ENTRY_REFUSED, NACELLE_CHECK_UNKNOWN},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(cases); i++) {
        model_refuse = cases[i].refuse;
        assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
        assert_int_equal(page->exit.kind, cases[i].kind);
        assert_int_equal(page->exit.number, cases[i].number);
        assert_int_equal(page->rip, 0xfff0);
    }
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_CPUID);
}

/* --- The rest --- */

static void poke(void **state)
{
    (void)state;
    vcpu_record_poke(vcpu);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_POKE);
    assert_int_equal(page->rip, 0xfff0);
    assert_int_equal(page->valid & NACELLE_GROUP_IP, NACELLE_GROUP_IP);
}

static void invlpg_flushes(void **state)
{
    unsigned before;

    (void)state;
    run(12, 0, 0, 0);
    before = model_counts.invvpid;
    run(14, 0, 0x1000, 0);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_INVLPG);
    run(12, 0, 0, 0);
    assert_int_equal(model_counts.invvpid, before + 1);
}

static void reattach_resets(void **state)
{
    (void)state;
    vcpu_inject(vcpu, NACELLE_EVENT_NMI | 2, 0, 0);
    page->general[7] = 7;
    run(12, 0, 0, 0);
    model_set_field(vcpu, VMCS_GUEST_RIP, 0x77);
    vcpu_attach(vcpu, vm);
    assert_int_equal(page->general[7], 0);
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->rip, 0xfff0);
    assert_int_equal(seen, 0);
}

static void without_xsave(void **state)
{
    (void)state;
    assert_int_equal(run(12, 0, 0, 0), VCPU_SEND_EXIT);
    assert_int_equal(model_counts.xsetbv | model_counts.xrstor, 0);
    assert_int_equal(model_cpu->fpu[24], 0x80);
    vcpu_fetch(vcpu, NACELLE_GROUP_FPU);
    assert_int_equal(page->fpu[512], 3);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(cpuid, setup),
    cmocka_unit_test_setup(advance_ends_the_shadow, setup),
    cmocka_unit_test_setup(client_moves_rip, setup),
    cmocka_unit_test_setup(host_events, setup),
    cmocka_unit_test_setup(slice, setup),
    cmocka_unit_test_setup(injected_after_the_exit, setup),
    cmocka_unit_test_setup(injection, setup),
    cmocka_unit_test_setup(window_of_the_client, setup),
    cmocka_unit_test_setup(wake_from_hlt, setup),
    cmocka_unit_test_setup(exception_in_the_shadow, setup),
    cmocka_unit_test_setup(interrupted_delivery_is_repeated, setup),
    cmocka_unit_test_setup(nmi_unblocking_by_iret, setup),
    cmocka_unit_test_setup(triple_fault_by_combination, setup),
    cmocka_unit_test_setup(alignment_check_is_reflected, setup),
    cmocka_unit_test_setup(debug_exception_is_reflected, setup),
    cmocka_unit_test_setup(owned_bits_of_cr0, setup),
    cmocka_unit_test_setup(owned_bits_of_cr4, setup),
    cmocka_unit_test_setup(refused_by_guest_state, setup),
    cmocka_unit_test_setup(refused_otherwise, setup),
    cmocka_unit_test_setup(poke, setup),
    cmocka_unit_test_setup(invlpg_flushes, setup),
    cmocka_unit_test_setup(reattach_resets, setup),
    cmocka_unit_test_setup(without_xsave, setup_arrandale),
};

TEST_MAIN(tests)
