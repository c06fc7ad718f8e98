/* SPDX-License-Identifier: BSD-2-Clause */
/* Going on after an instruction that a client carried out. */

#include "advance.h"

#include <nacelle/vcpu_state.h>
#include <x86/control.h>
#include <x86/msr.h>

void vcpu_advance(struct vcpu_progress *progress, uint32_t length)
{
    uint64_t next = progress->rip + length;

    if (!progress->long_64 && ((next ^ progress->rip) >> 32) != 0)
        next = (uint32_t)next;
    progress->rip = next;
    progress->rflags &= ~X86_RFLAGS_RF;
    progress->blocking &= ~(NACELLE_BLOCKING_STI | NACELLE_BLOCKING_MOV_SS);
    if ((progress->rflags & X86_RFLAGS_TF) != 0 && (progress->debugctl & X86_DEBUGCTL_BTF) == 0)
        progress->pending_debug |= X86_DR6_BS;
}
