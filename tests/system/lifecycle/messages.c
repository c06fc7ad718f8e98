/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages between threads: words, badges, capabilities, order, and all kinds at one endpoint. */
#include <harness/check.h>
#include <harness/memory.h>
#include <runtime/cspace.h>
#include <runtime/notification.h>

#include "world.h"

#define MASK  0x5a5a5a5a00000000ull
#define BADGE 0x1234567890abcdefull

/* A server that answers with the words turned over, and notes what it saw. */
static struct {
    uint64_t endpoint;
    struct thread thread;
    volatile uint64_t badge, tag;
} server;

static void serve(uint64_t argument)
{
    struct nacelle_message message = {0};

    (void)argument;
    (void)nacelle_receive(server.endpoint, &message);
    for (;;) {
        unsigned length = nacelle_tag_length(message.tag);

        server.badge = message.badge;
        server.tag = message.tag;
        for (unsigned i = 0; i < NACELLE_MESSAGE_REGISTERS; i++)
            message.words[i] ^= MASK;
        for (unsigned i = NACELLE_MESSAGE_REGISTERS; i < length; i++)
            server.thread.buffer->words[i] ^= MASK;
        message.tag = nacelle_tag(nacelle_tag_label(message.tag) + 1, length);
        (void)nacelle_reply_receive(server.endpoint, &message);
    }
}

static uint64_t word_of(unsigned length, unsigned i)
{
    return (uint64_t)length << 16 | i;
}

static void call_with_words(uint64_t endpoint, unsigned length)
{
    struct nacelle_message message = {.tag = nacelle_tag(0xfffffff0u + length % 8, length)};
    uint64_t wrong = 0;

    for (unsigned i = 0; i < length; i++) {
        if (i < NACELLE_MESSAGE_REGISTERS)
            message.words[i] = word_of(length, i);
        else
            nacelle_ipc_buffer->words[i] = word_of(length, i);
    }
    check_error("call", NACELLE_ERROR_OK, nacelle_call(endpoint, &message));
    check_number("tag of a call", nacelle_tag(0xfffffff0u + length % 8, length) | NACELLE_TAG_CALL,
                 server.tag);
    check_number("badge of a call", BADGE, server.badge);
    check_number("tag of the reply", nacelle_tag(0xfffffff1u + length % 8, length), message.tag);
    check_number("badge of the reply", 0, message.badge);
    for (unsigned i = 0; i < length; i++) {
        uint64_t word = i < NACELLE_MESSAGE_REGISTERS ? message.words[i]
                                                      : nacelle_ipc_buffer->words[i];

        wrong += word != (word_of(length, i) ^ MASK);
    }
    check_number("wrong words", 0, wrong);
}

static void test_words(void)
{
    uint64_t badged;

    server.endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    server.thread = thread_start(serve, 0, 3);
    a_while();
    badged = copy(server.endpoint, NACELLE_RIGHT_WRITE, BADGE);
    for (unsigned length = 0; length <= NACELLE_MESSAGE_WORDS; length++)
        call_with_words(badged, length);
    drop(server.thread.slot);
}

/* A thread that sends one capability and waits for the reply, which may bring one back. */
static struct {
    uint64_t through, capability, reply_into;
    struct thread thread;
    volatile uint64_t reply_tag;
} sender;

static void send_one(uint64_t argument)
{
    struct nacelle_message message = {.tag = nacelle_tag(1, 0) | NACELLE_TAG_CAPABILITY};

    (void)argument;
    sender.thread.buffer->send_slot = sender.capability;
    sender.thread.buffer->receive_slot = sender.reply_into;
    (void)nacelle_call(sender.through, &message);
    sender.reply_tag = message.tag;
}

/* A case: what is sent through a capability with these rights into that slot; does it arrive? */
static void transfer(const char *what, uint64_t endpoint, unsigned rights, uint64_t capability,
                     uint64_t into, bool arrives)
{
    struct nacelle_message message = {0};
    struct nacelle_identity sent = {0}, found = {0};
    enum nacelle_error error;

    sender.through = copy(endpoint, rights, 0);
    sender.capability = capability;
    sender.reply_into = slot_take();
    sender.reply_tag = 0;
    sender.thread = thread_start(send_one, 0, 3);
    a_while();
    nacelle_ipc_buffer->receive_slot = into;
    check_error(what, NACELLE_ERROR_OK, nacelle_receive(endpoint, &message));
    nacelle_ipc_buffer->receive_slot = 0;
    check_number(what, arrives ? NACELLE_TAG_CAPABILITY : 0, message.tag & NACELLE_TAG_CAPABILITY);
    if (arrives) {
        (void)nacelle_cspace_identify(NACELLE_SLOT_CSPACE, capability, &sent);
        error = nacelle_cspace_identify(NACELLE_SLOT_CSPACE, into, &found);
        check_error(what, NACELLE_ERROR_OK, error);
        check_true("the same object", sent.type == found.type && sent.rights == found.rights &&
                                          sent.badge == found.badge);
    }
    /* The reply takes one back. */
    message.tag = nacelle_tag(2, 0) | NACELLE_TAG_CAPABILITY;
    nacelle_ipc_buffer->send_slot = endpoint;
    need(nacelle_reply(&message), "reply");
    a_while();
    check_number("reply with a capability", nacelle_tag(2, 0) | NACELLE_TAG_CAPABILITY,
                 sender.reply_tag);
    check_error("it came", NACELLE_ERROR_OK,
                nacelle_cspace_identify(NACELLE_SLOT_CSPACE, sender.reply_into, &found));
    check_number("an endpoint", NACELLE_TYPE_ENDPOINT, found.type);
    drop(sender.thread.slot);
}

static void test_capabilities(void)
{
    const unsigned grant = NACELLE_RIGHT_WRITE | NACELLE_RIGHT_GRANT;
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    uint64_t badged = copy(endpoint, NACELLE_RIGHT_WRITE, 99);
    uint64_t frame = make(NACELLE_TYPE_FRAME, 12);
    uint64_t untyped = make(NACELLE_TYPE_UNTYPED, 12);

    transfer("a frame", endpoint, grant, frame, slot_take(), true);
    transfer("a badged endpoint", endpoint, grant, badged, slot_take(), true);
    transfer("without GRANT", endpoint, NACELLE_RIGHT_WRITE, frame, slot_take(), false);
    transfer("into no slot", endpoint, grant, frame, 0, false);
    transfer("into a slot that is taken", endpoint, grant, frame, endpoint, false);
    transfer("into a slot beyond all", endpoint, grant, frame, ~0ull, false);
    transfer("nothing", endpoint, grant, slot_take(), slot_take(), false);
    transfer("out of range", endpoint, grant, 1ull << 60, slot_take(), false);
    transfer("untyped memory", endpoint, grant, untyped, slot_take(), false);
}

static void test_order(void)
{
    static struct job jobs[5];
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    struct nacelle_message message = {0};

    for (unsigned i = 0; i < 5; i++)
        job_start(&jobs[i], i % 2 != 0 ? NACELLE_CALL : NACELLE_SEND,
                  copy(endpoint, NACELLE_RIGHTS_ALL, 1 + i), 3);
    for (unsigned i = 0; i < 5; i++) {
        check_error("receive", NACELLE_ERROR_OK, nacelle_receive(endpoint, &message));
        check_number("first come, first served", 1 + i, message.badge);
        check_number("a call, or not", i % 2 != 0 ? NACELLE_TAG_CALL : 0,
                     message.tag & NACELLE_TAG_CALL);
        message.tag = nacelle_tag(7, 0);
        check_error("reply", i % 2 != 0 ? NACELLE_ERROR_OK : NACELLE_ERROR_WOULD_BLOCK,
                    nacelle_reply(&message));
        a_while();
        check_ended("sent", NACELLE_ERROR_OK, &jobs[i]);
    }
}

/* Signals add up, and are taken all at once. */
static void test_signals(void)
{
    uint64_t notification = make(NACELLE_TYPE_NOTIFICATION, 0);
    struct nacelle_message message = {0};

    for (unsigned i = 0; i < 8; i++)
        need(nacelle_notification_signal(copy(notification, NACELLE_RIGHT_WRITE, 1ull << (i * 9))),
             "signal");
    check_error("receive", NACELLE_ERROR_OK, nacelle_receive(notification, &message));
    check_number("all bits", 0x8040201008040201ull, message.words[0]);
    check_error("once", NACELLE_ERROR_WOULD_BLOCK, nacelle_poll(notification, &message));
    need(nacelle_notification_signal(notification), "signal");
    check_error("without a badge", NACELLE_ERROR_OK, nacelle_poll(notification, &message));
    check_number("bit 0", 1, message.words[0]);
}

/* Exits of two vCPUs, a timer and callers, all received by one thread at one endpoint. */
static void test_one_loop(void)
{
    static struct job job;
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    uint64_t timer = make(NACELLE_TYPE_NOTIFICATION, 0);
    struct guest guests[2];
    struct nacelle_message message = {0};
    uint64_t exits[2] = {0}, timers = 0, calls = 0, others = 0;

    need(nacelle_notification_bind(timer, endpoint), "bind");
    for (unsigned i = 0; i < 2; i++) {
        guests[i] = guest_make(0, GUEST_CODE_OF(guest_count), endpoint, 10 + i);
        need(nacelle_vcpu_resume(guests[i].vcpu), "resume");
    }
    need(nacelle_notification_set_timer(timer, nacelle_tsc() + A_WHILE), "timer");
    job_start(&job, NACELLE_CALL, copy(endpoint, NACELLE_RIGHTS_ALL, 20), 3);
    for (unsigned i = 0; i < 400; i++) {
        need(nacelle_receive(endpoint, &message), "receive");
        if (nacelle_from_kernel(&message, NACELLE_LABEL_NOTIFICATION)) {
            timers++;
            need(nacelle_notification_set_timer(timer, nacelle_tsc() + A_WHILE), "timer");
            continue;
        }
        if (nacelle_from_kernel(&message, NACELLE_EXIT_PORT) && message.badge - 10 < 2 &&
            message.words[1] == COUNT_TO)
            exits[message.badge - 10]++;
        else if (message.badge == 20)
            calls++;
        else
            others++;
        message.tag = nacelle_tag(NACELLE_RESUME_ADVANCE, 0);
        need(nacelle_reply(&message), "reply");
    }
    check_range("exits of the first vCPU", 20, 400, exits[0]);
    check_range("exits of the second vCPU", 20, 400, exits[1]);
    check_range("timers", 20, 400, timers);
    check_number("calls", 1, calls);
    check_number("others", 0, others);
}

void test_messages(void)
{
    test_words();
    test_capabilities();
    test_order();
    test_signals();
    test_one_loop();
}
