/* SPDX-License-Identifier: BSD-2-Clause */
/* Turning SVM on for a CPU: AMD APM vol. 2, 15.4, 15.30; vol. 3, E.4.9. */

#include <vcpu_host.h>
#include <x86/cpuid.h>

#include "svm.h"

#define TCG_EBX 0x54474354u /* "TCGTCGTCGTCG" */
#define TCG_ECX 0x43544743u
#define TCG_EDX 0x47435447u

static bool fail(struct vcpu_enable_failure *failure, const char *what, const char *where)
{
    failure->what = what;
    failure->where = where;
    return false;
}

/* Everything that is decided before anything is changed. */
struct plan {
    struct svm_capability capability;
    uint64_t vm_cr;
    bool has_vm_cr;
};

/* Looks at everything and changes nothing. */
static bool make_plan(struct plan *plan, struct vcpu_enable_failure *failure)
{
    struct x86_cpuid_regs leaf;

    if (!vcpu_cpu_feature(X86_FEATURE_SVM))
        return fail(failure, "SVM", "CPUID.80000001H:ECX.2");
    leaf = x86_cpuid(X86_CPUID_SVM, 0);
    plan->capability = svm_capability_decode(leaf.eax, leaf.ebx, leaf.edx);
    /* Bochs 2.7 has SVM without VM_CR: then nothing turns it off. */
    plan->has_vm_cr = x86_rdmsr_safe(X86_MSR_AMD_VM_CR, &plan->vm_cr);
    if ((plan->vm_cr & X86_VM_CR_SVMDIS) != 0 && (plan->vm_cr & X86_VM_CR_LOCK) != 0)
        return fail(failure, "SVM (turned off and locked by the firmware)", "VM_CR");
    if ((plan->capability.features & SVM_FEATURE_NESTED_PAGING) == 0)
        return fail(failure, "nested paging", "CPUID.8000000AH:EDX.0");
    if (plan->capability.asids < 2)
        return fail(failure, "address-space identifiers", "CPUID.8000000AH:EBX");
    if (!vcpu_cpu_feature(X86_FEATURE_NX))
        return fail(failure, "no-execute pages", "CPUID.80000001H:EDX.20");
    if (!vcpu_cpu_feature(X86_FEATURE_FXSR))
        return fail(failure, "FXSAVE", "CPUID.1:EDX.24");
    return true;
}

static uint32_t features_found(void)
{
    static const struct {
        enum x86_feature cpuid;
        uint32_t feature;
    } found[] = {
        {X86_FEATURE_XSAVE, VCPU_FEATURE_XSAVE},
        {X86_FEATURE_RDTSCP, VCPU_FEATURE_TSC_AUX},
        {X86_FEATURE_NX, VCPU_FEATURE_EFER_NX},
    };
    uint32_t features = VCPU_FEATURE_PAT | VCPU_FEATURE_DESCRIPTOR_TABLES |
                        VCPU_FEATURE_XCR0_CHANGES;

    for (unsigned i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        if (vcpu_cpu_feature(found[i].cpuid))
            features |= found[i].feature;
    }
    return features;
}

/* Bits of CR4 that a guest can have: those whose state the engine switches, where the processor has
 * them. The processor refuses others (15.5.1). */
static uint64_t cr4_for_guests(void)
{
    static const struct {
        uint64_t bits;
        enum x86_feature feature;
    } known[] = {
        {X86_CR4_VME | X86_CR4_PVI, X86_FEATURE_VME},
        {X86_CR4_TSD, X86_FEATURE_TSC},
        {X86_CR4_DE, X86_FEATURE_DE},
        {X86_CR4_PSE, X86_FEATURE_PSE},
        {X86_CR4_PAE, X86_FEATURE_PAE},
        {X86_CR4_MCE, X86_FEATURE_MCE},
        {X86_CR4_PGE, X86_FEATURE_PGE},
        {X86_CR4_OSFXSR, X86_FEATURE_FXSR},
        {X86_CR4_OSXMMEXCPT, X86_FEATURE_SSE},
        {X86_CR4_UMIP, X86_FEATURE_UMIP},
        {X86_CR4_FSGSBASE, X86_FEATURE_FSGSBASE},
        {X86_CR4_PCIDE, X86_FEATURE_PCID},
        {X86_CR4_OSXSAVE, X86_FEATURE_XSAVE},
        {X86_CR4_SMEP, X86_FEATURE_SMEP},
        {X86_CR4_SMAP, X86_FEATURE_SMAP},
        {X86_CR4_PKE, X86_FEATURE_PKU},
    };
    uint64_t cr4 = X86_CR4_PCE;

    for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (vcpu_cpu_feature(known[i].feature))
            cr4 |= known[i].bits;
    }
    return cr4;
}

/* QEMU's translator, as it names itself. */
static bool is_tcg(void)
{
    struct x86_cpuid_regs leaf;

    if (!vcpu_cpu_feature(X86_FEATURE_HYPERVISOR))
        return false;
    leaf = x86_cpuid(X86_CPUID_HYPERVISOR, 0);
    return leaf.ebx == TCG_EBX && leaf.ecx == TCG_ECX && leaf.edx == TCG_EDX;
}

/*
 * Bochs 2.7, which the missing VM_CR gives away, keeps a trap that is due to the guest's TF over
 * #VMEXIT when the instruction exits, and delivers it at the first instruction of the host, GIF or
 * not.
 */
static void guard_traps(struct vcpu_cpu *cpu)
{
    struct svm_cpu *svm = svm_cpu_of(cpu);

    svm->guard_idt[X86_VECTOR_DB] =
        x86_gate64((uint64_t)svm_late_trap, cpu->host.cs, X86_TYPE_INTERRUPT_GATE, 0, 0);
    svm->guard.limit = sizeof(svm->guard_idt) - 1;
    svm->guard.base = (uint64_t)svm->guard_idt;
}

static void fill_in_cpu(struct vcpu_cpu *cpu, const struct plan *plan)
{
    struct svm_cpu *svm = svm_cpu_of(cpu);

    cpu->current = NULL;
    cpu->state_owner = NULL;
    cpu->fpu_owner = NULL;
    cpu->features = features_found();
    cpu->physical_bits = vcpu_cpu_physical_bits();
    cpu->xcr0_supported = vcpu_cpu_xcr0();
    cpu->cr4_allowed = cr4_for_guests();
    svm->features = plan->capability.features;
    svm->keeps_lme = is_tcg();
    svm->repeats_interrupts = svm->keeps_lme;
    svm->late_traps = !plan->has_vm_cr;
    guard_traps(cpu);
    svm->rdpru = vcpu_cpu_feature(X86_FEATURE_RDPRU);
    svm->asids = plan->capability.asids;
    /* Generations only grow, so that an ASID of before a disable is never taken for a present one.
     * */
    svm->asid_generation++;
    svm->next_asid = 1;
    svm->flush_all = true;
}

/* What VMLOAD has to restore after each exit. The page is free until it becomes the processor's. */
static void note_host_state(struct vcpu_cpu *cpu, void *page)
{
    const struct svm_vmcb *vmcb = page;
    uint8_t *bytes = page;

    svm_vmsave(vcpu_host_physical(page));
    svm_cpu_of(cpu)->host = (struct svm_hidden){
        .fs = vmcb->save.fs,
        .gs = vmcb->save.gs,
        .ldtr = vmcb->save.ldtr,
        .tr = vmcb->save.tr,
        .star = vmcb->save.star,
        .lstar = vmcb->save.lstar,
        .cstar = vmcb->save.cstar,
        .fmask = vmcb->save.fmask,
        .kernel_gs_base = vmcb->save.kernel_gs_base,
        .sysenter_cs = vmcb->save.sysenter_cs,
        .sysenter_esp = vmcb->save.sysenter_esp,
        .sysenter_eip = vmcb->save.sysenter_eip,
    };
    for (unsigned i = 0; i < SVM_VMCB_SIZE; i++)
        bytes[i] = 0;
}

enum nacelle_error svm_cpu_enable(struct vcpu_cpu *cpu, void *page,
                                  struct vcpu_enable_failure *failure)
{
    struct plan plan = {0};
    uint64_t cr4;

    if (!make_plan(&plan, failure))
        return NACELLE_ERROR_UNSUPPORTED;

    fill_in_cpu(cpu, &plan);
    if ((plan.vm_cr & X86_VM_CR_SVMDIS) != 0)
        x86_wrmsr(X86_MSR_AMD_VM_CR, plan.vm_cr & ~X86_VM_CR_SVMDIS);
    /* NXE: nested tables follow the host's (15.25.5). */
    x86_wrmsr(X86_MSR_EFER, x86_rdmsr(X86_MSR_EFER) | X86_EFER_SVME | X86_EFER_NXE);
    /* What XSAVE and FXSAVE of all of a guest's state take. */
    cr4 = x86_read_cr4() | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT;
    if ((cpu->features & VCPU_FEATURE_XSAVE) != 0)
        cr4 |= X86_CR4_OSXSAVE;
    x86_write_cr4(cr4);
    cpu->host_cr0 = (x86_read_cr0() | X86_CR0_TS) & ~X86_CR0_EM;
    cpu->host_cr4 = cr4;
    cpu->host_efer = x86_rdmsr(X86_MSR_EFER);
    note_host_state(cpu, page);
    x86_wrmsr(X86_MSR_AMD_VM_HSAVE_PA, vcpu_host_physical(page));
    cpu->region = vcpu_host_physical(page);
    return NACELLE_ERROR_OK;
}

void svm_cpu_disable(struct vcpu_cpu *cpu)
{
    if (cpu->region == 0)
        return;
    x86_wrmsr(X86_MSR_AMD_VM_HSAVE_PA, 0);
    x86_wrmsr(X86_MSR_EFER, x86_rdmsr(X86_MSR_EFER) & ~X86_EFER_SVME);
    cpu->region = 0;
    cpu->current = NULL;
    cpu->state_owner = NULL;
    cpu->fpu_owner = NULL;
}
