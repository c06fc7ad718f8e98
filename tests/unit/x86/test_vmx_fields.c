/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/msr.h>
#include <x86/vmx_capability.h>
#include <x86/vmx_fields.h>

#include "cpu_data.h"
#include "test_main.h"

/* Some of every group of appendix B, as the manual has them. */
static void encodings(void **state)
{
    static const struct {
        uint32_t constant;
        uint32_t encoding;
        enum vmx_field_width width;
        enum vmx_field_type type;
    } cases[] = {
        {VMCS_VPID, 0x0000, VMX_WIDTH_16, VMX_TYPE_CONTROL},
        {VMCS_GUEST_ES_SELECTOR, 0x0800, VMX_WIDTH_16, VMX_TYPE_GUEST},
        {VMCS_GUEST_TR_SELECTOR, 0x080e, VMX_WIDTH_16, VMX_TYPE_GUEST},
        {VMCS_PML_INDEX, 0x0812, VMX_WIDTH_16, VMX_TYPE_GUEST},
        {VMCS_HOST_TR_SELECTOR, 0x0c0c, VMX_WIDTH_16, VMX_TYPE_HOST},
        {VMCS_IO_BITMAP_A, 0x2000, VMX_WIDTH_64, VMX_TYPE_CONTROL},
        {VMCS_MSR_BITMAPS, 0x2004, VMX_WIDTH_64, VMX_TYPE_CONTROL},
        {VMCS_TSC_OFFSET, 0x2010, VMX_WIDTH_64, VMX_TYPE_CONTROL},
        {VMCS_EPT_POINTER, 0x201a, VMX_WIDTH_64, VMX_TYPE_CONTROL},
        {VMCS_XSS_EXITING_BITMAP, 0x202c, VMX_WIDTH_64, VMX_TYPE_CONTROL},
        {VMCS_TSC_MULTIPLIER, 0x2032, VMX_WIDTH_64, VMX_TYPE_CONTROL},
        {VMCS_TERTIARY_PROC_BASED_CONTROLS, 0x2034, VMX_WIDTH_64, VMX_TYPE_CONTROL},
        {VMCS_LOW_PASID_DIRECTORY_ADDRESS, 0x2038, VMX_WIDTH_64, VMX_TYPE_CONTROL},
        {VMCS_HLATP, 0x2040, VMX_WIDTH_64, VMX_TYPE_CONTROL},
        {VMCS_GUEST_PHYSICAL_ADDRESS, 0x2400, VMX_WIDTH_64, VMX_TYPE_READ_ONLY},
        {VMCS_VMCS_LINK_POINTER, 0x2800, VMX_WIDTH_64, VMX_TYPE_GUEST},
        {VMCS_GUEST_IA32_EFER, 0x2806, VMX_WIDTH_64, VMX_TYPE_GUEST},
        {VMCS_GUEST_PDPTE3, 0x2810, VMX_WIDTH_64, VMX_TYPE_GUEST},
        {VMCS_HOST_IA32_EFER, 0x2c02, VMX_WIDTH_64, VMX_TYPE_HOST},
        {VMCS_PIN_BASED_CONTROLS, 0x4000, VMX_WIDTH_32, VMX_TYPE_CONTROL},
        {VMCS_PROC_BASED_CONTROLS, 0x4002, VMX_WIDTH_32, VMX_TYPE_CONTROL},
        {VMCS_EXCEPTION_BITMAP, 0x4004, VMX_WIDTH_32, VMX_TYPE_CONTROL},
        {VMCS_VM_EXIT_CONTROLS, 0x400c, VMX_WIDTH_32, VMX_TYPE_CONTROL},
        {VMCS_VM_ENTRY_CONTROLS, 0x4012, VMX_WIDTH_32, VMX_TYPE_CONTROL},
        {VMCS_VM_ENTRY_INTERRUPTION_INFO, 0x4016, VMX_WIDTH_32, VMX_TYPE_CONTROL},
        {VMCS_SECONDARY_PROC_BASED_CONTROLS, 0x401e, VMX_WIDTH_32, VMX_TYPE_CONTROL},
        {VMCS_VM_INSTRUCTION_ERROR, 0x4400, VMX_WIDTH_32, VMX_TYPE_READ_ONLY},
        {VMCS_EXIT_REASON, 0x4402, VMX_WIDTH_32, VMX_TYPE_READ_ONLY},
        {VMCS_VM_EXIT_INSTRUCTION_LENGTH, 0x440c, VMX_WIDTH_32, VMX_TYPE_READ_ONLY},
        {VMCS_GUEST_CS_ACCESS_RIGHTS, 0x4816, VMX_WIDTH_32, VMX_TYPE_GUEST},
        {VMCS_GUEST_INTERRUPTIBILITY_STATE, 0x4824, VMX_WIDTH_32, VMX_TYPE_GUEST},
        {VMCS_GUEST_SYSENTER_CS, 0x482a, VMX_WIDTH_32, VMX_TYPE_GUEST},
        {VMCS_VMX_PREEMPTION_TIMER_VALUE, 0x482e, VMX_WIDTH_32, VMX_TYPE_GUEST},
        {VMCS_HOST_SYSENTER_CS, 0x4c00, VMX_WIDTH_32, VMX_TYPE_HOST},
        {VMCS_CR0_GUEST_HOST_MASK, 0x6000, VMX_WIDTH_NATURAL, VMX_TYPE_CONTROL},
        {VMCS_CR4_READ_SHADOW, 0x6006, VMX_WIDTH_NATURAL, VMX_TYPE_CONTROL},
        {VMCS_EXIT_QUALIFICATION, 0x6400, VMX_WIDTH_NATURAL, VMX_TYPE_READ_ONLY},
        {VMCS_GUEST_LINEAR_ADDRESS, 0x640a, VMX_WIDTH_NATURAL, VMX_TYPE_READ_ONLY},
        {VMCS_GUEST_CR0, 0x6800, VMX_WIDTH_NATURAL, VMX_TYPE_GUEST},
        {VMCS_GUEST_RSP, 0x681c, VMX_WIDTH_NATURAL, VMX_TYPE_GUEST},
        {VMCS_GUEST_RIP, 0x681e, VMX_WIDTH_NATURAL, VMX_TYPE_GUEST},
        {VMCS_GUEST_RFLAGS, 0x6820, VMX_WIDTH_NATURAL, VMX_TYPE_GUEST},
        {VMCS_GUEST_S_CET, 0x6828, VMX_WIDTH_NATURAL, VMX_TYPE_GUEST},
        {VMCS_HOST_CR3, 0x6c02, VMX_WIDTH_NATURAL, VMX_TYPE_HOST},
        {VMCS_HOST_RSP, 0x6c14, VMX_WIDTH_NATURAL, VMX_TYPE_HOST},
        {VMCS_HOST_RIP, 0x6c16, VMX_WIDTH_NATURAL, VMX_TYPE_HOST},
        {VMCS_HOST_INTERRUPT_SSP_TABLE_ADDR, 0x6c1c, VMX_WIDTH_NATURAL, VMX_TYPE_HOST},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct vmx_field *field = vmx_field_find(cases[i].encoding);

        assert_int_equal(cases[i].constant, cases[i].encoding);
        assert_non_null(field);
        assert_int_equal(field->encoding, cases[i].encoding);
        assert_int_equal(field->width, cases[i].width);
        assert_int_equal(field->type, cases[i].type);
        assert_int_equal(field->read_only, cases[i].type == VMX_TYPE_READ_ONLY);
    }
    assert_string_equal(vmx_field_name(VMCS_GUEST_RIP), "GUEST_RIP");
    assert_string_equal(vmx_field_name(0x7ffe), "unknown");
}

/* Appendix B without gaps: how many fields each group has, by width and type. */
static void table_is_complete(void **state)
{
    static const unsigned expected[4][4] = {
        [VMX_WIDTH_16] = {6, 0, 11, 7},
        [VMX_WIDTH_64] = {39, 2, 22, 12},
        [VMX_WIDTH_32] = {19, 8, 23, 1},
        [VMX_WIDTH_NATURAL] = {8, 6, 23, 15},
    };
    unsigned counts[4][4] = {{0}};
    uint32_t last = 0;

    (void)state;
    for (size_t i = 0; vmx_field_at(i) != NULL; i++) {
        const struct vmx_field *field = vmx_field_at(i);

        assert_true(i == 0 || field->encoding > last);
        assert_int_equal(field->encoding & VMX_FIELD_HIGH, 0);
        assert_int_equal(field->encoding & ~0x6ffeU, 0);
        last = field->encoding;
        counts[field->width][field->type]++;
    }
    assert_memory_equal(counts, expected, sizeof(counts));
}

/* Every 32-bit number has an answer; the high access type exists for 64-bit fields alone. */
static void lookup_of_any_encoding(void **state)
{
    (void)state;
    for (uint32_t encoding = 0; encoding < 0x10000; encoding += 2) {
        const struct vmx_field *field = vmx_field_find(encoding);
        const struct vmx_field *high = vmx_field_find(encoding | VMX_FIELD_HIGH);

        if (field != NULL)
            assert_int_equal(field->encoding, encoding);
        if (field != NULL && field->width == VMX_WIDTH_64)
            assert_ptr_equal(high, field);
        else
            assert_null(high);
    }
    assert_null(vmx_field_find(0x10000 | VMCS_GUEST_RIP));
    assert_null(vmx_field_find(UINT32_MAX));
    assert_null(vmx_field_at(SIZE_MAX));
}

static void sizes(void **state)
{
    (void)state;
    assert_int_equal(vmx_field_bytes(VMX_WIDTH_16), 2);
    assert_int_equal(vmx_field_bytes(VMX_WIDTH_32), 4);
    assert_int_equal(vmx_field_bytes(VMX_WIDTH_64), 8);
    assert_int_equal(vmx_field_bytes(VMX_WIDTH_NATURAL), 8);
    assert_int_equal(vmx_field_index(VMCS_GUEST_RIP), 15);
}

/* The highest index that a processor states is one of the table's, so no field is missing. */
static void highest_index_of_processors(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPU_MODELS; i++) {
        struct cpu_data cpu;
        uint64_t msr;
        bool found = false;

        cpu_data_read(cpu_models[i], &cpu);
        if (!cpu_data_msr(&cpu, X86_MSR_VMX_VMCS_ENUM, &msr))
            continue;
        for (size_t j = 0; vmx_field_at(j) != NULL; j++) {
            if (vmx_field_index(vmx_field_at(j)->encoding) == vmx_vmcs_enum_highest_index(msr))
                found = true;
        }
        assert_true(found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodings),
        cmocka_unit_test(table_is_complete),
        cmocka_unit_test(lookup_of_any_encoding),
        cmocka_unit_test(sizes),
        cmocka_unit_test(highest_index_of_processors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
