/* SPDX-License-Identifier: BSD-2-Clause */
/* Several vCPUs on one CPU, one vCPU on several: hidden state, FPU, VPIDs, translations. */

#include "model.h"
#include "test.h"

#include <string.h>

#include <x86/control.h>
#include <x86/msr.h>
#include <x86/vmx_controls.h>
#include <x86/vmx_exit.h>
#include <x86/vmx_fields.h>

#include "internal.h"

static struct vm *vm;
static struct vcpu *one, *two;

static int setup(void **state)
{
    (void)state;
    model_reset("corei7_haswell_4770");
    model_enable();
    vm = model_vm();
    one = model_vcpu(vm);
    two = model_vcpu(model_vm());
    return 0;
}

static void guest_hlt(struct vcpu *v, uint32_t event)
{
    (void)event;
    model_exit(v, VMX_EXIT_REASON_HLT);
}

static void run(struct vcpu *vcpu)
{
    assert_int_equal(model_run(vcpu, guest_hlt, NULL), VCPU_SEND_EXIT);
}

static void store(struct vcpu *vcpu, uint32_t groups)
{
    struct vcpu_refusal refusal;

    assert_int_equal(vcpu_store(vcpu, groups, &refusal), NACELLE_ERROR_OK);
}

/* Contents that differ by vCPU. */
static void fill(struct vcpu *vcpu, uint64_t n)
{
    struct nacelle_vcpu_state *page = vcpu_state(vcpu);

    vcpu_fetch(vcpu, NACELLE_GROUPS_ALL);
    page->star = 0x100 * n;
    page->lstar = 0x200 * n;
    page->cstar = 0x300 * n;
    page->fmask = 0x400 * n;
    page->kernel_gs_base = 0x500 * n;
    page->tsc_aux = 0x600 * n;
    page->xcr0 = n % 2 == 0 ? 7 : 3;
    page->cr2 = 0x700 * n;
    for (unsigned i = 0; i < 4; i++)
        page->dr[i] = 0x800 * n + i;
    page->fpu[40] = (uint8_t)n;
    page->fpu[700] = (uint8_t)(n + 100);
    page->fpu[512] = 7;
    store(vcpu, NACELLE_GROUPS_ALL);
}

static void loaded(uint64_t n)
{
    assert_int_equal(model_msr(X86_MSR_STAR), 0x100 * n);
    assert_int_equal(model_msr(X86_MSR_LSTAR), 0x200 * n);
    assert_int_equal(model_msr(X86_MSR_CSTAR), 0x300 * n);
    assert_int_equal(model_msr(X86_MSR_FMASK), 0x400 * n);
    assert_int_equal(model_msr(X86_MSR_KERNEL_GS_BASE), 0x500 * n);
    assert_int_equal(model_msr(X86_MSR_TSC_AUX), 0x600 * n);
    assert_int_equal(model_cpu->xcr0, n % 2 == 0 ? 7 : 3);
    assert_int_equal(model_cpu->cr2, 0x700 * n);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(model_cpu->dr[i], 0x800 * n + i);
    assert_int_equal(model_cpu->fpu[40], n);
    assert_int_equal(model_cpu->fpu[700], n + 100);
}

static void guest_check_one(struct vcpu *v, uint32_t event)
{
    loaded(1);
    guest_hlt(v, event);
}

static void guest_check_two(struct vcpu *v, uint32_t event)
{
    loaded(2);
    guest_hlt(v, event);
}

static void two_vcpus_preempt_each_other(void **state)
{
    (void)state;
    fill(one, 1);
    fill(two, 2);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(model_run(one, guest_check_one, NULL), VCPU_SEND_EXIT);
        if (i % 3 == 0)
            vcpu_fpu_save(one);
        if (i % 5 == 0)
            model_cpu->cr2 = 0xbad; /* a page fault of the host */
        assert_int_equal(model_run(two, guest_check_two, NULL), VCPU_SEND_EXIT);
        if (i % 7 == 0)
            vcpu_unload(two);
    }
}

/* What is the same in both is not written again, and the host's state is not loaded between. */
static void a_switch_costs_what_differs(void **state)
{
    (void)state;
    fill(one, 1);
    fill(two, 1);
    run(one);
    model_counts = (struct model_counts){0};
    assert_int_equal(model_run(two, guest_check_one, NULL), VCPU_SEND_EXIT);
    assert_int_equal(model_counts.rdmsr, 1); /* KERNEL_GS_BASE */
    assert_int_equal(model_counts.wrmsr, 0);
    assert_int_equal(model_counts.xsave, 1);
    assert_int_equal(model_counts.xrstor, 1);
    assert_int_equal(model_counts.xsetbv, 2);

    fill(one, 2); /* XCR0 too */
    vcpu_state(two)->xcr0 = 7;
    store(two, NACELLE_GROUP_CONTROL);
    run(one);
    model_counts = (struct model_counts){0};
    run(two);
    assert_int_equal(model_counts.wrmsr, 6);
    assert_int_equal(model_counts.xsetbv, 0); /* all that the processor has, in both */
}

/* Of MSRs and debug registers only what differs is written, TSC_AUX also after the host's. */
static void what_is_the_same_stays(void **state)
{
    struct nacelle_vcpu_state *page = vcpu_state(two);

    (void)state;
    fill(one, 1);
    fill(two, 1);
    page->dr[2] = 0x1234;
    page->lstar = 0x5000;
    store(two, NACELLE_GROUPS_ALL);
    run(one);
    model_counts = (struct model_counts){0};
    run(two);
    assert_int_equal(model_counts.wrmsr, 1);
    assert_int_equal(model_msr(X86_MSR_LSTAR), 0x5000);
    assert_int_equal(model_cpu->dr[1], 0x801);
    assert_int_equal(model_cpu->dr[2], 0x1234);
    assert_int_equal(model_cpu->dr[3], 0x803);

    page->tsc_aux = 0;
    store(two, NACELLE_GROUP_SYSTEM_CALL);
    vcpu_fpu_save(two);
    assert_int_equal(model_msr(X86_MSR_TSC_AUX), 0);
    model_counts = (struct model_counts){0};
    run(two);
    assert_int_equal(model_counts.wrmsr, 0);
}

/* What a client can see after vcpu_fpu_save is the host's. */
static void nothing_visible_is_left(void **state)
{
    (void)state;
    fill(two, 2);
    run(two);
    assert_ptr_equal(model_cpu->engine.fpu_owner, two);
    assert_true((model_cpu->cr0 & X86_CR0_TS) != 0);
    vcpu_fpu_save(two);
    assert_int_equal(model_cpu->xcr0, 3);
    assert_int_equal(model_msr(X86_MSR_TSC_AUX), 0);
    assert_ptr_equal(model_cpu->engine.fpu_owner, NULL);
    assert_true((model_cpu->cr0 & X86_CR0_TS) != 0);
    vcpu_fpu_save(two); /* no harm */
    vcpu_fpu_save(one);
}

/* MSRs that the guest changes itself, by permission or by SWAPGS. */
static void guest_writes_msrs(struct vcpu *v, uint32_t event)
{
    model_set_msr(X86_MSR_LSTAR, 0xabc000);
    model_set_msr(X86_MSR_KERNEL_GS_BASE, 0xdef000);
    model_set_msr(X86_MSR_TSC_AUX, 0x77);
    guest_hlt(v, event);
}

static void what_the_guest_wrote_is_kept(void **state)
{
    const unsigned both = NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE;
    struct nacelle_vcpu_state *page = vcpu_state(one);

    (void)state;
    vm_open_msr(vm, X86_MSR_LSTAR, both);
    vm_open_msr(vm, X86_MSR_TSC_AUX, both);
    assert_int_equal(model_run(one, guest_writes_msrs, NULL), VCPU_SEND_EXIT);
    vm_close_msr(vm, X86_MSR_LSTAR); /* closing loses nothing */
    vcpu_fetch(one, NACELLE_GROUP_SYSTEM_CALL);
    assert_int_equal(page->lstar, 0xabc000);
    assert_int_equal(page->kernel_gs_base, 0xdef000);
    assert_int_equal(page->tsc_aux, 0x77);
    run(two);
    assert_int_equal(model_msr(X86_MSR_LSTAR), 0);
    run(one);
    assert_int_equal(model_msr(X86_MSR_LSTAR), 0xabc000);
    assert_int_equal(model_msr(X86_MSR_KERNEL_GS_BASE), 0xdef000);
    assert_int_equal(model_msr(X86_MSR_TSC_AUX), 0x77);
}

static void a_store_reaches_the_processor(void **state)
{
    (void)state;
    run(one);
    fill(one, 4);
    /* Loaded already, so vcpu_prepare has nothing to load. */
    assert_int_equal(model_msr(X86_MSR_STAR), 0x400);
    assert_int_equal(model_cpu->dr[1], 0x2001);
    run(one);
    loaded(4);
}

static void guest_debug_registers(struct vcpu *v, uint32_t event)
{
    model_cpu->dr[0] = 0x1234;
    model_cpu->dr6 = 0xffff0ff2;
    guest_hlt(v, event);
}

static void debug_registers_of_the_guest_itself(void **state)
{
    struct nacelle_vcpu_state *page = vcpu_state(one);

    (void)state;
    vcpu_set_control(one, NACELLE_CONTROL_DEBUG_REGISTERS, 0);
    assert_int_equal(model_run(one, guest_debug_registers, NULL), VCPU_SEND_EXIT);
    model_cpu->dr6 = 0xffff4ff0; /* a #DB of the host */
    vcpu_fetch(one, NACELLE_GROUP_DEBUG);
    assert_int_equal(page->dr[0], 0x1234);
    assert_int_equal(page->dr6, 0xffff0ff2);
    run(two);
    assert_int_equal(model_cpu->dr[0], 0);
    run(one);
    assert_int_equal(model_cpu->dr[0], 0x1234);
    assert_int_equal(model_cpu->dr6, 0xffff0ff2);
    vcpu_set_control(one, NACELLE_CONTROL_DEBUG_REGISTERS, 1);
    run(one);
    vcpu_fetch(one, NACELLE_GROUP_DEBUG);
    assert_int_equal(page->dr[0], 0x1234);
}

static void migration(void **state)
{
    (void)state;
    fill(one, 1);
    for (unsigned i = 0; i < 20; i++) {
        model_switch_cpu(i % MODEL_CPUS);
        assert_int_equal(model_run(one, guest_check_one, NULL), VCPU_SEND_EXIT);
        assert_int_equal(model_field(one, VMCS_HOST_GDTR_BASE), 0x1000 + i % MODEL_CPUS);
        assert_int_equal(one->host_stack, model_cpu->engine.host.stack);
        vcpu_unload(one);
        assert_ptr_equal(model_cpu->engine.current, NULL);
        assert_ptr_equal(model_cpu->engine.state_owner, NULL);
        assert_ptr_equal(model_cpu->engine.fpu_owner, NULL);
        vcpu_unload(one); /* twice is nothing */
    }
}

/* Mappings removed while the vCPU was on one CPU must not live on in another's TLB. */
static void translations_after_unmap(void **state)
{
    unsigned before;

    (void)state;
    run(one);
    vcpu_unload(one);
    model_switch_cpu(1);
    run(one);
    before = model_counts.invept;
    run(one);
    assert_int_equal(model_counts.invept, before);
    vcpu_unload(one);
    model_switch_cpu(0);
    before = model_counts.invept;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(vm_map(vm, 0, 0, 12, 7, 0), NACELLE_ERROR_OK);
        assert_int_equal(vm_unmap(vm, 0, 12), NACELLE_ERROR_OK);
    }
    assert_int_equal(model_counts.invept, before);
    model_switch_cpu(1);
    run(one);
    assert_int_equal(model_counts.invept, before + 1); /* one for all of them */
    run(one);
    assert_int_equal(model_counts.invept, before + 1);
}

/* Far more vCPUs than VPIDs; the model fails when two share one without a flush between. */
static void vpids_wrap(void **state)
{
    struct vcpu *three = model_vcpu(vm);
    uint32_t before;

    (void)state;
    run(one);
    run(two);
    model_cpu->engine.next_vpid = 0xfffe;
    for (unsigned i = 0; i < 100; i++) {
        vcpu_unload(three);
        run(three);
        run(one);
        run(two);
    }
    before = model_cpu->engine.next_vpid;
    run(one);
    run(two);
    assert_int_equal(model_cpu->engine.next_vpid, before); /* and then it is quiet */
    assert_true(before > 0x10000);
}

static void new_vcpu_in_old_memory(void **state)
{
    void *memory = (char *)one - VCPU_STRUCT_OFFSET;

    (void)state;
    fill(one, 3);
    run(one);
    vcpu_unload(one);
    memset(memory, 0, 4 * (size_t)4096);
    one = vcpu_create(memory);
    vcpu_attach(one, vm);
    run(one);
    assert_int_equal(model_msr(X86_MSR_LSTAR), 0);
    assert_int_equal(model_cpu->xcr0, 1);
    assert_int_equal(model_cpu->fpu[700], 0);
}

static void host_cr3_follows_the_client(void **state)
{
    unsigned before;

    (void)state;
    assert_true(vcpu_prepare(vcpu_host_cpu(), one, 0x1000));
    assert_int_equal(model_field(one, VMCS_HOST_CR3), 0x1000);
    before = model_counts.vmwrite;
    assert_true(vcpu_prepare(vcpu_host_cpu(), one, 0x1000));
    assert_int_equal(model_counts.vmwrite, before);
    assert_true(vcpu_prepare(vcpu_host_cpu(), one, 0x2000));
    assert_int_equal(model_field(one, VMCS_HOST_CR3), 0x2000);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(two_vcpus_preempt_each_other, setup),
    cmocka_unit_test_setup(a_switch_costs_what_differs, setup),
    cmocka_unit_test_setup(what_is_the_same_stays, setup),
    cmocka_unit_test_setup(nothing_visible_is_left, setup),
    cmocka_unit_test_setup(what_the_guest_wrote_is_kept, setup),
    cmocka_unit_test_setup(a_store_reaches_the_processor, setup),
    cmocka_unit_test_setup(debug_registers_of_the_guest_itself, setup),
    cmocka_unit_test_setup(migration, setup),
    cmocka_unit_test_setup(translations_after_unmap, setup),
    cmocka_unit_test_setup(vpids_wrap, setup),
    cmocka_unit_test_setup(new_vcpu_in_old_memory, setup),
    cmocka_unit_test_setup(host_cr3_follows_the_client, setup),
};

TEST_MAIN(tests)
