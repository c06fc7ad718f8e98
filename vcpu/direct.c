/* SPDX-License-Identifier: BSD-2-Clause */
/* The direct way, what is the same for both vendors. */

#include <vcpu/direct.h>

#include <vcpu_host.h>

#include "vendor.h"

const uint32_t vcpu_direct_dirty = 1;

bool vcpu_direct_arm(struct vcpu *vcpu, uint64_t cr3)
{
    const struct vcpu_cpu *cpu = vcpu_host_cpu();
    bool ready = cpu->current == vcpu && cpu->state_owner == vcpu && cpu->fpu_owner == vcpu &&
                 vcpu->work == 0 && vcpu->consumes == 0 &&
                 vcpu->tables_generation == vcpu->vm->generation;

    vcpu->direct = ready && VENDOR(direct_ready, vcpu, cr3);
    return vcpu->direct != 0;
}

void vcpu_direct_disarm(struct vcpu *vcpu)
{
    vcpu->direct = 0;
}

uint64_t vcpu_direct_take_count(struct vcpu *vcpu)
{
    uint64_t count = vcpu->direct_entries;

    vcpu->direct_entries = 0;
    return count;
}
