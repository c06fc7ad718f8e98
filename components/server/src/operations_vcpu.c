/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations of VMs and vCPUs. */
#include "capability.h"
#include "ipc.h"
#include "schedule.h"
#include "scheduling_arguments.h"
#include "system_call.h"
#include "vcpu_object.h"

static struct vm *invoked_vm(const struct invocation *invocation)
{
    return (struct vm *)invocation->slot->object;
}

/* What argument_slot() finds out for word 0, with no word on what is wrong. */
static inline bool fits_argument(const struct slot *slot, unsigned type, unsigned rights)
{
    return slot != NULL && slot->type == type && (~slot->rights & rights) == 0;
}

/* The mapping was refused. */
static void fail_map(struct invocation *invocation, enum nacelle_error error)
{
    fail(invocation, error,
         error == NACELLE_ERROR_INVALID_ARGUMENT  ? NACELLE_CULPRIT_WORD(2)
         : error == NACELLE_ERROR_UNSUPPORTED     ? NACELLE_CULPRIT_WORD(0)
         : error == NACELLE_ERROR_NO_TABLE_MEMORY ? NACELLE_CULPRIT_CAPABILITY
                                                  : NACELLE_CULPRIT_WORD(1));
}

static void vm_do_map(struct invocation *invocation)
{
    const uint64_t mappable = NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE | NACELLE_RIGHT_EXECUTE;
    uint64_t gpa = argument_word(invocation, 1);
    uint64_t flags = argument_word(invocation, 2);
    unsigned rights = (unsigned)(flags & mappable);
    struct slot *frame = cspace_look(invocation->cspace, argument_word(invocation, 0));
    struct vm *vm = invoked_vm(invocation);
    enum nacelle_error error;

    if (!fits_argument(frame, NACELLE_TYPE_FRAME, rights)) {
        argument_slot(invocation, 0, NACELLE_TYPE_FRAME, rights);
        return;
    }
    if (frame->space != 0) {
        fail(invocation, NACELLE_ERROR_ALREADY_MAPPED, NACELLE_CULPRIT_WORD(0));
        return;
    }
    error = vm_map(vm, gpa, frame->object, frame->size, rights, flags & ~mappable);
    if (error != NACELLE_ERROR_OK) {
        fail_map(invocation, error);
        return;
    }
    space_attach(space_of_vm(vm), frame, gpa);
}

/* Takes back what the capability of this type in word 0 opened or mapped in the VM. */
static inline void vm_detach(struct invocation *invocation, unsigned type)
{
    struct slot *slot = cspace_look(invocation->cspace, argument_word(invocation, 0));
    struct space *space = space_of_vm(invoked_vm(invocation));

    if (!fits_argument(slot, type, 0)) {
        argument_slot(invocation, 0, type, 0);
    } else if (slot->space != (uint64_t)space) {
        fail(invocation, NACELLE_ERROR_NOT_MAPPED, NACELLE_CULPRIT_WORD(0));
    } else if (type == NACELLE_TYPE_FRAME) {
        /* A vCPU has to flush before it enters again, which the fast path does not look at. */
        leave_pair(invocation);
        /* space_unmap() without its choices. */
        vm_unmap(invoked_vm(invocation), slot->badge, slot->size);
        space_detach(space, slot);
    } else {
        space_unmap(slot);
    }
}

static void vm_do_unmap(struct invocation *invocation)
{
    vm_detach(invocation, NACELLE_TYPE_FRAME);
}

static void vm_do_open_ports(struct invocation *invocation)
{
    struct slot *ports =
        argument_slot(invocation, 0, NACELLE_TYPE_IOPORT, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE);

    if (ports == NULL) {
        return;
    }
    if (ports->space != 0) {
        fail(invocation, NACELLE_ERROR_ALREADY_MAPPED, NACELLE_CULPRIT_WORD(0));
        return;
    }
    vm_open_ports(invoked_vm(invocation), slot_first_port(ports), slot_last_port(ports));
    space_attach(space_of_vm(invoked_vm(invocation)), ports, 0);
}

static void vm_do_close_ports(struct invocation *invocation)
{
    vm_detach(invocation, NACELLE_TYPE_IOPORT);
}

/* The MSR in word 0 as 32 bits; false after fail(). */
static bool decode_msr(struct invocation *invocation)
{
    if (argument_word(invocation, 0) > UINT32_MAX) {
        fail(invocation, NACELLE_ERROR_OUT_OF_RANGE, NACELLE_CULPRIT_WORD(0));
        return false;
    }
    return true;
}

static void vm_do_open_msr(struct invocation *invocation)
{
    uint64_t rights = argument_word(invocation, 1);
    enum nacelle_error error;

    if (!decode_msr(invocation)) {
        return;
    }
    if (rights == 0 || (rights & ~(uint64_t)(NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)) != 0) {
        fail(invocation, NACELLE_ERROR_INVALID_ARGUMENT, NACELLE_CULPRIT_WORD(1));
        return;
    }
    error = vm_open_msr(invoked_vm(invocation), (uint32_t)argument_word(invocation, 0),
                        (unsigned)rights);
    if (error != NACELLE_ERROR_OK) {
        fail(invocation, error, NACELLE_CULPRIT_WORD(0));
    }
}

static void vm_do_close_msr(struct invocation *invocation)
{
    enum nacelle_error error;

    if (!decode_msr(invocation)) {
        return;
    }
    error = vm_close_msr(invoked_vm(invocation), (uint32_t)argument_word(invocation, 0));
    if (error != NACELLE_ERROR_OK) {
        fail(invocation, error, NACELLE_CULPRIT_WORD(0));
    }
}

static void vm_do_answer(struct invocation *invocation)
{
    enum nacelle_error error = vm_answer(invoked_vm(invocation), argument_word(invocation, 0),
                                         argument_word(invocation, 1), argument_word(invocation, 2),
                                         argument_word(invocation, 3));

    if (error != NACELLE_ERROR_OK) {
        fail(invocation, error,
             error == NACELLE_ERROR_INVALID_ARGUMENT ? NACELLE_CULPRIT_WORD(0)
                                                     : NACELLE_CULPRIT_CAPABILITY);
    }
}

static void vm_do_forget(struct invocation *invocation)
{
    enum nacelle_error error = vm_forget(invoked_vm(invocation), argument_word(invocation, 0),
                                         argument_word(invocation, 1));

    if (error != NACELLE_ERROR_OK) {
        fail(invocation, error, NACELLE_CULPRIT_WORD(0));
    }
}

const struct operation vm_operations[OPERATIONS_MAX] = {
    LOCAL_OPERATION(NACELLE_VM_MAP, vm_do_map, NACELLE_RIGHT_WRITE, 3),
    LOCAL_OPERATION(NACELLE_VM_UNMAP, vm_do_unmap, NACELLE_RIGHT_WRITE, 1),
    OPERATION(NACELLE_VM_OPEN_PORTS, vm_do_open_ports, NACELLE_RIGHT_WRITE, 1),
    OPERATION(NACELLE_VM_CLOSE_PORTS, vm_do_close_ports, NACELLE_RIGHT_WRITE, 1),
    OPERATION(NACELLE_VM_OPEN_MSR, vm_do_open_msr, NACELLE_RIGHT_WRITE, 2),
    OPERATION(NACELLE_VM_CLOSE_MSR, vm_do_close_msr, NACELLE_RIGHT_WRITE, 1),
    OPERATION(NACELLE_VM_ANSWER, vm_do_answer, NACELLE_RIGHT_WRITE, 4),
    OPERATION(NACELLE_VM_FORGET, vm_do_forget, NACELLE_RIGHT_WRITE, 2),
};

static struct vcpu_object *invoked_vcpu(const struct invocation *invocation)
{
    return (struct vcpu_object *)invocation->slot->object;
}

/* Whether the vCPU has a VM and is not running; after fail() otherwise. */
static bool is_stopped(struct invocation *invocation)
{
    const struct vcpu_object *object = invoked_vcpu(invocation);
    enum nacelle_error error = object->vm.type != NACELLE_TYPE_VM ? NACELLE_ERROR_NOT_CONFIGURED
                               : execution_can_run(&object->execution) ? NACELLE_ERROR_BUSY
                                                                       : NACELLE_ERROR_OK;

    if (error != NACELLE_ERROR_OK) {
        fail(invocation, error, NACELLE_CULPRIT_CAPABILITY);
    }
    return error == NACELLE_ERROR_OK;
}

static void vcpu_configure(struct invocation *invocation)
{
    struct vcpu_object *object = invoked_vcpu(invocation);
    struct slot *vm = argument_slot(invocation, 0, NACELLE_TYPE_VM, NACELLE_RIGHT_WRITE);
    struct slot *endpoint =
        vm != NULL ? argument_slot(invocation, 1, NACELLE_TYPE_ENDPOINT, NACELLE_RIGHT_WRITE)
                   : NULL;

    if (vm == NULL || endpoint == NULL) {
        return;
    }
    if (execution_can_run(&object->execution)) {
        fail(invocation, NACELLE_ERROR_BUSY, NACELLE_CULPRIT_CAPABILITY);
        return;
    }
    if (!slot_can_derive(vm) || !slot_can_derive(endpoint)) {
        fail(invocation, NACELLE_ERROR_TOO_DEEP, NACELLE_CULPRIT_WORD(0));
        return;
    }
    vcpu_count_direct(object);
    ipc_withdraw(&object->execution); /* what it was in the middle of is over */
    object->exit_pending = false;
    object->execution.suspended = false;
    capability_delete_internal(&object->apic);
    capability_bind(vm, &object->vm, INTERNAL_VCPU_VM, object);
    capability_bind(endpoint, &object->endpoint, INTERNAL_VCPU_ENDPOINT, object);
    vcpu_attach(vcpu_engine(object), (struct vm *)vm->object);
}

/* The engine is about to make the vCPU current: no other one may be entered as if it still were. */
static void leave_other_pair(const struct invocation *invocation)
{
    if (this_cpu()->pair.direct.vcpu != vcpu_engine(invoked_vcpu(invocation))) {
        leave_pair(invocation);
    }
}

static void vcpu_read_register(struct invocation *invocation)
{
    uint64_t value;

    if (!is_stopped(invocation)) {
        return;
    }
    leave_other_pair(invocation);
    if (vcpu_get_register(vcpu_engine(invoked_vcpu(invocation)), argument_word(invocation, 0),
                          &value) != NACELLE_ERROR_OK) {
        fail(invocation, NACELLE_ERROR_INVALID_REGISTER, NACELLE_CULPRIT_WORD(0));
        return;
    }
    reply_word(invocation, 0, value);
}

static void vcpu_write_register(struct invocation *invocation)
{
    if (!is_stopped(invocation)) {
        return;
    }
    leave_other_pair(invocation);
    if (vcpu_set_register(vcpu_engine(invoked_vcpu(invocation)), argument_word(invocation, 0),
                          argument_word(invocation, 1)) != NACELLE_ERROR_OK) {
        fail(invocation, NACELLE_ERROR_INVALID_REGISTER, NACELLE_CULPRIT_WORD(0));
    }
}

/* The next of a reply that may be longer than the message registers. */
static void append_word(struct invocation *invocation, uint64_t value)
{
    unsigned word = invocation->reply_length;

    if (word < NACELLE_MESSAGE_REGISTERS) {
        reply_word(invocation, word, value);
    } else {
        thread_buffer(invocation->thread)->words[word] = value;
        invocation->reply_length = word + 1;
    }
}

/* The mask of registers in word 0; false after fail(). */
static bool decode_register_mask(struct invocation *invocation)
{
    if (!is_stopped(invocation)) {
        return false;
    }
    if (argument_word(invocation, 0) > 0xffff) {
        fail(invocation, NACELLE_ERROR_INVALID_REGISTER, NACELLE_CULPRIT_WORD(0));
        return false;
    }
    return true;
}

static void vcpu_read_registers(struct invocation *invocation)
{
    struct vcpu *vcpu = vcpu_engine(invoked_vcpu(invocation));
    uint64_t mask = argument_word(invocation, 0);

    if (!decode_register_mask(invocation)) {
        return;
    }
    append_word(invocation, mask);
    for (unsigned index = 0; index < 16; index++) {
        uint64_t value = 0;

        if ((mask >> index & 1) != 0) {
            vcpu_get_register(vcpu, index, &value);
            append_word(invocation, value);
        }
    }
}

static void vcpu_write_registers(struct invocation *invocation)
{
    struct vcpu *vcpu = vcpu_engine(invoked_vcpu(invocation));
    uint64_t mask = argument_word(invocation, 0);
    unsigned word = 1;
    uint64_t count = 0;

    if (!decode_register_mask(invocation)) {
        return;
    }
    for (unsigned index = 0; index < 16; index++) {
        count += mask >> index & 1;
    }
    if (argument_length(invocation) < 1 + count) {
        fail(invocation, NACELLE_ERROR_INVALID_ARGUMENT, NACELLE_CULPRIT_TAG);
        return;
    }
    for (unsigned index = 0; index < 16; index++) {
        if ((mask >> index & 1) != 0) {
            vcpu_set_register(vcpu, index, argument_word(invocation, word++));
        }
    }
}

/* The mask of groups in word 0; false after fail(). */
static bool decode_groups(struct invocation *invocation)
{
    if (!is_stopped(invocation)) {
        return false;
    }
    if ((argument_word(invocation, 0) & ~(uint64_t)NACELLE_GROUPS_ALL) != 0) {
        fail(invocation, NACELLE_ERROR_INVALID_GROUP, NACELLE_CULPRIT_WORD(0));
        return false;
    }
    return true;
}

static void vcpu_do_fetch(struct invocation *invocation)
{
    if (decode_groups(invocation)) {
        vcpu_fetch(vcpu_engine(invoked_vcpu(invocation)), (uint32_t)argument_word(invocation, 0));
    }
}

static void vcpu_do_store(struct invocation *invocation)
{
    struct vcpu_refusal refusal;

    if (!decode_groups(invocation)) {
        return;
    }
    if (vcpu_store(vcpu_engine(invoked_vcpu(invocation)), (uint32_t)argument_word(invocation, 0),
                   &refusal) != NACELLE_ERROR_OK) {
        fail(invocation, NACELLE_ERROR_INVALID_STATE, NACELLE_CULPRIT_WORD(0));
        reply_word(invocation, 1, refusal.group);
        reply_word(invocation, 2, refusal.check);
    }
}

/* Whether the vCPU has a VM; after fail() otherwise. */
static bool is_configured(struct invocation *invocation)
{
    if (invoked_vcpu(invocation)->vm.type != NACELLE_TYPE_VM) {
        fail(invocation, NACELLE_ERROR_NOT_CONFIGURED, NACELLE_CULPRIT_CAPABILITY);
        return false;
    }
    return true;
}

/* An exit whose message waits to be received: the record tells what became pending since. */
static void rewrite_message(struct vcpu_object *object)
{
    if (object->execution.state == EXECUTION_SENDING) {
        vcpu_write_message(object);
    }
}

static void vcpu_do_inject(struct invocation *invocation)
{
    struct vcpu_object *object = invoked_vcpu(invocation);
    uint64_t event;
    uint64_t code;
    uint64_t length;

    if (!is_configured(invocation)) {
        return;
    }
    leave_pair(invocation);
    event = argument_word(invocation, 0);
    code = argument_word(invocation, 1);
    length = argument_word(invocation, 2);
    if ((event | code | length) > UINT32_MAX) {
        fail(invocation, NACELLE_ERROR_INVALID_EVENT,
             NACELLE_CULPRIT_WORD(event > UINT32_MAX  ? 0
                                  : code > UINT32_MAX ? 1
                                                      : 2));
        return;
    }
    if (vcpu_inject(vcpu_engine(object), (uint32_t)event, (uint32_t)code, (uint32_t)length) !=
        NACELLE_ERROR_OK) {
        fail(invocation, NACELLE_ERROR_INVALID_EVENT, NACELLE_CULPRIT_WORD(0));
        return;
    }
    object->injections++;
    rewrite_message(object);
}

static void vcpu_do_cancel(struct invocation *invocation)
{
    uint64_t type = argument_word(invocation, 0);

    if (!is_configured(invocation)) {
        return;
    }
    leave_pair(invocation);
    if (type != NACELLE_EVENT_INTERRUPT >> 8 && type != NACELLE_EVENT_NMI >> 8 &&
        type != NACELLE_EVENT_EXCEPTION >> 8) {
        fail(invocation, NACELLE_ERROR_INVALID_EVENT, NACELLE_CULPRIT_WORD(0));
        return;
    }
    reply_word(invocation, 0, vcpu_cancel(vcpu_engine(invoked_vcpu(invocation)), (uint32_t)type));
    rewrite_message(invoked_vcpu(invocation));
}

/* Whether the message about an earlier poke waits to be received: it tells of this one too. */
static bool poke_is_queued(const struct vcpu_object *object)
{
    return object->execution.state == EXECUTION_SENDING &&
           nacelle_tag_label(object->execution.tag) == NACELLE_EXIT_POKE;
}

static void vcpu_poke(struct invocation *invocation)
{
    struct vcpu_object *object = invoked_vcpu(invocation);

    if (is_configured(invocation) && !poke_is_queued(object)) {
        object->poked = true; /* looked at before each entry */
    }
}

static void vcpu_suspend(struct invocation *invocation)
{
    struct execution *execution = &invoked_vcpu(invocation)->execution;

    execution->suspended = true;
    schedule_update(execution->on);
}

static void vcpu_do_resume(struct invocation *invocation)
{
    struct vcpu_object *object = invoked_vcpu(invocation);
    struct execution *execution = &object->execution;

    if (!is_configured(invocation)) {
        return;
    }
    execution->suspended = false;
    if (execution->state == EXECUTION_STOPPED || execution->state == EXECUTION_REPLY) {
        vcpu_take_reply(object, (uint32_t)argument_word(invocation, 0) & ~NACELLE_RESUME_STAY);
        ipc_detach_from_replier(execution);
    }
    schedule_update(execution->on);
}

static void vcpu_set_priority(struct invocation *invocation)
{
    struct scheduling_arguments arguments;

    if (scheduling_decode(invocation, &arguments)) {
        schedule_set(&invoked_vcpu(invocation)->execution.own, arguments.priority, arguments.slice);
    }
}

static void vcpu_do_set_control(struct invocation *invocation)
{
    enum nacelle_error error;

    if (!is_stopped(invocation)) {
        return;
    }
    error = vcpu_set_control(vcpu_engine(invoked_vcpu(invocation)), argument_word(invocation, 0),
                             argument_word(invocation, 1));
    if (error != NACELLE_ERROR_OK) {
        fail(invocation, error,
             argument_word(invocation, 0) >= NACELLE_CONTROL_COUNT ? NACELLE_CULPRIT_WORD(0)
                                                                   : NACELLE_CULPRIT_WORD(1));
    }
}

static void vcpu_statistics(struct invocation *invocation)
{
    struct vcpu_object *object = invoked_vcpu(invocation);
    const struct vcpu_counts counts = vcpu_counts(vcpu_engine(object));
    const struct consumption consumed = schedule_consumed(&object->execution.own);

    vcpu_count_direct(object);
    append_word(invocation, object->entries);
    append_word(invocation, object->exits);
    append_word(invocation, object->preemptions);
    append_word(invocation, object->injections);
    append_word(invocation, consumed.all);
    append_word(invocation, counts.guest_ticks);
    append_word(invocation, consumed.user);
    append_word(invocation, counts.answered_cpuid);
    append_word(invocation, counts.answered_msr);
    append_word(invocation, counts.answered_port);
}

/* Whether the capability can be that of a virtual-APIC page; after fail() otherwise. */
static bool fits_apic(struct invocation *invocation, const struct slot *frame)
{
    if (frame == NULL) {
        return false;
    }
    /* The engine reads it by the direct map, in which only RAM is sure to be. */
    if (frame->size != NACELLE_SIZE_PAGE || (frame->flags & SLOT_DEVICE) != 0) {
        fail(invocation, NACELLE_ERROR_INVALID_ARGUMENT, NACELLE_CULPRIT_WORD(0));
        return false;
    }
    if (!slot_can_derive(frame)) {
        fail(invocation, NACELLE_ERROR_TOO_DEEP, NACELLE_CULPRIT_WORD(0));
        return false;
    }
    return true;
}

static void vcpu_do_set_apic(struct invocation *invocation)
{
    struct vcpu_object *object = invoked_vcpu(invocation);
    struct slot *frame;

    if (!is_configured(invocation)) {
        return;
    }
    if (argument_word(invocation, 0) == 0) {
        capability_delete_internal(&object->apic);
        return;
    }
    frame =
        argument_slot(invocation, 0, NACELLE_TYPE_FRAME, NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE);
    if (!fits_apic(invocation, frame)) {
        return;
    }
    /* A page that is set already stays bound: the client wants the processor to look at it. */
    if (object->apic.type == NACELLE_TYPE_NULL || object->apic.object != frame->object) {
        capability_bind(frame, &object->apic, INTERNAL_VCPU_APIC, object);
    }
    if (vcpu_set_apic(vcpu_engine(object), frame->object) != NACELLE_ERROR_OK) {
        capability_delete_internal(&object->apic);
        fail(invocation, NACELLE_ERROR_UNSUPPORTED, NACELLE_CULPRIT_CAPABILITY);
    }
}

const struct operation vcpu_operations[OPERATIONS_MAX] = {
    OPERATION(NACELLE_VCPU_CONFIGURE, vcpu_configure, NACELLE_RIGHT_WRITE, 2),
    LOCAL_OPERATION(NACELLE_VCPU_READ_REGISTER, vcpu_read_register, NACELLE_RIGHT_READ, 1),
    LOCAL_OPERATION(NACELLE_VCPU_WRITE_REGISTER, vcpu_write_register, NACELLE_RIGHT_WRITE, 2),
    OPERATION(NACELLE_VCPU_READ_REGISTERS, vcpu_read_registers, NACELLE_RIGHT_READ, 1),
    OPERATION(NACELLE_VCPU_WRITE_REGISTERS, vcpu_write_registers, NACELLE_RIGHT_WRITE, 1),
    OPERATION(NACELLE_VCPU_FETCH, vcpu_do_fetch, NACELLE_RIGHT_READ, 1),
    OPERATION(NACELLE_VCPU_STORE, vcpu_do_store, NACELLE_RIGHT_WRITE, 1),
    LOCAL_OPERATION(NACELLE_VCPU_INJECT, vcpu_do_inject, NACELLE_RIGHT_WRITE, 3),
    LOCAL_OPERATION(NACELLE_VCPU_CANCEL, vcpu_do_cancel, NACELLE_RIGHT_WRITE, 1),
    OPERATION(NACELLE_VCPU_POKE, vcpu_poke, NACELLE_RIGHT_WRITE, 0),
    OPERATION(NACELLE_VCPU_SUSPEND, vcpu_suspend, NACELLE_RIGHT_WRITE, 0),
    OPERATION(NACELLE_VCPU_RESUME, vcpu_do_resume, NACELLE_RIGHT_WRITE, 0),
    OPERATION(NACELLE_VCPU_SET_PRIORITY, vcpu_set_priority, NACELLE_RIGHT_WRITE, 2),
    OPERATION(NACELLE_VCPU_SET_CONTROL, vcpu_do_set_control, NACELLE_RIGHT_WRITE, 2),
    OPERATION(NACELLE_VCPU_STATISTICS, vcpu_statistics, NACELLE_RIGHT_READ, 0),
    OPERATION(NACELLE_VCPU_SET_APIC, vcpu_do_set_apic, NACELLE_RIGHT_WRITE, 1),
};
