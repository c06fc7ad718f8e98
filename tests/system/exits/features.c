/* SPDX-License-Identifier: BSD-2-Clause */
#include "cases.h"
#include "rig.h"

#include <cpuid.h>
#include <runtime/client.h>
#include <runtime/vcpu.h>

static const struct {
    const char *name;
    uint32_t feature;
    uint32_t leaf;
    uint8_t word, bit; /* word: eax ebx ecx edx */
} table[] = {
    {"XSAVE", FEATURE_XSAVE, 1, 2, 26},
    {"MONITOR", FEATURE_MONITOR, 1, 2, 3},
    {"INVPCID", FEATURE_INVPCID, 7, 1, 10},
    {"RDTSCP", FEATURE_RDTSCP, 0x80000001, 3, 27},
};

/* The monitor trap flag is a feature of VMX, of which the server tells. Some models of Bochs 2.7
 * (icelake, tigerlake) say that they have it, and do not exit. */
static bool has_single_step(void)
{
    static const uint8_t nop[] = {0x90};
    bool came;

    if (nacelle_vcpu_set_control(rig_vcpu, NACELLE_CONTROL_SINGLE_STEP, 1) != NACELLE_ERROR_OK)
        return false;
    exits_begin(REAL, nop, sizeof(nop), 0);
    came = rig_run(0) && rig_state->exit.kind == NACELLE_EXIT_SINGLE_STEP;
    nacelle_check(nacelle_vcpu_set_control(rig_vcpu, NACELLE_CONTROL_SINGLE_STEP, 0), "control");
    return came;
}

uint32_t exits_features(void)
{
    uint32_t words[4], features = 0;

    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (__get_cpuid_count(table[i].leaf, 0, &words[0], &words[1], &words[2], &words[3]) &&
            (words[table[i].word] >> table[i].bit & 1))
            features |= table[i].feature;
    if (has_single_step())
        features |= FEATURE_STEP;
    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (!(features & table[i].feature))
            nacelle_print("the processor lacks %s\n", table[i].name);
    if (!(features & FEATURE_STEP))
        nacelle_print("the processor lacks single steps by the monitor trap flag\n");
    return features;
}
