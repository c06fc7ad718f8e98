/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random system calls, faults, interrupts and exits by threads and guests that all have the same
 * capabilities, with every invariant checked after each: whatever is deleted in the middle of
 * whatever, the rest is as it should be.
 */
#include "world.h"

#include "aspace.h"
#include "fpu.h"
#include "schedule.h"

#define SLOTS 72 /* that are used, of the root's space */

static struct random random_state;

static uint64_t below(uint64_t limit)
{
    return random_below(&random_state, limit);
}

static uint64_t any_slot(void)
{
    return below(12) == 0 ? below(SLOTS + 8) : ROOT_FREE + below(SLOTS - ROOT_FREE);
}

/* A slot with a capability of this type, if a few tries find one. */
static uint64_t slot_of_type(unsigned type)
{
    uint64_t slot = any_slot();

    for (unsigned tries = 0; tries < 40; tries++) {
        const struct slot *found = world_slot(slot);

        if (found != NULL && found->type == type) {
            break;
        }
        slot = any_slot();
    }
    return slot;
}

static uint64_t empty_slot(void)
{
    return slot_of_type(NACELLE_TYPE_NULL);
}

/* --- Operations of objects ------------------------------------------------------------------- */

static uint64_t some_size(unsigned type)
{
    static const uint8_t frames[] = {12, 12, 12, 21, 13};

    switch (type) {
    case NACELLE_TYPE_UNTYPED:
        return 12 + below(8);
    case NACELLE_TYPE_FRAME:
        return frames[below(sizeof(frames))];
    case NACELLE_TYPE_CSPACE:
        return 9 + below(3);
    case NACELLE_TYPE_ASPACE:
        return 13 + below(4);
    case NACELLE_TYPE_VM:
        return 15;
    default:
        return below(20);
    }
}

static uint64_t some_address(void)
{
    return (below(16) << 12) + (below(3) << 21) + (below(20) == 0 ? 0x7fffffff0000 : 0);
}

/* Words for an operation: mostly such that it can succeed. */
static void fill_words(uint32_t operation, uint64_t *words)
{
    for (unsigned i = 0; i < 4; i++) {
        words[i] = any_slot();
    }
    switch (operation) {
    case NACELLE_UNTYPED_RETYPE: {
        unsigned type = (unsigned)below(NACELLE_TYPE_COUNT);

        words[0] = type | some_size(type) << 8;
        words[1] = empty_slot();
        words[2] = below(8) != 0 ? 1 : below(4);
        words[3] = below(3) != 0 ? 0 : slot_of_type(NACELLE_TYPE_CSPACE);
        break;
    }
    case NACELLE_CSPACE_COPY:
        words[0] = empty_slot();
        words[2] = below(2) != 0 ? 15 : below(16);
        words[3] = below(2) != 0 ? 0 : below(4);
        break;
    case NACELLE_CSPACE_DELETE:
    case NACELLE_CSPACE_REVOKE:
        words[0] = ROOT_FREE + below(SLOTS - ROOT_FREE);
        break;
    case NACELLE_ASPACE_MAP:
    case NACELLE_VM_MAP:
        words[0] = slot_of_type(below(4) != 0   ? NACELLE_TYPE_FRAME
                                : below(2) != 0 ? NACELLE_TYPE_VCPU
                                                : NACELLE_TYPE_THREAD);
        words[1] = some_address();
        words[2] = below(3) == 0 ? below(16) : NACELLE_RIGHT_READ;
        break;
    case NACELLE_THREAD_CONFIGURE:
        words[0] = slot_of_type(NACELLE_TYPE_CSPACE);
        words[1] = below(2) != 0 ? ROOT_ASPACE : slot_of_type(NACELLE_TYPE_ASPACE);
        words[2] = below(2) != 0 ? 0 : slot_of_type(NACELLE_TYPE_ENDPOINT);
        break;
    case NACELLE_THREAD_SET_PRIORITY:
    case NACELLE_VCPU_SET_PRIORITY:
        words[0] = below(4);
        words[1] = below(2) != 0 ? 0 : WORLD_HZ / 1000;
        break;
    case NACELLE_NOTIFICATION_BIND:
        words[0] = below(4) == 0 ? 0 : slot_of_type(NACELLE_TYPE_ENDPOINT);
        break;
    case NACELLE_NOTIFICATION_SET_TIMER:
        words[0] = machine.tsc + below(100000);
        break;
    case NACELLE_INTERRUPT_BIND:
        words[0] = slot_of_type(NACELLE_TYPE_NOTIFICATION);
        break;
    case NACELLE_VCPU_SET_APIC:
        words[0] = below(4) != 0 ? slot_of_type(NACELLE_TYPE_FRAME) : 0;
        break;
    case NACELLE_VCPU_CONFIGURE:
        words[0] = slot_of_type(NACELLE_TYPE_VM);
        words[1] = slot_of_type(NACELLE_TYPE_ENDPOINT);
        break;
    case NACELLE_VCPU_RESUME:
        words[0] = below(4) == 0 ? 0x80 : below(4);
        break;
    default:
        break;
    }
}

/* How many operations each type has. */
static const uint8_t operation_counts[NACELLE_TYPE_COUNT] = {
    [NACELLE_TYPE_UNTYPED] = 2,      [NACELLE_TYPE_FRAME] = 2,     [NACELLE_TYPE_CSPACE] = 4,
    [NACELLE_TYPE_ASPACE] = 2,       [NACELLE_TYPE_THREAD] = 7,    [NACELLE_TYPE_ENDPOINT] = 1,
    [NACELLE_TYPE_NOTIFICATION] = 3, [NACELLE_TYPE_VM] = 6,        [NACELLE_TYPE_VCPU] = 16,
    [NACELLE_TYPE_IOPORT] = 2,       [NACELLE_TYPE_INTERRUPT] = 2,
};

static struct message some_operation(void)
{
    struct message message = {.capability = any_slot()};

    switch (below(8)) {
    case 0:
    case 1:
        message.capability = below(2) != 0 ? ROOT_UNTYPED : slot_of_type(NACELLE_TYPE_UNTYPED);
        break;
    case 2:
        message.capability = below(2) != 0 ? ROOT_CSPACE : slot_of_type(NACELLE_TYPE_CSPACE);
        break;
    case 3:
        message.capability = slot_of_type(below(2) != 0 ? NACELLE_TYPE_ASPACE : NACELLE_TYPE_VM);
        break;
    default:
        break;
    }

    const struct slot *slot = world_slot(message.capability);
    unsigned type = slot != NULL ? slot->type : 0;
    uint32_t operation = NACELLE_OPERATION(type, (uint32_t)below(operation_counts[type] + 1u));

    if (operation == NACELLE_CSPACE_DELETE && below(2) == 0) {
        operation = NACELLE_CSPACE_COPY; /* or there would be little to play with */
    }
    fill_words(operation, message.words);
    message.tag = nacelle_tag(operation, below(16) == 0 ? (unsigned)below(70) : 4);
    return message;
}

/* --- What threads and guests do --------------------------------------------------------------- */

static void start_system_call(struct thread *thread, unsigned number, const struct message *message)
{
    struct frame *frame = &thread->frame;

    if (below(2) != 0) {
        world_enter(thread, number, message); /* up to whatever runs next */
        return;
    }
    world_interrupt_running(); /* the longer way of system_call_entry */
    frame->rdi = message->capability;
    frame->rsi = message->tag | (uint64_t)number << NACELLE_TAG_SYSTEM_CALL_SHIFT;
    frame->r8 = message->words[0];
    frame->r9 = message->words[1];
    frame->r10 = message->words[2];
    frame->rax = message->words[3];
    thread->entered_by = ENTERED_BY_SYSENTER;
    system_call(thread); /* if it must go on later, the scheduler sees to it */
}

static void communicate(struct thread *thread)
{
    static const uint8_t calls[] = {
        NACELLE_CALL,  NACELLE_CALL,          NACELLE_SEND,          NACELLE_RECEIVE,
        NACELLE_REPLY, NACELLE_REPLY_RECEIVE, NACELLE_REPLY_RECEIVE, NACELLE_POLL,
        NACELLE_YIELD, NACELLE_SYSTEM_CALLS,
    };
    unsigned length = below(30) == 0 ? (unsigned)below(128) : (unsigned)below(8);
    uint32_t label = below(3) == 0 ? (uint32_t)below(4) : 0;
    struct message message = {
        .capability =
            slot_of_type(below(4) == 0 ? NACELLE_TYPE_NOTIFICATION : NACELLE_TYPE_ENDPOINT),
        .tag = nacelle_tag(label, length) | (below(4) == 0 ? NACELLE_TAG_CAPABILITY : 0),
        .words = {below(4), below(4), below(4), below(4)},
    };

    thread_buffer(thread)->send_slot = any_slot();
    thread_buffer(thread)->receive_slot = below(2) != 0 ? any_slot() : empty_slot();
    start_system_call(thread, calls[below(sizeof(calls))], &message);
}

static void run_thread(struct thread *thread)
{
    const struct aspace *aspace = (const struct aspace *)thread->aspace.object;
    const struct vcpu *owner = host_cpu.engine.fpu_owner;

    /* In which state it may run. */
    assert_true(execution_can_run(&thread->execution) ||
                thread == host_cpu.pair.caller); /* for whom the books are behind */
    assert_int_equal(machine.cr3, aspace->root);
    assert_int_equal(host_cpu.cr3, aspace->root);
    assert_ptr_equal(host_cpu.tss.rsp[0], &thread->cpu);
    assert_false(thread->restart);
    if ((machine.cr0 & FAKE_TS) == 0) {
        assert_ptr_equal(host_cpu.fpu_thread, thread);
        assert_null(owner);
    } else if (owner == NULL) {
        assert_null(host_cpu.fpu_thread);
    } else {
        assert_ptr_equal(thread->execution.caller,
                         &vcpu_object_of((struct vcpu *)owner)->execution);
    }

    switch (below(16)) {
    case 0:
        thread->entered_by = ENTERED_BY_TRAP;
        world_interrupt_running();
        thread_fault(thread, 0x1234);
        break;
    case 1:
        thread->entered_by = ENTERED_BY_TRAP;
        world_interrupt_running();
        machine.tsc += below(1 << 24);
        schedule_tick();
        break;
    case 2:
        thread->entered_by = ENTERED_BY_TRAP;
        world_interrupt_running();
        if (host_cpu.fpu_thread != thread) {
            fpu_load_thread(&host_cpu, thread); /* #NM */
        }
        break;
    case 3:
    case 4:
    case 5:
    case 6: {
        const struct message message = some_operation();

        start_system_call(thread, NACELLE_CALL, &message);
        break;
    }
    default:
        communicate(thread);
        break;
    }
}

static void run_guest(void)
{
    assert_ptr_equal(host_cpu.engine.fpu_owner, world_guest);
    assert_null(host_cpu.fpu_thread);
    assert_true(execution_can_run(&vcpu_object_of(world_guest)->execution) ||
                world_guest_is_direct());
    machine.tsc += below(100000);
    switch (below(8)) {
    case 0:
        world_exit(VCPU_HOST_INTERRUPT, VECTOR_TIMER);
        break;
    case 1:
        world_exit(VCPU_HOST_INTERRUPT, VECTOR_IRQ_BASE + 5);
        break;
    case 2:
        machine.tsc += 1 << 24;
        world_exit(VCPU_SLICE_OVER, 0);
        break;
    case 3:
        world_exit(VCPU_ENTER_AGAIN, 0);
        break;
    default:
        world_exit(VCPU_SEND_EXIT, 7);
        break;
    }
}

/* --- The fast path --- */

static unsigned fast_entries, fast_changes; /* since the start */

/* What a pair does most of the time, and at times what it must not. */
static struct message fast_message(const struct thread *thread)
{
    const struct fast_pair *pair = &host_cpu.pair;
    uint32_t label = (uint32_t)below(2);

    if (below(16) == 0) {
        label = (uint32_t)below(0x2000);
    }
    return (struct message){
        .capability = below(20) == 0         ? any_slot()
                      : pair->caller != NULL ? thread->fast.slot
                                             : pair->direct.receive_slot,
        .tag = nacelle_tag(label, pair->caller == NULL ? 0 : (unsigned)below(5)) |
               (below(20) == 0 ? 1ull << below(64) : 0),
        .words = {below(4), below(4), below(4), below(4)},
    };
}

/* The pair goes on by itself for a while. false: the server was entered by another way. */
static bool run_fast(void)
{
    while (host_cpu.pair.handler != NULL && below(8) != 0) {
        struct thread *thread = host_cpu.current;
        struct message message = fast_message(thread);
        bool calls = host_cpu.pair.caller != NULL && thread == host_cpu.pair.caller;
        unsigned number = calls ? NACELLE_CALL : NACELLE_REPLY_RECEIVE;

        if (host_cpu.pair.caller == NULL && below(20) == 0) {
            vcpu_state(host_cpu.pair.direct.vcpu)->dirty = (uint32_t)below(2);
        }
        switch (world_fast_call(number, &message, below(1 << 20))) {
        case WORLD_SLOW:
            message.tag &= ~(0xffull << NACELLE_TAG_SYSTEM_CALL_SHIFT);
            start_system_call(thread, number, &message);
            return false;
        case WORLD_GUEST_ENTERED:
            fast_entries++;
            world_check();
            if (below(6) == 0) {
                run_guest();
                return false;
            }
            world_direct_exit();
            break;
        case WORLD_CHANGED:
            fast_changes++;
            break;
        }
        world_check();
    }
    return true;
}

/* --- The root thread's hand ------------------------------------------------------------------- */

/* The root makes a system call, and sleeps otherwise so that the others run. */
static enum nacelle_error root_invoke(const struct message *message)
{
    struct execution *root = &world.root->execution;
    const struct slot *slot = world_slot(message->capability);
    enum nacelle_error error;

    if (slot != NULL && slot->type == NACELLE_TYPE_ENDPOINT) {
        return NACELLE_ERROR_WRONG_TYPE; /* it would wait there */
    }
    world_interrupt_running();
    root->suspended = false;
    schedule_update(root->on);
    error = world_invoke(message->capability, nacelle_tag_label(message->tag), message->words[0],
                         message->words[1], message->words[2], message->words[3]);
    root->suspended = true;
    schedule_update(root->on);
    return error;
}

static enum nacelle_error root_call(uint64_t slot, uint32_t operation, uint64_t w0, uint64_t w1,
                                    uint64_t w2, uint64_t w3)
{
    const struct message message = {
        .capability = slot, .tag = nacelle_tag(operation, 4), .words = {w0, w1, w2, w3}};

    return root_invoke(&message);
}

static unsigned count_of(unsigned type)
{
    unsigned count = 0;

    for (uint64_t i = ROOT_FREE; i < SLOTS; i++) {
        count += world_slot(i)->type == type;
    }
    return count;
}

static void make(uint64_t slot, unsigned type, unsigned size)
{
    root_call(ROOT_UNTYPED, NACELLE_UNTYPED_RETYPE, type | size << 8, slot, 1, 0);
}

/* Sees to it that there is something to play with; when memory or slots are used up, all goes. */
static void populate(void)
{
    uint64_t slot = empty_slot();

    if (world_slot(slot) == NULL || world_slot(slot)->type != NACELLE_TYPE_NULL ||
        below(300) == 0) {
        assert_int_equal(root_call(ROOT_CSPACE, NACELLE_CSPACE_REVOKE, ROOT_UNTYPED, 0, 0, 0),
                         NACELLE_ERROR_OK);
        root_call(ROOT_UNTYPED, NACELLE_UNTYPED_INFO, 0, 0, 0, 0);
        assert_int_equal(world_reply.words[2], 0); /* all of it is there again */
        return;
    }
    if (count_of(NACELLE_TYPE_ENDPOINT) < 3) {
        make(slot, NACELLE_TYPE_ENDPOINT, 0);
    } else if (count_of(NACELLE_TYPE_NOTIFICATION) < 2) {
        make(slot, NACELLE_TYPE_NOTIFICATION, 0);
    } else if (count_of(NACELLE_TYPE_FRAME) < 4) {
        make(slot, NACELLE_TYPE_FRAME, 12);
    } else if (count_of(NACELLE_TYPE_ASPACE) < 1) {
        make(slot, NACELLE_TYPE_ASPACE, 15);
    } else if (count_of(NACELLE_TYPE_CSPACE) < 1) {
        make(slot, NACELLE_TYPE_CSPACE, 9);
    } else if (count_of(NACELLE_TYPE_VM) < 1) {
        make(slot, NACELLE_TYPE_VM, NACELLE_SIZE_VM_MIN);
    } else if (count_of(NACELLE_TYPE_VCPU) < 2) {
        make(slot, NACELLE_TYPE_VCPU, 0);
        root_call(slot, NACELLE_VCPU_CONFIGURE, slot_of_type(NACELLE_TYPE_VM),
                  slot_of_type(NACELLE_TYPE_ENDPOINT), 0, 0);
        root_call(slot, NACELLE_VCPU_RESUME, 0, 0, 0, 0);
    } else if (count_of(NACELLE_TYPE_THREAD) < 6) {
        make(slot, NACELLE_TYPE_THREAD, 0);
        root_call(slot, NACELLE_THREAD_CONFIGURE, ROOT_CSPACE, ROOT_ASPACE,
                  below(2) != 0 ? 0 : slot_of_type(NACELLE_TYPE_ENDPOINT), 0);
        root_call(slot, NACELLE_THREAD_RESUME, 0, 0, 0, 0);
        root_call(slot, NACELLE_THREAD_SET_PRIORITY, below(3), 0, 0, 0);
    } else {
        uint64_t which = slot_of_type(below(2) != 0 ? NACELLE_TYPE_THREAD : NACELLE_TYPE_VCPU);

        root_call(which, NACELLE_THREAD_RESUME, 0, 0, 0, 0);
        root_call(which, NACELLE_VCPU_CONFIGURE, slot_of_type(NACELLE_TYPE_VM),
                  slot_of_type(NACELLE_TYPE_ENDPOINT), 0, 0);
        root_call(which, NACELLE_VCPU_RESUME, 0, 0, 0, 0);
    }
}

/* Everyone waits: some waits are ended. */
static void wake_somebody(void)
{
    machine.tsc += below(1 << 20);
    schedule_tick();
    for (unsigned i = 0; i < 3; i++) {
        uint64_t thread = slot_of_type(NACELLE_TYPE_THREAD);
        uint64_t notification = slot_of_type(NACELLE_TYPE_NOTIFICATION);

        root_call(thread, NACELLE_THREAD_SUSPEND, 0, 0, 0, 0);
        root_call(thread, NACELLE_THREAD_RESUME, 0, 0, 0, 0);
        root_call(notification, NACELLE_NOTIFICATION_SIGNAL, 0, 0, 0, 0);
        root_call(slot_of_type(NACELLE_TYPE_VCPU), NACELLE_VCPU_RESUME, 0, 0, 0, 0);
    }
}

/* One of the objects that others depend on goes. */
static void delete_something(void)
{
    static const uint8_t types[] = {
        NACELLE_TYPE_THREAD,       NACELLE_TYPE_THREAD,  NACELLE_TYPE_VCPU,   NACELLE_TYPE_ENDPOINT,
        NACELLE_TYPE_NOTIFICATION, NACELLE_TYPE_CSPACE,  NACELLE_TYPE_ASPACE, NACELLE_TYPE_VM,
        NACELLE_TYPE_FRAME,        NACELLE_TYPE_UNTYPED,
    };
    uint64_t slot = slot_of_type(types[below(sizeof(types))]);

    if (slot >= ROOT_FREE) {
        root_call(ROOT_CSPACE, NACELLE_CSPACE_DELETE, slot, 0, 0, 0);
    }
}

/* Between two steps of a long operation the time slice may be over. */
static void interrupt(void)
{
    if (below(2) == 0) {
        machine.tsc += WORLD_HZ / 50;
        schedule_tick();
    }
}

/* --- Fresh frames are clear ------------------------------------------------------------------- */

static uint64_t known_frame[SLOTS];

static void check_frames(void)
{
    for (uint64_t i = ROOT_FREE; i < SLOTS; i++) {
        const struct slot *slot = world_slot(i);
        bool frame = slot->type == NACELLE_TYPE_FRAME && (slot->flags & SLOT_ORIGINAL) != 0;

        if (frame && known_frame[i] != slot->object) {
            const uint64_t *words = (const uint64_t *)slot->object;

            for (uint64_t k = 0; k < (1ull << slot->size) / sizeof(*words); k++) {
                assert_int_equal(words[k], 0);
            }
            memset((void *)slot->object, 0x5a, 1ull << slot->size); /* its owner writes */
        }
        known_frame[i] = frame ? slot->object : 0;
    }
}

/* Returns how many times a guest ran. */
static unsigned play(uint64_t seed, unsigned steps)
{
    unsigned threads = 0;
    unsigned guests = 0;

    random_state.state = seed;
    memset(known_frame, 0, sizeof(known_frame));
    world_start();
    world_interrupt = interrupt;
    slot_clear(world_slot(ROOT_THREAD)); /* the root is the test's own hand, nobody else's */
    world.root->execution.suspended = true;
    schedule_update(world.root->execution.on);
    for (unsigned step = 0; step < steps; step++) {
        if (below(25) == 0) {
            delete_something();
            world_check();
        }
        if (below(4) == 0) {
            populate();
            check_frames();
        }
        if (below(12) == 0) {
            const struct message message = some_operation();

            root_invoke(&message);
        }
        world_arms = below(8) != 0;
        world_lacks_apic = below(8) == 0;
        switch (world_run()) {
        case WORLD_IDLE:
            wake_somebody();
            break;
        case WORLD_THREAD:
            threads++;
            world_check();
            if (run_fast()) {
                run_thread(host_cpu.current);
            }
            break;
        case WORLD_GUEST:
            guests++;
            run_guest();
            break;
        }
        check_frames();
        world_check();
    }
    assert_true(threads > steps / 4);
    return guests;
}

static void random_play(void **state)
{
    const char *seed = getenv("NACELLE_TEST_SEED"); /* one long run of it instead */
    unsigned guests = 0;

    (void)state;
    if (seed != NULL) {
        assert_true(play(strtoull(seed, NULL, 0), 200000) > 1000);
        return;
    }
    for (uint64_t i = 1; i <= 12; i++) {
        guests += play(i * 0x9e3779b97f4a7c15ull, 3000);
    }
    assert_true(guests > 1000);
    assert_true(fast_entries > 100);
    assert_true(fast_changes > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_play),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
