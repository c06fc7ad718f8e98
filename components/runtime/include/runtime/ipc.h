/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages between threads. */
#ifndef RUNTIME_IPC_H
#define RUNTIME_IPC_H

#include <runtime/system_call.h>
#include <stdbool.h>

/*
 * All of these take and give back a whole message. Where they fail, the error is returned and the
 * message holds what nacelle/error.h says.
 */

/* Sends and waits for the reply. */
static inline enum nacelle_error nacelle_call(uint64_t slot, struct nacelle_message *message)
{
    nacelle_system_call(NACELLE_CALL, slot, message);
    return nacelle_message_error(message);
}

/* Sends and waits until it is received. */
static inline enum nacelle_error nacelle_send(uint64_t slot, struct nacelle_message *message)
{
    nacelle_system_call(NACELLE_SEND, slot, message);
    return nacelle_message_error(message);
}

/* Waits for a message at an endpoint, or for signals at a notification. */
static inline enum nacelle_error nacelle_receive(uint64_t slot, struct nacelle_message *message)
{
    nacelle_system_call_empty(NACELLE_RECEIVE, slot, 0, message);
    return nacelle_message_error(message);
}

/* Replies to the caller whose message was received last. */
static inline enum nacelle_error nacelle_reply(struct nacelle_message *message)
{
    nacelle_system_call(NACELLE_REPLY, 0, message);
    return nacelle_message_error(message);
}

/* Replies and waits for the next message, in one step. Without a caller it only waits. */
static inline enum nacelle_error nacelle_reply_receive(uint64_t slot,
                                                       struct nacelle_message *message)
{
    nacelle_system_call(NACELLE_REPLY_RECEIVE, slot, message);
    return nacelle_message_error(message);
}

/* Replies to an exit with NACELLE_RESUME_* and waits for the next message: the fast way. */
static inline enum nacelle_error nacelle_resume_receive(uint64_t slot, uint32_t resume,
                                                        struct nacelle_message *message)
{
    nacelle_system_call_empty(NACELLE_REPLY_RECEIVE, slot, nacelle_tag(resume, 0), message);
    return nacelle_message_error(message);
}

/* Takes what is there, or returns NACELLE_ERROR_WOULD_BLOCK. */
static inline enum nacelle_error nacelle_poll(uint64_t slot, struct nacelle_message *message)
{
    nacelle_system_call_empty(NACELLE_POLL, slot, 0, message);
    return nacelle_message_error(message);
}

/* Gives up the rest of the time slice. */
static inline void nacelle_yield(void)
{
    struct nacelle_message message;

    nacelle_system_call_empty(NACELLE_YIELD, 0, 0, &message);
}

/* Puts words[0...] of a message where they belong: the first ones into registers. */
static inline void nacelle_message_set_words(struct nacelle_message *message, const uint64_t *words,
                                             unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (i < NACELLE_MESSAGE_REGISTERS)
            message->words[i] = words[i];
        else
            nacelle_ipc_buffer->words[i] = words[i];
    }
}

/* Takes all the words of a message that was received, as many as its tag says. */
static inline void nacelle_message_words(const struct nacelle_message *message,
                                         uint64_t words[NACELLE_MESSAGE_WORDS])
{
    unsigned count = nacelle_tag_length(message->tag);

    for (unsigned i = 0; i < count && i < NACELLE_MESSAGE_WORDS; i++)
        words[i] = i < NACELLE_MESSAGE_REGISTERS ? message->words[i] : nacelle_ipc_buffer->words[i];
}

/* True for a message that the kernel made with this label: an exit, a fault, a notification. */
static inline bool nacelle_from_kernel(const struct nacelle_message *message, uint32_t label)
{
    return (message->tag & NACELLE_TAG_KERNEL) && nacelle_tag_label(message->tag) == label;
}

#endif
