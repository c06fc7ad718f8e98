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

#include "internal.h"
#include "model_vmx.h"

#define PHYSICAL_BASE UINT64_C(0x100000)
#define VMCSS         64

static uint8_t arena[MODEL_ARENA_PAGES * 4096] __attribute__((aligned(65536)));
static unsigned arena_used;
static struct model_cpu cpus[MODEL_CPUS];
struct model_cpu *model_cpu = &cpus[0];
struct model_counts model_counts;

_Noreturn void model_fail(const char *what, uint64_t value)
{
    fail_msg("model: %s (%llx)", what, (unsigned long long)value);
    abort(); /* not reached: cmocka leaves the test */
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
        bool cpuid = strncmp(line, "cpuid ", 6) == 0;
        uint64_t numbers[5] = {0};
        char *rest = line + (cpuid ? 6 : 4);

        if (!cpuid && strncmp(line, "msr ", 4) != 0)
            continue;
        for (unsigned i = 0; i < (cpuid ? 5u : 2u); i++)
            numbers[i] = strtoull(rest, &rest, 16);
        if (cpuid)
            model_set_leaf((uint32_t)numbers[0], 0, (uint32_t)numbers[1], (uint32_t)numbers[2],
                           (uint32_t)numbers[3], (uint32_t)numbers[4]);
        else
            model_set_msr((uint32_t)numbers[0], numbers[1]);
    }
    fclose(file);
}

static void power_up(const char *name)
{
    /* MSRs that every processor with long mode has; TSC_AUX is there on all models used. */
    static const uint32_t msrs[] = {X86_MSR_STAR,    X86_MSR_LSTAR,          X86_MSR_CSTAR,
                                    X86_MSR_FMASK,   X86_MSR_FS_BASE,        X86_MSR_GS_BASE,
                                    X86_MSR_TSC_AUX, X86_MSR_KERNEL_GS_BASE, X86_MSR_XSS};
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
    if (x86_bit(model_leaf(0x80000001, 0)->ecx, 2)) {
        model_set_msr(X86_MSR_AMD_VM_CR, 0);
        model_set_msr(X86_MSR_AMD_VM_HSAVE_PA, 0);
    }
    model_set_msr(X86_MSR_EFER, X86_EFER_SCE | X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE);
    for (unsigned i = 0; i < sizeof(components) / sizeof(components[0]); i++)
        model_set_leaf(0xd, components[i].subleaf, components[i].size, components[i].offset, 0, 0);
}

void model_reset(const char *cpu_name)
{
    memset(cpus, 0, sizeof(cpus));
    model_vmx_reset();
    arena_used = 0;
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
            .stack = 0xffff800000010000 + (uint64_t)i * 0x10000,
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

bool x86_rdmsr_safe(uint32_t msr, uint64_t *value)
{
    const uint64_t *place = find_msr(msr);

    *value = place != NULL ? *place : 0;
    return place != NULL;
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
/* CR4 bits that the processor has. */
static uint64_t cr4_bits(void)
{
    return find_msr(X86_MSR_VMX_CR4_FIXED1) != NULL ? model_msr(X86_MSR_VMX_CR4_FIXED1) : 0x7fffff;
}

REGISTER(cr3, cr3, ~UINT64_C(0))
REGISTER(cr4, cr4, cr4_bits())
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

uint64_t x86_xgetbv(uint32_t xcr)
{
    if (xcr != 0 || (model_cpu->cr4 & X86_CR4_OSXSAVE) == 0)
        model_fail("#UD or #GP: XGETBV", xcr);
    return model_cpu->xcr0;
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

/* --- Objects --- */

#define VM_PAGES 64u

struct vm *model_vm(void)
{
    return vm_create(model_pages(VM_PAGES, 1), VM_PAGES * (size_t)4096);
}

struct vcpu *model_vcpu(struct vm *vm)
{
    struct vcpu *vcpu = vcpu_create(model_pages(4, 4));

    vcpu_attach(vcpu, vm);
    return vcpu;
}
