/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads of the test program, in its own address space. */
#ifndef HARNESS_THREAD_H
#define HARNESS_THREAD_H

#include <nacelle/object.h>
#include <runtime/ipc.h>
#include <runtime/system_call.h>
#include <runtime/thread.h>

struct thread {
    uint64_t slot;
    struct nacelle_ipc_buffer *buffer;
    uint64_t stack_top;
};

typedef void thread_function(uint64_t argument);

/* Made, configured and ready to be resumed; faults: endpoint or 0. */
struct thread thread_make(thread_function *function, uint64_t argument, unsigned priority,
                          uint64_t faults);

/* The same out of a given untyped, in a given capability and address space. */
struct thread_options {
    uint64_t untyped, cspace, aspace, faults;
    unsigned priority;
};
struct thread thread_make_with(thread_function *function, uint64_t argument,
                               const struct thread_options *options);

/* thread_make and RESUME. */
struct thread thread_start(thread_function *function, uint64_t argument, unsigned priority);

/* What a thread does that has nothing more to do: waits for ever. */
_Noreturn void thread_rest(void);

/* Waits until a TSC value on a timer of our own. The main thread has the highest priority: all
 * others run only while it waits. */
void wait_until(uint64_t tsc);
void wait_ticks(uint64_t ticks);

/* The TSC ticks here that take as long as `ticks` in Bochs, where one is an instruction. */
uint64_t bochs_ticks(uint64_t ticks);

#endif
