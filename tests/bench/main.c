/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole round trips, as user level sees them, in ticks of the TSC: cycles on a processor, executed
 * instructions in Bochs, nothing of interest in QEMU. What it prints is for tools/bench:
 *
 *   bench: row NAME MINIMUM MEDIAN MAXIMUM ROUNDS
 *   bench: size NAME BYTES
 *   bench: done
 */
#include "bench.h"
#include "vm.h"

#include <runtime/client.h>

struct nacelle_pool bench_pool;
const struct nacelle_client_info *bench_info;

static const struct {
    const char *name;
    bench_function *run;
} operations[] = {
#define OPERATION(name, stamps, text) {#name, run_##name},
#include "operations.def"
#undef OPERATION
};

static uint32_t samples[BENCH_ROUNDS];

void bench_fail(const char *what)
{
    nacelle_print("bench: failed: %s\n", what);
    nacelle_exit(1);
}

void bench_size(const char *name, uint64_t bytes)
{
    nacelle_print("bench: size %s %lu\n", name, bytes);
}

__attribute__((noinline)) void run_empty(uint32_t *taken, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        uint32_t begin = BENCH_STAMP("empty_begin");

        taken[i] = BENCH_STAMP("empty_end") - begin;
    }
}

/* Ascending, by insertion: nearly all samples are equal. */
static void sort(uint32_t *values, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        uint32_t value = values[i];
        unsigned at = i;

        for (; at && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

int main(const struct nacelle_client_info *info)
{
    uint32_t empty = 0;

    bench_info = info;
    nacelle_pool_init(&bench_pool, info);
    bench_vms_init();
    for (unsigned i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        operations[i].run(samples, BENCH_WARM_UP);
        /* Where tools/trace-exit comes in (Bochs' magic break). To processors it is a NOP. */
        __asm__ volatile("xchg %bx, %bx");
        operations[i].run(samples, BENCH_ROUNDS);
        sort(samples, BENCH_ROUNDS);
        nacelle_print("bench: row %s %d %d %d %d\n", operations[i].name, (int)(samples[0] - empty),
                      (int)(samples[BENCH_ROUNDS / 2] - empty),
                      (int)(samples[BENCH_ROUNDS - 1] - empty), BENCH_ROUNDS);
        if (i == 0)
            empty = samples[0];
    }
    bench_vms_sizes();
    nacelle_print("bench: done\n");
    return 0;
}
