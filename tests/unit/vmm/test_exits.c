/* SPDX-License-Identifier: BSD-2-Clause */
#include "vcpu_test.h"

static enum vmm_action handle(struct nacelle_exit exit)
{
    state_page.exit = exit;
    state_page.exit.instruction_length = exit.kind == NACELLE_EXIT_MEMORY ? 0 : 2;
    vcpu.exception = 0;
    return vmm_handle_exit(&vcpu);
}

static struct nacelle_exit in(uint16_t port, unsigned size)
{
    return (struct nacelle_exit){
        .kind = NACELLE_EXIT_PORT, .flags = NACELLE_EXIT_READ, .number = port, .size = size};
}

static void in_follows_the_rules_of_register_widths(void **state)
{
    (void)state;
    state_page.general[RAX] = 0x1122334455667788ull;
    assert_int_equal(handle(in(0x402, 1)), VMM_ADVANCE);
    assert_true(state_page.general[RAX] == 0x11223344556677e9ull);
    handle(in(0x1f0, 2));
    assert_true(state_page.general[RAX] == 0x112233445566ffffull);
    handle(in(0x1f0, 4));
    assert_true(state_page.general[RAX] == 0xffffffffull);
    assert_int_equal(handle(in(0x1f0, 3)), VMM_STOP);
}

static void out_reaches_the_device(void **state)
{
    (void)state;
    assert_int_equal(handle((struct nacelle_exit){.kind = NACELLE_EXIT_PORT,
                                                  .flags = NACELLE_EXIT_WRITE,
                                                  .number = 0x21,
                                                  .size = 1,
                                                  .value = 0xfffffffffffffffbull}),
                     VMM_ADVANCE);
    assert_int_equal(vmm_ports_read(&pc.ports, 0x21, 1), 0xfb);
}

static void cpuid_answers_from_the_table(void **state)
{
    (void)state;
    assert_int_equal(handle((struct nacelle_exit){.kind = NACELLE_EXIT_CPUID, .number = 0}),
                     VMM_ADVANCE);
    assert_int_equal(state_page.general[RAX], 0x16);
    assert_true(state_page.general[RBX] == 0x756e6547); /* upper halves are cleared */
    handle((struct nacelle_exit){.kind = NACELLE_EXIT_CPUID, .number = 1});
    assert_int_equal(state_page.general[RCX] & 1u << 27, 0);
    state_page.cr4 = 1u << 18; /* OSXSAVE */
    handle((struct nacelle_exit){.kind = NACELLE_EXIT_CPUID, .number = 1});
    assert_true(state_page.general[RCX] & 1u << 27);
    handle((struct nacelle_exit){.kind = NACELLE_EXIT_CPUID, .number = 0xd});
    assert_int_equal(state_page.general[RAX], 7);
    assert_int_equal(state_page.general[RBX], 576);
    assert_int_equal(state_page.general[RCX], 832);
}

static void msrs(void **state)
{
    (void)state;
    state_page.general[RAX] = UINT64_MAX;
    assert_int_equal(handle((struct nacelle_exit){
                         .kind = NACELLE_EXIT_MSR, .flags = NACELLE_EXIT_READ, .number = 0x1a0}),
                     VMM_ADVANCE);
    assert_int_equal(state_page.general[RAX], 0x1801);
    assert_int_equal(state_page.general[RDX], 0);
    assert_int_equal(handle((struct nacelle_exit){
                         .kind = NACELLE_EXIT_MSR, .flags = NACELLE_EXIT_WRITE, .number = 0x1a0}),
                     VMM_ADVANCE);
    assert_int_equal(handle((struct nacelle_exit){
                         .kind = NACELLE_EXIT_MSR, .flags = NACELLE_EXIT_READ, .number = 0x800}),
                     VMM_AGAIN);
    assert_int_equal(vcpu.exception, 0x80000b0d); /* #GP with an error code */
    assert_int_equal(vcpu.exception_error, 0);
}

static void instructions_that_the_processor_does_not_have(void **state)
{
    static const uint32_t kinds[] = {NACELLE_EXIT_HYPERCALL, NACELLE_EXIT_VIRTUALIZATION,
                                     NACELLE_EXIT_MWAIT, NACELLE_EXIT_GETSEC};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        assert_int_equal(handle((struct nacelle_exit){.kind = kinds[i]}), VMM_AGAIN);
        assert_int_equal(vcpu.exception, 0x80000306); /* #UD */
    }
}

static void xsetbv(void **state)
{
    struct nacelle_exit exit = {.kind = NACELLE_EXIT_XSETBV, .number = 0, .value = 7};

    (void)state;
    assert_int_equal(handle(exit), VMM_ADVANCE);
    assert_int_equal(state_page.xcr0, 7);
    assert_true(state_page.dirty & NACELLE_GROUP_CONTROL);
    assert_true(fetched & NACELLE_GROUP_CONTROL);
    for (unsigned i = 0; i < 4; i++) {
        static const uint64_t bad[] = {0, 5, 0x1f, 0xe7}; /* no x87; AVX alone; MPX; AVX-512 */

        exit.value = bad[i];
        assert_int_equal(handle(exit), VMM_AGAIN);
        assert_int_equal(vcpu.exception, 0x80000b0d); /* #GP */
    }
    exit.value = 7;
    exit.number = 1;
    assert_int_equal(handle(exit), VMM_AGAIN);
    assert_int_equal(state_page.xcr0, 7);
}

/* CR8 is the upper half of the task priority (SDM vol. 3, 10.8.6). */
static void cr8(void **state)
{
    struct nacelle_exit exit = {.kind = NACELLE_EXIT_CONTROL_REGISTER,
                                .number = 8,
                                .flags = NACELLE_EXIT_WRITE,
                                .value = 9};

    (void)state;
    assert_int_equal(handle(exit), VMM_ADVANCE);
    assert_int_equal(*vmm_lapic_register(&pc.lapics[0], X86_APIC_TPR), 0x90);
    exit.value = 0x10;
    assert_int_equal(handle(exit), VMM_AGAIN);
    exit.flags = NACELLE_EXIT_READ;
    exit.detail = RBX;
    assert_int_equal(handle(exit), VMM_ADVANCE);
    assert_int_equal(state_page.general[RBX], 9);
    exit.detail = 4;
    assert_int_equal(handle(exit), VMM_ADVANCE);
    assert_int_equal(state_page.rsp, 9);
    assert_true(state_page.dirty & NACELLE_GROUP_RSP);
    exit.number = 3;
    assert_int_equal(handle(exit), VMM_STOP);
}

static void others(void **state)
{
    (void)state;
    assert_int_equal(handle((struct nacelle_exit){.kind = NACELLE_EXIT_HLT}), VMM_HALT);
    assert_int_equal(handle((struct nacelle_exit){.kind = NACELLE_EXIT_POKE}), VMM_AGAIN);
    assert_int_equal(handle((struct nacelle_exit){.kind = NACELLE_EXIT_CACHE}), VMM_ADVANCE);
    assert_int_equal(handle((struct nacelle_exit){.kind = NACELLE_EXIT_TSC}), VMM_ADVANCE);
    assert_int_equal(state_page.general[RAX], 2);
    assert_int_equal(state_page.general[RDX], 1);
}

static uint64_t counter_read(void *device, uint64_t offset, unsigned size)
{
    (void)offset;
    return ++*(unsigned *)device + size;
}

/* The device's range is below 64 KiB, behind the memory that the test has. */
static void a_device_in_memory(void **state)
{
    static const uint8_t code[] = {0x2e, 0x8b, 0x07}; /* MOV AX, CS:[BX] */
    unsigned counter = 0x10;
    const struct vmm_mmio_range range = {0x10000, 16, counter_read, NULL, &counter};

    (void)state;
    assert_true(vmm_mmio_add(&pc.mmio, &range));
    memcpy(ram + 0x100, code, sizeof(code));
    state_page.rip = 0x100;
    state_page.segments[NACELLE_CS].limit = 0xffff;
    state_page.general[RBX] = 0xffff;
    assert_int_equal(handle((struct nacelle_exit){
                         .kind = NACELLE_EXIT_MEMORY, .flags = NACELLE_EXIT_READ, .gpa = 0x10000}),
                     VMM_AGAIN); /* beyond the limit of the segment */
    assert_int_equal(vcpu.exception, 0x80000b0d);
    state_page.segments[NACELLE_CS].base = 0x100;
    state_page.general[RBX] = 0xff00;
    state_page.rip = 0;
    assert_int_equal(handle((struct nacelle_exit){
                         .kind = NACELLE_EXIT_MEMORY, .flags = NACELLE_EXIT_READ, .gpa = 0x10000}),
                     VMM_ADVANCE);
    assert_int_equal(state_page.general[RAX] & 0xffff, 0x11 + 2);
    assert_int_equal(state_page.rip, 3);
    assert_int_equal(state_page.dirty, NACELLE_GROUP_IP);
    assert_int_equal(fetched & NACELLE_GROUP_SEGMENTS, NACELLE_GROUP_SEGMENTS);
}

/* An instruction that was decoded is remembered, but not after it was changed, nor in another
 * mode. */
static void code_that_changes(void **state)
{
    static const uint8_t read_ax[] = {0x8b, 0x07}, read_al[] = {0x8a, 0x07};
    unsigned counter = 0;
    const struct vmm_mmio_range range = {0x10000, 16, counter_read, NULL, &counter};
    const struct nacelle_exit exit = {
        .kind = NACELLE_EXIT_MEMORY, .flags = NACELLE_EXIT_READ, .gpa = 0x10000};

    (void)state;
    assert_true(vmm_mmio_add(&pc.mmio, &range));
    state_page.segments[NACELLE_CS].limit = 0xffff;
    state_page.segments[NACELLE_DS] = (struct nacelle_segment){.limit = 0xffff, .base = 0x100};
    state_page.general[RBX] = 0xff00;
    for (unsigned i = 0; i < 3; i++) {
        memcpy(ram + 0x100, i < 2 ? read_ax : read_al, sizeof(read_ax));
        state_page.rip = 0x100;
        state_page.general[RAX] = 0;
        assert_int_equal(handle(exit), VMM_ADVANCE);
        assert_int_equal(state_page.general[RAX], i + 1 + (i < 2 ? 2 : 1));
    }
    state_page.segments[NACELLE_CS].rights = 1u << 14; /* 32 bits: [EDI] */
    state_page.rip = 0x100;
    state_page.general[RDI] = 0xff00;
    state_page.general[RBX] = 0;
    assert_int_equal(handle(exit), VMM_ADVANCE);
}

/* The engine will add the length that it assumes: rip goes the rest of the way. */
static void an_instruction_with_prefixes(void **state)
{
    static const uint8_t code[] = {0x66, 0x2e, 0x0f, 0xa2};
    struct nacelle_exit exit = {.kind = NACELLE_EXIT_CPUID, .flags = NACELLE_EXIT_LENGTH_ASSUMED};

    (void)state;
    memcpy(ram + 0x100, code, sizeof(code));
    state_page.rip = 0x100;
    assert_int_equal(handle(exit), VMM_ADVANCE);
    assert_int_equal(state_page.rip, 0x102);
    assert_int_equal(state_page.exit.instruction_length, 4);
    state_page.rip = 0x101;
    exit.flags = 0; /* exact, whatever it is */
    assert_int_equal(handle(exit), VMM_ADVANCE);
    assert_int_equal(state_page.rip, 0x101);
    exit.flags = NACELLE_EXIT_LENGTH_ASSUMED;
    state_page.rip = 0x200;
    assert_int_equal(handle(exit), VMM_STOP); /* no CPUID there */
    assert_non_null(strstr(vcpu.problem, "does not cause this exit"));
}

static void what_cannot_be_handled_stops_with_a_reason(void **state)
{
    (void)state;
    assert_int_equal(handle((struct nacelle_exit){.kind = NACELLE_EXIT_SHUTDOWN}), VMM_STOP);
    assert_non_null(strstr(vcpu.problem, "triple fault"));
    assert_int_equal(handle((struct nacelle_exit){.kind = NACELLE_EXIT_MEMORY,
                                                  .flags = NACELLE_EXIT_EXECUTE,
                                                  .gpa = 0xfed40000}),
                     VMM_STOP);
    assert_non_null(strstr(vcpu.problem, "0xfed40000"));
    assert_int_equal(handle((struct nacelle_exit){.kind = 0x12345}), VMM_STOP);
    assert_int_equal(vcpu.statistics.other, 1);
    assert_int_equal(vcpu.statistics.exits[NACELLE_EXIT_SHUTDOWN], 1);
}

static void a_reset_stops(void **state)
{
    (void)state;
    assert_int_equal(handle((struct nacelle_exit){.kind = NACELLE_EXIT_PORT,
                                                  .flags = NACELLE_EXIT_WRITE,
                                                  .number = 0x92,
                                                  .size = 1,
                                                  .value = 1}),
                     VMM_STOP);
    assert_non_null(strstr(vcpu.problem, "reset"));
}

static void a_client_can_be_satisfied(void **state)
{
    (void)state;
    vcpu.done = true;
    assert_int_equal(handle(in(0x402, 1)), VMM_STOP);
    assert_string_equal(vcpu.problem, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(in_follows_the_rules_of_register_widths, make_vcpu),
        cmocka_unit_test_setup(out_reaches_the_device, make_vcpu),
        cmocka_unit_test_setup(cpuid_answers_from_the_table, make_vcpu),
        cmocka_unit_test_setup(msrs, make_vcpu),
        cmocka_unit_test_setup(instructions_that_the_processor_does_not_have, make_vcpu),
        cmocka_unit_test_setup(xsetbv, make_vcpu),
        cmocka_unit_test_setup(cr8, make_vcpu),
        cmocka_unit_test_setup(others, make_vcpu),
        cmocka_unit_test_setup(a_device_in_memory, make_vcpu),
        cmocka_unit_test_setup(code_that_changes, make_vcpu),
        cmocka_unit_test_setup(an_instruction_with_prefixes, make_vcpu),
        cmocka_unit_test_setup(what_cannot_be_handled_stops_with_a_reason, make_vcpu),
        cmocka_unit_test_setup(a_reset_stops, make_vcpu),
        cmocka_unit_test_setup(a_client_can_be_satisfied, make_vcpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
