/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest with TF set that executes instructions which exit: each of its instructions is followed
 * by one #DB, those that its client carries out too, and the server does not notice. On some
 * processors the task register is still the guest's right after an exit, so it leads astray.
 */
#include <harness/check.h>
#include <harness/memory.h>
#include <harness/vm.h>

#define TF_SET 0x102u
#define DB     1u
#define DR6_BS 0x4000u
#define ROUNDS 100u

const char test_name[] = "single_step";

extern const uint8_t guest_steps_begin[], guest_steps_end[];
extern const uint8_t guest_steps_cpuid[], guest_steps_nop[], guest_steps_out[], guest_steps_jmp[];

/* Where the guest exits: at instructions of its own, and after each with a single step. */
static const struct {
    uint32_t kind;
    const uint8_t *at;
} expected[] = {
    {NACELLE_EXIT_EXCEPTION, guest_steps_cpuid}, {NACELLE_EXIT_CPUID, guest_steps_cpuid},
    {NACELLE_EXIT_EXCEPTION, guest_steps_nop},   {NACELLE_EXIT_EXCEPTION, guest_steps_out},
    {NACELLE_EXIT_PORT, guest_steps_out},        {NACELLE_EXIT_EXCEPTION, guest_steps_jmp},
    {NACELLE_EXIT_EXCEPTION, guest_steps_begin},
};

static struct guest guest;

static void check_exit(unsigned number, uint32_t kind)
{
    const struct nacelle_vcpu_state *state = guest.state;

    check_number("exit", expected[number].kind, kind);
    check_number("rip", GUEST_CODE + (uint64_t)(expected[number].at - guest_steps_begin),
                 state->rip);
    if (kind != NACELLE_EXIT_EXCEPTION)
        return;
    check_number("vector", DB, state->exit.number);
    check_number("cause", DR6_BS, state->exit.value);
}

static void run_with_task_at(uint64_t base)
{
    const unsigned count = sizeof(expected) / sizeof(*expected);
    struct nacelle_message message = {0};
    uint32_t kind;

    check_error("reset", NACELLE_ERROR_OK, guest_reset(&guest));
    need(nacelle_vcpu_set_control(guest.vcpu, NACELLE_CONTROL_EXCEPTIONS, 1u << DB), "control");
    guest.state->rflags = TF_SET;
    guest.state->segments[NACELLE_TR].base = base;
    need(nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_IP | NACELLE_GROUP_SEGMENTS), "store");
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    kind = guest_receive(guest.endpoint, &message);
    for (unsigned i = 0; i < ROUNDS * count; i++) {
        check_exit(i % count, kind);
        kind = guest_continue(
            guest.endpoint, kind == NACELLE_EXIT_EXCEPTION ? 0 : NACELLE_RESUME_ADVANCE, &message);
    }
    check_error("suspend", NACELLE_ERROR_OK, nacelle_vcpu_suspend(guest.vcpu));
}

static void run(void)
{
    guest = guest_make(0, GUEST_CODE_OF(guest_steps), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    run_with_task_at(0);
    run_with_task_at((uint64_t)&guest);
    run_with_task_at(~UINT64_C(0xffff));
}

PARTS({"single steps", run});
