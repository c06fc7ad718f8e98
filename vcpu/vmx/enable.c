/* SPDX-License-Identifier: BSD-2-Clause */
/* Turning VMX on for a CPU: Intel SDM vol. 3, 23.6 to 23.8, 31.5, appendix A. */

#include <vcpu_host.h>
#include <x86/cpuid.h>
#include <x86/ept.h>
#include <x86/msr.h>
#include <x86/vmx_capability.h>
#include <x86/vmx_controls.h>

#include "vmcs.h"

#define PIN_REQUIRED \
    (VMX_PIN_EXTERNAL_INTERRUPT_EXITING | VMX_PIN_NMI_EXITING | VMX_PIN_VIRTUAL_NMIS)
#define PIN_OPTIONAL VMX_PIN_PREEMPTION_TIMER

/* Set at all times, or until a client turns them off. */
#define PROC_BASE                                                                    \
    (VMX_PROC_TSC_OFFSETTING | VMX_PROC_HLT_EXITING | VMX_PROC_MWAIT_EXITING |       \
     VMX_PROC_MONITOR_EXITING | VMX_PROC_RDPMC_EXITING | VMX_PROC_CR8_LOAD_EXITING | \
     VMX_PROC_CR8_STORE_EXITING | VMX_PROC_MOV_DR_EXITING | VMX_PROC_IO_BITMAPS |    \
     VMX_PROC_MSR_BITMAPS | VMX_PROC_SECONDARY_CONTROLS)
/* Set on demand. */
#define PROC_TOGGLED                                                                             \
    (VMX_PROC_INTERRUPT_WINDOW_EXITING | VMX_PROC_NMI_WINDOW_EXITING | VMX_PROC_INVLPG_EXITING | \
     VMX_PROC_RDTSC_EXITING | VMX_PROC_CR3_LOAD_EXITING | VMX_PROC_CR3_STORE_EXITING |           \
     VMX_PROC_PAUSE_EXITING)

#define PROC2_REQUIRED (VMX_PROC2_EPT | VMX_PROC2_UNRESTRICTED_GUEST)
#define PROC2_OPTIONAL                                                                  \
    (VMX_PROC2_RDTSCP | VMX_PROC2_VPID | VMX_PROC2_WBINVD_EXITING | VMX_PROC2_INVPCID | \
     VMX_PROC2_XSAVES | VMX_PROC2_ENCLS_EXITING | VMX_PROC2_ENCLV_EXITING)

#define EXIT_REQUIRED                                                        \
    (VMX_EXITCTL_SAVE_DEBUG_CONTROLS | VMX_EXITCTL_HOST_ADDRESS_SPACE_SIZE | \
     VMX_EXITCTL_ACKNOWLEDGE_INTERRUPT | VMX_EXITCTL_SAVE_EFER | VMX_EXITCTL_LOAD_EFER)
#define EXIT_OPTIONAL \
    (VMX_EXITCTL_SAVE_PAT | VMX_EXITCTL_LOAD_PAT | VMX_EXITCTL_SAVE_PREEMPTION_TIMER)

#define ENTRY_REQUIRED (VMX_ENTRYCTL_LOAD_DEBUG_CONTROLS | VMX_ENTRYCTL_LOAD_EFER)
#define ENTRY_OPTIONAL VMX_ENTRYCTL_LOAD_PAT
#define ENTRY_TOGGLED  VMX_ENTRYCTL_IA32E_MODE_GUEST

/* Everything that is decided before anything is changed. */
struct plan {
    uint64_t basic;
    uint64_t feature_control;
    uint64_t misc;
    struct vmx_ept_vpid ept_vpid;
    uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
    uint64_t words[VMX_WORD_COUNT];
};

static bool fail(struct vcpu_enable_failure *failure, const char *what, const char *where)
{
    failure->what = what;
    failure->where = where;
    return false;
}

/* The name by which a missing control is reported. */
static const char *missing_name(enum vmx_control_word word, uint64_t missing)
{
    unsigned bit = 0;
    const char *name;

    /* These two are what people look for. */
    if (word == VMX_WORD_PROC && (missing & VMX_PROC_SECONDARY_CONTROLS) != 0)
        return "EPT";
    if (word == VMX_WORD_PROC2)
        return (missing & VMX_PROC2_EPT) != 0 ? "EPT" : "unrestricted guest";
    while (bit < 31 && !x86_bit(missing, bit))
        bit++;
    name = vmx_control_name(word, bit);
    return name != NULL ? name : "VMX control";
}

static const struct word_request {
    enum vmx_control_word word;
    uint32_t required;
    uint32_t optional;
    uint32_t toggled;
    const char *where;
} word_requests[] = {
    /* The secondary controls before the others: the lack of EPT is to be reported as such. */
    {VMX_WORD_PROC2, PROC2_REQUIRED, PROC2_OPTIONAL, 0, "IA32_VMX_PROCBASED_CTLS2"},
    {VMX_WORD_PIN, PIN_REQUIRED, PIN_OPTIONAL, 0, "IA32_VMX_PINBASED_CTLS"},
    {VMX_WORD_PROC, PROC_BASE, 0, PROC_TOGGLED, "IA32_VMX_PROCBASED_CTLS"},
    {VMX_WORD_EXIT, EXIT_REQUIRED, EXIT_OPTIONAL, 0, "IA32_VMX_EXIT_CTLS"},
    {VMX_WORD_ENTRY, ENTRY_REQUIRED, ENTRY_OPTIONAL, ENTRY_TOGGLED, "IA32_VMX_ENTRY_CTLS"},
};

static bool plan_word(struct plan *plan, const struct word_request *request, bool true_controls,
                      struct vcpu_enable_failure *failure)
{
    uint64_t msr = x86_rdmsr(vmx_control_msr(request->word, true_controls));
    uint32_t word = 0;
    uint32_t missing = 0;

    if (vmx_adjust_controls(request->required | request->toggled, request->optional, msr, &word,
                            &missing) != VMX_ADJUST_OK)
        return fail(failure, missing_name(request->word, missing), request->where);
    /* Toggled controls begin as 0, unless the processor wants them to be 1. */
    plan->words[request->word] = word & ~(request->toggled & ~(uint32_t)msr);
    return true;
}

static bool plan_words(struct plan *plan, struct vcpu_enable_failure *failure)
{
    bool true_controls = (plan->basic & VMX_BASIC_TRUE_CONTROLS) != 0;
    uint64_t procedure = x86_rdmsr(vmx_control_msr(VMX_WORD_PROC, true_controls));

    if ((procedure >> 32 & VMX_PROC_SECONDARY_CONTROLS) == 0)
        return fail(failure, "EPT", "IA32_VMX_PROCBASED_CTLS");
    for (unsigned i = 0; i < sizeof(word_requests) / sizeof(word_requests[0]); i++) {
        if (!plan_word(plan, &word_requests[i], true_controls, failure))
            return false;
    }
    /* The timer is of use only when it goes on where it was. */
    if ((plan->words[VMX_WORD_EXIT] & VMX_EXITCTL_SAVE_PREEMPTION_TIMER) == 0)
        plan->words[VMX_WORD_PIN] &= ~(uint64_t)VMX_PIN_PREEMPTION_TIMER;
    if ((plan->words[VMX_WORD_PIN] & VMX_PIN_PREEMPTION_TIMER) == 0)
        plan->words[VMX_WORD_EXIT] &= ~(uint64_t)VMX_EXITCTL_SAVE_PREEMPTION_TIMER;
    return true;
}

static bool plan_ept(struct plan *plan, struct vcpu_enable_failure *failure)
{
    static const char where[] = "IA32_VMX_EPT_VPID_CAP";

    plan->ept_vpid = vmx_ept_vpid_decode(x86_rdmsr(X86_MSR_VMX_EPT_VPID_CAP));
    if (!plan->ept_vpid.walk_4)
        return fail(failure, "EPT page walks of length 4", where);
    if (!plan->ept_vpid.memory_wb)
        return fail(failure, "write-back EPT structures", where);
    if (!plan->ept_vpid.invept || !(plan->ept_vpid.invept_single || plan->ept_vpid.invept_all))
        return fail(failure, "INVEPT", where);
    /* A VPID that cannot be flushed is of no use. */
    if (!plan->ept_vpid.invvpid || !plan->ept_vpid.invvpid_all)
        plan->words[VMX_WORD_PROC2] &= ~(uint64_t)VMX_PROC2_VPID;
    return true;
}

/* Looks at everything and changes nothing. */
static bool make_plan(struct plan *plan, struct vcpu_enable_failure *failure)
{
    if (!vcpu_cpu_feature(X86_FEATURE_VMX))
        return fail(failure, "VMX", "CPUID.1:ECX.5");
    plan->feature_control = x86_rdmsr(X86_MSR_FEATURE_CONTROL);
    if ((plan->feature_control & X86_FEATURE_CONTROL_LOCK) != 0 &&
        (plan->feature_control & X86_FEATURE_CONTROL_VMX_OUTSIDE_SMX) == 0)
        return fail(failure, "VMX (turned off and locked by the firmware)", "IA32_FEATURE_CONTROL");
    plan->basic = x86_rdmsr(X86_MSR_VMX_BASIC);
    if (!plan_words(plan, failure) || !plan_ept(plan, failure))
        return false;
    plan->misc = x86_rdmsr(X86_MSR_VMX_MISC);
    if ((plan->misc & VMX_MISC_SAVE_LMA) == 0)
        return fail(failure, "saving of IA32_EFER.LMA at exits", "IA32_VMX_MISC");
    if (!vcpu_cpu_feature(X86_FEATURE_FXSR))
        return fail(failure, "FXSAVE", "CPUID.1:EDX.24");
    plan->cr0_fixed0 = x86_rdmsr(X86_MSR_VMX_CR0_FIXED0);
    plan->cr0_fixed1 = x86_rdmsr(X86_MSR_VMX_CR0_FIXED1);
    plan->cr4_fixed0 = x86_rdmsr(X86_MSR_VMX_CR4_FIXED0);
    plan->cr4_fixed1 = x86_rdmsr(X86_MSR_VMX_CR4_FIXED1);
    return true;
}

static uint32_t features_found(const struct plan *plan)
{
    struct vmx_misc misc = vmx_misc_decode(plan->misc);
    struct vmx_basic basic = vmx_basic_decode(plan->basic);
    uint64_t procedure = x86_rdmsr(vmx_control_msr(VMX_WORD_PROC, basic.true_controls)) >> 32;
    uint64_t procedure2 = x86_rdmsr(X86_MSR_VMX_PROCBASED_CTLS2) >> 32;
    const struct {
        bool present;
        uint32_t feature;
    } found[] = {
        {(plan->words[VMX_WORD_PIN] & VMX_PIN_PREEMPTION_TIMER) != 0, VCPU_FEATURE_TIMER},
        {(plan->words[VMX_WORD_PROC2] & VMX_PROC2_VPID) != 0, VCPU_FEATURE_VPID},
        {plan->ept_vpid.invvpid_single, VCPU_FEATURE_INVVPID_SINGLE},
        {plan->ept_vpid.invept_single, VCPU_FEATURE_INVEPT_SINGLE},
        {plan->ept_vpid.page_2m, VCPU_FEATURE_EPT_2M},
        {plan->ept_vpid.page_1g, VCPU_FEATURE_EPT_1G},
        {vcpu_cpu_feature(X86_FEATURE_XSAVE), VCPU_FEATURE_XSAVE},
        {(plan->words[VMX_WORD_PROC2] & VMX_PROC2_RDTSCP) != 0 &&
             vcpu_cpu_feature(X86_FEATURE_RDTSCP),
         VCPU_FEATURE_TSC_AUX},
        {(plan->words[VMX_WORD_EXIT] & VMX_EXITCTL_LOAD_PAT) != 0 &&
             (plan->words[VMX_WORD_EXIT] & VMX_EXITCTL_SAVE_PAT) != 0 &&
             (plan->words[VMX_WORD_ENTRY] & VMX_ENTRYCTL_LOAD_PAT) != 0,
         VCPU_FEATURE_PAT},
        {(procedure & VMX_PROC_MONITOR_TRAP_FLAG) != 0, VCPU_FEATURE_MTF},
        {(procedure2 & VMX_PROC2_DESCRIPTOR_TABLE_EXITING) != 0, VCPU_FEATURE_DESCRIPTOR_TABLES},
        {(procedure & VMX_PROC_TPR_SHADOW) != 0 && (procedure2 & VMX_PROC2_APIC) == VMX_PROC2_APIC,
         VCPU_FEATURE_APIC},
        {basic.any_error_code, VCPU_FEATURE_ANY_ERROR_CODE},
        {misc.inject_length_0, VCPU_FEATURE_LENGTH_0},
        {misc.activity_hlt, VCPU_FEATURE_HLT},
        {misc.activity_shutdown, VCPU_FEATURE_SHUTDOWN},
        {misc.activity_wait_for_sipi, VCPU_FEATURE_SIPI},
        {basic.ins_outs_information, VCPU_FEATURE_STRING_INFO},
        {vcpu_cpu_feature(X86_FEATURE_NX), VCPU_FEATURE_EFER_NX},
    };
    uint32_t features = 0;

    for (unsigned i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        if (found[i].present)
            features |= found[i].feature;
    }
    return features;
}

static void fill_in_cpu(struct vcpu_cpu *cpu, const struct plan *plan)
{
    cpu->current = NULL;
    cpu->state_owner = NULL;
    cpu->fpu_owner = NULL;
    cpu->features = features_found(plan);
    cpu->pin = (uint32_t)plan->words[VMX_WORD_PIN];
    cpu->procedure = (uint32_t)plan->words[VMX_WORD_PROC];
    cpu->procedure2 = (uint32_t)plan->words[VMX_WORD_PROC2];
    cpu->exit = (uint32_t)plan->words[VMX_WORD_EXIT];
    cpu->entry = (uint32_t)plan->words[VMX_WORD_ENTRY];
    /* The guest without RDTSCP must not find INVPCID or XSAVES without their CPUID bits. */
    if ((cpu->features & VCPU_FEATURE_TSC_AUX) == 0)
        cpu->procedure2 &= ~VMX_PROC2_RDTSCP;
    if (!vcpu_cpu_feature(X86_FEATURE_INVPCID))
        cpu->procedure2 &= ~VMX_PROC2_INVPCID;
    if (!vcpu_cpu_feature(X86_FEATURE_XSAVES))
        cpu->procedure2 &= ~VMX_PROC2_XSAVES;
    cpu->preemption_timer_shift = vmx_misc_decode(plan->misc).preemption_timer_shift;
    cpu->physical_bits = vcpu_cpu_physical_bits();
    cpu->cr4_allowed = plan->cr4_fixed1 & VMX_CR4_ALLOWED;
    cpu->ept_pointer_flags = ept_pointer(0, EPT_LEVELS_4, X86_MEMORY_WB, false);
    cpu->xcr0_supported = vcpu_cpu_xcr0();
    /* VPID 0 is the host's: the first stamp is generation 0, VPID 1. */
    if (cpu->next_vpid == 0)
        cpu->next_vpid = 1;
}

/* CR4 as the host needs it: VMXE, and what XSAVE and FXSAVE of all of a guest's state take. */
static uint64_t host_cr4(const struct plan *plan, const struct vcpu_cpu *cpu)
{
    uint64_t cr4 = x86_read_cr4() | X86_CR4_VMXE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT;

    if ((cpu->features & VCPU_FEATURE_XSAVE) != 0)
        cr4 |= X86_CR4_OSXSAVE;
    return vmx_adjust_cr(cr4, plan->cr4_fixed0, plan->cr4_fixed1);
}

enum nacelle_error vmx_cpu_enable(struct vcpu_cpu *cpu, void *page,
                                  struct vcpu_enable_failure *failure)
{
    struct plan plan = {0};
    uint32_t *revision = page;
    uint64_t old_cr0 = x86_read_cr0();
    uint64_t old_cr4 = x86_read_cr4();
    uint64_t cr0;

    if (!make_plan(&plan, failure))
        return NACELLE_ERROR_UNSUPPORTED;

    fill_in_cpu(cpu, &plan);
    if ((plan.feature_control & X86_FEATURE_CONTROL_LOCK) == 0)
        x86_wrmsr(X86_MSR_FEATURE_CONTROL, plan.feature_control | X86_FEATURE_CONTROL_LOCK |
                                               X86_FEATURE_CONTROL_VMX_OUTSIDE_SMX);
    cr0 = vmx_adjust_cr(old_cr0, plan.cr0_fixed0, plan.cr0_fixed1);
    x86_write_cr0(cr0);
    x86_write_cr4(host_cr4(&plan, cpu));
    cpu->host_cr0 = (cr0 | X86_CR0_TS) & ~X86_CR0_EM;
    cpu->host_cr4 = x86_read_cr4();
    cpu->host_efer = x86_rdmsr(X86_MSR_EFER) & ~X86_EFER_SCE;
    /* Guests have no supervisor components, also not those that firmware left on. */
    if ((cpu->procedure2 & VMX_PROC2_XSAVES) != 0)
        x86_wrmsr(X86_MSR_XSS, 0);
    cpu->revision = vmx_basic_decode(plan.basic).revision;
    *revision = cpu->revision;
    if (vmx_vmxon(vcpu_host_physical(page)) != VMX_SUCCEED) {
        x86_write_cr4(old_cr4);
        x86_write_cr0(old_cr0);
        fail(failure, "VMX (VMXON failed)", "VMXON");
        return NACELLE_ERROR_UNSUPPORTED;
    }
    cpu->region = vcpu_host_physical(page);
    return NACELLE_ERROR_OK;
}

void vmx_cpu_disable(struct vcpu_cpu *cpu)
{
    if (cpu->region == 0)
        return;
    (void)vmx_vmxoff();
    x86_write_cr4(x86_read_cr4() & ~X86_CR4_VMXE);
    cpu->region = 0;
    cpu->current = NULL;
    cpu->state_owner = NULL;
    cpu->fpu_owner = NULL;
}
