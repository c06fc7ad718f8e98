/* SPDX-License-Identifier: BSD-2-Clause */
/* Causes every kind of exit in every processor mode and checks what is reported. */
#include "cases.h"
#include "climb.h"
#include "events.h"
#include "rig.h"
#include "verdict.h"

#include <runtime/client.h>
#include <runtime/vcpu.h>

int main(const struct nacelle_client_info *info)
{
    static const struct exits_group *const groups[] = {
        &exits_port,   &exits_system,    &exits_control, &exits_tables,
        &exits_memory, &exits_exception, &exits_task,    &exits_virtualization,
    };
    uint32_t features;

    rig_init(info);
    /* The first exit, of the state after RESET with another RIP, makes all others replies. */
    verdict_case("reset", "first exit");
    exits_begin(REAL, (const uint8_t *)"", 0, 0);
    verdict_equal("exit in time", 1, rig_run(0));
    features = exits_features();
    for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        nacelle_print("%s\n", groups[i]->name);
        exits_run_group(groups[i], features);
    }
    climb_run();
    events_run();
    refusals_run();
    return verdict_summary("exits");
}
