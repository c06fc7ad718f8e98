/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/msr.h>
#include <x86/vmx_capability.h>
#include <x86/vmx_controls.h>

#include "cpu_data.h"
#include "test_main.h"

/* The lowest bit that is set in a value that is not 0. */
static unsigned lowest_bit(uint64_t value)
{
    unsigned bit = 0;

    while (!x86_bit(value, bit))
        bit++;
    return bit;
}

/*
 * The capability MSR of a 32-bit word of a processor; false where the processor has none. Bochs'
 * models without EPT claim the TRUE MSRs and fault on reading them, so whoever reads falls back.
 */
static bool capability(const struct cpu_data *cpu, enum vmx_control_word word, uint64_t *msr)
{
    uint64_t basic;

    if (!cpu_data_msr(cpu, X86_MSR_VMX_BASIC, &basic))
        return false;
    if (vmx_basic_decode(basic).true_controls &&
        cpu_data_msr(cpu, vmx_control_msr(word, true), msr))
        return true;
    return cpu_data_msr(cpu, vmx_control_msr(word, false), msr);
}

static void bits_of_the_manual(void **state)
{
    static const struct {
        uint64_t value;
        uint64_t expected;
        enum vmx_control_word word;
        const char *name;
    } cases[] = {
        {VMX_PIN_EXTERNAL_INTERRUPT_EXITING, 0x1, VMX_WORD_PIN, "external-interrupt exiting"},
        {VMX_PIN_NMI_EXITING, 0x8, VMX_WORD_PIN, "NMI exiting"},
        {VMX_PIN_VIRTUAL_NMIS, 0x20, VMX_WORD_PIN, "virtual NMIs"},
        {VMX_PIN_PREEMPTION_TIMER, 0x40, VMX_WORD_PIN, "activate VMX-preemption timer"},
        {VMX_PIN_POSTED_INTERRUPTS, 0x80, VMX_WORD_PIN, "process posted interrupts"},
        {VMX_PROC_INTERRUPT_WINDOW_EXITING, 0x4, VMX_WORD_PROC, "interrupt-window exiting"},
        {VMX_PROC_TSC_OFFSETTING, 0x8, VMX_WORD_PROC, "use TSC offsetting"},
        {VMX_PROC_HLT_EXITING, 0x80, VMX_WORD_PROC, "HLT exiting"},
        {VMX_PROC_CR3_LOAD_EXITING, 0x8000, VMX_WORD_PROC, "CR3-load exiting"},
        {VMX_PROC_TERTIARY_CONTROLS, 0x20000, VMX_WORD_PROC, "activate tertiary controls"},
        {VMX_PROC_CR8_LOAD_EXITING, 0x80000, VMX_WORD_PROC, "CR8-load exiting"},
        {VMX_PROC_NMI_WINDOW_EXITING, 0x400000, VMX_WORD_PROC, "NMI-window exiting"},
        {VMX_PROC_MOV_DR_EXITING, 0x800000, VMX_WORD_PROC, "MOV-DR exiting"},
        {VMX_PROC_IO_BITMAPS, 0x2000000, VMX_WORD_PROC, "use I/O bitmaps"},
        {VMX_PROC_MSR_BITMAPS, 0x10000000, VMX_WORD_PROC, "use MSR bitmaps"},
        {VMX_PROC_SECONDARY_CONTROLS, 0x80000000, VMX_WORD_PROC, "activate secondary controls"},
        {VMX_PROC2_EPT, 0x2, VMX_WORD_PROC2, "enable EPT"},
        {VMX_PROC2_VPID, 0x20, VMX_WORD_PROC2, "enable VPID"},
        {VMX_PROC2_UNRESTRICTED_GUEST, 0x80, VMX_WORD_PROC2, "unrestricted guest"},
        {VMX_PROC2_INVPCID, 0x1000, VMX_WORD_PROC2, "enable INVPCID"},
        {VMX_PROC2_XSAVES, 0x100000, VMX_WORD_PROC2, "enable XSAVES/XRSTORS"},
        {VMX_PROC2_TSC_SCALING, 0x2000000, VMX_WORD_PROC2, "use TSC scaling"},
        {VMX_PROC2_INSTRUCTION_TIMEOUT, 0x80000000, VMX_WORD_PROC2, "instruction timeout"},
        {VMX_PROC3_HLAT, 0x2, VMX_WORD_PROC3, "enable HLAT"},
        {VMX_PROC3_IPI_VIRTUALIZATION, 0x10, VMX_WORD_PROC3, "IPI virtualization"},
        {VMX_EXITCTL_HOST_ADDRESS_SPACE_SIZE, 0x200, VMX_WORD_EXIT, "host address-space size"},
        {VMX_EXITCTL_ACKNOWLEDGE_INTERRUPT, 0x8000, VMX_WORD_EXIT, "acknowledge interrupt on exit"},
        {VMX_EXITCTL_SAVE_EFER, 0x100000, VMX_WORD_EXIT, "save IA32_EFER"},
        {VMX_EXITCTL_LOAD_EFER, 0x200000, VMX_WORD_EXIT, "load IA32_EFER"},
        {VMX_EXITCTL_LOAD_CET, 0x10000000, VMX_WORD_EXIT, "load CET state"},
        {VMX_EXITCTL2_PREMATURELY_BUSY_SHADOW_STACK, 0x8, VMX_WORD_EXIT2,
         "prematurely busy shadow stack"},
        {VMX_ENTRYCTL_IA32E_MODE_GUEST, 0x200, VMX_WORD_ENTRY, "IA-32e mode guest"},
        {VMX_ENTRYCTL_LOAD_EFER, 0x8000, VMX_WORD_ENTRY, "load IA32_EFER"},
        {VMX_ENTRYCTL_LOAD_CET, 0x100000, VMX_WORD_ENTRY, "load CET state"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *name = vmx_control_name(cases[i].word, lowest_bit(cases[i].expected));

        assert_int_equal(cases[i].value, cases[i].expected);
        assert_non_null(name);
        assert_string_equal(name, cases[i].name);
    }
}

static void names_of_anything_else(void **state)
{
    (void)state;
    assert_null(vmx_control_name(VMX_WORD_PIN, 1));
    assert_null(vmx_control_name(VMX_WORD_PIN, 64));
    assert_null(vmx_control_name(VMX_WORD_COUNT, 0));
    assert_null(vmx_control_name((enum vmx_control_word)1000, 0));
    assert_string_equal(vmx_control_word_name(VMX_WORD_PROC2), "secondary processor-based");
    assert_string_equal(vmx_control_word_name(VMX_WORD_COUNT), "unknown");
    assert_int_equal(vmx_control_msr(VMX_WORD_COUNT, true), 0);
    assert_int_equal(vmx_control_msr(VMX_WORD_PIN, false), 0x481);
    assert_int_equal(vmx_control_msr(VMX_WORD_PIN, true), 0x48d);
    assert_int_equal(vmx_control_msr(VMX_WORD_ENTRY, true), 0x490);
    assert_int_equal(vmx_control_msr(VMX_WORD_PROC2, true), 0x48b);
}

/* One bit of a made-up processor per combination of what is wanted and what is allowed. */
static void adjust_truth_table(void **state)
{
    /* must, may: the processor's; want: r, o, f; status, word */
    static const struct {
        bool must;
        bool may;
        bool required;
        bool optional;
        bool forbidden;
        enum vmx_adjust_status status;
        uint64_t word;
    } cases[] = {
        {false, false, false, false, false, VMX_ADJUST_OK, 0},
        {false, true, false, false, false, VMX_ADJUST_OK, 0},
        {true, true, false, false, false, VMX_ADJUST_OK, 1},
        {false, false, true, false, false, VMX_ADJUST_MISSING, 0},
        {false, true, true, false, false, VMX_ADJUST_OK, 1},
        {true, true, true, false, false, VMX_ADJUST_OK, 1},
        {false, false, false, true, false, VMX_ADJUST_OK, 0},
        {false, true, false, true, false, VMX_ADJUST_OK, 1},
        {true, true, false, true, false, VMX_ADJUST_OK, 1},
        {false, false, false, false, true, VMX_ADJUST_OK, 0},
        {false, true, false, false, true, VMX_ADJUST_OK, 0},
        {true, true, false, false, true, VMX_ADJUST_FORCED, 0},
        {false, true, false, true, true, VMX_ADJUST_OK, 0},
        {false, true, true, false, true, VMX_ADJUST_FORCED, 0},
        {false, false, true, false, true, VMX_ADJUST_MISSING, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            struct vmx_control_request request = {(uint64_t)cases[i].required << bit,
                                                  (uint64_t)cases[i].optional << bit,
                                                  (uint64_t)cases[i].forbidden << bit};
            struct vmx_allowed allowed = {(uint64_t)cases[i].must << bit,
                                          (uint64_t)cases[i].may << bit};
            uint64_t word = 0x77;
            uint64_t culprits = 0x77;

            assert_int_equal(vmx_adjust(request, allowed, &word, &culprits), cases[i].status);
            assert_int_equal(word, cases[i].word << bit);
            assert_int_equal(culprits, cases[i].status == VMX_ADJUST_OK ? 0 : X86_BIT(bit));
        }
    }
}

/* Every control of every word on every processor, required on its own. */
static void every_control_on_every_processor(void **state)
{
    static const enum vmx_control_word words[] = {VMX_WORD_PIN, VMX_WORD_PROC, VMX_WORD_PROC2,
                                                  VMX_WORD_EXIT, VMX_WORD_ENTRY};

    (void)state;
    for (size_t i = 0; i < CPU_MODELS * ARRAY_SIZE(words); i++) {
        enum vmx_control_word word = words[i % ARRAY_SIZE(words)];
        struct cpu_data cpu;
        uint64_t msr = 0;
        uint32_t out;
        uint32_t missing;

        cpu_data_read(cpu_models[i / ARRAY_SIZE(words)], &cpu);
        if (!capability(&cpu, word, &msr))
            continue;
        /* What must be one may be one, else the data is no processor's. */
        assert_int_equal((uint32_t)msr & ~(msr >> 32), 0);
        for (unsigned bit = 0; bit < 32; bit++) {
            uint32_t control = X86_BIT32(bit);
            bool has = x86_bit(msr, 32 + bit);

            assert_int_equal(vmx_adjust_controls(control, 0, msr, &out, &missing),
                             has ? VMX_ADJUST_OK : VMX_ADJUST_MISSING);
            assert_int_equal(missing, has ? 0 : control);
            assert_int_equal(out, has ? control | (uint32_t)msr : 0);

            assert_int_equal(vmx_adjust_controls(0, control, msr, &out, NULL), VMX_ADJUST_OK);
            assert_int_equal(out, (has ? control : 0) | (uint32_t)msr);
        }
        /* All that we know, as options: the word is within what the processor allows. */
        assert_int_equal(
            vmx_adjust_controls(0, (uint32_t)vmx_control_known(word), msr, &out, &missing),
            VMX_ADJUST_OK);
        assert_int_equal(out & ~(msr >> 32), 0);
        assert_int_equal(out & (uint32_t)msr, (uint32_t)msr);
    }
}

/* Who has what, as PLATFORMS.md of the project tells and the manuals of these processors agree. */
static void features_of_processors(void **state)
{
    static const struct {
        const char *model;
        bool vmx;
        bool ept;       /* with VPID and unrestricted guest */
        bool invpcid;   /* with VMCS shadowing and EPT-violation #VE */
        bool tsc_scale; /* with XSAVES and PML */
        bool cet;
    } cases[CPU_MODELS] = {
        {"core2_penryn_t9600", true, false, false, false, false},
        {"bx_generic", true, false, false, false, false},
        {"corei5_arrandale_m520", true, true, false, false, false},
        {"corei7_sandy_bridge_2600k", true, true, false, false, false},
        {"corei7_haswell_4770", true, true, true, false, false},
        {"broadwell_ult", true, true, true, false, false},
        {"corei7_skylake_x", true, true, true, true, false},
        {"corei7_icelake_u", true, true, true, true, false},
        {"tigerlake", true, true, true, true, true},
        {"ryzen", false, false, false, false, false},
    };
    const uint32_t ept = VMX_PROC2_EPT | VMX_PROC2_VPID | VMX_PROC2_UNRESTRICTED_GUEST;
    const uint32_t invpcid = VMX_PROC2_INVPCID | VMX_PROC2_VMCS_SHADOWING |
                             VMX_PROC2_EPT_VIOLATION_VE;
    const uint32_t tsc_scale = VMX_PROC2_TSC_SCALING | VMX_PROC2_XSAVES;

    (void)state;
    for (size_t i = 0; i < CPU_MODELS; i++) {
        struct cpu_data cpu;
        uint64_t msr = 0;
        uint32_t out;

        cpu_data_read(cases[i].model, &cpu);
        assert_int_equal(capability(&cpu, VMX_WORD_PROC2, &msr), cases[i].vmx);
        if (!cases[i].vmx)
            continue;
        assert_int_equal(vmx_adjust_controls(ept, 0, msr, &out, NULL) == VMX_ADJUST_OK,
                         cases[i].ept);
        assert_int_equal(vmx_adjust_controls(invpcid, 0, msr, &out, NULL) == VMX_ADJUST_OK,
                         cases[i].invpcid);
        assert_int_equal(vmx_adjust_controls(tsc_scale, 0, msr, &out, NULL) == VMX_ADJUST_OK,
                         cases[i].tsc_scale);
        assert_true(capability(&cpu, VMX_WORD_ENTRY, &msr));
        assert_int_equal(vmx_adjust_controls(VMX_ENTRYCTL_LOAD_CET, 0, msr, &out, NULL) ==
                             VMX_ADJUST_OK,
                         cases[i].cet);
        /* "process posted interrupts": no model has it. */
        assert_true(capability(&cpu, VMX_WORD_PIN, &msr));
        assert_int_equal(vmx_adjust_controls(VMX_PIN_POSTED_INTERRUPTS, 0, msr, &out, NULL),
                         VMX_ADJUST_MISSING);
    }
}

/* The error names the control: what a user reads on a processor without EPT. */
static void missing_control_has_its_name(void **state)
{
    struct cpu_data cpu;
    uint64_t msr = 0;
    uint32_t out;
    uint32_t missing;

    (void)state;
    cpu_data_read("core2_penryn_t9600", &cpu);
    assert_true(capability(&cpu, VMX_WORD_PROC2, &msr));
    assert_int_equal(
        vmx_adjust_controls(VMX_PROC2_EPT | VMX_PROC2_WBINVD_EXITING | VMX_PROC2_UNRESTRICTED_GUEST,
                            0, msr, &out, &missing),
        VMX_ADJUST_MISSING);
    assert_int_equal(missing, VMX_PROC2_EPT | VMX_PROC2_UNRESTRICTED_GUEST);
    assert_int_equal(out, 0);
    assert_string_equal(vmx_control_name(VMX_WORD_PROC2, lowest_bit(missing)), "enable EPT");
}

/* Without the TRUE MSR this processor forces CR3-load exiting; with it, it does not: A.3.2. */
static void forced_control_has_its_name(void **state)
{
    struct vmx_control_request request = {VMX_PROC_SECONDARY_CONTROLS, 0,
                                          VMX_PROC_CR3_LOAD_EXITING | VMX_PROC_CR3_STORE_EXITING};
    struct cpu_data cpu;
    uint64_t msr = 0;
    uint64_t out;
    uint64_t forced;

    (void)state;
    cpu_data_read("corei7_haswell_4770", &cpu);
    assert_true(cpu_data_msr(&cpu, X86_MSR_VMX_PROCBASED_CTLS, &msr));
    assert_int_equal(vmx_adjust(request, vmx_allowed_from_msr(msr), &out, &forced),
                     VMX_ADJUST_FORCED);
    assert_int_equal(forced, VMX_PROC_CR3_LOAD_EXITING | VMX_PROC_CR3_STORE_EXITING);
    assert_string_equal(vmx_control_name(VMX_WORD_PROC, lowest_bit(forced)), "CR3-load exiting");
    assert_true(cpu_data_msr(&cpu, X86_MSR_VMX_TRUE_PROCBASED_CTLS, &msr));
    assert_int_equal(vmx_adjust(request, vmx_allowed_from_msr(msr), &out, &forced), VMX_ADJUST_OK);
    assert_int_equal(out, 0x84006172);
}

static void words_of_64_bits(void **state)
{
    uint64_t out;
    uint64_t missing;

    (void)state;
    assert_int_equal(
        vmx_adjust_controls64(VMX_PROC3_HLAT, VMX_PROC3_IPI_VIRTUALIZATION | 1,
                              VMX_PROC3_HLAT | VMX_PROC3_IPI_VIRTUALIZATION | X86_BIT(63), &out,
                              &missing),
        VMX_ADJUST_OK);
    assert_int_equal(out, 0x12);
    assert_int_equal(missing, 0);
    assert_int_equal(vmx_adjust_controls64(X86_BIT(40), 0, 0x12, &out, &missing),
                     VMX_ADJUST_MISSING);
    assert_int_equal(out, 0);
    assert_int_equal(missing, X86_BIT(40));
    assert_int_equal(vmx_adjust_controls64(0, UINT64_MAX, UINT64_MAX, &out, NULL), VMX_ADJUST_OK);
    assert_int_equal(out, UINT64_MAX);
}

/* The fixed bits of CR0 and CR4 of every processor: A.7, A.8. */
static void control_registers(void **state)
{
    (void)state;
    assert_int_equal(vmx_adjust_cr(0x60000010, 0x80000021, 0xffffffff), 0xe0000031);
    assert_int_equal(vmx_adjust_cr(0xffffffffffffffff, 0x2000, 0x3727ff), 0x3727ff);
    assert_int_equal(vmx_cr_violations(0x80000031, 0x80000021, 0xffffffff), 0);
    assert_int_equal(vmx_cr_violations(0x00000010, 0x80000021, 0xffffffff), 0x80000021);
    assert_int_equal(vmx_cr_violations(0x1000000002000, 0x2000, 0x3727ff), 0x1000000000000);
    for (size_t i = 0; i < CPU_MODELS; i++) {
        struct cpu_data cpu;
        uint64_t fixed0;
        uint64_t fixed1;

        cpu_data_read(cpu_models[i], &cpu);
        for (uint32_t msr = X86_MSR_VMX_CR0_FIXED0; msr <= X86_MSR_VMX_CR4_FIXED0; msr += 2) {
            if (!cpu_data_msr(&cpu, msr, &fixed0) || !cpu_data_msr(&cpu, msr + 1, &fixed1))
                continue;
            assert_int_equal(vmx_cr_violations(vmx_adjust_cr(0, fixed0, fixed1), fixed0, fixed1),
                             0);
            assert_int_equal(
                vmx_cr_violations(vmx_adjust_cr(UINT64_MAX, fixed0, fixed1), fixed0, fixed1), 0);
        }
    }
}

/* All bits that the tables of 24.6 to 24.8 name, and none besides. */
static void known_bits(void **state)
{
    static const struct {
        enum vmx_control_word word;
        uint64_t bits;
    } cases[] = {
        {VMX_WORD_PIN, 0x000000e9},   {VMX_WORD_PROC, 0xfbfb9e8c}, {VMX_WORD_PROC2, 0xdfffffff},
        {VMX_WORD_PROC3, 0x000001df}, {VMX_WORD_EXIT, 0xfffc9204}, {VMX_WORD_EXIT2, 0x0000000b},
        {VMX_WORD_ENTRY, 0x00ffee04}, {VMX_WORD_COUNT, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(vmx_control_known(cases[i].word), cases[i].bits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_of_the_manual),
        cmocka_unit_test(names_of_anything_else),
        cmocka_unit_test(adjust_truth_table),
        cmocka_unit_test(every_control_on_every_processor),
        cmocka_unit_test(features_of_processors),
        cmocka_unit_test(missing_control_has_its_name),
        cmocka_unit_test(forced_control_has_its_name),
        cmocka_unit_test(words_of_64_bits),
        cmocka_unit_test(control_registers),
        cmocka_unit_test(known_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
