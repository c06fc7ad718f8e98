/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtual-APIC page: SDM vol. 3, chapter 29. */

#include "model.h"
#include "test.h"

#include <string.h>

#include <nacelle/exit.h>
#include <x86/msr.h>
#include <x86/vmx_controls.h>
#include <x86/vmx_exit.h>
#include <x86/vmx_fields.h>

#include "internal.h"
#include "vmx/bitmap.h"

#define PROC_CR8 (VMX_PROC_CR8_LOAD_EXITING | VMX_PROC_CR8_STORE_EXITING)
#define PROC2_APIC                                                               \
    (VMX_PROC2_VIRTUALIZE_X2APIC_MODE | VMX_PROC2_APIC_REGISTER_VIRTUALIZATION | \
     VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY)

static struct vm *vm;
static struct vcpu *vcpu;
static uint32_t *page;

static void start(const char *cpu)
{
    model_reset(cpu);
    model_enable();
    vm = model_vm();
    vcpu = model_vcpu(vm);
    page = model_pages(1, 1);
}

static int setup(void **state)
{
    (void)state;
    start("corei7_haswell_4770");
    return 0;
}

static void set_vector(uint32_t offset, unsigned vector)
{
    page[(offset + vector / 32 * 16) / 4] |= 1u << vector % 32;
}

static bool exits(uint32_t msr, bool write)
{
    return msr_bitmap_exits(model_virtual(model_field(vcpu, VMCS_MSR_BITMAPS)), msr, write);
}

static void guest(struct vcpu *running, uint32_t event)
{
    (void)event;
    model_exit(running, VMX_EXIT_REASON_CPUID);
}

static void controls_follow_the_page(void **state)
{
    uint64_t before = model_field(vcpu, VMCS_PROC_BASED_CONTROLS);
    uint64_t before2 = model_field(vcpu, VMCS_SECONDARY_PROC_BASED_CONTROLS);

    (void)state;
    assert_int_equal(before & VMX_PROC_TPR_SHADOW, 0);
    assert_int_equal(before2 & PROC2_APIC, 0);
    assert_int_equal(vcpu_set_apic(vcpu, model_physical(page)), NACELLE_ERROR_OK);
    assert_int_equal(model_field(vcpu, VMCS_PROC_BASED_CONTROLS),
                     (before & ~(uint64_t)PROC_CR8) | VMX_PROC_TPR_SHADOW);
    assert_int_equal(model_field(vcpu, VMCS_SECONDARY_PROC_BASED_CONTROLS), before2 | PROC2_APIC);
    assert_int_equal(model_field(vcpu, VMCS_VIRTUAL_APIC_ADDRESS), model_physical(page));
    assert_int_equal(model_field(vcpu, VMCS_TPR_THRESHOLD), 0);
    assert_int_equal(model_run(vcpu, guest, NULL), VCPU_SEND_EXIT);
    /* Another control of the client's leaves them alone. */
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_HLT, 0), NACELLE_ERROR_OK);
    assert_int_equal(model_field(vcpu, VMCS_SECONDARY_PROC_BASED_CONTROLS), before2 | PROC2_APIC);
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_HLT, 1), NACELLE_ERROR_OK);
    assert_int_equal(vcpu_set_apic(vcpu, 0), NACELLE_ERROR_OK);
    assert_int_equal(model_field(vcpu, VMCS_PROC_BASED_CONTROLS), before);
    assert_int_equal(model_field(vcpu, VMCS_SECONDARY_PROC_BASED_CONTROLS), before2);
    assert_int_equal(model_run(vcpu, guest, NULL), VCPU_SEND_EXIT);
}

/* What the page answers, and no MSR more: others must raise #GP, and 839H is not in the page. */
static void msrs_of_the_page_do_not_exit(void **state)
{
    static const uint16_t readable[] = {0x802, 0x803, 0x808, 0x80a, 0x80d, 0x80f, 0x810, 0x817,
                                        0x818, 0x81f, 0x820, 0x827, 0x828, 0x830, 0x832, 0x833,
                                        0x834, 0x835, 0x836, 0x837, 0x838, 0x83e};
    static const uint16_t not_readable[] = {0x800, 0x801, 0x804, 0x807, 0x809, 0x80b, 0x80c, 0x80e,
                                            0x829, 0x82f, 0x831, 0x839, 0x83d, 0x83f, 0x840, 0x8ff};

    (void)state;
    assert_int_equal(vcpu_set_apic(vcpu, model_physical(page)), NACELLE_ERROR_OK);
    for (unsigned i = 0; i < COUNT(readable); i++)
        assert_false(exits(readable[i], false));
    for (unsigned i = 0; i < COUNT(not_readable); i++)
        assert_true(exits(not_readable[i], false));
    for (uint32_t msr = 0x7f0; msr < 0x910; msr++)
        assert_int_equal(exits(msr, true), msr != 0x808 && msr != 0x80b && msr != 0x83f);
    assert_true(exits(X86_MSR_TSC_DEADLINE, true));
}

/* MSRs that the client opens are open in all its vCPUs; those of the page are not its to close. */
static void msrs_of_the_client(void **state)
{
    struct vcpu *without = model_vcpu(vm);

    (void)state;
    assert_int_equal(vm_open_msr(vm, X86_MSR_STAR, NACELLE_RIGHT_READ), NACELLE_ERROR_OK);
    assert_int_equal(vcpu_set_apic(vcpu, model_physical(page)), NACELLE_ERROR_OK);
    assert_int_equal(vm_open_msr(vm, X86_MSR_LSTAR, NACELLE_RIGHT_WRITE), NACELLE_ERROR_OK);
    assert_false(exits(X86_MSR_STAR, false));
    assert_false(exits(X86_MSR_LSTAR, true));
    assert_true(exits(X86_MSR_LSTAR, false));
    assert_int_equal(vm_close_msr(vm, X86_MSR_STAR), NACELLE_ERROR_OK);
    assert_true(exits(X86_MSR_STAR, false));
    assert_int_equal(vm_close_msr(vm, X86_MSR_X2APIC_EOI), NACELLE_ERROR_OK);
    assert_false(exits(X86_MSR_X2APIC_EOI, true));
    assert_int_equal(vm_open_msr(vm, X86_MSR_X2APIC_TPR, NACELLE_RIGHT_READ),
                     NACELLE_ERROR_MSR_NOT_OPENABLE);
    assert_int_equal(model_run(without, guest, NULL), VCPU_SEND_EXIT); /* the model checks */
    assert_int_equal(model_run(vcpu, guest, NULL), VCPU_SEND_EXIT);
}

/* 24.4.2: RVI in bits 7:0, SVI in bits 15:8; 24.6.8. */
static void the_status_is_that_of_the_page(void **state)
{
    (void)state;
    assert_int_equal(vcpu_set_apic(vcpu, model_physical(page)), NACELLE_ERROR_OK);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_INTERRUPT_STATUS), 0);
    set_vector(0x200, 0x31);
    set_vector(0x200, 0x52);
    set_vector(0x100, 0x41);
    set_vector(0x180, 0x00);
    set_vector(0x180, 0x3f);
    set_vector(0x180, 0x52);
    set_vector(0x180, 0x80);
    set_vector(0x180, 0xff);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_INTERRUPT_STATUS), 0); /* not told yet */
    assert_int_equal(vcpu_set_apic(vcpu, model_physical(page)), NACELLE_ERROR_OK);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_INTERRUPT_STATUS), 0x4152);
    assert_int_equal(model_field(vcpu, VMCS_EOI_EXIT_BITMAP_0), 0x8000000000000001);
    assert_int_equal(model_field(vcpu, VMCS_EOI_EXIT_BITMAP_1), 1ull << 0x12);
    assert_int_equal(model_field(vcpu, VMCS_EOI_EXIT_BITMAP_2), 1);
    assert_int_equal(model_field(vcpu, VMCS_EOI_EXIT_BITMAP_3), 1ull << 63);
    memset(page, 0xff, 0x400);
    assert_int_equal(vcpu_set_apic(vcpu, model_physical(page)), NACELLE_ERROR_OK);
    assert_int_equal(model_field(vcpu, VMCS_GUEST_INTERRUPT_STATUS), 0xffff);
    assert_int_equal(model_run(vcpu, guest, NULL), VCPU_SEND_EXIT);
}

static void another_page(void **state)
{
    uint32_t *other = model_pages(1, 1);

    (void)state;
    other[0x200 / 4] = 1u << 16;
    assert_int_equal(vcpu_set_apic(vcpu, model_physical(page)), NACELLE_ERROR_OK);
    assert_int_equal(vcpu_set_apic(vcpu, model_physical(other)), NACELLE_ERROR_OK);
    assert_int_equal(model_field(vcpu, VMCS_VIRTUAL_APIC_ADDRESS), model_physical(other));
    assert_int_equal(model_field(vcpu, VMCS_GUEST_INTERRUPT_STATUS), 16);
}

/* RESET takes the page out. */
static void attached_anew(void **state)
{
    (void)state;
    assert_int_equal(vcpu_set_apic(vcpu, model_physical(page)), NACELLE_ERROR_OK);
    vcpu_attach(vcpu, vm);
    assert_int_equal(model_field(vcpu, VMCS_SECONDARY_PROC_BASED_CONTROLS) & PROC2_APIC, 0);
    assert_int_equal(model_field(vcpu, VMCS_PROC_BASED_CONTROLS) & VMX_PROC_TPR_SHADOW, 0);
    assert_int_equal(model_run(vcpu, guest, NULL), VCPU_SEND_EXIT);
}

static void eoi_exit(struct vcpu *running, uint32_t event)
{
    (void)event;
    model_exit(running, VMX_EXIT_REASON_VIRTUALIZED_EOI);
    model_set_field(running, VMCS_EXIT_QUALIFICATION, 0x52);
    model_set_field(running, VMCS_GUEST_RIP, 0x7002);
}

static void write_exit(struct vcpu *running, uint32_t event)
{
    (void)event;
    model_exit(running, VMX_EXIT_REASON_APIC_WRITE);
    model_set_field(running, VMCS_EXIT_QUALIFICATION, 0x3f0);
}

/* They come after the instruction (29.4.3.3): ADVANCE stays where it is. */
static void exits_of_the_page(void **state)
{
    const struct nacelle_exit *record = &vcpu_state(vcpu)->exit;

    (void)state;
    assert_int_equal(vcpu_set_apic(vcpu, model_physical(page)), NACELLE_ERROR_OK);
    assert_int_equal(model_run(vcpu, eoi_exit, NULL), VCPU_SEND_EXIT);
    assert_int_equal(record->kind, NACELLE_EXIT_APIC_EOI);
    assert_int_equal(record->number, 0x52);
    assert_int_equal(record->instruction_length, 0);
    assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
    assert_int_equal(model_field(vcpu, VMCS_GUEST_RIP), 0x7002);
    assert_int_equal(model_run(vcpu, write_exit, NULL), VCPU_SEND_EXIT);
    assert_int_equal(record->kind, NACELLE_EXIT_APIC_WRITE);
    assert_int_equal(record->number, 0x3f0);
}

static void processors(void **state)
{
    static const struct {
        const char *name;
        enum nacelle_error error;
    } cpus[] = {
        {"corei5_arrandale_m520", NACELLE_ERROR_UNSUPPORTED},
        {"corei7_sandy_bridge_2600k", NACELLE_ERROR_UNSUPPORTED},
        {"corei7_haswell_4770", NACELLE_ERROR_OK},
        {"tigerlake", NACELLE_ERROR_OK},
        {"ryzen", NACELLE_ERROR_UNSUPPORTED},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(cpus); i++) {
        start(cpus[i].name);
        assert_int_equal(vcpu_set_apic(vcpu, model_physical(page)), cpus[i].error);
        assert_int_equal(vcpu_set_apic(vcpu, 0), NACELLE_ERROR_OK);
    }
    vcpu = vcpu_create(model_pages(4, 4));
    assert_int_equal(vcpu_set_apic(vcpu, model_physical(page)), NACELLE_ERROR_NOT_CONFIGURED);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)
static const struct CMUnitTest tests[] = {
    TEST(controls_follow_the_page),
    TEST(msrs_of_the_page_do_not_exit),
    TEST(msrs_of_the_client),
    TEST(the_status_is_that_of_the_page),
    TEST(another_page),
    TEST(attached_anew),
    TEST(exits_of_the_page),
    TEST(processors),
};

TEST_MAIN(tests)
