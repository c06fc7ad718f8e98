/* SPDX-License-Identifier: BSD-2-Clause */
/* What a handler may reply, and write into the state page; and capabilities that go meanwhile. */
#include "fastpath.h"

#include <runtime/cspace.h>
#include <runtime/string.h>
#include <x86/general_registers.h>

#define TOUCH_BYTES 5u /* of guest_touch's instruction */

static uint64_t exits, told;
static struct guest guest;
static struct nacelle_message message;

static void start(struct guest_code code)
{
    exits = make(NACELLE_TYPE_ENDPOINT, 0);
    guest = hostile_guest(code, exits, 0);
    told = 0;
    need(nacelle_vcpu_resume(guest.vcpu), "start the guest");
    need(nacelle_receive(exits, &message), "the first exit");
    check_true("the first exit", tells_next(&message, &told));
}

/* Some replies that are fast, so that the next can be. */
static void some_rounds(const char *what)
{
    for (unsigned i = 0; i < 3; i++) {
        need(nacelle_resume_receive(exits, NACELLE_RESUME_ADVANCE, &message), what);
        if (!check_true(what, tells_next(&message, &told)))
            return;
    }
}

static void reply_by(uint64_t slot_used, unsigned number, uint64_t tag)
{
    message = (struct nacelle_message){.tag = tag};
    nacelle_system_call(number, slot_used, &message);
}

static void reply(unsigned number, uint64_t tag)
{
    reply_by(exits, number, tag);
}

/* A reply with what has no meaning: it advances, and nothing else. */
static void advances(const char *what, uint64_t bits)
{
    some_rounds(what);
    reply(NACELLE_REPLY_RECEIVE, nacelle_tag(NACELLE_RESUME_ADVANCE, 0) | bits);
    check_true(what, tells_next(&message, &told));
}

static void fails_by(const char *what, uint64_t slot_used, unsigned number, uint64_t tag,
                     enum nacelle_error error)
{
    some_rounds(what);
    reply_by(slot_used, number, tag);
    check_error(what, error, nacelle_message_error(&message));
    /* Nothing has happened: the exit can still be replied to. */
    some_rounds(what);
}

static void fails(const char *what, unsigned number, uint64_t tag, enum nacelle_error error)
{
    fails_by(what, exits, number, tag, error);
}

/* The instruction touches memory that is not there, and the processor does not tell its length. */
static void test_memory_replies(void)
{
    uint64_t rounds = 1;

    exits = make(NACELLE_TYPE_ENDPOINT, 0);
    guest = hostile_guest(GUEST_CODE_OF(guest_touch), exits, 0);
    need(nacelle_vcpu_resume(guest.vcpu), "start the guest");
    need(nacelle_receive(exits, &message), "the first exit");
    for (unsigned bit = 0; bit < 32; bit++) {
        uint32_t label = NACELLE_RESUME_ADVANCE | NACELLE_RESUME_LENGTH(TOUCH_BYTES);

        if (bit != 1 &&
            (bit < NACELLE_RESUME_LENGTH_SHIFT || bit >= NACELLE_RESUME_LENGTH_SHIFT + 4))
            label |= 1u << bit;
        reply(NACELLE_REPLY_RECEIVE, nacelle_tag(label, 0));
        check_number("exit", NACELLE_EXIT_MEMORY, nacelle_tag_label(message.tag));
        check_number("rounds of the guest", ++rounds, guest.state->general[X86_RSI]);
        /* Without a length it stays where it is. */
        for (uint32_t advance = 0; advance < 2; advance++) {
            reply(NACELLE_REPLY_RECEIVE, nacelle_tag(advance, 0));
            check_number("exit", NACELLE_EXIT_MEMORY, nacelle_tag_label(message.tag));
            check_number("rounds of the guest", rounds, guest.state->general[X86_RSI]);
        }
        for (unsigned number = NACELLE_SYSTEM_CALLS; number < 256; number += 31) {
            reply(number, nacelle_tag(label, 0));
            check_error("system call", NACELLE_ERROR_INVALID_SYSTEM_CALL,
                        nacelle_message_error(&message));
        }
    }
}

void test_replies(void)
{
    const uint64_t empty = slot_take();
    const uint64_t notification = make(NACELLE_TYPE_NOTIFICATION, 0);
    const uint64_t advance = nacelle_tag(NACELLE_RESUME_ADVANCE, 0);

    start(GUEST_CODE_OF(guest_nops));
    for (unsigned length = 0; length <= NACELLE_MESSAGE_WORDS; length++)
        advances("length of a reply", length);
    for (unsigned length = NACELLE_MESSAGE_WORDS + 1; length < 128; length++)
        fails("length of a reply", NACELLE_REPLY_RECEIVE, advance | length,
              NACELLE_ERROR_MESSAGE_TOO_LONG);
    for (unsigned bit = 7; bit < 16; bit++)
        advances("bit of the tag", 1ull << bit);
    for (unsigned bit = 48; bit < 56; bit++)
        advances("bit of the tag", 1ull << bit);
    for (unsigned bit = 2; bit < 32; bit++)
        if (bit < NACELLE_RESUME_LENGTH_SHIFT || bit >= NACELLE_RESUME_LENGTH_SHIFT + 4)
            advances("bit of the label", 1ull << (bit + NACELLE_TAG_LABEL_SHIFT));
    for (uint32_t bytes = 2; bytes < 16; bytes++)
        advances("length of the instruction", nacelle_tag(NACELLE_RESUME_LENGTH(bytes), 0));
    for (unsigned number = NACELLE_SYSTEM_CALLS; number < 256; number++) {
        fails("system call", number, advance, NACELLE_ERROR_INVALID_SYSTEM_CALL);
        fails("system call", number, nacelle_tag(0, 0), NACELLE_ERROR_INVALID_SYSTEM_CALL);
    }
    for (unsigned again = 0; again < 2; again++) {
        uint64_t tag = again != 0 ? nacelle_tag(0, 0) : advance;

        fails_by("slot", 0, NACELLE_REPLY_RECEIVE, tag, NACELLE_ERROR_INVALID_CAPABILITY);
        fails_by("slot", empty, NACELLE_REPLY_RECEIVE, tag, NACELLE_ERROR_INVALID_CAPABILITY);
        fails_by("slot", ~0ull, NACELLE_REPLY_RECEIVE, tag, NACELLE_ERROR_INVALID_CAPABILITY);
        fails_by("slot", exits | 1ull << 32, NACELLE_REPLY_RECEIVE, tag,
                 NACELLE_ERROR_INVALID_CAPABILITY);
        fails_by("slot", guest.vm, NACELLE_REPLY_RECEIVE, tag, NACELLE_ERROR_WRONG_TYPE);
        fails_by("slot", copy(exits, NACELLE_RIGHT_WRITE, 0), NACELLE_REPLY_RECEIVE, tag,
                 NACELLE_ERROR_MISSING_RIGHT);
        fails_by("slot", copy(notification, NACELLE_RIGHT_WRITE, 0), NACELLE_REPLY_RECEIVE, tag,
                 NACELLE_ERROR_MISSING_RIGHT);
    }

    /* The same instruction again. */
    some_rounds("again");
    for (unsigned i = 0; i < 3; i++) {
        told--;
        reply(NACELLE_REPLY_RECEIVE, nacelle_tag(0, 0));
        check_true("again", tells_next(&message, &told));
    }
    /* CR2 as the handler stores it, without a reply: the processor has no other place for it. */
    for (uint32_t i = 1; i < 4; i++) {
        some_rounds("CR2");
        need(nacelle_vcpu_fetch(guest.vcpu, NACELLE_GROUP_CONTROL), "fetch");
        check_number("CR2", GUEST_CR2, guest.state->cr2);
        guest.state->cr2 = GUEST_CR2 + i;
        need(nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_CONTROL), "store");
        need(nacelle_resume_receive(exits, NACELLE_RESUME_ADVANCE, &message), "exit");
        check_number("CR2 that the guest finds", GUEST_CR2 + i, (uint32_t)message.words[0]);
        told++;
        guest.state->cr2 = GUEST_CR2;
        need(nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_CONTROL), "store");
    }
    /* STAY: no exit comes before RESUME. */
    some_rounds("stay");
    message.tag = nacelle_tag(NACELLE_RESUME_ADVANCE | NACELLE_RESUME_STAY, 0);
    check_error("stay", NACELLE_ERROR_OK, nacelle_reply(&message));
    wait_ticks(bochs_ticks(5000));
    check_number("stay", ~0u, guest_poll(exits, &message));
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    need(nacelle_receive(exits, &message), "receive");
    check_true("stay", tells_next(&message, &told));
    need(nacelle_vcpu_suspend(guest.vcpu), "suspend");
    test_memory_replies();
}

/* --- The state page --- */

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t any(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* All of it but what the guest computes with; no group that exists is said to be dirty. */
static void scribble(struct nacelle_vcpu_state *state)
{
    uint64_t esi = state->general[X86_RSI];
    uint8_t *bytes = (uint8_t *)state;
    uint64_t value = any();

    for (unsigned i = 0; i < sizeof(*state); i += 8, value += 0x0101010101010101)
        if (i + 8 <= offsetof(struct nacelle_vcpu_state, valid) || i >= 0x110)
            memcpy(bytes + i, &value, 8);
    state->general[X86_RSI] = esi;
    state->valid = (uint32_t)value;
    state->dirty = (uint32_t)(value & ~(uint64_t)NACELLE_GROUPS_ALL);
}

static volatile bool scribbles;

/* At any moment that the timer gives it. */
static void scribble_always(uint64_t argument)
{
    struct nacelle_vcpu_state *state = (struct nacelle_vcpu_state *)argument;

    for (;;) {
        volatile struct nacelle_exit *exit = &state->exit;

        exit->kind = (uint32_t)any();
        exit->number = (uint32_t)any();
        exit->instruction_length = (uint32_t)any();
        exit->flags = (uint32_t)any();
        *(volatile uint64_t *)&state->rip = any();
        *(volatile uint64_t *)&state->rflags = any();
        *(volatile uint32_t *)&state->valid = (uint32_t)any();
        *(volatile uint32_t *)&state->dirty = (uint32_t)any() & ~NACELLE_GROUPS_ALL;
        scribbles = true;
    }
}

static uint64_t handled;

static void handle(uint64_t argument)
{
    struct nacelle_message exit;

    (void)argument;
    for (;;) {
        nacelle_resume_receive(exits, NACELLE_RESUME_ADVANCE, &exit);
        mistakes += !nacelle_from_kernel(&exit, NACELLE_EXIT_CPUID);
        handled++;
    }
}

void test_state_page(void)
{
    struct thread threads[2];

    start(GUEST_CODE_OF(guest_tell));
    for (unsigned i = 0; i < 300; i++) {
        some_rounds("before a scribble");
        scribble(guest.state);
        reply(NACELLE_REPLY_RECEIVE, nacelle_tag(NACELLE_RESUME_ADVANCE, 0));
        check_true("after a scribble", tells_next(&message, &told));
        check_number("kind", NACELLE_EXIT_CPUID, guest.state->exit.kind);
        check_number("number", GUEST_CR2, guest.state->exit.number);
        check_number("valid", NACELLE_GROUP_IP, guest.state->valid);
        check_number("rip", message.words[3], guest.state->rip);
    }
    /* The reply is the other's from here on. */
    guest.state->dirty = 0;
    need(nacelle_vcpu_resume_after(guest.vcpu), "resume");
    mistakes = 0;
    threads[0] = thread_make(handle, 0, 1, 0);
    threads[1] = thread_make(scribble_always, (uint64_t)guest.state, 1, 0);
    need(nacelle_vcpu_set_priority(guest.vcpu, 1, bochs_ticks(10300)), "slice");
    for (unsigned i = 0; i < 2; i++) {
        need(nacelle_thread_set_priority(threads[i].slot, 1, bochs_ticks(10100 + 77 * i)), "slice");
        need(nacelle_thread_resume(threads[i].slot), "start a thread");
    }
    wait_ticks(bochs_ticks(1000000));
    check_true("exits were handled", handled > 100);
    check_true("the page was written", scribbles);
    /* A message that waited is made of what lies in the page by then: no label is forged. */
    check_true("labels of exits", mistakes <= handled);
    need(nacelle_thread_suspend(threads[1].slot), "suspend");
    need(nacelle_thread_suspend(threads[0].slot), "suspend");
}

/* --- Capabilities --- */

static uint64_t slot;                  /* that the handler receives with */
static volatile uint64_t asks, answer; /* of the thread below, and its answers */
static volatile uint64_t last_error;

/* Handles exits, and waits between an exit and the reply until it is told to go on. */
static void handle_slowly(uint64_t argument)
{
    struct nacelle_message exit;

    (void)argument;
    for (;;) {
        for (unsigned i = 0; i < 4; i++) {
            last_error = nacelle_resume_receive(slot, NACELLE_RESUME_ADVANCE, &exit);
            if (last_error != NACELLE_ERROR_OK)
                break;
            mistakes += !tells_next(&exit, &told);
        }
        asks++;
        while (answer != asks)
            ;
    }
}

/* Waits until the handler has an exit, or an error. */
static void wait_for_handler(uint64_t times)
{
    for (unsigned i = 0; i < 1000 && asks != times; i++)
        wait_ticks(bochs_ticks(2000));
    check_number("handler is between exit and reply", times, asks);
}

static void go_on(void)
{
    answer = asks;
    wait_for_handler(asks + 1);
}

static void expect(const char *what, enum nacelle_error error)
{
    go_on();
    check_error(what, error, (enum nacelle_error)last_error);
    check_number(what, 0, mistakes);
}

static void put(uint64_t from, unsigned rights)
{
    need(nacelle_cspace_copy(NACELLE_SLOT_CSPACE, slot, from, rights, 0), "copy");
}

void test_capabilities(void)
{
    uint64_t others = make(NACELLE_TYPE_ENDPOINT, 0);
    uint64_t notification = make(NACELLE_TYPE_NOTIFICATION, 0);
    struct thread thread;

    exits = make(NACELLE_TYPE_ENDPOINT, 0);
    slot = copy(exits, NACELLE_RIGHT_READ, 0);
    guest = hostile_guest(GUEST_CODE_OF(guest_tell), copy(exits, NACELLE_RIGHTS_ALL, 0), 0);
    told = 0;
    mistakes = 0;
    asks = answer = 0;
    thread = thread_start(handle_slowly, 0, 1);
    need(nacelle_vcpu_resume(guest.vcpu), "start the guest");
    wait_for_handler(1);
    expect("nothing changed", NACELLE_ERROR_OK);

    drop(slot);
    expect("deleted", NACELLE_ERROR_INVALID_CAPABILITY);
    expect("still deleted", NACELLE_ERROR_INVALID_CAPABILITY);
    put(exits, NACELLE_RIGHT_READ);
    expect("made again", NACELLE_ERROR_OK);
    drop(slot);
    put(exits, NACELLE_RIGHT_WRITE);
    expect("without a right", NACELLE_ERROR_MISSING_RIGHT);
    drop(slot);
    put(exits, NACELLE_RIGHTS_ALL);
    expect("with all rights", NACELLE_ERROR_OK);
    drop(slot);
    put(guest.vm, NACELLE_RIGHTS_ALL);
    expect("of another type", NACELLE_ERROR_WRONG_TYPE);
    drop(slot);
    put(exits, NACELLE_RIGHT_READ);
    expect("the endpoint again", NACELLE_ERROR_OK);

    /* Another endpoint: the reply is taken, and it receives there. */
    drop(slot);
    put(others, NACELLE_RIGHT_READ);
    answer = asks;
    wait_ticks(bochs_ticks(20000));
    check_number("waits at another endpoint", answer, asks);
    need(nacelle_receive(exits, &message), "the exit goes to the endpoint of exits");
    check_true("the exit after it", tells_next(&message, &told));
    /* The handler has its next message from there: not an exit. */
    message.tag = nacelle_tag(3, 0);
    need(nacelle_thread_suspend(thread.slot), "suspend");
    drop(slot);
    drop(notification);
}
