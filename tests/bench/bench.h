/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the bench share: the clock, and one function for each row. */
#ifndef BENCH_H
#define BENCH_H

#include <runtime/client_info.h>
#include <runtime/pool.h>
#include <stdint.h>

#define BENCH_WARM_UP 100
#define BENCH_ROUNDS  1000

/* The bench's only memory and slots. */
extern struct nacelle_pool bench_pool;
extern const struct nacelle_client_info *bench_info;

/*
 * The TSC, and a symbol for the place, by which tools/trace-exit finds the round. LFENCE keeps
 * processors that run ahead from reading the clock too early; what both cost is a row of its own,
 * and taken off. A round is shorter than 2^32 ticks. The name can be used only once.
 */
#define BENCH_STAMP(name)                          \
    __extension__({                                \
        uint32_t low_;                             \
        __asm__ volatile("lfence\n\t"              \
                         ".globl stamp_" name "\n" \
                         "stamp_" name ":\n\t"     \
                         "rdtsc"                   \
                         : "=a"(low_)              \
                         :                         \
                         : "rdx", "memory");       \
        low_;                                      \
    })

/* Runs `rounds` rounds, at most BENCH_ROUNDS, and writes what each took. */
typedef void bench_function(uint32_t *samples, unsigned rounds);

#define OPERATION(name, stamps, text) bench_function run_##name;
#include "operations.def"
#undef OPERATION

/* Ends the bench. */
_Noreturn void bench_fail(const char *what);

/* Prints "bench: size NAME BYTES". */
void bench_size(const char *name, uint64_t bytes);

#endif
