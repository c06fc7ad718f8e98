/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls that cannot be made, as such or on this capability. */
#include <harness/check.h>
#include <harness/memory.h>
#include <runtime/ipc.h>

#include "objects.h"
#include "rows.h"

static void expect(const char *what, unsigned number, uint64_t object, uint64_t tag,
                   enum nacelle_error error, uint64_t culprit)
{
    struct nacelle_message message = {.tag = tag};
    uint64_t failed = checks_failed;
    uint64_t before = objects_fingerprint();

    nacelle_system_call(number, object, &message);
    if (check_error(what, error, nacelle_message_error(&message)) && error != NACELLE_ERROR_OK)
        check_number(what, culprit, message.words[0]);
    check_number("objects after it", before, objects_fingerprint());
    if (checks_failed != failed)
        print("... system call %u, object 0x%lx, tag 0x%lx\n", number, object, tag);
}

static const struct {
    unsigned number;
    bool receives;
} calls[] = {
    {NACELLE_CALL, false},         {NACELLE_SEND, false}, {NACELLE_RECEIVE, true},
    {NACELLE_REPLY_RECEIVE, true}, {NACELLE_POLL, true},
};

static void test_capabilities(unsigned number, bool receives)
{
    static const uint64_t nothing[] = {0, EMPTY, STALE, REVOKED, NO_SLOT, 1ull << 58, ~0ull};

    for (unsigned i = 0; i < sizeof(nothing) / sizeof(*nothing); i++)
        expect("no capability", number, nothing[i], 0, NACELLE_ERROR_INVALID_CAPABILITY,
               CAPABILITY);
    for (unsigned type = NACELLE_TYPE_UNTYPED; type < NACELLE_TYPE_COUNT; type++)
        if (type != NACELLE_TYPE_ENDPOINT && type != NACELLE_TYPE_NOTIFICATION &&
            number != NACELLE_CALL)
            expect("wrong type", number, object_of(type), 0, NACELLE_ERROR_WRONG_TYPE, CAPABILITY);
    expect("missing right", number, weak_object_of(NACELLE_TYPE_ENDPOINT), 0,
           NACELLE_ERROR_MISSING_RIGHT, CAPABILITY);
    if (number != NACELLE_CALL)
        expect("missing right", number, weak_object_of(NACELLE_TYPE_NOTIFICATION), 0,
               NACELLE_ERROR_MISSING_RIGHT, CAPABILITY);
    for (unsigned length = NACELLE_MESSAGE_WORDS + 1;
         length <= NACELLE_TAG_LENGTH_MASK && !receives; length++)
        expect("message too long", number, ENDPOINT, length, NACELLE_ERROR_MESSAGE_TOO_LONG, TAG);
}

void test_system_calls(void)
{
    const uint64_t ignored = 0x00ff00000000ff00ull; /* bits of the tag that mean nothing */

    objects_make();
    for (unsigned number = NACELLE_SYSTEM_CALLS; number < 256; number++)
        expect("no such system call", number, ENDPOINT, 0, NACELLE_ERROR_INVALID_SYSTEM_CALL, TAG);
    for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        test_capabilities(calls[i].number, calls[i].receives);
    expect("reply to nobody", NACELLE_REPLY, 0, 0, NACELLE_ERROR_WOULD_BLOCK, CAPABILITY);
    expect("reply to nobody", NACELLE_REPLY, ~0ull, 0, NACELLE_ERROR_WOULD_BLOCK, CAPABILITY);
    expect("poll an empty endpoint", NACELLE_POLL, ENDPOINT, 0, NACELLE_ERROR_WOULD_BLOCK,
           CAPABILITY);
    expect("poll an empty notification", NACELLE_POLL, NOTIFICATION, 0, NACELLE_ERROR_WOULD_BLOCK,
           CAPABILITY);
    expect("bits that are ignored", NACELLE_CALL, FRAME,
           nacelle_tag(NACELLE_FRAME_INFO, 0) | ignored, NACELLE_ERROR_OK, 0);
    expect("yield", NACELLE_YIELD, ~0ull, 0, NACELLE_ERROR_OK, 0);
    objects_drop();
}
