/* SPDX-License-Identifier: BSD-2-Clause */
#include "fastpath.h"

#include "aspace.h"
#include "cpu.h"
#include "ipc.h"
#include "predictors.h"
#include "thread.h"
#include "vcpu_object.h"
#include <nacelle/exit.h>

#define TAG_OF(system_call, label)                                                \
    ((uint64_t)(system_call) << NACELLE_TAG_SYSTEM_CALL_SHIFT | (uint64_t)(label) \
                                                                    << NACELLE_TAG_LABEL_SHIFT)

void fastpath_init(struct cpu *cpu)
{
    cpu->pair.direct.vcpu = VCPU_DIRECT_NO_VCPU;
    cpu->pair.handler = NULL;
    cpu->pair.caller = NULL;
}

/* The endpoint that the thread can use with this right by that slot, or 0. */
static struct slot *endpoint_slot(const struct thread *thread, uint64_t index, unsigned right)
{
    struct cspace *cspace = thread_cspace(thread); /* none: it was deleted while the thread waits */
    struct slot *slot = cspace != NULL ? cspace_slot(cspace, index) : NULL;

    return slot != NULL && slot->type == NACELLE_TYPE_ENDPOINT && (slot->rights & right) != 0
               ? slot
               : NULL;
}

/* A receiver would wait there, the first and only one. */
static bool is_idle(const struct endpoint *endpoint)
{
    return list_is_empty(&endpoint->senders) && list_is_empty(&endpoint->receivers) &&
           (endpoint->bound == NULL || endpoint->bound->bits == 0);
}

/* The slice must be that of the timer as it is now: see vcpu_run. */
static bool can_arm_vcpu(struct cpu *cpu, struct vcpu_object *object,
                         const struct endpoint *endpoint)
{
    return object->endpoint.type == NACELLE_TYPE_ENDPOINT &&
           object->endpoint.object == (uint64_t)endpoint && !object->poked &&
           !object->exit_pending && !object->execution.suspended &&
           object->timer_deadline == cpu->timer_deadline &&
           vcpu_direct_arm(vcpu_engine(object), cpu->cr3);
}

/* Without a look at the FPU: it holds nothing of either, and CR0.TS is set. */
static bool can_arm_thread(struct cpu *cpu, const struct thread *caller,
                           const struct endpoint *endpoint)
{
    const struct slot *slot = endpoint_slot(caller, caller->call_slot, NACELLE_RIGHT_WRITE);

    return slot != NULL && slot->object == (uint64_t)endpoint && !caller->in_fault &&
           caller->entered_by != ENTERED_BY_TRAP && !caller->execution.suspended &&
           thread_check_configured(caller) == NACELLE_ERROR_OK && cpu->fpu_thread == NULL &&
           cpu->engine.fpu_owner == NULL;
}

/* The two system calls that the two make next, and what each gets of the other's. */
static void arm_threads(struct cpu *cpu, struct thread *caller, struct thread *handler)
{
    const struct aspace *aspace = (const struct aspace *)caller->aspace.object;
    const struct slot *slot = endpoint_slot(caller, caller->call_slot, NACELLE_RIGHT_WRITE);

    caller->fast = (struct fast_switch){
        .target = handler,
        .slot = caller->call_slot,
        .call = TAG_OF(NACELLE_CALL, 0) >> 48,
        .delta = NACELLE_TAG_CALL,
        .badge = slot->badge,
        .root = cpu->cr3,
    };
    handler->fast = (struct fast_switch){
        .target = caller,
        .slot = handler->receive_slot,
        .call = TAG_OF(NACELLE_REPLY_RECEIVE, 0) >> 48,
        .delta = -TAG_OF(NACELLE_REPLY_RECEIVE, 0),
        .root = aspace->root,
    };
    cpu->pair.caller = caller;
}

static void arm_vcpu(struct cpu *cpu, struct vcpu_object *object, const struct thread *handler)
{
    struct vcpu_direct_pair *direct = &cpu->pair.direct;

    direct->vcpu = vcpu_engine(object);
    direct->receive_slot = handler->receive_slot;
    direct->badge = object->endpoint.badge;
    direct->advance = TAG_OF(NACELLE_REPLY_RECEIVE, NACELLE_RESUME_ADVANCE);
}

void fastpath_arm(struct cpu *cpu, struct thread *handler)
{
    struct execution *caller = handler->execution.caller;
    const struct slot *slot;
    struct endpoint *endpoint;

    if (caller == NULL || caller->on != handler->execution.on) {
        return;
    }
    slot = endpoint_slot(handler, handler->receive_slot, NACELLE_RIGHT_READ);
    if (slot == NULL) {
        return;
    }
    endpoint = (struct endpoint *)slot->object;
    if (!is_idle(endpoint)) {
        return;
    }
    if (caller->kind == EXECUTION_VCPU) {
        if (!can_arm_vcpu(cpu, vcpu_of(caller), endpoint)) {
            return;
        }
        arm_vcpu(cpu, vcpu_of(caller), handler);
    } else {
        if (!can_arm_thread(cpu, thread_of(caller), endpoint)) {
            return;
        }
        arm_threads(cpu, thread_of(caller), handler);
    }
    cpu->pair.handler = handler;
    cpu->pair.endpoint = endpoint;
}

void fastpath_disarm(struct cpu *cpu, const struct execution *running)
{
    struct fast_pair *pair = &cpu->pair;

    if (running->kind == EXECUTION_THREAD) {
        predictors_learn(cpu, cpu->cr3);
    }
    if (running == pair->handler->execution.caller) {
        if (pair->caller == NULL) {
            pair->handler->frame.rsp = pair->direct.rsp;
            pair->handler->frame.rip = pair->direct.rip;
        }
        ipc_book_reply(&pair->handler->execution, pair->endpoint);
    }
    if (pair->caller == NULL) {
        vcpu_direct_disarm(pair->direct.vcpu);
    } else {
        fast_switch_none(&pair->caller->fast);
        fast_switch_none(&pair->handler->fast);
    }
    fastpath_init(cpu);
}
