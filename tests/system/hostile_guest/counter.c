/* SPDX-License-Identifier: BSD-2-Clause */
/* The second VM: counts, and every sum must be right until the last. */
#include <runtime/arguments.h>
#include <runtime/client.h>

#include "machine.h"

/* 1 + 2 + ... + COUNT_TO, in 32 bits. */
#define SUM    ((uint32_t)((uint64_t)COUNT_TO * (COUNT_TO + 1) / 2))

#define REPORT 200u

int main(const struct nacelle_client_info *info)
{
    uint64_t rounds = 1400;
    uint32_t kind;

    (void)nacelle_argument_number(info->command_line, "rounds", rounds, &rounds);
    machine_make(info);
    machine_load(guest_count_begin, guest_count_end);
    kind = machine_start();
    for (uint64_t round = 1; round <= rounds; round++) {
        while (kind == NACELLE_EXIT_NONE) /* others have the processor: wait on */
            kind = machine_continue(0);
        expect("exit", NACELLE_EXIT_PORT, kind);
        expect("port", 0x10, state->exit.number);
        expect("sum", SUM, state->exit.value);
        if (round % REPORT == 0)
            nacelle_print("counter: %lu rounds\n", round);
        kind = machine_continue(NACELLE_RESUME_ADVANCE);
    }
    nacelle_print("counter: %lu rounds, %lu failed\n", rounds, failed);
    return failed != 0;
}
