/* SPDX-License-Identifier: BSD-2-Clause */
/* The software model. What would fault or confuse a processor fails the test. */

#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vcpu_host.h>
#include <x86/control.h>
#include <x86/insn.h>
#include <x86/msr.h>
#include <x86/paging.h>
#include <x86/vmx_controls.h>
#include <x86/vmx_exit.h>
#include <x86/vmx_fields.h>

#include "vmx/vmcs.h"

#define PHYSICAL_BASE UINT64_C(0x100000)
#define VMCSS         64

static uint8_t arena[MODEL_ARENA_PAGES * 4096] __attribute__((aligned(65536)));
static unsigned arena_used;
static struct model_cpu cpus[MODEL_CPUS];
struct model_cpu *model_cpu = &cpus[0];
struct model_counts model_counts;
uint32_t model_refuse;

static struct model_vmcs {
    uint64_t physical;
    struct model_cpu *active; /* whose caches may hold it */
    bool launched;
    uint64_t fields[MODEL_FIELDS];
} vmcss[VMCSS];

static model_guest current_guest;
static jmp_buf exit_point;

static void model_fail(const char *what, uint64_t value)
{
    fail_msg("model: %s (%llx)", what, (unsigned long long)value);
}

/* --- Memory --- */

uint64_t model_physical(const void *memory)
{
    size_t offset = (size_t)((const uint8_t *)memory - arena);

    if (offset >= sizeof(arena))
        model_fail("memory outside the arena", offset);
    return PHYSICAL_BASE + offset;
}

void *model_virtual(uint64_t physical)
{
    if (physical - PHYSICAL_BASE >= sizeof(arena))
        model_fail("physical address outside the arena", physical);
    return arena + (physical - PHYSICAL_BASE);
}

void *model_pages(unsigned count, unsigned alignment_pages)
{
    unsigned first = (arena_used + alignment_pages - 1) / alignment_pages * alignment_pages;

    if (first + count > MODEL_ARENA_PAGES)
        model_fail("arena too small", first + count);
    arena_used = first + count;
    memset(arena + (size_t)first * 4096, 0, (size_t)count * 4096);
    return arena + (size_t)first * 4096;
}

struct vcpu_cpu *model_engine_cpu(void)
{
    return &model_cpu->engine;
}

/* --- CPUs --- */

static uint64_t *find_msr(uint32_t address)
{
    for (unsigned i = 0; i < model_cpu->msr_count; i++) {
        if (model_cpu->msrs[i].address == address)
            return &model_cpu->msrs[i].value;
    }
    return NULL;
}

static void load_cpu_file(const char *name)
{
    char path[512];
    char line[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s.txt", MODEL_CPU_DATA, name);
    file = fopen(path, "r");
    if (file == NULL)
        fail_msg("cannot open %s", path);
    while (fgets(line, sizeof(line), file) != NULL) {
        unsigned a, b, c, d, e;
        unsigned long long value;

        if (sscanf(line, "cpuid %x %x %x %x %x", &a, &b, &c, &d, &e) == 5)
            model_set_leaf(a, 0, b, c, d, e);
        else if (sscanf(line, "msr %x %llx", &a, &value) == 2)
            model_set_msr(a, value);
    }
    fclose(file);
}

static void power_up(const char *name)
{
    /* MSRs that every processor with long mode has; TSC_AUX is there on all models used. */
    static const uint32_t msrs[] = {X86_MSR_STAR,    X86_MSR_LSTAR,         X86_MSR_CSTAR,
                                    X86_MSR_FMASK,   X86_MSR_FS_BASE,       X86_MSR_GS_BASE,
                                    X86_MSR_TSC_AUX, X86_MSR_KERNEL_GS_BASE};
    /* Offsets and sizes of the standard form: the data files have subleaf 0 only. */
    static const struct {
        uint32_t subleaf, size, offset;
    } components[] = {{2, 256, 576}, {5, 64, 1088}, {6, 512, 1152}, {7, 1024, 1664}, {9, 8, 2688}};

    model_cpu->cr0 = X86_CR0_PE | X86_CR0_PG | X86_CR0_WP | X86_CR0_ET;
    model_cpu->cr4 = X86_CR4_PAE | X86_CR4_PGE;
    model_cpu->xcr0 = 1;
    load_cpu_file(name);
    for (unsigned i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++)
        model_set_msr(msrs[i], 0);
    /* The files of processors without EPT end at its capability MSR. */
    for (uint32_t i = 0; i < 4 && find_msr(X86_MSR_VMX_BASIC) != NULL; i++) {
        if (find_msr(X86_MSR_VMX_TRUE_PINBASED_CTLS + i) == NULL)
            model_set_msr(X86_MSR_VMX_TRUE_PINBASED_CTLS + i,
                          model_msr(X86_MSR_VMX_PINBASED_CTLS + i));
    }
    model_set_msr(X86_MSR_EFER, X86_EFER_SCE | X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE);
    for (unsigned i = 0; i < sizeof(components) / sizeof(components[0]); i++)
        model_set_leaf(0xd, components[i].subleaf, components[i].size, components[i].offset, 0, 0);
}

void model_reset(const char *cpu_name)
{
    memset(cpus, 0, sizeof(cpus));
    memset(vmcss, 0, sizeof(vmcss));
    arena_used = 0;
    model_refuse = 0;
    for (unsigned i = MODEL_CPUS; i-- > 0;) {
        model_switch_cpu(i);
        power_up(cpu_name);
    }
    memset(&model_counts, 0, sizeof(model_counts));
}

void model_enable(void)
{
    for (unsigned i = MODEL_CPUS; i-- > 0;) {
        const struct vcpu_host_context host = {
            .gdt_base = 0x1000 + i,
            .stack = 0xffff800000010000 + i * 0x10000,
            .cs = 8,
            .ss = 16,
            .tss = 0x38,
            .pat = X86_PAT_RESET,
            .xcr0 = 3,
        };
        struct vcpu_enable_failure failure = {"", ""};

        model_switch_cpu(i);
        if (vcpu_cpu_enable(&model_cpu->engine, model_pages(1, 1), &host, &failure) !=
            NACELLE_ERROR_OK)
            fail_msg("enable: %s (%s)", failure.what, failure.where);
    }
    memset(&model_counts, 0, sizeof(model_counts));
}

void model_switch_cpu(unsigned number)
{
    model_cpu = &cpus[number];
}

struct model_cpu *model_cpu_number(unsigned number)
{
    return &cpus[number];
}

/* --- CPUID and MSRs --- */

struct model_leaf *model_leaf(uint32_t leaf, uint32_t subleaf)
{
    for (unsigned i = 0; i < model_cpu->leaf_count; i++) {
        if (model_cpu->leaves[i].leaf == leaf && model_cpu->leaves[i].subleaf == subleaf)
            return &model_cpu->leaves[i];
    }
    return NULL;
}

void model_set_leaf(uint32_t leaf, uint32_t subleaf, uint32_t eax, uint32_t ebx, uint32_t ecx,
                    uint32_t edx)
{
    struct model_leaf *entry = model_leaf(leaf, subleaf);

    if (entry == NULL)
        entry = &model_cpu->leaves[model_cpu->leaf_count++];
    *entry = (struct model_leaf){leaf, subleaf, eax, ebx, ecx, edx};
}

struct x86_cpuid_regs x86_cpuid(uint32_t leaf, uint32_t subleaf)
{
    const struct model_leaf *entry = model_leaf(leaf, subleaf);

    if (entry == NULL)
        return (struct x86_cpuid_regs){0, 0, 0, 0};
    return (struct x86_cpuid_regs){entry->eax, entry->ebx, entry->ecx, entry->edx};
}

uint64_t model_msr(uint32_t address)
{
    uint64_t *msr = find_msr(address);

    if (msr == NULL)
        model_fail("no such MSR", address);
    return *msr;
}

void model_set_msr(uint32_t address, uint64_t value)
{
    uint64_t *msr = find_msr(address);

    if (msr == NULL) {
        model_cpu->msrs[model_cpu->msr_count].address = address;
        msr = &model_cpu->msrs[model_cpu->msr_count++].value;
    }
    *msr = value;
}

void model_remove_msr(uint32_t address)
{
    for (unsigned i = 0; i < model_cpu->msr_count; i++) {
        if (model_cpu->msrs[i].address == address)
            model_cpu->msrs[i] = model_cpu->msrs[--model_cpu->msr_count];
    }
}

uint64_t x86_rdmsr(uint32_t msr)
{
    model_counts.rdmsr++;
    return model_msr(msr);
}

void x86_wrmsr(uint32_t msr, uint64_t value)
{
    uint64_t *place = find_msr(msr);
    bool address = msr == X86_MSR_LSTAR || msr == X86_MSR_CSTAR || msr == X86_MSR_KERNEL_GS_BASE;

    model_counts.wrmsr++;
    if (place == NULL || (msr >= X86_MSR_VMX_FIRST && msr <= X86_MSR_VMX_LAST))
        model_fail("#GP: WRMSR", msr);
    if (address && !x86_canonical(value, 48))
        model_fail("#GP: WRMSR with a non-canonical address", value);
    if ((msr == X86_MSR_FMASK || msr == X86_MSR_TSC_AUX) && value >> 32 != 0)
        model_fail("#GP: WRMSR", msr);
    if (msr == X86_MSR_FEATURE_CONTROL && (*place & X86_FEATURE_CONTROL_LOCK) != 0)
        model_fail("#GP: locked IA32_FEATURE_CONTROL", value);
    *place = value;
}

/* --- Control and debug registers --- */

#define REGISTER(name, place, valid_bits)            \
    uint64_t x86_read_##name(void)                   \
    {                                                \
        return model_cpu->place;                     \
    }                                                \
    void x86_write_##name(uint64_t value)            \
    {                                                \
        if ((value & ~(uint64_t)(valid_bits)) != 0)  \
            model_fail("#GP: MOV to " #name, value); \
        model_cpu->place = value;                    \
    }

REGISTER(cr0, cr0, 0xffffffff)
REGISTER(cr2, cr2, ~UINT64_C(0))
REGISTER(cr4, cr4, model_msr(X86_MSR_VMX_CR4_FIXED1))
REGISTER(dr0, dr[0], ~UINT64_C(0))
REGISTER(dr1, dr[1], ~UINT64_C(0))
REGISTER(dr2, dr[2], ~UINT64_C(0))
REGISTER(dr3, dr[3], ~UINT64_C(0))
REGISTER(dr6, dr6, 0xffffffff)

void x86_clts(void)
{
    model_cpu->cr0 &= ~X86_CR0_TS;
}

/* --- FPU --- */

static void check_fpu_usable(void)
{
    if ((model_cpu->cr0 & (X86_CR0_TS | X86_CR0_EM)) != 0)
        model_fail("#NM", model_cpu->cr0);
}

static uint64_t supported_xcr0(void)
{
    const struct model_leaf *entry = model_leaf(0xd, 0);

    return entry == NULL ? 0 : (uint64_t)entry->edx << 32 | entry->eax;
}

void x86_xsetbv(uint32_t xcr, uint64_t value)
{
    model_counts.xsetbv++;
    if (xcr != 0 || !x86_xcr0_valid(value, supported_xcr0()))
        model_fail("#GP: XSETBV", value);
    if ((model_cpu->cr4 & X86_CR4_OSXSAVE) == 0)
        model_fail("#UD: XSETBV", value);
    model_cpu->xcr0 = value;
}

/* One byte of state a component suffices: at 16 times its number in the legacy area's reserve. */
void x86_xsave(void *area, uint64_t mask)
{
    uint8_t *bytes = area;
    uint64_t bv = mask & model_cpu->xcr0;

    model_counts.xsave++;
    check_fpu_usable();
    for (unsigned i = 0; i < MODEL_FPU_SIZE; i++) {
        bool header = i >= 512 && i < 576;

        if (!header && (i < 576 || (bv & ~UINT64_C(3)) != 0))
            bytes[i] = model_cpu->fpu[i];
    }
    memcpy(bytes + 512, &bv, 8);
}

void x86_xrstor(void *area, uint64_t mask)
{
    const uint8_t *bytes = area;
    uint64_t bv;
    uint32_t mxcsr;

    model_counts.xrstor++;
    check_fpu_usable();
    memcpy(&bv, bytes + 512, 8);
    memcpy(&mxcsr, bytes + 24, 4);
    if ((bv & ~model_cpu->xcr0) != 0 || (mask & ~supported_xcr0()) != 0 || mxcsr > 0xffff)
        model_fail("#GP: XRSTOR", bv);
    for (unsigned i = 520; i < 576; i++) {
        if (bytes[i] != 0)
            model_fail("#GP: XRSTOR, header", i);
    }
    memcpy(model_cpu->fpu, bytes, MODEL_FPU_SIZE);
}

void x86_fxsave(void *area)
{
    check_fpu_usable();
    memcpy(area, model_cpu->fpu, 512);
}

void x86_fxrstor(const void *area)
{
    uint32_t mxcsr;

    check_fpu_usable();
    memcpy(&mxcsr, (const uint8_t *)area + 24, 4);
    if (mxcsr > 0xffff)
        model_fail("#GP: FXRSTOR", mxcsr);
    memcpy(model_cpu->fpu, area, 512);
}

/* --- VMX --- */

static struct model_vmcs *vmcs_at(uint64_t physical)
{
    for (unsigned i = 0; i < VMCSS; i++) {
        if (vmcss[i].physical == physical || vmcss[i].physical == 0) {
            vmcss[i].physical = physical;
            return &vmcss[i];
        }
    }
    model_fail("too many VMCSs", physical);
    return NULL;
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

void model_set_field(struct vcpu *vcpu, uint32_t field, uint64_t value)
{
    vmcs_at(model_physical(vcpu_control_page(vcpu)))->fields[field / 2] = value;
}

/* --- Entry and exit --- */

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
    if (model_field(vcpu, VMCS_HOST_GDTR_BASE) != 0x1000u + (unsigned)(model_cpu - cpus))
        model_fail("host state of another CPU", 0);
    if (model_cpu->engine.fpu_owner != vcpu || model_cpu->engine.state_owner != vcpu)
        model_fail("another vCPU's state is loaded", 0);
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
        longjmp(exit_point, 1);
    }
    event = (uint32_t)model_field(vcpu, VMCS_VM_ENTRY_INTERRUPTION_INFO);
    model_set_field(vcpu, VMCS_IDT_VECTORING_INFO, 0);
    model_set_field(vcpu, VMCS_VM_EXIT_INTERRUPTION_INFO, 0);
    current_guest(vcpu, (event & 0x80000000u) != 0 ? event : 0);
    complete_exit(vcpu, vmcs);
    longjmp(exit_point, 1);
}

_Noreturn void vmx_entry_launch(struct vcpu *vcpu)
{
    enter(vcpu, true);
}

_Noreturn void vmx_entry_resume(struct vcpu *vcpu)
{
    enter(vcpu, false);
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

    current_guest = guest;
    if (!vcpu_prepare(vcpu, 0x5000))
        return VCPU_SEND_EXIT;
    if (setjmp(exit_point) == 0)
        vcpu_enter(vcpu);
    return vcpu_handle_exit(vcpu, vector != NULL ? vector : &ignored);
}

/* --- Objects --- */

#define VM_PAGES 64

struct vm *model_vm(void)
{
    return vm_create(model_pages(VM_PAGES, 1), VM_PAGES * 4096);
}

struct vcpu *model_vcpu(struct vm *vm)
{
    struct vcpu *vcpu = vcpu_create(model_pages(4, 4));

    vcpu_attach(vcpu, vm);
    return vcpu;
}
