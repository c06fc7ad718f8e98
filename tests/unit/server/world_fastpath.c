/* SPDX-License-Identifier: BSD-2-Clause */
/* What entry.S does on the fast path, in C, and what must hold while it may. */
#include "world.h"

#include "aspace.h"
#include "schedule.h"
#include <nacelle/exit.h>
#include <vcpu/direct.h>

#define SYSTEM_CALL(number) ((uint64_t)(number) << NACELLE_TAG_SYSTEM_CALL_SHIFT)

static uint32_t dirty_of(const struct vcpu *vcpu)
{
    return *(const volatile uint32_t *)((uint64_t)vcpu + (uint64_t)VCPU_DIRTY);
}

bool world_guest_is_direct(void)
{
    const struct fast_pair *pair = &host_cpu.pair;

    return pair->handler != NULL && pair->caller == NULL && world_running != NULL &&
           world_running == pair->handler->execution.caller;
}

void world_interrupt_running(void)
{
    if (world_running == NULL) {
        return;
    }
    if (world_guest_is_direct()) {
        vcpu_of(world_running)->direct_ends++; /* vcpu_host_exit */
    }
    fastpath_leave(&host_cpu, world_running);
    world_running = NULL;
    assert_null(host_cpu.pair.handler);
}

/* --- System calls ---------------------------------------------------------------------------- */

/* The label of a reply that entry.S carries out: 0, or ADVANCE, perhaps with a length. */
static bool is_fast_label(uint32_t label)
{
    return label == 0 ||
           (label & ~NACELLE_RESUME_LENGTH(NACELLE_RESUME_LENGTH_MASK)) == NACELLE_RESUME_ADVANCE;
}

static enum world_fast change_to(struct thread *thread, uint64_t root, uint64_t rdi, uint64_t rsi,
                                 const struct message *message)
{
    struct frame *frame = &thread->frame;

    host_cpu.current = thread;
    host_cpu.tss.rsp[0] = (uint64_t)&thread->cpu;
    host_cpu.cr3 = root;
    machine.cr3 = root;
    world_running = &thread->execution;
    /* In registers, in truth: they come into the frame with whatever comes next. */
    frame->rdi = rdi;
    frame->rsi = rsi;
    frame->r8 = message->words[0];
    frame->r9 = message->words[1];
    frame->r10 = message->words[2];
    frame->rax = message->words[3];
    return WORLD_CHANGED;
}

enum world_fast world_fast_call(unsigned number, const struct message *message, uint64_t rip)
{
    struct fast_pair *pair = &host_cpu.pair;
    struct thread *thread = host_cpu.current;
    uint64_t rsi = message->tag | SYSTEM_CALL(number);
    uint32_t label = (uint32_t)(rsi >> NACELLE_TAG_LABEL_SHIFT);
    bool replies = (rsi & ~(NACELLE_TAG_LABEL_MASK << NACELLE_TAG_LABEL_SHIFT)) ==
                   SYSTEM_CALL(NACELLE_REPLY_RECEIVE);

    assert_ptr_equal(world_running, &thread->execution);
    if (message->capability == pair->direct.receive_slot && dirty_of(pair->direct.vcpu) == 0) {
        pair->direct.rsp = rip + 1;
        pair->direct.rip = rip;
        if (rsi == pair->direct.advance || (replies && is_fast_label(label))) {
            fake_direct_entry(pair->direct.vcpu);
            world_guest = pair->direct.vcpu;
            world_running = pair->handler->execution.caller;
            return WORLD_GUEST_ENTERED;
        }
    }
    thread->frame.rsp = rip + 1;
    thread->frame.rip = rip;
    if (message->capability == thread->fast.slot && (rsi & 0xffff) <= NACELLE_MESSAGE_REGISTERS &&
        rsi >> 48 == thread->fast.call) {
        return change_to(thread->fast.target, thread->fast.root, thread->fast.badge,
                         rsi + thread->fast.delta, message);
    }
    return WORLD_SLOW;
}

void world_direct_exit(void)
{
    struct fast_pair *pair = &host_cpu.pair;
    struct frame *frame = &pair->handler->frame;

    assert_true(world_guest_is_direct());
    assert_true(fake_is_direct(pair->direct.vcpu));
    assert_ptr_equal(host_cpu.current, pair->handler);
    machine.cr0 |= FAKE_TS; /* HOST_CR0 */
    vcpu_state(pair->direct.vcpu)->exit.kind = NACELLE_EXIT_CPUID;
    frame->rdi = pair->direct.badge;
    frame->rsi = nacelle_tag(NACELLE_EXIT_CPUID, 4) | NACELLE_TAG_KERNEL | NACELLE_TAG_CALL;
    world_running = &pair->handler->execution;
}

/* --- Invariants ------------------------------------------------------------------------------ */

static const struct slot *checked_slot(const struct thread *thread, uint64_t index, unsigned right)
{
    const struct slot *slot = cspace_slot(thread_cspace(thread), index);

    assert_non_null(slot);
    assert_int_equal(slot->type, NACELLE_TYPE_ENDPOINT);
    assert_int_not_equal(slot->rights & right, 0);
    assert_ptr_equal(slot->object, host_cpu.pair.endpoint);
    return slot;
}

static uint64_t root_of(const struct thread *thread)
{
    return ((const struct aspace *)thread->aspace.object)->root;
}

static void check_thread_pair(const struct fast_pair *pair)
{
    const struct thread *caller = pair->caller;

    assert_ptr_equal(pair->direct.vcpu, VCPU_DIRECT_NO_VCPU);
    assert_ptr_equal(&caller->execution, pair->handler->execution.caller);
    assert_ptr_equal(caller->fast.target, pair->handler);
    assert_ptr_equal(pair->handler->fast.target, caller);
    assert_int_equal(checked_slot(caller, caller->fast.slot, NACELLE_RIGHT_WRITE)->badge,
                     caller->fast.badge);
    (void)checked_slot(pair->handler, pair->handler->fast.slot, NACELLE_RIGHT_READ);
    assert_int_equal(pair->handler->fast.badge, 0);
    assert_false(caller->in_fault);
    assert_int_not_equal(caller->entered_by, ENTERED_BY_TRAP);
    assert_int_equal(thread_check_configured(caller), NACELLE_ERROR_OK);
    assert_int_equal(caller->fast.root, root_of(pair->handler));
    assert_int_equal(pair->handler->fast.root, root_of(caller));
    /* Neither finds what somebody else left in the FPU, nor has anything of its own there. */
    assert_null(host_cpu.fpu_thread);
    assert_null(host_cpu.engine.fpu_owner);
    assert_true(host_cpu.current == caller || host_cpu.current == pair->handler);
}

static void check_vcpu_pair(const struct fast_pair *pair)
{
    const struct vcpu_object *object = vcpu_object_of(pair->direct.vcpu);

    assert_ptr_equal(&object->execution, pair->handler->execution.caller);
    assert_int_equal(object->vm.type, NACELLE_TYPE_VM);
    assert_int_equal(object->endpoint.type, NACELLE_TYPE_ENDPOINT);
    assert_ptr_equal(object->endpoint.object, pair->endpoint);
    assert_int_equal(object->endpoint.badge, pair->direct.badge);
    /* A reply by this slot is one that receives at the endpoint, where nothing waits. */
    (void)checked_slot(pair->handler, pair->direct.receive_slot, NACELLE_RIGHT_READ);
    assert_false(object->poked);
    assert_false(object->exit_pending);
    assert_true(fake_is_direct(pair->direct.vcpu));
    assert_ptr_equal(host_cpu.engine.fpu_owner, pair->direct.vcpu);
    assert_ptr_equal(host_cpu.current, pair->handler);
    /* The guest's time slice is set for the timer that is: an emulator may not exit for it. */
    assert_int_equal(object->timer_deadline, host_cpu.timer_deadline);
}

void world_check_pair(void)
{
    const struct fast_pair *pair = &host_cpu.pair;
    const struct execution *caller;

    if (pair->handler == NULL) {
        assert_ptr_equal(pair->direct.vcpu, VCPU_DIRECT_NO_VCPU);
        assert_null(pair->caller);
        return;
    }
    caller = pair->handler->execution.caller;
    /* The books say: the handler handles the call, and has the time of the caller. */
    assert_non_null(caller);
    assert_ptr_equal(caller->replier, &pair->handler->execution);
    assert_int_equal(caller->state, EXECUTION_REPLY);
    assert_false(caller->suspended);
    assert_ptr_equal(caller->on, pair->handler->execution.on);
    assert_true(execution_can_run(&pair->handler->execution));
    assert_int_equal(host_cpu.ready_mask >> caller->on->priority, 1); /* nobody else is to run */
    assert_ptr_equal(host_cpu.ready[caller->on->priority].next, &caller->on->link);
    assert_int_not_equal(pair->handler->entered_by, ENTERED_BY_TRAP);
    assert_true(list_is_empty(&pair->endpoint->senders));
    assert_true(list_is_empty(&pair->endpoint->receivers));
    assert_true(pair->endpoint->bound == NULL || pair->endpoint->bound->bits == 0);
    if (pair->caller != NULL) {
        check_thread_pair(pair);
    } else {
        check_vcpu_pair(pair);
    }
}
