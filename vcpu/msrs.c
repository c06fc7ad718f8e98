/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSRs that no entry or exit switches. After an exit they stay the guest's: no client can use them
 * (EFER.SCE is 0), and the host does not. They are exchanged when another vCPU comes to the CPU.
 */

#include <vcpu_host.h>
#include <x86/control.h>
#include <x86/insn.h>
#include <x86/msr.h>
#include <x86/paging.h>

#include "internal.h"

static const uint32_t addresses[VCPU_MSRS] = {
    [VCPU_MSR_STAR] = X86_MSR_STAR,
    [VCPU_MSR_LSTAR] = X86_MSR_LSTAR,
    [VCPU_MSR_CSTAR] = X86_MSR_CSTAR,
    [VCPU_MSR_FMASK] = X86_MSR_FMASK,
    [VCPU_MSR_KERNEL_GS_BASE] = X86_MSR_KERNEL_GS_BASE,
    [VCPU_MSR_TSC_AUX] = X86_MSR_TSC_AUX,
};

enum vcpu_msr vcpu_msr_index(uint32_t msr)
{
    unsigned i = 0;

    while (i < VCPU_MSRS && addresses[i] != msr)
        i++;
    return (enum vcpu_msr)i;
}

void vcpu_reset_hidden(struct vcpu *vcpu)
{
    for (unsigned i = 0; i < VCPU_MSRS; i++)
        vcpu->msrs[i] = 0;
    for (unsigned i = 0; i < 4; i++)
        vcpu->dr[i] = 0;
    vcpu->dr6 = X86_DR6_RESET;
    vcpu->pat = X86_PAT_RESET;
}

/* Loads one MSR where old's value, or for NULL an unknown one, is loaded. A comparison costs less
 * than to write it, and many guests have the same in most. */
static inline void exchange(const struct vcpu *old, const struct vcpu *vcpu, enum vcpu_msr index)
{
    if (old == NULL || old->msrs[index] != vcpu->msrs[index])
        x86_wrmsr(addresses[index], vcpu->msrs[index]);
}

void vcpu_msrs_load(const struct vcpu *old, const struct vcpu *vcpu)
{
    exchange(old, vcpu, VCPU_MSR_STAR);
    exchange(old, vcpu, VCPU_MSR_LSTAR);
    exchange(old, vcpu, VCPU_MSR_CSTAR);
    exchange(old, vcpu, VCPU_MSR_FMASK);
    exchange(old, vcpu, VCPU_MSR_KERNEL_GS_BASE);
}

void vcpu_msrs_save_written(struct vcpu *vcpu, uint32_t written)
{
    for (; written != 0; written &= written - 1) {
        unsigned index = (unsigned)__builtin_ctz(written);

        vcpu->msrs[index] = x86_rdmsr(addresses[index]);
    }
}

/* Did the guest have a way to write TSC_AUX? */
static bool tsc_aux_open(const struct vcpu *vcpu)
{
    return (vcpu->vm->written_msrs >> VCPU_MSR_TSC_AUX & 1u) != 0;
}

void vcpu_tsc_aux_exchange(struct vcpu *old, const struct vcpu *vcpu)
{
    uint64_t loaded = VCPU_HOST_TSC_AUX;

    /* On a CPU without the MSR it is 0 for all, and open to none. */
    if (old != NULL) {
        if (tsc_aux_open(old))
            old->msrs[VCPU_MSR_TSC_AUX] = x86_rdmsr(X86_MSR_TSC_AUX);
        loaded = old->msrs[VCPU_MSR_TSC_AUX];
    }
    if (loaded != vcpu->msrs[VCPU_MSR_TSC_AUX])
        x86_wrmsr(X86_MSR_TSC_AUX, vcpu->msrs[VCPU_MSR_TSC_AUX]);
}

void vcpu_tsc_aux_refresh(struct vcpu *vcpu)
{
    const struct vcpu_cpu *cpu = vcpu_host_cpu();

    if (cpu->fpu_owner == vcpu && (cpu->features & VCPU_FEATURE_TSC_AUX) != 0 && tsc_aux_open(vcpu))
        vcpu->msrs[VCPU_MSR_TSC_AUX] = x86_rdmsr(X86_MSR_TSC_AUX);
}

void vcpu_tsc_aux_save(struct vcpu *vcpu)
{
    vcpu_tsc_aux_refresh(vcpu);
    if ((vcpu_host_cpu()->features & VCPU_FEATURE_TSC_AUX) != 0 &&
        vcpu->msrs[VCPU_MSR_TSC_AUX] != VCPU_HOST_TSC_AUX)
        x86_wrmsr(X86_MSR_TSC_AUX, VCPU_HOST_TSC_AUX);
}

void vcpu_msr_set(struct vcpu *vcpu, enum vcpu_msr index, uint64_t value)
{
    const struct vcpu_cpu *cpu = vcpu_host_cpu();
    const struct vcpu *owner = index == VCPU_MSR_TSC_AUX ? cpu->fpu_owner : cpu->state_owner;

    vcpu->msrs[index] = value;
    if (owner != vcpu)
        return;
    if (index != VCPU_MSR_TSC_AUX || (cpu->features & VCPU_FEATURE_TSC_AUX) != 0)
        x86_wrmsr(addresses[index], value);
}
