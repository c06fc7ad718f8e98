/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects: operations, and deleting them in every state while others use them. */
#include "server.h"
#include "world.h"

#include "aspace.h"
#include "interrupt.h"
#include "schedule.h"

enum {
    ENDPOINT = ROOT_FREE,
    NOTIFICATION,
    A,
    B,
    SPACE,
    FRAME,
    SPARE,
    SPARE2,
    VM,
    VM_ENDPOINT,
    VCPU,
    MORE
};

static struct thread *a, *b;

static int setup(void **state)
{
    (void)state;
    world_start();
    world_make(ENDPOINT, NACELLE_TYPE_ENDPOINT, 0);
    world_make(NOTIFICATION, NACELLE_TYPE_NOTIFICATION, 0);
    a = world_make_thread(A, 0);
    b = world_make_thread(B, 0);
    world_check();
    return 0;
}

#define OK(call) assert_int_equal(call, NACELLE_ERROR_OK)

static void send(struct thread *thread, unsigned system_call, uint64_t slot, uint64_t tag)
{
    const struct message message = {.capability = slot, .tag = tag};

    world_system_call(thread, system_call, &message);
    world_check();
}

static void assert_refused(enum nacelle_error error, enum nacelle_error expected, uint64_t culprit)
{
    assert_int_equal(error, expected);
    assert_int_equal(world_reply.words[0], culprit);
    world_check();
}

/* --- Capability spaces ------------------------------------------------------------------------ */

/* One step of a system call of a, as the scheduler makes them. */
static void step(struct thread *thread)
{
    host_cpu.current = thread;
    thread->restart = false;
    system_call(thread);
    world_check();
}

static void start(struct thread *thread, uint64_t slot, uint32_t operation, uint64_t w0)
{
    struct frame *frame = &thread->frame;

    frame->rdi = slot;
    frame->rsi = nacelle_tag(operation, 1);
    frame->r8 = w0;
    step(thread);
}

/* Deletes a space up to where only its last slots hold something, then puts a capability into its
 * first one: it must not be left behind. */
static void half_deleted_space(bool by_message)
{
    struct cspace *space = world_make(SPACE, NACELLE_TYPE_CSPACE, 10);
    const struct message grant = {.capability = ENDPOINT, .tag = NACELLE_TAG_CAPABILITY};

    for (uint64_t i = 10; i < 14; i++) {
        OK(world_invoke(SPACE, NACELLE_CSPACE_COPY, i, NOTIFICATION, 15, 0));
    }
    start(a, ROOT_CSPACE, NACELLE_CSPACE_DELETE, SPACE);
    step(a);
    assert_true(a->restart);
    assert_true(space->first >= 10);
    if (by_message) {
        /* a thread is put into the space, and receives a capability */
        struct thread *c = world_make(SPARE, NACELLE_TYPE_THREAD, 0);

        OK(world_invoke(SPARE, NACELLE_THREAD_CONFIGURE, SPACE, ROOT_ASPACE, 0, 0));
        OK(world_invoke(SPARE, NACELLE_THREAD_RESUME, 0, 0, 0, 0));
        OK(world_invoke(SPACE, NACELLE_CSPACE_COPY, 15, ENDPOINT, 15, 0));
        send(c, NACELLE_RECEIVE, 15, 0);
        thread_buffer(b)->send_slot = NOTIFICATION;
        thread_buffer(c)->receive_slot = 1;
        world_system_call(b, NACELLE_SEND, &grant);
        assert_true((c->frame.rsi & NACELLE_TAG_CAPABILITY) != 0);
    } else {
        OK(world_invoke(SPACE, NACELLE_CSPACE_COPY, 1, NOTIFICATION, 15, 0));
    }
    world_check();
    while (a->restart) {
        step(a);
    }
    assert_int_equal(world_slot(SPACE)->type, NACELLE_TYPE_NULL);
    assert_int_equal(cspace_slot(space, 1)->type, NACELLE_TYPE_NULL);
    assert_false(slot_has_children(world_slot(NOTIFICATION)));
}

static void half_deleted_space_copy(void **state)
{
    (void)state;
    half_deleted_space(false);
}

static void half_deleted_space_message(void **state)
{
    (void)state;
    half_deleted_space(true);
}

/* Spaces that hold the originals of further spaces. */
static void nested_spaces(void **state)
{
    struct cspace *inner;

    (void)state;
    world_make(SPACE, NACELLE_TYPE_CSPACE, 10);
    OK(world_invoke(ROOT_UNTYPED, NACELLE_UNTYPED_RETYPE, NACELLE_TYPE_CSPACE | 10 << 8, 3, 1,
                    SPACE));
    inner = (struct cspace *)cspace_slot((struct cspace *)world_slot(SPACE)->object, 3)->object;
    OK(world_invoke(SPACE, NACELLE_CSPACE_COPY, 4, SPACE, 15, 0)); /* a space in itself */
    slot_derive(cspace_slot((struct cspace *)world_slot(SPACE)->object, 3), cspace_slot(inner, 1),
                cspace_slot((struct cspace *)world_slot(SPACE)->object, 3)); /* and a deep one */
    cspace_slot(inner, 1)->flags = 0;
    world_check();
    OK(world_delete(SPACE));
    world_check();
}

/* A thread deletes its own space, its own address space, itself. */
static void suicide(void **state)
{
    (void)state;
    start(a, ROOT_CSPACE, NACELLE_CSPACE_DELETE, A);
    while (host_cpu.current == a && a->restart) {
        step(a);
    }
    assert_null(host_cpu.current);
    world_check();
    assert_int_equal(world_run(), WORLD_THREAD);
}

static void own_space_deleted(void **state)
{
    struct thread *c = world_make(SPARE, NACELLE_TYPE_THREAD, 0);

    (void)state;
    world_make(SPACE, NACELLE_TYPE_CSPACE, 10);
    OK(world_invoke(SPARE, NACELLE_THREAD_CONFIGURE, SPACE, ROOT_ASPACE, 0, 0));
    OK(world_invoke(SPACE, NACELLE_CSPACE_COPY, 1, ROOT_CSPACE, 15, 0));
    OK(world_invoke(SPARE, NACELLE_THREAD_RESUME, 0, 0, 0, 0));
    OK(world_invoke(SPARE, NACELLE_THREAD_SET_PRIORITY, 31, 0, 0, 0));
    start(c, 1, NACELLE_CSPACE_DELETE, SPACE);
    world.root->execution.suspended = true;
    schedule_update(world.root->execution.on);
    while (c->execution.state == EXECUTION_RUNNABLE) {
        world_run(); /* it goes on until it has no space to go on in */
        world_check();
        if (host_cpu.current == c && !c->restart) {
            break;
        }
    }
    assert_false(execution_can_run(&c->execution) && c->cspace.type != NACELLE_TYPE_NULL);
    world_check();
}

/* --- Memory ----------------------------------------------------------------------------------- */

static void unmapping_flushes(void **state)
{
    struct aspace *space = world_make(SPACE, NACELLE_TYPE_ASPACE, 15);
    unsigned loads;

    (void)state;
    world_make(FRAME, NACELLE_TYPE_FRAME, 12);
    OK(world_invoke(SPACE, NACELLE_ASPACE_MAP, FRAME, 0x5000, NACELLE_RIGHT_READ, 0));
    assert_refused(world_invoke(SPACE, NACELLE_ASPACE_MAP, FRAME, 0x6000, NACELLE_RIGHT_READ, 0),
                   NACELLE_ERROR_ALREADY_MAPPED, 1);
    host_cpu.cr3 = space->root;
    loads = machine.cr3_loads;
    OK(world_delete(FRAME));
    assert_int_equal(machine.cr3_loads, loads + 1);
    assert_int_equal(machine.cr3, space->root);
    assert_null(space->space.mapped);
    /* the space itself goes while its tables are loaded */
    OK(world_delete(SPACE));
    assert_int_not_equal(host_cpu.cr3, space->root);
    assert_int_equal(machine.cr3, host_cpu.cr3);
    world_check();
}

/* A leaf that the processor does not have would be a reserved bit to it. */
static void huge_pages_only_where_they_exist(void **state)
{
    struct aspace *space = world_make(SPACE, NACELLE_TYPE_ASPACE, 15);
    const struct slot huge = {
        .type = NACELLE_TYPE_FRAME,
        .rights = NACELLE_RIGHTS_ALL,
        .size = NACELLE_SIZE_HUGE,
        .object = 1ull << 30,
    };
    const uint64_t address = 1ull << 30;

    (void)state;
    slot_derive(world_slot(ROOT_UNTYPED), world_slot(FRAME), &huge);
    server_huge_pages = false;
    assert_refused(world_invoke(SPACE, NACELLE_ASPACE_MAP, FRAME, address, NACELLE_RIGHT_READ, 0),
                   NACELLE_ERROR_UNSUPPORTED, 1);
    assert_null(space->space.mapped);
    server_huge_pages = true;
    OK(world_invoke(SPACE, NACELLE_ASPACE_MAP, FRAME, address, NACELLE_RIGHT_READ, 0));
    OK(world_delete(FRAME));
    world_check();
}

static void start_retype(struct thread *thread, uint64_t kind, uint64_t slot)
{
    struct frame *frame = &thread->frame;

    frame->rdi = ROOT_UNTYPED;
    frame->rsi = nacelle_tag(NACELLE_UNTYPED_RETYPE, 4);
    frame->r8 = kind;
    frame->r9 = slot;
    frame->r10 = 1;
    frame->rax = 0;
    step(thread);
}

/* Two at once, by turns, on the same memory: both come to an end. */
static void retyping_by_turns(void **state)
{
    unsigned steps = 0;

    (void)state;
    start_retype(a, NACELLE_TYPE_FRAME | 21 << 8, SPARE);
    start_retype(b, NACELLE_TYPE_UNTYPED | 17 << 8, SPARE2);
    assert_true(a->restart && b->restart);
    while (a->restart || b->restart) {
        if (a->restart) {
            step(a);
        }
        if (b->restart) {
            step(b);
        }
        assert_true(steps++ < 2000);
    }
    assert_int_equal(world_slot(SPARE)->type, NACELLE_TYPE_FRAME);
    assert_int_equal(world_slot(SPARE2)->type, NACELLE_TYPE_UNTYPED);
}

static void revoke_everything(void **state)
{
    (void)state;
    world_make_vcpu(VM);
    world_make(SPACE, NACELLE_TYPE_CSPACE, 10);
    OK(world_invoke(NOTIFICATION, NACELLE_NOTIFICATION_BIND, ENDPOINT, 0, 0, 0));
    OK(world_invoke(NOTIFICATION, NACELLE_NOTIFICATION_SET_TIMER, 1000000, 0, 0, 0));
    OK(world_invoke(ROOT_LINE, NACELLE_INTERRUPT_BIND, NOTIFICATION, 0, 0, 0));
    send(a, NACELLE_CALL, ENDPOINT, 0);
    send(b, NACELLE_RECEIVE, ENDPOINT, 0);
    OK(world_invoke(ROOT_CSPACE, NACELLE_CSPACE_REVOKE, ROOT_UNTYPED, 0, 0, 0));
    world_check();
    OK(world_invoke(ROOT_UNTYPED, NACELLE_UNTYPED_INFO, 0, 0, 0, 0));
    assert_int_equal(world_reply.words[2], 0);
    assert_null(host_cpu.timers);
    assert_int_equal(interrupt_line(5)->notification.type, NACELLE_TYPE_NULL);
    for (uint64_t i = ROOT_FREE; i < ROOT_SLOTS; i++) {
        assert_int_equal(world_slot(i)->type, NACELLE_TYPE_NULL);
    }
}

static void bad_arguments(void **state)
{
    (void)state;
    assert_refused(
        world_invoke(ROOT_UNTYPED, NACELLE_UNTYPED_RETYPE, NACELLE_TYPE_ENDPOINT, ENDPOINT, 1, 0),
        NACELLE_ERROR_SLOT_OCCUPIED, 2);
    assert_refused(
        world_invoke(ROOT_UNTYPED, NACELLE_UNTYPED_RETYPE, NACELLE_TYPE_ENDPOINT, MORE, 65, 0),
        NACELLE_ERROR_OUT_OF_RANGE, 3);
    assert_refused(
        world_invoke(ROOT_UNTYPED, NACELLE_UNTYPED_RETYPE, NACELLE_TYPE_ENDPOINT, UINT64_MAX, 2, 0),
        NACELLE_ERROR_OUT_OF_RANGE, 2);
    assert_refused(
        world_invoke(ROOT_UNTYPED, NACELLE_UNTYPED_RETYPE, NACELLE_TYPE_ENDPOINT, MORE, 0, 0),
        NACELLE_ERROR_OUT_OF_RANGE, 3);
    assert_refused(
        world_invoke(ROOT_UNTYPED, NACELLE_UNTYPED_RETYPE, NACELLE_TYPE_IOPORT, MORE, 1, 0),
        NACELLE_ERROR_INVALID_ARGUMENT, 1);
    assert_refused(world_invoke(ROOT_UNTYPED, NACELLE_UNTYPED_RETYPE, NACELLE_TYPE_ENDPOINT, MORE,
                                1, ENDPOINT),
                   NACELLE_ERROR_WRONG_TYPE, 4);
    assert_refused(world_invoke(ROOT_UNTYPED, NACELLE_FRAME_INFO, 0, 0, 0, 0),
                   NACELLE_ERROR_WRONG_TYPE, 0);
    assert_refused(world_invoke(ROOT_UNTYPED, NACELLE_OPERATION(1, 9), 0, 0, 0, 0),
                   NACELLE_ERROR_INVALID_OPERATION, 0);
    assert_refused(world_invoke(ROOT_CSPACE, NACELLE_CSPACE_COPY, MORE, ROOT_UNTYPED, 15, 0),
                   NACELLE_ERROR_INVALID_ARGUMENT, 2);
    assert_refused(world_invoke(ROOT_CSPACE, NACELLE_CSPACE_COPY, 0, ENDPOINT, 15, 0),
                   NACELLE_ERROR_OUT_OF_RANGE, 1);
    assert_refused(world_invoke(ROOT_CSPACE, NACELLE_CSPACE_COPY, MORE, MORE, 15, 0),
                   NACELLE_ERROR_INVALID_CAPABILITY, 2);
    assert_refused(world_delete(MORE), NACELLE_ERROR_INVALID_CAPABILITY, 1);
    assert_refused(world_invoke(ROOT_PORTS, NACELLE_IOPORT_IN, 0xffff, 2, 0, 0),
                   NACELLE_ERROR_OUT_OF_RANGE, 1);
    assert_refused(world_invoke(ROOT_PORTS, NACELLE_IOPORT_IN, 0x10000, 1, 0, 0),
                   NACELLE_ERROR_OUT_OF_RANGE, 1);
    assert_refused(world_invoke(ROOT_PORTS, NACELLE_IOPORT_IN, 0x60, 3, 0, 0),
                   NACELLE_ERROR_INVALID_ARGUMENT, 2);
    assert_refused(world_invoke(A, NACELLE_THREAD_SET_PRIORITY, 32, 0, 0, 0),
                   NACELLE_ERROR_OUT_OF_RANGE, 1);
    assert_refused(world_invoke(A, NACELLE_THREAD_SET_PRIORITY, 1, 1, 0, 0),
                   NACELLE_ERROR_OUT_OF_RANGE, 2);
    assert_refused(world_invoke(A, NACELLE_THREAD_WRITE_REGISTER, 0, 1, 0, 0), NACELLE_ERROR_BUSY,
                   0);
    assert_refused(world_invoke(A, NACELLE_THREAD_READ_REGISTER, 18, 0, 0, 0),
                   NACELLE_ERROR_INVALID_REGISTER, 1);
}

/* --- vCPUs ------------------------------------------------------------------------------------ */

/* Everyone sleeps but the vCPU. */
static struct vcpu_object *run_vcpu_alone(void)
{
    struct vcpu_object *object = world_make_vcpu(VM);

    OK(world_invoke(A, NACELLE_THREAD_SUSPEND, 0, 0, 0, 0));
    send(b, NACELLE_RECEIVE, VM_ENDPOINT, 0);
    world.root->execution.suspended = true;
    schedule_update(world.root->execution.on);
    assert_int_equal(world_run(), WORLD_GUEST);
    assert_ptr_equal(world_guest, vcpu_engine(object));
    return object;
}

static void wake_root(void)
{
    world.root->execution.suspended = false;
    schedule_update(world.root->execution.on);
}

static void exits(void **state)
{
    struct vcpu_object *object = run_vcpu_alone();

    (void)state;
    world_exit(VCPU_SEND_EXIT, 77);
    assert_int_equal(world_run(), WORLD_THREAD);
    assert_ptr_equal(host_cpu.current, b);
    assert_int_equal(b->frame.rsi,
                     nacelle_tag(NACELLE_EXIT_CPUID, 4) | NACELLE_TAG_KERNEL | NACELLE_TAG_CALL);
    assert_int_equal(b->frame.r8, 77);
    assert_ptr_equal(b->execution.on, &object->execution.own); /* on the vCPU's time */
    assert_true((machine.cr0 & FAKE_TS) != 0);                 /* its FPU state stays */
    assert_ptr_equal(host_cpu.engine.fpu_owner, world_guest);
    send(b, NACELLE_REPLY_RECEIVE, VM_ENDPOINT, nacelle_tag(NACELLE_RESUME_ADVANCE, 0));
    assert_int_equal(world_run(), WORLD_GUEST);
    /* refused when it is resumed: another exit instead */
    world_exit(VCPU_SEND_EXIT, 78);
    world_run();
    send(b, NACELLE_REPLY_RECEIVE, VM_ENDPOINT, nacelle_tag(0x80, 0));
    vcpu_state(world_guest)->exit.kind = NACELLE_LABEL_FAULT; /* a forged label */
    assert_int_equal(world_run(), WORLD_THREAD);
    assert_int_equal(nacelle_tag_label(b->frame.rsi), NACELLE_EXIT_UNKNOWN);
}

/* Whoever else runs finds FPU registers that hold nothing, and null selectors. */
static void fpu_is_switched(void **state)
{
    struct vcpu_object *object = run_vcpu_alone();

    (void)state;
    memset(machine.fpu, 0x77, sizeof(machine.fpu)); /* the guest's */
    machine.data[0] = 0x33;
    world_exit(VCPU_SEND_EXIT, 1);
    wake_root();
    assert_int_equal(world_run(), WORLD_THREAD);
    assert_ptr_equal(host_cpu.current, world.root);
    assert_int_not_equal(machine.cr0 & FAKE_TS, 0);
    for (unsigned i = 0; i < sizeof(machine.fpu); i++) {
        assert_int_not_equal(machine.fpu[i], 0x77);
    }
    assert_int_equal(machine.data[0], 0);
    assert_int_equal(((uint8_t *)vcpu_state(vcpu_engine(object)))[VCPU_XSAVE_OFFSET], 0x77);
    OK(world_delete(VCPU));
    world_check();
}

static void pokes(void **state)
{
    run_vcpu_alone();
    (void)state;
    wake_root();
    for (unsigned i = 0; i < 3; i++) {
        OK(world_invoke(VCPU, NACELLE_VCPU_POKE, 0, 0, 0, 0));
    }
    world.root->execution.suspended = true;
    schedule_update(world.root->execution.on);
    world_exit(VCPU_HOST_INTERRUPT, VECTOR_TIMER);
    assert_int_equal(world_run(), WORLD_THREAD);
    assert_int_equal(nacelle_tag_label(b->frame.rsi), NACELLE_EXIT_POKE);
    send(b, NACELLE_REPLY_RECEIVE, VM_ENDPOINT, 0);
    assert_int_equal(world_run(), WORLD_GUEST); /* one message for all of them */
}

static void vcpu_deleted(void **state)
{
    (void)state;
    for (unsigned point = 0; point < 4; point++) {
        setup(state);
        run_vcpu_alone();
        if (point >= 1) { /* waits for the reply */
            world_exit(VCPU_SEND_EXIT, 1);
            world_run();
        }
        wake_root();
        if (point == 2) { /* sending */
            OK(world_invoke(B, NACELLE_THREAD_SUSPEND, 0, 0, 0, 0));
            OK(world_invoke(VCPU, NACELLE_VCPU_RESUME, 0, 0, 0, 0));
            world.root->execution.suspended = true;
            schedule_update(world.root->execution.on);
            assert_int_equal(world_run(), WORLD_GUEST);
            world_exit(VCPU_SEND_EXIT, 2);
            assert_int_equal(vcpu_object_of(world_guest)->execution.state, EXECUTION_SENDING);
            wake_root();
        }
        OK(world_delete(point == 3 ? VM : VCPU));
        world_check();
        assert_null(host_cpu.engine.current);
        assert_null(b->execution.caller);
        if (point == 3) {
            assert_refused(world_invoke(VCPU, NACELLE_VCPU_RESUME, 0, 0, 0, 0),
                           NACELLE_ERROR_NOT_CONFIGURED, 0);
            assert_refused(world_invoke(VCPU, NACELLE_VCPU_READ_REGISTER, 0, 0, 0, 0),
                           NACELLE_ERROR_NOT_CONFIGURED, 0);
        }
    }
}

/* A vCPU whose endpoint went can be given another. */
static void endpoint_of_vcpu_deleted(void **state)
{
    struct vcpu_object *object = run_vcpu_alone();

    (void)state;
    wake_root();
    OK(world_delete(VM_ENDPOINT));
    world.root->execution.suspended = true;
    schedule_update(world.root->execution.on);
    send(b, NACELLE_RECEIVE, ENDPOINT, 0);
    assert_int_equal(world_run(), WORLD_GUEST);
    world_exit(VCPU_SEND_EXIT, 1);
    assert_int_equal(object->execution.state, EXECUTION_REPLY);
    assert_int_equal(world_run(), WORLD_IDLE);
    wake_root();
    OK(world_invoke(VCPU, NACELLE_VCPU_CONFIGURE, VM, ENDPOINT, 0, 0));
    OK(world_invoke(VCPU, NACELLE_VCPU_RESUME, 0, 0, 0, 0));
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_CONFIGURE, VM, ENDPOINT, 0, 0),
                   NACELLE_ERROR_BUSY, 0);
    world.root->execution.suspended = true;
    schedule_update(world.root->execution.on);
    assert_int_equal(world_run(), WORLD_GUEST);
    world_exit(VCPU_SEND_EXIT, 5);
    assert_int_equal(world_run(), WORLD_THREAD);
    assert_int_equal(b->frame.r8, 5);
}

static void refused_state(void **state)
{
    (void)state;
    world_make_vcpu(VM);
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_STORE, NACELLE_GROUP_DEBUG, 0, 0, 0),
                   NACELLE_ERROR_BUSY, 0);
    OK(world_invoke(VCPU, NACELLE_VCPU_SUSPEND, 0, 0, 0, 0));
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_STORE, NACELLE_GROUP_DEBUG, 0, 0, 0),
                   NACELLE_ERROR_INVALID_STATE, 1);
    assert_int_equal(nacelle_tag_length(world_reply.tag), 3);
    assert_int_equal(world_reply.words[1], NACELLE_GROUP_DEBUG);
    assert_int_equal(world_reply.words[2], 22);
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_FETCH, NACELLE_GROUPS_ALL + 1, 0, 0, 0),
                   NACELLE_ERROR_INVALID_GROUP, 1);
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_READ_REGISTER, 16, 0, 0, 0),
                   NACELLE_ERROR_INVALID_REGISTER, 1);
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_READ_REGISTERS, 0x10000, 0, 0, 0),
                   NACELLE_ERROR_INVALID_REGISTER, 1);
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_WRITE_REGISTERS, 0x1f, 0, 0, 0),
                   NACELLE_ERROR_INVALID_ARGUMENT, NACELLE_CULPRIT_TAG);
    OK(world_invoke(VCPU, NACELLE_VCPU_WRITE_REGISTERS, 7, 10, 11, 12));
    OK(world_invoke(VCPU, NACELLE_VCPU_READ_REGISTERS, 0xffff, 0, 0, 0));
    assert_int_equal(nacelle_tag_length(world_reply.tag), 17);
    assert_int_equal(world_reply.words[3], 12);
    assert_int_equal(thread_buffer(world.root)->words[16], 0);
}

/* --- Time, interrupts ------------------------------------------------------------------------- */

/* The frame that is the virtual-APIC page stays one as long as the processor has it. */
static void virtual_apic_page(void **state)
{
    struct vcpu_object *object = world_make_vcpu(VM);
    const struct vcpu *vcpu = vcpu_engine(object);
    uint64_t page;

    (void)state;
    world_make(FRAME, NACELLE_TYPE_FRAME, 12);
    page = world_slot(FRAME)->object;
    OK(world_invoke(VCPU, NACELLE_VCPU_SET_APIC, 0, 0, 0, 0)); /* there was none */
    for (unsigned end = 0; end < 5; end++) {
        OK(world_invoke(ROOT_CSPACE, NACELLE_CSPACE_COPY, SPARE, FRAME, 15, 0));
        OK(world_invoke(VCPU, NACELLE_VCPU_SET_APIC, SPARE, 0, 0, 0)); /* it runs */
        assert_int_equal(fake_vcpu_apic(vcpu), page);
        OK(world_invoke(VCPU, NACELLE_VCPU_SET_APIC, SPARE, 0, 0, 0));
        world_check();
        if (end == 0) {
            OK(world_invoke(VCPU, NACELLE_VCPU_SET_APIC, 0, 0, 0, 0));
        } else if (end == 1) {
            OK(world_delete(SPARE));
        } else if (end == 2) {
            OK(world_invoke(ROOT_CSPACE, NACELLE_CSPACE_REVOKE, FRAME, 0, 0, 0));
        } else if (end == 3) {
            OK(world_invoke(VCPU, NACELLE_VCPU_SUSPEND, 0, 0, 0, 0));
            OK(world_invoke(VCPU, NACELLE_VCPU_CONFIGURE, VM, VM_ENDPOINT, 0, 0));
        } else {
            OK(world_delete(VM)); /* and then the page of a vCPU without a VM */
        }
        if (end < 4) {
            assert_int_equal(fake_vcpu_apic(vcpu), 0);
        }
        if (world_slot(SPARE)->type != NACELLE_TYPE_NULL) {
            OK(world_delete(SPARE));
        }
        world_check();
    }
    OK(world_delete(VCPU));
    world_check();
}

static void virtual_apic_page_refused(void **state)
{
    struct vcpu_object *object = world_make_vcpu(VM);
    const struct vcpu *vcpu = vcpu_engine(object);

    (void)state;
    world_make(FRAME, NACELLE_TYPE_FRAME, 12);
    world_make(MORE, NACELLE_TYPE_FRAME, 21);
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_SET_APIC, SPARE, 0, 0, 0),
                   NACELLE_ERROR_INVALID_CAPABILITY, 1);
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_SET_APIC, VM, 0, 0, 0), NACELLE_ERROR_WRONG_TYPE,
                   1);
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_SET_APIC, MORE, 0, 0, 0),
                   NACELLE_ERROR_INVALID_ARGUMENT, 1);
    OK(world_invoke(ROOT_CSPACE, NACELLE_CSPACE_COPY, SPARE, FRAME, NACELLE_RIGHT_READ, 0));
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_SET_APIC, SPARE, 0, 0, 0),
                   NACELLE_ERROR_MISSING_RIGHT, 1);
    world_slot(FRAME)->flags |= SLOT_DEVICE;
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_SET_APIC, FRAME, 0, 0, 0),
                   NACELLE_ERROR_INVALID_ARGUMENT, 1);
    world_slot(FRAME)->flags &= (uint8_t)~SLOT_DEVICE;
    world_lacks_apic = true;
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_SET_APIC, FRAME, 0, 0, 0),
                   NACELLE_ERROR_UNSUPPORTED, 0);
    assert_int_equal(fake_vcpu_apic(vcpu), 0);
    world_check();
    OK(world_delete(VM));
    assert_refused(world_invoke(VCPU, NACELLE_VCPU_SET_APIC, 0, 0, 0, 0),
                   NACELLE_ERROR_NOT_CONFIGURED, 0);
}

static void priorities(void **state)
{
    (void)state;
    OK(world_invoke(A, NACELLE_THREAD_SET_PRIORITY, 5, 0, 0, 0));
    OK(world_invoke(B, NACELLE_THREAD_SET_PRIORITY, 5, WORLD_HZ / 1000, 0, 0));
    world.root->execution.suspended = true;
    schedule_update(world.root->execution.on);
    world_run();
    assert_ptr_equal(host_cpu.current, a);
    send(a, NACELLE_YIELD, 0, 0);
    world_run();
    assert_ptr_equal(host_cpu.current, b);
    machine.tsc += WORLD_HZ / 2000; /* half of its slice */
    schedule_tick();
    world_run();
    assert_ptr_equal(host_cpu.current, b);
    assert_true(host_cpu.timer_deadline <= machine.tsc + WORLD_HZ / 2000);
    machine.tsc += WORLD_HZ / 1000;
    world_timer_settings = 0;
    schedule_tick();
    assert_ptr_equal(host_cpu.charged, a->execution.on); /* from the end of the other's slice on */
    world_run();
    assert_ptr_equal(host_cpu.current, a);
    assert_int_equal(world_timer_settings, 1); /* once for the switch */
    wake_root();                               /* more important: at once */
    world_run();
    assert_ptr_equal(host_cpu.current, world.root);
}

static uint64_t ticks_of(uint64_t thread)
{
    OK(world_invoke(thread, NACELLE_THREAD_STATISTICS, 0, 0, 0, 0));
    return world_reply.words[0];
}

/* Whoever runs pays, up to the moment of the question; nobody else does. */
static void ticks(void **state)
{
    uint64_t before_a, before_b;

    (void)state;
    OK(world_invoke(A, NACELLE_THREAD_SET_PRIORITY, 5, 0, 0, 0));
    before_a = ticks_of(A);
    before_b = ticks_of(B);
    world.root->execution.suspended = true;
    schedule_update(world.root->execution.on);
    world_run();
    assert_ptr_equal(host_cpu.current, a);
    machine.tsc += 5000;
    wake_root();
    world_run();
    assert_in_range(ticks_of(A) - before_a, 5000, 5100);
    assert_int_equal(ticks_of(B), before_b);
    machine.tsc += 5000;
    assert_in_range(ticks_of(A) - before_a, 5000, 5100);
}

static void statistics_of_a_vcpu(void **state)
{
    (void)state;
    world_make_vcpu(VM);
    OK(world_invoke(VCPU, NACELLE_VCPU_STATISTICS, 0, 0, 0, 0));
    assert_int_equal(nacelle_tag_length(world_reply.tag), 10);
    assert_int_equal(thread_buffer(world.root)->words[5], 41);
    for (unsigned word = 7; word < 10; word++)
        assert_int_equal(thread_buffer(world.root)->words[word], 42 + word - 7);
}

static void interrupts(void **state)
{
    (void)state;
    assert_refused(world_invoke(ROOT_LINE, NACELLE_INTERRUPT_ACKNOWLEDGE, 0, 0, 0, 0),
                   NACELLE_ERROR_NOT_CONFIGURED, 0);
    OK(world_invoke(ROOT_CSPACE, NACELLE_CSPACE_COPY, SPARE, NOTIFICATION, 15, 0x40));
    OK(world_invoke(ROOT_LINE, NACELLE_INTERRUPT_BIND, SPARE, 0, 0, 0));
    OK(world_invoke(ROOT_LINE, NACELLE_INTERRUPT_ACKNOWLEDGE, 0, 0, 0, 0));
    assert_int_equal(machine.ports[0x21] & 1u << 5, 0); /* OCW1: not masked */
    send(a, NACELLE_RECEIVE, NOTIFICATION, 0);
    interrupt_handle(VECTOR_IRQ_BASE + 5);
    assert_int_equal(a->frame.r8, 0x40);
    assert_int_not_equal(machine.ports[0x21] & 1u << 5, 0);
    OK(world_invoke(ROOT_LINE, NACELLE_INTERRUPT_ACKNOWLEDGE, 0, 0, 0, 0));
    OK(world_delete(SPARE)); /* the capability that was bound */
    assert_int_not_equal(machine.ports[0x21] & 1u << 5, 0);
    interrupt_handle(VECTOR_IRQ_BASE + 5);
    world_check();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        TEST(half_deleted_space_copy),
        TEST(half_deleted_space_message),
        TEST(nested_spaces),
        TEST(suicide),
        TEST(own_space_deleted),
        TEST(unmapping_flushes),
        TEST(huge_pages_only_where_they_exist),
        TEST(retyping_by_turns),
        TEST(revoke_everything),
        TEST(bad_arguments),
        TEST(exits),
        TEST(fpu_is_switched),
        TEST(pokes),
        TEST(vcpu_deleted),
        TEST(endpoint_of_vcpu_deleted),
        TEST(refused_state),
        TEST(virtual_apic_page),
        TEST(virtual_apic_page_refused),
        TEST(priorities),
        TEST(ticks),
        TEST(statistics_of_a_vcpu),
        TEST(interrupts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
