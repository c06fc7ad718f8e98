/* SPDX-License-Identifier: BSD-2-Clause */
#include <harness/platform.h>

#include <cpuid.h>

#define FEATURES_HYPERVISOR (1u << 31) /* CPUID.1:ECX: there is a leaf 40000000H */
#define HYPERVISOR_LEAF     0x40000000
#define TCG                 0x54474354 /* "TCGT" */

bool platform_is_tcg(void)
{
    unsigned eax, ebx, ecx, edx;

    __cpuid(1, eax, ebx, ecx, edx);
    if ((ecx & FEATURES_HYPERVISOR) == 0)
        return false;
    __cpuid(HYPERVISOR_LEAF, eax, ebx, ecx, edx);
    return ebx == TCG;
}
