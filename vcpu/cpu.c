/* SPDX-License-Identifier: BSD-2-Clause */
/* What a CPU has, and turning its virtualization on. */

#include <x86/control.h>
#include <x86/cpuid.h>
#include <x86/insn.h>
#include <x86/mitigations.h>
#include <x86/msr.h>

#include "vendor.h"

/* Components of XCR0 that a guest can have, each only together with the others of its line. */
static const uint64_t xcr0_groups[] = {
    X86_XCR0_AVX,
    X86_XCR0_OPMASK | X86_XCR0_ZMM_HI256 | X86_XCR0_HI16_ZMM,
    X86_XCR0_PKRU,
};

/* fpu.c counts on it. */
_Static_assert((X86_XCR0_X87 | X86_XCR0_SSE | X86_XCR0_AVX | X86_XCR0_OPMASK | X86_XCR0_ZMM_HI256 |
                X86_XCR0_HI16_ZMM | X86_XCR0_PKRU) <= UINT32_MAX,
               "components of guests are in the lower half of XCR0");

static struct x86_cpuid_regs cpuid_reader(void *context, uint32_t leaf, uint32_t subleaf)
{
    (void)context;
    return x86_cpuid(leaf, subleaf);
}

bool vcpu_cpu_feature(enum x86_feature feature)
{
    return x86_feature_present(cpuid_reader, NULL, feature);
}

uint32_t vcpu_cpu_physical_bits(void)
{
    return x86_cpuid_physical_bits(cpuid_reader, NULL);
}

/* Does the standard form of all these components end within the state page's array? */
static bool components_fit(uint64_t components)
{
    for (unsigned i = 2; i < 63; i++) {
        struct x86_cpuid_regs regs;

        if (!x86_bit(components, i))
            continue;
        regs = x86_cpuid(X86_CPUID_XSTATE, i);
        if ((uint64_t)regs.ebx + regs.eax > NACELLE_STATE_FPU_SIZE)
            return false;
    }
    return true;
}

uint64_t vcpu_cpu_xcr0(void)
{
    uint64_t supported = x86_cpuid_xcr0_supported(cpuid_reader, NULL);
    uint64_t allowed = X86_XCR0_X87 | X86_XCR0_SSE;

    if (!vcpu_cpu_feature(X86_FEATURE_XSAVE))
        return allowed;
    for (unsigned i = 0; i < sizeof(xcr0_groups) / sizeof(xcr0_groups[0]); i++) {
        uint64_t group = xcr0_groups[i];

        if ((supported & group) == group && components_fit(group))
            allowed |= group;
    }
    /* AVX-512 needs AVX. */
    if ((allowed & X86_XCR0_AVX) == 0)
        allowed &= ~xcr0_groups[1];
    return allowed;
}

enum nacelle_error vcpu_cpu_enable(struct vcpu_cpu *cpu, void *page,
                                   const struct vcpu_host_context *host,
                                   struct vcpu_enable_failure *failure)
{
    cpu->host = *host;
    if (X86_MITIGATIONS != 0)
        vcpu_mitigations_choose(host);
    if (!vcpu_vendor_choose(failure))
        return NACELLE_ERROR_UNSUPPORTED;
    if (VENDOR(cpu_enable, cpu, page, failure) != NACELLE_ERROR_OK)
        return NACELLE_ERROR_UNSUPPORTED;
    if ((cpu->features & VCPU_FEATURE_TSC_AUX) != 0)
        x86_wrmsr(X86_MSR_TSC_AUX, VCPU_HOST_TSC_AUX);
    return NACELLE_ERROR_OK;
}

void vcpu_cpu_disable(struct vcpu_cpu *cpu)
{
    VENDOR(cpu_disable, cpu);
}

uint32_t vcpu_vendor(void)
{
    return vcpu_vendor_number();
}
