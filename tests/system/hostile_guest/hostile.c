/* SPDX-License-Identifier: BSD-2-Clause */
/* Lets hostile guests loose, one after the other, and looks at what comes out. */
#include <runtime/client.h>

#include "machine.h"

/* It ends, and says so each time it is sent on without a change. */
static void test_triple_fault(void)
{
    for (unsigned i = 0; i < 100; i++) {
        machine_load(guest_triple_begin, guest_triple_end);
        expect("triple fault", NACELLE_EXIT_SHUTDOWN, machine_start());
        machine_stop();
    }
}

/* Neither its client nor the second VM waits for it; it can be stopped, and it can be poked. */
static void test_spin(void)
{
    machine_load(guest_spin_begin, guest_spin_end);
    expect("the timer comes", NACELLE_EXIT_NONE, machine_start());
    nacelle_check(nacelle_vcpu_poke(vcpu), "poke");
    expect("poke", NACELLE_EXIT_POKE, machine_continue(0));
    expect("at its loop", CODE + 1, state->rip);
    expect("the timer comes again", NACELLE_EXIT_NONE, machine_continue(0));
    machine_stop();
}

int main(const struct nacelle_client_info *info)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {
        {"triple fault", test_triple_fault},       {"spin", test_spin},
        {"every instruction", test_instructions},  {"MSRs, ports, memory", test_sweeps},
        {"triple fault again", test_triple_fault},
    };

    machine_make(info);
    for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        uint64_t before = failed;

        parts[i].run();
        nacelle_print("hostile: %s: %lu failed\n", parts[i].name, failed - before);
    }
    nacelle_print("hostile: %lu exits, %lu failed\n", exits_seen, failed);
    return failed != 0;
}
