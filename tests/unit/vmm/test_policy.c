/* SPDX-License-Identifier: BSD-2-Clause */
/* MSRs of the processor: state, MTRRs, constants; and what the server answers of them. */
#include "vcpu_test.h"

#include <nacelle/object.h>
#include <vmm/answers.h>

static struct nacelle_exit access(uint32_t msr, bool write, uint64_t value)
{
    return (struct nacelle_exit){.kind = NACELLE_EXIT_MSR,
                                 .flags = write ? NACELLE_EXIT_WRITE : NACELLE_EXIT_READ,
                                 .number = msr,
                                 .value = value,
                                 .instruction_length = 2};
}

static bool wrmsr(uint32_t msr, uint64_t value)
{
    state_page.exit = access(msr, true, value);
    vcpu.exception = 0;
    if (vmm_handle_exit(&vcpu) == VMM_ADVANCE)
        return true;
    assert_int_equal(vcpu.exception, 0x80000b0d); /* #GP */
    return false;
}

static bool rdmsr(uint32_t msr, uint64_t *value)
{
    state_page.exit = access(msr, false, 0);
    vcpu.exception = 0;
    if (vmm_handle_exit(&vcpu) != VMM_ADVANCE)
        return false;
    *value = state_page.general[RDX] << 32 | state_page.general[RAX];
    return true;
}

static uint64_t must_read(uint32_t msr)
{
    uint64_t value = 0;

    assert_true(rdmsr(msr, &value));
    return value;
}

/* SDM vol. 4, table 2-2. */
static void state_of_the_vcpu(void **state)
{
    (void)state;
    assert_true(wrmsr(0xc0000082, 0xffffffff81000000));
    assert_int_equal(state_page.lstar, 0xffffffff81000000);
    assert_true(state_page.dirty & NACELLE_GROUP_SYSTEM_CALL);
    assert_int_equal(must_read(0xc0000082), 0xffffffff81000000);
    assert_false(wrmsr(0xc0000082, 0x800000000000)); /* not canonical */
    assert_true(wrmsr(0xc0000101, 0x7fff12345678));
    assert_int_equal(state_page.segments[NACELLE_GS].base, 0x7fff12345678);
    assert_true(state_page.dirty & NACELLE_GROUP_SEGMENTS);
    assert_true(wrmsr(0x277, 0x0407050600070106));
    assert_false(wrmsr(0x277, 0x0407050600070102)); /* type 2 does not exist */
    assert_int_equal(must_read(0x277), 0x0407050600070106);
    assert_false(wrmsr(0x174, 1ull << 32));
}

/* SDM vol. 3, 2.2.1. */
static void efer(void **state)
{
    (void)state;
    assert_true(wrmsr(0xc0000080, 0x901)); /* NXE, LME, SCE */
    assert_int_equal(state_page.efer, 0x901);
    assert_true(fetched & NACELLE_GROUP_CONTROL);
    assert_true(state_page.dirty & NACELLE_GROUP_CONTROL);
    assert_false(wrmsr(0xc0000080, 0x1000)); /* SVME */
    assert_false(wrmsr(0xc0000080, 0x2));
    state_page.cr0 = 1u << 31;
    state_page.efer = 0xd01;
    assert_false(wrmsr(0xc0000080, 0x801)); /* LME while paging is on */
    assert_true(wrmsr(0xc0000080, 0x100));
    assert_int_equal(state_page.efer, 0x500); /* LMA is the processor's */
    assert_int_equal(must_read(0xc0000080), 0x500);
}

/* SDM vol. 3, 17.17.3. */
static void time_stamp_counter(void **state)
{
    (void)state;
    assert_int_equal(must_read(0x10), pc.clock.now);
    assert_int_equal(must_read(0x3b), 0);
    assert_true(wrmsr(0x10, 0));
    assert_int_equal(must_read(0x10), 0);
    assert_int_equal(must_read(0x3b), (uint64_t)0 - pc.clock.now);
    pc.clock.now += 5;
    assert_int_equal(must_read(0x10), 5);
    state_page.exit = (struct nacelle_exit){.kind = NACELLE_EXIT_TSC, .instruction_length = 2};
    assert_int_equal(vmm_handle_exit(&vcpu), VMM_ADVANCE);
    assert_int_equal(state_page.general[RAX], 5);
    assert_true(wrmsr(0x3b, 0));
    assert_int_equal(must_read(0x10), pc.clock.now);
}

/* SDM vol. 3, 11.11. */
static void memory_types(void **state)
{
    (void)state;
    assert_int_equal(must_read(0xfe), 0x508); /* 8 ranges, fixed ones, write combining */
    assert_int_equal(must_read(0x2ff), 0x806);
    assert_true(wrmsr(0x2ff, 0xc00));
    assert_int_equal(must_read(0x2ff), 0xc00);
    assert_false(wrmsr(0x2ff, 0x802));
    assert_false(wrmsr(0x2ff, 0x1006));
    assert_true(wrmsr(0x20f, 0xff80000800));
    assert_true(wrmsr(0x20e, 0x80000000));
    assert_int_equal(must_read(0x20f), 0xff80000800);
    assert_int_equal(must_read(0x20e), 0x80000000);
    assert_false(wrmsr(0x20f, 0x10000000800)); /* beyond 40 bits of address */
    assert_false(wrmsr(0x20e, 0x80000003));
    assert_false(wrmsr(0x210, 0));
    assert_true(wrmsr(0x26f, 0x0506050605060506));
    assert_int_equal(must_read(0x26f), 0x0506050605060506);
    assert_int_equal(must_read(0x250), 0);
    assert_false(wrmsr(0x250, 0x0000000000000300));
    assert_false(wrmsr(0xfe, 0));
}

static void constants(void **state)
{
    uint64_t value;

    (void)state;
    assert_int_equal(must_read(0x8b), 0);
    assert_true(wrmsr(0x8b, 5));
    assert_int_equal(must_read(0x8b), 0);
    assert_int_equal(must_read(0x3a), 1);
    assert_false(wrmsr(0x3a, 5));
    assert_false(rdmsr(0x48, &value));       /* SPEC_CTRL */
    assert_false(rdmsr(0x10a, &value));      /* ARCH_CAPABILITIES */
    assert_false(rdmsr(0xc0010015, &value)); /* AMD's */
    assert_false(wrmsr(0x186, 0));           /* counters */
    assert_false(rdmsr(0x40000000, &value));
}

static const struct vmm_answer *find(const struct vmm_answer *answers, unsigned count,
                                     uint32_t kind, uint32_t number)
{
    for (unsigned i = 0; i < count; i++)
        if (answers[i].kind == kind && answers[i].number == number)
            return &answers[i];
    return NULL;
}

/* What the server answers is what the client would. */
static void answers(void **state)
{
    static struct vmm_answer list[VMM_ANSWERS_MAX];
    unsigned count = vmm_answers_list(&pc, list);

    (void)state;
    assert_in_range(count, 20, VMM_ANSWERS_MAX - 20);            /* room for the client's own */
    assert_null(find(list, count, NACELLE_ANSWER_CPUID_ANY, 1)); /* OSXSAVE */
    assert_non_null(find(list, count, NACELLE_ANSWER_OUT_IGNORED, 0x80));
    assert_non_null(find(list, count, NACELLE_ANSWER_MSR_IGNORED, 0x8b));
    assert_null(find(list, count, NACELLE_ANSWER_MSR_IGNORED, 0x3a));
    assert_null(find(list, count, NACELLE_ANSWER_MSR_READ, 0x1b));
    assert_null(find(list, count, NACELLE_ANSWER_MSR_READ, 0x2ff));
    for (unsigned i = 0; i < count; i++) {
        const struct vmm_answer *answer = &list[i];

        if (answer->kind == NACELLE_ANSWER_MSR_READ)
            assert_int_equal(must_read(answer->number),
                             (uint64_t)answer->registers[3] << 32 | answer->registers[0]);
        if (answer->kind != NACELLE_ANSWER_CPUID && answer->kind != NACELLE_ANSWER_CPUID_ANY)
            continue;
        assert_false(answer->number == 0xd && answer->subleaf <= 1);
        state_page.exit = (struct nacelle_exit){.kind = NACELLE_EXIT_CPUID,
                                                .number = answer->number,
                                                .detail = answer->subleaf,
                                                .instruction_length = 2};
        assert_int_equal(vmm_handle_exit(&vcpu), VMM_ADVANCE);
        assert_int_equal(state_page.general[RAX], answer->registers[0]);
        assert_int_equal(state_page.general[RBX], answer->registers[1]);
        assert_int_equal(state_page.general[RCX], answer->registers[2]);
        assert_int_equal(state_page.general[RDX], answer->registers[3]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(state_of_the_vcpu, make_vcpu),
        cmocka_unit_test_setup(efer, make_vcpu),
        cmocka_unit_test_setup(time_stamp_counter, make_vcpu),
        cmocka_unit_test_setup(memory_types, make_vcpu),
        cmocka_unit_test_setup(constants, make_vcpu),
        cmocka_unit_test_setup(answers, make_vcpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
