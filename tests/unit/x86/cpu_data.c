/* SPDX-License-Identifier: BSD-2-Clause */

#include <inttypes.h>
#include <stdio.h>

#include "cpu_data.h"
#include "test_main.h"

const char *const cpu_models[CPU_MODELS] = {
    "broadwell_ult",
    "bx_generic",
    "core2_penryn_t9600",
    "corei5_arrandale_m520",
    "corei7_haswell_4770",
    "corei7_icelake_u",
    "corei7_sandy_bridge_2600k",
    "corei7_skylake_x",
    "ryzen",
    "tigerlake",
};

static void read_line(const char *line, struct cpu_data *out)
{
    uint32_t leaf;
    uint32_t address;
    uint64_t value;
    struct x86_cpuid_regs regs;

    // NOLINTBEGIN(cert-err34-c): the files are ours, and the count of conversions is checked
    if (line[0] == '#' || line[0] == '\n')
        return;
    if (sscanf(line, "cpuid %" SCNx32 " %" SCNx32 " %" SCNx32 " %" SCNx32 " %" SCNx32, &leaf,
               &regs.eax, &regs.ebx, &regs.ecx, &regs.edx) == 5) {
        assert_true(out->leaves < CPU_LEAVES_MAX);
        out->leaf[out->leaves].leaf = leaf;
        out->leaf[out->leaves].regs = regs;
        out->leaves++;
    } else if (sscanf(line, "msr %" SCNx32 " %" SCNx64, &address, &value) == 2) {
        assert_true(out->msrs < CPU_MSRS_MAX);
        out->msr[out->msrs].address = address;
        out->msr[out->msrs].value = value;
        out->msrs++;
    } else {
        fail_msg("%s: unexpected line: %s", out->model, line);
    }
    // NOLINTEND(cert-err34-c)
}

void cpu_data_read(const char *model, struct cpu_data *out)
{
    char path[512];
    char line[256];
    FILE *file;

    memset(out, 0, sizeof(*out));
    out->model = model;
    (void)snprintf(path, sizeof(path), "%s/cpus/%s.txt", NACELLE_TEST_DATA, model);
    file = fopen(path, "r");
    if (file == NULL)
        fail_msg("cannot open %s", path);
    while (fgets(line, sizeof(line), file) != NULL)
        read_line(line, out);
    (void)fclose(file);
    assert_true(out->leaves > 0);
}

bool cpu_data_msr(const struct cpu_data *cpu, uint32_t address, uint64_t *out)
{
    for (unsigned i = 0; i < cpu->msrs; i++) {
        if (cpu->msr[i].address == address) {
            *out = cpu->msr[i].value;
            return true;
        }
    }
    return false;
}

struct x86_cpuid_regs cpu_data_cpuid(void *context, uint32_t leaf, uint32_t subleaf)
{
    const struct cpu_data *cpu = context;

    for (unsigned i = 0; i < cpu->leaves && subleaf == 0; i++) {
        if (cpu->leaf[i].leaf == leaf)
            return cpu->leaf[i].regs;
    }
    return (struct x86_cpuid_regs){0};
}
