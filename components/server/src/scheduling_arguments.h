/* SPDX-License-Identifier: BSD-2-Clause */
/* Priority and time slice as threads and vCPUs are given them. */
#ifndef SERVER_SCHEDULING_ARGUMENTS_H
#define SERVER_SCHEDULING_ARGUMENTS_H

#include "clock.h"
#include "schedule.h"
#include "system_call.h"

struct scheduling_arguments {
    uint8_t priority;
    uint64_t slice;
};

/* Decodes w0: priority, at most the caller's own, w1: slice in TSC ticks; false after fail(). */
static inline bool scheduling_decode(struct invocation *invocation,
                                     struct scheduling_arguments *arguments)
{
    uint64_t priority = argument_word(invocation, 0);
    uint64_t slice = argument_word(invocation, 1);
    uint64_t least = clock_hz() / 1000000 * LEAST_SLICE_US;

    if (priority > invocation->thread->execution.own.priority) {
        fail(invocation, NACELLE_ERROR_OUT_OF_RANGE, NACELLE_CULPRIT_WORD(0));
        return false;
    }
    if (slice == 0) {
        slice = clock_hz() / 1000 * DEFAULT_SLICE_MS;
    }
    if (slice < least || slice > 1ull << 40) {
        fail(invocation, NACELLE_ERROR_OUT_OF_RANGE, NACELLE_CULPRIT_WORD(1));
        return false;
    }
    *arguments = (struct scheduling_arguments){(uint8_t)priority, slice};
    return true;
}

#endif
