/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers, groups, controls and MSR permissions of a vCPU on the model. */

#include "model.h"
#include "test.h"

#include <string.h>

#include <nacelle/check.h>
#include <x86/control.h>
#include <x86/msr.h>
#include <x86/vmx_controls.h>
#include <x86/vmx_fields.h>

#include "internal.h"
#include "vmx/bitmap.h"

static struct vm *vm;
static struct vcpu *vcpu;
static struct nacelle_vcpu_state *page;

static int setup(void **state)
{
    (void)state;
    model_reset("corei7_haswell_4770");
    model_enable();
    vm = model_vm();
    vcpu = model_vcpu(vm);
    page = vcpu_state(vcpu);
    return 0;
}

static enum nacelle_error store(uint32_t groups)
{
    struct vcpu_refusal refusal = {0, 0};

    return vcpu_store(vcpu, groups, &refusal);
}

static void registers_by_index(void **state)
{
    uint64_t value = 0;

    (void)state;
    for (uint64_t i = 0; i < 16; i++)
        assert_int_equal(vcpu_set_register(vcpu, i, 0x1000 + i), NACELLE_ERROR_OK);
    for (uint64_t i = 0; i < 16; i++) {
        assert_int_equal(vcpu_get_register(vcpu, i, &value), NACELLE_ERROR_OK);
        assert_int_equal(value, 0x1000 + i);
    }
    /* Index 4 is in the VMCS, not in the page. */
    assert_int_equal(model_field(vcpu, VMCS_GUEST_RSP), 0x1004);
    assert_int_equal(page->general[4], 0);
    assert_int_equal(vcpu_get_register(vcpu, 16, &value), NACELLE_ERROR_INVALID_REGISTER);
    assert_int_equal(vcpu_set_register(vcpu, 16, 1), NACELLE_ERROR_INVALID_REGISTER);
    assert_int_equal(vcpu_get_register(vcpu, ~UINT64_C(0), &value), NACELLE_ERROR_INVALID_REGISTER);
}

/* SDM vol. 3, table 9-1. */
static void state_after_reset(void **state)
{
    (void)state;
    assert_int_equal(vcpu_fetch(vcpu, NACELLE_GROUPS_ALL), NACELLE_ERROR_OK);
    assert_int_equal(page->valid, NACELLE_GROUPS_ALL);
    assert_int_equal(page->rip, 0xfff0);
    assert_int_equal(page->rflags, 2);
    assert_int_equal(page->cr0, 0x60000010);
    assert_int_equal(page->cr4, 0);
    assert_int_equal(page->segments[NACELLE_CS].selector, 0xf000);
    assert_int_equal(page->segments[NACELLE_CS].base, 0xffff0000);
    assert_int_equal(page->segments[NACELLE_DS].limit, 0xffff);
    assert_int_equal(page->gdtr.limit, 0xffff);
    assert_int_equal(page->dr6, 0xffff0ff0);
    assert_int_equal(page->dr7, 0x400);
    assert_int_equal(page->xcr0, 1);
    assert_int_equal(page->pat, 0x0007040600070406);
    assert_int_equal(page->fpu[0] | page->fpu[1] << 8, 0x40);
    assert_int_equal(page->fpu[24] | page->fpu[25] << 8, 0x1f80);
    /* The processor itself: NE is fixed, CD and NW stay off, VMXE on; the guest sees its own. */
    assert_int_equal(model_field(vcpu, VMCS_GUEST_CR0), 0x30);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_CR4), 0x2000);
    assert_int_equal(model_field(vcpu, VMCS_CR0_READ_SHADOW), 0x60000010);
    assert_int_equal(model_field(vcpu, VMCS_CR0_GUEST_HOST_MASK), 0x60000020);
}

/* All that can be fetched can be stored as it is. */
static void round_trip(void **state)
{
    struct nacelle_vcpu_state copy;

    (void)state;
    vcpu_fetch(vcpu, NACELLE_GROUPS_ALL);
    page->rip = 0x1234;
    page->rsp = 0x5678;
    page->rflags = 0x246;
    page->segments[NACELLE_FS].base = 0x7f0000000000;
    page->cr0 = 0x80050033;
    page->cr3 = 0x1000;
    page->cr4 = 0x6a0;
    page->cr2 = 0xdead;
    page->efer = 0xd01;
    page->xcr0 = 7;
    page->star = 0x23001000000000;
    page->lstar = 0xffffffff81800000;
    page->kernel_gs_base = 0xffff888000000000;
    page->tsc_aux = 5;
    page->sysenter_eip = 0x1111;
    page->interrupt = 0x80000030;
    page->vectoring = 0x80000b0e;
    page->vectoring_error = 2;
    page->deferred = 0x80000031;
    page->windows = 1;
    page->dr[3] = 0x4444;
    page->dr6 = 0xffff4ff1;
    page->dr7 = 0x455;
    page->fpu[512] = 7;
    page->fpu[600] = 0x77;
    page->efer = 0xd01;
    assert_int_equal(store(NACELLE_GROUPS_ALL), NACELLE_ERROR_OK);
    copy = *page;
    memset(page, 0, sizeof(*page));
    vcpu_fetch(vcpu, NACELLE_GROUPS_ALL);
    copy.valid = page->valid;
    /* LMA is the engine's: LME and PG. */
    assert_int_equal(page->efer, 0xd01);
    assert_memory_equal(&copy.rip, &page->rip,
                        sizeof(copy) - offsetof(struct nacelle_vcpu_state, rip));
}

static void long_mode_active(void **state)
{
    (void)state;
    vcpu_fetch(vcpu, NACELLE_GROUP_CONTROL);
    page->cr0 = 0x80000011;
    page->cr4 = 0x20;
    page->efer = 0x100;
    assert_int_equal(store(NACELLE_GROUP_CONTROL), NACELLE_ERROR_OK);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_IA32_EFER), 0x500);
    assert_true((model_field(vcpu, VMCS_VM_ENTRY_CONTROLS) & VMX_ENTRYCTL_IA32E_MODE_GUEST) != 0);
    /* Paging off: LMA goes; 32-bit paging without LME never had it. */
    page->cr0 = 0x11;
    page->efer = 0x500;
    assert_int_equal(store(NACELLE_GROUP_CONTROL), NACELLE_ERROR_OK);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_IA32_EFER), 0x100);
    assert_true((model_field(vcpu, VMCS_VM_ENTRY_CONTROLS) & VMX_ENTRYCTL_IA32E_MODE_GUEST) == 0);
    page->cr0 = 0x80000011;
    page->cr4 = 0;
    page->efer = 0;
    assert_int_equal(store(NACELLE_GROUP_CONTROL), NACELLE_ERROR_OK);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_IA32_EFER), 0);
}

static void all_or_nothing(void **state)
{
    struct vcpu_refusal refusal = {0, 0};
    uint64_t rip = model_field(vcpu, VMCS_GUEST_RIP);

    (void)state;
    vcpu_fetch(vcpu, NACELLE_GROUPS_ALL);
    page->rip = 0x999;
    page->lstar = UINT64_C(1) << 47;
    assert_int_equal(vcpu_store(vcpu, NACELLE_GROUP_IP | NACELLE_GROUP_SYSTEM_CALL, &refusal),
                     NACELLE_ERROR_INVALID_STATE);
    assert_int_equal(refusal.group, NACELLE_GROUP_SYSTEM_CALL);
    assert_int_equal(refusal.check, NACELLE_CHECK_SYSTEM_CALL_ADDRESS);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_RIP), rip);
    assert_int_equal(vcpu_store(vcpu, NACELLE_GROUPS_ALL + 1, &refusal),
                     NACELLE_ERROR_INVALID_GROUP);
    assert_int_equal(vcpu_fetch(vcpu, 0x80000000), NACELLE_ERROR_INVALID_GROUP);
}

static void resume_with_bad_state_is_an_exit(void **state)
{
    (void)state;
    vcpu_fetch(vcpu, NACELLE_GROUP_DEBUG);
    page->dr7 = ~UINT64_C(0);
    page->dirty = NACELLE_GROUP_DEBUG;
    assert_false(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
    assert_int_equal(page->exit.kind, NACELLE_EXIT_ENTRY_REFUSED);
    assert_int_equal(page->exit.number, NACELLE_CHECK_DR7);
    assert_int_equal(page->exit.detail, NACELLE_GROUP_DEBUG);
    assert_int_equal(page->dirty, 0);
    assert_int_equal(page->rip, 0xfff0);
    assert_true(vcpu_resume(vcpu, 0));
}

/* A page of random bytes harms nobody: the host never faults (the model would fail). */
static void random_state_pages(void **state)
{
    uint64_t seed = 99;

    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t *bytes = (uint8_t *)page;

        for (unsigned j = 0; j < sizeof(*page); j++)
            bytes[j] = (uint8_t)test_random(&seed);
        /* Sometimes nearly good, so that single groups get through. */
        if (i % 2 == 0)
            vcpu_fetch(vcpu, (uint32_t)test_random(&seed) & NACELLE_GROUPS_ALL);
        if (vcpu_resume(vcpu, (uint32_t)test_random(&seed)))
            (void)vcpu_prepare(vcpu_host_cpu(), vcpu, 0x1000);
    }
    /* And it still works. */
    vcpu_attach(vcpu, vm);
    assert_true(vcpu_prepare(vcpu_host_cpu(), vcpu, 0x1000));
}

static void controls(void **state)
{
    static const struct {
        uint64_t control;
        uint32_t field;
        uint32_t bits;
    } toggles[] = {
        {NACELLE_CONTROL_HLT, VMCS_PROC_BASED_CONTROLS, VMX_PROC_HLT_EXITING},
        {NACELLE_CONTROL_PAUSE, VMCS_PROC_BASED_CONTROLS, VMX_PROC_PAUSE_EXITING},
        {NACELLE_CONTROL_TSC, VMCS_PROC_BASED_CONTROLS, VMX_PROC_RDTSC_EXITING},
        {NACELLE_CONTROL_DEBUG_REGISTERS, VMCS_PROC_BASED_CONTROLS, VMX_PROC_MOV_DR_EXITING},
        {NACELLE_CONTROL_DESCRIPTOR_TABLES, VMCS_SECONDARY_PROC_BASED_CONTROLS,
         VMX_PROC2_DESCRIPTOR_TABLE_EXITING},
        {NACELLE_CONTROL_INVLPG, VMCS_PROC_BASED_CONTROLS, VMX_PROC_INVLPG_EXITING},
        {NACELLE_CONTROL_CR3, VMCS_PROC_BASED_CONTROLS,
         VMX_PROC_CR3_LOAD_EXITING | VMX_PROC_CR3_STORE_EXITING},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(toggles); i++) {
        assert_int_equal(vcpu_set_control(vcpu, toggles[i].control, 1), NACELLE_ERROR_OK);
        assert_int_equal(model_field(vcpu, toggles[i].field) & toggles[i].bits, toggles[i].bits);
        assert_int_equal(vcpu_set_control(vcpu, toggles[i].control, 0), NACELLE_ERROR_OK);
        assert_int_equal(model_field(vcpu, toggles[i].field) & toggles[i].bits, 0);
        assert_int_equal(vcpu_set_control(vcpu, toggles[i].control, 2),
                         NACELLE_ERROR_INVALID_ARGUMENT);
    }
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_SINGLE_STEP, 1),
                     NACELLE_ERROR_UNSUPPORTED); /* Bochs' Haswell */
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_COUNT, 0),
                     NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vcpu_set_control(vcpu, ~UINT64_C(0), 0), NACELLE_ERROR_INVALID_ARGUMENT);
    /* #DB, #AC and #MC exit whatever the client wants. */
    assert_int_equal(model_field(vcpu, VMCS_EXCEPTION_BITMAP), 0x60002);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_EXCEPTIONS, 0x4000), NACELLE_ERROR_OK);
    assert_int_equal(model_field(vcpu, VMCS_EXCEPTION_BITMAP), 0x64002);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_EXCEPTIONS, UINT64_C(1) << 32),
                     NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_EXCEPTIONS, 1 << 18),
                     NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_TSC_OFFSET, 0 - UINT64_C(5)),
                     NACELLE_ERROR_OK);
    assert_int_equal(model_field(vcpu, VMCS_TSC_OFFSET), 0 - UINT64_C(5));
}

static void single_step(void **state)
{
    (void)state;
    model_reset("tigerlake");
    model_enable();
    vcpu = model_vcpu(model_vm());
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_SINGLE_STEP, 1), NACELLE_ERROR_OK);
    vcpu_inject(vcpu, NACELLE_EVENT_INTERRUPT | 0x30, 0, 0); /* a window is opened beside it */
    assert_true(vcpu_prepare(vcpu_host_cpu(), vcpu, 0x1000));
    assert_int_equal(model_field(vcpu, VMCS_PROC_BASED_CONTROLS) &
                         (VMX_PROC_MONITOR_TRAP_FLAG | VMX_PROC_INTERRUPT_WINDOW_EXITING),
                     VMX_PROC_MONITOR_TRAP_FLAG | VMX_PROC_INTERRUPT_WINDOW_EXITING);
}

/* Another vCPU's VMCS is current: nothing may reach it by way of one that has none. */
static void before_it_has_a_vm(void **state)
{
    struct vcpu *empty = vcpu_create(model_pages(4, 4));
    struct vcpu_refusal refusal;
    uint64_t value = 0;

    (void)state;
    assert_true(vcpu_prepare(vcpu_host_cpu(), vcpu, 0x1000));
    assert_int_equal(vcpu_get_register(empty, 4, &value), NACELLE_ERROR_NOT_CONFIGURED);
    assert_int_equal(vcpu_set_register(empty, 4, 1), NACELLE_ERROR_NOT_CONFIGURED);
    assert_int_equal(vcpu_set_register(empty, 5, 1), NACELLE_ERROR_OK);
    assert_int_equal(vcpu_fetch(empty, NACELLE_GROUP_IP), NACELLE_ERROR_NOT_CONFIGURED);
    assert_int_equal(vcpu_store(empty, NACELLE_GROUP_IP, &refusal), NACELLE_ERROR_NOT_CONFIGURED);
    assert_int_equal(vcpu_inject(empty, 0x30, 0, 0), NACELLE_ERROR_NOT_CONFIGURED);
    assert_int_equal(vcpu_set_control(empty, NACELLE_CONTROL_HLT, 0), NACELLE_ERROR_NOT_CONFIGURED);
    assert_false(vcpu_cancel(empty, 0));
    vcpu_unload(empty);
    assert_ptr_equal(model_cpu->engine.current, vcpu);
}

static void control_register_masks(void **state)
{
    (void)state;
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_CR0_MASK, 0x80000001),
                     NACELLE_ERROR_OK);
    assert_int_equal(model_field(vcpu, VMCS_CR0_GUEST_HOST_MASK), 0xe0000021);
    assert_int_equal(model_field(vcpu, VMCS_CR0_READ_SHADOW) & 0x80000001, 0);
    vcpu_fetch(vcpu, NACELLE_GROUP_CONTROL);
    page->cr0_shadow = 0xffffffff;
    assert_int_equal(store(NACELLE_GROUP_CONTROL), NACELLE_ERROR_OK);
    /* Of the shadow only the client's bits; NE, CD and NW come from cr0. */
    assert_int_equal(model_field(vcpu, VMCS_CR0_READ_SHADOW), 0xe0000011);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_CR0), 0x30);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_CR4_MASK, 0x20), NACELLE_ERROR_OK);
    assert_true((model_field(vcpu, VMCS_CR4_GUEST_HOST_MASK) & 0x2060) == 0x2060);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_CR4_MASK, UINT64_C(1) << 33),
                     NACELLE_ERROR_INVALID_ARGUMENT);
}

static void msr_permissions(void **state)
{
    static const uint32_t closed[] = {X86_MSR_APIC_BASE,
                                      X86_MSR_MISC_ENABLE,
                                      X86_MSR_FEATURE_CONTROL,
                                      X86_MSR_X2APIC_FIRST,
                                      X86_MSR_MTRRCAP,
                                      X86_MSR_VMX_BASIC,
                                      X86_MSR_DEBUGCTL,
                                      X86_MSR_XSS,
                                      X86_MSR_S_CET,
                                      0xc0000085,
                                      0};
    const unsigned both = NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE;

    (void)state;
    for (unsigned i = 0; i < COUNT(closed); i++)
        assert_int_equal(vm_open_msr(vm, closed[i], NACELLE_RIGHT_READ),
                         NACELLE_ERROR_MSR_NOT_OPENABLE);
    assert_int_equal(vm_open_msr(vm, X86_MSR_EFER, both), NACELLE_ERROR_MSR_NOT_OPENABLE);
    assert_int_equal(vm_open_msr(vm, X86_MSR_EFER, NACELLE_RIGHT_READ), NACELLE_ERROR_OK);
    assert_int_equal(vm_open_msr(vm, X86_MSR_TIME_STAMP_COUNTER, both),
                     NACELLE_ERROR_MSR_NOT_OPENABLE);
    assert_int_equal(vm_open_msr(vm, X86_MSR_LSTAR, both), NACELLE_ERROR_OK);
    assert_false(msr_bitmap_exits(vm->msr_bitmap, X86_MSR_LSTAR, true));
    assert_int_equal(vm_open_msr(vm, X86_MSR_LSTAR, NACELLE_RIGHT_READ), NACELLE_ERROR_OK);
    assert_true(msr_bitmap_exits(vm->msr_bitmap, X86_MSR_LSTAR, true));
    assert_int_equal(vm_open_msr(vm, X86_MSR_LSTAR, 0), NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vm_open_msr(vm, X86_MSR_LSTAR, 8), NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vm_open_msr(vm, 0x2000, both), NACELLE_ERROR_OUT_OF_RANGE);
    assert_int_equal(vm_open_msr(vm, 0xc0010117, both), NACELLE_ERROR_OUT_OF_RANGE);
    assert_int_equal(vm_close_msr(vm, X86_MSR_EFER), NACELLE_ERROR_OK);
    assert_true(msr_bitmap_exits(vm->msr_bitmap, X86_MSR_EFER, false));
    assert_int_equal(vm_close_msr(vm, 0x40000000), NACELLE_ERROR_OUT_OF_RANGE);
}

static void ports(void **state)
{
    (void)state;
    vm_open_ports(vm, 0x1f0, 0x1f7);
    assert_false(io_bitmap_exits(vm->io_bitmap, 0x1f7));
    vm_close_ports(vm, 0x1f7, 0x1f7);
    assert_true(io_bitmap_exits(vm->io_bitmap, 0x1f7));
    assert_false(io_bitmap_exits(vm->io_bitmap, 0x1f6));
    /* Every VM has bitmaps of its own. */
    assert_true(io_bitmap_exits(model_vm()->io_bitmap, 0x1f0));
}

static void memory(void **state)
{
    unsigned before = model_counts.invept;

    (void)state;
    assert_int_equal(vm_map(vm, 0x1000, 0x2000, 12, 7, 0), NACELLE_ERROR_OK);
    assert_int_equal(vm_map(vm, 0x2000, 0x2000, 12, 7, NACELLE_MAP_UNCACHED), NACELLE_ERROR_OK);
    assert_int_equal(vm_map(vm, 0x3000, 0x2000, 12, 7, 1), NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(model_counts.invept, before);
    assert_int_equal(vm_unmap(vm, 0x1000, 12), NACELLE_ERROR_OK);
    assert_int_equal(vm_unmap(vm, 0x1000, 12), NACELLE_ERROR_NOT_MAPPED);
    assert_int_equal(model_counts.invept, before); /* the next entry's: test_switch.c */
    vm_destroy(vm);
    assert_int_equal(model_counts.invept, before + 1);
    /* EPTP: WB, walk of 4 (24.6.11). */
    assert_int_equal(vm->root & 0xfff, 0x1e);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(registers_by_index, setup),
    cmocka_unit_test_setup(state_after_reset, setup),
    cmocka_unit_test_setup(round_trip, setup),
    cmocka_unit_test_setup(long_mode_active, setup),
    cmocka_unit_test_setup(all_or_nothing, setup),
    cmocka_unit_test_setup(resume_with_bad_state_is_an_exit, setup),
    cmocka_unit_test_setup(random_state_pages, setup),
    cmocka_unit_test_setup(controls, setup),
    cmocka_unit_test_setup(single_step, setup),
    cmocka_unit_test_setup(before_it_has_a_vm, setup),
    cmocka_unit_test_setup(control_register_masks, setup),
    cmocka_unit_test_setup(msr_permissions, setup),
    cmocka_unit_test_setup(ports, setup),
    cmocka_unit_test_setup(memory, setup),
};

TEST_MAIN(tests)
