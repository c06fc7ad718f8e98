/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/bits.h>
#include <x86/vmx_exit.h>

#include "test_main.h"

/* Appendix C. */
static void reasons(void **state)
{
    static const struct {
        uint16_t reason;
        uint16_t number;
        const char *name;
    } cases[] = {
        {VMX_EXIT_REASON_EXCEPTION_OR_NMI, 0, "exception or NMI"},
        {VMX_EXIT_REASON_TRIPLE_FAULT, 2, "triple fault"},
        {VMX_EXIT_REASON_INTERRUPT_WINDOW, 7, "interrupt window"},
        {VMX_EXIT_REASON_TASK_SWITCH, 9, "task switch"},
        {VMX_EXIT_REASON_CPUID, 10, "CPUID"},
        {VMX_EXIT_REASON_HLT, 12, "HLT"},
        {VMX_EXIT_REASON_VMCALL, 18, "VMCALL"},
        {VMX_EXIT_REASON_VMXON, 27, "VMXON"},
        {VMX_EXIT_REASON_CR_ACCESS, 28, "control-register access"},
        {VMX_EXIT_REASON_IO_INSTRUCTION, 30, "I/O instruction"},
        {VMX_EXIT_REASON_WRMSR, 32, "WRMSR"},
        {VMX_EXIT_REASON_ENTRY_FAILURE_GUEST_STATE, 33,
         "VM-entry failure due to invalid guest state"},
        {VMX_EXIT_REASON_MONITOR_TRAP_FLAG, 37, "monitor trap flag"},
        {VMX_EXIT_REASON_APIC_ACCESS, 44, "APIC access"},
        {VMX_EXIT_REASON_EPT_VIOLATION, 48, "EPT violation"},
        {VMX_EXIT_REASON_EPT_MISCONFIGURATION, 49, "EPT misconfiguration"},
        {VMX_EXIT_REASON_PREEMPTION_TIMER, 52, "VMX-preemption timer expired"},
        {VMX_EXIT_REASON_XSETBV, 55, "XSETBV"},
        {VMX_EXIT_REASON_INVPCID, 58, "INVPCID"},
        {VMX_EXIT_REASON_XRSTORS, 64, "XRSTORS"},
        {VMX_EXIT_REASON_LOADIWKEY, 69, "LOADIWKEY"},
        {VMX_EXIT_REASON_INSTRUCTION_TIMEOUT, 75, "instruction timeout"},
    };
    unsigned named = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(cases[i].reason, cases[i].number);
        assert_string_equal(vmx_exit_reason_name(cases[i].number), cases[i].name);
    }
    for (uint32_t reason = 0; reason <= UINT16_MAX; reason++)
        named += strcmp(vmx_exit_reason_name((uint16_t)reason), "unknown") != 0;
    /* 0-75 without 35, 38, 42 and 71. */
    assert_int_equal(named, 72);
    assert_string_equal(vmx_exit_reason_name(35), "unknown");
    assert_string_equal(vmx_exit_reason_name(71), "unknown");
}

static void reason_field(void **state)
{
    (void)state;
    assert_int_equal(vmx_exit_basic(0x80000021), 33);
    assert_true(vmx_exit_is_entry_failure(0x80000021));
    assert_false(vmx_exit_is_entry_failure(0x7fffffff));
    assert_int_equal(vmx_exit_basic(0x3c00000a), VMX_EXIT_REASON_CPUID);
    assert_string_equal(vmx_entry_failure_text(2), "loading the PDPTEs failed");
    assert_string_equal(vmx_entry_failure_text(0), "invalid guest state");
    assert_string_equal(vmx_entry_failure_text(UINT64_MAX), "invalid guest state");
}

/* 27.2.5: all but these are instructions that always report their length. */
static void instruction_length(void **state)
{
    static const uint8_t without[] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  33, 34, 35, 37, 38,
        41, 42, 43, 44, 45, 48, 49, 52, 56, 62, 66, 71, 74, 75,
    };

    (void)state;
    for (uint32_t reason = 0; reason <= UINT16_MAX; reason++) {
        bool expected = reason < VMX_EXIT_REASON_COUNT;

        for (size_t i = 0; i < ARRAY_SIZE(without); i++)
            expected = expected && without[i] != reason;
        assert_int_equal(vmx_exit_reports_length((uint16_t)reason), expected);
    }
}

/* 30.4: 28 numbers, of which 14, 21 and 27 have no meaning. */
static void instruction_errors(void **state)
{
    (void)state;
    for (uint32_t error = 1; error <= 28; error++) {
        bool assigned = error != 14 && error != 21 && error != 27;
        bool known = strcmp(vmx_instruction_error_text(error), "unknown error") != 0;

        assert_int_equal(known, assigned);
    }
    assert_string_equal(vmx_instruction_error_text(0), "unknown error");
    assert_string_equal(vmx_instruction_error_text(29), "unknown error");
    assert_string_equal(vmx_instruction_error_text(UINT32_MAX), "unknown error");
    assert_string_equal(vmx_instruction_error_text(7), "VM entry with invalid control fields");
    assert_string_equal(vmx_instruction_error_text(12),
                        "VMREAD or VMWRITE of an unsupported VMCS field");
    assert_string_equal(vmx_instruction_error_text(26), "VM entry with events blocked by MOV SS");
}

/* Table 27-3. */
static void cr_access(void **state)
{
    struct vmx_cr_access access = vmx_decode_cr_access(0x0f08); /* mov %r15, %cr8 */

    (void)state;
    assert_int_equal(access.kind, VMX_CR_MOV_TO);
    assert_int_equal(access.cr, 8);
    assert_int_equal(access.gpr, 15);
    access = vmx_decode_cr_access(0x0413); /* mov %cr3, %rsp */
    assert_int_equal(access.kind, VMX_CR_MOV_FROM);
    assert_int_equal(access.cr, 3);
    assert_int_equal(access.gpr, 4);
    access = vmx_decode_cr_access(0x0020);
    assert_int_equal(access.kind, VMX_CR_CLTS);
    assert_int_equal(access.cr, 0);
    assert_int_equal(access.gpr, 0);
    access = vmx_decode_cr_access(0xabcd0070);
    assert_int_equal(access.kind, VMX_CR_LMSW);
    assert_int_equal(access.cr, 0);
    assert_true(access.lmsw_memory);
    assert_int_equal(access.lmsw_operand, 0xabcd);
    access = vmx_decode_cr_access(0x00010030);
    assert_false(access.lmsw_memory);
    assert_int_equal(access.lmsw_operand, 1);
}

/* Table 27-4; table 27-1. */
static void debug_registers(void **state)
{
    struct vmx_dr_access access = vmx_decode_dr_access(0x0b07);
    struct vmx_debug_exception debug = vmx_decode_debug_exception(0x6805);

    (void)state;
    assert_int_equal(access.dr, 7);
    assert_false(access.from_dr);
    assert_int_equal(access.gpr, 11);
    access = vmx_decode_dr_access(0x0416);
    assert_int_equal(access.dr, 6);
    assert_true(access.from_dr);
    assert_int_equal(access.gpr, 4);
    assert_int_equal(debug.breakpoints, 5);
    assert_true(debug.bus_lock && debug.dr_access && debug.single_step);
    assert_false(debug.rtm);
    assert_true(vmx_decode_debug_exception(0x10000).rtm);
}

/* Table 27-5, all encodings. */
static void io(void **state)
{
    static const uint8_t sizes[8] = {1, 2, 0, 4, 0, 0, 0, 0};

    (void)state;
    for (uint32_t low = 0; low < 0x80; low++) {
        for (uint32_t port = 0; port <= 0xffff; port += 0x333) {
            struct vmx_io_access access = vmx_decode_io(low | (port << 16) | X86_BIT(40));

            assert_int_equal(access.port, port);
            assert_int_equal(access.size, sizes[low & 7]);
            assert_int_equal(access.in, (low & 0x08) != 0);
            assert_int_equal(access.string, (low & 0x10) != 0);
            assert_int_equal(access.rep, (low & 0x20) != 0);
            assert_int_equal(access.immediate, (low & 0x40) != 0);
        }
    }
    assert_int_equal(vmx_decode_io(0xffff0003).port, 0xffff);
}

/* Tables 27-2 and 27-6. */
static void task_switch_and_apic(void **state)
{
    struct vmx_task_switch task = vmx_decode_task_switch(0xc0000028);
    struct vmx_apic_access apic = vmx_decode_apic_access(0x110b0);

    (void)state;
    assert_int_equal(task.selector, 0x28);
    assert_int_equal(task.source, VMX_TASK_GATE);
    assert_int_equal(vmx_decode_task_switch(0x00000008).source, VMX_TASK_CALL);
    assert_int_equal(vmx_decode_task_switch(0x40000008).source, VMX_TASK_IRET);
    assert_int_equal(vmx_decode_task_switch(0x80000008).source, VMX_TASK_JMP);
    assert_int_equal(apic.offset, 0xb0);
    assert_int_equal(apic.kind, VMX_APIC_LINEAR_WRITE);
    assert_true(apic.asynchronous);
    assert_int_equal(vmx_decode_apic_access(0xf000).kind, VMX_APIC_PHYSICAL);
    assert_int_equal(vmx_decode_apic_access(0xafff).kind, VMX_APIC_PHYSICAL_EVENT);
    assert_int_equal(vmx_decode_apic_access(0xafff).offset, 0xfff);
}

/* Table 27-7. */
static void ept_violation(void **state)
{
    struct vmx_ept_violation v = vmx_decode_ept_violation(0x182);

    (void)state;
    assert_true(v.write && v.linear_valid && v.final);
    assert_false(v.read || v.fetch || v.readable || v.writable || v.executable);
    v = vmx_decode_ept_violation(0x0ab); /* paging-structure access of a linear access, R and X */
    assert_true(v.read && v.write && v.readable && v.executable && v.linear_valid);
    assert_false(v.final || v.writable || v.fetch);
    v = vmx_decode_ept_violation(0x1f84 | 0x38);
    assert_true(v.fetch && v.readable && v.writable && v.executable && v.linear_user);
    assert_true(v.linear_writable && v.linear_no_execute && v.nmi_unblocking);
    /* Without a linear address the bits about it mean nothing. */
    v = vmx_decode_ept_violation(0x0f01);
    assert_false(v.linear_valid || v.final || v.linear_user || v.linear_writable ||
                 v.linear_no_execute);
    v = vmx_decode_ept_violation(0x1e041);
    assert_true(v.user_executable && v.shadow_stack && v.supervisor_shadow_stack);
    assert_true(v.paging_verification && v.asynchronous);
}

/* Tables 27-8 and 27-12. */
static void instruction_information(void **state)
{
    struct vmx_string_io_info string = vmx_decode_string_io_info(0x20100); /* 64-bit, FS */
    struct vmx_random_info random = vmx_decode_random_info(0x1058);

    (void)state;
    assert_int_equal(string.address_size, 8);
    assert_int_equal(string.segment, VMX_SEGMENT_FS);
    assert_int_equal(vmx_decode_string_io_info(0x18000).address_size, 2);
    assert_int_equal(vmx_decode_string_io_info(0x18000).segment, VMX_SEGMENT_DS);
    assert_int_equal(vmx_decode_string_io_info(0x00080).address_size, 4);
    for (uint32_t reserved = 3; reserved < 8; reserved++)
        assert_int_equal(vmx_decode_string_io_info(reserved << 7).address_size, 0);
    assert_int_equal(random.reg, 11);
    assert_int_equal(random.operand_size, 8);
    assert_int_equal(vmx_decode_random_info(0x0000).operand_size, 2);
    assert_int_equal(vmx_decode_random_info(0x0800).operand_size, 4);
    assert_int_equal(vmx_decode_random_info(0x1800).operand_size, 0);
}

/* Tables 27-9 to 27-11, 27-13 and 27-14. */
static void memory_operands(void **state)
{
    /* scale 3, 64-bit address, DS, index r9, base rsp, reg2 r12, identity bits of reg2 */
    const uint32_t full = 3U | (2U << 7) | (3U << 15) | (9U << 18) | (4U << 23) | (12U << 28) |
                          (5U << 3);
    const uint32_t no_index = X86_BIT32(22);
    const uint32_t no_base = X86_BIT32(27);
    struct vmx_operand_info operand = vmx_decode_invalidate_info(full);
    struct vmx_selector_info selector;
    struct vmx_table_info table;

    (void)state;
    assert_int_equal(operand.memory.scale, 3);
    assert_int_equal(operand.memory.address_size, 8);
    assert_int_equal(operand.memory.segment, VMX_SEGMENT_DS);
    assert_true(operand.memory.has_index && operand.memory.has_base);
    assert_int_equal(operand.memory.index, 9);
    assert_int_equal(operand.memory.base, 4);
    assert_int_equal(operand.reg2, 12);
    assert_false(operand.in_register);

    operand = vmx_decode_memory_info(full | no_index | no_base);
    assert_false(operand.memory.has_index || operand.memory.has_base);
    assert_int_equal(operand.memory.index | operand.memory.base | operand.memory.scale, 0);
    assert_int_equal(operand.reg2, 0);

    operand = vmx_decode_vmread_info(full | X86_BIT32(10));
    assert_true(operand.in_register);
    assert_int_equal(operand.reg1, 5);
    assert_int_equal(operand.reg2, 12);
    assert_int_equal(operand.memory.address_size, 0);
    operand = vmx_decode_vmread_info(full);
    assert_false(operand.in_register);
    assert_int_equal(operand.reg1, 0);
    assert_int_equal(operand.memory.base, 4);

    table = vmx_decode_table_info((full & 0x0fffffff) | (2U << 28) | X86_BIT32(11));
    assert_int_equal(table.instruction, VMX_LGDT);
    assert_true(table.operand_32);
    assert_int_equal(table.memory.index, 9);
    assert_int_equal(vmx_decode_table_info(3U << 28).instruction, VMX_LIDT);
    assert_int_equal(vmx_decode_table_info(1U << 28).instruction, VMX_SIDT);

    selector = vmx_decode_selector_info((3U << 28) | X86_BIT32(10) | (7U << 3));
    assert_int_equal(selector.instruction, VMX_LTR);
    assert_true(selector.in_register);
    assert_int_equal(selector.reg, 7);
    selector = vmx_decode_selector_info(full & 0x0fffffff);
    assert_int_equal(selector.instruction, VMX_SLDT);
    assert_false(selector.in_register);
    assert_int_equal(selector.memory.segment, VMX_SEGMENT_DS);
}

/* No value makes a decoder leave its ranges; the sanitizers watch. */
static void any_value(void **state)
{
    uint64_t value = 0x9e3779b97f4a7c15;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        value = value * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        assert_true(vmx_decode_cr_access(value).gpr < 16);
        assert_true(vmx_decode_dr_access(value).gpr < 16);
        assert_true(vmx_decode_dr_access(value).dr < 8);
        assert_true(vmx_decode_io(value).size <= 4);
        assert_true(vmx_decode_task_switch(value).source <= VMX_TASK_GATE);
        assert_true(vmx_decode_apic_access(value).offset < 0x1000);
        assert_true(vmx_decode_vmread_info((uint32_t)value).reg2 < 16);
        assert_true(vmx_decode_selector_info((uint32_t)value).memory.base < 16);
        assert_true(vmx_decode_table_info((uint32_t)value).memory.segment < 8);
    }
}

/*
 * A field comes from its own bits alone: with all of them 0 and every other bit 1 (but those in
 * clear, which select another format) it is 0.
 */
#define ASSERT_ONLY(decode, member, own, clear) \
    assert_int_equal(decode((~UINT64_C(0)) & ~(uint64_t)(own) & ~(uint64_t)(clear)).member, 0)
#define ASSERT_ONLY32(decode, member, own, clear) \
    assert_int_equal(decode(UINT32_MAX & ~(uint32_t)(own) & ~(uint32_t)(clear)).member, 0)

static void qualification_fields(void **state)
{
    (void)state;
    ASSERT_ONLY(vmx_decode_cr_access, cr, 0xf, 0x30);
    ASSERT_ONLY(vmx_decode_cr_access, kind, 0x30, 0);
    ASSERT_ONLY(vmx_decode_cr_access, gpr, 0xf00, 0x20);
    ASSERT_ONLY(vmx_decode_cr_access, lmsw_memory, 0x40, 0);
    ASSERT_ONLY(vmx_decode_cr_access, lmsw_operand, 0xffff0000, 0);
    ASSERT_ONLY(vmx_decode_dr_access, dr, 0x7, 0);
    ASSERT_ONLY(vmx_decode_dr_access, from_dr, 0x10, 0);
    ASSERT_ONLY(vmx_decode_dr_access, gpr, 0xf00, 0);
    ASSERT_ONLY(vmx_decode_debug_exception, breakpoints, 0xf, 0);
    ASSERT_ONLY(vmx_decode_debug_exception, bus_lock, 0x800, 0);
    ASSERT_ONLY(vmx_decode_debug_exception, dr_access, 0x2000, 0);
    ASSERT_ONLY(vmx_decode_debug_exception, single_step, 0x4000, 0);
    ASSERT_ONLY(vmx_decode_debug_exception, rtm, 0x10000, 0);
    ASSERT_ONLY(vmx_decode_task_switch, selector, 0xffff, 0);
    ASSERT_ONLY(vmx_decode_task_switch, source, 0xc0000000, 0);
    ASSERT_ONLY(vmx_decode_apic_access, offset, 0xfff, 0);
    ASSERT_ONLY(vmx_decode_apic_access, kind, 0xf000, 0);
    ASSERT_ONLY(vmx_decode_apic_access, asynchronous, 0x10000, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, read, 0x1, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, write, 0x2, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, fetch, 0x4, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, readable, 0x8, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, writable, 0x10, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, executable, 0x20, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, user_executable, 0x40, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, linear_valid, 0x80, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, final, 0x100, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, linear_user, 0x200, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, linear_writable, 0x400, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, linear_no_execute, 0x800, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, nmi_unblocking, 0x1000, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, shadow_stack, 0x2000, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, supervisor_shadow_stack, 0x4000, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, paging_verification, 0x8000, 0);
    ASSERT_ONLY(vmx_decode_ept_violation, asynchronous, 0x10000, 0);
}

static void information_fields(void **state)
{
    const uint32_t valid = X86_BIT32(22) | X86_BIT32(27); /* index and base exist */
    const uint32_t memory = X86_BIT32(10);                /* the operand is memory */

    (void)state;
    /* Address sizes: 0 stands for 2 bytes, so a stray bit would make another size. */
    assert_int_equal(vmx_decode_string_io_info(~0x380U).address_size, 2);
    assert_int_equal(vmx_decode_memory_info(~0x380U).memory.address_size, 2);
    assert_int_equal(vmx_decode_random_info(~0x1800U).operand_size, 2);
    ASSERT_ONLY32(vmx_decode_string_io_info, segment, 0x38000, 0);
    ASSERT_ONLY32(vmx_decode_random_info, reg, 0x78, 0);
    ASSERT_ONLY32(vmx_decode_memory_info, memory.scale, 0x3, valid);
    ASSERT_ONLY32(vmx_decode_memory_info, memory.segment, 0x38000, valid);
    ASSERT_ONLY32(vmx_decode_memory_info, memory.index, 0x3c0000, valid);
    ASSERT_ONLY32(vmx_decode_memory_info, memory.base, 0x7800000, valid);
    ASSERT_ONLY32(vmx_decode_invalidate_info, reg2, 0xf0000000, 0);
    ASSERT_ONLY32(vmx_decode_vmread_info, reg1, 0x78, 0);
    ASSERT_ONLY32(vmx_decode_vmread_info, reg2, 0xf0000000, 0);
    ASSERT_ONLY32(vmx_decode_vmread_info, in_register, memory, 0);
    ASSERT_ONLY32(vmx_decode_table_info, instruction, 0x30000000, 0);
    ASSERT_ONLY32(vmx_decode_table_info, operand_32, 0x800, 0);
    ASSERT_ONLY32(vmx_decode_selector_info, instruction, 0x30000000, 0);
    ASSERT_ONLY32(vmx_decode_selector_info, reg, 0x78, 0);
    ASSERT_ONLY32(vmx_decode_selector_info, in_register, memory, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons),
        cmocka_unit_test(reason_field),
        cmocka_unit_test(instruction_length),
        cmocka_unit_test(instruction_errors),
        cmocka_unit_test(cr_access),
        cmocka_unit_test(debug_registers),
        cmocka_unit_test(io),
        cmocka_unit_test(task_switch_and_apic),
        cmocka_unit_test(ept_violation),
        cmocka_unit_test(instruction_information),
        cmocka_unit_test(memory_operands),
        cmocka_unit_test(any_value),
        cmocka_unit_test(qualification_fields),
        cmocka_unit_test(information_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
