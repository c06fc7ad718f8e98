/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits that the client answers. A guest executes one instruction in a loop; a round is from one
 * receive to the next, with what a VMM needs of such an exit in between.
 */
#include "bench.h"
#include "vm.h"

#include <runtime/client.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <runtime/vm.h>

enum {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP
};

#define GENERAL 16
#define R12     12

/* The rounds of one kind of exit. `handle` is the VMM's work, and says how the vCPU goes on. */
#define EXIT_ROUNDS(name, guest, kind, handle)                                    \
    __attribute__((noinline)) void run_##name(uint32_t *samples, unsigned rounds) \
    {                                                                             \
        const uint64_t endpoint = bench_endpoint;                                 \
        struct nacelle_message message;                                           \
        struct nacelle_vcpu_state *state;                                         \
                                                                                  \
        bench_vms_make(1);                                                        \
        state = bench_vms[0].state;                                               \
        message = bench_vm_start(&bench_vms[0], guest, kind);                     \
        for (unsigned i = 0; i < rounds; i++) {                                   \
            uint32_t begin = BENCH_STAMP(#name "_begin");                         \
                                                                                  \
            if (!nacelle_from_kernel(&message, kind))                             \
                bench_fail(#name ": an exit of another kind");                    \
            nacelle_resume_receive(endpoint, handle(state, &message), &message);  \
            samples[i] = BENCH_STAMP(#name "_end") - begin;                       \
        }                                                                         \
    }

static inline uint32_t handle_cpuid(struct nacelle_vcpu_state *state,
                                    const struct nacelle_message *message)
{
    uint32_t leaf = (uint32_t)state->general[RAX], subleaf = (uint32_t)state->general[RCX];

    (void)message;
    state->general[RAX] = leaf + 1;
    state->general[RBX] = leaf;
    state->general[RCX] = subleaf + 1;
    state->general[RDX] = subleaf;
    return NACELLE_RESUME_ADVANCE;
}

/* Each register is read, changed, and written; rsp is read only: it belongs to a group. */
static inline uint32_t handle_cpuid_gpr(struct nacelle_vcpu_state *state,
                                        const struct nacelle_message *message)
{
    uint64_t rsp = state->rsp;

    (void)message;
#pragma GCC unroll 16
    for (unsigned i = 0; i < GENERAL; i++)
        if (i != RSP)
            state->general[i] += rsp;
    return NACELLE_RESUME_ADVANCE;
}

/* The port and the value go to a device. */
static volatile uint64_t port_written;

static inline uint32_t handle_port(struct nacelle_vcpu_state *state,
                                   const struct nacelle_message *message)
{
    (void)state;
    port_written = message->words[0] + message->words[1];
    return NACELLE_RESUME_ADVANCE;
}

static inline uint32_t handle_hypercall(struct nacelle_vcpu_state *state,
                                        const struct nacelle_message *message)
{
    (void)message;
    state->general[RAX] = state->general[RCX] + 1;
    return NACELLE_RESUME_ADVANCE;
}

static inline uint32_t handle_hlt(struct nacelle_vcpu_state *state,
                                  const struct nacelle_message *message)
{
    (void)state;
    (void)message;
    return NACELLE_RESUME_ADVANCE;
}

static inline uint32_t handle_msr(struct nacelle_vcpu_state *state,
                                  const struct nacelle_message *message)
{
    state->general[RAX] = (uint32_t)message->words[0];
    state->general[RDX] = 0;
    return NACELLE_RESUME_ADVANCE;
}

/* Where it was, where the guest thinks it was, what it was. The guest then tries again, as it does
 * when the page was mapped meanwhile; here it was not, so that it faults once more. */
static volatile uint64_t fault_seen;

static inline uint32_t handle_fault(struct nacelle_vcpu_state *state,
                                    const struct nacelle_message *message)
{
    fault_seen = message->words[2] + state->exit.gva + state->exit.flags;
    return 0;
}

/* The client moves the instruction pointer itself. */
static inline uint32_t handle_slow(struct nacelle_vcpu_state *state,
                                   const struct nacelle_message *message)
{
    (void)handle_cpuid(state, message);
    state->rip += 2;
    state->dirty = NACELLE_GROUP_IP;
    return 0;
}

/* The client uses an SSE register, while the guest's are in the processor. */
static inline uint32_t handle_fpu(struct nacelle_vcpu_state *state,
                                  const struct nacelle_message *message)
{
    __asm__ volatile("pxor %%xmm0, %%xmm0" : : : "memory");
    return handle_cpuid(state, message);
}

EXIT_ROUNDS(exit_cpuid, guest_cpuid, NACELLE_EXIT_CPUID, handle_cpuid)
EXIT_ROUNDS(exit_cpuid_gpr, guest_cpuid, NACELLE_EXIT_CPUID, handle_cpuid_gpr)
EXIT_ROUNDS(exit_port, guest_port, NACELLE_EXIT_PORT, handle_port)
EXIT_ROUNDS(exit_hypercall, guest_hypercall, NACELLE_EXIT_HYPERCALL, handle_hypercall)
EXIT_ROUNDS(exit_hlt, guest_hlt, NACELLE_EXIT_HLT, handle_hlt)
EXIT_ROUNDS(exit_msr, guest_msr, NACELLE_EXIT_MSR, handle_msr)
EXIT_ROUNDS(exit_fault, guest_fault, NACELLE_EXIT_MEMORY, handle_fault)
EXIT_ROUNDS(exit_slow, guest_cpuid, NACELLE_EXIT_CPUID, handle_slow)
EXIT_ROUNDS(exit_fpu, guest_cpuid, NACELLE_EXIT_CPUID, handle_fpu)

void run_exit_cpuid_8vms(uint32_t *samples, unsigned rounds)
{
    bench_vms_make(8);
    run_exit_cpuid(samples, rounds);
}

void run_exit_cpuid_64vms(uint32_t *samples, unsigned rounds)
{
    bench_vms_make(64);
    run_exit_cpuid(samples, rounds);
}

/* The guest takes the time itself: no client sees these exits. */
static void run_answered(const uint8_t *guest, uint32_t *samples, unsigned rounds)
{
    const uint32_t registers[4] = {0x11111111, 0x22222222, 0x33333333, 0x44444444};
    const struct {
        uint32_t kind, number;
    } answers[] = {
        {NACELLE_ANSWER_CPUID_ANY, GUEST_LEAF},
        {NACELLE_ANSWER_MSR_READ, GUEST_MSR},
        {NACELLE_ANSWER_OUT_IGNORED, GUEST_PORT},
    };
    struct bench_vm *vm = &bench_vms[0];
    struct nacelle_message message = {0};

    bench_vms_make(1);
    for (unsigned i = 0; i < 3; i++)
        nacelle_check(nacelle_vm_answer(vm->vm, answers[i].kind, answers[i].number, 0, registers),
                      "answer");
    bench_vm_set(vm, guest);
    vm->state->general[R12] = rounds;
    nacelle_check(nacelle_vcpu_resume(vm->vcpu), "resume");
    (void)nacelle_receive(bench_endpoint, &message);
    if (!nacelle_from_kernel(&message, NACELLE_EXIT_HYPERCALL))
        bench_fail("an exit that should have been answered");
    memcpy(samples, bench_guest(GUEST_SAMPLES), rounds * sizeof(*samples));
    for (unsigned i = 0; i < 3; i++)
        nacelle_check(nacelle_vm_forget(vm->vm, answers[i].kind, answers[i].number, 0), "forget");
}

__attribute__((noinline)) void run_exit_ring0(uint32_t *samples, unsigned rounds)
{
    run_answered(guest_ring0, samples, rounds);
}

__attribute__((noinline)) void run_exit_ring0_msr(uint32_t *samples, unsigned rounds)
{
    run_answered(guest_ring0_msr, samples, rounds);
}

__attribute__((noinline)) void run_exit_ring0_port(uint32_t *samples, unsigned rounds)
{
    run_answered(guest_ring0_port, samples, rounds);
}
