/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMX side of a VM: bitmaps, EPT, its invalidation. */

#include <vcpu_host.h>
#include <x86/insn.h>
#include <x86/msr.h>
#include <x86/paging.h>

#include "bitmap.h"
#include "ept.h"
#include "vmcs.h"

/* Pages: the I/O bitmaps in 0 and 1, the MSR bitmaps in 2 and 3, then tables, the root first. */
#define MSR_BITMAP_PAGE      (IO_BITMAP_BYTES / X86_PAGE_SIZE)
#define APIC_MSR_BITMAP_PAGE (MSR_BITMAP_PAGE + MSR_BITMAP_BYTES / X86_PAGE_SIZE)
#define TABLES_PAGE          (APIC_MSR_BITMAP_PAGE + MSR_BITMAP_BYTES / X86_PAGE_SIZE)

_Static_assert((1u << NACELLE_SIZE_VM_MIN) > (1 + TABLES_PAGE) * X86_PAGE_SIZE, "a root at least");

void vmx_vm_init(struct vm *vm, uint8_t *pages, uint32_t count)
{
    const struct vcpu_cpu *cpu = vcpu_host_cpu();
    uint8_t *tables = pages + TABLES_PAGE * X86_PAGE_SIZE;

    vm->io_bitmap = pages;
    vm->msr_bitmap = pages + MSR_BITMAP_PAGE * X86_PAGE_SIZE;
    io_bitmap_close_all(vm->io_bitmap);
    msr_bitmap_close_all(vm->msr_bitmap);
    vm->apic_msr_bitmap = pages + APIC_MSR_BITMAP_PAGE * X86_PAGE_SIZE;
    msr_bitmap_close_all(vm->apic_msr_bitmap);
    vmx_apic_open_msrs(vm->apic_msr_bitmap);
    slat_init(&vm->slat, &vmx_slat_format, (uint64_t(*)[SLAT_ENTRIES])(void *)tables,
              vcpu_host_physical(tables), count - (uint32_t)TABLES_PAGE, cpu->physical_bits,
              (cpu->features & VCPU_FEATURE_EPT_2M) != 0,
              (cpu->features & VCPU_FEATURE_EPT_1G) != 0);
    vm->root = vcpu_host_physical(tables) | cpu->ept_pointer_flags;
}

void vmx_vm_flush(struct vm *vm)
{
    const struct vcpu_cpu *cpu = vcpu_host_cpu();

    if (cpu->region == 0)
        return;
    if ((cpu->features & VCPU_FEATURE_INVEPT_SINGLE) != 0)
        (void)vmx_invept(VMX_INVEPT_SINGLE_CONTEXT, vm->root);
    else
        (void)vmx_invept(VMX_INVEPT_ALL_CONTEXT, 0);
}

void vmx_ports_set(struct vm *vm, uint16_t first, uint16_t last, bool exits)
{
    io_bitmap_set(vm->io_bitmap, first, last, exits);
}

bool vmx_msr_covered(uint32_t msr)
{
    return msr_bitmap_covers(msr);
}

bool vmx_msr_set(struct vm *vm, uint32_t msr, bool read_exits, bool write_exits)
{
    if (msr < X86_MSR_X2APIC_FIRST || msr > X86_MSR_X2APIC_LAST)
        (void)msr_bitmap_set(vm->apic_msr_bitmap, msr, read_exits, write_exits);
    return msr_bitmap_set(vm->msr_bitmap, msr, read_exits, write_exits);
}
