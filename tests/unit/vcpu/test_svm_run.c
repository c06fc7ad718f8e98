/* SPDX-License-Identifier: BSD-2-Clause */
/* The SVM back end on the model: enabling, entries and exits, events, NMIs, ASIDs, state. */

#include "model_svm.h"
#include "test.h"

#include <nacelle/check.h>
#include <vcpu_host.h>
#include <x86/control.h>
#include <x86/msr.h>
#include <x86/svm_exit.h>

#include "svm/maps.h"
#include "svm/svm.h"

static struct vm *vm;
static struct vcpu *vcpu;
static struct nacelle_vcpu_state *page;
static uint32_t seen; /* event that the last entry injected */

static int start(bool qemu)
{
    model_reset("ryzen");
    if (qemu)
        model_svm_qemu();
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
    return start(false);
}

static int setup_qemu(void **state)
{
    (void)state;
    return start(true);
}

static struct svm_vmcb *vmcb(void)
{
    return svm_vmcb_of(vcpu);
}

static void guest_cpuid(struct vcpu *v, uint32_t event)
{
    seen = event;
    model_svm_exit(v, SVM_EXIT_CPUID, 0, 0);
}

static void run_cpuid(void)
{
    seen = 0;
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_CPUID);
}

/* --- Enabling --- */

static enum nacelle_error enable(struct vcpu_enable_failure *failure)
{
    static const struct vcpu_host_context host = {.xcr0 = 3};

    return vcpu_cpu_enable(&model_cpu->engine, model_pages(1, 1), &host, failure);
}

static void enabling(void **state)
{
    struct vcpu_enable_failure failure = {"", ""};

    (void)state;
    model_reset("ryzen");
    assert_int_equal(enable(&failure), NACELLE_ERROR_OK);
    assert_int_equal(vcpu_vendor(), NACELLE_VENDOR_SVM);
    assert_true((model_msr(X86_MSR_EFER) & X86_EFER_SVME) != 0);
    assert_true(model_msr(X86_MSR_AMD_VM_HSAVE_PA) != 0);
    assert_int_equal(model_cpu->engine.xcr0_supported, 7);
    assert_int_equal(svm_cpu_of(&model_cpu->engine)->asids, 32768);
    /* Ryzen lacks these; VMXE is nobody's. */
    assert_int_equal(model_cpu->engine.cr4_allowed &
                         (X86_CR4_PCIDE | X86_CR4_PKE | X86_CR4_UMIP | X86_CR4_VMXE),
                     0);
    assert_true((model_cpu->engine.cr4_allowed & X86_CR4_SMAP) != 0);
    vcpu_cpu_disable(&model_cpu->engine);
    assert_int_equal(model_msr(X86_MSR_AMD_VM_HSAVE_PA), 0);
    assert_int_equal(model_msr(X86_MSR_EFER) & X86_EFER_SVME, 0);
}

static void missing(void **state)
{
    struct vcpu_enable_failure failure = {"", ""};

    (void)state;
    model_reset("ryzen");
    model_leaf(0x80000001, 0)->ecx &= ~4u;
    assert_int_equal(enable(&failure), NACELLE_ERROR_UNSUPPORTED);
    assert_string_equal(failure.what, "VMX or SVM");
    model_reset("ryzen");
    model_leaf(0x8000000a, 0)->edx &= ~1u;
    assert_int_equal(enable(&failure), NACELLE_ERROR_UNSUPPORTED);
    assert_string_equal(failure.what, "nested paging");
    assert_string_equal(failure.where, "CPUID.8000000AH:EDX.0");
    model_reset("ryzen");
    model_leaf(0x8000000a, 0)->ebx = 1;
    assert_int_equal(enable(&failure), NACELLE_ERROR_UNSUPPORTED);
    assert_string_equal(failure.where, "CPUID.8000000AH:EBX");
    model_reset("ryzen");
    model_set_msr(X86_MSR_AMD_VM_CR, X86_VM_CR_SVMDIS | X86_VM_CR_LOCK);
    assert_int_equal(enable(&failure), NACELLE_ERROR_UNSUPPORTED);
    assert_string_equal(failure.where, "VM_CR");
    assert_int_equal(model_msr(X86_MSR_EFER) & X86_EFER_SVME, 0);
    model_set_msr(X86_MSR_AMD_VM_CR, X86_VM_CR_SVMDIS); /* not locked: we may */
    assert_int_equal(enable(&failure), NACELLE_ERROR_OK);
    assert_int_equal(model_msr(X86_MSR_AMD_VM_CR), 0);
    model_reset("ryzen");
    model_remove_msr(X86_MSR_AMD_VM_CR); /* Bochs 2.7 */
    assert_int_equal(enable(&failure), NACELLE_ERROR_OK);
}

/* --- The round trip --- */

static void round_trip(void **state)
{
    (void)state;
    assert_int_equal(vmcb()->save.rip, 0xfff0);
    assert_int_equal(vmcb()->save.cs.base, 0xffff0000);
    assert_int_equal(vmcb()->control.nested_cr3, vm->root);
    run_cpuid();
    assert_int_equal(page->rip, 0xfff0);
    assert_int_equal(page->exit.instruction_length, 2);
    assert_int_equal(page->valid, NACELLE_GROUP_IP);
    model_counts = (struct model_counts){0};
    assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
    assert_int_equal(vmcb()->save.rip, 0xfff2);
    run_cpuid();
    /* Nothing is switched, nothing flushed. */
    assert_int_equal(model_counts.rdmsr + model_counts.wrmsr + model_counts.xsetbv +
                         model_counts.svm_flushes,
                     0);
}

static void guest_intr(struct vcpu *v, uint32_t event)
{
    seen = event;
    model_svm_exit(v, SVM_EXIT_INTR, 0, 0);
}

static void guest_nmi(struct vcpu *v, uint32_t event)
{
    seen = event;
    model_svm_exit(v, SVM_EXIT_NMI, 0, 0);
}

static void guest_mc(struct vcpu *v, uint32_t event)
{
    (void)event;
    model_svm_exit(v, SVM_EXIT_EXCEPTION + 18, 0, 0);
}

static void host_events(void **state)
{
    uint32_t vector = 0;

    (void)state;
    assert_int_equal(model_run(vcpu, guest_intr, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(model_counts.host_interrupts, 1);
    assert_int_equal(model_run(vcpu, guest_nmi, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(model_counts.host_interrupts, 1);
    assert_int_equal(model_run(vcpu, guest_mc, &vector), VCPU_HOST_INTERRUPT);
    assert_int_equal(vector, 18);
}

/* Bochs 2.7 alone, which has no VM_CR, has to be guarded from the guest's single-step traps. */
static void guarded(void **state)
{
    (void)state;
    run_cpuid();
    assert_int_equal(model_counts.guarded, 0);
    model_reset("ryzen");
    for (unsigned i = MODEL_CPUS; i-- > 0;) {
        model_switch_cpu(i);
        model_remove_msr(X86_MSR_AMD_VM_CR);
    }
    model_enable();
    vm = model_vm();
    vcpu = model_vcpu(vm);
    page = vcpu_state(vcpu);
    run_cpuid();
    assert_int_equal(model_counts.guarded, 1);
}

static void refused(void **state)
{
    (void)state;
    /* Found out before the entry. */
    vcpu_fetch(vcpu, NACELLE_GROUPS_ALL & ~NACELLE_GROUP_FPU);
    page->cr0 = 0x80000031; /* long mode without PAE */
    page->efer = X86_EFER_LME;
    page->cr4 = X86_CR4_PAE;
    page->segments[NACELLE_CS].rights = 0xe09b; /* L and D */
    page->dirty = NACELLE_GROUP_CONTROL | NACELLE_GROUP_SEGMENTS;
    assert_true(vcpu_resume(vcpu, 0));
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_ENTRY_REFUSED);
    assert_int_equal(page->exit.number, NACELLE_CHECK_CS_DB);
    assert_int_equal(page->exit.detail, NACELLE_GROUP_SEGMENTS);
    /* Until it is put right. */
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_ENTRY_REFUSED);
    page->segments[NACELLE_CS].rights = 0xa09b;
    page->dirty = NACELLE_GROUP_SEGMENTS;
    assert_true(vcpu_resume(vcpu, 0));
    assert_true((vmcb()->save.efer & X86_EFER_LMA) != 0);
    run_cpuid();
    /* By the processor, for a reason that the engine does not know; the event stays pending. */
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_NMI | 2, 0, 0), NACELLE_ERROR_OK);
    model_svm_refuses = true;
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_ENTRY_REFUSED);
    assert_int_equal(page->exit.number, NACELLE_CHECK_UNKNOWN);
    assert_int_equal(page->exit.raw_reason, ~UINT64_C(0));
    model_counts = (struct model_counts){0};
    run_cpuid();
    assert_int_equal(seen, NACELLE_EVENT_VALID | NACELLE_EVENT_NMI | 2);
    assert_int_equal(model_counts.svm_flushes, 1);
}

/* --- Events --- */

static void set_flags(uint64_t rflags)
{
    vcpu_fetch(vcpu, NACELLE_GROUP_IP);
    page->rflags = rflags | 2;
    page->dirty |= NACELLE_GROUP_IP;
    assert_true(vcpu_resume(vcpu, 0));
}

static void guest_window(struct vcpu *v, uint32_t event)
{
    seen = event;
    assert_true((vmcb()->control.v_interrupt & SVM_V_IRQ) != 0);
    assert_true((vmcb()->control.intercept & SVM_INTERCEPT_VINTR) != 0);
    vmcb()->save.rflags |= X86_RFLAGS_IF;
    model_svm_exit(v, SVM_EXIT_VINTR, 0, 0);
}

static void interrupts(void **state)
{
    (void)state;
    /* IF = 0: a window is opened, the interrupt injected when it opens. */
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_INTERRUPT | 0x30, 0, 0), NACELLE_ERROR_OK);
    assert_int_equal(model_run(vcpu, guest_window, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(seen, 0);
    run_cpuid();
    assert_int_equal(seen, NACELLE_EVENT_VALID | 0x30);
    assert_int_equal(vmcb()->control.v_interrupt & SVM_V_IRQ, 0);
    assert_int_equal(vmcb()->control.intercept & SVM_INTERCEPT_VINTR, 0);
    run_cpuid();
    assert_int_equal(seen, 0);
    /* The shadow holds it back too. */
    vmcb()->control.interrupt_shadow = SVM_INTERRUPT_SHADOW;
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_INTERRUPT | 0x31, 0, 0), NACELLE_ERROR_OK);
    run_cpuid();
    assert_int_equal(seen, 0);
    assert_true((vmcb()->control.v_interrupt & SVM_V_IRQ) != 0);
    vmcb()->control.interrupt_shadow = 0;
    run_cpuid();
    assert_int_equal(seen, NACELLE_EVENT_VALID | 0x31);
    /* A window that the client asked for. */
    vcpu_fetch(vcpu, NACELLE_GROUP_EVENTS);
    page->windows = NACELLE_WINDOW_INTERRUPT;
    page->dirty = NACELLE_GROUP_EVENTS;
    assert_true(vcpu_resume(vcpu, 0));
    assert_int_equal(model_run(vcpu, guest_window, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_INTERRUPT_WINDOW);
}

static void guest_interrupted(struct vcpu *v, uint32_t event)
{
    seen = event;
    model_svm_exit(v, SVM_EXIT_NESTED_PAGE_FAULT, UINT64_C(1) << 32, 0x9000);
    vmcb()->control.exit_int_info = event != 0 ? event : 0x80000b0e;
    vmcb()->control.exit_int_error = 0x2;
}

static void guest_intr_instead(struct vcpu *v, uint32_t event)
{
    model_svm_exit(v, SVM_EXIT_INTR, 0, 0);
    vmcb()->control.exit_int_info = event;
}

/* An interrupt of the host's that comes before the delivery of the injected one: not lost. */
static void repeated_after_the_hosts(void **state)
{
    (void)state;
    set_flags(X86_RFLAGS_IF);
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_INTERRUPT | 0x40, 0, 0), NACELLE_ERROR_OK);
    assert_int_equal(model_run(vcpu, guest_intr_instead, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(model_counts.host_interrupts, 1);
    run_cpuid();
    assert_int_equal(seen, NACELLE_EVENT_VALID | 0x40);
}

/* --- An emulator that repeats interrupts: they are virtual ones, which it takes once --- */

static void guest_intr_before_virtual(struct vcpu *v, uint32_t event)
{
    seen = event;
    assert_int_equal(vmcb()->control.event_injection, 0);
    vmcb()->control.v_interrupt |= SVM_V_IRQ;
    model_svm_exit(v, SVM_EXIT_INTR, 0, 0);
}

/* As QEMU has it: V_IRQ stands while the delivery is interrupted, which is said to be that of an
 * exception. */
static void guest_virtual_interrupted(struct vcpu *v, uint32_t event)
{
    seen = event;
    vmcb()->control.v_interrupt |= SVM_V_IRQ;
    model_svm_exit(v, SVM_EXIT_NESTED_PAGE_FAULT, UINT64_C(1) << 32, 0x9000);
    vmcb()->control.exit_int_info = NACELLE_EVENT_VALID | NACELLE_EVENT_EXCEPTION | 0x41;
}

static void virtual_interrupts(void **state)
{
    (void)state;
    svm_cpu_of(&model_cpu->engine)->repeats_interrupts = true;
    vmcb()->save.cr0 |= X86_CR0_PE;
    set_flags(X86_RFLAGS_IF);
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_INTERRUPT | 0x40, 0, 0), NACELLE_ERROR_OK);
    assert_int_equal(model_run(vcpu, guest_intr_before_virtual, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(seen, NACELLE_EVENT_VALID | 0x40);
    run_cpuid();
    assert_int_equal(seen, NACELLE_EVENT_VALID | 0x40);
    assert_int_equal(page->exit.flags & NACELLE_EXIT_EVENT_PENDING, 0);
    run_cpuid();
    assert_int_equal(seen, 0);
    /* interrupted in its delivery: once more, and no more */
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_INTERRUPT | 0x41, 0, 0), NACELLE_ERROR_OK);
    assert_int_equal(model_run(vcpu, guest_virtual_interrupted, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.vectoring, NACELLE_EVENT_VALID | 0x41);
    assert_true((page->exit.flags & NACELLE_EXIT_EVENT_PENDING) != 0);
    run_cpuid();
    assert_int_equal(seen, NACELLE_EVENT_VALID | 0x41);
    run_cpuid();
    assert_int_equal(seen, 0);
}

static void repeated(void **state)
{
    (void)state;
    vmcb()->save.cr0 |= X86_CR0_PE;
    set_flags(X86_RFLAGS_IF);
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_INTERRUPT | 0x40, 0, 0), NACELLE_ERROR_OK);
    assert_int_equal(model_run(vcpu, guest_interrupted, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_MEMORY);
    assert_int_equal(page->exit.vectoring, NACELLE_EVENT_VALID | 0x40);
    assert_true((page->exit.flags & NACELLE_EXIT_EVENT_PENDING) != 0);
    run_cpuid();
    assert_int_equal(seen, NACELLE_EVENT_VALID | 0x40);
    run_cpuid();
    assert_int_equal(seen, 0);
    /* The guest's own #PF. */
    assert_int_equal(model_run(vcpu, guest_interrupted, NULL), VCPU_SEND_EXIT);
    run_cpuid();
    assert_int_equal(seen, 0x80000b0e);
    assert_int_equal(vmcb()->control.event_error, 2);
}

static uint64_t rip_inside;

static void guest_soft_interrupted(struct vcpu *v, uint32_t event)
{
    guest_interrupted(v, event);
    rip_inside = vmcb()->save.rip;
}

static void soft_events(void **state)
{
    (void)state;
    vmcb()->save.rip = 0x100;
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_SOFTWARE_INTERRUPT | 0x21, 0, 2),
                     NACELLE_ERROR_OK);
    assert_int_equal(model_run(vcpu, guest_soft_interrupted, NULL), VCPU_SEND_EXIT);
    /* The guest gets the address after the instruction; the client sees that of it. */
    assert_int_equal(rip_inside, 0x102);
    assert_int_equal(page->rip, 0x100);
    assert_int_equal(seen, 0x80000421);
    assert_int_equal(model_run(vcpu, guest_soft_interrupted, NULL), VCPU_SEND_EXIT);
    assert_int_equal(seen, 0x80000421);
    assert_int_equal(rip_inside, 0x102);
    run_cpuid();
    assert_int_equal(vmcb()->save.rip, 0x102);
    assert_int_equal(vmcb()->control.next_rip, 0x104);
    /* INT3 is an exception for EVENTINJ. */
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_SOFTWARE_EXCEPTION | 3, 0, 1),
                     NACELLE_ERROR_OK);
    run_cpuid();
    assert_int_equal(seen, 0x80000303);
    assert_int_equal(vmcb()->save.rip, 0x103);
    run_cpuid();
    assert_int_equal(seen, 0);
}

static void guest_own_int(struct vcpu *v, uint32_t event)
{
    seen = event;
    model_svm_exit(v, SVM_EXIT_NESTED_PAGE_FAULT, 0, 0x9000);
    vmcb()->control.exit_int_info = 0x80000480;
}

static void own_soft_event(void **state)
{
    (void)state;
    /* INT 80h of the guest: executed again, not injected. */
    assert_int_equal(model_run(vcpu, guest_own_int, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.vectoring, 0x80000480);
    run_cpuid();
    assert_int_equal(seen, 0);
}

static void guest_ac(struct vcpu *v, uint32_t event)
{
    seen = event;
    model_svm_exit(v, SVM_EXIT_EXCEPTION + 17, 0, 0);
}

static void guest_df(struct vcpu *v, uint32_t event)
{
    seen = event;
    model_svm_exit(v, SVM_EXIT_EXCEPTION + 8, 0, 0);
}

static void guest_ts(struct vcpu *v, uint32_t event)
{
    seen = event;
    assert_true((vmcb()->control.intercept_exceptions & 1u << 10) != 0);
    model_svm_exit(v, SVM_EXIT_EXCEPTION + 10, 0x10, 0);
    vmcb()->control.exit_int_info = event;
}

static void exceptions(void **state)
{
    (void)state;
    vmcb()->save.cr0 |= X86_CR0_PE;
    assert_int_equal(model_run(vcpu, guest_ac, NULL), VCPU_ENTER_AGAIN);
    run_cpuid();
    assert_int_equal(seen, 0x80000b11);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_EXCEPTIONS, 1u << 17),
                     NACELLE_ERROR_OK);
    assert_int_equal(model_run(vcpu, guest_ac, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.number, 17);
    /* A triple fault is the engine's to find. */
    assert_int_equal(model_run(vcpu, guest_df, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(model_run(vcpu, guest_ts, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(seen, 0x80000b08);
    assert_int_equal(vmcb()->control.intercept_exceptions & 1u << 10, 0);
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_SHUTDOWN);
    run_cpuid();
    assert_int_equal(seen, 0);
}

/* --- NMIs --- */

static void guest_iret(struct vcpu *v, uint32_t event)
{
    seen = event;
    assert_true((vmcb()->control.intercept & SVM_INTERCEPT_IRET) != 0);
    model_svm_exit(v, SVM_EXIT_IRET, 0, 0);
}

static void guest_after_iret(struct vcpu *v, uint32_t event)
{
    seen = event;
    assert_int_equal(vmcb()->control.intercept & SVM_INTERCEPT_IRET, 0);
    assert_true((vmcb()->save.rflags & X86_RFLAGS_TF) != 0);
    vmcb()->save.rip = 0x4000;
    vmcb()->save.rflags = X86_RFLAGS_FIXED | X86_RFLAGS_IF;
    vmcb()->save.dr6 |= X86_DR6_BS;
    model_svm_exit(v, SVM_EXIT_EXCEPTION + 1, 0, 0);
}

static void guest_before_iret(struct vcpu *v, uint32_t event)
{
    seen = event;
    model_svm_exit(v, SVM_EXIT_INTR, 0, 0);
}

static void nmis(void **state)
{
    const uint32_t nmi = NACELLE_EVENT_VALID | NACELLE_EVENT_NMI | 2;

    (void)state;
    vmcb()->save.rip = 0x2000;
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_NMI | 2, 0, 0), NACELLE_ERROR_OK);
    run_cpuid();
    assert_int_equal(seen, nmi);
    vcpu_fetch(vcpu, NACELLE_GROUP_EVENTS);
    assert_int_equal(page->blocking, NACELLE_BLOCKING_NMI);
    /* A second one waits for IRET, and for its end. */
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_NMI | 2, 0, 0), NACELLE_ERROR_OK);
    run_cpuid();
    assert_int_equal(seen, 0);
    assert_int_equal(model_run(vcpu, guest_iret, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(seen, 0);
    /* Interrupted before it is executed: intercepted again. */
    assert_int_equal(model_run(vcpu, guest_before_iret, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(vmcb()->save.rflags & X86_RFLAGS_TF, 0);
    assert_int_equal(model_run(vcpu, guest_iret, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(model_run(vcpu, guest_after_iret, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(seen, 0);
    assert_int_equal(vmcb()->save.dr6 & X86_DR6_BS, 0);
    run_cpuid();
    assert_int_equal(seen, nmi);
    run_cpuid();
    assert_int_equal(seen, 0);
}

static void nmi_window(void **state)
{
    (void)state;
    vcpu_fetch(vcpu, NACELLE_GROUP_EVENTS);
    page->windows = NACELLE_WINDOW_NMI;
    page->dirty = NACELLE_GROUP_EVENTS;
    assert_true(vcpu_resume(vcpu, 0));
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_NMI_WINDOW);
    run_cpuid();
}

/* --- ASIDs and memory --- */

static void asids(void **state)
{
    struct vcpu *many[40];

    (void)state;
    for (unsigned i = 0; i < COUNT(many); i++)
        many[i] = model_vcpu(vm);
    /* The model fails when one is entered with what another left. */
    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < COUNT(many); i++) {
            vcpu = many[(i * 7 + round) % COUNT(many)];
            page = vcpu_state(vcpu);
            run_cpuid();
            vcpu_fpu_save(vcpu);
        }
    }
    if (svm_cpu_of(&model_cpu->engine)->asids == 16)
        assert_true(model_counts.svm_flushes > 100);
    /* One that runs alone keeps its own. */
    model_counts.svm_flushes = 0;
    run_cpuid();
    run_cpuid();
    assert_int_equal(model_counts.svm_flushes, 0);
}

static void unmapping(void **state)
{
    (void)state;
    assert_int_equal(vm_map(vm, 0x1000, 0x80000, 12, NACELLE_RIGHT_READ, 0), NACELLE_ERROR_OK);
    run_cpuid();
    model_counts.svm_flushes = 0;
    run_cpuid();
    assert_int_equal(model_counts.svm_flushes, 0);
    assert_int_equal(vm_unmap(vm, 0x1000, 12), NACELLE_ERROR_OK);
    run_cpuid();
    assert_int_equal(model_counts.svm_flushes, 1);
    run_cpuid();
    assert_int_equal(model_counts.svm_flushes, 1);
}

static void guest_write_fault(struct vcpu *v, uint32_t event)
{
    (void)event;
    model_svm_exit(v, SVM_EXIT_NESTED_PAGE_FAULT, UINT64_C(1) << 32 | 7, 0x1234);
}

static void nested_tables(void **state)
{
    const uint64_t *root = vcpu_host_virtual(vm->root);
    const uint64_t *entry = root;

    (void)state;
    assert_int_equal(vm_map(vm, 0x1000, 0x80000, 12, NACELLE_RIGHT_READ, NACELLE_MAP_UNCACHED),
                     NACELLE_ERROR_OK);
    for (unsigned level = 0; level < 3; level++) {
        /* Present, write, user, accessed; our own mark, and that one entry is used. */
        assert_int_equal(entry[0] & 0xfff, 0x827);
        assert_int_equal(entry[0] >> 52, 1);
        entry = vcpu_host_virtual(entry[0] & UINT64_C(0xffffffffff000));
    }
    /* Present, user, uncached, accessed, dirty; no write, no execute. */
    assert_int_equal(entry[1], UINT64_C(1) << 63 | 0x80000 | 0x7d);
    assert_int_equal(vm_map(vm, 0x40000000, 0xc0000000, 30,
                            NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE | NACELLE_RIGHT_EXECUTE, 0),
                     NACELLE_ERROR_OK);
    entry = vcpu_host_virtual(root[0] & UINT64_C(0xffffffffff000));
    assert_int_equal(entry[1], 0xc0000000 | 0xe7);
    assert_int_equal(model_run(vcpu, guest_write_fault, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.detail, NACELLE_RIGHT_READ);
    assert_int_equal(page->exit.gpa, 0x1234);
}

static void permissions(void **state)
{
    (void)state;
    assert_true(svm_io_map_exits(vm->io_bitmap, 0));
    assert_true(svm_io_map_exits(vm->io_bitmap, 0xffff));
    vm_open_ports(vm, 0x3f8, 0x3ff);
    assert_false(svm_io_map_exits(vm->io_bitmap, 0x3f8));
    assert_true(svm_io_map_exits(vm->io_bitmap, 0x3f7));
    assert_true(svm_io_map_exits(vm->io_bitmap, 0x400));
    vm_close_ports(vm, 0x3f8, 0x3ff);
    assert_true(svm_io_map_exits(vm->io_bitmap, 0x3f8));
    assert_int_equal(vm_open_msr(vm, X86_MSR_LSTAR, NACELLE_RIGHT_READ), NACELLE_ERROR_OK);
    assert_false(svm_msr_map_exits(vm->msr_bitmap, X86_MSR_LSTAR, false));
    assert_true(svm_msr_map_exits(vm->msr_bitmap, X86_MSR_LSTAR, true));
    assert_int_equal(vm_open_msr(vm, X86_MSR_AMD_VM_CR, NACELLE_RIGHT_READ),
                     NACELLE_ERROR_MSR_NOT_OPENABLE);
    assert_int_equal(vm_open_msr(vm, 0xc0002000, NACELLE_RIGHT_READ), NACELLE_ERROR_OUT_OF_RANGE);
}

static void guest_rdmsr(struct vcpu *v, uint32_t event)
{
    (void)event;
    model_svm_exit(v, SVM_EXIT_MSR, 0, 0);
}

static void efer(void **state)
{
    (void)state;
    page->general[1] = X86_MSR_EFER;
    assert_int_equal(model_run(vcpu, guest_rdmsr, NULL), VCPU_SEND_EXIT);
    assert_int_equal(vm_open_msr(vm, X86_MSR_EFER, NACELLE_RIGHT_READ), NACELLE_ERROR_OK);
    vmcb()->save.efer |= X86_EFER_NXE;
    vmcb()->save.rip = 0x500;
    page->general[0] = ~UINT64_C(0);
    page->general[2] = ~UINT64_C(0);
    assert_int_equal(model_run(vcpu, guest_rdmsr, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(page->general[0], X86_EFER_NXE); /* without SVME */
    assert_int_equal(page->general[2], 0);
    assert_int_equal(vmcb()->save.rip, 0x502);
}

/* --- EFER.LME kept back while there is no paging --- */

static const uint64_t lme = X86_EFER_LME;

static void store_lme(uint64_t cr0, uint64_t cr4)
{
    vcpu_fetch(vcpu, NACELLE_GROUP_CONTROL);
    page->cr0 = cr0;
    page->cr4 = cr4;
    page->efer = lme;
    page->dirty = NACELLE_GROUP_CONTROL;
    assert_true(vcpu_resume(vcpu, 0));
}

static uint64_t efer_seen(void)
{
    vcpu_fetch(vcpu, NACELLE_GROUP_CONTROL);
    return page->efer;
}

static bool cr0_exits(void)
{
    return (vmcb()->control.intercept & SVM_INTERCEPT_CR0_SELECTED) != 0;
}

static bool cr4_exits(void)
{
    return (vmcb()->control.intercept_cr_write & 1u << 4) != 0;
}

static void guest_writes_cr0(struct vcpu *v, uint32_t event)
{
    seen = event;
    model_svm_exit(v, SVM_EXIT_CR0_SELECTED_WRITE, 0, 0);
}

static bool stepped_with_lme;

static void step(struct vcpu *v)
{
    stepped_with_lme = (vmcb()->save.efer & lme) != 0;
    assert_false(cr0_exits());
    assert_true(cr4_exits());
    assert_true((vmcb()->save.rflags & X86_RFLAGS_TF) != 0);
    vmcb()->save.dr6 |= X86_DR6_BS;
    model_svm_exit(v, SVM_EXIT_EXCEPTION + 1, 0, 0);
}

static void guest_sets_pg(struct vcpu *v, uint32_t event)
{
    (void)event;
    vmcb()->save.cr0 |= X86_CR0_PG;
    if ((vmcb()->save.efer & lme) != 0)
        vmcb()->save.efer |= X86_EFER_LMA;
    step(v);
}

static void guest_clears_pg(struct vcpu *v, uint32_t event)
{
    (void)event;
    vmcb()->save.cr0 &= ~X86_CR0_PG;
    vmcb()->save.efer &= ~X86_EFER_LMA;
    step(v);
}

static void guest_writes_cr4(struct vcpu *v, uint32_t event)
{
    (void)event;
    model_svm_exit(v, SVM_EXIT_CR_WRITE + 4, 0, 0);
}

static void kept_lme(void **state)
{
    (void)state;
    assert_false(cr0_exits());
    store_lme(X86_CR0_PE, 0);
    assert_int_equal(vmcb()->save.efer, X86_EFER_SVME);
    assert_true(cr0_exits());
    assert_int_equal(efer_seen(), lme);
    run_cpuid();
    vmcb()->save.cr4 |= X86_CR4_PAE;
    assert_int_equal(model_run(vcpu, guest_writes_cr0, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(model_run(vcpu, guest_sets_pg, NULL), VCPU_ENTER_AGAIN);
    assert_true(stepped_with_lme);
    assert_int_equal(efer_seen(), lme | X86_EFER_LMA);
    assert_true(cr0_exits());
    assert_false(cr4_exits());
    assert_int_equal(vmcb()->save.rflags & X86_RFLAGS_TF, 0);
    run_cpuid();
    assert_int_equal(vmcb()->save.efer, X86_EFER_SVME | lme | X86_EFER_LMA);
    /* and back */
    assert_int_equal(model_run(vcpu, guest_writes_cr0, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(model_run(vcpu, guest_clears_pg, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(vmcb()->save.efer, X86_EFER_SVME);
    assert_int_equal(efer_seen(), lme);
    assert_true(cr0_exits());
    /* Without LME nothing exits. */
    page->efer = 0;
    page->dirty = NACELLE_GROUP_CONTROL;
    assert_true(vcpu_resume(vcpu, 0));
    assert_false(cr0_exits());
}

/* The step does not come to an end: CR4 cannot change in it. */
static void kept_lme_disturbed(void **state)
{
    (void)state;
    store_lme(X86_CR0_PE, X86_CR4_PAE);
    assert_int_equal(model_run(vcpu, guest_writes_cr0, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(model_run(vcpu, guest_writes_cr4, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(vmcb()->save.efer, X86_EFER_SVME);
    assert_int_equal(vmcb()->save.rflags & X86_RFLAGS_TF, 0);
    assert_true(cr0_exits());
    assert_false(cr4_exits());
    /* An event goes first: its handler must not find TF. */
    assert_int_equal(model_run(vcpu, guest_writes_cr0, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_EXCEPTION | 6, 0, 0), NACELLE_ERROR_OK);
    run_cpuid();
    assert_int_equal(seen, 0x80000306);
    assert_int_equal(vmcb()->save.rflags & X86_RFLAGS_TF, 0);
    assert_true(cr0_exits());
    /* A client that owns bits of CR4 keeps its exits. */
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_CR4_MASK, 1), NACELLE_ERROR_OK);
    assert_int_equal(model_run(vcpu, guest_writes_cr4, NULL), VCPU_SEND_EXIT);
    assert_int_equal(model_run(vcpu, guest_writes_cr0, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(model_run(vcpu, guest_sets_pg, NULL), VCPU_ENTER_AGAIN);
    assert_true(cr4_exits());
}

/* PG without PAE does not lead into 32-bit paging. */
static void kept_lme_without_pae(void **state)
{
    (void)state;
    store_lme(X86_CR0_PE, 0);
    assert_int_equal(model_run(vcpu, guest_writes_cr0, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(model_run(vcpu, guest_sets_pg, NULL), VCPU_ENTER_AGAIN);
    assert_false(stepped_with_lme);
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_ENTRY_REFUSED);
    assert_int_equal(page->exit.number, NACELLE_CHECK_LONG_MODE_PAGING);
}

/* Everywhere else LME is where it belongs. */
static void lme_not_kept(void **state)
{
    (void)state;
    store_lme(X86_CR0_PE, 0);
    assert_int_equal(vmcb()->save.efer, X86_EFER_SVME | lme);
    assert_false(cr0_exits());
    assert_int_equal(efer_seen(), lme);
}

/* --- State and CPUs --- */

static void groups(void **state)
{
    (void)state;
    vcpu_fetch(vcpu, NACELLE_GROUPS_ALL);
    assert_int_equal(page->efer, 0);
    assert_int_equal(page->segments[NACELLE_TR].rights, 0x8b);
    assert_int_equal(page->segments[NACELLE_CS].rights, 0x9b);
    page->segments[NACELLE_SS] = (struct nacelle_segment){0x23, 0, 0xc0f3, 0, 0xffffffff, 0};
    page->segments[NACELLE_DS] = (struct nacelle_segment){0, 0, 0x10000, 0, 0, 0};
    page->lstar = 0xffffffff81000000;
    page->pat = 0x0007040600070400;
    page->dr[2] = 0x1234;
    page->dr7 = 0x401;
    page->blocking = NACELLE_BLOCKING_NMI | NACELLE_BLOCKING_MOV_SS;
    page->tsc_aux = 7;
    page->dirty = NACELLE_GROUPS_ALL;
    assert_true(vcpu_resume(vcpu, 0));
    assert_int_equal(vmcb()->save.cpl, 3);
    assert_int_equal(vmcb()->save.ss.attributes, 0xcf3);
    assert_int_equal(vmcb()->save.ds.attributes & 0x80, 0);
    assert_int_equal(vmcb()->control.interrupt_shadow, SVM_INTERRUPT_SHADOW);
    assert_int_equal(vmcb()->save.efer, X86_EFER_SVME);
    run_cpuid();
    assert_int_equal(model_cpu->dr[2], 0x1234);
    assert_int_equal(model_msr(X86_MSR_TSC_AUX), 7);
    vcpu_fetch(vcpu, NACELLE_GROUPS_ALL);
    assert_int_equal(page->segments[NACELLE_SS].rights, 0xc0f3);
    assert_int_equal(page->segments[NACELLE_DS].rights & 0x10000, 0x10000);
    assert_int_equal(page->lstar, 0xffffffff81000000);
    assert_int_equal(page->pat, 0x0007040600070400);
    assert_int_equal(page->dr[2], 0x1234);
    assert_int_equal(page->blocking, NACELLE_BLOCKING_NMI | NACELLE_BLOCKING_MOV_SS);
    /* Ryzen has virtual LBRs. */
    page->debugctl = X86_DEBUGCTL_BTF;
    page->dirty = NACELLE_GROUP_DEBUG;
    assert_true(vcpu_resume(vcpu, 0));
    assert_int_equal(vmcb()->control.virtual_extensions, SVM_VIRTUAL_LBR);
}

static void guest_hlt(struct vcpu *v, uint32_t event)
{
    seen = event;
    model_svm_exit(v, SVM_EXIT_HLT, 0, 0);
}

static void halting(void **state)
{
    (void)state;
    set_flags(X86_RFLAGS_IF);
    assert_int_equal(model_run(vcpu, guest_hlt, NULL), VCPU_SEND_EXIT);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_HLT, 0), NACELLE_ERROR_OK);
    vmcb()->save.rip = 0x100;
    assert_int_equal(model_run(vcpu, guest_hlt, NULL), VCPU_ENTER_AGAIN);
    /* The host's interrupts come and go; the guest sleeps on. */
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(model_counts.halts, 2);
    vcpu_fetch(vcpu, NACELLE_GROUP_EVENTS | NACELLE_GROUP_IP);
    assert_int_equal(page->activity, NACELLE_ACTIVITY_HLT);
    assert_true(page->rip > 0x100);
    page->windows = NACELLE_WINDOW_INTERRUPT;
    page->dirty = NACELLE_GROUP_EVENTS;
    assert_true(vcpu_resume(vcpu, 0));
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_INTERRUPT_WINDOW);
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_ENTER_AGAIN);
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_INTERRUPT | 0x50, 0, 0), NACELLE_ERROR_OK);
    run_cpuid();
    assert_int_equal(seen, NACELLE_EVENT_VALID | 0x50);
    vcpu_fetch(vcpu, NACELLE_GROUP_EVENTS);
    assert_int_equal(page->activity, NACELLE_ACTIVITY_ACTIVE);
}

static void stepping(void **state)
{
    (void)state;
    set_flags(X86_RFLAGS_TF);
    run_cpuid();
    assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
    run_cpuid();
    assert_int_equal(seen, 0x80000301);
    assert_true((vmcb()->save.dr6 & X86_DR6_BS) != 0);
    /* For a client that intercepts #DB. */
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_EXCEPTIONS, 2), NACELLE_ERROR_OK);
    assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_EXCEPTION);
    assert_int_equal(page->exit.number, 1);
    assert_int_equal(page->exit.value, X86_DR6_BS);
    run_cpuid();
    assert_int_equal(seen, 0);
}

static void controls(void **state)
{
    (void)state;
    assert_int_equal(vmcb()->control.intercept_dr_read, 0xff);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_DEBUG_REGISTERS, 0), NACELLE_ERROR_OK);
    assert_int_equal(vmcb()->control.intercept_dr_read | vmcb()->control.intercept_dr_write, 0);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_PAUSE, 1), NACELLE_ERROR_OK);
    assert_true((vmcb()->control.intercept & SVM_INTERCEPT_PAUSE) != 0);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_TSC, 1), NACELLE_ERROR_OK);
    assert_true((vmcb()->control.intercept2 & SVM_INTERCEPT2_RDTSCP) != 0);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_CR4_MASK, X86_CR4_PGE),
                     NACELLE_ERROR_OK);
    assert_int_equal(vmcb()->control.intercept_cr_write, 1u << 8 | 1u << 4);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_CR4_MASK, 0), NACELLE_ERROR_OK);
    assert_int_equal(vmcb()->control.intercept_cr_write, 1u << 8);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_SINGLE_STEP, 1),
                     NACELLE_ERROR_UNSUPPORTED);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_COUNT, 1),
                     NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_TSC_OFFSET, 77), NACELLE_ERROR_OK);
    assert_int_equal(vmcb()->control.tsc_offset, 77);
}

static void other_cpu(void **state)
{
    (void)state;
    run_cpuid();
    vcpu_unload(vcpu);
    assert_null(model_cpu->engine.fpu_owner);
    model_switch_cpu(1);
    run_cpuid(); /* the model checks whose host state and which ASIDs these are */
    vcpu_unload(vcpu);
    model_switch_cpu(0);
    run_cpuid();
}

#define TEST(name) cmocka_unit_test_setup(name, setup)
#define BOTH(name) cmocka_unit_test_setup(name, setup), cmocka_unit_test_setup(name, setup_qemu)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(enabling),
    cmocka_unit_test(missing),
    BOTH(round_trip),
    BOTH(host_events),
    TEST(guarded),
    BOTH(refused),
    BOTH(interrupts),
    BOTH(repeated),
    BOTH(repeated_after_the_hosts),
    BOTH(virtual_interrupts),
    TEST(soft_events),
    TEST(own_soft_event),
    BOTH(exceptions),
    BOTH(nmis),
    TEST(nmi_window),
    BOTH(asids),
    BOTH(unmapping),
    TEST(nested_tables),
    TEST(permissions),
    BOTH(efer),
    cmocka_unit_test_setup(kept_lme, setup_qemu),
    cmocka_unit_test_setup(kept_lme_disturbed, setup_qemu),
    cmocka_unit_test_setup(kept_lme_without_pae, setup_qemu),
    TEST(lme_not_kept),
    TEST(groups),
    TEST(stepping),
    TEST(halting),
    TEST(controls),
    BOTH(other_cpu),
};

TEST_MAIN(tests)
