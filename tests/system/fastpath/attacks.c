/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One of a pair does what it must not, in the middle of fast calls and replies: it gets its fault,
 * the other notices nothing, and the pair goes on. All of it as the handler of a guest's exits, as
 * a server of calls, and as the caller; the latter two before a guest ran on this CPU, and after.
 */
#include "fastpath.h"

#include <harness/platform.h>
#include <runtime/cspace.h>

#include "client_faults.h"

#define ROUNDS    4
#define VECTOR_PF 14
#define GOOD      7 /* label of a message that is checked */
#define ODD       8

extern uint64_t attack_slot, attack_tag;
extern volatile uint64_t client_called;
extern const struct client_fault attacks_sysenter[], attacks_syscall[], attacks_traps[];
extern const uint64_t attacks_sysenter_count, attacks_syscall_count, attacks_traps_count;

enum role {
    HANDLER,
    SERVER,
    CALLER,
    ROLES
};

static const char *const role_names[] = {"handler", "server", "caller"};

static uint64_t faults, exits, calls, call_slot;
static uint64_t told;   /* of the guest, to the handler */
static uint64_t served; /* calls, by the server */
static struct thread threads[ROLES];
static struct guest guest;
static struct nacelle_message message;

static _Noreturn void attack(uint64_t entry)
{
    __asm__ volatile("jmp *%0" : : "r"(entry), "D"(0) : "memory");
    __builtin_unreachable();
}

/* Each begins wherever its last attack left off; with 0 it goes on for ever. */
static void handle(uint64_t entry)
{
    struct nacelle_message exit;

    (void)nacelle_invoke0(0, 0); /* so that the first reply after a fault may be fast */
    for (unsigned i = 0; entry == 0 || i < ROUNDS; i++) {
        nacelle_resume_receive(exits, NACELLE_RESUME_ADVANCE, &exit);
        if (i == 0 && (uint32_t)exit.words[2] == (uint32_t)told + 2)
            told++; /* the attack itself received one */
        mistakes += !tells_next(&exit, &told);
    }
    attack(entry);
}

static void serve(uint64_t entry)
{
    struct nacelle_message call = {.tag = nacelle_tag(ODD, 0)};

    (void)nacelle_invoke0(0, 0);
    for (unsigned i = 0; entry == 0 || i < ROUNDS; i++) {
        mistakes += nacelle_reply_receive(calls, &call) != NACELLE_ERROR_OK || call.badge != 55 ||
                    (call.tag & NACELLE_TAG_CALL) == 0;
        served++;
        for (unsigned n = 0; n < NACELLE_MESSAGE_REGISTERS; n++)
            call.words[n]++;
        call.tag = nacelle_tag(nacelle_tag_label(call.tag), 4);
    }
    attack(entry);
}

static void call_server(uint64_t entry)
{
    for (uint64_t i = 0; entry == 0 || i < ROUNDS; i++) {
        struct nacelle_message call = {.tag = nacelle_tag(GOOD, 4),
                                       .words = {i, i + 10, i + 20, i + 30}};

        mistakes += nacelle_call(call_slot, &call) != NACELLE_ERROR_OK || call.badge != 0;
        /* What a server that attacks replies is its own affair. */
        if (nacelle_tag_label(call.tag) == GOOD)
            for (unsigned n = 0; n < NACELLE_MESSAGE_REGISTERS; n++)
                mistakes += call.words[n] != i + 10ull * n + 1;
    }
    attack(entry);
}

static thread_function *const functions[ROLES] = {handle, serve, call_server};

/* To the next fault of the thread, from the beginning of its function. */
static bool run(enum role role, const char *what, uint64_t entry)
{
    need(nacelle_thread_set_registers(threads[role].slot, (uint64_t)functions[role],
                                      threads[role].stack_top - 72, entry, 0),
         what);
    client_called = 1;
    message.tag = nacelle_tag(0, 0);
    need(nacelle_reply_receive(faults, &message), "receive a fault");
    check_number("who faults", role + 1u, message.badge);
    return check_true(what, nacelle_from_kernel(&message, NACELLE_LABEL_FAULT));
}

static void test_case(enum role role, const struct client_fault *fault)
{
    uint64_t failed = checks_failed;
    const uint64_t *words = message.words;

    mistakes = 0;
    if (run(role, fault->what, fault->entry) && !platform_is_tcg()) {
        check_true("vector", words[0] < 64 && (fault->vectors >> words[0] & 1) != 0);
        if (fault->error != ANY_ERROR)
            check_number("error code", fault->error, words[1]);
        if (client_called == 1)
            check_number("address of the instruction", fault->at, words[2]);
        else if (client_called != 0 && words[2] != fault->at)
            check_number("address that it went to", client_called, words[2]);
        if (words[0] == VECTOR_PF && fault->address != ANY_ADDRESS)
            check_number("fault address", fault->address, words[3]);
        if (words[0] == VECTOR_PF)
            check_true("user bit of the error code", (words[1] & 4) != 0);
    }
    check_number("mistakes of the pair", 0, mistakes);
    if (checks_failed != failed)
        print("... %s: %s\n", role_names[role], fault->what);
}

static void test_table(enum role role, const struct client_fault *table, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        test_case(role, &table[i]);
}

static void stop(enum role role)
{
    need(nacelle_thread_suspend(threads[role].slot), "suspend");
}

static void resume(enum role role, uint64_t entry)
{
    need(nacelle_thread_set_registers(threads[role].slot, (uint64_t)functions[role],
                                      threads[role].stack_top - 72, entry, 0),
         "registers");
    need(nacelle_thread_resume(threads[role].slot), "resume");
}

/* All attacks of one, whose partner does nothing wrong. */
static void test_role(enum role role)
{
    const enum role partner = role == SERVER ? CALLER : SERVER;

    attack_slot = role == HANDLER ? exits : role == SERVER ? calls : call_slot;
    attack_tag = nacelle_entry_tag(role == CALLER ? NACELLE_CALL : NACELLE_REPLY_RECEIVE,
                                   role == HANDLER ? nacelle_tag(NACELLE_RESUME_ADVANCE, 0)
                                                   : nacelle_tag(ODD, 4));
    if (role != HANDLER)
        resume(partner, 0);
    resume(role, client_faults[0].entry);
    need(nacelle_receive(faults, &message), "the first fault");
    test_table(role, client_faults, client_fault_count);
    test_table(role, attacks_traps, attacks_traps_count);
    if (nacelle_by_syscall) {
        test_table(role, client_faults_syscall, client_faults_syscall_count);
        test_table(role, attacks_syscall, attacks_syscall_count);
    } else {
        test_table(role, client_faults_sysenter, client_faults_sysenter_count);
        test_table(role, attacks_sysenter, attacks_sysenter_count);
    }
    stop(role);
    if (role != HANDLER)
        stop(partner);
    check_not_reached();
}

void test_attacks(void)
{
    faults = make(NACELLE_TYPE_ENDPOINT, 0);
    exits = make(NACELLE_TYPE_ENDPOINT, 0);
    calls = make(NACELLE_TYPE_ENDPOINT, 0);
    call_slot = copy(calls, NACELLE_RIGHT_WRITE, 55);
    told = 0;
    for (unsigned i = 0; i < ROLES; i++)
        threads[i] = thread_make(functions[i], 0, 1, copy(faults, NACELLE_RIGHT_WRITE, i + 1));
    test_role(SERVER);
    test_role(CALLER);
    guest = hostile_guest(GUEST_CODE_OF(guest_tell), exits, 0);
    need(nacelle_vcpu_resume(guest.vcpu), "start the guest");
    test_role(HANDLER);
    check_true("guest has run", told > client_fault_count * ROUNDS);
    check_true("calls were served", served > client_fault_count * ROUNDS);
    test_role(SERVER);
    test_role(CALLER);
}
