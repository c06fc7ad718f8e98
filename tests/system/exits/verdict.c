/* SPDX-License-Identifier: BSD-2-Clause */
#include "verdict.h"

#include <runtime/client.h>
#include <runtime/names.h>
#include <runtime/system_call.h>

static const char *current_mode = "", *current_name = "";
static unsigned long checks, failed;

void verdict_case(const char *mode, const char *name)
{
    current_mode = mode;
    current_name = name;
}

bool verdict_equal(const char *what, uint64_t expected, uint64_t found)
{
    checks++;
    if (expected == found)
        return true;
    failed++;
    nacelle_print("FAILED %s %s: %s: expected 0x%lx, found 0x%lx\n", current_mode, current_name,
                  what, expected, found);
    return false;
}

bool verdict_exit(const struct nacelle_exit *expected, const volatile struct nacelle_exit *found)
{
    uint32_t ignored = expected->vectoring ? NACELLE_EXIT_EVENT_PENDING : 0;
    const struct {
        const char *what;
        uint64_t expected, found;
    } fields[] = {
        {"flags", expected->flags & ~ignored, found->flags & ~ignored},
        {"number", expected->number, found->number},
        {"detail", expected->detail, found->detail},
        {"size", expected->size, found->size},
        {"instruction length", expected->instruction_length, found->instruction_length},
        {"value", expected->value, found->value},
        {"gpa", expected->gpa, found->gpa},
        {"gva", expected->gva, found->gva},
        {"count", expected->count, found->count},
        {"vectoring", expected->vectoring, found->vectoring},
        {"vectoring error code", expected->vectoring_error, found->vectoring_error},
        {"vendor", nacelle_by_syscall ? NACELLE_VENDOR_SVM : NACELLE_VENDOR_VMX, found->vendor},
        /* the codes of cases are VMX's */
        {"raw reason", nacelle_by_syscall ? found->raw_reason : expected->raw_reason,
         found->raw_reason},
        {"reserved 0", 0, found->reserved[0]},
        {"reserved 1", 0, found->reserved[1]},
        {"reserved 2", 0, found->reserved[2]},
        {"reserved 3", 0, found->reserved[3]},
    };
    bool all = true;

    if (!verdict_equal("kind", expected->kind, found->kind)) {
        nacelle_print("  it is: %s, number 0x%x, raw reason 0x%lx, qualification 0x%lx, "
                      "information 0x%lx\n",
                      nacelle_exit_text(found->kind), found->number, found->raw_reason,
                      found->raw_qualification, found->raw_information);
        return false;
    }
    for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (!verdict_equal(fields[i].what, fields[i].expected, fields[i].found))
            all = false;
    return all;
}

int verdict_summary(const char *name)
{
    nacelle_print("%s: %lu checks, %lu failed\n", name, checks, failed);
    return failed ? 1 : 0;
}
