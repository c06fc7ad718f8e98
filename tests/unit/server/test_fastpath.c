/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast path: when a pair is armed and when not, what the two tell each other, and that whatever
 * comes in between finds everything as if the fast path were not there.
 */
#include "world.h"

#include "aspace.h"
#include "fpu.h"
#include "schedule.h"
#include <nacelle/exit.h>

enum {
    ENDPOINT = ROOT_FREE,
    OTHER_ENDPOINT,
    NOTIFICATION,
    CALLER,
    HANDLER,
    THIRD,
    VM, /* and its endpoint and vCPU */
    EXITS,
    VCPU,
    CALL_SLOT, /* a copy of ENDPOINT with a badge */
    RECEIVE_SLOT,
    CSPACE,
    ASPACE,
    SPARE
};

#define BADGE 77u

/* Of the tag: NACELLE_REPLY_RECEIVE is this one. */
#define REPLY_RECEIVE_BIT (NACELLE_TAG_SYSTEM_CALL_SHIFT + 2)

static struct thread *caller, *handler, *third;
static struct vcpu_object *object;
static uint64_t next_rip;

/* The root makes a call; it runs at no other time. */
static enum nacelle_error root(uint64_t slot, uint32_t operation, uint64_t w0, uint64_t w1,
                               uint64_t w2, uint64_t w3)
{
    struct execution *execution = &world.root->execution;
    enum nacelle_error error;

    world_interrupt_running();
    world_check();
    execution->suspended = false;
    schedule_update(execution->on);
    error = world_invoke(slot, operation, w0, w1, w2, w3);
    execution->suspended = true;
    schedule_update(execution->on);
    world_check();
    return error;
}

static void root_ok(uint64_t slot, uint32_t operation, uint64_t w0, uint64_t w1, uint64_t w2,
                    uint64_t w3)
{
    assert_int_equal(root(slot, operation, w0, w1, w2, w3), NACELLE_ERROR_OK);
}

static int setup(void **state)
{
    (void)state;
    world_start();
    world_arms = true;
    world_make(ENDPOINT, NACELLE_TYPE_ENDPOINT, 0);
    world_make(OTHER_ENDPOINT, NACELLE_TYPE_ENDPOINT, 0);
    world_make(NOTIFICATION, NACELLE_TYPE_NOTIFICATION, 0);
    world_make(CSPACE, NACELLE_TYPE_CSPACE, 12);
    world_make(ASPACE, NACELLE_TYPE_ASPACE, 15);
    caller = world_make_thread(CALLER, 0);
    handler = world_make_thread(HANDLER, 0);
    third = world_make_thread(THIRD, 0);
    object = world_make_vcpu(VM);
    assert_int_equal(world_invoke(ROOT_CSPACE, NACELLE_CSPACE_COPY, CALL_SLOT, ENDPOINT,
                                  NACELLE_RIGHTS_ALL, BADGE),
                     NACELLE_ERROR_OK);
    /* Only who takes part runs: the others are let go by the tests that need them. */
    assert_int_equal(world_invoke(THIRD, NACELLE_THREAD_SUSPEND, 0, 0, 0, 0), NACELLE_ERROR_OK);
    assert_int_equal(world_invoke(HANDLER, NACELLE_THREAD_SET_PRIORITY, 1, 0, 0, 0),
                     NACELLE_ERROR_OK);
    world.root->execution.suspended = true;
    schedule_update(world.root->execution.on);
    next_rip = 0x10000;
    return 0;
}

static struct message message_to(uint64_t slot, uint32_t label, unsigned length, uint64_t word)
{
    return (struct message){.capability = slot,
                            .tag = nacelle_tag(label, length),
                            .words = {word, word + 1, word + 2, word + 3}};
}

static void assert_words(const struct thread *thread, uint64_t word)
{
    assert_int_equal(thread->frame.r8, word);
    assert_int_equal(thread->frame.r9, word + 1);
    assert_int_equal(thread->frame.r10, word + 2);
    assert_int_equal(thread->frame.rax, word + 3);
}

static void assert_error(const struct thread *thread, enum nacelle_error error)
{
    assert_true((thread->frame.rsi & NACELLE_TAG_ERROR) != 0);
    assert_int_equal(nacelle_tag_label(thread->frame.rsi), error);
}

static bool is_armed(void)
{
    world_check();
    return host_cpu.pair.handler != NULL;
}

static void assert_runs(struct thread *thread)
{
    assert_int_equal(world_run(), WORLD_THREAD);
    assert_ptr_equal(host_cpu.current, thread);
    world_check();
}

static void assert_guest_runs(void)
{
    assert_int_equal(world_run(), WORLD_GUEST);
    assert_ptr_equal(world_guest, vcpu_engine(object));
    world_check();
}

static void slow(struct thread *thread, unsigned number, struct message message)
{
    world_system_call(thread, number, &message);
    world_check();
}

/* A call that must be carried out by the fast path. */
static void fast(enum world_fast expected, unsigned number, struct message message)
{
    next_rip += 0x10;
    assert_int_equal(world_fast_call(number, &message, next_rip), expected);
    world_check();
}

/* By whichever path it goes. */
static void call(struct thread *thread, unsigned number, struct message message)
{
    assert_ptr_equal(host_cpu.current, thread);
    next_rip += 0x10;
    if (world_fast_call(number, &message, next_rip) == WORLD_SLOW) {
        slow(thread, number, message);
    }
}

/* --- A guest and the handler of its exits --- */

/* The guest exits, and the handler has received it. */
static void exit_to_handler(void)
{
    assert_runs(handler);
    slow(handler, NACELLE_RECEIVE, message_to(EXITS, 0, 0, 0));
    root_ok(CALLER, NACELLE_THREAD_SUSPEND, 0, 0, 0, 0);
    assert_guest_runs();
    assert_false(is_armed()); /* the handler waits: there is nothing to be fast about */
    world_exit(VCPU_SEND_EXIT, 7);
    assert_runs(handler);
}

static struct message advance(void)
{
    return message_to(handler->receive_slot, NACELLE_RESUME_ADVANCE, 0, 0);
}

static void reply_fast(void)
{
    fast(WORLD_GUEST_ENTERED, NACELLE_REPLY_RECEIVE, advance());
}

static void assert_counts(uint64_t entries, uint64_t exits, uint64_t preemptions)
{
    root_ok(VCPU, NACELLE_VCPU_STATISTICS, 0, 0, 0, 0);
    assert_int_equal(world_reply.words[0], entries);
    assert_int_equal(world_reply.words[1], exits);
    assert_int_equal(world_reply.words[2], preemptions);
}

static void exits(void **state)
{
    (void)state;
    exit_to_handler();
    assert_true(is_armed());
    for (unsigned i = 0; i < 3; i++) {
        reply_fast();
        world_direct_exit();
        assert_true(is_armed());
        assert_int_equal(handler->frame.rdi, object->endpoint.badge);
    }
    /* An exit that takes the usual way, and one after an entry by the usual way. */
    reply_fast();
    world_exit(VCPU_SEND_EXIT, 8);
    assert_runs(handler);
    assert_int_equal(handler->frame.r8, 8);
    assert_int_equal(handler->frame.rip, next_rip);
    assert_int_equal(handler->frame.rsp, next_rip + 1);
    assert_int_equal(handler->execution.state, EXECUTION_RUNNABLE);
    slow(handler, NACELLE_REPLY_RECEIVE, message_to(EXITS, 0, 1, 0));
    assert_guest_runs();
    assert_false(is_armed());
    world_exit(VCPU_SEND_EXIT, 9);
    assert_runs(handler);
    assert_counts(6, 6, 0);
    /* Each is counted once. */
    assert_counts(6, 6, 0);
}

static void replies(void **state)
{
    static const uint32_t fast_labels[] = {0, NACELLE_RESUME_ADVANCE,
                                           NACELLE_RESUME_ADVANCE | NACELLE_RESUME_LENGTH(1),
                                           NACELLE_RESUME_ADVANCE | NACELLE_RESUME_LENGTH(15)};
    static const uint32_t slow_labels[] = {NACELLE_RESUME_STAY,
                                           NACELLE_RESUME_ADVANCE | NACELLE_RESUME_STAY,
                                           NACELLE_RESUME_LENGTH(2),
                                           4,
                                           0x1001,
                                           0x80000001};

    (void)state;
    exit_to_handler();
    for (unsigned i = 0; i < ARRAY_SIZE(fast_labels); i++) {
        fast(WORLD_GUEST_ENTERED, NACELLE_REPLY_RECEIVE, message_to(EXITS, fast_labels[i], 0, 0));
        world_direct_exit();
    }
    for (unsigned i = 0; i < ARRAY_SIZE(slow_labels); i++) {
        fast(WORLD_SLOW, NACELLE_REPLY_RECEIVE, message_to(EXITS, slow_labels[i], 0, 0));
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        struct message message = advance();

        message.tag |= 1ull << bit;
        if (message.tag == advance().tag || (bit >= 24 && bit < 28)) {
            continue; /* ADVANCE, or a length with it */
        }
        if (bit != REPLY_RECEIVE_BIT) {
            fast(WORLD_SLOW, NACELLE_REPLY_RECEIVE, message);
        }
    }
    for (unsigned number = 0; number < NACELLE_SYSTEM_CALLS + 2; number++) {
        if (number != NACELLE_REPLY_RECEIVE) {
            fast(WORLD_SLOW, number, advance());
        }
    }
    fast(WORLD_SLOW, NACELLE_REPLY_RECEIVE, message_to(ENDPOINT, NACELLE_RESUME_ADVANCE, 0, 0));
    /* Groups to be taken over. */
    vcpu_state(vcpu_engine(object))->dirty = NACELLE_GROUP_IP;
    fast(WORLD_SLOW, NACELLE_REPLY_RECEIVE, advance());
    vcpu_state(vcpu_engine(object))->dirty = 1u << 31;
    fast(WORLD_SLOW, NACELLE_REPLY_RECEIVE, advance());
    vcpu_state(vcpu_engine(object))->dirty = 0;
    reply_fast();
}

/* While the guest runs the handler waits at the endpoint, for everybody who looks. */
static void handler_waits(void **state)
{
    (void)state;
    exit_to_handler();
    reply_fast();
    world_direct_exit();
    reply_fast();
    world_exit(VCPU_HOST_INTERRUPT, VECTOR_TIMER);
    assert_int_equal(handler->execution.state, EXECUTION_RECEIVING);
    assert_ptr_equal(handler->execution.endpoint, (void *)world_slot(EXITS)->object);
    assert_int_equal(handler->frame.rip, next_rip);
    assert_int_equal(object->execution.state, EXECUTION_RUNNABLE);
    assert_null(object->execution.replier);
    assert_counts(4, 2, 0); /* it went on in between */
    assert_guest_runs();
    world_exit(VCPU_SEND_EXIT, 5);
    assert_runs(handler);
    assert_int_equal(handler->frame.r8, 5);
    assert_true(is_armed());
}

/* Ways into the server while the handler runs: it handles the exit still. */
static void handler_interrupted(void **state)
{
    (void)state;
    exit_to_handler();
    reply_fast();
    world_direct_exit();
    handler->entered_by = ENTERED_BY_TRAP;
    world_interrupt_running();
    assert_false(is_armed());
    assert_int_equal(handler->execution.state, EXECUTION_RUNNABLE);
    assert_ptr_equal(handler->execution.caller, &object->execution);
    assert_runs(handler);
    assert_false(is_armed()); /* all of its registers have to come back */
    slow(handler, NACELLE_YIELD, message_to(0, 0, 0, 0));
    assert_runs(handler);
    assert_true(is_armed());
    reply_fast();
}

static void handler_uses_the_fpu(void **state)
{
    (void)state;
    exit_to_handler();
    handler->entered_by = ENTERED_BY_TRAP;
    world_interrupt_running();
    fpu_load_thread(&host_cpu, handler); /* #NM */
    assert_runs(handler);
    slow(handler, NACELLE_YIELD, message_to(0, 0, 0, 0));
    assert_runs(handler);
    assert_false(is_armed()); /* the guest's FPU state is not loaded */
    slow(handler, NACELLE_REPLY_RECEIVE, advance());
    assert_guest_runs();
    world_exit(VCPU_SEND_EXIT, 7);
    assert_runs(handler);
    assert_true(is_armed());
}

/* The handler runs again, after something was changed while it was interrupted. */
static bool armed_after(uint64_t slot, uint32_t operation, uint64_t w0, uint64_t w1, uint64_t w2,
                        uint64_t w3)
{
    root_ok(slot, operation, w0, w1, w2, w3);
    assert_runs(handler);
    return is_armed();
}

static void not_armed(void **state)
{
    (void)state;
    exit_to_handler();
    assert_true(armed_after(ROOT_UNTYPED, NACELLE_UNTYPED_INFO, 0, 0, 0, 0));

    /* A poke is to be told. */
    assert_false(armed_after(VCPU, NACELLE_VCPU_POKE, 0, 0, 0, 0));
    slow(handler, NACELLE_REPLY_RECEIVE, advance());
    assert_runs(handler);
    assert_int_equal(nacelle_tag_label(handler->frame.rsi), NACELLE_EXIT_POKE);

    /* It is to stay where it is. */
    assert_false(armed_after(VCPU, NACELLE_VCPU_SUSPEND, 0, 0, 0, 0));
}

static void bound_notification(void **state)
{
    (void)state;
    exit_to_handler();
    assert_true(armed_after(NOTIFICATION, NACELLE_NOTIFICATION_BIND, EXITS, 0, 0, 0));
    assert_false(armed_after(NOTIFICATION, NACELLE_NOTIFICATION_SIGNAL, 0, 0, 0, 0));
    slow(handler, NACELLE_REPLY_RECEIVE, advance());
    assert_int_equal(nacelle_tag_label(handler->frame.rsi), NACELLE_LABEL_NOTIFICATION);
    assert_int_equal(handler->frame.r8, 1);
    slow(handler, NACELLE_RECEIVE, message_to(EXITS, 0, 0, 0));
    assert_guest_runs();
    world_exit(VCPU_SEND_EXIT, 7);
    assert_runs(handler);
    assert_true(is_armed());
    /* A signal while the guest runs: the handler has been waiting. */
    reply_fast();
    root_ok(NOTIFICATION, NACELLE_NOTIFICATION_SIGNAL, 0, 0, 0, 0);
    assert_runs(handler);
    assert_int_equal(handler->frame.r8, 1);
    assert_false(is_armed());
    assert_int_equal(object->execution.state, EXECUTION_RUNNABLE);
}

/* Timer of a notification that fires while the guest runs: the exit is the timer interrupt's. */
static void timer_while_the_guest_runs(void **state)
{
    (void)state;
    exit_to_handler();
    root_ok(NOTIFICATION, NACELLE_NOTIFICATION_BIND, EXITS, 0, 0, 0);
    assert_runs(handler);
    assert_true(is_armed());
    root_ok(NOTIFICATION, NACELLE_NOTIFICATION_SET_TIMER, machine.tsc + 1000, 0, 0, 0);
    assert_runs(handler);
    /* An emulator may enter a guest that no interrupt gets out of: it needs the new time slice. */
    assert_false(is_armed());
    slow(handler, NACELLE_REPLY_RECEIVE, advance());
    assert_guest_runs();
    world_exit(VCPU_SEND_EXIT, 7);
    assert_runs(handler);
    assert_true(is_armed());
    reply_fast();
    machine.tsc += 2000;
    world_exit(VCPU_SLICE_OVER, 0);
    assert_runs(handler);
    assert_int_equal(nacelle_tag_label(handler->frame.rsi), NACELLE_LABEL_NOTIFICATION);
    assert_int_equal(handler->frame.r8, 1);
}

/* Others wait at the endpoint: they have their turn. */
static void somebody_waits(void **state)
{
    (void)state;
    exit_to_handler();
    root_ok(CALLER, NACELLE_THREAD_RESUME, 0, 0, 0, 0);
    slow(caller, NACELLE_SEND, message_to(EXITS, 3, 0, 0));
    assert_runs(handler);
    assert_false(is_armed());
    slow(handler, NACELLE_REPLY_RECEIVE, advance());
    assert_int_equal(nacelle_tag_label(handler->frame.rsi), 3);
    assert_int_equal(object->execution.state, EXECUTION_RUNNABLE);
}

/* The capability that the handler receives with. */
static void receive_slot(void **state)
{
    (void)state;
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_COPY, RECEIVE_SLOT, EXITS, NACELLE_RIGHT_READ, 5);
    assert_runs(handler);
    slow(handler, NACELLE_RECEIVE, message_to(RECEIVE_SLOT, 0, 0, 0));
    root_ok(CALLER, NACELLE_THREAD_SUSPEND, 0, 0, 0, 0);
    assert_guest_runs();
    world_exit(VCPU_SEND_EXIT, 7);
    assert_runs(handler);
    assert_true(is_armed());
    reply_fast();
    world_direct_exit();

    /* Deleted between exit and reply: nothing is replied, the exit is still to be handled. */
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_DELETE, RECEIVE_SLOT, 0, 0, 0);
    assert_runs(handler);
    assert_false(is_armed());
    fast(WORLD_SLOW, NACELLE_REPLY_RECEIVE, advance());
    slow(handler, NACELLE_REPLY_RECEIVE, advance());
    assert_error(handler, NACELLE_ERROR_INVALID_CAPABILITY);
    assert_ptr_equal(handler->execution.caller, &object->execution);

    /* Another endpoint; no right to receive; something else. */
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_COPY, RECEIVE_SLOT, OTHER_ENDPOINT, NACELLE_RIGHTS_ALL, 0);
    assert_runs(handler);
    assert_false(is_armed());
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_DELETE, RECEIVE_SLOT, 0, 0, 0);
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_COPY, RECEIVE_SLOT, EXITS, NACELLE_RIGHT_WRITE, 0);
    assert_runs(handler);
    assert_false(is_armed());
    slow(handler, NACELLE_REPLY_RECEIVE, advance());
    assert_error(handler, NACELLE_ERROR_MISSING_RIGHT);
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_DELETE, RECEIVE_SLOT, 0, 0, 0);
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_COPY, RECEIVE_SLOT, NOTIFICATION, NACELLE_RIGHTS_ALL, 0);
    assert_runs(handler);
    assert_false(is_armed());

    /* What has no object in memory that could be looked at. */
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_DELETE, RECEIVE_SLOT, 0, 0, 0);
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_COPY, RECEIVE_SLOT, ROOT_PORTS, NACELLE_RIGHTS_ALL, 0);
    assert_runs(handler);
    assert_false(is_armed());

    /* The same endpoint again, by another capability. */
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_DELETE, RECEIVE_SLOT, 0, 0, 0);
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_COPY, RECEIVE_SLOT, EXITS, NACELLE_RIGHTS_ALL, 0);
    assert_runs(handler);
    assert_true(is_armed());
    reply_fast();
}

/* A capability space that the handler changes to: the same number means something else there. */
static void other_cspace(void **state)
{
    (void)state;
    exit_to_handler();
    root_ok(HANDLER, NACELLE_THREAD_SUSPEND, 0, 0, 0, 0);
    root_ok(HANDLER, NACELLE_THREAD_CONFIGURE, CSPACE, ROOT_ASPACE, 0, 0);
    root_ok(HANDLER, NACELLE_THREAD_RESUME, 0, 0, 0, 0);
    assert_runs(handler);
    assert_ptr_equal(handler->execution.caller, &object->execution);
    assert_false(is_armed());
}

/* Everything that the pair consists of goes, while the guest runs and while the handler does. */
static void deleted_vcpu_pair(void **state)
{
    static const uint64_t slots[] = {VM, EXITS, VCPU, HANDLER};

    for (unsigned i = 0; i < 2 * ARRAY_SIZE(slots); i++) {
        uint64_t slot = slots[i / 2];
        bool guest_runs = i % 2 != 0;
        enum world_event event;

        setup(state);
        exit_to_handler();
        reply_fast();
        if (!guest_runs) {
            world_direct_exit();
        }
        if (i % 3 == 0) {
            root_ok(ROOT_CSPACE, NACELLE_CSPACE_REVOKE, slot, 0, 0, 0);
        }
        root_ok(ROOT_CSPACE, NACELLE_CSPACE_DELETE, slot, 0, 0, 0);
        event = world_run();
        world_check();
        assert_false(is_armed());
        if (slot == HANDLER) {
            assert_int_equal(event, guest_runs ? WORLD_GUEST : WORLD_IDLE);
        } else if (slot == EXITS) {
            /* A guest that runs goes on; a handler that waited is told. */
            assert_int_equal(event, WORLD_THREAD);
            assert_ptr_equal(host_cpu.current, handler);
            if (guest_runs) {
                assert_error(handler, NACELLE_ERROR_DELETED);
                assert_int_equal(handler->frame.rip, next_rip);
            }
        } else if (guest_runs) {
            assert_int_equal(event, WORLD_IDLE);
            assert_int_equal(handler->execution.state, EXECUTION_RECEIVING);
        } else {
            assert_int_equal(event, WORLD_THREAD);
            call(handler, NACELLE_REPLY_RECEIVE, advance()); /* to nobody */
            assert_int_equal(world_run(), WORLD_IDLE);
        }
    }
}

static void reconfigured_vcpu(void **state)
{
    (void)state;
    exit_to_handler();
    reply_fast();
    world_direct_exit();
    root_ok(VCPU, NACELLE_VCPU_CONFIGURE, VM, OTHER_ENDPOINT, 0, 0);
    assert_runs(handler);
    assert_false(is_armed());
    root_ok(VCPU, NACELLE_VCPU_RESUME, 0, 0, 0, 0);
    /* What it did before is counted, no more and no less. */
    assert_counts(2, 2, 0);
}

/* Suspended while it runs directly, and resumed. */
static void suspended_vcpu(void **state)
{
    (void)state;
    exit_to_handler();
    reply_fast();
    root_ok(VCPU, NACELLE_VCPU_SUSPEND, 0, 0, 0, 0);
    assert_int_equal(world_run(), WORLD_IDLE);
    assert_int_equal(handler->execution.state, EXECUTION_RECEIVING);
    root_ok(VCPU, NACELLE_VCPU_RESUME, 0, 0, 0, 0);
    assert_guest_runs();
    world_exit(VCPU_SEND_EXIT, 7);
    assert_runs(handler);
    assert_true(is_armed());
}

/* --- Two threads --- */

/* The caller has called, the handler is to reply. */
static void call_handler(void)
{
    root_ok(VCPU, NACELLE_VCPU_SUSPEND, 0, 0, 0, 0);
    assert_runs(handler);
    slow(handler, NACELLE_RECEIVE, message_to(ENDPOINT, 0, 0, 0));
    assert_runs(caller);
    slow(caller, NACELLE_CALL, message_to(CALL_SLOT, 3, 4, 100));
    assert_runs(handler);
    assert_int_equal(handler->frame.rdi, BADGE);
}

static void reply_to_caller(uint64_t word)
{
    fast(WORLD_CHANGED, NACELLE_REPLY_RECEIVE, message_to(ENDPOINT, 9, 4, word));
    assert_ptr_equal(host_cpu.current, caller);
    assert_int_equal(caller->frame.rdi, 0);
    assert_int_equal(caller->frame.rsi, nacelle_tag(9, 4));
    assert_words(caller, word);
}

static void call_again(uint64_t word)
{
    fast(WORLD_CHANGED, NACELLE_CALL, message_to(CALL_SLOT, 5, 4, word));
    assert_ptr_equal(host_cpu.current, handler);
    assert_int_equal(handler->frame.rdi, BADGE);
    assert_int_equal(handler->frame.rsi, nacelle_tag(5, 4) | NACELLE_TAG_CALL);
    assert_words(handler, word);
}

static void calls(void **state)
{
    (void)state;
    call_handler();
    assert_true(is_armed());
    for (uint64_t i = 0; i < 3; i++) {
        reply_to_caller(10 * i);
        call_again(20 * i);
    }
    /* Then by the usual way: the same. */
    slow(handler, NACELLE_REPLY, message_to(0, 2, 4, 60));
    assert_words(caller, 60);
    assert_int_equal(caller->execution.state, EXECUTION_RUNNABLE);
    assert_int_equal(handler->execution.state, EXECUTION_RUNNABLE);
}

/* Only short messages without a capability; all else takes the usual way. */
static void short_messages(void **state)
{
    (void)state;
    call_handler();
    for (unsigned length = 0; length < 128; length++) {
        struct message message = message_to(ENDPOINT, 9, length, 1);

        if (length <= NACELLE_MESSAGE_REGISTERS) {
            fast(WORLD_CHANGED, NACELLE_REPLY_RECEIVE, message);
            message.capability = CALL_SLOT;
            fast(WORLD_CHANGED, NACELLE_CALL, message);
        } else {
            fast(WORLD_SLOW, NACELLE_REPLY_RECEIVE, message);
        }
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        struct message message = message_to(ENDPOINT, 0, 0, 1);

        message.tag |= 1ull << bit;
        if ((bit >= 3 && bit < 16) || (bit >= 48 && bit != REPLY_RECEIVE_BIT)) {
            fast(WORLD_SLOW, NACELLE_REPLY_RECEIVE, message);
        }
    }
    reply_to_caller(5);
    for (unsigned bit = 0; bit < 64; bit++) {
        struct message message = message_to(CALL_SLOT, 0, 0, 1);

        message.tag |= 1ull << bit;
        if ((bit >= 3 && bit < 16) || bit >= 48) {
            fast(WORLD_SLOW, NACELLE_CALL, message);
        }
    }
    fast(WORLD_SLOW, NACELLE_CALL, message_to(ENDPOINT, 0, 0, 1)); /* another badge */
    fast(WORLD_SLOW, NACELLE_SEND, message_to(CALL_SLOT, 0, 0, 1));
    call_again(6);
}

static void caller_interrupted(void **state)
{
    (void)state;
    call_handler();
    reply_to_caller(1);
    call_again(2);
    reply_to_caller(3);
    caller->entered_by = ENTERED_BY_TRAP;
    world_interrupt_running();
    assert_false(is_armed());
    assert_int_equal(handler->execution.state, EXECUTION_RECEIVING);
    assert_int_equal(handler->frame.rip, next_rip);
    assert_int_equal(caller->execution.state, EXECUTION_RUNNABLE);
    assert_runs(caller);
    assert_words(caller, 3);
    slow(caller, NACELLE_CALL, message_to(CALL_SLOT, 3, 4, 200));
    assert_runs(handler);
    assert_words(handler, 200);
    assert_true(is_armed());
}

/* A fault of the caller is its own: its pair is over, and its handler gets no reply from it. */
static void caller_faults(void **state)
{
    (void)state;
    call_handler();
    reply_to_caller(1);
    caller->entered_by = ENTERED_BY_TRAP;
    world_interrupt_running();
    thread_fault(caller, 0);
    assert_int_equal(world_run(), WORLD_IDLE);
    assert_int_equal(handler->execution.state, EXECUTION_RECEIVING);
    assert_int_equal(caller->execution.state, EXECUTION_STOPPED);
    world_check();
}

/*
 * A caller whose return address is none faults on the way out, as if it had called: to a handler of
 * faults that is the one of its calls, too. The reply is no message to it.
 */
static void fault_on_the_way_out(void **state)
{
    (void)state;
    root_ok(CALLER, NACELLE_THREAD_SUSPEND, 0, 0, 0, 0);
    root_ok(CALLER, NACELLE_THREAD_CONFIGURE, ROOT_CSPACE, ROOT_ASPACE, CALL_SLOT, 0);
    root_ok(CALLER, NACELLE_THREAD_RESUME, 0, 0, 0, 0);
    call_handler();
    reply_to_caller(1);
    world_interrupt_running();
    thread_fault(caller, 0); /* it came by SYSENTER, and SYSEXIT faulted */
    assert_runs(handler);
    assert_int_equal(nacelle_tag_label(handler->frame.rsi), NACELLE_LABEL_FAULT);
    assert_false(is_armed());
    slow(handler, NACELLE_REPLY_RECEIVE, message_to(ENDPOINT, 0, 4, 50));
    assert_runs(caller);
    assert_words(caller, 1); /* its registers are as they were */
}

static void no_thread_pair(void **state)
{
    (void)state;
    call_handler();
    assert_true(armed_after(ROOT_UNTYPED, NACELLE_UNTYPED_INFO, 0, 0, 0, 0));
    /* The caller's capability: another badge, no right, gone, another endpoint. */
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_DELETE, CALL_SLOT, 0, 0, 0);
    assert_runs(handler);
    assert_false(is_armed());
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_COPY, CALL_SLOT, ENDPOINT, NACELLE_RIGHT_READ, 0);
    assert_runs(handler);
    assert_false(is_armed());
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_DELETE, CALL_SLOT, 0, 0, 0);
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_COPY, CALL_SLOT, OTHER_ENDPOINT, NACELLE_RIGHTS_ALL, 0);
    assert_runs(handler);
    assert_false(is_armed());
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_DELETE, CALL_SLOT, 0, 0, 0);
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_COPY, CALL_SLOT, ENDPOINT, NACELLE_RIGHT_WRITE, BADGE + 1);
    assert_runs(handler);
    assert_true(is_armed());
    fast(WORLD_CHANGED, NACELLE_REPLY_RECEIVE, message_to(ENDPOINT, 0, 0, 0));
    fast(WORLD_CHANGED, NACELLE_CALL, message_to(CALL_SLOT, 0, 0, 0));
    assert_int_equal(handler->frame.rdi, BADGE + 1);
    /* A signal waits at the endpoint. */
    assert_true(armed_after(NOTIFICATION, NACELLE_NOTIFICATION_BIND, ENDPOINT, 0, 0, 0));
    assert_false(armed_after(NOTIFICATION, NACELLE_NOTIFICATION_SIGNAL, 0, 0, 0, 0));
}

static void configure_caller(uint64_t cspace, uint64_t aspace)
{
    root_ok(CALLER, NACELLE_THREAD_SUSPEND, 0, 0, 0, 0);
    root_ok(CALLER, NACELLE_THREAD_CONFIGURE, cspace, aspace, 0, 0);
    root_ok(CALLER, NACELLE_THREAD_RESUME, 0, 0, 0, 0);
}

/* The caller lost a space of its own while it waits: there is no way to it, nor into it. */
static void caller_without_spaces(void **state)
{
    (void)state;
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_COPY, SPARE, ROOT_CSPACE, NACELLE_RIGHTS_ALL, 0);
    configure_caller(SPARE, ASPACE);
    call_handler();
    assert_true(is_armed());
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_DELETE, ASPACE, 0, 0, 0);
    assert_runs(handler);
    assert_false(is_armed());
    root_ok(ROOT_CSPACE, NACELLE_CSPACE_REVOKE, SPARE, 0, 0, 0);
    assert_int_equal(caller->cspace.type, NACELLE_TYPE_NULL);
    assert_runs(handler);
    assert_false(is_armed());
}

static void suspended_caller(void **state)
{
    (void)state;
    call_handler();
    reply_to_caller(1);
    root_ok(CALLER, NACELLE_THREAD_SUSPEND, 0, 0, 0, 0);
    assert_int_equal(world_run(), WORLD_IDLE);
    assert_int_equal(handler->execution.state, EXECUTION_RECEIVING);
    assert_int_equal(caller->execution.state, EXECUTION_RUNNABLE);
    root_ok(CALLER, NACELLE_THREAD_RESUME, 0, 0, 0, 0);
    assert_runs(caller);
    assert_words(caller, 1);
}

static void deleted_thread_pair(void **state)
{
    static const uint64_t slots[] = {ENDPOINT, CALLER, HANDLER, CALL_SLOT};

    for (unsigned i = 0; i < 2 * ARRAY_SIZE(slots); i++) {
        uint64_t slot = slots[i / 2];
        bool caller_runs = i % 2 != 0;
        enum world_event event;

        setup(state);
        call_handler();
        reply_to_caller(1);
        if (!caller_runs) {
            call_again(2);
        }
        root_ok(ROOT_CSPACE, NACELLE_CSPACE_REVOKE, slot, 0, 0, 0);
        root_ok(ROOT_CSPACE, NACELLE_CSPACE_DELETE, slot, 0, 0, 0);
        event = world_run();
        world_check();
        assert_false(is_armed());
        if (slot == CALL_SLOT) {
            /* Nothing that is under way depends on it. */
            assert_ptr_equal(host_cpu.current, caller_runs ? caller : handler);
        } else if (slot == CALLER) {
            assert_int_equal(event, caller_runs ? WORLD_IDLE : WORLD_THREAD);
        } else if (slot == HANDLER) {
            assert_ptr_equal(host_cpu.current, caller);
            if (!caller_runs) {
                assert_error(caller, NACELLE_ERROR_DELETED);
            }
        } else {
            /* A handler that waited there is told; one that handles a call can still reply. */
            assert_ptr_equal(host_cpu.current, handler);
            if (caller_runs) {
                assert_error(handler, NACELLE_ERROR_DELETED);
            } else {
                slow(handler, NACELLE_REPLY, message_to(0, 4, 4, 50));
                assert_words(caller, 50);
            }
        }
    }
}

/* The address spaces of the two are loaded in turn. */
static void address_spaces(void **state)
{
    (void)state;
    configure_caller(ROOT_CSPACE, ASPACE);
    call_handler();
    assert_true(is_armed());
    reply_to_caller(1);
    assert_int_equal(host_cpu.cr3, ((struct aspace *)caller->aspace.object)->root);
    call_again(2);
    assert_int_equal(host_cpu.cr3, ((struct aspace *)handler->aspace.object)->root);
    /* The caller, which waits for the reply, gets another one. */
    root_ok(CALLER, NACELLE_THREAD_CONFIGURE, ROOT_CSPACE, ROOT_ASPACE, 0, 0);
    assert_runs(handler);
    assert_true(is_armed());
    reply_to_caller(3);
    assert_int_equal(host_cpu.cr3, world.aspace->root);
}

/* A thread that uses the FPU, or a guest whose state is loaded, needs the usual way. */
static void fpu_of_threads(void **state)
{
    (void)state;
    call_handler();
    handler->entered_by = ENTERED_BY_TRAP;
    world_interrupt_running();
    fpu_load_thread(&host_cpu, handler);
    assert_runs(handler);
    slow(handler, NACELLE_YIELD, message_to(0, 0, 0, 0));
    assert_runs(handler);
    assert_false(is_armed());
}

/* The handler of an exit asks somebody else, fast, and replies to the guest then. */
static void chain(void **state)
{
    (void)state;
    root_ok(THIRD, NACELLE_THREAD_RESUME, 0, 0, 0, 0);
    root_ok(THIRD, NACELLE_THREAD_SET_PRIORITY, 2, 0, 0, 0);
    assert_runs(third);
    slow(third, NACELLE_RECEIVE, message_to(OTHER_ENDPOINT, 0, 0, 0));
    exit_to_handler();
    assert_true(is_armed());
    slow(handler, NACELLE_CALL, message_to(OTHER_ENDPOINT, 1, 4, 7));
    assert_runs(third);
    assert_true(is_armed());
    assert_ptr_equal(host_cpu.pair.caller, handler);
    fast(WORLD_CHANGED, NACELLE_REPLY_RECEIVE, message_to(OTHER_ENDPOINT, 2, 4, 8));
    assert_words(handler, 8);
    fast(WORLD_CHANGED, NACELLE_CALL, message_to(OTHER_ENDPOINT, 1, 4, 9));
    fast(WORLD_CHANGED, NACELLE_REPLY_RECEIVE, message_to(OTHER_ENDPOINT, 2, 4, 8));
    /* The reply to the guest ends that pair. */
    fast(WORLD_SLOW, NACELLE_REPLY_RECEIVE, message_to(EXITS, NACELLE_RESUME_ADVANCE, 0, 0));
    slow(handler, NACELLE_REPLY_RECEIVE, message_to(EXITS, NACELLE_RESUME_ADVANCE, 0, 0));
    assert_int_equal(third->execution.state, EXECUTION_RECEIVING);
    assert_guest_runs();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(exits, setup),
        cmocka_unit_test_setup(replies, setup),
        cmocka_unit_test_setup(handler_waits, setup),
        cmocka_unit_test_setup(handler_interrupted, setup),
        cmocka_unit_test_setup(handler_uses_the_fpu, setup),
        cmocka_unit_test_setup(not_armed, setup),
        cmocka_unit_test_setup(bound_notification, setup),
        cmocka_unit_test_setup(timer_while_the_guest_runs, setup),
        cmocka_unit_test_setup(somebody_waits, setup),
        cmocka_unit_test_setup(receive_slot, setup),
        cmocka_unit_test_setup(other_cspace, setup),
        cmocka_unit_test(deleted_vcpu_pair),
        cmocka_unit_test_setup(reconfigured_vcpu, setup),
        cmocka_unit_test_setup(suspended_vcpu, setup),
        cmocka_unit_test_setup(calls, setup),
        cmocka_unit_test_setup(short_messages, setup),
        cmocka_unit_test_setup(caller_interrupted, setup),
        cmocka_unit_test_setup(caller_faults, setup),
        cmocka_unit_test_setup(fault_on_the_way_out, setup),
        cmocka_unit_test_setup(no_thread_pair, setup),
        cmocka_unit_test_setup(caller_without_spaces, setup),
        cmocka_unit_test_setup(suspended_caller, setup),
        cmocka_unit_test(deleted_thread_pair),
        cmocka_unit_test_setup(address_spaces, setup),
        cmocka_unit_test_setup(fpu_of_threads, setup),
        cmocka_unit_test_setup(chain, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
