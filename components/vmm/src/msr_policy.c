/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy for MSRs without a model. What is neither here nor with a device nor in the state page
 * faults, as on a processor that does not have it: SPEC_CTRL, PRED_CMD and ARCH_CAPABILITIES (CPUID
 * hides them), performance counters, power and thermal management, machine check. Linux 6.1 reads
 * these with a guard, or not at all without their CPUID bit; those below it reads without one.
 */
#include <vmm/msr_policy.h>
#include <x86/msr.h>

#define GENUINE_INTEL 0x756e6547u /* "Genu", in EBX of CPUID leaf 0 */

#define AMD_NB_CFG    0xc001001fu
#define AMD_MMIO_BASE 0xc0010058u
#define AMD_DE_CFG    0xc0011029u

enum whose {
    ALL,
    INTEL,
    AMD,
};

static const struct policy {
    enum whose whose;
    uint32_t msr;
    uint64_t value;
    enum vmm_msr_write write;
} policies[] = {
    /* Microcode: no version, and updates are loaded nowhere. */
    {ALL, X86_MSR_BIOS_SIGN_ID, 0, VMM_MSR_WRITE_IGNORED},
    {INTEL, X86_MSR_BIOS_UPDT_TRIG, 0, VMM_MSR_WRITE_IGNORED},
    {INTEL, X86_MSR_PLATFORM_ID, 0, VMM_MSR_WRITE_FAULTS},
    /* Locked with VMX and SGX off, as a firmware does: nobody tries to turn them on. */
    {INTEL, X86_MSR_FEATURE_CONTROL, 1, VMM_MSR_WRITE_FAULTS},
    /* Fast strings on; branch trace and precise events unavailable (bits 11, 12). Linux clears the
     * limit of CPUID leaves here. */
    {INTEL, X86_MSR_MISC_ENABLE, 0x1801, VMM_MSR_WRITE_IGNORED},
    /* No last branch records, no trap on branches in what is shown; guests turn them off. */
    {ALL, X86_MSR_DEBUGCTL, 0, VMM_MSR_WRITE_IGNORED},
    /* No memory encryption, no top of memory above 4 GiB. Linux reads it for its MTRR check. */
    {AMD, X86_MSR_AMD_SYSCFG, 0, VMM_MSR_WRITE_IGNORED},
    /* The TSC counts at the frequency of P0 (bit 24): otherwise Linux warns of the firmware. */
    {AMD, X86_MSR_AMD_HWCR, 1u << 24, VMM_MSR_WRITE_IGNORED},
    /* Extended configuration space by ports: Linux sets a bit of it, and reads it back. */
    {AMD, AMD_NB_CFG, 0, VMM_MSR_WRITE_KEPT},
    {AMD, AMD_MMIO_BASE, 0, VMM_MSR_WRITE_IGNORED},
    /* LFENCE serializes (bit 1): Linux sets it otherwise, and reads it back. */
    {AMD, AMD_DE_CFG, 2, VMM_MSR_WRITE_IGNORED},
};

bool vmm_msr_policy_add(struct vmm_msrs *msrs, const struct vmm_cpuid *cpuid)
{
    enum whose vendor = vmm_cpuid_get(cpuid, 0, 0).ebx == GENUINE_INTEL ? INTEL : AMD;

    for (unsigned i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        const struct vmm_msr_range range = {.first = policies[i].msr,
                                            .last = policies[i].msr,
                                            .value = policies[i].value,
                                            .write = policies[i].write};

        if (policies[i].whose != ALL && policies[i].whose != vendor)
            continue;
        if (!vmm_msr_add(msrs, &range))
            return false;
    }
    return true;
}
