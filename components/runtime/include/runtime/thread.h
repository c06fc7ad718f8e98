/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads (nacelle/object.h says what each operation does and how it fails). */
#ifndef RUNTIME_THREAD_H
#define RUNTIME_THREAD_H

#include <nacelle/object.h>
#include <runtime/system_call.h>

static inline enum nacelle_error nacelle_thread_configure(uint64_t thread, uint64_t cspace,
                                                          uint64_t aspace, uint64_t faults)
{
    return nacelle_invoke3(thread, NACELLE_THREAD_CONFIGURE, cspace, aspace, faults);
}

/* r8 and r9 start as 0. */
static inline enum nacelle_error nacelle_thread_set_registers(uint64_t thread, uint64_t rip,
                                                              uint64_t rsp, uint64_t rdi,
                                                              uint64_t rsi)
{
    struct nacelle_message message = {.words = {rip, rsp, rdi, rsi}};

    nacelle_ipc_buffer->words[4] = 0;
    nacelle_ipc_buffer->words[5] = 0;
    return nacelle_invoke(thread, NACELLE_THREAD_SET_REGISTERS, 6, &message);
}

/* `slice` in TSC ticks; 0 is the default of 10 ms. */
static inline enum nacelle_error nacelle_thread_set_priority(uint64_t thread, uint64_t priority,
                                                             uint64_t slice)
{
    return nacelle_invoke2(thread, NACELLE_THREAD_SET_PRIORITY, priority, slice);
}

static inline enum nacelle_error nacelle_thread_resume(uint64_t thread)
{
    return nacelle_invoke0(thread, NACELLE_THREAD_RESUME);
}

static inline enum nacelle_error nacelle_thread_suspend(uint64_t thread)
{
    return nacelle_invoke0(thread, NACELLE_THREAD_SUSPEND);
}

static inline enum nacelle_error nacelle_thread_read_register(uint64_t thread, uint64_t index,
                                                              uint64_t *value)
{
    struct nacelle_message message = {.words = {index}};
    enum nacelle_error error = nacelle_invoke(thread, NACELLE_THREAD_READ_REGISTER, 1, &message);

    if (error == NACELLE_ERROR_OK)
        *value = message.words[0];
    return error;
}

static inline enum nacelle_error nacelle_thread_write_register(uint64_t thread, uint64_t index,
                                                               uint64_t value)
{
    return nacelle_invoke2(thread, NACELLE_THREAD_WRITE_REGISTER, index, value);
}

/* 0 where the server does not count them (option NacelleAccounting). */
struct nacelle_thread_statistics {
    uint64_t ticks;      /* paid for by its time slices: its own, and the server's for it */
    uint64_t user_ticks; /* of these at user level */
};

static inline enum nacelle_error
nacelle_thread_statistics(uint64_t thread, struct nacelle_thread_statistics *statistics)
{
    struct nacelle_message message = {0};
    enum nacelle_error error = nacelle_invoke(thread, NACELLE_THREAD_STATISTICS, 0, &message);

    if (error == NACELLE_ERROR_OK)
        *statistics = (struct nacelle_thread_statistics){message.words[0], message.words[1]};
    return error;
}

#endif
