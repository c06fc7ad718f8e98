/* SPDX-License-Identifier: BSD-2-Clause */
/* Exit decoding: qualifications made by hand from SDM vol. 3, tables 27-1 to 27-14. */

#include "test.h"

#include <string.h>

#include <x86/vmx_exit.h>

#include "vmx/exit.h"

/* Register n holds n * 0x1111111100000001, so that halves differ; rsp comes from elsewhere. */
static uint64_t general[16];
#define RSP_VALUE UINT64_C(0x7777000066660000)

static int setup(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 16; i++)
        general[i] = i * UINT64_C(0x1111111100000001);
    general[4] = 0xbad;
    return 0;
}

static struct nacelle_exit decode(struct vmx_exit_info info)
{
    info.rsp = RSP_VALUE;
    return vmx_decode_exit(&info, general);
}

static struct nacelle_exit simple(uint32_t reason)
{
    return decode((struct vmx_exit_info){.reason = reason, .length = 3});
}

static void kinds(void **state)
{
    static const struct {
        uint32_t reason, kind, number, length;
    } cases[] = {
        {VMX_EXIT_REASON_TRIPLE_FAULT, NACELLE_EXIT_SHUTDOWN, 0, 0},
        {VMX_EXIT_REASON_INIT_SIGNAL, NACELLE_EXIT_INIT, 0, 0},
        {VMX_EXIT_REASON_IO_SMI, NACELLE_EXIT_UNKNOWN, 0, 0},
        {VMX_EXIT_REASON_OTHER_SMI, NACELLE_EXIT_UNKNOWN, 0, 0},
        {VMX_EXIT_REASON_INTERRUPT_WINDOW, NACELLE_EXIT_INTERRUPT_WINDOW, 0, 0},
        {VMX_EXIT_REASON_NMI_WINDOW, NACELLE_EXIT_NMI_WINDOW, 0, 0},
        {VMX_EXIT_REASON_CPUID, NACELLE_EXIT_CPUID, 0, 3},
        {VMX_EXIT_REASON_GETSEC, NACELLE_EXIT_GETSEC, 0, 3},
        {VMX_EXIT_REASON_HLT, NACELLE_EXIT_HLT, 0, 3},
        {VMX_EXIT_REASON_INVD, NACELLE_EXIT_CACHE, 0, 3},
        {VMX_EXIT_REASON_INVLPG, NACELLE_EXIT_INVLPG, 0, 3},
        {VMX_EXIT_REASON_RDPMC, NACELLE_EXIT_RDPMC, 1, 3},
        {VMX_EXIT_REASON_RDTSC, NACELLE_EXIT_TSC, 0, 3},
        {VMX_EXIT_REASON_RSM, NACELLE_EXIT_RSM, 0, 3},
        {VMX_EXIT_REASON_VMCALL, NACELLE_EXIT_HYPERCALL, 0, 3},
        {VMX_EXIT_REASON_VMCLEAR, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_VMCLEAR, 3},
        {VMX_EXIT_REASON_VMLAUNCH, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_VMLAUNCH, 3},
        {VMX_EXIT_REASON_VMPTRLD, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_VMPTRLD, 3},
        {VMX_EXIT_REASON_VMPTRST, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_VMPTRST, 3},
        {VMX_EXIT_REASON_VMREAD, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_VMREAD, 3},
        {VMX_EXIT_REASON_VMRESUME, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_VMRESUME, 3},
        {VMX_EXIT_REASON_VMWRITE, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_VMWRITE, 3},
        {VMX_EXIT_REASON_VMXOFF, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_VMXOFF, 3},
        {VMX_EXIT_REASON_VMXON, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_VMXON, 3},
        {VMX_EXIT_REASON_CR_ACCESS, NACELLE_EXIT_CONTROL_REGISTER, 0, 3},
        {VMX_EXIT_REASON_MOV_DR, NACELLE_EXIT_DEBUG_REGISTER, 0, 3},
        {VMX_EXIT_REASON_IO_INSTRUCTION, NACELLE_EXIT_PORT, 0, 3},
        {VMX_EXIT_REASON_RDMSR, NACELLE_EXIT_MSR, 1, 3},
        {VMX_EXIT_REASON_WRMSR, NACELLE_EXIT_MSR, 1, 3},
        {35, NACELLE_EXIT_UNKNOWN, 0, 0},
        {VMX_EXIT_REASON_MWAIT, NACELLE_EXIT_MWAIT, 0, 3},
        {VMX_EXIT_REASON_MONITOR_TRAP_FLAG, NACELLE_EXIT_SINGLE_STEP, 0, 0},
        {38, NACELLE_EXIT_UNKNOWN, 0, 0},
        {VMX_EXIT_REASON_MONITOR, NACELLE_EXIT_MONITOR, 0, 3},
        {VMX_EXIT_REASON_PAUSE, NACELLE_EXIT_PAUSE, 0, 3},
        {VMX_EXIT_REASON_TPR_BELOW_THRESHOLD, NACELLE_EXIT_UNKNOWN, 0, 0},
        {VMX_EXIT_REASON_APIC_ACCESS, NACELLE_EXIT_UNKNOWN, 0, 0},
        {VMX_EXIT_REASON_VIRTUALIZED_EOI, NACELLE_EXIT_APIC_EOI, 0, 0},
        {VMX_EXIT_REASON_GDTR_IDTR_ACCESS, NACELLE_EXIT_DESCRIPTOR_TABLE, 0, 3},
        {VMX_EXIT_REASON_LDTR_TR_ACCESS, NACELLE_EXIT_DESCRIPTOR_TABLE, 4, 3},
        {VMX_EXIT_REASON_EPT_VIOLATION, NACELLE_EXIT_MEMORY, 0, 0},
        {VMX_EXIT_REASON_EPT_MISCONFIGURATION, NACELLE_EXIT_MISCONFIGURATION, 0, 0},
        {VMX_EXIT_REASON_INVEPT, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_INVEPT, 3},
        {VMX_EXIT_REASON_RDTSCP, NACELLE_EXIT_TSC, 1, 3},
        {VMX_EXIT_REASON_INVVPID, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_INVVPID, 3},
        {VMX_EXIT_REASON_WBINVD, NACELLE_EXIT_CACHE, 1, 3},
        {VMX_EXIT_REASON_XSETBV, NACELLE_EXIT_XSETBV, 1, 3},
        {VMX_EXIT_REASON_APIC_WRITE, NACELLE_EXIT_APIC_WRITE, 0, 0},
        {VMX_EXIT_REASON_RDRAND, NACELLE_EXIT_RANDOM, 0, 3},
        {VMX_EXIT_REASON_INVPCID, NACELLE_EXIT_INVPCID, 0, 3},
        {VMX_EXIT_REASON_VMFUNC, NACELLE_EXIT_VIRTUALIZATION, NACELLE_VIRT_VMFUNC, 3},
        {VMX_EXIT_REASON_ENCLS, NACELLE_EXIT_UNKNOWN, 0, 0},
        {VMX_EXIT_REASON_RDSEED, NACELLE_EXIT_RANDOM, 1, 3},
        {VMX_EXIT_REASON_XSAVES, NACELLE_EXIT_XSAVES, 0, 3},
        {VMX_EXIT_REASON_XRSTORS, NACELLE_EXIT_XSAVES, 1, 3},
        {VMX_EXIT_REASON_BUS_LOCK, NACELLE_EXIT_UNKNOWN, 0, 0},
        {76, NACELLE_EXIT_UNKNOWN, 0, 0},
        {0xffff, NACELLE_EXIT_UNKNOWN, 0, 0},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct nacelle_exit exit = simple(cases[i].reason);

        assert_int_equal(exit.kind, cases[i].kind);
        assert_int_equal(exit.number, cases[i].number);
        assert_int_equal(exit.instruction_length, cases[i].length);
        assert_int_equal(exit.raw_reason, cases[i].reason);
        assert_int_equal(exit.vendor, NACELLE_VENDOR_VMX);
    }
}

/* Any reason with any values has a result, with indices in range (the sanitizers watch). */
static void every_reason_and_random_values(void **state)
{
    uint64_t seed = 42;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        struct vmx_exit_info info = {
            .reason = (uint32_t)(i % 0x60),
            .length = (uint32_t)test_random(&seed),
            .instruction = (uint32_t)test_random(&seed),
            .information = (uint32_t)test_random(&seed),
            .error = (uint32_t)test_random(&seed),
            .vectoring = (uint32_t)test_random(&seed),
            .qualification = test_random(&seed),
            .long_64 = (test_random(&seed) & 1) != 0,
            .string_info = (test_random(&seed) & 1) != 0,
        };
        struct nacelle_exit exit = decode(info);

        assert_true(exit.kind != NACELLE_EXIT_NONE && exit.kind < NACELLE_EXIT_COUNT);
        assert_true(vmx_operand_segment(info.reason, info.instruction) <= 5);
    }
}

static void port(void **state)
{
    struct nacelle_exit exit;

    (void)state;
    /* OUT DX, AX to 0xcfc: size - 1 = 1. */
    exit = decode((struct vmx_exit_info){.reason = 30, .qualification = 0xcfc0001});
    assert_int_equal(exit.number, 0xcfc);
    assert_int_equal(exit.size, 2);
    assert_int_equal(exit.flags, NACELLE_EXIT_WRITE);
    assert_int_equal(exit.value, general[0] & 0xffff);
    /* IN AL, 0x60: bit 3 in, bit 6 immediate. */
    exit = decode((struct vmx_exit_info){.reason = 30, .qualification = 0x600048});
    assert_int_equal(exit.number, 0x60);
    assert_int_equal(exit.size, 1);
    assert_int_equal(exit.flags, NACELLE_EXIT_READ | NACELLE_EXIT_IMMEDIATE);
    assert_int_equal(exit.value, 0);
    /* OUT DX, EAX: size - 1 = 3. */
    general[0] = 0x1122334455667788;
    exit = decode((struct vmx_exit_info){.reason = 30, .qualification = 0xffff0003});
    assert_int_equal(exit.number, 0xffff);
    assert_int_equal(exit.size, 4);
    assert_int_equal(exit.value, 0x55667788);
    assert_int_equal(exit.gva, 0);
}

static void port_string(void **state)
{
    struct nacelle_exit exit;

    (void)state;
    /* REP OUTSW with FS and 32-bit addresses: 4 string, 5 rep; info 9:7 = 1, 17:15 = 4. */
    exit = decode((struct vmx_exit_info){.reason = 30,
                                         .qualification = 0x1f00031,
                                         .instruction = 1u << 7 | 4u << 15,
                                         .gva = 0x123456,
                                         .string_info = true});
    assert_int_equal(exit.number, 0x1f0);
    assert_int_equal(exit.flags, NACELLE_EXIT_WRITE | NACELLE_EXIT_STRING | NACELLE_EXIT_REPEAT |
                                     NACELLE_EXIT_GVA_VALID);
    assert_int_equal(exit.detail, 4 | 4 << 8);
    assert_int_equal(exit.count, general[1] & 0xffffffff);
    assert_int_equal(exit.gva, 0x123456);
    assert_int_equal(exit.value, 0);
    /* INSB, 64-bit addresses: ES whatever the field says, count 1. */
    exit = decode((struct vmx_exit_info){.reason = 30,
                                         .qualification = 0x1f00018,
                                         .instruction = 2u << 7 | 5u << 15,
                                         .string_info = true});
    assert_int_equal(exit.detail, 0 | 8 << 8);
    assert_int_equal(exit.count, 1);
    assert_int_equal(exit.flags, NACELLE_EXIT_READ | NACELLE_EXIT_STRING | NACELLE_EXIT_GVA_VALID);
    /* REP INSB with 16-bit addresses counts in cx. */
    general[1] = 0xabcd0003;
    exit = decode((struct vmx_exit_info){
        .reason = 30, .qualification = 0x1f00038, .instruction = 0, .string_info = true});
    assert_int_equal(exit.count, 3);
    /* Without the information nothing is made up. */
    exit = decode((struct vmx_exit_info){
        .reason = 30, .qualification = 0x1f00010, .instruction = ~0u, .string_info = false});
    assert_int_equal(exit.detail, 0);
}

static void memory(void **state)
{
    struct nacelle_exit exit;

    (void)state;
    exit = decode((struct vmx_exit_info){
        .reason = 48, .qualification = 0x182 | 1 << 3, .gpa = 0xfee00000, .gva = 0x1234});
    assert_int_equal(exit.flags, NACELLE_EXIT_WRITE | NACELLE_EXIT_GVA_VALID);
    assert_int_equal(exit.gpa, 0xfee00000);
    assert_int_equal(exit.gva, 0x1234);
    assert_int_equal(exit.detail, 1);
    /* A walk: linear address valid, not the final access. */
    exit = decode((struct vmx_exit_info){.reason = 48, .qualification = 0x81, .gva = 0x1234});
    assert_int_equal(exit.flags, NACELLE_EXIT_READ | NACELLE_EXIT_GVA_VALID | NACELLE_EXIT_WALK);
    /* A fetch; no linear address (MOV CR3 loading PDPTEs has none). */
    exit = decode((struct vmx_exit_info){.reason = 48, .qualification = 0x3c, .gva = 0x1234});
    assert_int_equal(exit.flags, NACELLE_EXIT_EXECUTE);
    assert_int_equal(exit.gva, 0);
    assert_int_equal(exit.detail, 7);
    exit = decode((struct vmx_exit_info){.reason = 49, .gpa = 0x1000});
    assert_int_equal(exit.gpa, 0x1000);
}

static void registers_as_operands(void **state)
{
    struct nacelle_exit exit;

    (void)state;
    exit = simple(VMX_EXIT_REASON_CPUID);
    assert_int_equal(exit.number, (uint32_t)general[0]);
    assert_int_equal(exit.detail, (uint32_t)general[1]);
    general[0] = 0xaaaaaaaa11111111;
    general[1] = 0xbbbbbbbbc0000080;
    general[2] = 0xcccccccc22222222;
    exit = simple(VMX_EXIT_REASON_RDMSR);
    assert_int_equal(exit.flags, NACELLE_EXIT_READ);
    assert_int_equal(exit.number, 0xc0000080);
    assert_int_equal(exit.value, 0);
    exit = simple(VMX_EXIT_REASON_WRMSR);
    assert_int_equal(exit.flags, NACELLE_EXIT_WRITE);
    assert_int_equal(exit.value, 0x2222222211111111);
    exit = simple(VMX_EXIT_REASON_XSETBV);
    assert_int_equal(exit.number, 0xc0000080);
    assert_int_equal(exit.value, 0x2222222211111111);
    assert_int_equal(simple(VMX_EXIT_REASON_RDPMC).number, 0xc0000080);
    assert_int_equal(simple(VMX_EXIT_REASON_VMCALL).number, 0x11111111);
}

static void control_registers(void **state)
{
    struct nacelle_exit exit;

    (void)state;
    /* MOV CR0, R9. */
    exit = decode((struct vmx_exit_info){.reason = 28, .qualification = 0x900});
    assert_int_equal(exit.number, 0);
    assert_int_equal(exit.flags, NACELLE_EXIT_WRITE);
    assert_int_equal(exit.detail, 9);
    assert_int_equal(exit.value, general[9]);
    /* MOV CR4, RSP: index 4 is not in the page. */
    exit = decode((struct vmx_exit_info){.reason = 28, .qualification = 0x404});
    assert_int_equal(exit.number, 4);
    assert_int_equal(exit.value, RSP_VALUE);
    /* MOV RBX, CR8. */
    exit = decode((struct vmx_exit_info){.reason = 28, .qualification = 0x318});
    assert_int_equal(exit.number, 8);
    assert_int_equal(exit.flags, NACELLE_EXIT_READ);
    assert_int_equal(exit.detail, 3);
    assert_int_equal(exit.value, 0);
    /* CLTS. */
    exit = decode((struct vmx_exit_info){.reason = 28, .qualification = 0x20});
    assert_int_equal(exit.flags, NACELLE_EXIT_WRITE | NACELLE_EXIT_CR_CLTS);
    /* LMSW 0xfff1 from memory, and from a register. */
    exit = decode((struct vmx_exit_info){.reason = 28, .qualification = 0xfff10070, .gva = 0x5678});
    assert_int_equal(exit.flags,
                     NACELLE_EXIT_WRITE | NACELLE_EXIT_CR_LMSW | NACELLE_EXIT_GVA_VALID);
    assert_int_equal(exit.value, 0xfff1);
    assert_int_equal(exit.gva, 0x5678);
    exit = decode((struct vmx_exit_info){.reason = 28, .qualification = 0xfff10030, .gva = 0x5678});
    assert_int_equal(exit.flags, NACELLE_EXIT_WRITE | NACELLE_EXIT_CR_LMSW);
    assert_int_equal(exit.gva, 0);
}

static void debug_registers(void **state)
{
    struct nacelle_exit exit;

    (void)state;
    exit = decode((struct vmx_exit_info){.reason = 29, .qualification = 0xf07}); /* MOV DR7, R15 */
    assert_int_equal(exit.number, 7);
    assert_int_equal(exit.flags, NACELLE_EXIT_WRITE);
    assert_int_equal(exit.value, general[15]);
    exit = decode((struct vmx_exit_info){.reason = 29, .qualification = 0x216}); /* MOV RDX, DR6 */
    assert_int_equal(exit.number, 6);
    assert_int_equal(exit.flags, NACELLE_EXIT_READ);
    assert_int_equal(exit.detail, 2);
}

static void exceptions(void **state)
{
    struct nacelle_exit exit;

    (void)state;
    /* #PF with error code: type 3, bit 11. */
    exit = decode((struct vmx_exit_info){
        .reason = 0, .information = 0x80000b0e, .error = 7, .qualification = 0xdead000});
    assert_int_equal(exit.number, 14);
    assert_int_equal(exit.flags, NACELLE_EXIT_ERROR_CODE);
    assert_int_equal(exit.detail, 7);
    assert_int_equal(exit.value, 0xdead000);
    assert_int_equal(exit.instruction_length, 0);
    /* #DB: the cause. */
    exit = decode(
        (struct vmx_exit_info){.reason = 0, .information = 0x80000301, .qualification = 0x4000});
    assert_int_equal(exit.number, 1);
    assert_int_equal(exit.value, 0x4000);
    assert_int_equal(exit.flags, 0);
    /* INT3 has a length; a stale error code is not reported. */
    exit = decode(
        (struct vmx_exit_info){.reason = 0, .information = 0x80000603, .length = 1, .error = 0x55});
    assert_int_equal(exit.number, 3);
    assert_int_equal(exit.instruction_length, 1);
    assert_int_equal(exit.detail, 0);
}

static void task_switches(void **state)
{
    struct nacelle_exit exit;

    (void)state;
    exit = decode((struct vmx_exit_info){.reason = 9, .qualification = 0x80000028, .length = 7});
    assert_int_equal(exit.number, 0x28);
    assert_int_equal(exit.detail, 2); /* JMP */
    assert_int_equal(exit.instruction_length, 7);
    /* #GP through a task gate: error code, no instruction ends. */
    exit = decode((struct vmx_exit_info){.reason = 9,
                                         .qualification = 0xc0000030,
                                         .length = 7,
                                         .vectoring = 0x80000b0d,
                                         .vectoring_error = 0x18});
    assert_int_equal(exit.detail, 3);
    assert_int_equal(exit.flags, NACELLE_EXIT_VECTORING | NACELLE_EXIT_ERROR_CODE);
    assert_int_equal(exit.value, 0x18);
    assert_int_equal(exit.vectoring, 0x80000b0d);
    assert_int_equal(exit.instruction_length, 0);
    /* INT n through a task gate: its length counts. */
    exit = decode((struct vmx_exit_info){
        .reason = 9, .qualification = 0xc0000030, .length = 2, .vectoring = 0x80000421});
    assert_int_equal(exit.instruction_length, 2);
}

/* Instruction information: base r10 (26:23), index r9 (21:18), scale 2, address size, segment. */
static uint32_t operand_info(unsigned address_size, unsigned segment)
{
    return 2u | address_size << 7 | segment << 15 | 9u << 18 | 10u << 23;
}

static void descriptor_tables(void **state)
{
    struct nacelle_exit exit;
    uint64_t address = 0x10 + general[10] + (general[9] << 2);

    (void)state;
    /* LGDT with 64-bit address in DS: the base of DS is nothing in 64-bit mode. */
    exit = decode((struct vmx_exit_info){.reason = 46,
                                         .qualification = 0x10,
                                         .instruction = operand_info(2, 3) | 2u << 28,
                                         .segment_base = 0x5000,
                                         .long_64 = true});
    assert_int_equal(exit.number, 2);
    assert_int_equal(exit.flags, NACELLE_EXIT_WRITE | NACELLE_EXIT_GVA_VALID);
    assert_int_equal(exit.gva, address);
    /* SIDT in GS. */
    exit = decode((struct vmx_exit_info){.reason = 46,
                                         .qualification = 0x10,
                                         .instruction = operand_info(2, 5) | 1u << 28,
                                         .segment_base = 0x5000,
                                         .long_64 = true});
    assert_int_equal(exit.number, 1);
    assert_int_equal(exit.flags, NACELLE_EXIT_READ | NACELLE_EXIT_GVA_VALID);
    assert_int_equal(exit.gva, address + 0x5000);
    /* 16-bit addresses in a 32-bit segment. */
    exit = decode((struct vmx_exit_info){.reason = 46,
                                         .qualification = 0x10,
                                         .instruction = operand_info(0, 3) | 3u << 28,
                                         .segment_base = 0xffff0000});
    assert_int_equal(exit.number, 3);
    assert_int_equal(exit.gva, 0xffff0000 + (address & 0xffff));
    /* STR EDX: bit 10 register, 6:3 which. */
    exit =
        decode((struct vmx_exit_info){.reason = 47, .instruction = 1u << 28 | 1u << 10 | 2u << 3});
    assert_int_equal(exit.number, 5);
    assert_int_equal(exit.flags, NACELLE_EXIT_READ);
    assert_int_equal(exit.detail, 2);
    /* LTR from memory. */
    exit =
        decode((struct vmx_exit_info){.reason = 47, .instruction = operand_info(1, 3) | 3u << 28});
    assert_int_equal(exit.number, 7);
    assert_int_equal(exit.flags, NACELLE_EXIT_WRITE | NACELLE_EXIT_GVA_VALID);
}

static void others(void **state)
{
    struct nacelle_exit exit;

    (void)state;
    exit = decode((struct vmx_exit_info){.reason = 14, .qualification = 0x12345000});
    assert_int_equal(exit.gva, 0x12345000);
    assert_int_equal(exit.flags, NACELLE_EXIT_GVA_VALID);
    exit = decode((struct vmx_exit_info){.reason = 4, .qualification = 0x9a});
    assert_int_equal(exit.number, 0x9a);
    /* RDSEED R11, 64 bits: 6:3 register, 12:11 size. */
    exit = decode((struct vmx_exit_info){.reason = 61, .instruction = 11u << 3 | 2u << 11});
    assert_int_equal(exit.number, 1);
    assert_int_equal(exit.detail, 11);
    assert_int_equal(exit.size, 8);
    /* INVPCID: 31:28 the register of the type; base RSP. */
    exit = decode(
        (struct vmx_exit_info){.reason = 58,
                               .instruction = 2u << 7 | 3u << 15 | 1u << 22 | 4u << 23 | 7u << 28,
                               .qualification = 8,
                               .long_64 = true});
    assert_int_equal(exit.detail, 7);
    assert_int_equal(exit.gva, RSP_VALUE + 8);
    /* Entry failure: bit 31 stays visible. */
    exit = decode((struct vmx_exit_info){.reason = 0x80000021});
    assert_int_equal(exit.kind, NACELLE_EXIT_ENTRY_REFUSED);
    assert_int_equal(exit.flags, NACELLE_EXIT_ENTRY_FAILED);
    assert_int_equal(exit.raw_reason, 0x80000021);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(kinds, setup),
    cmocka_unit_test_setup(every_reason_and_random_values, setup),
    cmocka_unit_test_setup(port, setup),
    cmocka_unit_test_setup(port_string, setup),
    cmocka_unit_test_setup(memory, setup),
    cmocka_unit_test_setup(registers_as_operands, setup),
    cmocka_unit_test_setup(control_registers, setup),
    cmocka_unit_test_setup(debug_registers, setup),
    cmocka_unit_test_setup(exceptions, setup),
    cmocka_unit_test_setup(task_switches, setup),
    cmocka_unit_test_setup(descriptor_tables, setup),
    cmocka_unit_test_setup(others, setup),
};

TEST_MAIN(tests)
