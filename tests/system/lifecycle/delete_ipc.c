/* SPDX-License-Identifier: BSD-2-Clause */
/* Endpoints, notifications, and threads in the middle of calls. */
#include <harness/check.h>
#include <harness/memory.h>
#include <runtime/cspace.h>
#include <runtime/notification.h>

#include "world.h"

#define WAITERS 4u

static struct job jobs[WAITERS];
static struct nacelle_message message;

/* Threads that wait at an endpoint or notification in one way; it is deleted, or revoked. */
static void queue_deleted(const char *what, enum nacelle_type type, unsigned call)
{
    uint64_t object = make(type, 0);

    for (unsigned i = 0; i < WAITERS; i++)
        job_start(&jobs[i], call, object, 3);
    for (unsigned i = 0; i < WAITERS; i++)
        check_waits(what, &jobs[i]);
    drop(object);
    a_while();
    for (unsigned i = 0; i < WAITERS; i++)
        check_ended(what, NACELLE_ERROR_DELETED, &jobs[i]);
    check_bystander(what);
}

/* One in the middle of the queue is deleted: the others keep their order. */
static void waiter_deleted(void)
{
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);

    for (unsigned i = 0; i < WAITERS; i++)
        job_start(&jobs[i], NACELLE_SEND, copy(endpoint, NACELLE_RIGHTS_ALL, 100 + i), 3);
    drop(jobs[1].thread.slot);
    for (unsigned i = 0; i < WAITERS; i++) {
        if (i == 1)
            continue;
        check_error("receive", NACELLE_ERROR_OK, nacelle_poll(endpoint, &message));
        check_number("in order", 100 + i, message.badge);
    }
    check_error("nothing is left", NACELLE_ERROR_WOULD_BLOCK, nacelle_poll(endpoint, &message));
    a_while();
    check_ended("sent", NACELLE_ERROR_OK, &jobs[3]);
    check_waits("deleted", &jobs[1]);
}

/* Suspended while it waits: taken out of the wait. */
static void waiter_suspended(void)
{
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);

    job_start(&jobs[0], NACELLE_CALL, endpoint, 3);
    need(nacelle_thread_suspend(jobs[0].thread.slot), "suspend");
    check_error("nothing to receive", NACELLE_ERROR_WOULD_BLOCK, nacelle_poll(endpoint, &message));
    a_while();
    check_waits("suspended", &jobs[0]);
    need(nacelle_thread_resume(jobs[0].thread.slot), "resume");
    a_while();
    check_ended("suspended in a call", NACELLE_ERROR_DELETED, &jobs[0]);
}

/* The caller is deleted while we have its message. */
static void caller_deleted(void)
{
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);

    job_start(&jobs[0], NACELLE_CALL, endpoint, 3);
    check_error("receive", NACELLE_ERROR_OK, nacelle_receive(endpoint, &message));
    drop(jobs[0].thread.slot);
    message.tag = 0;
    check_error("reply to a deleted caller", NACELLE_ERROR_WOULD_BLOCK, nacelle_reply(&message));
    check_bystander("caller deleted");
}

/* A server between a caller and another server: it receives a call and makes one itself. */
static uint64_t front, back;

static void relay(uint64_t argument)
{
    struct nacelle_message relayed = {0};

    (void)argument;
    for (;;) {
        (void)nacelle_receive(front, &relayed);
        relayed.tag = nacelle_tag(1, 0);
        (void)nacelle_call(back, &relayed);
        relayed.tag = nacelle_tag(2, 0);
        (void)nacelle_reply(&relayed);
    }
}

/* Caller - relay - we: each of them can go at any time. */
static void relay_deleted(void)
{
    struct thread thread;

    front = make(NACELLE_TYPE_ENDPOINT, 0);
    back = make(NACELLE_TYPE_ENDPOINT, 0);
    thread = thread_start(relay, 0, 3);
    job_start(&jobs[0], NACELLE_CALL, front, 2); /* lower: the relay runs on its time */
    check_error("relayed", NACELLE_ERROR_OK, nacelle_receive(back, &message));
    check_waits("the caller", &jobs[0]);
    drop(thread.slot);
    a_while();
    check_ended("caller of a deleted server", NACELLE_ERROR_DELETED, &jobs[0]);
    message.tag = 0;
    check_error("reply to the deleted server", NACELLE_ERROR_WOULD_BLOCK, nacelle_reply(&message));

    /* The caller goes: relay and we finish. */
    thread = thread_start(relay, 0, 3);
    job_start(&jobs[1], NACELLE_CALL, front, 2);
    check_error("relayed", NACELLE_ERROR_OK, nacelle_receive(back, &message));
    drop(jobs[1].thread.slot);
    message.tag = 0;
    check_error("reply to the relay", NACELLE_ERROR_OK, nacelle_reply(&message));
    a_while();

    /* Nobody goes: the relay still works. */
    job_start(&jobs[2], NACELLE_CALL, front, 2);
    check_error("relayed", NACELLE_ERROR_OK, nacelle_receive(back, &message));
    message.tag = 0;
    check_error("reply to the relay", NACELLE_ERROR_OK, nacelle_reply(&message));
    a_while();
    check_ended("call over two servers", NACELLE_ERROR_OK, &jobs[2]);
    check_number("its reply", 2, nacelle_tag_label(jobs[2].message.tag));
    drop(thread.slot);
    check_bystander("relay");
}

/* Receiving again without a reply lets the caller go. */
static void caller_let_go(void)
{
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);

    job_start(&jobs[0], NACELLE_CALL, endpoint, 3);
    check_error("receive", NACELLE_ERROR_OK, nacelle_receive(endpoint, &message));
    check_error("receive again", NACELLE_ERROR_WOULD_BLOCK, nacelle_poll(endpoint, &message));
    a_while();
    check_ended("nobody will reply", NACELLE_ERROR_DELETED, &jobs[0]);
}

/* A notification with an armed timer, bound to an endpoint at which somebody waits. */
static void notification_deleted(void)
{
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    uint64_t doomed = make(NACELLE_TYPE_NOTIFICATION, 0);
    uint64_t other = make(NACELLE_TYPE_NOTIFICATION, 0);
    uint64_t now = nacelle_tsc();

    need(nacelle_notification_bind(doomed, endpoint), "bind");
    need(nacelle_notification_set_timer(other, now + 4ull * A_WHILE), "timer");
    need(nacelle_notification_set_timer(doomed, now + 3ull * A_WHILE), "timer");
    job_start(&jobs[0], NACELLE_RECEIVE, endpoint, 3);
    drop(doomed);
    wait_ticks(6ull * A_WHILE);
    check_waits("its timer is gone with it", &jobs[0]);
    check_error("the other timer", NACELLE_ERROR_OK, nacelle_poll(other, &message));
    need(nacelle_notification_bind(other, endpoint), "another one can be bound");
    need(nacelle_notification_signal(other), "signal");
    a_while();
    check_ended("received", NACELLE_ERROR_OK, &jobs[0]);
    check_bystander("notification deleted");
}

/* The endpoint that a notification is bound to. */
static void bound_endpoint_deleted(void)
{
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    uint64_t notification = make(NACELLE_TYPE_NOTIFICATION, 0);

    need(nacelle_notification_bind(notification, endpoint), "bind");
    need(nacelle_notification_set_timer(notification, nacelle_tsc() + A_WHILE), "timer");
    drop(endpoint);
    wait_ticks(2ull * A_WHILE);
    check_error("still a notification", NACELLE_ERROR_OK, nacelle_poll(notification, &message));
    endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    check_error("bind to another", NACELLE_ERROR_OK,
                nacelle_notification_bind(notification, endpoint));
    need(nacelle_notification_signal(notification), "signal");
    check_error("received there", NACELLE_ERROR_OK, nacelle_poll(endpoint, &message));
    check_true("as a notification", nacelle_from_kernel(&message, NACELLE_LABEL_NOTIFICATION));
}

/* The endpoint of a thread's faults, while a fault waits there. */
static void fault(uint64_t argument)
{
    *(volatile uint32_t *)argument += 1;
    __asm__ volatile("ud2");
}

static void fault_endpoint_deleted(bool received)
{
    static volatile uint32_t runs;
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    struct thread thread = thread_make(fault, (uint64_t)&runs, 3, endpoint);

    runs = 0;
    need(nacelle_thread_resume(thread.slot), "start");
    a_while();
    if (received)
        check_error("fault", NACELLE_ERROR_OK, nacelle_receive(endpoint, &message));
    drop(endpoint);
    a_while();
    check_number("it ran", 1, runs);
    drop(thread.slot);
    check_bystander("endpoint of faults deleted");
}

void test_delete_ipc(void)
{
    bystander_start();
    queue_deleted("callers", NACELLE_TYPE_ENDPOINT, NACELLE_CALL);
    queue_deleted("senders", NACELLE_TYPE_ENDPOINT, NACELLE_SEND);
    queue_deleted("receivers", NACELLE_TYPE_ENDPOINT, NACELLE_RECEIVE);
    queue_deleted("repliers that receive", NACELLE_TYPE_ENDPOINT, NACELLE_REPLY_RECEIVE);
    queue_deleted("waiters of a notification", NACELLE_TYPE_NOTIFICATION, NACELLE_RECEIVE);
    waiter_deleted();
    waiter_suspended();
    caller_deleted();
    relay_deleted();
    caller_let_go();
    notification_deleted();
    bound_endpoint_deleted();
    fault_endpoint_deleted(false);
    fault_endpoint_deleted(true);
}
