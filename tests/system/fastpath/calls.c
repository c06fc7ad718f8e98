/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls between threads: short ones, and all those that are not. */
#include "fastpath.h"

#include <harness/platform.h>
#include <runtime/aspace.h>
#include <runtime/string.h>

#include "calls.h"

static uint64_t calls, one, other; /* the endpoint, and two capabilities to call it by */
static uint64_t served_badge, served_tag, answer_tag;
static struct thread server;
static struct nacelle_message message;

/* Words come back as they are, less one. */
static void serve(uint64_t argument)
{
    struct nacelle_message call;

    (void)argument;
    nacelle_receive(calls, &call);
    for (;;) {
        served_badge = call.badge;
        served_tag = call.tag;
        for (unsigned i = 0; i < NACELLE_MESSAGE_REGISTERS; i++)
            call.words[i]--;
        for (unsigned i = NACELLE_MESSAGE_REGISTERS; i < NACELLE_MESSAGE_WORDS; i++)
            server.buffer->words[i]--;
        call.tag = answer_tag;
        nacelle_reply_receive(calls, &call);
    }
}

static void do_call(uint64_t slot, unsigned number, uint64_t tag)
{
    message = (struct nacelle_message){.tag = tag, .words = {10, 20, 30, 40}};
    for (unsigned i = NACELLE_MESSAGE_REGISTERS; i < NACELLE_MESSAGE_WORDS; i++) {
        nacelle_ipc_buffer->words[i] = 1000 + i;
        server.buffer->words[i] = 7;
    }
    served_badge = served_tag = ~0ull;
    nacelle_system_call(number, slot, &message);
}

/* A call and its answer, in full. */
static void check_call(const char *what, uint64_t slot, uint64_t badge, uint64_t bits)
{
    unsigned length = (unsigned)(bits & NACELLE_TAG_LENGTH_MASK);
    unsigned answered = (unsigned)(answer_tag & NACELLE_TAG_LENGTH_MASK);
    uint64_t label = 5ull << NACELLE_TAG_LABEL_SHIFT;

    do_call(slot, NACELLE_CALL, label | bits);
    check_number(what, badge, served_badge);
    check_number(what, label | length | NACELLE_TAG_CALL, served_tag);
    check_number(what, 0, message.badge);
    check_number(what, nacelle_tag(6, answered), message.tag);
    for (unsigned i = 0; i < NACELLE_MESSAGE_REGISTERS; i++)
        check_number(what, 10 * (i + 1) - 1, message.words[i]);
    for (unsigned i = NACELLE_MESSAGE_REGISTERS; i < NACELLE_MESSAGE_WORDS; i++) {
        uint64_t theirs = i < length ? 1000 + i - 1 : 7 - 1;

        if (nacelle_ipc_buffer->words[i] != (i < answered ? theirs : 1000 + i))
            check_number("long word", i < answered ? theirs : 1000 + i,
                         nacelle_ipc_buffer->words[i]);
    }
}

static void some_calls(void)
{
    answer_tag = nacelle_tag(6, 4);
    for (unsigned i = 0; i < 3; i++)
        check_call("short call", one, 44, 4);
}

static void fails(const char *what, uint64_t slot, unsigned number, uint64_t tag,
                  enum nacelle_error error)
{
    some_calls();
    do_call(slot, number, tag);
    check_error(what, error, nacelle_message_error(&message));
    check_number(what, ~0ull, served_tag); /* nobody has received anything */
}

void test_calls(void)
{
    uint64_t empty = slot_take();

    calls = make(NACELLE_TYPE_ENDPOINT, 0);
    one = copy(calls, NACELLE_RIGHT_WRITE, 44);
    other = copy(calls, NACELLE_RIGHT_WRITE, 45);
    server = thread_start(serve, 0, 1);
    for (unsigned length = 0; length <= NACELLE_MESSAGE_WORDS; length++) {
        some_calls();
        check_call("length of a call", one, 44, length);
        answer_tag = nacelle_tag(6, length);
        check_call("length of an answer", one, 44, 4);
    }
    for (unsigned bit = 7; bit < 56; bit = bit == 15 ? 48 : bit + 1) {
        some_calls();
        check_call("bit of the tag", one, 44, 1ull << bit);
        answer_tag |= 1ull << bit;
        check_call("bit of the answer's tag", one, 44, 4);
    }
    for (unsigned i = 0; i < 3; i++) {
        some_calls();
        check_call("another badge", other, 45, 4);
        check_call("another badge", other, 45, 4);
    }
    fails("slot", 0, NACELLE_CALL, nacelle_tag(5, 4), NACELLE_ERROR_INVALID_CAPABILITY);
    fails("slot", empty, NACELLE_CALL, nacelle_tag(5, 4), NACELLE_ERROR_INVALID_CAPABILITY);
    fails("slot", one | 1ull << 32, NACELLE_CALL, nacelle_tag(5, 4),
          NACELLE_ERROR_INVALID_CAPABILITY);
    fails("slot", copy(calls, NACELLE_RIGHT_READ, 0), NACELLE_CALL, nacelle_tag(5, 4),
          NACELLE_ERROR_MISSING_RIGHT);
    for (unsigned number = NACELLE_SYSTEM_CALLS; number < 256; number++)
        fails("system call", one, number, nacelle_tag(5, 4), NACELLE_ERROR_INVALID_SYSTEM_CALL);
    for (unsigned length = NACELLE_MESSAGE_WORDS + 1; length < 128; length++)
        fails("length of a call", one, NACELLE_CALL, nacelle_tag(5, 0) | length,
              NACELLE_ERROR_MESSAGE_TOO_LONG);
}

/* --- Two address spaces --- */

extern const uint8_t lonely_server_begin[], lonely_server_end[];

#define OURS   0x0a0a0a0au
#define THEIRS 0x0b0b0b0bu

static volatile uint64_t *map_data(uint64_t aspace, uint64_t frame, uint64_t address)
{
    need(nacelle_aspace_map(aspace, frame, address, READ_WRITE), "map data");
    return (volatile uint64_t *)address;
}

void test_address_spaces(void)
{
    struct page code = page_make();
    struct page data = page_make();
    uint64_t size = (uint64_t)lonely_server_end - (uint64_t)lonely_server_begin;
    uint64_t aspace = make(NACELLE_TYPE_ASPACE, 16);
    uint64_t thread = make(NACELLE_TYPE_THREAD, 0);
    volatile uint64_t *ours =
        map_data(NACELLE_SLOT_ASPACE, make(NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE), CALLS_DATA);
    volatile uint64_t *theirs = (volatile uint64_t *)(void *)data.bytes;

    calls = make(NACELLE_TYPE_ENDPOINT, 0);
    memcpy(code.bytes, lonely_server_begin, size);
    platform_choose_system_calls(code.bytes, size);
    ours[0] = OURS;
    theirs[0] = THEIRS;
    theirs[1] = calls;
    theirs[2] = nacelle_entry_tag(NACELLE_REPLY_RECEIVE, nacelle_tag(6, 1));
    need(nacelle_aspace_map(aspace, copy(code.frame, NACELLE_RIGHTS_ALL, 0), CALLS_CODE,
                            READ_EXECUTE),
         "map code");
    (void)map_data(aspace, copy(data.frame, NACELLE_RIGHTS_ALL, 0), CALLS_DATA);
    need(nacelle_thread_configure(thread, NACELLE_SLOT_CSPACE, aspace, 0), "configure");
    need(nacelle_thread_set_registers(thread, CALLS_CODE, 0, 0, 0), "registers");
    need(nacelle_thread_resume(thread), "start the server");
    for (uint64_t i = 0; i < 50; i++) {
        theirs[0] = THEIRS + i;
        message = (struct nacelle_message){.tag = nacelle_tag(5, 1)};
        need(nacelle_call(calls, &message), "call");
        check_number("what the server found", THEIRS + i, message.words[0]);
        check_number("what the caller finds", OURS, ours[0]);
    }
}
