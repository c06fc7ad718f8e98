/* SPDX-License-Identifier: BSD-2-Clause */
/* The SVM side of a VM: permission maps, nested page tables. */

#include <vcpu_host.h>
#include <x86/general_registers.h>
#include <x86/paging.h>

#include "maps.h"
#include "npt.h"
#include "svm.h"

/* Pages: the I/O map in 0 to 2, the MSR map in 3 and 4, tables from 5 on, the root first. */
#define MSR_MAP_PAGE (SVM_IO_MAP_BYTES / X86_PAGE_SIZE)
#define TABLES_PAGE  (MSR_MAP_PAGE + SVM_MSR_MAP_BYTES / X86_PAGE_SIZE)

_Static_assert((1u << NACELLE_SIZE_VM_MIN) > (1 + TABLES_PAGE) * X86_PAGE_SIZE, "a root at least");

void svm_vm_init(struct vm *vm, uint8_t *pages, uint32_t count)
{
    const struct vcpu_cpu *cpu = vcpu_host_cpu();
    uint8_t *tables = pages + TABLES_PAGE * X86_PAGE_SIZE;

    vm->io_bitmap = pages;
    vm->msr_bitmap = pages + MSR_MAP_PAGE * X86_PAGE_SIZE;
    svm_io_map_close_all(vm->io_bitmap);
    svm_msr_map_close_all(vm->msr_bitmap);
    slat_init(&vm->slat, &svm_slat_format, (uint64_t(*)[SLAT_ENTRIES])(void *)tables,
              vcpu_host_physical(tables), count - (uint32_t)TABLES_PAGE, cpu->physical_bits, true,
              vcpu_cpu_feature(X86_FEATURE_PAGE1GB));
    vm->root = vcpu_host_physical(tables);
}

/* No instruction drops nested translations. Their ASIDs are flushed when they are used next, which
 * vm->generation says; before that nothing looks at them. */
void svm_vm_flush(struct vm *vm)
{
    (void)vm;
}

void svm_ports_set(struct vm *vm, uint16_t first, uint16_t last, bool exits)
{
    svm_io_map_set(vm->io_bitmap, first, last, exits);
}

bool svm_msr_covered(uint32_t msr)
{
    uint32_t bit;

    return svm_msr_map_bit(msr, &bit);
}

bool svm_msr_set(struct vm *vm, uint32_t msr, bool read_exits, bool write_exits)
{
    /* The guest would see SVME. Reads still exit, and the engine answers them. */
    if (msr == X86_MSR_EFER) {
        vm->efer_open = !read_exits;
        return true;
    }
    return svm_msr_map_set(vm->msr_bitmap, msr, read_exits, write_exits);
}

bool svm_answer_efer(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    uint64_t efer = svm_efer(vcpu);

    if (!vcpu->vm->efer_open || (uint32_t)state->general[X86_RCX] != X86_MSR_EFER)
        return false;
    state->general[X86_RAX] = (uint32_t)efer;
    state->general[X86_RDX] = efer >> 32;
    return true;
}
