/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls as entry.S makes them: local operations end where they began, with the pair armed
 * still; all others, and those that are not as they should be, take the longer way.
 */
#include "world.h"

#include "notification.h"
#include "schedule.h"

enum {
    NOTIFICATION = ROOT_FREE,
    READ_ONLY, /* a copy of it that may not signal */
    THREAD,
    WAITER,
    FRAME,
    VM, /* and its endpoint and vCPU */
    EXITS,
    VCPU,
};

#define GARBAGE 0xbadbadbadbadbadull

static struct thread *thread, *waiter;
static struct notification *notification;

static int setup(void **state)
{
    (void)state;
    world_start();
    world_arms = true;
    notification = world_make(NOTIFICATION, NACELLE_TYPE_NOTIFICATION, 0);
    assert_int_equal(world_invoke(ROOT_CSPACE, NACELLE_CSPACE_COPY, READ_ONLY, NOTIFICATION,
                                  NACELLE_RIGHT_READ, 0),
                     NACELLE_ERROR_OK);
    world_make(FRAME, NACELLE_TYPE_FRAME, 12);
    world_make_vcpu(VM);
    thread = world_make_thread(THREAD, 0);
    waiter = world_make_thread(WAITER, 0);
    assert_int_equal(world_invoke(THREAD, NACELLE_THREAD_SET_PRIORITY, 1, 0, 0, 0),
                     NACELLE_ERROR_OK);
    assert_int_equal(world_invoke(WAITER, NACELLE_THREAD_SET_PRIORITY, 2, 0, 0, 0),
                     NACELLE_ERROR_OK);
    assert_int_equal(world_invoke(WAITER, NACELLE_THREAD_SUSPEND, 0, 0, 0, 0), NACELLE_ERROR_OK);
    world.root->execution.suspended = true;
    schedule_update(world.root->execution.on);
    return 0;
}

/* The vCPU has exited, the thread handles the exit, and the two are armed. */
static void arm(void)
{
    const struct message receive = {.capability = EXITS};

    assert_int_equal(world_run(), WORLD_THREAD);
    assert_ptr_equal(host_cpu.current, thread);
    assert_int_equal(world_enter(thread, NACELLE_RECEIVE, &receive), WORLD_GUEST);
    world_exit(VCPU_SEND_EXIT, 7);
    assert_int_equal(world_run(), WORLD_THREAD);
    assert_ptr_equal(host_cpu.current, thread);
    assert_ptr_equal(host_cpu.pair.handler, thread);
}

/* The thread invokes an operation with words that are not sent; it goes on, with this error. */
static void invoke(uint64_t slot, uint64_t tag, uint64_t word, enum nacelle_error error)
{
    const struct message message = {
        .capability = slot, .tag = tag, .words = {word, GARBAGE, GARBAGE, GARBAGE}};

    assert_int_equal(world_enter(thread, NACELLE_CALL, &message), WORLD_THREAD);
    assert_ptr_equal(host_cpu.current, thread);
    assert_int_equal((thread->frame.rsi & NACELLE_TAG_ERROR) != 0, error != NACELLE_ERROR_OK);
    assert_int_equal(nacelle_tag_label(thread->frame.rsi), error);
    world_check();
}

/* Nothing but the words of the reply, as many as it says, leaves in the registers. */
static void assert_reply(unsigned length, uint64_t word)
{
    const struct frame *frame = &thread->frame;

    assert_int_equal(frame->rdi, 0);
    assert_int_equal(nacelle_tag_length(frame->rsi), length);
    assert_int_equal(frame->r8, word);
    assert_int_equal(frame->r9, 0);
    assert_int_equal(frame->r10, 0);
    assert_int_equal(frame->rax, 0);
}

static void signal_that_nobody_waits_for(void **state)
{
    (void)state;
    arm();
    invoke(NOTIFICATION, nacelle_tag(NACELLE_NOTIFICATION_SIGNAL, 0), GARBAGE, NACELLE_ERROR_OK);
    assert_reply(0, 0);
    assert_int_equal(notification->bits, 1);
    assert_ptr_equal(host_cpu.pair.handler, thread);
}

static void signal_that_wakes(void **state)
{
    const struct message receive = {.capability = NOTIFICATION};
    const struct message message = {.capability = NOTIFICATION,
                                    .tag = nacelle_tag(NACELLE_NOTIFICATION_SIGNAL, 0)};

    (void)state;
    waiter->execution.suspended = false;
    schedule_update(waiter->execution.on);
    assert_int_equal(world_run(), WORLD_THREAD);
    assert_ptr_equal(host_cpu.current, waiter);
    assert_int_equal(world_enter(waiter, NACELLE_RECEIVE, &receive), WORLD_THREAD);
    arm();
    assert_int_equal(world_enter(thread, NACELLE_CALL, &message), WORLD_THREAD);
    assert_ptr_equal(host_cpu.current, waiter); /* it is more important */
    assert_int_equal(waiter->frame.r8, 1);
    assert_null(host_cpu.pair.handler);
    world_check();
}

/* The next receive of the handler gets it, and not an exit. */
static void signal_that_is_bound(void **state)
{
    const struct message receive = {.capability = EXITS};

    (void)state;
    world.root->execution.suspended = false;
    schedule_update(world.root->execution.on);
    assert_int_equal(world_invoke(NOTIFICATION, NACELLE_NOTIFICATION_BIND, EXITS, 0, 0, 0),
                     NACELLE_ERROR_OK);
    world.root->execution.suspended = true;
    schedule_update(world.root->execution.on);
    arm();
    invoke(NOTIFICATION, nacelle_tag(NACELLE_NOTIFICATION_SIGNAL, 0), 0, NACELLE_ERROR_OK);
    assert_null(host_cpu.pair.handler);
    assert_int_equal(world_enter(thread, NACELLE_REPLY_RECEIVE, &receive), WORLD_THREAD);
    assert_int_equal(nacelle_tag_label(thread->frame.rsi), NACELLE_LABEL_NOTIFICATION);
}

static void map_and_unmap(void **state)
{
    const struct message map = {.capability = VM,
                                .tag = nacelle_tag(NACELLE_VM_MAP, 3),
                                .words = {FRAME, 0x5000, NACELLE_RIGHT_READ, GARBAGE}};

    (void)state;
    arm();
    assert_int_equal(world_enter(thread, NACELLE_CALL, &map), WORLD_THREAD);
    assert_reply(0, 0);
    assert_int_equal(world_slot(FRAME)->badge, 0x5000);
    assert_ptr_equal(world_slot(FRAME)->space, space_of_vm((struct vm *)world_slot(VM)->object));
    assert_ptr_equal(host_cpu.pair.handler, thread);
    assert_int_equal(world_enter(thread, NACELLE_CALL, &map), WORLD_THREAD);
    assert_int_equal(nacelle_tag_label(thread->frame.rsi), NACELLE_ERROR_ALREADY_MAPPED);
    invoke(VM, nacelle_tag(NACELLE_VM_UNMAP, 1), FRAME, NACELLE_ERROR_OK);
    assert_reply(0, 0);
    assert_int_equal(world_slot(FRAME)->space, 0);
    assert_null(host_cpu.pair.handler); /* the vCPU has to flush */
    invoke(VM, nacelle_tag(NACELLE_VM_UNMAP, 1), FRAME, NACELLE_ERROR_NOT_MAPPED);
    assert_reply(1, NACELLE_CULPRIT_WORD(0));
    invoke(VM, nacelle_tag(NACELLE_VM_UNMAP, 1), 0, NACELLE_ERROR_INVALID_CAPABILITY);
    invoke(VM, nacelle_tag(NACELLE_VM_UNMAP, 1), ROOT_SLOTS, NACELLE_ERROR_INVALID_CAPABILITY);
    invoke(VM, nacelle_tag(NACELLE_VM_UNMAP, 1), VM, NACELLE_ERROR_WRONG_TYPE);
}

static void words_of_replies(void **state)
{
    (void)state;
    arm();
    invoke(VCPU, nacelle_tag(NACELLE_VCPU_READ_REGISTER, 1), 0, NACELLE_ERROR_OK);
    assert_reply(1, thread->frame.r8);
    assert_ptr_equal(host_cpu.pair.handler, thread);
    invoke(FRAME, nacelle_tag(NACELLE_FRAME_INFO, 0), 0, NACELLE_ERROR_OK);
    assert_int_equal(thread->frame.r9, 1 << 12);
    assert_int_equal(thread->frame.rax, 0);
}

/* Of an operation that is not local, whatever is in the registers. */
static void words_not_sent(void **state)
{
    (void)state;
    arm();
    invoke(THREAD, nacelle_tag(NACELLE_THREAD_READ_REGISTER, 1), 9, NACELLE_ERROR_OK);
    assert_reply(1, 0); /* r9 */
}

/* A tag that is not just that of the row: what is ignored is, what is refused is. */
static void other_tags(void **state)
{
    const uint64_t tag = nacelle_tag(NACELLE_NOTIFICATION_SIGNAL, 0);

    (void)state;
    arm();
    for (unsigned bit = 0; bit < NACELLE_TAG_SYSTEM_CALL_SHIFT; bit++) {
        bool label = bit >= NACELLE_TAG_LABEL_SHIFT && bit < NACELLE_TAG_LABEL_SHIFT + 32;
        uint64_t other = tag ^ 1ull << bit;
        enum nacelle_error error = NACELLE_ERROR_OK;

        if (bit < NACELLE_TAG_LABEL_SHIFT + 2 && label) {
            continue; /* another operation */
        }
        if (label) {
            error = bit < NACELLE_TAG_LABEL_SHIFT + 8 ? NACELLE_ERROR_INVALID_OPERATION
                                                      : NACELLE_ERROR_WRONG_TYPE;
        }
        notification->bits = 0;
        invoke(NOTIFICATION, other, 0, error);
        assert_int_equal(notification->bits, error == NACELLE_ERROR_OK);
    }
    invoke(NOTIFICATION, nacelle_tag(NACELLE_NOTIFICATION_SIGNAL, NACELLE_MESSAGE_WORDS + 1), 0,
           NACELLE_ERROR_MESSAGE_TOO_LONG);
    invoke(VM, nacelle_tag(NACELLE_VM_UNMAP, 0), FRAME, NACELLE_ERROR_INVALID_ARGUMENT);
    invoke(READ_ONLY, tag, 0, NACELLE_ERROR_MISSING_RIGHT);
    invoke(0, tag, 0, NACELLE_ERROR_INVALID_CAPABILITY);
    invoke(0, 0, 0, NACELLE_ERROR_INVALID_CAPABILITY); /* as if the empty type had operations */
    invoke(ROOT_SLOTS, tag, 0, NACELLE_ERROR_INVALID_CAPABILITY);
    invoke(NOTIFICATION, 0, 0, NACELLE_ERROR_WRONG_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(signal_that_nobody_waits_for, setup),
        cmocka_unit_test_setup(signal_that_wakes, setup),
        cmocka_unit_test_setup(signal_that_is_bound, setup),
        cmocka_unit_test_setup(map_and_unmap, setup),
        cmocka_unit_test_setup(words_of_replies, setup),
        cmocka_unit_test_setup(words_not_sent, setup),
        cmocka_unit_test_setup(other_tags, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
