/* SPDX-License-Identifier: BSD-2-Clause */
/* Address spaces and capability spaces that are in use. */
#include <harness/check.h>
#include <harness/memory.h>
#include <runtime/cspace.h>
#include <runtime/untyped.h>

#include "client.h"

static uint64_t pool;
static struct client client;

static void begin(void)
{
    pool = make(NACELLE_TYPE_UNTYPED, CLIENT_UNTYPED_SIZE);
    client = client_start(pool, 2);
    check_client_runs("the client runs", &client);
}

static void end(const char *what)
{
    check_client_stands(what, &client);
    check_bystander(what);
    check_error(what, NACELLE_ERROR_OK, nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, pool));
    check_number(what, 0, used_of(pool));
    drop(pool);
}

static void aspace_in_use(void)
{
    begin();
    drop(client.aspace);
    check_error("a thread without address space", NACELLE_ERROR_NOT_CONFIGURED,
                nacelle_thread_resume(client.thread));
    end("address space deleted");
}

static void cspace_in_use(void)
{
    begin();
    drop(client.cspace);
    check_error("a thread without capability space", NACELLE_ERROR_NOT_CONFIGURED,
                nacelle_thread_resume(client.thread));
    end("capability space deleted");
}

static void code_in_use(void)
{
    begin();
    drop(client.code_frame);
    end("code deleted");
}

static void revoked_endpoint(void)
{
    struct nacelle_vcpu_statistics before = {0}, after = {0};

    begin();
    need(nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, client.guest.endpoint), "revoke");
    a_while(); /* its system calls fail now, and its guest stands */
    check_true("exits", nacelle_vcpu_statistics(client.guest.vcpu, &before) == NACELLE_ERROR_OK);
    a_while();
    check_true("exits", nacelle_vcpu_statistics(client.guest.vcpu, &after) == NACELLE_ERROR_OK);
    check_number("entries of a guest without endpoint", before.entries, after.entries);
    need(nacelle_thread_suspend(client.thread), "suspend");
    end("endpoint revoked");
}

/* Spaces in spaces, each with the original of the next and of more objects. */
static void nested(void)
{
    const uint64_t kind = NACELLE_TYPE_CSPACE | 10 << 8; /* 16 slots */
    uint64_t outer = 0;
    uint64_t before;

    pool = make(NACELLE_TYPE_UNTYPED, CLIENT_UNTYPED_SIZE);
    outer = make_from(pool, NACELLE_TYPE_CSPACE, 10);
    before = outer;
    for (unsigned depth = 0; depth < 12; depth++) {
        uint64_t inner = slot_take();

        /* the original goes into the space before, we keep no more than a copy */
        need(nacelle_invoke4(pool, NACELLE_UNTYPED_RETYPE, kind, inner, 1, 0), "space");
        need(nacelle_invoke4(pool, NACELLE_UNTYPED_RETYPE, kind, 1, 1, before), "inner space");
        need(nacelle_invoke4(pool, NACELLE_UNTYPED_RETYPE, NACELLE_TYPE_THREAD, 2, 1, before),
             "thread");
        need(nacelle_invoke4(pool, NACELLE_UNTYPED_RETYPE, NACELLE_TYPE_ENDPOINT, 3, 4, before),
             "endpoints");
        need(nacelle_cspace_copy(before, 8, outer, NACELLE_RIGHTS_ALL, 0), "a copy of the outer");
        before = inner;
        if (depth % 3 == 2)
            need(nacelle_cspace_copy(inner, 9, inner, NACELLE_RIGHTS_ALL, 0), "itself");
    }
    check_error("delete the outermost", NACELLE_ERROR_OK,
                nacelle_cspace_delete(NACELLE_SLOT_CSPACE, outer));
    check_error("revoke", NACELLE_ERROR_OK, nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, pool));
    check_number("used", 0, used_of(pool));
    check_bystander("nested spaces");
}

/* Everything in one space of which only the original is ours: nothing is left when it goes. */
static void all_in_one_space(void)
{
    static const uint64_t in_it[] = {
        NACELLE_TYPE_CSPACE | 10 << 8,
        NACELLE_TYPE_NOTIFICATION,
        NACELLE_TYPE_ENDPOINT,
        NACELLE_TYPE_THREAD,
        NACELLE_TYPE_VCPU,
        NACELLE_TYPE_VM | NACELLE_SIZE_VM_MIN << 8,
        NACELLE_TYPE_ASPACE | 14 << 8,
        NACELLE_TYPE_FRAME | 12 << 8,
    };
    uint64_t outer;

    pool = make(NACELLE_TYPE_UNTYPED, CLIENT_UNTYPED_SIZE);
    outer = make_from(pool, NACELLE_TYPE_CSPACE, 10);
    for (unsigned i = 0; i < sizeof(in_it) / sizeof(*in_it); i++)
        need(nacelle_invoke4(pool, NACELLE_UNTYPED_RETYPE, in_it[i], 1 + i, 1, outer), "retype");
    check_true("in use", used_of(pool) != 0);
    drop(outer);
    check_number("used when the space is gone", 0, used_of(pool));
}

/* A thread that deletes what it stands on. */
static uint64_t victim;
static volatile uint32_t survived;

static void delete_victim(uint64_t argument)
{
    (void)argument;
    (void)nacelle_cspace_delete(NACELLE_SLOT_CSPACE, victim);
    survived = 1;
}

static void delete_itself(void)
{
    struct thread thread = thread_make(delete_victim, 0, 3, 0);
    struct nacelle_identity identity;

    victim = thread.slot;
    survived = 0;
    need(nacelle_thread_resume(thread.slot), "start");
    a_while();
    check_number("it is gone", 0, survived);
    check_error("its capability too", NACELLE_ERROR_INVALID_CAPABILITY,
                nacelle_cspace_identify(NACELLE_SLOT_CSPACE, thread.slot, &identity));
    check_bystander("thread deleted itself");
}

static void delete_own_cspace(void)
{
    struct thread_options options = {
        .untyped = arena,
        .cspace = make(NACELLE_TYPE_CSPACE, 12),
        .aspace = NACELLE_SLOT_ASPACE,
        .priority = 3,
    };
    struct thread thread = thread_make_with(delete_victim, 0, &options);

    /* slot 1 there is our space, as it is here */
    need(nacelle_cspace_copy(options.cspace, NACELLE_SLOT_CSPACE, NACELLE_SLOT_CSPACE,
                             NACELLE_RIGHTS_ALL, 0),
         "copy");
    victim = options.cspace;
    survived = 0;
    need(nacelle_thread_resume(thread.slot), "start");
    a_while();
    check_number("it cannot go on", 0, survived);
    (void)nacelle_cspace_delete(NACELLE_SLOT_CSPACE, options.cspace);
    check_bystander("thread deleted its capability space");
}

void test_delete_spaces(void)
{
    bystander_start();
    aspace_in_use();
    cspace_in_use();
    code_in_use();
    revoked_endpoint();
    nested();
    all_in_one_space();
    delete_itself();
    delete_own_cspace();
}
