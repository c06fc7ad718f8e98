/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM: guest-physical memory, I/O-port and MSR permissions. */

#include <vcpu_host.h>
#include <x86/msr.h>
#include <x86/paging.h>

#include "vendor.h"

_Static_assert(sizeof(struct vm) <= VM_HOST_OFFSET, "struct vm has half a page");

struct vm *vm_create(void *memory, size_t size)
{
    struct vm *vm = memory;

    vm->generation = 1; /* unlike that of a vCPU that is new on a CPU: its first entry flushes */
    vm->written_msrs = 0;
    vm->efer_open = false;
    vm->answers = (struct vcpu_answers *)(void *)((char *)memory + X86_PAGE_SIZE);
    vm->answer_count = 0;
    VENDOR(vm_init, vm, (uint8_t *)memory + 2ul * X86_PAGE_SIZE,
           (uint32_t)(size / X86_PAGE_SIZE) - 2);
    return vm;
}

void vm_destroy(struct vm *vm)
{
    /* The root's address may be the next VM's: now, as no vCPU will enter that notices. */
    VENDOR(vm_flush, vm);
}

enum nacelle_error vm_map(struct vm *vm, uint64_t gpa, uint64_t physical, unsigned size_bits,
                          unsigned rights, uint64_t flags)
{
    if ((flags & ~(uint64_t)NACELLE_MAP_UNCACHED) != 0)
        return NACELLE_ERROR_INVALID_ARGUMENT;
    /* Nothing was present there, and no processor keeps that (SDM vol. 3, 28.3.1): no flush. */
    return slat_map(&vm->slat, gpa, physical, size_bits, rights,
                    (flags & NACELLE_MAP_UNCACHED) != 0);
}

enum nacelle_error vm_unmap(struct vm *vm, uint64_t gpa, unsigned size_bits)
{
    /* Translations are used in guests only: each vCPU sees the count before it enters, and flushes.
     * So do many removals cost one flush, and a failed one costs one for nothing. */
    vm->generation++;
    return slat_unmap(&vm->slat, gpa, size_bits);
}

void vm_open_ports(struct vm *vm, uint16_t first, uint16_t last)
{
    VENDOR(ports_set, vm, first, last, false);
}

void vm_close_ports(struct vm *vm, uint16_t first, uint16_t last)
{
    VENDOR(ports_set, vm, first, last, true);
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

    if (!VENDOR(msr_covered, msr))
        return NACELLE_ERROR_OUT_OF_RANGE;
    if (rights == 0 || (rights & ~(NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)) != 0)
        return NACELLE_ERROR_INVALID_ARGUMENT;
    if ((rights & ~rights_openable(msr)) != 0)
        return NACELLE_ERROR_MSR_NOT_OPENABLE;

    if ((rights & NACELLE_RIGHT_WRITE) != 0 && index != VCPU_MSRS)
        vm->written_msrs |= 1u << index;
    (void)VENDOR(msr_set, vm, msr, (rights & NACELLE_RIGHT_READ) == 0,
                 (rights & NACELLE_RIGHT_WRITE) == 0);
    return NACELLE_ERROR_OK;
}

enum nacelle_error vm_close_msr(struct vm *vm, uint32_t msr)
{
    if (!VENDOR(msr_set, vm, msr, true, true))
        return NACELLE_ERROR_OUT_OF_RANGE;
    return NACELLE_ERROR_OK;
}

/* --- Answers --- */

/* The key of an answer from the words of a message; false: a bit is set that has no meaning. */
static bool decode_answer(uint64_t key, uint64_t subleaf, struct vcpu_answer *answer)
{
    uint32_t kind = (uint32_t)key;

    *answer = (struct vcpu_answer){.number = (uint32_t)(key >> 32), .kind = kind};
    switch (kind) {
    case NACELLE_ANSWER_CPUID:
        answer->subleaf = (uint32_t)subleaf;
        answer->subleaf_mask = UINT32_MAX;
        return subleaf <= UINT32_MAX;
    case NACELLE_ANSWER_CPUID_ANY:
        answer->kind = NACELLE_ANSWER_CPUID;
        return subleaf == 0;
    case NACELLE_ANSWER_MSR_READ:
    case NACELLE_ANSWER_MSR_IGNORED:
        return subleaf == 0;
    case NACELLE_ANSWER_IN:
    case NACELLE_ANSWER_OUT_IGNORED:
        return subleaf == 0 && answer->number <= UINT16_MAX;
    default:
        return false;
    }
}

enum nacelle_error vm_answer(struct vm *vm, uint64_t key, uint64_t subleaf, uint64_t eax_ebx,
                             uint64_t ecx_edx)
{
    struct vcpu_answer answer;

    if (!decode_answer(key, subleaf, &answer))
        return NACELLE_ERROR_INVALID_ARGUMENT;
    answer.eax = (uint32_t)eax_ebx;
    answer.ebx = (uint32_t)(eax_ebx >> 32);
    answer.ecx = (uint32_t)ecx_edx;
    answer.edx = (uint32_t)(ecx_edx >> 32);
    vm->generation++; /* no vCPU enters without a look at what has changed */
    return vcpu_answers_set(vm->answers, &vm->answer_count, &answer);
}

enum nacelle_error vm_forget(struct vm *vm, uint64_t key, uint64_t subleaf)
{
    struct vcpu_answer answer;

    if (!decode_answer(key, subleaf, &answer) ||
        !vcpu_answers_remove(vm->answers, &vm->answer_count, &answer))
        return NACELLE_ERROR_NOT_MAPPED;
    vm->generation++;
    return NACELLE_ERROR_OK;
}
