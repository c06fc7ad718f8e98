/* SPDX-License-Identifier: BSD-2-Clause */
#include "mitigations.h"

#include "../src/console.h"
#include <vcpu/mitigations.h>

static const struct {
    uint32_t mitigation;
    const char *name; /* as in settings.cmake */
} names[] = {
    {X86_MITIGATION_MDS, "Mds"},
    {X86_MITIGATION_L1D, "L1d"},
    {X86_MITIGATION_IBPB, "Ibpb"},
    {X86_MITIGATION_RSB, "Rsb"},
};

static void print_names(uint32_t set)
{
    const char *before = " ";

    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if ((set & names[i].mitigation) != 0) {
            console_print("%s%s", before, names[i].name);
            before = ", ";
        }
    }
    if (set == 0) {
        console_print(" none");
    }
}

void mitigations_report(void)
{
    uint32_t missing = X86_MITIGATIONS & ~vcpu_mitigations;

    console_print("nacelle: mitigations:");
    print_names(vcpu_mitigations);
    if (missing != 0) {
        console_print("; the processor does not offer:");
        print_names(missing);
    }
    console_print("\n");
}
