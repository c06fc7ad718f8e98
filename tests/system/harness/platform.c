/* SPDX-License-Identifier: BSD-2-Clause */
#include <harness/platform.h>

#include <cpuid.h>
#include <runtime/system_call.h>

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

void platform_choose_system_calls(void *code, size_t size)
{
    uint8_t *bytes = code;

    for (size_t i = 0; nacelle_by_syscall && i + 2 <= size; i++)
        if (bytes[i] == 0x0f && bytes[i + 1] == 0x34)
            bytes[i + 1] = 0x05;
}
