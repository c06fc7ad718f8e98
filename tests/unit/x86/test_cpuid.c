/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/cpuid.h>

#include "cpu_data.h"
#include "test_main.h"

/* What the models report, by the manuals' bit positions and the public data on these processors. */
static void features_of_processors(void **state)
{
    static const struct {
        const char *model;
        enum x86_vendor vendor;
        const char *has; /* names, a blank between two */
        const char *has_not;
    } cases[CPU_MODELS] = {
        {"core2_penryn_t9600", X86_VENDOR_INTEL, "vmx sse4_1 lm nx", "smep x2apic svm pcid rdtscp"},
        {"bx_generic", X86_VENDOR_AMD, "vmx lm nx 3dnow", "fsgsbase smep"},
        {"corei5_arrandale_m520", X86_VENDOR_INTEL, "vmx sse4_2 popcnt rdtscp", "avx page1gb smep"},
        {"corei7_sandy_bridge_2600k", X86_VENDOR_INTEL, "vmx avx xsave", "avx2 fsgsbase"},
        {"corei7_haswell_4770", X86_VENDOR_INTEL, "vmx avx2 smep invpcid fsgsbase page1gb",
         "smap rdseed avx512f svm"},
        {"broadwell_ult", X86_VENDOR_INTEL, "vmx smap rdseed adx", "avx512f umip"},
        {"corei7_skylake_x", X86_VENDOR_INTEL, "vmx avx512f avx512vl clwb", "umip la57 svm"},
        {"corei7_icelake_u", X86_VENDOR_INTEL, "vmx avx512f gfni umip rdpid pku", "cet_ss svm"},
        {"tigerlake", X86_VENDOR_INTEL, "vmx cet_ss cet_ibt rdpid umip", "svm la57"},
        {"ryzen", X86_VENDOR_AMD, "svm svm_np svm_nrips svm_flush_by_asid svm_pause_filter smap",
         "vmx svm_avic invpcid"},
    };

    (void)state;
    for (size_t i = 0; i < CPU_MODELS; i++) {
        struct cpu_data cpu;
        char names[256];

        cpu_data_read(cases[i].model, &cpu);
        assert_int_equal(x86_cpuid_identity(cpu_data_cpuid, &cpu).vendor, cases[i].vendor);
        for (unsigned wanted = 0; wanted < 2; wanted++) {
            const char *list = wanted ? cases[i].has : cases[i].has_not;
            char *rest = names;

            assert_true(strlen(list) < sizeof(names));
            memcpy(names, list, strlen(list) + 1);
            for (char *name = strtok_r(names, " ", &rest); name != NULL;
                 name = strtok_r(NULL, " ", &rest)) {
                enum x86_feature feature = x86_feature_find(name);

                if (feature == X86_FEATURE_COUNT)
                    fail_msg("no feature is called %s", name);
                if (x86_feature_present(cpu_data_cpuid, &cpu, feature) != (wanted != 0))
                    fail_msg("%s: %s", cases[i].model, name);
            }
        }
    }
}

static void identity(void **state)
{
    struct x86_cpuid_identity id;
    struct cpu_data cpu;

    (void)state;
    cpu_data_read("tigerlake", &cpu);
    id = x86_cpuid_identity(cpu_data_cpuid, &cpu);
    assert_string_equal(id.vendor_text, "GenuineIntel");
    assert_int_equal(id.max_leaf, 0x1b);
    cpu_data_read("ryzen", &cpu);
    id = x86_cpuid_identity(cpu_data_cpuid, &cpu);
    assert_string_equal(id.vendor_text, "AuthenticAMD");
    assert_int_equal(x86_cpuid_physical_bits(cpu_data_cpuid, &cpu), 40);
    assert_int_equal(x86_cpuid_linear_bits(cpu_data_cpuid, &cpu), 48);
    assert_int_equal(x86_cpuid_xcr0_supported(cpu_data_cpuid, &cpu), 7);
    cpu_data_read("corei5_arrandale_m520", &cpu);
    assert_int_equal(x86_cpuid_xcr0_supported(cpu_data_cpuid, &cpu), 0);
    cpu_data_read("corei7_skylake_x", &cpu);
    for (unsigned i = 0; i < cpu.leaves; i++) {
        if (cpu.leaf[i].leaf == X86_CPUID_XSTATE)
            cpu.leaf[i].regs.edx = 0x40000000; /* bit 62, LWP */
    }
    assert_int_equal(x86_cpuid_xcr0_supported(cpu_data_cpuid, &cpu), 0x40000000000000e7);
    cpu_data_read("corei7_skylake_x", &cpu);
    assert_int_equal(x86_cpuid_xcr0_supported(cpu_data_cpuid, &cpu), 0xe7);
}

/* SDM vol. 2, CPUID, figure 3-6. */
static void version(void **state)
{
    struct x86_cpuid_version v = x86_cpuid_version(0x000306c3);

    (void)state;
    assert_int_equal(v.family, 6);
    assert_int_equal(v.model, 0x3c);
    assert_int_equal(v.stepping, 3);
    v = x86_cpuid_version(0x00800f11);
    assert_int_equal(v.family, 0x17);
    assert_int_equal(v.model, 1);
    assert_int_equal(v.stepping, 1);
    /* The extended fields count for families 6 and 15 alone, and reserved bits never. */
    v = x86_cpuid_version(0x0ff00653);
    assert_int_equal(v.family, 6);
    assert_int_equal(v.model, 5);
    v = x86_cpuid_version(0xf00ff0f0 | 0x0f00);
    assert_int_equal(v.family, 15);
    assert_int_equal(v.model, 0xff);
    v = x86_cpuid_version(0x000ff543);
    assert_int_equal(v.family, 5);
    assert_int_equal(v.model, 4);
}

/* A processor with basic leaf 1 alone, whose answer for any other leaf is junk. */
static struct x86_cpuid_regs small_reader(void *context, uint32_t leaf, uint32_t subleaf)
{
    (void)subleaf;
    if (leaf == 0)
        return (struct x86_cpuid_regs){.eax = 1};
    if (leaf == 1)
        return (struct x86_cpuid_regs){.edx = *(uint32_t *)context};
    return (struct x86_cpuid_regs){0xffff0000, UINT32_MAX, UINT32_MAX, UINT32_MAX};
}

static void missing_leaves(void **state)
{
    uint32_t edx = 0;

    (void)state;
    assert_true(x86_cpuid_leaf_present(small_reader, &edx, 1));
    assert_false(x86_cpuid_leaf_present(small_reader, &edx, 2));
    assert_false(x86_cpuid_leaf_present(small_reader, &edx, 0x80000000));
    assert_false(x86_cpuid_leaf_present(small_reader, &edx, 0x80000008));
    assert_false(x86_feature_present(small_reader, &edx, X86_FEATURE_SMEP));
    assert_false(x86_feature_present(small_reader, &edx, X86_FEATURE_LM));
    assert_false(x86_feature_present(small_reader, &edx, X86_FEATURE_COUNT));
    assert_int_equal(x86_cpuid_physical_bits(small_reader, &edx), 32);
    assert_int_equal(x86_cpuid_linear_bits(small_reader, &edx), 32);
    assert_int_equal(x86_cpuid_xcr0_supported(small_reader, &edx), 0);
    edx = 1U << 6;
    assert_int_equal(x86_cpuid_physical_bits(small_reader, &edx), 36);
    assert_int_equal(x86_cpuid_identity(small_reader, &edx).vendor, X86_VENDOR_OTHER);
    assert_string_equal(x86_cpuid_identity(small_reader, &edx).vendor_text, "");
}

/* Leaf 7 with no subleaf 1: what is there must not be read. */
static struct x86_cpuid_regs no_subleaf(void *context, uint32_t leaf, uint32_t subleaf)
{
    (void)context;
    if (leaf == 0)
        return (struct x86_cpuid_regs){.eax = 0xd};
    if (leaf == 7 && subleaf == 0)
        return (struct x86_cpuid_regs){.eax = 0};
    return (struct x86_cpuid_regs){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
}

static void missing_subleaf(void **state)
{
    (void)state;
    assert_false(x86_feature_present(no_subleaf, NULL, X86_FEATURE_FRED));
    assert_true(x86_feature_present(no_subleaf, NULL, X86_FEATURE_XSAVES));
}

/* No two features share a name or a place. */
static void table(void **state)
{
    (void)state;
    for (unsigned i = 0; i < X86_FEATURE_COUNT; i++) {
        const struct x86_cpuid_feature *a = x86_feature_info((enum x86_feature)i);

        assert_true(a->bit < 32);
        assert_int_equal(x86_feature_find(a->name), i);
        for (unsigned j = 0; j < i; j++) {
            const struct x86_cpuid_feature *b = x86_feature_info((enum x86_feature)j);

            assert_false(a->leaf == b->leaf && a->subleaf == b->subleaf && a->reg == b->reg &&
                         a->bit == b->bit);
        }
    }
    assert_null(x86_feature_info(X86_FEATURE_COUNT));
    assert_int_equal(x86_feature_find("no such feature"), X86_FEATURE_COUNT);
    assert_int_equal(x86_feature_find(""), X86_FEATURE_COUNT);
    assert_int_equal(x86_feature_find("vm"), X86_FEATURE_COUNT);
}

static void this_processor(void **state)
{
    (void)state;
    assert_true(x86_feature_present(x86_cpuid_read, NULL, X86_FEATURE_LM));
    assert_in_range(x86_cpuid_physical_bits(x86_cpuid_read, NULL), 36, 52);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_of_processors),
        cmocka_unit_test(identity),
        cmocka_unit_test(version),
        cmocka_unit_test(missing_leaves),
        cmocka_unit_test(missing_subleaf),
        cmocka_unit_test(table),
        cmocka_unit_test(this_processor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
