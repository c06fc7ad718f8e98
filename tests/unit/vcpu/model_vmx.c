/* SPDX-License-Identifier: BSD-2-Clause */
/* VMX of the software model: VMCSs, translations, entries and exits. */

#include "model_vmx.h"

#include <string.h>

#include <vcpu_host.h>
#include <x86/control.h>
#include <x86/insn.h>
#include <x86/msr.h>
#include <x86/vmx_controls.h>
#include <x86/vmx_exit.h>
#include <x86/vmx_fields.h>

#include "model.h"

#include "direct.h"
#include "vmx/bitmap.h"
#include "vmx/vmcs.h"

#define VMCSS 64

uint32_t model_refuse;

static struct model_vmcs {
    uint64_t physical;
    struct model_cpu *active; /* whose caches may hold it */
    bool launched;
    uint64_t fields[MODEL_FIELDS];
} vmcss[VMCSS];

model_guest model_current_guest;
jmp_buf model_exit_point;

void model_vmx_reset(void)
{
    memset(vmcss, 0, sizeof(vmcss));
    model_refuse = 0;
}

static struct model_vmcs *vmcs_at(uint64_t physical)
{
    for (unsigned i = 0; i < VMCSS; i++) {
        if (vmcss[i].physical == physical || vmcss[i].physical == 0) {
            vmcss[i].physical = physical;
            return &vmcss[i];
        }
    }
    model_fail("too many VMCSs", physical);
}

static void check_region(uint64_t physical)
{
    const uint32_t *revision = model_virtual(physical);

    if (model_cpu->vmxon == 0 && physical != 0 && (model_cpu->cr4 & X86_CR4_VMXE) == 0)
        model_fail("#UD: not in VMX operation", physical);
    if ((physical & 0xfff) != 0)
        model_fail("unaligned VMCS", physical);
    if (*revision != (uint32_t)(model_msr(X86_MSR_VMX_BASIC) & 0x7fffffff))
        model_fail("wrong VMCS revision", *revision);
}

enum vmx_status vmx_vmxon(uint64_t address)
{
    uint64_t fixed0 = model_msr(X86_MSR_VMX_CR0_FIXED0);

    check_region(address);
    if ((model_msr(X86_MSR_FEATURE_CONTROL) & 5) != 5)
        model_fail("#GP: VMXON without IA32_FEATURE_CONTROL", address);
    if ((model_cpu->cr0 & fixed0) != fixed0 || (model_cpu->cr4 & X86_CR4_VMXE) == 0)
        model_fail("#GP: VMXON with CR0 or CR4", model_cpu->cr4);
    model_cpu->vmxon = address;
    return VMX_SUCCEED;
}

enum vmx_status vmx_vmxoff(void)
{
    model_cpu->vmxon = 0;
    return VMX_SUCCEED;
}

enum vmx_status vmx_vmclear(uint64_t address)
{
    struct model_vmcs *vmcs = vmcs_at(address);

    check_region(address);
    if (vmcs->active != NULL && vmcs->active != model_cpu)
        model_fail("VMCLEAR of a VMCS that is active on another CPU", address);
    vmcs->active = NULL;
    vmcs->launched = false;
    if (model_cpu->current == address)
        model_cpu->current = 0;
    return VMX_SUCCEED;
}

enum vmx_status vmx_vmptrld(uint64_t address)
{
    struct model_vmcs *vmcs = vmcs_at(address);

    model_counts.vmptrld++;
    check_region(address);
    if (vmcs->active != NULL && vmcs->active != model_cpu)
        model_fail("VMPTRLD of a VMCS that is active on another CPU", address);
    vmcs->active = model_cpu;
    model_cpu->current = address;
    return VMX_SUCCEED;
}

static uint64_t *field_of(uint64_t encoding, bool write)
{
    const struct vmx_field *field = vmx_field_find((uint32_t)encoding);

    if (field == NULL || encoding / 2 >= MODEL_FIELDS)
        model_fail("no such VMCS field", encoding);
    if (model_cpu->current == 0)
        model_fail("no current VMCS", encoding);
    if (write && field->read_only)
        model_fail("VMWRITE to a read-only field", encoding);
    return &vmcs_at(model_cpu->current)->fields[encoding / 2];
}

enum vmx_status vmx_vmread(uint64_t encoding, uint64_t *value)
{
    model_counts.vmread++;
    *value = *field_of(encoding, false);
    return VMX_SUCCEED;
}

uint64_t vmx_vmread_known(uint64_t encoding)
{
    uint64_t value;

    (void)vmx_vmread(encoding, &value);
    return value;
}

enum vmx_status vmx_vmwrite(uint64_t encoding, uint64_t value)
{
    uint32_t bytes = vmx_field_bytes(vmx_field_width((uint32_t)encoding));

    model_counts.vmwrite++;
    *field_of(encoding, true) = bytes == 8 ? value : value & ((UINT64_C(1) << 8 * bytes) - 1);
    return VMX_SUCCEED;
}

enum vmx_status vmx_invept(enum vmx_invept_type type, uint64_t eptp)
{
    (void)type;
    (void)eptp;
    model_counts.invept++;
    return VMX_SUCCEED;
}

enum vmx_status vmx_invvpid(enum vmx_invvpid_type type, uint16_t vpid, uint64_t address)
{
    (void)address;
    model_counts.invvpid++;
    if (type == VMX_INVVPID_ALL_CONTEXT)
        memset(model_cpu->vpid_user, 0, sizeof(model_cpu->vpid_user));
    else if (vpid == 0)
        model_fail("INVVPID with VPID 0", type);
    else
        model_cpu->vpid_user[vpid] = 0;
    return VMX_SUCCEED;
}

uint64_t model_field(struct vcpu *vcpu, uint32_t field)
{
    return vmcs_at(model_physical(vcpu_control_page(vcpu)))->fields[field / 2];
}

uint64_t *model_fields(struct vcpu *vcpu)
{
    return vmcs_at(model_physical(vcpu_control_page(vcpu)))->fields;
}

void model_set_field(struct vcpu *vcpu, uint32_t field, uint64_t value)
{
    vmcs_at(model_physical(vcpu_control_page(vcpu)))->fields[field / 2] = value;
}

/* --- Entry and exit --- */

/* Without "virtualize x2APIC mode" an x2APIC MSR that does not exit is the host's. */
static void check_apic(struct vcpu *vcpu)
{
    uint64_t procedure = model_field(vcpu, VMCS_PROC_BASED_CONTROLS);
    uint64_t procedure2 = model_field(vcpu, VMCS_SECONDARY_PROC_BASED_CONTROLS);
    const uint8_t *bitmap = model_virtual(model_field(vcpu, VMCS_MSR_BITMAPS));
    bool virtual = (procedure2 & VMX_PROC2_VIRTUALIZE_X2APIC_MODE) != 0;

    for (uint32_t msr = X86_MSR_X2APIC_FIRST; msr <= X86_MSR_X2APIC_LAST; msr++) {
        if (!virtual &&
            (!msr_bitmap_exits(bitmap, msr, false) || !msr_bitmap_exits(bitmap, msr, true)))
            model_fail("the host's x2APIC MSR is open", msr);
    }
    /* 26.2.1.1 */
    if ((procedure2 & VMX_PROC2_APIC) != 0 && (procedure & VMX_PROC_TPR_SHADOW) == 0)
        model_fail("APIC virtualization without TPR shadow", procedure2);
    if ((procedure & VMX_PROC_TPR_SHADOW) != 0 &&
        (model_field(vcpu, VMCS_VIRTUAL_APIC_ADDRESS) & 0xfff) != 0)
        model_fail("virtual-APIC address", procedure);
}

static void check_entry(struct vcpu *vcpu, struct model_vmcs *vmcs)
{
    uint64_t vpid = model_field(vcpu, VMCS_VPID);

    if (model_cpu->current != model_physical(vcpu_control_page(vcpu)))
        model_fail("entry with another VMCS", model_cpu->current);
    if (model_field(vcpu, VMCS_HOST_RSP) != (uintptr_t)vcpu)
        model_fail("HOST_RSP", model_field(vcpu, VMCS_HOST_RSP));
    if ((model_field(vcpu, VMCS_HOST_CR0) & X86_CR0_TS) == 0)
        model_fail("host CR0 without TS", 0);
    if ((model_field(vcpu, VMCS_HOST_IA32_EFER) & X86_EFER_SCE) != 0)
        model_fail("host EFER with SCE", 0);
    if (model_field(vcpu, VMCS_HOST_GDTR_BASE) !=
        0x1000u + (model_cpu == model_cpu_number(0) ? 0u : 1u))
        model_fail("host state of another CPU", 0);
    if (model_cpu->engine.fpu_owner != vcpu || model_cpu->engine.state_owner != vcpu)
        model_fail("another vCPU's state is loaded", 0);
    check_apic(vcpu);
    if (model_cpu->cr2 != vcpu->cr2)
        model_fail("CR2 is not the guest's", model_cpu->cr2);
    if ((model_field(vcpu, VMCS_SECONDARY_PROC_BASED_CONTROLS) & VMX_PROC2_VPID) != 0) {
        if (vpid == 0)
            model_fail("VPID 0", 0);
        if (model_cpu->vpid_user[vpid] != 0 && model_cpu->vpid_user[vpid] != vmcs->physical)
            model_fail("VPID with translations of another vCPU", vpid);
        model_cpu->vpid_user[vpid] = vmcs->physical;
    }
}

static void complete_exit(struct vcpu *vcpu, struct model_vmcs *vmcs)
{
    uint64_t controls = model_field(vcpu, VMCS_VM_ENTRY_CONTROLS);

    vmcs->launched = true;
    /* 27.2: the valid bit goes, and IA-32e mode is what EFER.LMA was. */
    model_set_field(vcpu, VMCS_VM_ENTRY_INTERRUPTION_INFO,
                    model_field(vcpu, VMCS_VM_ENTRY_INTERRUPTION_INFO) & 0x7fffffff);
    controls &= ~(uint64_t)VMX_ENTRYCTL_IA32E_MODE_GUEST;
    if ((model_field(vcpu, VMCS_GUEST_IA32_EFER) & X86_EFER_LMA) != 0)
        controls |= VMX_ENTRYCTL_IA32E_MODE_GUEST;
    model_set_field(vcpu, VMCS_VM_ENTRY_CONTROLS, controls);
    model_cpu->cr0 = model_field(vcpu, VMCS_HOST_CR0);
    vcpu->cr2 = model_cpu->cr2;
}

static _Noreturn void enter(struct vcpu *vcpu, bool launch)
{
    struct model_vmcs *vmcs = vmcs_at(model_physical(vcpu_control_page(vcpu)));
    uint32_t event;

    check_entry(vcpu, vmcs);
    if (launch == vmcs->launched)
        model_fail("VMLAUNCH or VMRESUME in the wrong launch state", launch);
    if (model_refuse != 0) {
        if ((model_refuse & VMX_EXIT_ENTRY_FAILURE) != 0) {
            model_set_field(vcpu, VMCS_EXIT_REASON, model_refuse);
            vcpu->cr2 = model_cpu->cr2;
        } else {
            model_set_field(vcpu, VMCS_VM_INSTRUCTION_ERROR, model_refuse);
            vcpu->entry_status = VMX_FAIL_VALID;
        }
        model_refuse = 0;
        longjmp(model_exit_point, 1);
    }
    event = (uint32_t)model_field(vcpu, VMCS_VM_ENTRY_INTERRUPTION_INFO);
    model_set_field(vcpu, VMCS_IDT_VECTORING_INFO, 0);
    model_set_field(vcpu, VMCS_VM_EXIT_INTERRUPTION_INFO, 0);
    model_current_guest(vcpu, (event & 0x80000000u) != 0 ? event : 0);
    complete_exit(vcpu, vmcs);
    if (vcpu->direct != 0)
        vmx_direct_exit(vcpu);
    longjmp(model_exit_point, 1);
}

_Noreturn void vmx_entry_launch(struct vcpu *vcpu)
{
    enter(vcpu, true);
}

_Noreturn void vmx_entry_resume(struct vcpu *vcpu)
{
    enter(vcpu, false);
}

void vmx_exit_answers(void)
{
}

void vmx_exit(void)
{
}

void model_exit(struct vcpu *vcpu, uint32_t reason)
{
    model_set_field(vcpu, VMCS_EXIT_REASON, reason);
    model_set_field(vcpu, VMCS_VM_EXIT_INSTRUCTION_LENGTH, 2);
}

enum vcpu_disposition model_run(struct vcpu *vcpu, model_guest guest, uint32_t *vector)
{
    uint32_t ignored;

    model_current_guest = guest;
    if (!vcpu_prepare(vcpu_host_cpu(), vcpu, 0x5000))
        return VCPU_SEND_EXIT;
    if (setjmp(model_exit_point) == 0)
        vcpu_enter(vcpu);
    return vcpu_handle_exit(vcpu, vector != NULL ? vector : &ignored);
}

_Noreturn void vmx_usual_way(struct vcpu *vcpu)
{
    (void)vcpu;
    longjmp(model_exit_point, 1);
}

struct vcpu_direct_message model_direct;

/* A test compares it with the record of the usual way. */
_Noreturn void vcpu_direct_leave(const struct vcpu_direct_message *message)
{
    model_direct = *message;
    longjmp(model_exit_point, 1);
}
