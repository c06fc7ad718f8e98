/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM: guest-physical memory, I/O-port and MSR permissions. */

#include <vcpu_host.h>
#include <x86/insn.h>
#include <x86/msr.h>
#include <x86/paging.h>

#include "../internal.h"

/*
 * Memory of a VM: struct vm in page 0, the I/O bitmaps in 1 and 2, the MSR bitmap in 3, translation
 * tables from 4 on, the root first.
 */
#define VM_IO_BITMAP_PAGE  1
#define VM_MSR_BITMAP_PAGE 3
#define VM_TABLES_PAGE     4

_Static_assert(sizeof(struct vm) <= X86_PAGE_SIZE, "struct vm has one page");
_Static_assert((1u << NACELLE_SIZE_VM_MIN) > VM_TABLES_PAGE * X86_PAGE_SIZE, "a root at least");

struct vm *vm_create(void *memory, size_t size)
{
    const struct vcpu_cpu *cpu = vcpu_host_cpu();
    uint8_t *pages = memory;
    struct vm *vm = memory;
    uint8_t *tables = pages + VM_TABLES_PAGE * X86_PAGE_SIZE;

    vm->io_bitmap = pages + VM_IO_BITMAP_PAGE * X86_PAGE_SIZE;
    vm->msr_bitmap = pages + VM_MSR_BITMAP_PAGE * X86_PAGE_SIZE;
    io_bitmap_close_all(vm->io_bitmap);
    msr_bitmap_close_all(vm->msr_bitmap);
    ept_init(&vm->ept, (uint64_t(*)[EPT_ENTRIES])(void *)tables, vcpu_host_physical(tables),
             (uint32_t)(size / X86_PAGE_SIZE) - VM_TABLES_PAGE, cpu->physical_bits,
             (cpu->features & VCPU_FEATURE_EPT_2M) != 0,
             (cpu->features & VCPU_FEATURE_EPT_1G) != 0);
    vm->ept_pointer = vcpu_host_physical(tables) | cpu->ept_pointer_flags;
    vm->generation = 1; /* unlike that of a vCPU that is new on a CPU: its first entry flushes */
    vm->written_msrs = 0;
    return vm;
}

/* This CPU forgets the VM's translations; the others do before a vCPU of the VM enters there. */
static void flush(struct vm *vm)
{
    const struct vcpu_cpu *cpu = vcpu_host_cpu();

    vm->generation++;
    if (cpu->vmxon == 0)
        return;
    if ((cpu->features & VCPU_FEATURE_INVEPT_SINGLE) != 0)
        (void)vmx_invept(VMX_INVEPT_SINGLE_CONTEXT, vm->ept_pointer);
    else
        (void)vmx_invept(VMX_INVEPT_ALL_CONTEXT, 0);
}

void vm_destroy(struct vm *vm)
{
    flush(vm);
}

enum nacelle_error vm_map(struct vm *vm, uint64_t gpa, uint64_t physical, unsigned size_bits,
                          unsigned rights, unsigned flags)
{
    const struct ept_mapping mapping = {
        .gpa = gpa,
        .physical = physical,
        .size_bits = size_bits,
        .rights = rights,
        .uncached = (flags & NACELLE_MAP_UNCACHED) != 0,
    };

    if ((flags & ~NACELLE_MAP_UNCACHED) != 0)
        return NACELLE_ERROR_INVALID_ARGUMENT;
    /* Nothing was present there, and no processor keeps that (SDM vol. 3, 28.3.1): no flush. */
    return ept_map(&vm->ept, &mapping);
}

enum nacelle_error vm_unmap(struct vm *vm, uint64_t gpa, unsigned size_bits)
{
    enum nacelle_error error = ept_unmap(&vm->ept, gpa, size_bits);

    if (error == NACELLE_ERROR_OK)
        flush(vm);
    return error;
}

void vm_open_ports(struct vm *vm, uint16_t first, uint16_t last)
{
    io_bitmap_set(vm->io_bitmap, first, last, false);
}

void vm_close_ports(struct vm *vm, uint16_t first, uint16_t last)
{
    io_bitmap_set(vm->io_bitmap, first, last, true);
}

/*
 * MSRs that entries and exits switch, or that stay loaded and go with their vCPU; and rights that
 * may be given. All others are the host's or another guest's. EFER and XSS have bits whose meaning
 * the engine does not switch, so a guest may only look.
 */
static const struct openable {
    uint32_t msr;
    uint32_t rights;
    uint32_t feature; /* VCPU_FEATURE_* that it needs, or 0 */
} openable[] = {
    {X86_MSR_TIME_STAMP_COUNTER, NACELLE_RIGHT_READ, 0},
    {X86_MSR_SYSENTER_CS, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE, 0},
    {X86_MSR_SYSENTER_ESP, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE, 0},
    {X86_MSR_SYSENTER_EIP, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE, 0},
    {X86_MSR_PAT, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE, VCPU_FEATURE_PAT},
    {X86_MSR_EFER, NACELLE_RIGHT_READ, 0},
    {X86_MSR_STAR, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE, 0},
    {X86_MSR_LSTAR, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE, 0},
    {X86_MSR_CSTAR, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE, 0},
    {X86_MSR_FMASK, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE, 0},
    {X86_MSR_FS_BASE, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE, 0},
    {X86_MSR_GS_BASE, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE, 0},
    {X86_MSR_KERNEL_GS_BASE, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE, 0},
    {X86_MSR_TSC_AUX, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE, VCPU_FEATURE_TSC_AUX},
};

static uint32_t rights_openable(uint32_t msr)
{
    const struct vcpu_cpu *cpu = vcpu_host_cpu();

    for (unsigned i = 0; i < sizeof(openable) / sizeof(openable[0]); i++) {
        if (openable[i].msr == msr && (openable[i].feature & ~cpu->features) == 0)
            return openable[i].rights;
    }
    return 0;
}

enum nacelle_error vm_open_msr(struct vm *vm, uint32_t msr, unsigned rights)
{
    enum vcpu_msr index = vcpu_msr_index(msr);

    if (!msr_bitmap_covers(msr))
        return NACELLE_ERROR_OUT_OF_RANGE;
    if (rights == 0 || (rights & ~(NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)) != 0)
        return NACELLE_ERROR_INVALID_ARGUMENT;
    if ((rights & ~rights_openable(msr)) != 0)
        return NACELLE_ERROR_MSR_NOT_OPENABLE;

    if ((rights & NACELLE_RIGHT_WRITE) != 0 && index != VCPU_MSRS)
        vm->written_msrs |= 1u << index;
    (void)msr_bitmap_set(vm->msr_bitmap, msr, (rights & NACELLE_RIGHT_READ) == 0,
                         (rights & NACELLE_RIGHT_WRITE) == 0);
    return NACELLE_ERROR_OK;
}

enum nacelle_error vm_close_msr(struct vm *vm, uint32_t msr)
{
    if (!msr_bitmap_set(vm->msr_bitmap, msr, true, true))
        return NACELLE_ERROR_OUT_OF_RANGE;
    return NACELLE_ERROR_OK;
}
