/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hidden state: what stays loaded between an exit and the next entry, until another vCPU enters on
 * this CPU. Here are the debug registers 0 to 3, and whose state it is; the back end knows of more.
 */

#include <vcpu_host.h>
#include <x86/control.h>
#include <x86/insn.h>

#include "vendor.h"

void vcpu_debug_registers_load(const struct vcpu *vcpu)
{
    x86_write_dr0(vcpu->dr[0]);
    x86_write_dr1(vcpu->dr[1]);
    x86_write_dr2(vcpu->dr[2]);
    x86_write_dr3(vcpu->dr[3]);
}

void vcpu_debug_registers_read(struct vcpu *vcpu)
{
    vcpu->dr[0] = x86_read_dr0();
    vcpu->dr[1] = x86_read_dr1();
    vcpu->dr[2] = x86_read_dr2();
    vcpu->dr[3] = x86_read_dr3();
}

void vcpu_hidden_refresh(struct vcpu *vcpu)
{
    if (vcpu_host_cpu()->state_owner == vcpu)
        VENDOR(hidden_read, vcpu);
}

void vcpu_hidden_save(struct vcpu *vcpu)
{
    struct vcpu_cpu *cpu = vcpu_host_cpu();

    if (cpu->state_owner != vcpu)
        return;
    VENDOR(hidden_read, vcpu);
    cpu->state_owner = NULL;
}

void vcpu_debug_registers_fetch(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);

    vcpu_hidden_refresh(vcpu);
    for (unsigned i = 0; i < 4; i++)
        state->dr[i] = vcpu->dr[i];
}

uint64_t vcpu_debug_registers_store(struct vcpu *vcpu, const struct vcpu_image *image)
{
    const uint64_t dr6_writable = X86_DR6_B0 | X86_DR6_B1 | X86_DR6_B2 | X86_DR6_B3 | X86_DR6_BD |
                                  X86_DR6_BS | X86_DR6_BT;

    for (unsigned i = 0; i < 4; i++)
        vcpu->dr[i] = image->debug.dr[i];
    if (vcpu_host_cpu()->state_owner == vcpu)
        vcpu_debug_registers_load(vcpu);
    return (image->debug.dr6 & dr6_writable) | X86_DR6_RESET;
}
