/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMCB: life cycle, ASIDs, control area, state after RESET. */

#include <vcpu_host.h>
#include <x86/descriptor.h>
#include <x86/event.h>
#include <x86/paging.h>

#include "svm.h"

bool svm_in_64_bit_mode(struct vcpu *vcpu)
{
    const struct svm_vmcb_save *save = &svm_vmcb_of(vcpu)->save;

    return (save->efer & X86_EFER_LMA) != 0 &&
           (x86_ar_from_vmcb(save->cs.attributes) & X86_AR_L) != 0;
}

/* --- ASIDs --- */

/*
 * Each vCPU that comes to a CPU gets an ASID that no other had since the last flush of all ASIDs.
 * When they are used up a new generation begins, with a flush; vCPUs of older generations get new
 * ones before they enter again.
 */
void svm_assign_asid(struct vcpu *vcpu, struct vcpu_cpu *cpu)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    struct svm_cpu *svm = svm_cpu_of(cpu);

    if (svm->next_asid >= svm->asids) {
        svm->asid_generation++;
        svm->next_asid = 1; /* 0 is the host's */
        svm->flush_all = true;
    }
    vcpu->svm.asid_generation = svm->asid_generation;
    vmcb->control.asid = svm->next_asid++;
    svm_changed(vmcb, SVM_CLEAN_ASID);
}

/* --- Life cycle --- */

static void write_host_area(struct vcpu *vcpu, struct vcpu_cpu *cpu)
{
    struct svm_vmcb_save *area = svm_host_area(vcpu);
    const struct svm_hidden *host = &svm_cpu_of(cpu)->host;

    area->fs = host->fs;
    area->gs = host->gs;
    area->ldtr = host->ldtr;
    area->tr = host->tr;
    area->star = host->star;
    area->lstar = host->lstar;
    area->cstar = host->cstar;
    area->fmask = host->fmask;
    area->kernel_gs_base = host->kernel_gs_base;
    area->sysenter_cs = host->sysenter_cs;
    area->sysenter_esp = host->sysenter_esp;
    area->sysenter_eip = host->sysenter_eip;
    vcpu->host_stack = cpu->host.stack;
}

void svm_make_current(struct vcpu *vcpu)
{
    struct vcpu_cpu *cpu = vcpu_host_cpu();

    cpu->current = vcpu;
    if (vcpu->cpu == cpu)
        return;
    /* New on this CPU: what it keeps of this VMCB and its translations may be those of long ago. */
    vcpu->cpu = cpu;
    vcpu->tables_generation = 0;
    vcpu->svm.asid_generation = 0;
    svm_changed(svm_vmcb_of(vcpu), SVM_CLEAN_ALL);
    write_host_area(vcpu, cpu);
}

void svm_clear(struct vcpu *vcpu)
{
    struct vcpu_cpu *cpu = vcpu_host_cpu();

    if (vcpu->cpu != cpu)
        return;
    /* All of a VMCB is in memory after an exit. */
    vcpu->cpu = NULL;
    if (cpu->current == vcpu)
        cpu->current = NULL;
}

/* --- Controls --- */

#define INTERCEPT_BASE                                                                      \
    (SVM_INTERCEPT_INTR | SVM_INTERCEPT_NMI | SVM_INTERCEPT_INIT | SVM_INTERCEPT_RDPMC |    \
     SVM_INTERCEPT_CPUID | SVM_INTERCEPT_INVD | SVM_INTERCEPT_HLT | SVM_INTERCEPT_INVLPGA | \
     SVM_INTERCEPT_IO | SVM_INTERCEPT_MSR | SVM_INTERCEPT_TASK_SWITCH | SVM_INTERCEPT_SHUTDOWN)
#define INTERCEPT2_BASE                                                                          \
    (SVM_INTERCEPT2_VMRUN | SVM_INTERCEPT2_VMMCALL | SVM_INTERCEPT2_VMLOAD |                     \
     SVM_INTERCEPT2_VMSAVE | SVM_INTERCEPT2_STGI | SVM_INTERCEPT2_CLGI | SVM_INTERCEPT2_SKINIT | \
     SVM_INTERCEPT2_WBINVD | SVM_INTERCEPT2_MONITOR | SVM_INTERCEPT2_MWAIT |                     \
     SVM_INTERCEPT2_XSETBV)
#define CR8     (1u << 8)
#define ALL_DRS 0xffu

static void write_controls(struct vcpu *vcpu, struct vcpu_cpu *cpu)
{
    const struct vm *vm = vcpu->vm;
    struct svm_vmcb_control *control = &svm_vmcb_of(vcpu)->control;

    *control = (struct svm_vmcb_control){
        .intercept_cr_read = CR8,
        .intercept_cr_write = CR8,
        .intercept_dr_read = ALL_DRS,
        .intercept_dr_write = ALL_DRS,
        .intercept_exceptions = SVM_EXCEPTIONS_ALWAYS,
        .intercept = INTERCEPT_BASE,
        .intercept2 = INTERCEPT2_BASE | (svm_cpu_of(cpu)->rdpru ? SVM_INTERCEPT2_RDPRU : 0),
        .io_map = vcpu_host_physical(vm->io_bitmap),
        .msr_map = vcpu_host_physical(vm->msr_bitmap),
        .v_interrupt = SVM_V_INTR_MASKING,
        .nested_control = SVM_NESTED_PAGING,
        .nested_cr3 = vm->root,
    };
}

/* --- State after RESET: SDM vol. 3, table 9-1; APM vol. 2, table 14-1 --- */

#define RESET_LIMIT 0xffffu

static struct svm_segment reset_segment(uint32_t rights)
{
    return (struct svm_segment){.attributes = x86_ar_to_vmcb(rights), .limit = RESET_LIMIT};
}

static void write_reset_state(struct vcpu *vcpu)
{
    struct svm_vmcb_save *save = &svm_vmcb_of(vcpu)->save;
    struct svm_segment data = reset_segment(X86_AR_REAL_DATA);

    *save = (struct svm_vmcb_save){
        .es = data,
        .cs = reset_segment(X86_AR_REAL_CODE),
        .ss = data,
        .ds = data,
        .fs = data,
        .gs = data,
        .gdtr = {.limit = RESET_LIMIT},
        .ldtr = reset_segment(X86_AR_REAL_LDT),
        .idtr = {.limit = RESET_LIMIT},
        .tr = reset_segment(X86_AR_REAL_TSS & ~SVM_TR_BUSY),
        .efer = X86_EFER_SVME,
        .cr0 = X86_RESET_CR0,
        .dr6 = X86_DR6_RESET,
        .dr7 = X86_DR7_RESET,
        .rflags = X86_RESET_RFLAGS,
        .rip = X86_RESET_RIP,
        .pat = X86_PAT_RESET,
    };
    save->cs.selector = X86_RESET_CS_SELECTOR;
    save->cs.base = X86_RESET_CS_BASE;
}

void svm_attach(struct vcpu *vcpu)
{
    struct vcpu_cpu *cpu = vcpu_host_cpu();

    vcpu->physical = vcpu_host_physical(vcpu_control_page(vcpu));
    vcpu->own_physical = vcpu_host_physical(vcpu);
    vcpu->cr0_shadow = X86_RESET_CR0;
    vcpu->svm.hlt_exits = true;
    write_controls(vcpu, cpu);
    write_reset_state(vcpu);
    svm_make_current(vcpu);
}
