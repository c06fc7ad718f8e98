/* SPDX-License-Identifier: BSD-2-Clause */
/* MSRs in the state page, the time stamp counter, and XCR0. */
#include <stddef.h>
#include <vmm/vcpu_msr.h>
#include <x86/control.h>
#include <x86/cpuid.h>
#include <x86/msr.h>
#include <x86/paging.h>

#define LINEAR_BITS 48

enum check {
    ANY,
    CANONICAL,
    MEMORY_TYPES,
    LOWER_HALF,
};

#define SEGMENT_BASE(segment)                                            \
    ((uint16_t)(offsetof(struct nacelle_vcpu_state, segments[segment]) + \
                offsetof(struct nacelle_segment, base)))
#define IN_STATE(member) ((uint16_t)offsetof(struct nacelle_vcpu_state, member))

/* SDM vol. 4, table 2-2: which values each takes. */
static const struct in_state {
    uint32_t msr;
    uint32_t group;
    uint16_t offset;
    uint8_t check;
} in_state[] = {
    {X86_MSR_SYSENTER_CS, NACELLE_GROUP_SYSTEM_CALL, IN_STATE(sysenter_cs), LOWER_HALF},
    {X86_MSR_SYSENTER_ESP, NACELLE_GROUP_SYSTEM_CALL, IN_STATE(sysenter_esp), CANONICAL},
    {X86_MSR_SYSENTER_EIP, NACELLE_GROUP_SYSTEM_CALL, IN_STATE(sysenter_eip), CANONICAL},
    {X86_MSR_PAT, NACELLE_GROUP_SYSTEM_CALL, IN_STATE(pat), MEMORY_TYPES},
    {X86_MSR_STAR, NACELLE_GROUP_SYSTEM_CALL, IN_STATE(star), ANY},
    {X86_MSR_LSTAR, NACELLE_GROUP_SYSTEM_CALL, IN_STATE(lstar), CANONICAL},
    {X86_MSR_CSTAR, NACELLE_GROUP_SYSTEM_CALL, IN_STATE(cstar), CANONICAL},
    {X86_MSR_FMASK, NACELLE_GROUP_SYSTEM_CALL, IN_STATE(fmask), LOWER_HALF},
    {X86_MSR_KERNEL_GS_BASE, NACELLE_GROUP_SYSTEM_CALL, IN_STATE(kernel_gs_base), CANONICAL},
    {X86_MSR_TSC_AUX, NACELLE_GROUP_SYSTEM_CALL, IN_STATE(tsc_aux), LOWER_HALF},
    {X86_MSR_FS_BASE, NACELLE_GROUP_SEGMENTS, SEGMENT_BASE(NACELLE_FS), CANONICAL},
    {X86_MSR_GS_BASE, NACELLE_GROUP_SEGMENTS, SEGMENT_BASE(NACELLE_GS), CANONICAL},
};

static const struct in_state *find(uint32_t msr)
{
    for (unsigned i = 0; i < sizeof(in_state) / sizeof(in_state[0]); i++)
        if (in_state[i].msr == msr)
            return &in_state[i];
    return NULL;
}

static uint64_t *member(const struct vmm_vcpu *vcpu, const struct in_state *in)
{
    return (uint64_t *)((uint8_t *)vcpu->state + in->offset);
}

static bool allows(enum check check, uint64_t value)
{
    switch (check) {
    case CANONICAL:
        return x86_canonical(value, LINEAR_BITS);
    case MEMORY_TYPES:
        return x86_pat_valid(value);
    case LOWER_HALF:
        return value <= UINT32_MAX;
    default:
        return true;
    }
}

/* The bits of EFER that CPUID offers: SDM vol. 3, 2.2.1. */
static uint64_t efer_bits(const struct vmm_vcpu *vcpu)
{
    uint32_t edx = vmm_cpuid_get(&vcpu->pc->cpuid, X86_CPUID_EXTENDED, 0).edx;
    static const struct {
        enum x86_feature feature;
        uint64_t bit;
    } bits[] = {
        {X86_FEATURE_SYSCALL, X86_EFER_SCE},
        {X86_FEATURE_NX, X86_EFER_NXE},
        {X86_FEATURE_LM, X86_EFER_LME},
    };
    uint64_t all = 0;

    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
        if (edx >> x86_feature_info(bits[i].feature)->bit & 1)
            all |= bits[i].bit;
    return all;
}

/* LMA is the processor's own; LME cannot change while paging is on. */
static enum vmm_msr_result write_efer(struct vmm_vcpu *vcpu, uint64_t value)
{
    struct nacelle_vcpu_state *state = vcpu->state;

    vcpu->fetch(vcpu, NACELLE_GROUP_CONTROL);
    value &= ~X86_EFER_LMA;
    if ((value & ~efer_bits(vcpu)) ||
        (((value ^ state->efer) & X86_EFER_LME) && (state->cr0 & X86_CR0_PG)))
        return VMM_MSR_FAULTS;
    state->efer = value | (state->efer & X86_EFER_LMA);
    state->dirty |= NACELLE_GROUP_CONTROL;
    return VMM_MSR_DONE;
}

/* IA32_TSC_ADJUST keeps what was added to the counter since RESET (SDM vol. 3, 17.17.3): the offset
 * to the machine's own. The event loop sets it in the engine. */
static bool read_tsc(const struct vmm_vcpu *vcpu, uint32_t msr, uint64_t *value)
{
    uint64_t offset = vcpu->lapic->tsc_offset;

    *value = msr == X86_MSR_TSC_ADJUST ? offset : vcpu->pc->clock.now + offset;
    return msr == X86_MSR_TIME_STAMP_COUNTER || msr == X86_MSR_TSC_ADJUST;
}

static bool write_tsc(struct vmm_vcpu *vcpu, uint32_t msr, uint64_t value)
{
    if (msr != X86_MSR_TIME_STAMP_COUNTER && msr != X86_MSR_TSC_ADJUST)
        return false;
    vmm_lapic_set_tsc_offset(vcpu->lapic,
                             msr == X86_MSR_TSC_ADJUST ? value : value - vcpu->pc->clock.now);
    return true;
}

enum vmm_msr_result vmm_vcpu_msr_read(struct vmm_vcpu *vcpu, uint32_t msr, uint64_t *value)
{
    const struct in_state *in = find(msr);

    if (in) {
        vcpu->fetch(vcpu, in->group);
        *value = *member(vcpu, in);
        return VMM_MSR_DONE;
    }
    if (msr == X86_MSR_EFER) {
        vcpu->fetch(vcpu, NACELLE_GROUP_CONTROL);
        *value = vcpu->state->efer;
        return VMM_MSR_DONE;
    }
    return read_tsc(vcpu, msr, value) ? VMM_MSR_DONE : VMM_MSR_OTHER;
}

enum vmm_msr_result vmm_vcpu_msr_write(struct vmm_vcpu *vcpu, uint32_t msr, uint64_t value)
{
    const struct in_state *in = find(msr);

    if (in) {
        if (!allows((enum check)in->check, value))
            return VMM_MSR_FAULTS;
        vcpu->fetch(vcpu, in->group);
        *member(vcpu, in) = value;
        vcpu->state->dirty |= in->group;
        return VMM_MSR_DONE;
    }
    if (msr == X86_MSR_EFER)
        return write_efer(vcpu, value);
    return write_tsc(vcpu, msr, value) ? VMM_MSR_DONE : VMM_MSR_OTHER;
}

bool vmm_vcpu_set_xcr(struct vmm_vcpu *vcpu, uint32_t number, uint64_t value)
{
    if (number || !x86_xcr0_valid(value, vmm_cpuid_xcr0(&vcpu->pc->cpuid)))
        return false;
    vcpu->fetch(vcpu, NACELLE_GROUP_CONTROL);
    vcpu->state->xcr0 = value;
    vcpu->state->dirty |= NACELLE_GROUP_CONTROL;
    return true;
}
