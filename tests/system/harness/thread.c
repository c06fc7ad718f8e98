/* SPDX-License-Identifier: BSD-2-Clause */
#include <harness/check.h>
#include <harness/memory.h>
#include <harness/thread.h>

#include <runtime/aspace.h>
#include <runtime/notification.h>

#define PAGE        4096ull
#define STACK_PAGES 2u

/* Where a thread begins and ends. */
static _Noreturn void thread_enter(uint64_t function, uint64_t argument)
{
    ((thread_function *)function)(argument);
    thread_rest();
}

struct thread thread_make_with(thread_function *function, uint64_t argument,
                               const struct thread_options *options)
{
    /* IPC buffer, an unmapped page, the stack */
    uint64_t address = address_take((STACK_PAGES + 2) * PAGE);
    struct thread thread = {
        .slot = make_from(options->untyped, NACELLE_TYPE_THREAD, 0),
        .buffer = (struct nacelle_ipc_buffer *)address,
        .stack_top = address + (STACK_PAGES + 2) * PAGE,
    };

    need(nacelle_aspace_map(options->aspace, thread.slot, address, READ_WRITE), "map IPC buffer");
    for (unsigned i = 0; i < STACK_PAGES; i++)
        need(nacelle_aspace_map(options->aspace,
                                make_from(options->untyped, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE),
                                thread.stack_top - (i + 1) * PAGE, READ_WRITE),
             "map a stack");
    need(nacelle_thread_configure(thread.slot, options->cspace, options->aspace, options->faults),
         "configure a thread");
    /* the stack as after a call: 8 below a multiple of 16 */
    need(nacelle_thread_set_registers(thread.slot, (uint64_t)thread_enter, thread.stack_top - 8,
                                      (uint64_t)function, argument),
         "registers of a thread");
    need(nacelle_thread_set_priority(thread.slot, options->priority, 0), "priority of a thread");
    return thread;
}

struct thread thread_make(thread_function *function, uint64_t argument, unsigned priority,
                          uint64_t faults)
{
    const struct thread_options options = {
        .untyped = arena,
        .cspace = NACELLE_SLOT_CSPACE,
        .aspace = NACELLE_SLOT_ASPACE,
        .faults = faults,
        .priority = priority,
    };

    return thread_make_with(function, argument, &options);
}

struct thread thread_start(thread_function *function, uint64_t argument, unsigned priority)
{
    struct thread thread = thread_make(function, argument, priority, 0);

    need(nacelle_thread_resume(thread.slot), "start a thread");
    return thread;
}

void thread_rest(void)
{
    /* Without a handler a fault stops a thread, and it needs no capability for it. */
    for (;;)
        __asm__ volatile("ud2");
}

void wait_until(uint64_t tsc)
{
    uint64_t timer = make(NACELLE_TYPE_NOTIFICATION, 0);
    struct nacelle_message message = {0};

    need(nacelle_notification_set_timer(timer, tsc), "timer");
    need(nacelle_receive(timer, &message), "wait for a timer");
    drop(timer);
}

#define BOCHS_TSC_HZ 100000000

uint64_t bochs_ticks(uint64_t ticks)
{
    uint64_t faster = (boot->tsc_hz + BOCHS_TSC_HZ / 2) / BOCHS_TSC_HZ;

    return ticks * (faster > 1 ? faster : 1);
}

void wait_ticks(uint64_t ticks)
{
    wait_until(nacelle_tsc() + ticks);
}
