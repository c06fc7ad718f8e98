/* SPDX-License-Identifier: BSD-2-Clause */
/* Offering interrupts to the engine. */
#include <vmm/interrupts.h>

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
    vmm_pic_acknowledge(&vcpu->pc->pic, (unsigned)vcpu->offered);
    vcpu->offered = -1;
    vcpu->statistics.injections++;
}

enum vmm_offer vmm_interrupts_offer(struct vmm_vcpu *vcpu)
{
    int due = vmm_pic_due(&vcpu->pc->pic);

    if (vcpu->stopped || due == vcpu->offered)
        return VMM_OFFER_NOTHING;
    if (vcpu->runs && vcpu->offered >= 0)
        return VMM_OFFER_POKE;
    vcpu->offered = due;
    return due < 0 ? VMM_OFFER_CANCEL : VMM_OFFER_INJECT;
}

uint8_t vmm_interrupts_vector(const struct vmm_vcpu *vcpu)
{
    return vmm_pic_vector(&vcpu->pc->pic, (unsigned)vcpu->offered);
}
