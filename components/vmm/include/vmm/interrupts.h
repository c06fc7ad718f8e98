/* SPDX-License-Identifier: BSD-2-Clause */
/* From the interrupt controllers to the engine: the local APIC, and the 8259 behind it. */
#ifndef VMM_INTERRUPTS_H
#define VMM_INTERRUPTS_H

#include <vmm/vcpu.h>

/*
 * The engine keeps one interrupt until the guest can take it. The controller must hear of its
 * acknowledge when that happens, neither before nor after: an interrupt is offered to the engine,
 * and the next exit tells whether it was taken. Until then it can be replaced or withdrawn.
 */

/* In vmm_vcpu.offered: it is an interrupt of the local APIC, whose vector is in bits 7-0; without
 * it, an input of the 8259. */
#define VMM_OFFERED_BY_APIC 0x100

/* What an offer comes to. */
enum vmm_offer {
    VMM_OFFER_NOTHING, /* leave the engine as it is */
    VMM_OFFER_INJECT,  /* inject vmm_interrupts_vector(); it replaces what was offered before */
    VMM_OFFER_CANCEL,  /* take back what was offered */
    VMM_OFFER_POKE,    /* the vCPU runs: whether it took the last offer is known after its exit */
};

/* The interrupt that is due, as in vmm_vcpu.offered; -1 for none. */
int vmm_interrupts_due(struct vmm_vcpu *vcpu);

/* At each exit, first: acknowledges the offered interrupt if the guest has taken it. */
void vmm_interrupts_settle(struct vmm_vcpu *vcpu);

/* After anything that may have changed the controller. Notes what is offered from now on. */
enum vmm_offer vmm_interrupts_offer(struct vmm_vcpu *vcpu);

/* Vector of the offered interrupt. */
uint8_t vmm_interrupts_vector(const struct vmm_vcpu *vcpu);

/* True once for each NMI (those that wait merge): it is to be injected. */
bool vmm_interrupts_take_nmi(struct vmm_vcpu *vcpu);

#endif
