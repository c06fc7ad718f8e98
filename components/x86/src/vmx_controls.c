/* SPDX-License-Identifier: BSD-2-Clause */

#include <stddef.h>

#include <x86/msr.h>
#include <x86/vmx_controls.h>

#define CONTROL_BITS 64

/* The manual's names: SDM vol. 3, tables 24-5 to 24-8, 24-13 to 24-15. */
static const char *const control_names[VMX_WORD_COUNT][CONTROL_BITS] = {
    [VMX_WORD_PIN] =
        {
            [0] = "external-interrupt exiting",
            [3] = "NMI exiting",
            [5] = "virtual NMIs",
            [6] = "activate VMX-preemption timer",
            [7] = "process posted interrupts",
        },
    [VMX_WORD_PROC] =
        {
            [2] = "interrupt-window exiting",
            [3] = "use TSC offsetting",
            [7] = "HLT exiting",
            [9] = "INVLPG exiting",
            [10] = "MWAIT exiting",
            [11] = "RDPMC exiting",
            [12] = "RDTSC exiting",
            [15] = "CR3-load exiting",
            [16] = "CR3-store exiting",
            [17] = "activate tertiary controls",
            [19] = "CR8-load exiting",
            [20] = "CR8-store exiting",
            [21] = "use TPR shadow",
            [22] = "NMI-window exiting",
            [23] = "MOV-DR exiting",
            [24] = "unconditional I/O exiting",
            [25] = "use I/O bitmaps",
            [27] = "monitor trap flag",
            [28] = "use MSR bitmaps",
            [29] = "MONITOR exiting",
            [30] = "PAUSE exiting",
            [31] = "activate secondary controls",
        },
    [VMX_WORD_PROC2] =
        {
            [0] = "virtualize APIC accesses",
            [1] = "enable EPT",
            [2] = "descriptor-table exiting",
            [3] = "enable RDTSCP",
            [4] = "virtualize x2APIC mode",
            [5] = "enable VPID",
            [6] = "WBINVD exiting",
            [7] = "unrestricted guest",
            [8] = "APIC-register virtualization",
            [9] = "virtual-interrupt delivery",
            [10] = "PAUSE-loop exiting",
            [11] = "RDRAND exiting",
            [12] = "enable INVPCID",
            [13] = "enable VM functions",
            [14] = "VMCS shadowing",
            [15] = "enable ENCLS exiting",
            [16] = "RDSEED exiting",
            [17] = "enable PML",
            [18] = "EPT-violation #VE",
            [19] = "conceal VMX from PT",
            [20] = "enable XSAVES/XRSTORS",
            [21] = "PASID translation",
            [22] = "mode-based execute control for EPT",
            [23] = "sub-page write permissions for EPT",
            [24] = "Intel PT uses guest physical addresses",
            [25] = "use TSC scaling",
            [26] = "enable user wait and pause",
            [27] = "enable PCONFIG",
            [28] = "enable ENCLV exiting",
            [30] = "VMM bus-lock detection",
            [31] = "instruction timeout",
        },
    [VMX_WORD_PROC3] =
        {
            [0] = "LOADIWKEY exiting",
            [1] = "enable HLAT",
            [2] = "EPT paging-write control",
            [3] = "guest-paging verification",
            [4] = "IPI virtualization",
            [6] = "enable MSR-list instructions",
            [7] = "virtualize IA32_SPEC_CTRL",
            [8] = "APIC-timer virtualization",
        },
    [VMX_WORD_EXIT] =
        {
            [2] = "save debug controls",
            [9] = "host address-space size",
            [12] = "load IA32_PERF_GLOBAL_CTRL",
            [15] = "acknowledge interrupt on exit",
            [18] = "save IA32_PAT",
            [19] = "load IA32_PAT",
            [20] = "save IA32_EFER",
            [21] = "load IA32_EFER",
            [22] = "save VMX-preemption timer value",
            [23] = "clear IA32_BNDCFGS",
            [24] = "conceal VMX from PT",
            [25] = "clear IA32_RTIT_CTL",
            [26] = "clear IA32_LBR_CTL",
            [27] = "clear UINV",
            [28] = "load CET state",
            [29] = "load PKRS",
            [30] = "save IA32_PERF_GLOBAL_CTL",
            [31] = "activate secondary controls",
        },
    [VMX_WORD_EXIT2] =
        {
            [0] = "save FRED state",
            [1] = "load FRED state",
            [3] = "prematurely busy shadow stack",
        },
    [VMX_WORD_ENTRY] =
        {
            [2] = "load debug controls",
            [9] = "IA-32e mode guest",
            [10] = "entry to SMM",
            [11] = "deactivate dual-monitor treatment",
            [13] = "load IA32_PERF_GLOBAL_CTRL",
            [14] = "load IA32_PAT",
            [15] = "load IA32_EFER",
            [16] = "load IA32_BNDCFGS",
            [17] = "conceal VMX from PT",
            [18] = "load IA32_RTIT_CTL",
            [19] = "load UINV",
            [20] = "load CET state",
            [21] = "load guest IA32_LBR_CTL",
            [22] = "load PKRS",
            [23] = "load FRED state",
        },
};

static const struct {
    const char *name;
    uint32_t msr;
    uint32_t true_msr;
} words[VMX_WORD_COUNT] = {
    [VMX_WORD_PIN] = {"pin-based", X86_MSR_VMX_PINBASED_CTLS, X86_MSR_VMX_TRUE_PINBASED_CTLS},
    [VMX_WORD_PROC] = {"primary processor-based", X86_MSR_VMX_PROCBASED_CTLS,
                       X86_MSR_VMX_TRUE_PROCBASED_CTLS},
    [VMX_WORD_PROC2] = {"secondary processor-based", X86_MSR_VMX_PROCBASED_CTLS2,
                        X86_MSR_VMX_PROCBASED_CTLS2},
    [VMX_WORD_PROC3] = {"tertiary processor-based", X86_MSR_VMX_PROCBASED_CTLS3,
                        X86_MSR_VMX_PROCBASED_CTLS3},
    [VMX_WORD_EXIT] = {"VM-exit", X86_MSR_VMX_EXIT_CTLS, X86_MSR_VMX_TRUE_EXIT_CTLS},
    [VMX_WORD_EXIT2] = {"secondary VM-exit", X86_MSR_VMX_EXIT_CTLS2, X86_MSR_VMX_EXIT_CTLS2},
    [VMX_WORD_ENTRY] = {"VM-entry", X86_MSR_VMX_ENTRY_CTLS, X86_MSR_VMX_TRUE_ENTRY_CTLS},
};

static bool is_word(enum vmx_control_word word)
{
    return (unsigned)word < VMX_WORD_COUNT;
}

const char *vmx_control_name(enum vmx_control_word word, unsigned bit)
{
    return is_word(word) && bit < CONTROL_BITS ? control_names[word][bit] : NULL;
}

const char *vmx_control_word_name(enum vmx_control_word word)
{
    return is_word(word) ? words[word].name : "unknown";
}

uint64_t vmx_control_known(enum vmx_control_word word)
{
    uint64_t known = 0;

    for (unsigned bit = 0; bit < CONTROL_BITS; bit++) {
        if (vmx_control_name(word, bit) != NULL)
            known |= X86_BIT(bit);
    }
    return known;
}

uint32_t vmx_control_msr(enum vmx_control_word word, bool true_controls)
{
    if (!is_word(word))
        return 0;
    return true_controls ? words[word].true_msr : words[word].msr;
}

/* Hands out a result of vmx_adjust; a failure has culprits and no word. */
static enum vmx_adjust_status finish(enum vmx_adjust_status status, uint64_t word, uint64_t failed,
                                     uint64_t *out, uint64_t *culprits)
{
    *out = word;
    if (culprits != NULL)
        *culprits = failed;
    return status;
}

enum vmx_adjust_status vmx_adjust(struct vmx_control_request request, struct vmx_allowed allowed,
                                  uint64_t *out, uint64_t *culprits)
{
    uint64_t missing = request.required & ~allowed.may_be_one;
    uint64_t forced = request.forbidden & (allowed.must_be_one | request.required);
    uint64_t wanted = request.required | (request.optional & ~request.forbidden);

    if (missing != 0)
        return finish(VMX_ADJUST_MISSING, 0, missing, out, culprits);
    if (forced != 0)
        return finish(VMX_ADJUST_FORCED, 0, forced, out, culprits);
    return finish(VMX_ADJUST_OK, (wanted & allowed.may_be_one) | allowed.must_be_one, 0, out,
                  culprits);
}

enum vmx_adjust_status vmx_adjust_controls(uint32_t required, uint32_t optional,
                                           uint64_t capability_msr, uint32_t *out,
                                           uint32_t *missing)
{
    uint64_t word;
    uint64_t culprits;
    enum vmx_adjust_status status = vmx_adjust((struct vmx_control_request){required, optional, 0},
                                               vmx_allowed_from_msr(capability_msr), &word,
                                               &culprits);

    *out = (uint32_t)word;
    if (missing != NULL)
        *missing = (uint32_t)culprits;
    return status;
}

enum vmx_adjust_status vmx_adjust_controls64(uint64_t required, uint64_t optional,
                                             uint64_t capability_msr, uint64_t *out,
                                             uint64_t *missing)
{
    return vmx_adjust((struct vmx_control_request){required, optional, 0},
                      vmx_allowed_from_msr64(capability_msr), out, missing);
}
