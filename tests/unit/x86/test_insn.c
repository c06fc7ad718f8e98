/* SPDX-License-Identifier: BSD-2-Clause */

/* For REG_RIP. */
#define _GNU_SOURCE

#include <signal.h>
#include <ucontext.h>

#include <x86/insn.h>
#include <x86/msr.h>
#include <x86/msr_access.h>
#include <x86/user_return.h>

#include "test_main.h"

/* Names that the linker makes up for a section; a kernel's linker script has its own. */
extern const struct x86_extable_entry __start___ex_table[];
extern const struct x86_extable_entry __stop___ex_table[];

/* Set by a fault that the table does not know; a handler cannot fail a test. */
static volatile sig_atomic_t unknown_fault;

/* Ring 3 takes #GP for RDMSR and WRMSR, which arrives as SIGSEGV: what a kernel's handler does. */
static void on_fault(int signal, siginfo_t *info, void *context)
{
    ucontext_t *machine = context;
    greg_t *rip = &machine->uc_mcontext.gregs[REG_RIP];
    uint64_t fixup = x86_extable_fixup(__start___ex_table, __stop___ex_table, (uint64_t)*rip);

    (void)signal;
    (void)info;
    if (fixup == 0) {
        unknown_fault = 1;
        *rip += 2; /* RDMSR and WRMSR are two bytes long */
        return;
    }
    *rip = (greg_t)fixup;
}

/* Called within a test: cmocka sets handlers of its own around each. */
static void install_handler(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

    unknown_fault = 0;
    assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
}

static void safe_msr_access_reports_a_fault(void **state)
{
    uint64_t value = 0x77;
    struct x86_msr_efer efer = {0x77};

    (void)state;
    install_handler();
    assert_false(x86_rdmsr_safe(X86_MSR_EFER, &value));
    assert_int_equal(value, 0);
    assert_false(x86_wrmsr_safe(X86_MSR_EFER, 0x500));
    assert_false(x86_msr_efer_read_safe(&efer));
    assert_false(x86_msr_efer_write_safe(efer));
    assert_int_equal(unknown_fault, 0);
}

static void unsafe_msr_access_is_not_in_the_table(void **state)
{
    (void)state;
    install_handler();
    x86_wrmsr(X86_MSR_EFER, 0);
    assert_int_equal(unknown_fault, 1);
}

static void table_lookup(void **state)
{
    static const struct x86_extable_entry table[] = {
        {0xffffffff80001000, 0xffffffff80001010},
        {0xffffffff80000500, 0xffffffff80000520},
    };

    (void)state;
    assert_int_equal(x86_extable_fixup(table, table + 2, table[0].fault_ip), table[0].fixup_ip);
    assert_int_equal(x86_extable_fixup(table, table + 2, table[1].fault_ip), table[1].fixup_ip);
    assert_int_equal(x86_extable_fixup(table, table + 1, table[1].fault_ip), 0);
    assert_int_equal(x86_extable_fixup(table, table, table[0].fault_ip), 0);
    assert_int_equal(x86_extable_fixup(table, table + 2, table[0].fault_ip + 1), 0);
}

static void unprivileged_instructions(void **state)
{
    uint64_t first = x86_rdtsc();

    (void)state;
    assert_true(x86_cpuid(0, 0).eax >= 1);
    assert_true((x86_read_cs() & 3) == 3);
    assert_true(x86_rdtsc() > first);
    assert_true((x86_read_rflags() & 2) != 0);
}

static void status_from_flags(void **state)
{
    (void)state;
    assert_int_equal(vmx_status_from_flags(0x02), VMX_SUCCEED);
    assert_int_equal(vmx_status_from_flags(0x03), VMX_FAIL_INVALID);
    assert_int_equal(vmx_status_from_flags(0x42), VMX_FAIL_VALID);
    /* All others of the arithmetic flags, and IF, mean nothing. */
    assert_int_equal(vmx_status_from_flags(0xa96), VMX_SUCCEED);
    assert_string_equal(vmx_status_name(VMX_SUCCEED), "VMsucceed");
    assert_string_equal(vmx_status_name(VMX_FAIL_INVALID), "VMfailInvalid");
    assert_string_equal(vmx_status_name(VMX_FAIL_VALID), "VMfailValid");
    assert_string_equal(vmx_status_name((enum vmx_status)3), "unknown");
}

/* What the assembler makes of it, and nothing that only begins like it. */
extern const uint8_t sysexit_64[], sysexit_32[], sysenter_64[];
__asm__(".pushsection .rodata\n"
        "sysexit_64: sysexitq\n"
        "sysexit_32: sysexitl\n"
        "sysenter_64: .byte 0x48; sysenter\n"
        ".popsection");

static void sysexit_is_known(void **state)
{
    (void)state;
    assert_true(x86_is_sysexit(sysexit_64));
    assert_false(x86_is_sysexit(sysexit_32));
    assert_false(x86_is_sysexit(sysenter_64));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safe_msr_access_reports_a_fault),
        cmocka_unit_test(unsafe_msr_access_is_not_in_the_table),
        cmocka_unit_test(table_lookup),
        cmocka_unit_test(unprivileged_instructions),
        cmocka_unit_test(status_from_flags),
        cmocka_unit_test(sysexit_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
