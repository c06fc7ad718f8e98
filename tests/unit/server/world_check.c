/* SPDX-License-Identifier: BSD-2-Clause */
/* The invariants of the server's objects. */
#include "world.h"

#include "aspace.h"
#include "capability.h"
#include "interrupt.h"
#include "notification.h"

#define OBJECTS_MAX 1024

/* All live objects that capability spaces reachable from the root's hold originals of. */
struct census {
    const struct slot *originals[OBJECTS_MAX];
    unsigned count;
};

static struct census census;

static struct execution *execution_of(const struct slot *slot)
{
    return slot->type == NACELLE_TYPE_THREAD ? &((struct thread *)slot->object)->execution
           : slot->type == NACELLE_TYPE_VCPU ? &((struct vcpu_object *)slot->object)->execution
                                             : NULL;
}

static bool is_alive(const struct execution *execution)
{
    if (execution == &world.root->execution) {
        return true;
    }
    for (unsigned i = 0; i < census.count; i++) {
        if (execution_of(census.originals[i]) == execution) {
            return true;
        }
    }
    return false;
}

static bool object_is_alive(unsigned type, const void *object)
{
    for (unsigned i = 0; i < census.count; i++) {
        if (census.originals[i]->type == type && census.originals[i]->object == (uint64_t)object) {
            return true;
        }
    }
    return false;
}

/* --- Slots ---------------------------------------------------------------------------------- */

static void check_slot(const struct slot *slot)
{
    if (slot->type == NACELLE_TYPE_NULL) {
        assert_null(slot->next);
        assert_null(slot->previous);
        return;
    }
    assert_true(slot->type < NACELLE_TYPE_COUNT);
    if (slot->previous != NULL) {
        assert_ptr_equal(slot->previous->next, slot);
        assert_true(slot->depth <= slot->previous->depth + 1);
        assert_true(slot->depth > 0);
    } else {
        assert_int_equal(slot->depth, 0);
    }
    if (slot->next != NULL) {
        assert_ptr_equal(slot->next->previous, slot);
    }
}

/* What a capability maps is in the list of the space that it says. */
static void check_mapped(const struct slot *slot)
{
    const struct slot *place;

    if (slot->space == 0 ||
        (slot->type != NACELLE_TYPE_FRAME && slot->type != NACELLE_TYPE_THREAD &&
         slot->type != NACELLE_TYPE_VCPU && slot->type != NACELLE_TYPE_IOPORT)) {
        return;
    }
    for (place = ((struct space *)slot->space)->mapped; place != slot; place = place->mapped_next) {
        assert_non_null(place);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): spaces in spaces */
static void take_census(struct cspace *cspace)
{
    for (uint64_t i = 1; i < cspace->slots; i++) {
        const struct slot *slot = cspace_slot(cspace, i);

        check_slot(slot);
        check_mapped(slot);
        if (slot->type != NACELLE_TYPE_NULL) {
            assert_int_equal(slot->flags & SLOT_INTERNAL, 0);
            assert_true(i >= cspace->first);
        }
        if ((slot->flags & SLOT_ORIGINAL) != 0) {
            assert_true(census.count < OBJECTS_MAX);
            census.originals[census.count++] = slot;
            if (slot->type == NACELLE_TYPE_CSPACE) {
                take_census((struct cspace *)slot->object);
            }
        }
    }
}

static uint64_t memory_of(const struct slot *slot)
{
    return slot->type == NACELLE_TYPE_VCPU ? slot->object - VCPU_STRUCT_OFFSET : slot->object;
}

/* No memory serves two objects, except that an untyped contains what was made of it. */
static void check_memory(void)
{
    static const struct slot *owner[WORLD_MEMORY / 64];

    memset(owner, 0, sizeof(owner));
    for (unsigned i = 0; i < census.count; i++) {
        const struct slot *slot = census.originals[i];
        uint64_t start = memory_of(slot) - (uint64_t)world.memory;
        uint64_t end = start + (1ull << slot->size);

        assert_true(end <= WORLD_MEMORY);
        assert_int_equal(start & ((1ull << slot->size) - 1), 0);
        for (uint64_t unit = start / 64; slot->type != NACELLE_TYPE_UNTYPED && unit < end / 64;
             unit++) {
            assert_null(owner[unit]);
            owner[unit] = slot;
        }
    }
}

/* An internal slot names an object that is alive (or one of the root's own). */
static void check_internal(const struct slot *slot, unsigned type)
{
    check_slot(slot);
    if (slot->type != NACELLE_TYPE_NULL) {
        assert_int_equal(slot->type, type);
        assert_int_equal(slot->flags, SLOT_INTERNAL);
        assert_non_null(slot->previous);
        if (slot->object != world_slot(ROOT_CSPACE)->object &&
            slot->object != world_slot(ROOT_ASPACE)->object) {
            assert_true(object_is_alive(type, (void *)slot->object));
        }
    }
}

/* --- Executions ------------------------------------------------------------------------------ */

static bool is_in(const struct list *list, const struct list *entry)
{
    for (const struct list *place = list->next; place != list; place = place->next) {
        assert_ptr_equal(place->next->previous, place);
        if (place == entry) {
            return true;
        }
    }
    return false;
}

static void check_queue(const struct execution *execution)
{
    switch (execution->state) {
    case EXECUTION_SENDING:
        assert_true(object_is_alive(NACELLE_TYPE_ENDPOINT, execution->endpoint));
        assert_true(is_in(&execution->endpoint->senders, &execution->link));
        break;
    case EXECUTION_RECEIVING:
        assert_null(execution->caller);
        assert_int_equal(execution->kind, EXECUTION_THREAD);
        if (execution->endpoint != NULL) {
            assert_true(object_is_alive(NACELLE_TYPE_ENDPOINT, execution->endpoint));
            assert_true(is_in(&execution->endpoint->receivers, &execution->link));
        } else {
            assert_true(object_is_alive(NACELLE_TYPE_NOTIFICATION, execution->notification));
            assert_true(is_in(&execution->notification->waiting, &execution->link));
        }
        break;
    default:
        assert_null(execution->endpoint);
        assert_null(execution->notification);
        assert_true(list_is_empty(&execution->link));
    }
}

static void check_calls(const struct execution *execution)
{
    const struct execution *caller = execution->caller;
    const struct execution *replier = execution->replier;

    if (caller != NULL) {
        assert_true(is_alive(caller));
        assert_ptr_equal(caller->replier, execution);
        assert_int_equal(caller->state, EXECUTION_REPLY);
        assert_ptr_equal(caller->on, execution->on);
    } else {
        assert_ptr_equal(execution->on, &execution->own);
    }
    if (replier != NULL) {
        assert_true(is_alive(replier));
        assert_ptr_equal(replier->caller, execution);
        assert_int_equal(execution->state, EXECUTION_REPLY);
    } else if (execution->kind == EXECUTION_THREAD) {
        assert_int_not_equal(execution->state, EXECUTION_REPLY); /* it would wait for ever */
    }
}

/* In the ready queue exactly while whoever runs on it can run, and it is the last of the chain. */
static void check_scheduling(const struct execution *execution)
{
    const struct scheduling *own = &execution->own;
    const struct execution *last = execution;
    bool ready = false;

    if (execution->on == own) {
        while (last->replier != NULL) {
            last = last->replier;
        }
        assert_ptr_equal(own->runner, last);
        ready = execution_can_run(last);
    }
    assert_int_equal(own->ready, ready);
    assert_int_equal(is_in(&host_cpu.ready[own->priority], &own->link), ready);
    if (!ready) {
        assert_true(list_is_empty(&own->link));
    }
}

static void check_execution(const struct execution *execution)
{
    check_queue(execution);
    check_calls(execution);
    check_scheduling(execution);
}

static void check_ready_queues(void)
{
    for (unsigned i = 0; i < NACELLE_PRIORITIES; i++) {
        const struct list *queue = &host_cpu.ready[i];

        assert_int_equal(host_cpu.ready_mask >> i & 1, !list_is_empty(queue));
        for (const struct list *place = queue->next; place != queue; place = place->next) {
            const struct scheduling *scheduling =
                container_of((struct list *)place, struct scheduling, link);

            assert_true(is_alive(scheduling->runner));
            assert_true(
                is_alive(container_of((struct scheduling *)scheduling, struct execution, own)));
        }
    }
}

/* --- Objects --------------------------------------------------------------------------------- */

static void check_thread(const struct thread *thread)
{
    check_execution(&thread->execution);
    check_internal(&thread->cspace, NACELLE_TYPE_CSPACE);
    check_internal(&thread->aspace, NACELLE_TYPE_ASPACE);
    check_internal(&thread->fault_endpoint, NACELLE_TYPE_ENDPOINT);
    if (thread->in_fault) {
        assert_true(thread->execution.state == EXECUTION_SENDING ||
                    thread->execution.state == EXECUTION_REPLY);
    }
}

static void check_vcpu(const struct vcpu_object *object)
{
    check_execution(&object->execution);
    check_internal(&object->vm, NACELLE_TYPE_VM);
    check_internal(&object->endpoint, NACELLE_TYPE_ENDPOINT);
    check_internal(&object->apic, NACELLE_TYPE_FRAME);
    /* The processor has no page but one that stays a frame meanwhile. */
    if (object->vm.type == NACELLE_TYPE_VM) {
        assert_int_equal(fake_vcpu_apic(vcpu_engine((struct vcpu_object *)object)),
                         object->apic.type == NACELLE_TYPE_FRAME ? object->apic.object : 0);
    }
    if (object->vm.type == NACELLE_TYPE_NULL) {
        assert_int_equal(object->execution.state, EXECUTION_STOPPED);
    }
}

static void check_endpoint(const struct endpoint *endpoint)
{
    assert_true(list_is_empty(&endpoint->senders) || list_is_empty(&endpoint->receivers));
    if (endpoint->bound != NULL) {
        assert_true(object_is_alive(NACELLE_TYPE_NOTIFICATION, endpoint->bound));
        assert_ptr_equal(endpoint->bound->binding.object, endpoint);
        /* a signal is not left behind while somebody waits for it */
        assert_true(endpoint->bound->bits == 0 || list_is_empty(&endpoint->receivers));
    }
}

static void check_notification(const struct notification *notification)
{
    check_internal(&notification->binding, NACELLE_TYPE_ENDPOINT);
    if (notification->binding.type == NACELLE_TYPE_ENDPOINT) {
        assert_ptr_equal(((struct endpoint *)notification->binding.object)->bound, notification);
    }
    assert_true(notification->bits == 0 || list_is_empty(&notification->waiting));
}

static void check_space(const struct space *space)
{
    const struct slot *previous = NULL;

    for (const struct slot *slot = space->mapped; slot != NULL; slot = slot->mapped_next) {
        assert_ptr_equal(slot->space, space);
        assert_ptr_equal(slot->mapped_previous, previous);
        assert_int_not_equal(slot->type, NACELLE_TYPE_NULL);
        previous = slot;
    }
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static unsigned check_timers(const struct timer *timer, const struct timer *parent)
{
    if (timer == NULL) {
        return 0;
    }

    const struct notification *notification =
        container_of((struct timer *)timer, struct notification, timer);

    assert_true(object_is_alive(NACELLE_TYPE_NOTIFICATION, notification));
    assert_int_not_equal(notification->timer_bits, 0);
    assert_ptr_equal(timer->parent, parent);
    assert_true(parent == NULL || parent->deadline <= timer->deadline);
    return 1 + check_timers(timer->left, timer) + check_timers(timer->right, timer);
}

static void check_cpu(unsigned armed)
{
    assert_int_equal(check_timers(host_cpu.timers, NULL), armed);
    if (host_cpu.charged != NULL) {
        assert_true(is_alive(container_of(host_cpu.charged, struct execution, own)));
    }
    if (host_cpu.current != NULL) {
        assert_true(is_alive(&host_cpu.current->execution));
    }
    if (host_cpu.fpu_thread != NULL) {
        assert_true(is_alive(&host_cpu.fpu_thread->execution));
        assert_null(host_cpu.engine.fpu_owner);
    }
    if (host_cpu.engine.fpu_owner != NULL) {
        assert_true(is_alive(&vcpu_object_of(host_cpu.engine.fpu_owner)->execution));
    }
    if (host_cpu.engine.current != NULL) {
        assert_true(is_alive(&vcpu_object_of(host_cpu.engine.current)->execution));
    }
}

void world_check(void)
{
    unsigned armed = 0;

    census.count = 0;
    take_census(world.cspace);
    check_memory();
    check_thread(world.root);
    for (unsigned i = 0; i < census.count; i++) {
        const struct slot *slot = census.originals[i];

        switch (slot->type) {
        case NACELLE_TYPE_THREAD:
            check_thread((struct thread *)slot->object);
            break;
        case NACELLE_TYPE_VCPU:
            check_vcpu((struct vcpu_object *)slot->object);
            break;
        case NACELLE_TYPE_ENDPOINT:
            check_endpoint((struct endpoint *)slot->object);
            break;
        case NACELLE_TYPE_NOTIFICATION:
            check_notification((struct notification *)slot->object);
            armed += ((struct notification *)slot->object)->timer_bits != 0;
            break;
        case NACELLE_TYPE_ASPACE:
            check_space(&((struct aspace *)slot->object)->space);
            break;
        case NACELLE_TYPE_VM:
            check_space(space_of_vm((struct vm *)slot->object));
            break;
        default:
            break;
        }
    }
    check_ready_queues();
    check_cpu(armed);
    if (host_cpu.pair.handler != NULL) {
        assert_true(is_alive(&host_cpu.pair.handler->execution));
        assert_true(object_is_alive(NACELLE_TYPE_ENDPOINT, host_cpu.pair.endpoint));
    }
    world_check_pair();
    check_internal(&interrupt_line(5)->notification, NACELLE_TYPE_NOTIFICATION);
}
