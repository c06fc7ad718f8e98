/* SPDX-License-Identifier: BSD-2-Clause */
/* Handing the policy over to the server. */
#include <runtime/vm.h>
#include <vmm/answers.h>
#include <x86/msr.h>

#define READ_WRITE (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)

/* EFER and the TSC only for reading: the engine takes writes from the state page. */
static const struct {
    uint32_t msr;
    unsigned rights;
} open[] = {
    {X86_MSR_TIME_STAMP_COUNTER, NACELLE_RIGHT_READ},
    {X86_MSR_SYSENTER_CS, READ_WRITE},
    {X86_MSR_SYSENTER_ESP, READ_WRITE},
    {X86_MSR_SYSENTER_EIP, READ_WRITE},
    {X86_MSR_PAT, READ_WRITE},
    {X86_MSR_EFER, NACELLE_RIGHT_READ},
    {X86_MSR_STAR, READ_WRITE},
    {X86_MSR_LSTAR, READ_WRITE},
    {X86_MSR_CSTAR, READ_WRITE},
    {X86_MSR_FMASK, READ_WRITE},
    {X86_MSR_FS_BASE, READ_WRITE},
    {X86_MSR_GS_BASE, READ_WRITE},
    {X86_MSR_KERNEL_GS_BASE, READ_WRITE},
    {X86_MSR_TSC_AUX, READ_WRITE},
};

void vmm_answers_install(uint64_t vm, const struct vmm_pc *pc)
{
    struct vmm_answer answers[VMM_ANSWERS_MAX];
    unsigned count = vmm_answers_list(pc, answers);

    for (unsigned i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        (void)nacelle_vm_open_msr(vm, open[i].msr, open[i].rights);
    for (unsigned i = 0; i < count; i++)
        (void)nacelle_vm_answer(vm, answers[i].kind, answers[i].number, answers[i].subleaf,
                                answers[i].registers);
}
