/* SPDX-License-Identifier: BSD-2-Clause */
/* IPC and scheduling contexts: calls, donation, replies, faults, and parties that go away. */
#include "world.h"

#include "schedule.h"

enum {
    ENDPOINT = ROOT_FREE,
    ENDPOINT2,
    NOTIFICATION,
    A,
    B,
    C,
    SPARE,
    VM, /* and its endpoint and vCPU */
    VM_ENDPOINT,
    VCPU,
    MORE
};

static struct thread *a, *b, *c;

static int setup(void **state)
{
    (void)state;
    world_start();
    world_make(ENDPOINT, NACELLE_TYPE_ENDPOINT, 0);
    world_make(ENDPOINT2, NACELLE_TYPE_ENDPOINT, 0);
    world_make(NOTIFICATION, NACELLE_TYPE_NOTIFICATION, 0);
    a = world_make_thread(A, 0);
    b = world_make_thread(B, 0);
    c = world_make_thread(C, 0);
    world_check();
    return 0;
}

static void send(struct thread *thread, unsigned system_call, uint64_t slot, uint32_t label,
                 uint64_t word)
{
    const struct message message = {
        .capability = slot, .tag = nacelle_tag(label, 1), .words = {word}};

    world_system_call(thread, system_call, &message);
    world_check();
}

static void receive(struct thread *thread, uint64_t slot)
{
    send(thread, NACELLE_RECEIVE, slot, 0, 0);
}

static unsigned state_of(const struct thread *thread)
{
    return thread->execution.state;
}

static void assert_error(const struct thread *thread, enum nacelle_error error)
{
    uint64_t tag = thread->frame.rsi;

    assert_true((tag & NACELLE_TAG_ERROR) != 0);
    assert_int_equal(nacelle_tag_label(tag), error);
}

static void assert_message(const struct thread *thread, uint64_t tag_flags, uint32_t label,
                           uint64_t word)
{
    assert_int_equal(thread->frame.rsi, nacelle_tag(label, 1) | tag_flags);
    assert_int_equal(thread->frame.r8, word);
}

/* Caller first or receiver first: the same comes out. */
static void call_and_reply(void **state)
{
    (void)state;
    for (unsigned caller_first = 0; caller_first < 2; caller_first++) {
        if (caller_first == 0) {
            receive(b, ENDPOINT);
            assert_int_equal(state_of(b), EXECUTION_RECEIVING);
        }
        send(a, NACELLE_CALL, ENDPOINT, 7, 42);
        if (caller_first != 0) {
            assert_int_equal(state_of(a), EXECUTION_SENDING);
            receive(b, ENDPOINT);
        }
        assert_int_equal(state_of(a), EXECUTION_REPLY);
        assert_int_equal(state_of(b), EXECUTION_RUNNABLE);
        assert_message(b, NACELLE_TAG_CALL, 7, 42);
        assert_ptr_equal(b->execution.on, &a->execution.own); /* b works on the time of a */
        assert_false(b->execution.own.ready);

        send(b, NACELLE_REPLY, 0, 9, 43);
        assert_int_equal(state_of(a), EXECUTION_RUNNABLE);
        assert_message(a, 0, 9, 43);
        assert_int_equal(b->frame.rsi, 0);
        assert_ptr_equal(b->execution.on, &b->execution.own);
    }
}

static void one_way(void **state)
{
    (void)state;
    send(a, NACELLE_SEND, ENDPOINT, 1, 10);
    assert_int_equal(state_of(a), EXECUTION_SENDING);
    send(b, NACELLE_SEND, ENDPOINT, 2, 20);
    receive(c, ENDPOINT);
    assert_message(c, 0, 1, 10); /* first come, first served */
    assert_int_equal(state_of(a), EXECUTION_RUNNABLE);
    assert_int_equal(a->frame.rsi, 0);
    assert_null(c->execution.caller);
    receive(c, ENDPOINT);
    assert_message(c, 0, 2, 20);
    send(c, NACELLE_REPLY, 0, 0, 0);
    assert_error(c, NACELLE_ERROR_WOULD_BLOCK);
}

static void long_message(void **state)
{
    struct message message = {.capability = ENDPOINT, .tag = nacelle_tag(5, 64)};

    (void)state;
    for (unsigned i = 0; i < NACELLE_MESSAGE_WORDS; i++) {
        thread_buffer(a)->words[i] = 1000 + i;
        thread_buffer(b)->words[i] = 0;
    }
    receive(b, ENDPOINT);
    world_system_call(a, NACELLE_CALL, &message);
    for (unsigned i = 0; i < NACELLE_MESSAGE_WORDS; i++) {
        assert_int_equal(thread_buffer(b)->words[i], i < 4 ? 0 : 1000 + i);
    }
    message.tag = nacelle_tag(5, 65);
    world_system_call(b, NACELLE_REPLY, &message);
    assert_error(b, NACELLE_ERROR_MESSAGE_TOO_LONG);
    assert_int_equal(state_of(a), EXECUTION_REPLY); /* an operation that fails changes nothing */
    world_system_call(c, NACELLE_CALL, &message);
    assert_error(c, NACELLE_ERROR_MESSAGE_TOO_LONG);
    message.tag = nacelle_tag(5, 127);
    world_system_call(c, NACELLE_SEND, &message);
    assert_error(c, NACELLE_ERROR_MESSAGE_TOO_LONG);
}

/* A calls B calls C, all on the time of A. */
static void make_chain(void)
{
    receive(b, ENDPOINT);
    receive(c, ENDPOINT2);
    send(a, NACELLE_CALL, ENDPOINT, 1, 0);
    send(b, NACELLE_CALL, ENDPOINT2, 2, 0);
    assert_ptr_equal(c->execution.on, &a->execution.own);
    assert_ptr_equal(a->execution.own.runner, &c->execution);
    assert_true(a->execution.own.ready);
    assert_false(b->execution.own.ready || c->execution.own.ready);
}

static void chain_returns(void **state)
{
    (void)state;
    make_chain();
    send(c, NACELLE_REPLY, 0, 3, 30);
    assert_message(b, 0, 3, 30);
    assert_ptr_equal(a->execution.own.runner, &b->execution);
    assert_true(c->execution.own.ready);
    send(b, NACELLE_REPLY, 0, 4, 40);
    assert_message(a, 0, 4, 40);
}

/* The first of the chain goes: the others go on, on the time of the second. */
static void chain_loses_first(void **state)
{
    (void)state;
    make_chain();
    assert_int_equal(world_delete(A), NACELLE_ERROR_OK);
    world_check();
    assert_ptr_equal(c->execution.on, &b->execution.own);
    assert_true(b->execution.own.ready);
    send(c, NACELLE_REPLY, 0, 3, 30);
    assert_message(b, 0, 3, 30);
    send(b, NACELLE_REPLY, 0, 4, 40);
    assert_error(b, NACELLE_ERROR_WOULD_BLOCK); /* nobody waits any more */
}

static void chain_loses_middle(void **state)
{
    (void)state;
    make_chain();
    assert_int_equal(world_delete(B), NACELLE_ERROR_OK);
    world_check();
    assert_error(a, NACELLE_ERROR_DELETED);
    assert_int_equal(state_of(a), EXECUTION_RUNNABLE);
    assert_ptr_equal(c->execution.on, &c->execution.own);
    send(c, NACELLE_REPLY, 0, 3, 30);
    assert_error(c, NACELLE_ERROR_WOULD_BLOCK);
}

static void chain_loses_last(void **state)
{
    (void)state;
    make_chain();
    assert_int_equal(world_delete(C), NACELLE_ERROR_OK);
    world_check();
    assert_error(b, NACELLE_ERROR_DELETED);
    assert_ptr_equal(b->execution.on, &a->execution.own);
    send(b, NACELLE_REPLY, 0, 4, 40);
    assert_message(a, 0, 4, 40);
}

/* Suspending each of the chain: its call fails, and it can go on later. */
static void chain_suspended(void **state)
{
    (void)state;
    make_chain();
    assert_int_equal(world_invoke(B, NACELLE_THREAD_SUSPEND, 0, 0, 0, 0), NACELLE_ERROR_OK);
    world_check();
    assert_error(b, NACELLE_ERROR_DELETED);
    assert_ptr_equal(c->execution.on, &c->execution.own);
    assert_false(a->execution.own.ready); /* waits for b, which is suspended */
    assert_int_equal(world_invoke(B, NACELLE_THREAD_RESUME, 0, 0, 0, 0), NACELLE_ERROR_OK);
    world_check();
    assert_true(a->execution.own.ready);
    send(b, NACELLE_REPLY, 0, 4, 40);
    assert_message(a, 0, 4, 40);
}

/* A replier that receives again without a reply: the caller is told. */
static void forgotten_caller(void **state)
{
    (void)state;
    receive(b, ENDPOINT);
    send(a, NACELLE_CALL, ENDPOINT, 1, 0);
    receive(b, ENDPOINT);
    assert_error(a, NACELLE_ERROR_DELETED);
    assert_int_equal(state_of(b), EXECUTION_RECEIVING);
    send(a, NACELLE_CALL, ENDPOINT, 1, 5);
    assert_message(b, NACELLE_TAG_CALL, 1, 5);
    send(b, NACELLE_POLL, ENDPOINT, 0, 0);
    assert_error(b, NACELLE_ERROR_WOULD_BLOCK);
    assert_error(a, NACELLE_ERROR_DELETED);
}

static void reply_receive(void **state)
{
    (void)state;
    send(b, NACELLE_REPLY_RECEIVE, ENDPOINT, 0, 0); /* without a caller: receives */
    assert_int_equal(state_of(b), EXECUTION_RECEIVING);
    send(a, NACELLE_CALL, ENDPOINT, 1, 1);
    send(c, NACELLE_CALL, ENDPOINT, 2, 2);
    send(b, NACELLE_REPLY_RECEIVE, ENDPOINT, 10, 11);
    assert_message(a, 0, 10, 11);
    assert_message(b, NACELLE_TAG_CALL, 2, 2);
    assert_ptr_equal(b->execution.on, &c->execution.own);
    /* a wrong capability: nothing is replied */
    send(b, NACELLE_REPLY_RECEIVE, ROOT_UNTYPED, 20, 21);
    assert_error(b, NACELLE_ERROR_WRONG_TYPE);
    assert_int_equal(state_of(c), EXECUTION_REPLY);
}

/* An endpoint with a queue is deleted: everyone in it is told. */
static void endpoint_deleted(void **state)
{
    (void)state;
    send(a, NACELLE_CALL, ENDPOINT, 1, 0);
    send(b, NACELLE_SEND, ENDPOINT, 2, 0);
    receive(c, ENDPOINT2);
    assert_int_equal(world_delete(ENDPOINT), NACELLE_ERROR_OK);
    assert_int_equal(world_delete(ENDPOINT2), NACELLE_ERROR_OK);
    world_check();
    assert_error(a, NACELLE_ERROR_DELETED);
    assert_error(b, NACELLE_ERROR_DELETED);
    assert_error(c, NACELLE_ERROR_DELETED);
    send(a, NACELLE_CALL, ENDPOINT, 1, 0);
    assert_error(a, NACELLE_ERROR_INVALID_CAPABILITY);
}

/* A message that was received can still be answered when its endpoint is gone. */
static void endpoint_deleted_after_receive(void **state)
{
    (void)state;
    receive(b, ENDPOINT);
    send(a, NACELLE_CALL, ENDPOINT, 1, 0);
    assert_int_equal(world_delete(ENDPOINT), NACELLE_ERROR_OK);
    send(b, NACELLE_REPLY, 0, 8, 80);
    assert_message(a, 0, 8, 80);
}

static void rights(void **state)
{
    (void)state;
    assert_int_equal(
        world_invoke(ROOT_CSPACE, NACELLE_CSPACE_COPY, SPARE, ENDPOINT, NACELLE_RIGHT_READ, 0),
        NACELLE_ERROR_OK);
    send(a, NACELLE_CALL, SPARE, 0, 0);
    assert_error(a, NACELLE_ERROR_MISSING_RIGHT);
    send(a, NACELLE_SEND, SPARE, 0, 0);
    assert_error(a, NACELLE_ERROR_MISSING_RIGHT);
    receive(a, SPARE);
    assert_int_equal(state_of(a), EXECUTION_RECEIVING);
    assert_int_equal(
        world_invoke(ROOT_CSPACE, NACELLE_CSPACE_COPY, MORE, ENDPOINT, NACELLE_RIGHT_WRITE, 99),
        NACELLE_ERROR_OK);
    receive(b, MORE);
    assert_error(b, NACELLE_ERROR_MISSING_RIGHT);
    send(b, NACELLE_CALL, MORE, 3, 4);
    assert_int_equal(a->frame.rdi, 99); /* the badge */
    assert_message(a, NACELLE_TAG_CALL, 3, 4);
}

static void grant(struct thread *from, struct thread *to, uint64_t by, bool works)
{
    const struct message message = {.capability = by,
                                    .tag = nacelle_tag(0, 0) | NACELLE_TAG_CAPABILITY};

    thread_buffer(from)->send_slot = NOTIFICATION;
    thread_buffer(to)->receive_slot = SPARE;
    receive(to, ENDPOINT);
    world_system_call(from, NACELLE_SEND, &message);
    world_check();
    assert_int_equal((to->frame.rsi & NACELLE_TAG_CAPABILITY) != 0, works);
    assert_int_equal(world_slot(SPARE)->type, works ? NACELLE_TYPE_NOTIFICATION : 0);
}

static void granted_capability(void **state)
{
    (void)state;
    assert_int_equal(
        world_invoke(ROOT_CSPACE, NACELLE_CSPACE_COPY, MORE, ENDPOINT, NACELLE_RIGHT_WRITE, 0),
        NACELLE_ERROR_OK);
    grant(a, b, MORE, false); /* no right to grant */
    grant(a, b, ENDPOINT, true);
    assert_ptr_equal(world_slot(SPARE)->previous, world_slot(NOTIFICATION));
    /* the slot is taken now: the message goes without */
    thread_buffer(b)->receive_slot = SPARE;
    receive(b, ENDPOINT);
    send(a, NACELLE_SEND, ENDPOINT, 0, 0);
    assert_int_equal(b->frame.rsi & NACELLE_TAG_CAPABILITY, 0);
    assert_int_equal(world_delete(NOTIFICATION), NACELLE_ERROR_OK);
    assert_int_equal(world_slot(SPARE)->type, NACELLE_TYPE_NULL);
}

static void fault(struct thread *thread)
{
    assert_true(execution_can_run(&thread->execution));
    thread->entered_by = ENTERED_BY_TRAP;
    thread->frame.vector = 14;
    thread->frame.error = 6;
    thread_fault(thread, 0xdead000);
    world_check();
}

static void fault_handled(void **state)
{
    struct thread *d = world_make_thread(MORE, ENDPOINT);

    (void)state;
    fault(d);
    receive(b, ENDPOINT);
    assert_int_equal(b->frame.rsi,
                     nacelle_tag(NACELLE_LABEL_FAULT, 4) | NACELLE_TAG_KERNEL | NACELLE_TAG_CALL);
    assert_int_equal(b->frame.r8, 14);
    assert_int_equal(b->frame.r9, 6);
    assert_int_equal(b->frame.r10, d->frame.rip);
    assert_int_equal(b->frame.rax, 0xdead000);
    d->frame.rax = 77;
    send(b, NACELLE_REPLY, 0, 0, 0);
    assert_int_equal(state_of(d), EXECUTION_RUNNABLE);
    assert_int_equal(d->frame.rax, 77); /* the reply changes no register */
    fault(d);
    receive(b, ENDPOINT);
    send(b, NACELLE_REPLY, 0, 1, 0); /* not to go on */
    assert_false(execution_can_run(&d->execution));
    assert_int_equal(world_invoke(MORE, NACELLE_THREAD_RESUME, 0, 0, 0, 0), NACELLE_ERROR_OK);
    assert_true(execution_can_run(&d->execution));
}

static void fault_without_handler(void **state)
{
    struct thread *d = world_make_thread(MORE, ENDPOINT);

    (void)state;
    fault(a); /* has none */
    assert_int_equal(state_of(a), EXECUTION_STOPPED);
    fault(d);
    assert_int_equal(world_delete(ENDPOINT), NACELLE_ERROR_OK);
    world_check();
    assert_int_equal(state_of(d), EXECUTION_STOPPED);
    assert_false(d->in_fault);
}

/* The handler of a fault goes away, or forgets it: the thread stops, and can be started again. */
static void fault_forgotten(void **state)
{
    struct thread *d = world_make_thread(MORE, ENDPOINT);

    (void)state;
    fault(d);
    receive(b, ENDPOINT);
    receive(b, ENDPOINT);
    assert_int_equal(state_of(d), EXECUTION_STOPPED);
    assert_int_equal(world_invoke(MORE, NACELLE_THREAD_RESUME, 0, 0, 0, 0), NACELLE_ERROR_OK);
    fault(d);
    assert_int_equal(world_delete(B), NACELLE_ERROR_OK);
    world_check();
    assert_int_equal(state_of(d), EXECUTION_STOPPED);
}

/* New registers end whatever long operation the thread was in the middle of. */
static void restart_forgotten(void **state)
{
    const struct message message = {
        .capability = ROOT_UNTYPED,
        .tag = nacelle_tag(NACELLE_UNTYPED_RETYPE, 4),
        .words = {NACELLE_TYPE_FRAME | 21 << 8, MORE, 1, 0},
    };
    struct frame *frame = &a->frame;

    (void)state;
    frame->rdi = message.capability;
    frame->rsi = message.tag;
    frame->r8 = message.words[0];
    frame->r9 = message.words[1];
    frame->r10 = message.words[2];
    frame->rax = message.words[3];
    system_call(a);
    assert_true(a->restart);
    assert_int_equal(world_invoke(A, NACELLE_THREAD_SUSPEND, 0, 0, 0, 0), NACELLE_ERROR_OK);
    assert_int_equal(world_invoke(A, NACELLE_THREAD_SET_REGISTERS, 0x1000, 0x2000, 1, 2),
                     NACELLE_ERROR_OK);
    assert_false(a->restart);
    assert_int_equal(frame->rsi, 2);
}

static void notifications(void **state)
{
    (void)state;
    send(a, NACELLE_RECEIVE, NOTIFICATION, 0, 0);
    send(b, NACELLE_RECEIVE, NOTIFICATION, 0, 0);
    assert_int_equal(world_invoke(ROOT_CSPACE, NACELLE_CSPACE_COPY, SPARE, NOTIFICATION, 15, 0x30),
                     NACELLE_ERROR_OK);
    send(c, NACELLE_SEND, SPARE, 0, 0);
    assert_message(a, NACELLE_TAG_KERNEL, NACELLE_LABEL_NOTIFICATION, 0x30); /* one waiter */
    assert_int_equal(state_of(b), EXECUTION_RECEIVING);
    send(c, NACELLE_SEND, NOTIFICATION, 0, 0);
    assert_message(b, NACELLE_TAG_KERNEL, NACELLE_LABEL_NOTIFICATION, 1);
    send(c, NACELLE_SEND, NOTIFICATION, 0, 0);
    send(c, NACELLE_SEND, SPARE, 0, 0);
    send(a, NACELLE_POLL, NOTIFICATION, 0, 0);
    assert_message(a, NACELLE_TAG_KERNEL, NACELLE_LABEL_NOTIFICATION, 0x31); /* all at once */
    send(a, NACELLE_POLL, NOTIFICATION, 0, 0);
    assert_error(a, NACELLE_ERROR_WOULD_BLOCK);
}

static void bound_notification(void **state)
{
    (void)state;
    send(c, NACELLE_SEND, NOTIFICATION, 0, 0); /* before it is bound: not lost */
    receive(a, ENDPOINT);
    assert_int_equal(world_invoke(NOTIFICATION, NACELLE_NOTIFICATION_BIND, ENDPOINT, 0, 0, 0),
                     NACELLE_ERROR_OK);
    world_check();
    assert_message(a, NACELLE_TAG_KERNEL, NACELLE_LABEL_NOTIFICATION, 1);
    send(c, NACELLE_SEND, NOTIFICATION, 0, 0);
    send(b, NACELLE_CALL, ENDPOINT, 6, 60);
    receive(a, ENDPOINT);
    assert_message(a, NACELLE_TAG_KERNEL, NACELLE_LABEL_NOTIFICATION, 1);
    receive(a, ENDPOINT);
    assert_message(a, NACELLE_TAG_CALL, 6, 60);
    /* a second notification, and another endpoint */
    world_make(MORE, NACELLE_TYPE_NOTIFICATION, 0);
    assert_int_equal(world_invoke(MORE, NACELLE_NOTIFICATION_BIND, ENDPOINT, 0, 0, 0),
                     NACELLE_ERROR_BUSY);
    assert_int_equal(world_invoke(NOTIFICATION, NACELLE_NOTIFICATION_BIND, ENDPOINT2, 0, 0, 0),
                     NACELLE_ERROR_OK);
    world_check();
    assert_int_equal(world_invoke(MORE, NACELLE_NOTIFICATION_BIND, ENDPOINT, 0, 0, 0),
                     NACELLE_ERROR_OK);
    assert_int_equal(world_delete(ENDPOINT), NACELLE_ERROR_OK);
    assert_int_equal(world_delete(NOTIFICATION), NACELLE_ERROR_OK);
    world_check();
}

static void timer(void **state)
{
    (void)state;
    receive(a, NOTIFICATION);
    machine.tsc = 1000;
    assert_int_equal(world_invoke(NOTIFICATION, NACELLE_NOTIFICATION_SET_TIMER, 5000, 0, 0, 0),
                     NACELLE_ERROR_OK);
    assert_int_equal(host_cpu.timer_deadline, 5000);
    schedule_tick();
    assert_int_equal(state_of(a), EXECUTION_RECEIVING);
    machine.tsc = 5000;
    schedule_tick();
    assert_message(a, NACELLE_TAG_KERNEL, NACELLE_LABEL_NOTIFICATION, 1);
    assert_null(host_cpu.timers);
    assert_int_equal(world_invoke(NOTIFICATION, NACELLE_NOTIFICATION_SET_TIMER, 9000, 0, 0, 0),
                     NACELLE_ERROR_OK);
    assert_int_equal(world_invoke(NOTIFICATION, NACELLE_NOTIFICATION_SET_TIMER, 0, 0, 0, 0),
                     NACELLE_ERROR_OK);
    assert_null(host_cpu.timers);
    assert_int_equal(world_invoke(NOTIFICATION, NACELLE_NOTIFICATION_SET_TIMER, 9000, 0, 0, 0),
                     NACELLE_ERROR_OK);
    assert_int_equal(world_delete(NOTIFICATION), NACELLE_ERROR_OK);
    assert_null(host_cpu.timers);
    world_check();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        TEST(call_and_reply),
        TEST(one_way),
        TEST(long_message),
        TEST(chain_returns),
        TEST(chain_loses_first),
        TEST(chain_loses_middle),
        TEST(chain_loses_last),
        TEST(chain_suspended),
        TEST(forgotten_caller),
        TEST(reply_receive),
        TEST(endpoint_deleted),
        TEST(endpoint_deleted_after_receive),
        TEST(rights),
        TEST(granted_capability),
        TEST(fault_handled),
        TEST(fault_without_handler),
        TEST(fault_forgotten),
        TEST(restart_forgotten),
        TEST(notifications),
        TEST(bound_notification),
        TEST(timer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
