/* SPDX-License-Identifier: BSD-2-Clause */
/* Which mitigations act. */

#include <vcpu/mitigations.h>

#include "internal.h"

uint32_t vcpu_mitigations;
uint16_t vcpu_mitigations_segment;

void vcpu_mitigations_choose(const struct vcpu_host_context *host)
{
    vcpu_mitigations = X86_MITIGATIONS & x86_mitigations_offered(x86_cpuid_read, NULL);
    vcpu_mitigations_segment = host->ss;
}
