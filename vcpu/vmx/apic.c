/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * APIC virtualization (Intel SDM vol. 3, chapter 29), for a guest whose local APIC is in x2APIC
 * mode: it reads registers out of the virtual-APIC page, and the processor carries out its writes
 * of TPR, EOI and SELF IPI, and delivers the interrupts in IRR. All else exits as without the page.
 */

#include <vcpu_host.h>
#include <x86/apic.h>
#include <x86/msr.h>
#include <x86/vmx_controls.h>

#include "bitmap.h"
#include "vmcs.h"

#define CR8_EXITING (VMX_PROC_CR8_LOAD_EXITING | VMX_PROC_CR8_STORE_EXITING)
#define WORDS       8u /* of 32 vectors, in IRR, ISR and TMR */

/* Of all others a read would give what the page has, without #GP (29.5); and the current count is
 * not in the page. */
static const struct {
    uint32_t first, last;
    bool read, write;
} open_msrs[] = {
    {X86_MSR_X2APIC_APICID, X86_MSR_X2APIC_VERSION, true, false},
    {X86_MSR_X2APIC_TPR, X86_MSR_X2APIC_TPR, true, true},
    {X86_MSR_X2APIC_PPR, X86_MSR_X2APIC_PPR, true, false},
    {X86_MSR_X2APIC_EOI, X86_MSR_X2APIC_EOI, false, true},
    {X86_MSR_X2APIC_LDR, X86_MSR_X2APIC_LDR, true, false},
    {X86_MSR_X2APIC_SIVR, X86_MSR_X2APIC_ESR, true, false}, /* ISR, TMR and IRR between them */
    {X86_MSR_X2APIC_ICR, X86_MSR_X2APIC_ICR, true, false},
    {X86_MSR_X2APIC_LVT_TIMER, X86_MSR_X2APIC_INIT_COUNT, true, false},
    {X86_MSR_X2APIC_DIV_CONF, X86_MSR_X2APIC_DIV_CONF, true, false},
    {X86_MSR_X2APIC_SELF_IPI, X86_MSR_X2APIC_SELF_IPI, false, true},
};

void vmx_apic_open_msrs(uint8_t *bitmap)
{
    for (unsigned i = 0; i < sizeof(open_msrs) / sizeof(open_msrs[0]); i++) {
        for (uint32_t msr = open_msrs[i].first; msr <= open_msrs[i].last; msr++)
            (void)msr_bitmap_set(bitmap, msr, !open_msrs[i].read, !open_msrs[i].write);
    }
}

/* The bitmap goes with the controls: else a guest's WRMSR could be one to the host's APIC. */
static void set_controls(struct vcpu *vcpu, uint64_t physical)
{
    vcpu->apic = physical;
    if (physical != 0) {
        vcpu->procedure = (vcpu->procedure & ~CR8_EXITING) | VMX_PROC_TPR_SHADOW;
        vcpu->procedure2 |= VMX_PROC2_APIC;
        vmwrite(VMCS_VIRTUAL_APIC_ADDRESS, physical);
        vmwrite(VMCS_TPR_THRESHOLD, 0);
        vmwrite(VMCS_MSR_BITMAPS, vcpu_host_physical(vcpu->vm->apic_msr_bitmap));
    } else {
        vcpu->procedure = (vcpu->procedure & ~VMX_PROC_TPR_SHADOW) | CR8_EXITING;
        vcpu->procedure2 &= ~VMX_PROC2_APIC;
        vmwrite(VMCS_MSR_BITMAPS, vcpu_host_physical(vcpu->vm->msr_bitmap));
    }
    vmwrite(VMCS_PROC_BASED_CONTROLS, vcpu->procedure);
    vmwrite(VMCS_SECONDARY_PROC_BASED_CONTROLS, vcpu->procedure2);
}

/* A word of eight, once: the client may write there at any time. */
static uint32_t word(const volatile uint8_t *page, uint32_t offset, unsigned index)
{
    return *(const volatile uint32_t *)(const volatile void *)(page + offset + 16ul * index);
}

/* The highest vector of IRR or ISR, 0 for none (29.1.1). */
static uint32_t highest(const volatile uint8_t *page, uint32_t offset)
{
    for (unsigned i = WORDS; i > 0; i--) {
        uint32_t vectors = word(page, offset, i - 1);

        if (vectors != 0)
            return 32 * (i - 1) + 31 - (uint32_t)__builtin_clz(vectors);
    }
    return 0;
}

static void read_page(uint64_t physical)
{
    const volatile uint8_t *page = vcpu_host_virtual(physical);
    uint32_t requested = highest(page, X86_APIC_IRR);
    uint32_t serviced = highest(page, X86_APIC_ISR);

    vmwrite(VMCS_GUEST_INTERRUPT_STATUS, requested | serviced << 8);
    for (unsigned i = 0; i < WORDS; i += 2)
        vmwrite(VMCS_EOI_EXIT_BITMAP_0 + i,
                word(page, X86_APIC_TMR, i) | (uint64_t)word(page, X86_APIC_TMR, i + 1) << 32);
}

enum nacelle_error vmx_set_apic(struct vcpu *vcpu, uint64_t physical)
{
    if (physical != 0 && (vcpu->cpu->features & VCPU_FEATURE_APIC) == 0)
        return NACELLE_ERROR_UNSUPPORTED;
    if (physical != vcpu->apic)
        set_controls(vcpu, physical);
    if (physical != 0)
        read_page(physical);
    return NACELLE_ERROR_OK;
}
