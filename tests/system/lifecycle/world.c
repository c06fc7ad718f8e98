/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include <harness/check.h>
#include <harness/memory.h>

static void run_job(uint64_t argument)
{
    struct job *job = (struct job *)argument;

    nacelle_system_call(job->call, job->capability, &job->message);
    job->error = nacelle_message_error(&job->message);
    job->done = 1;
}

void job_start(struct job *job, unsigned call, uint64_t capability, unsigned priority)
{
    *job = (struct job){.capability = capability, .call = call};
    job->thread = thread_start(run_job, (uint64_t)job, priority);
    a_while();
}

void check_waits(const char *what, const struct job *job)
{
    check_number(what, 0, job->done);
}

void check_ended(const char *what, enum nacelle_error error, const struct job *job)
{
    if (!check_number(what, 1, job->done))
        print("... the thread still waits\n");
    else
        check_error(what, error, (enum nacelle_error)job->error);
}

static struct guest guest;
static volatile uint64_t rounds, wrong;

static void serve(uint64_t argument)
{
    struct nacelle_message message = {0};
    uint32_t kind = guest_receive(guest.endpoint, &message);

    (void)argument;
    for (;;) {
        wrong += kind != NACELLE_EXIT_PORT || message.words[1] != COUNT_TO;
        rounds++;
        kind = guest_continue(guest.endpoint, NACELLE_RESUME_ADVANCE, &message);
    }
}

void bystander_start(void)
{
    guest = guest_make(0, GUEST_CODE_OF(guest_count), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    (void)thread_start(serve, 0, 2);
    need(nacelle_vcpu_resume(guest.vcpu), "start the bystander");
    a_while();
}

void check_bystander(const char *what)
{
    uint64_t before = rounds;

    /* It may share its time with others: up to 30 slices are granted. */
    for (unsigned i = 0; i < 100 && rounds < before + 3; i++)
        wait_ticks(boot->tsc_hz / 1000 * 3);
    if (!check_range("rounds of the bystander", before + 3, ~0ull, rounds) ||
        !check_number("wrong rounds of the bystander", 0, wrong))
        print("... after: %s\n", what);
}
