/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMCS: life cycle, control and host area, state after RESET. */

#include "vmcs.h"

#include <vcpu_host.h>
#include <x86/descriptor.h>
#include <x86/event.h>
#include <x86/paging.h>
#include <x86/vmx_controls.h>

struct field_value {
    uint32_t field;
    uint64_t value;
};

static void write_all(const struct field_value *values, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        vmwrite(values[i].field, values[i].value);
}

#define WRITE_ALL(values) write_all((values), sizeof(values) / sizeof((values)[0]))

/* --- Host area: the same for all vCPUs of a CPU but for HOST_RSP and HOST_CR3 --- */

static void write_host(struct vcpu *vcpu, const struct vcpu_cpu *cpu)
{
    const struct vcpu_host_context *host = &cpu->host;
    const struct field_value values[] = {
        {VMCS_HOST_CR0, cpu->host_cr0},
        {VMCS_HOST_CR4, cpu->host_cr4},
        {VMCS_HOST_IA32_EFER, cpu->host_efer},
        {VMCS_HOST_CS_SELECTOR, host->cs},
        {VMCS_HOST_SS_SELECTOR, host->ss},
        {VMCS_HOST_DS_SELECTOR, 0},
        {VMCS_HOST_ES_SELECTOR, 0},
        {VMCS_HOST_FS_SELECTOR, 0},
        {VMCS_HOST_GS_SELECTOR, 0},
        {VMCS_HOST_TR_SELECTOR, host->tss},
        {VMCS_HOST_FS_BASE, host->fs_base},
        {VMCS_HOST_GS_BASE, host->gs_base},
        {VMCS_HOST_TR_BASE, host->tss_base},
        {VMCS_HOST_GDTR_BASE, host->gdt_base},
        {VMCS_HOST_IDTR_BASE, host->idt_base},
        {VMCS_HOST_SYSENTER_CS, host->sysenter_cs},
        {VMCS_HOST_SYSENTER_ESP, host->sysenter_esp},
        {VMCS_HOST_SYSENTER_EIP, host->sysenter_eip},
        {VMCS_HOST_RSP, (uintptr_t)vcpu},
        {VMCS_HOST_RIP, (uintptr_t)vmx_exit},
        {VMCS_HOST_CR3, vcpu->host_cr3},
    };

    WRITE_ALL(values);
    if ((cpu->features & VCPU_FEATURE_PAT) != 0)
        vmwrite(VMCS_HOST_IA32_PAT, host->pat);
    vcpu->host_stack = host->stack;
}

/* --- VPID --- */

/* Every VPID is flushed before its first use, and all when a generation of 65535 is used up. */
static void assign_vpid(struct vcpu *vcpu, struct vcpu_cpu *cpu)
{
    uint32_t vpid;

    if ((cpu->features & VCPU_FEATURE_VPID) == 0)
        return;
    if ((cpu->next_vpid & 0xffff) == 0) {
        (void)vmx_invvpid(VMX_INVVPID_ALL_CONTEXT, 0, 0);
        cpu->next_vpid++; /* VPID 0 is the host's */
    }
    vcpu->vpid = cpu->next_vpid++;
    vpid = vcpu->vpid & 0xffff;
    vmwrite(VMCS_VPID, vpid);
    vcpu->work |= VCPU_WORK_FLUSH;
}

/* --- Life cycle --- */

void vmx_settle(struct vcpu *vcpu, struct vcpu_cpu *cpu)
{
    if (vcpu->cpu != cpu) {
        /* New on this CPU: its translations here may be those of long ago. */
        vcpu->cpu = cpu;
        vcpu->tables_generation = 0;
        write_host(vcpu, cpu);
    }
    assign_vpid(vcpu, cpu);
}

void vmx_make_current(struct vcpu *vcpu)
{
    struct vcpu_cpu *cpu = vcpu_host_cpu();

    if (cpu->current != vcpu)
        vmx_load(vcpu, cpu);
}

void vmx_clear(struct vcpu *vcpu)
{
    struct vcpu_cpu *cpu = vcpu_host_cpu();

    if (vcpu->cpu != cpu)
        return;
    (void)vmx_vmclear(vcpu->physical);
    vcpu->launched = 0;
    vcpu->known = 0;
    vcpu->cpu = NULL;
    if (cpu->current == vcpu)
        cpu->current = NULL;
}

/* --- Controls --- */

void vmx_write_cr_masks(const struct vcpu *vcpu)
{
    vmwrite(VMCS_CR0_GUEST_HOST_MASK, VMX_CR0_OWNED | vcpu->cr0_mask);
    vmwrite(VMCS_CR4_GUEST_HOST_MASK, VMX_CR4_OWNED | vcpu->cr4_mask);
    vmwrite(VMCS_CR0_READ_SHADOW, vcpu->cr0_shadow);
    vmwrite(VMCS_CR4_READ_SHADOW, vcpu->cr4_shadow);
}

void vmx_write_modes(struct vcpu *vcpu, uint64_t cr0, uint64_t cr4, uint64_t efer)
{
    uint64_t entry = vmread(VMCS_VM_ENTRY_CONTROLS) & ~(uint64_t)VMX_ENTRYCTL_IA32E_MODE_GUEST;

    efer = x86_efer_with_lma(efer, cr0);
    if ((efer & X86_EFER_LMA) != 0)
        entry |= VMX_ENTRYCTL_IA32E_MODE_GUEST;
    vmwrite(VMCS_VM_ENTRY_CONTROLS, entry);
    vmwrite(VMCS_GUEST_IA32_EFER, efer);
    vmwrite(VMCS_GUEST_CR0, (cr0 & ~VMX_CR0_OWNED) | X86_CR0_NE);
    vmwrite(VMCS_GUEST_CR4,
            (cr4 & ~VMX_CR4_OWNED) | X86_CR4_VMXE | (vcpu_host_cpu()->host_cr4 & X86_CR4_MCE));
    vcpu->work |= VCPU_WORK_FLUSH;
}

static void write_controls(struct vcpu *vcpu, const struct vcpu_cpu *cpu)
{
    struct vm *vm = vcpu->vm;
    const struct field_value values[] = {
        {VMCS_PIN_BASED_CONTROLS, vcpu->pin},
        {VMCS_PROC_BASED_CONTROLS, vcpu->procedure},
        {VMCS_SECONDARY_PROC_BASED_CONTROLS, vcpu->procedure2},
        {VMCS_VM_EXIT_CONTROLS, cpu->exit},
        {VMCS_VM_ENTRY_CONTROLS, cpu->entry},
        {VMCS_EXCEPTION_BITMAP, VMX_EXCEPTIONS_ALWAYS},
        {VMCS_PAGE_FAULT_ERROR_CODE_MASK, 0},
        {VMCS_PAGE_FAULT_ERROR_CODE_MATCH, 0},
        {VMCS_CR3_TARGET_COUNT, 0},
        {VMCS_VM_EXIT_MSR_STORE_COUNT, 0},
        {VMCS_VM_EXIT_MSR_LOAD_COUNT, 0},
        {VMCS_VM_ENTRY_MSR_LOAD_COUNT, 0},
        {VMCS_VM_ENTRY_INTERRUPTION_INFO, 0},
        {VMCS_TSC_OFFSET, 0},
        {VMCS_IO_BITMAP_A, vcpu_host_physical(vm->io_bitmap)},
        {VMCS_IO_BITMAP_B, vcpu_host_physical(vm->io_bitmap) + X86_PAGE_SIZE},
        {VMCS_MSR_BITMAPS, vcpu_host_physical(vm->msr_bitmap)},
        {VMCS_EPT_POINTER, vm->root},
        {VMCS_VMCS_LINK_POINTER, ~UINT64_C(0)},
    };

    WRITE_ALL(values);
    if ((vcpu->procedure2 & VMX_PROC2_XSAVES) != 0)
        vmwrite(VMCS_XSS_EXITING_BITMAP, ~UINT64_C(0));
    if ((vcpu->procedure2 & VMX_PROC2_ENCLS_EXITING) != 0)
        vmwrite(VMCS_ENCLS_EXITING_BITMAP, ~UINT64_C(0));
    if ((vcpu->procedure2 & VMX_PROC2_ENCLV_EXITING) != 0)
        vmwrite(VMCS_ENCLV_EXITING_BITMAP, ~UINT64_C(0));
    if ((vcpu->pin & VMX_PIN_PREEMPTION_TIMER) != 0)
        vmwrite(VMCS_VMX_PREEMPTION_TIMER_VALUE, 0xffffffff);
}

/* --- State after RESET: SDM vol. 3, table 9-1 --- */

#define RIGHTS_DATA 0x93u /* present, read and write, accessed */
#define RIGHTS_CODE 0x9bu /* present, execute and read, accessed */
#define RIGHTS_LDT  0x82u /* present, LDT */
#define RIGHTS_TSS  0x8bu /* present, busy 32-bit TSS */
#define RESET_LIMIT 0xffffu

/* Fields of segment registers follow each other in the order of enum nacelle_segment_index. */
static void write_reset_segment(unsigned index, uint32_t rights)
{
    vmwrite(VMCS_GUEST_ES_SELECTOR + 2 * index, index == NACELLE_CS ? X86_RESET_CS_SELECTOR : 0);
    vmwrite(VMCS_GUEST_ES_BASE + 2 * index, index == NACELLE_CS ? X86_RESET_CS_BASE : 0);
    vmwrite(VMCS_GUEST_ES_LIMIT + 2 * index, RESET_LIMIT);
    vmwrite(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * index, rights);
}

static void write_reset_state(const struct vcpu_cpu *cpu)
{
    static const struct field_value values[] = {
        {VMCS_GUEST_CR3, 0},
        {VMCS_GUEST_GDTR_BASE, 0},
        {VMCS_GUEST_GDTR_LIMIT, RESET_LIMIT},
        {VMCS_GUEST_IDTR_BASE, 0},
        {VMCS_GUEST_IDTR_LIMIT, RESET_LIMIT},
        {VMCS_GUEST_RIP, X86_RESET_RIP},
        {VMCS_GUEST_RSP, 0},
        {VMCS_GUEST_RFLAGS, X86_RESET_RFLAGS},
        {VMCS_GUEST_DR7, X86_DR7_RESET},
        {VMCS_GUEST_IA32_DEBUGCTL, 0},
        {VMCS_GUEST_SYSENTER_CS, 0},
        {VMCS_GUEST_SYSENTER_ESP, 0},
        {VMCS_GUEST_SYSENTER_EIP, 0},
        {VMCS_GUEST_INTERRUPTIBILITY_STATE, 0},
        {VMCS_GUEST_ACTIVITY_STATE, VMX_ACTIVITY_ACTIVE},
        {VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0},
        {VMCS_GUEST_PDPTE0, 0},
        {VMCS_GUEST_PDPTE1, 0},
        {VMCS_GUEST_PDPTE2, 0},
        {VMCS_GUEST_PDPTE3, 0},
    };

    for (unsigned i = NACELLE_ES; i <= NACELLE_GS; i++)
        write_reset_segment(i, i == NACELLE_CS ? RIGHTS_CODE : RIGHTS_DATA);
    write_reset_segment(NACELLE_LDTR, RIGHTS_LDT);
    write_reset_segment(NACELLE_TR, RIGHTS_TSS);
    WRITE_ALL(values);
    if ((cpu->features & VCPU_FEATURE_PAT) != 0)
        vmwrite(VMCS_GUEST_IA32_PAT, X86_PAT_RESET);
}

void vmx_attach(struct vcpu *vcpu)
{
    struct vcpu_cpu *cpu = vcpu_host_cpu();
    uint32_t *revision = vcpu_control_page(vcpu);

    vmx_clear(vcpu);
    vcpu->physical = vcpu_host_physical(vcpu_control_page(vcpu));
    /* The region is the processor's from VMCLEAR on; it may be one that was used before. */
    *revision = cpu->revision;
    (void)vmx_vmclear(vcpu->physical);
    vmx_make_current(vcpu);

    vcpu->pin = cpu->pin;
    vcpu->procedure = cpu->procedure;
    vcpu->procedure2 = cpu->procedure2;
    vcpu->cr0_shadow = X86_RESET_CR0;
    vcpu->cr4_shadow = 0;
    write_controls(vcpu, cpu);
    vmx_write_cr_masks(vcpu);
    write_reset_state(cpu);
    vmx_write_modes(vcpu, X86_RESET_CR0, 0, 0);
}
