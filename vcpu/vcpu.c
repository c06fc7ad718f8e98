/* SPDX-License-Identifier: BSD-2-Clause */
/* The vendor-neutral part: life cycle, registers, groups, events, resuming. */

#include <nacelle/check.h>
#include <vcpu_host.h>

#include "vendor.h"

_Static_assert(sizeof(struct vcpu_cpu) <= 1024, "per-CPU storage stays small");

/* --- Life cycle --- */

struct vcpu *vcpu_create(void *memory)
{
    struct vcpu *vcpu = (struct vcpu *)(void *)((char *)memory + VCPU_STRUCT_OFFSET);

    *vcpu = (struct vcpu){0};
    return vcpu;
}

struct vcpu_counts vcpu_counts(const struct vcpu *vcpu)
{
    return vcpu->counts;
}

void vcpu_attach(struct vcpu *vcpu, struct vm *vm)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    struct vcpu_cpu *cpu = vcpu_host_cpu();

    vcpu_unload(vcpu);
    /* An earlier vCPU may have had this memory. */
    if (cpu->current == vcpu)
        cpu->current = NULL;
    if (cpu->state_owner == vcpu)
        cpu->state_owner = NULL;
    if (cpu->fpu_owner == vcpu)
        cpu->fpu_owner = NULL;
    *vcpu = (struct vcpu){.vm = vm};
    vcpu_reset_hidden(vcpu);
    vcpu_fpu_reset(vcpu);
    for (unsigned i = 0; i < 16; i++)
        state->general[i] = 0;
    state->valid = 0;
    state->dirty = 0;
    VENDOR(attach, vcpu);
}

void vcpu_unload(struct vcpu *vcpu)
{
    const struct vcpu_cpu *cpu = vcpu_host_cpu();

    /* Never ran, or runs elsewhere: there is nothing of it here. */
    if (vcpu->cpu != cpu)
        return;
    vcpu_fpu_save(vcpu);
    vcpu_hidden_save(vcpu);
    VENDOR(clear, vcpu);
}

/* --- Registers and groups --- */

/* Without a VM there is no control structure, and another vCPU's would be looked at. */
static bool is_attached(const struct vcpu *vcpu)
{
    return vcpu->vm != NULL;
}

#define RSP_INDEX 4
#define REGISTERS 16

enum nacelle_error vcpu_get_register(struct vcpu *vcpu, uint64_t index, uint64_t *value)
{
    if (index >= REGISTERS)
        return NACELLE_ERROR_INVALID_REGISTER;
    if (index == RSP_INDEX) {
        if (!is_attached(vcpu))
            return NACELLE_ERROR_NOT_CONFIGURED;
        VENDOR(make_current, vcpu);
        *value = VENDOR(get_rsp, vcpu);
    } else {
        *value = vcpu_state(vcpu)->general[index];
    }
    return NACELLE_ERROR_OK;
}

enum nacelle_error vcpu_set_register(struct vcpu *vcpu, uint64_t index, uint64_t value)
{
    if (index >= REGISTERS)
        return NACELLE_ERROR_INVALID_REGISTER;
    if (index == RSP_INDEX) {
        if (!is_attached(vcpu))
            return NACELLE_ERROR_NOT_CONFIGURED;
        VENDOR(make_current, vcpu);
        VENDOR(set_rsp, vcpu, value);
    } else {
        vcpu_state(vcpu)->general[index] = value;
    }
    return NACELLE_ERROR_OK;
}

static void fetch(struct vcpu *vcpu, uint32_t groups)
{
    if ((groups & NACELLE_GROUP_IP) != 0)
        VENDOR(fetch_ip, vcpu);
    if ((groups & NACELLE_GROUP_RSP) != 0)
        vcpu_state(vcpu)->rsp = VENDOR(get_rsp, vcpu);
    if ((groups & NACELLE_GROUP_SEGMENTS) != 0)
        VENDOR(fetch_segments, vcpu);
    if ((groups & NACELLE_GROUP_CONTROL) != 0)
        VENDOR(fetch_control, vcpu);
    if ((groups & NACELLE_GROUP_TABLES) != 0)
        VENDOR(fetch_tables, vcpu);
    if ((groups & NACELLE_GROUP_SYSTEM_CALL) != 0)
        VENDOR(fetch_system_call, vcpu);
    if ((groups & NACELLE_GROUP_EVENTS) != 0)
        VENDOR(fetch_events, vcpu);
    if ((groups & NACELLE_GROUP_DEBUG) != 0)
        VENDOR(fetch_debug, vcpu);
}

static void store(struct vcpu *vcpu, uint32_t groups, const struct vcpu_image *image)
{
    if ((groups & NACELLE_GROUP_IP) != 0)
        VENDOR(store_ip, vcpu, image);
    if ((groups & NACELLE_GROUP_RSP) != 0)
        VENDOR(set_rsp, vcpu, image->rsp);
    if ((groups & NACELLE_GROUP_SEGMENTS) != 0)
        VENDOR(store_segments, vcpu, image);
    if ((groups & NACELLE_GROUP_CONTROL) != 0)
        VENDOR(store_control, vcpu, image);
    if ((groups & NACELLE_GROUP_TABLES) != 0)
        VENDOR(store_tables, vcpu, image);
    if ((groups & NACELLE_GROUP_SYSTEM_CALL) != 0)
        VENDOR(store_system_call, vcpu, image);
    if ((groups & NACELLE_GROUP_EVENTS) != 0)
        VENDOR(store_events, vcpu, image);
    if ((groups & NACELLE_GROUP_DEBUG) != 0)
        VENDOR(store_debug, vcpu, image);
    VENDOR(stored, vcpu);
}

enum nacelle_error vcpu_fetch(struct vcpu *vcpu, uint32_t groups)
{
    if ((groups & ~NACELLE_GROUPS_ALL) != 0)
        return NACELLE_ERROR_INVALID_GROUP;
    if (!is_attached(vcpu))
        return NACELLE_ERROR_NOT_CONFIGURED;
    VENDOR(make_current, vcpu);
    fetch(vcpu, groups);
    if ((groups & NACELLE_GROUP_FPU) != 0) {
        vcpu_fpu_save(vcpu);
        vcpu_fpu_fetch(vcpu);
    }
    vcpu_state(vcpu)->valid |= groups;
    return NACELLE_ERROR_OK;
}

/* Groups whose checks do not depend on the CPU, and that clients change most often. */
#define PLAIN_GROUPS (NACELLE_GROUP_IP | NACELLE_GROUP_RSP)

static enum nacelle_error store_plain(struct vcpu *vcpu, uint32_t groups,
                                      struct vcpu_refusal *refusal)
{
    struct vcpu_image image;

    vcpu_image_read_plain(&image, vcpu_state(vcpu));
    if ((groups & NACELLE_GROUP_IP) != 0) {
        refusal->check = vcpu_image_check_ip(&image);
        refusal->group = NACELLE_GROUP_IP;
        if (refusal->check != 0)
            return NACELLE_ERROR_INVALID_STATE;
    }
    VENDOR(make_current, vcpu);
    if ((groups & NACELLE_GROUP_IP) != 0)
        VENDOR(store_ip, vcpu, &image);
    if ((groups & NACELLE_GROUP_RSP) != 0)
        VENDOR(set_rsp, vcpu, image.rsp);
    VENDOR(stored, vcpu);
    return NACELLE_ERROR_OK;
}

static __attribute__((noinline)) enum nacelle_error store_all(struct vcpu *vcpu, uint32_t groups,
                                                              struct vcpu_refusal *refusal)
{
    const struct vcpu_cpu *cpu = vcpu_host_cpu();
    struct vcpu_limits limits;
    struct vcpu_image image;

    limits = VENDOR(limits, cpu);
    vcpu_image_read(&image, vcpu_state(vcpu), groups);
    for (uint32_t rest = groups; rest != 0; rest &= rest - 1) {
        uint32_t group = rest & -rest;

        refusal->check = vcpu_image_check(&image, group, &limits);
        refusal->group = group;
        if (refusal->check != 0)
            return NACELLE_ERROR_INVALID_STATE;
    }

    VENDOR(make_current, vcpu);
    store(vcpu, groups, &image);
    if ((groups & NACELLE_GROUP_FPU) != 0) {
        vcpu_fpu_save(vcpu);
        vcpu_fpu_store(vcpu, &image);
    }
    return NACELLE_ERROR_OK;
}

enum nacelle_error vcpu_store(struct vcpu *vcpu, uint32_t groups, struct vcpu_refusal *refusal)
{
    if ((groups & ~NACELLE_GROUPS_ALL) != 0)
        return NACELLE_ERROR_INVALID_GROUP;
    if (!is_attached(vcpu))
        return NACELLE_ERROR_NOT_CONFIGURED;
    return (groups & ~PLAIN_GROUPS) == 0 ? store_plain(vcpu, groups, refusal)
                                         : store_all(vcpu, groups, refusal);
}

/* --- Events and controls --- */

/*
 * The record of an exit that the client has not seen yet tells of events that came after it, too:
 * an event that is not pending there was delivered.
 */
static void update_pending(struct vcpu *vcpu)
{
    struct nacelle_exit *exit = &vcpu_state(vcpu)->exit;

    exit->flags &= ~NACELLE_EXIT_EVENT_PENDING;
    if (vcpu_events_pending(&vcpu->events))
        exit->flags |= NACELLE_EXIT_EVENT_PENDING;
}

void vcpu_queue_fetch(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    const struct vcpu_events *events = &vcpu->events;

    state->interrupt = events->interrupt;
    state->nmi = events->nmi;
    state->exception = events->exception;
    state->exception_error = events->exception_error;
    state->exception_length = events->exception_length;
    state->vectoring = events->vectoring;
    state->vectoring_error = events->vectoring_error;
    state->vectoring_length = events->vectoring_length;
    state->windows = events->windows;
    state->deferred = events->deferred;
}

void vcpu_queue_store(struct vcpu *vcpu, const struct vcpu_image *image)
{
    vcpu->events = (struct vcpu_events){
        .interrupt = image->events.interrupt,
        .nmi = image->events.nmi,
        .exception = image->events.exception,
        .exception_error = image->events.exception_error,
        .exception_length = image->events.exception_length,
        .vectoring = image->events.vectoring,
        .vectoring_error = image->events.vectoring_error,
        .vectoring_length = image->events.vectoring_length,
        .deferred = image->events.deferred,
        .windows = image->events.windows,
    };
    vcpu->work |= VCPU_WORK_EVENTS;
}

static __attribute__((noinline)) enum nacelle_error inject_other(struct vcpu *vcpu, uint32_t event,
                                                                 uint32_t error, uint32_t length)
{
    struct vcpu_events *events = &vcpu->events;
    uint32_t vectors = 0; /* that push an error code, where that matters */

    if ((event & NACELLE_EVENT_TYPE_MASK) == NACELLE_EVENT_EXCEPTION) {
        VENDOR(make_current, vcpu);
        vectors = VENDOR(error_code_vectors, vcpu);
    }
    if (!vcpu_event_valid(event, error, length, vectors))
        return NACELLE_ERROR_INVALID_EVENT;
    event |= NACELLE_EVENT_VALID;
    switch (event & NACELLE_EVENT_TYPE_MASK) {
    case NACELLE_EVENT_NMI:
        events->nmi = event;
        break;
    default:
        events->exception = event;
        events->exception_error = error;
        events->exception_length = length;
        break;
    }
    vcpu->work |= VCPU_WORK_EVENTS;
    update_pending(vcpu);
    return NACELLE_ERROR_OK;
}

enum nacelle_error vcpu_inject(struct vcpu *vcpu, uint32_t event, uint32_t error, uint32_t length)
{
    if (!is_attached(vcpu))
        return NACELLE_ERROR_NOT_CONFIGURED;
    if (!vcpu_event_is_interrupt(event))
        return inject_other(vcpu, event, error, length);
    vcpu->events.interrupt = event | NACELLE_EVENT_VALID;
    vcpu->work |= VCPU_WORK_EVENTS;
    vcpu_state(vcpu)->exit.flags |= NACELLE_EXIT_EVENT_PENDING;
    return NACELLE_ERROR_OK;
}

bool vcpu_cancel(struct vcpu *vcpu, uint32_t event_type)
{
    bool was_pending = vcpu_events_cancel(&vcpu->events, event_type);

    update_pending(vcpu);
    return was_pending;
}

enum nacelle_error vcpu_set_control(struct vcpu *vcpu, uint64_t control, uint64_t value)
{
    if (!is_attached(vcpu))
        return NACELLE_ERROR_NOT_CONFIGURED;
    VENDOR(make_current, vcpu);
    return VENDOR(set_control, vcpu, control, value);
}

enum nacelle_error vcpu_set_apic(struct vcpu *vcpu, uint64_t physical)
{
    if (!is_attached(vcpu))
        return NACELLE_ERROR_NOT_CONFIGURED;
    VENDOR(make_current, vcpu);
    return VENDOR(set_apic, vcpu, physical);
}

void vcpu_set_slice(struct vcpu_cpu *cpu, struct vcpu *vcpu, uint64_t ticks)
{
    VENDOR(set_slice, cpu, vcpu, ticks);
}

/* --- Running --- */

struct nacelle_exit *vcpu_new_exit(struct vcpu *vcpu, uint32_t kind)
{
    struct nacelle_exit *exit = &vcpu_state(vcpu)->exit;

    *exit = (struct nacelle_exit){.kind = kind, .vendor = vcpu_vendor_number()};
    vcpu->exit_length = 0;
    if (vcpu_events_pending(&vcpu->events))
        exit->flags |= NACELLE_EXIT_EVENT_PENDING;
    return exit;
}

bool vcpu_resume(struct vcpu *vcpu, uint32_t flags)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    uint32_t dirty = ((volatile struct nacelle_vcpu_state *)state)->dirty & NACELLE_GROUPS_ALL;

    VENDOR(make_current, vcpu);
    if (dirty != 0) {
        struct vcpu_refusal refusal = {0, 0};

        state->dirty = 0;
        if (vcpu_store(vcpu, dirty, &refusal) != NACELLE_ERROR_OK) {
            struct nacelle_exit *exit = vcpu_new_exit(vcpu, NACELLE_EXIT_ENTRY_REFUSED);

            exit->number = refusal.check;
            exit->detail = refusal.group;
            VENDOR(fetch_ip, vcpu);
            return false;
        }
    }
    if ((flags & NACELLE_RESUME_ADVANCE) != 0) {
        uint32_t length = flags >> NACELLE_RESUME_LENGTH_SHIFT & NACELLE_RESUME_LENGTH_MASK;

        if (length != 0)
            vcpu->exit_length = length;
        VENDOR(advance, vcpu);
    }
    return true;
}

void vcpu_record_poke(struct vcpu *vcpu)
{
    VENDOR(make_current, vcpu);
    (void)vcpu_new_exit(vcpu, NACELLE_EXIT_POKE);
    VENDOR(fetch_ip, vcpu);
}

bool vcpu_prepare(struct vcpu_cpu *cpu, struct vcpu *vcpu, uint64_t cr3)
{
    return VENDOR(prepare, cpu, vcpu, cr3);
}

_Noreturn void vcpu_enter(struct vcpu *vcpu)
{
    VENDOR(enter, vcpu);
}

enum vcpu_disposition vcpu_handle_exit(struct vcpu *vcpu, uint32_t *vector)
{
    return VENDOR(handle_exit, vcpu, vector);
}
