/* SPDX-License-Identifier: BSD-2-Clause */
#include "vcpu_object.h"

#include "capability.h"
#include "console.h"
#include "fpu.h"
#include "interrupt.h"
#include "ipc.h"
#include "predictors.h"
#include "schedule.h"
#include <vcpu/direct.h>
#include <x86/event.h>
#include <x86/insn.h>

/*
 * TSC ticks from the end of a time slice to the exit by the slice's own timer. The timer interrupt
 * is due at the end, and does not come as a second event right after that exit.
 */
#define SLICE_MARGIN 1000

void vm_object_init(void *memory, unsigned size)
{
    space_of_vm(vm_create(memory, 1ull << size))->kind = SPACE_VM;
}

struct vcpu_object *vcpu_object_init(void *memory)
{
    struct vcpu_object *object = vcpu_object_of(vcpu_create(memory));

    schedule_init(&object->execution, EXECUTION_VCPU);
    return object;
}

void vcpu_object_destroy(struct vcpu_object *object)
{
    struct cpu *cpu = this_cpu();
    struct execution *execution = &object->execution;

    ipc_withdraw(execution);
    schedule_forget(&execution->own);
    capability_delete_internal(&object->apic);
    capability_delete_internal(&object->endpoint);
    capability_delete_internal(&object->vm);
    if (cpu->engine.fpu_owner == vcpu_engine(object)) {
        vcpu_fpu_save(vcpu_engine(object));
    }
    vcpu_unload(vcpu_engine(object));
}

void vcpu_lost_vm(struct vcpu_object *object)
{
    ipc_withdraw(&object->execution);
    object->exit_pending = false;
    vcpu_unload(vcpu_engine(object));
}

void vcpu_lost_apic(struct vcpu_object *object)
{
    /* Without a VM it does not run before it is configured anew, and that begins without a page. */
    if (object->vm.type == NACELLE_TYPE_VM) {
        vcpu_set_apic(vcpu_engine(object), 0);
    }
}

void vcpu_count_direct(struct vcpu_object *object)
{
    uint64_t entries = vcpu_direct_take_count(vcpu_engine(object));

    object->entries += entries;
    object->exits += entries - object->direct_ends;
    object->direct_ends = 0;
}

void vcpu_take_reply(struct vcpu_object *object, uint32_t flags)
{
    /* What an earlier reply was refused for is sent first, even if this one would be taken. */
    if (!object->exit_pending) {
        object->exit_pending =
            !vcpu_resume(vcpu_engine(object), flags & ~(uint32_t)NACELLE_RESUME_STAY);
    }
    /* With STAY it is still in state REPLY, and the caller takes the replier away. */
    if ((flags & NACELLE_RESUME_STAY) == 0) {
        object->execution.state = EXECUTION_RUNNABLE;
    }
}

void vcpu_write_message(struct vcpu_object *object)
{
    const struct nacelle_vcpu_state *state = vcpu_state(vcpu_engine(object));
    const struct nacelle_exit *record = &state->exit;
    struct execution *execution = &object->execution;
    uint32_t kind = *(const volatile uint32_t *)&record->kind;
    bool has_gpa = kind == NACELLE_EXIT_MEMORY || kind == NACELLE_EXIT_MISCONFIGURATION;

    /* An exit that waited lay in the client's page meanwhile: no label is forged there. */
    if (kind >= NACELLE_EXIT_COUNT) {
        kind = NACELLE_EXIT_UNKNOWN;
    }
    execution->tag = nacelle_tag(kind, 4) | NACELLE_TAG_KERNEL;
    execution->words[0] = record->number | (uint64_t)record->flags << 32;
    execution->words[1] = has_gpa ? record->gpa : record->value;
    execution->words[2] = record->detail | (uint64_t)record->size << 32;
    execution->words[3] = state->rip;
}

/* The exit in the state page is sent to the client. */
static __attribute__((noinline)) void send_exit(struct vcpu_object *object)
{
    struct execution *execution = &object->execution;

    object->exits++;
    vcpu_write_message(object);
    execution->badge = object->endpoint.badge;
    execution->wants_reply = true;
    execution->may_grant = false;
    if (object->endpoint.type == NACELLE_TYPE_ENDPOINT) {
        ipc_send(execution, (struct endpoint *)object->endpoint.object);
    } else {
        execution->state = EXECUTION_REPLY; /* stopped, until somebody configures and resumes it */
        schedule_update(execution->on);
    }
}

/* What is said before the guest runs; an exit that is in the state page already goes first. */
static __attribute__((noinline)) void send_pending(struct vcpu_object *object)
{
    if (object->exit_pending) {
        object->exit_pending = false;
    } else {
        object->poked = false;
        vcpu_record_poke(vcpu_engine(object));
    }
    send_exit(object);
}

__attribute__((noinline)) void vcpu_run(struct cpu *cpu, struct vcpu_object *object)
{
    struct vcpu *vcpu = vcpu_engine(object);

    if (object->exit_pending || object->poked) {
        send_pending(object);
        return;
    }
    /* Another guest's FPU state is exchanged for this one's when that is loaded. */
    if (cpu->fpu_thread != NULL) {
        fpu_make_room(cpu, cpu->engine.fpu_owner);
    }
    cpu->current = NULL;
    if (!vcpu_prepare(&cpu->engine, vcpu, cpu->cr3)) {
        send_exit(object);
        return;
    }
    if (object->timer_deadline != cpu->timer_deadline) {
        uint64_t now = x86_rdtsc();
        int64_t left = (int64_t)(cpu->timer_deadline + SLICE_MARGIN - now);

        object->timer_deadline = cpu->timer_deadline;
        vcpu_set_slice(&cpu->engine, vcpu, left > 0 ? (uint64_t)left : 0);
    }
    predictors_change(cpu, object->vm.object);
    object->entries++;
    vcpu_enter(vcpu);
}

_Noreturn void vcpu_host_exit(struct vcpu *vcpu)
{
    struct vcpu_object *object = vcpu_object_of(vcpu);
    struct cpu *cpu = this_cpu();
    uint32_t vector = 0;

    if (cpu->pair.direct.vcpu == vcpu) { /* no other stays armed when a guest is entered */
        object->direct_ends++;
        fastpath_leave(cpu, &object->execution);
        cpu->current = NULL;
    }
    predictors_learn(cpu, object->vm.object);
    switch (vcpu_handle_exit(vcpu, &vector)) {
    case VCPU_SEND_EXIT:
        send_exit(object);
        schedule_run();
    case VCPU_HOST_INTERRUPT:
        if (vector == X86_VECTOR_MC) {
            panic("machine check while a guest ran", NULL);
        }
        interrupt_handle(vector);
        break;
    case VCPU_SLICE_OVER:
        schedule_tick();
        /* Bochs 2.7 does not leave a guest with interrupts off for an external interrupt: it is
         * still pending, and would never come if the same guest went on. */
        interrupt_take_pending();
        break;
    case VCPU_ENTER_AGAIN: /* an interrupt may have been taken within the engine */
    case VCPU_HOST_NMI:    /* nobody here has a use for it */
        break;
    }
    schedule_run_after(cpu, object->execution.on, &object->preemptions);
}
