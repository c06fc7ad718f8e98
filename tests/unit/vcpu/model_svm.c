/* SPDX-License-Identifier: BSD-2-Clause */
/* SVM of the software model: VMSAVE, translations, entries and exits. */

#include <string.h>

#include <vcpu_host.h>
#include <x86/control.h>
#include <x86/insn.h>
#include <x86/msr.h>
#include <x86/svm_exit.h>

#include "direct.h"
#include "model_svm.h"
#include "model_vmx.h"
#include "svm/check.h"
#include "svm/svm.h"

bool model_svm_refuses;

/* What VMSAVE of the host finds: other values on each CPU. */
static uint64_t host_value(void)
{
    return model_cpu == model_cpu_number(0) ? 0x7700 : 0x8800;
}

void svm_vmsave(uint64_t vmcb)
{
    struct svm_vmcb *area = model_virtual(vmcb);

    if ((model_msr(X86_MSR_EFER) & X86_EFER_SVME) == 0)
        model_fail("#UD: VMSAVE without EFER.SVME", vmcb);
    area->save.tr.selector = 0x38;
    area->save.tr.base = host_value();
    area->save.lstar = host_value() + 1;
    area->save.kernel_gs_base = host_value() + 2;
    area->save.sysenter_eip = host_value() + 3;
}

void x86_sti_nop_cli(void)
{
    model_counts.host_interrupts++;
}

void model_svm_qemu(void)
{
    for (unsigned i = MODEL_CPUS; i-- > 0;) {
        model_switch_cpu(i);
        model_set_leaf(0x8000000a, 0, 1, 16, 0, SVM_FEATURE_NESTED_PAGING);
        model_leaf(1, 0)->ecx |= 1u << 31;
        model_set_leaf(X86_CPUID_HYPERVISOR, 0, 0x40000001, 0x54474354, 0x43544743, 0x47435447);
    }
}

void x86_sti_hlt(void)
{
    model_counts.halts++;
}

void x86_cli(void)
{
}

/* --- Entry and exit --- */

_Noreturn void svm_leave(struct vcpu *vcpu)
{
    if (vcpu->host_stack != model_cpu->engine.host.stack)
        model_fail("host stack of another CPU", vcpu->host_stack);
    longjmp(model_exit_point, 1);
}

static void check_host_area(struct vcpu *vcpu)
{
    const struct svm_vmcb_save *area = svm_host_area(vcpu);

    if (vcpu->own_physical != model_physical(vcpu) || (vcpu->own_physical & 0xfff) != 0)
        model_fail("VMLOAD of the host from the wrong place", vcpu->own_physical);
    if (area->tr.base != host_value() || area->lstar != host_value() + 1 ||
        area->kernel_gs_base != host_value() + 2 || area->sysenter_eip != host_value() + 3)
        model_fail("host state of another CPU", area->tr.base);
}

/* An ASID that still names another vCPU's translations must not be entered with. */
static void check_asid(const struct svm_vmcb *vmcb, uint64_t physical)
{
    uint64_t *user = &model_cpu->asid_user[vmcb->control.asid];

    if (vmcb->control.asid == 0 || vmcb->control.asid >= model_leaf(X86_CPUID_SVM, 0)->ebx)
        model_fail("ASID", vmcb->control.asid);
    if (vmcb->control.tlb_control == SVM_TLB_FLUSH_ALL)
        memset(model_cpu->asid_user, 0, sizeof(model_cpu->asid_user));
    else if (vmcb->control.tlb_control == SVM_TLB_FLUSH_ASID)
        *user = 0;
    else if (vmcb->control.tlb_control != SVM_TLB_NOTHING)
        model_fail("TLB_CONTROL", vmcb->control.tlb_control);
    if (vmcb->control.tlb_control != SVM_TLB_NOTHING)
        model_counts.svm_flushes++;
    if (*user != 0 && *user != physical)
        model_fail("ASID with translations of another vCPU", vmcb->control.asid);
    *user = physical;
}

static void check_entry(struct vcpu *vcpu)
{
    const struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    if (vcpu->physical != model_physical(vmcb))
        model_fail("VMRUN of the wrong VMCB", vcpu->physical);
    if (model_msr(X86_MSR_AMD_VM_HSAVE_PA) == 0)
        model_fail("VMRUN without VM_HSAVE_PA", 0);
    if ((model_cpu->cr0 & X86_CR0_TS) == 0)
        model_fail("host CR0 without TS", model_cpu->cr0);
    if (model_cpu->cr3 != 0x5000)
        model_fail("the client's CR3 is not loaded", model_cpu->cr3);
    if (model_cpu->engine.fpu_owner != vcpu || model_cpu->engine.state_owner != vcpu)
        model_fail("another vCPU's state is loaded", 0);
    if (model_cpu->cr2 != vmcb->save.cr2)
        model_fail("CR2 is not the guest's, and Bochs does not load it", model_cpu->cr2);
    if (vcpu->host_stack != model_cpu->engine.host.stack)
        model_fail("host stack of another CPU", vcpu->host_stack);
    if ((vmcb->control.clean & SVM_CLEAN_ALL) != 0 &&
        (model_leaf(X86_CPUID_SVM, 0)->edx & SVM_FEATURE_VMCB_CLEAN) == 0)
        model_fail("clean bits without VMCB clean", vmcb->control.clean);
    check_host_area(vcpu);
    check_asid(vmcb, vcpu->physical);
}

const char svm_late_trap[1];

/* What the first instruction after #VMEXIT finds when a #DB comes to it. */
static void check_guard(const struct x86_table_pointer *idt)
{
    const struct x86_gate64 *gate = (const struct x86_gate64 *)idt->base + X86_VECTOR_DB;

    if (idt->limit != 2 * sizeof(*gate) - 1 || x86_gate64_offset(gate) != (uint64_t)svm_late_trap ||
        gate->selector != model_cpu->engine.host.cs || gate->ist != 0 || gate->attributes != 0x8e)
        model_fail("gate of #DB in a guarded entry", gate->attributes);
    model_counts.guarded++;
}

_Noreturn void svm_entry(struct vcpu *vcpu)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);
    const struct svm_check_limits limits = {
        .cr4_allowed = 0x7fffff,
        .efer_allowed = SVM_EFER_ALLOWED,
        .physical_bits = 40,
    };
    uint32_t event = vmcb->control.event_injection;

    check_entry(vcpu);
    if (vcpu->guard != NULL)
        check_guard(vcpu->guard);
    if (model_svm_refuses || svm_check(vmcb, &limits) != 0) {
        model_svm_refuses = false;
        vmcb->control.exit_code = ~UINT64_C(0);
        longjmp(model_exit_point, 1);
    }
    vmcb->save.rax = vcpu_state(vcpu)->general[0];
    vmcb->control.exit_int_info = 0;
    if ((vmcb->control.v_interrupt & SVM_V_IRQ) != 0 &&
        (vmcb->control.intercept & SVM_INTERCEPT_VINTR) == 0) {
        vmcb->control.v_interrupt &= ~SVM_V_IRQ; /* taken (15.21.4) */
        event = NACELLE_EVENT_VALID | vmcb->control.v_interrupt_vector;
    }
    model_current_guest(vcpu, (event & NACELLE_EVENT_VALID) != 0 ? event : 0);
    vmcb->control.event_injection &= ~NACELLE_EVENT_VALID;
    if (vcpu->direct != 0)
        svm_direct_exit(vcpu);
    longjmp(model_exit_point, 1);
}

void model_svm_exit(struct vcpu *vcpu, uint64_t code, uint64_t info1, uint64_t info2)
{
    struct svm_vmcb *vmcb = svm_vmcb_of(vcpu);

    vmcb->control.exit_code = code;
    vmcb->control.exit_info1 = info1;
    vmcb->control.exit_info2 = info2;
    vmcb->control.next_rip = vmcb->save.rip + 2;
}

_Noreturn void svm_usual_way(struct vcpu *vcpu)
{
    (void)vcpu;
    longjmp(model_exit_point, 1);
}
