/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests that differ from the host in everything, and what they tell. */
#include "fastpath.h"

#include <x86/control.h>

volatile uint64_t mistakes;

/* Set by code that a client gets to by its own SYSCALL or SYSENTER, with the guest's MSRs, or by a
 * breakpoint of the guest's. */
static volatile uint64_t reached_by;

static void reached(void)
{
    reached_by++;
}

void check_not_reached(void)
{
    check_number("guest's entry for system calls reached", 0, reached_by);
}

struct guest hostile_guest(struct guest_code code, uint64_t endpoint, uint64_t badge)
{
    struct guest guest = guest_make(0, code, endpoint, badge);
    struct nacelle_vcpu_state *state = guest.state;
    const uint32_t groups = NACELLE_GROUP_CONTROL | NACELLE_GROUP_SYSTEM_CALL | NACELLE_GROUP_DEBUG;

    need(nacelle_vcpu_fetch(guest.vcpu, groups), "fetch");
    state->cr2 = GUEST_CR2;
    state->efer = X86_EFER_SCE;
    state->star = 0x0013000800000000;
    state->lstar = (uint64_t)reached;
    state->cstar = (uint64_t)reached;
    state->fmask = 0;
    state->kernel_gs_base = (uint64_t)&reached_by;
    state->sysenter_cs = 8;
    state->sysenter_eip = (uint64_t)reached;
    state->sysenter_esp = (uint64_t)&reached_by;
    for (unsigned i = 0; i < 4; i++)
        state->dr[i] = (uint64_t)(i % 2 == 0 ? (uint64_t)tells_next : (uint64_t)&mistakes);
    state->dr7 = 0xf0300400 | 0xff; /* execution; reads and writes of 4 bytes */
    need(nacelle_vcpu_store(guest.vcpu, groups), "store");
    return guest;
}

bool tells_next(const struct nacelle_message *message, uint64_t *count)
{
    bool good = nacelle_from_kernel(message, NACELLE_EXIT_CPUID) &&
                (uint32_t)message->words[0] == GUEST_CR2 &&
                (uint32_t)message->words[2] == (uint32_t)(*count + 1);

    *count = (uint32_t)message->words[2];
    return good;
}
