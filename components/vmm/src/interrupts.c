/* SPDX-License-Identifier: BSD-2-Clause */
/* Offering interrupts to the engine. */
#include <vmm/interrupts.h>
#include <vmm/lapic.h>

#define VECTOR_MASK 0xffu

/* True when the exit came during the delivery of the offered interrupt: the processor has taken it,
 * and the engine delivers it again. */
static bool in_delivery(const struct vmm_vcpu *vcpu)
{
    const struct nacelle_exit *exit = &vcpu->state->exit;

    return (exit->flags & NACELLE_EXIT_VECTORING) &&
           (exit->vectoring & NACELLE_EVENT_TYPE_MASK) == NACELLE_EVENT_INTERRUPT &&
           (exit->vectoring & VECTOR_MASK) == vmm_interrupts_vector(vcpu);
}

void vmm_interrupts_settle(struct vmm_vcpu *vcpu)
{
    bool pending = vcpu->state->exit.flags & NACELLE_EXIT_EVENT_PENDING;

    if (vcpu->offered < 0 || (pending && !in_delivery(vcpu)))
        return;
    if (vcpu->offered & VMM_OFFERED_BY_APIC)
        vmm_lapic_acknowledge(vcpu->lapic, vmm_interrupts_vector(vcpu));
    else
        vmm_pic_acknowledge(&vcpu->pc->pic, (unsigned)vcpu->offered);
    vcpu->offered = -1;
    vcpu->statistics.injections++;
}

/* INTR of the 8259 goes to the processor by LINT0, by the I/O APIC, or past a disabled APIC. */
static bool takes_extint(const struct vmm_vcpu *vcpu)
{
    return vmm_lapic_passes_extint(vcpu->lapic) || vmm_ioapic_passes_extint(&vcpu->pc->ioapic);
}

/* An interrupt of the 8259 has no priority among the APIC's: it goes first (SDM vol. 3, 10.8.4.1
 * treats what comes by ExtINT like one that is accepted already). */
int vmm_interrupts_due(struct vmm_vcpu *vcpu)
{
    int input = vmm_pic_due(&vcpu->pc->pic), vector;

    vmm_lapic_set_lint(vcpu->lapic, 0, input >= 0);
    if (input >= 0 && takes_extint(vcpu))
        return input;
    vector = vmm_lapic_due(vcpu->lapic);
    return vector < 0 ? -1 : VMM_OFFERED_BY_APIC | vector;
}

enum vmm_offer vmm_interrupts_offer(struct vmm_vcpu *vcpu)
{
    int due = vmm_interrupts_due(vcpu);

    if (vcpu->virtual_apic && due >= 0 && due & VMM_OFFERED_BY_APIC)
        due = -1; /* the processor delivers it */
    if (vcpu->stopped || due == vcpu->offered)
        return VMM_OFFER_NOTHING;
    if (vcpu->runs && vcpu->offered >= 0)
        return VMM_OFFER_POKE;
    vcpu->offered = due;
    return due < 0 ? VMM_OFFER_CANCEL : VMM_OFFER_INJECT;
}

uint8_t vmm_interrupts_vector(const struct vmm_vcpu *vcpu)
{
    if (vcpu->offered & VMM_OFFERED_BY_APIC)
        return (uint8_t)vcpu->offered;
    return vmm_pic_vector(&vcpu->pc->pic, (unsigned)vcpu->offered);
}

bool vmm_interrupts_take_nmi(struct vmm_vcpu *vcpu)
{
    bool nmi = vcpu->lapic->nmi && !vcpu->stopped;

    vcpu->lapic->nmi = vcpu->lapic->nmi && !nmi;
    return nmi;
}
