/* SPDX-License-Identifier: BSD-2-Clause */
/* What begins in one place and ends in another: an injected interrupt, and a switch. */
#include "bench.h"
#include "vm.h"

#include <runtime/client.h>
#include <runtime/notification.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <x86/control.h>

#define RAX 0
#define RBX 3

static void wait(uint64_t timer, uint64_t ticks)
{
    struct nacelle_message message = {0};

    nacelle_check(nacelle_notification_set_timer(timer, nacelle_tsc() + ticks), "set a timer");
    nacelle_check(nacelle_receive(timer, &message), "wait for the timer");
}

/*
 * A guest with interrupts on runs in a loop. This thread, more important than the vCPU, is woken by
 * a timer, so that the guest was interrupted in the middle; it injects and waits for the next exit.
 * With that the vCPU runs again, and the guest's handler takes the time as its first instruction
 * and hands it over by a hypercall. A round is from before the injection to there: the operation, a
 * receive that blocks, a scheduling decision, and the entry with the event.
 */
__attribute__((noinline)) void run_inject(uint32_t *samples, unsigned rounds)
{
    static uint64_t timer;
    const uint64_t pause = bench_info->tsc_hz / 10000;
    struct nacelle_message message = {0};
    struct bench_vm *vm = &bench_vms[0];
    uint64_t vcpu, endpoint = bench_endpoint;

    if (!timer)
        timer =
            nacelle_pool_need(&bench_pool, NACELLE_TYPE_NOTIFICATION, NACELLE_SIZE_NOTIFICATION);
    bench_vms_make(1);
    vcpu = vm->vcpu;
    bench_vm_set(vm, guest_wait);
    nacelle_check(nacelle_vcpu_resume(vcpu), "resume");
    wait(timer, pause);
    for (unsigned i = 0; i < rounds; i++) {
        uint32_t begin = BENCH_STAMP("inject_begin");

        (void)nacelle_vcpu_inject(vcpu, GUEST_VECTOR, 0);
        (void)nacelle_receive(endpoint, &message);
        if (!nacelle_from_kernel(&message, NACELLE_EXIT_HYPERCALL))
            bench_fail("inject: no hypercall of the handler");
        samples[i] = (uint32_t)vm->state->general[RAX] - begin;
        message.tag = nacelle_tag(NACELLE_RESUME_ADVANCE, 0);
        nacelle_check(nacelle_reply(&message), "reply");
        wait(timer, pause);
    }
    /* back to where all other rows begin: stopped in an exit */
    (void)nacelle_vcpu_inject(vcpu, GUEST_VECTOR, 0);
    (void)nacelle_receive(endpoint, &message);
}

/*
 * Two vCPUs of two VMs, of one priority, run in turn, each for its time slice of 100 us, and no
 * client has a part in it. Both take the time in a loop. The one that finds that it was away uses
 * the FPU, takes the time once more, and compares it with the last that the other took. A round is
 * from the last instruction of one guest's that took the time to there: the end of the time slice,
 * the scheduling decision, all state of the two VMs - system-call MSRs, XCR0, debug registers, FPU
 * - and, at most, once around each loop. Both directions are in the samples.
 */
__attribute__((noinline)) void run_vcpu_switch(uint32_t *samples, unsigned rounds)
{
    const uint8_t *const entries[] = {guest_switch_a, guest_switch_b};
    struct nacelle_message message = {0};
    unsigned each = rounds / 2;

    bench_vms_make(3);
    for (unsigned i = 0; i < 2; i++) {
        struct bench_vm *vm = &bench_vms[i + 1];

        bench_vm_set(vm, entries[i]);
        vm->state->rflags |= X86_RFLAGS_IF;
        vm->state->general[RBX] = each + 1;
        nacelle_check(nacelle_vcpu_set_priority(vm->vcpu, bench_info->priority - 1,
                                                bench_info->tsc_hz / 10000),
                      "time slice");
        nacelle_check(nacelle_vcpu_resume(vm->vcpu), "resume");
    }
    /* The first one to run is the first one to have one more than it needs; the other has enough
     * then, and would be alone. */
    nacelle_check(nacelle_receive(bench_endpoint, &message), "receive");
    if (!nacelle_from_kernel(&message, NACELLE_EXIT_HYPERCALL) ||
        bench_vms[1].state->exit.kind != NACELLE_EXIT_HYPERCALL)
        bench_fail("vcpu_switch: no hypercall at the end");
    nacelle_check(nacelle_vcpu_poke(bench_vms[2].vcpu), "poke");
    nacelle_check(nacelle_receive(bench_endpoint, &message), "receive");
    if (!nacelle_from_kernel(&message, NACELLE_EXIT_POKE))
        bench_fail("vcpu_switch: the other one did not stop");
    for (unsigned i = 0; i < 2; i++)
        memcpy(&samples[(size_t)i * each], bench_guest(GUEST_SAMPLES + i * 4096),
               each * sizeof(*samples));
}
