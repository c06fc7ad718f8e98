/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/mitigations.h>

/* Features that offer one; those of Intel first, then AMD's. */
static const struct {
    enum x86_feature feature;
    uint32_t mitigation;
} offers[] = {
    {X86_FEATURE_MD_CLEAR, X86_MITIGATION_MDS},   {X86_FEATURE_L1D_FLUSH, X86_MITIGATION_L1D},
    {X86_FEATURE_SPEC_CTRL, X86_MITIGATION_IBPB}, {X86_FEATURE_VERW_CLEAR, X86_MITIGATION_MDS},
    {X86_FEATURE_IBPB, X86_MITIGATION_IBPB},
};

uint32_t x86_mitigations_offered(x86_cpuid_reader reader, void *context)
{
    uint32_t offered = X86_MITIGATION_RSB; /* calls need no feature */

    for (unsigned i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
        if (x86_feature_present(reader, context, offers[i].feature))
            offered |= offers[i].mitigation;
    }
    return offered;
}
