/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/mitigations.h>

#include "cpu_data.h"
#include "test_main.h"

static uint32_t offered_by(const char *model)
{
    struct cpu_data cpu;

    cpu_data_read(model, &cpu);
    return x86_mitigations_offered(cpu_data_cpuid, &cpu);
}

static void what_models_offer(void **state)
{
    const uint32_t commands = X86_MITIGATION_L1D | X86_MITIGATION_IBPB | X86_MITIGATION_RSB;

    (void)state;
    assert_int_equal(offered_by("tigerlake"), commands | X86_MITIGATION_MDS);
    assert_int_equal(offered_by("corei7_icelake_u"), commands);
    assert_int_equal(offered_by("corei7_haswell_4770"), X86_MITIGATION_RSB);
    assert_int_equal(offered_by("ryzen"), X86_MITIGATION_RSB);
}

/* An AMD processor with one bit set in one leaf. */
struct one_bit {
    uint32_t leaf;
    struct x86_cpuid_regs regs;
};

static struct x86_cpuid_regs read_one_bit(void *context, uint32_t leaf, uint32_t subleaf)
{
    const struct one_bit *cpu = context;

    (void)subleaf;
    if (leaf == X86_CPUID_MAX_EXTENDED)
        return (struct x86_cpuid_regs){.eax = 0x80000021};
    return leaf == cpu->leaf ? cpu->regs : (struct x86_cpuid_regs){.eax = 0};
}

/* APM vol. 3, appendix E: IBPB; AMD, Technical Guidance for Mitigating TSA: VERW_CLEAR. */
static void of_amd(void **state)
{
    struct one_bit ibpb = {0x80000008, {.ebx = 1u << 12}};
    struct one_bit verw = {0x80000021, {.eax = 1u << 5}};

    (void)state;
    assert_int_equal(x86_mitigations_offered(read_one_bit, &ibpb),
                     X86_MITIGATION_IBPB | X86_MITIGATION_RSB);
    assert_int_equal(x86_mitigations_offered(read_one_bit, &verw),
                     X86_MITIGATION_MDS | X86_MITIGATION_RSB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_models_offer),
        cmocka_unit_test(of_amd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
