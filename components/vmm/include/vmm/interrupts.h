/* SPDX-License-Identifier: BSD-2-Clause */
/* From the interrupt controller of the board to the engine. */
#ifndef VMM_INTERRUPTS_H
#define VMM_INTERRUPTS_H

#include <vmm/vcpu.h>

/*
 * The engine keeps one interrupt until the guest can take it. The controller must hear of its
 * acknowledge when that happens, neither before nor after: an interrupt is offered to the engine,
 * and the next exit tells whether it was taken. Until then it can be replaced or withdrawn.
 */

/* What an offer comes to. */
enum vmm_offer {
    VMM_OFFER_NOTHING, /* leave the engine as it is */
    VMM_OFFER_INJECT,  /* inject vmm_interrupts_vector(); it replaces what was offered before */
    VMM_OFFER_CANCEL,  /* take back what was offered */
    VMM_OFFER_POKE,    /* the vCPU runs: whether it took the last offer is known after its exit */
};

/* At each exit, first: acknowledges the offered interrupt if the guest has taken it. */
void vmm_interrupts_settle(struct vmm_vcpu *vcpu);

/* After anything that may have changed the controller. Notes what is offered from now on. */
enum vmm_offer vmm_interrupts_offer(struct vmm_vcpu *vcpu);

/* Vector of the offered interrupt. */
uint8_t vmm_interrupts_vector(const struct vmm_vcpu *vcpu);

#endif
