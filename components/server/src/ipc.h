/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages: send, receive, reply, and what becomes of them when a party is deleted. */
#ifndef SERVER_IPC_H
#define SERVER_IPC_H

#include "execution.h"
#include "notification.h"
#include "slot.h"

struct thread;

/* Where messages are sent to. Either senders wait, or receivers, never both. */
struct endpoint {
    struct list senders;
    struct list receivers;
    struct notification *bound; /* its bits are received here as well */
    uint64_t reserved[3];
};

_Static_assert(sizeof(struct endpoint) == 1 << NACELLE_SIZE_ENDPOINT, "object size");

void endpoint_init(struct endpoint *endpoint);

/*
 * Sends the message in the execution (tag, words, badge, wants_reply, may_grant) to the endpoint.
 * The sender must be runnable; it is left runnable, waiting in the queue, or waiting for the reply.
 */
void ipc_send(struct execution *sender, struct endpoint *endpoint);

/*
 * The thread receives at the endpoint, or at the notification: a message at once, or it waits; with
 * poll, a reply NACELLE_ERROR_WOULD_BLOCK instead. A caller that it has not replied to is let go.
 */
void ipc_receive(struct thread *thread, struct endpoint *endpoint, bool poll);
void ipc_receive_notification(struct thread *thread, struct notification *notification, bool poll);

/* Replies with the message in the thread to its caller; false when there is none. waits: the thread
 * receives next, and is not to be made ready for that. */
bool ipc_reply(struct thread *thread, bool waits);

/*
 * Books what the fast path has done already: the handler replied to its caller, which runs, and
 * waits at the endpoint, where nobody else does.
 */
void ipc_book_reply(struct execution *handler, struct endpoint *endpoint);

/* Ends the wait of an execution that waits for a reply: who would have replied no longer can. */
void ipc_detach_from_replier(struct execution *execution);

/*
 * Ends any wait of an execution whose endpoint, notification or replier is going away: a thread's
 * system call fails with NACELLE_ERROR_DELETED, a vCPU stays stopped in its exit.
 */
void ipc_cancel(struct execution *execution);

/* Whoever waits for a reply from this execution will get none. */
void ipc_let_caller_go(struct execution *execution);

/* Takes an execution out of queues and calls, without a result: it is stopped or deleted. */
void ipc_withdraw(struct execution *execution);

/* Hands bits to an execution that waited, and makes it runnable. */
void ipc_deliver_notification(struct execution *receiver, uint64_t bits);

/* The notification bound to the endpoint has bits. */
void ipc_endpoint_notified(struct endpoint *endpoint);

/* One step of deletion: true when nobody waits there any more. */
bool endpoint_destroy_step(struct endpoint *endpoint);

#endif
