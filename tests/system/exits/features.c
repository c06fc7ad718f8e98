/* SPDX-License-Identifier: BSD-2-Clause */
#include "cases.h"
#include "rig.h"

#include <cpuid.h>
#include <runtime/vcpu.h>

uint32_t exits_features(void)
{
    static const struct {
        uint32_t leaf;
        uint8_t word, bit; /* word: eax ebx ecx edx */
        uint32_t feature;
    } table[] = {
        {1, 2, 26, FEATURE_XSAVE},           {1, 2, 6, FEATURE_SMX},
        {1, 2, 3, FEATURE_MONITOR},          {7, 1, 10, FEATURE_INVPCID},
        {0x80000001, 3, 27, FEATURE_RDTSCP},
    };
    uint32_t words[4], features = 0;

    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (__get_cpuid_count(table[i].leaf, 0, &words[0], &words[1], &words[2], &words[3]) &&
            (words[table[i].word] >> table[i].bit & 1))
            features |= table[i].feature;
    /* The monitor trap flag is a feature of VMX, which only the server can ask for. */
    if (nacelle_vcpu_set_control(rig_vcpu, NACELLE_CONTROL_SINGLE_STEP, 0) == NACELLE_ERROR_OK)
        features |= FEATURE_STEP;
    return features;
}
