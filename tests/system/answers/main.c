/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits answered in ring 0. The guest must find the same whether the client answers each exit or
 * has
 * put its answers into the table, and the client must see the exits in the one case and not in the
 * other. Answers are told apart by their values from what the client says.
 */
#include <harness/check.h>
#include <harness/memory.h>
#include <harness/thread.h>
#include <harness/vm.h>

#include <nacelle/boot_info.h>
#include <runtime/notification.h>
#include <runtime/string.h>

#include "answers.h"

#define RAX       0
#define RCX       1
#define RDX       2
#define RBX       3
#define RFLAGS_IF 0x200u

extern const uint8_t guest_all_begin[], guest_all_end[];
extern const uint8_t guest_shadow_begin[], guest_shadow_end[];
extern const uint8_t guest_endless_begin[], guest_endless_end[];

const char test_name[] = "answers";

/* The table of the client, and what it means to the guest. */
static const struct row {
    uint32_t kind, number, subleaf;
    uint32_t registers[4]; /* eax, ebx, ecx, edx */
} rows[] = {
    {NACELLE_ANSWER_CPUID_ANY, LEAF_ANY, 0, {0xa0000001, 0xb0000001, 0xc0000001, 0xd0000001}},
    {NACELLE_ANSWER_CPUID, LEAF, SUBLEAF, {0xa0000002, 0xb0000002, 0xc0000002, 0xd0000002}},
    {NACELLE_ANSWER_MSR_READ, MSR_READ, 0, {0xa0000003, 0, 0, 0xd0000003}},
    {NACELLE_ANSWER_MSR_IGNORED, MSR_WRITTEN, 0, {0}},
    {NACELLE_ANSWER_IN, PORT_IN, 0, {0xa1a2a3a4}},
    {NACELLE_ANSWER_OUT_IGNORED, PORT_OUT, 0, {0}},
    /* Not asked for: they stand in the way in the table. */
    {NACELLE_ANSWER_CPUID_ANY, LEAF_ANY + 128, 0, {1, 1, 1, 1}},
    {NACELLE_ANSWER_MSR_READ, LEAF, 0, {2, 2, 2, 2}},
    {NACELLE_ANSWER_CPUID, LEAF, SUBLEAF + 7, {3, 3, 3, 3}},
};
#define ROWS (sizeof(rows) / sizeof(*rows))

static void set_all(uint64_t vm)
{
    for (unsigned i = 0; i < ROWS; i++)
        need(
            nacelle_vm_answer(vm, rows[i].kind, rows[i].number, rows[i].subleaf, rows[i].registers),
            "answer");
}

static void forget_all(uint64_t vm)
{
    for (unsigned i = 0; i < ROWS; i++)
        need(nacelle_vm_forget(vm, rows[i].kind, rows[i].number, rows[i].subleaf), "forget");
}

/* As the table would have it. */
static void answer_cpuid(struct nacelle_vcpu_state *state, unsigned row)
{
    static const unsigned registers[4] = {RAX, RBX, RCX, RDX};

    for (unsigned i = 0; i < 4; i++)
        state->general[registers[i]] = rows[row].registers[i];
}

static void answer_in(struct nacelle_vcpu_state *state)
{
    uint32_t size = state->exit.size;
    uint64_t mask = size == 4 ? ~0ull : (1ull << (8 * size)) - 1;

    state->general[RAX] = (state->general[RAX] & ~mask) | (rows[4].registers[0] & mask);
}

static bool length_assumed;

static void answer(struct nacelle_vcpu_state *state)
{
    length_assumed |= (state->exit.flags & NACELLE_EXIT_LENGTH_ASSUMED) != 0;
    switch (state->exit.kind) {
    case NACELLE_EXIT_CPUID:
        if (state->exit.number == LEAF && state->exit.detail == OTHER_SUBLEAF)
            state->general[RAX] = state->general[RBX] = state->general[RCX] = state->general[RDX] =
                0x77777777;
        else
            answer_cpuid(state, state->exit.number == LEAF ? 1 : 0);
        break;
    case NACELLE_EXIT_MSR:
        if ((state->exit.flags & NACELLE_EXIT_READ) != 0) {
            state->general[RAX] = rows[2].registers[0];
            state->general[RDX] = rows[2].registers[3];
        }
        break;
    case NACELLE_EXIT_PORT:
        if ((state->exit.flags & NACELLE_EXIT_READ) != 0)
            answer_in(state);
        break;
    default:
        break;
    }
}

/* Runs the guest until its hypercall; how many exits came before it. */
static unsigned run(const struct guest *guest, bool first)
{
    struct nacelle_message message = {0};
    uint32_t kind;
    unsigned exits = 0;

    if (first) {
        need(nacelle_vcpu_resume(guest->vcpu), "resume");
        kind = guest_receive(guest->endpoint, &message);
    } else {
        kind = guest_continue(guest->endpoint, NACELLE_RESUME_ADVANCE, &message);
    }
    while (kind != NACELLE_EXIT_HYPERCALL) {
        if (!check_true("an exit that the guest makes", kind == NACELLE_EXIT_CPUID ||
                                                            kind == NACELLE_EXIT_MSR ||
                                                            kind == NACELLE_EXIT_PORT))
            give_up("another exit");
        answer(guest->state);
        exits++;
        kind = guest_continue(guest->endpoint, NACELLE_RESUME_ADVANCE, &message);
    }
    return exits;
}

static void check_data(const struct guest *guest)
{
    static const uint32_t expected[] = {
        0xa0000001, 0xb0000001, 0xc0000001,  0xd0000001, /* OF_LEAF_ANY */
        0xa0000002, 0xb0000002, 0xc0000002,  0xd0000002, /* OF_SUBLEAF */
        0x77777777, 0x77777777, 0x77777777,  0x77777777, /* OF_OTHER_SUBLEAF */
        0xa0000003, 0x53535353, MSR_READ,    0xd0000003, /* OF_MSR_READ */
        0x54545454, 0x53535353, MSR_WRITTEN, 0x55555555, /* OF_MSR_WRITTEN */
        0xaabbcca4, 0xaabba3a4, 0xa1a2a3a4,  0,          /* OF_IN */
        0x56565656, 0x53535353, MSR_WRITTEN, PORT_OUT,   /* OF_OUT */
        0x51515151, 0x52525252,                          /* OF_KEPT */
    };
    const uint32_t *found = (const uint32_t *)(const void *)guest->data;

    for (unsigned i = 0; i < sizeof(expected) / sizeof(*expected); i++)
        check_number("word %lu of what the guest saw", expected[i], found[i]);
    memset(guest->data, 0, 0x80);
}

/* Exits of guest_all before its hypercall. */
#define EXITS_ALL      11
#define EXITS_CPUID    3
#define EXITS_MSR      2
#define EXITS_PORT     6
#define EXITS_ANSWERED 1

/* Where the processor does not tell how long an instruction is, ports alone are answered. */
static bool ports_only;

static unsigned exits_answered(void)
{
    return ports_only ? EXITS_ALL - EXITS_PORT : EXITS_ANSWERED;
}

/* Guest and its client share what the vCPU pays for. */
static void check_ticks(const struct nacelle_vcpu_statistics *before,
                        const struct nacelle_vcpu_statistics *after)
{
    uint64_t all = after->ticks - before->ticks;
    uint64_t guest = after->guest_ticks - before->guest_ticks;
    uint64_t user = after->user_ticks - before->user_ticks;

    check_true("ticks are paid for", all != 0);
    check_true("of which a part is the guest's and its client's", guest + user < all);
    check_true("ticks of guest and client are counted", (guest && user) || !NACELLE_DEBUG);
}

static void run_table(void)
{
    struct guest guest = guest_make(0, GUEST_CODE_OF(guest_all), make(NACELLE_TYPE_ENDPOINT, 0), 1);
    struct nacelle_vcpu_statistics before = {0}, after = {0};

    check_number("exits without answers", EXITS_ALL, run(&guest, true));
    ports_only = length_assumed;
    check_data(&guest);
    for (unsigned i = 0; i < 3; i++) {
        set_all(guest.vm);
        check_number("exits with answers", exits_answered(), run(&guest, false));
        check_data(&guest);
        need(nacelle_vcpu_statistics(guest.vcpu, &before), "statistics");
        check_number("and again", exits_answered(), run(&guest, false));
        check_data(&guest);
        need(nacelle_vcpu_statistics(guest.vcpu, &after), "statistics");
        check_number("exits counted", exits_answered() + 1, after.exits - before.exits);
        check_number("CPUID answered", ports_only ? 0 : EXITS_CPUID - EXITS_ANSWERED,
                     after.answered_cpuid - before.answered_cpuid);
        check_number("MSRs answered", ports_only ? 0 : EXITS_MSR,
                     after.answered_msr - before.answered_msr);
        check_number("ports answered", EXITS_PORT, after.answered_port - before.answered_port);
        check_ticks(&before, &after);
        forget_all(guest.vm);
        check_number("exits without answers again", EXITS_ALL, run(&guest, false));
        check_data(&guest);
    }
}

static void run_one_by_one(void)
{
    struct guest guest = guest_make(0, GUEST_CODE_OF(guest_all), make(NACELLE_TYPE_ENDPOINT, 0), 1);
    static const unsigned saved[] = {1, 1, 1, 1, 3, 3, 0, 0, 0}; /* exits that each row saves */

    (void)run(&guest, true);
    for (unsigned i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];

        need(nacelle_vm_answer(guest.vm, row->kind, row->number, row->subleaf, row->registers),
             "answer");
        bool answered = !ports_only || row->kind >= NACELLE_ANSWER_IN;

        check_number("fewer exits with a row alone", answered ? saved[i] : 0,
                     EXITS_ALL - run(&guest, false));
        check_data(&guest);
        need(nacelle_vm_forget(guest.vm, row->kind, row->number, row->subleaf), "forget");
        check_error("forgotten twice", NACELLE_ERROR_NOT_MAPPED,
                    nacelle_vm_forget(guest.vm, row->kind, row->number, row->subleaf));
    }
}

static void run_refusals(void)
{
    struct guest guest = guest_make(0, GUEST_CODE_OF(guest_all), make(NACELLE_TYPE_ENDPOINT, 0), 1);
    static const uint32_t none[4];

    check_error("no kind", NACELLE_ERROR_INVALID_ARGUMENT,
                nacelle_vm_answer(guest.vm, 0, 0, 0, none));
    check_error("unknown kind", NACELLE_ERROR_INVALID_ARGUMENT,
                nacelle_vm_answer(guest.vm, NACELLE_ANSWER_OUT_IGNORED + 1, 0, 0, none));
    check_error("subleaf of an MSR", NACELLE_ERROR_INVALID_ARGUMENT,
                nacelle_vm_answer(guest.vm, NACELLE_ANSWER_MSR_READ, 0, 1, none));
    check_error("port beyond the last", NACELLE_ERROR_INVALID_ARGUMENT,
                nacelle_vm_answer(guest.vm, NACELLE_ANSWER_IN, 0x10000, 0, none));
    for (unsigned i = 0; i < NACELLE_ANSWERS_MAX; i++)
        need(nacelle_vm_answer(guest.vm, NACELLE_ANSWER_CPUID, LEAF, i, none), "answer");
    check_error("one too many", NACELLE_ERROR_NO_TABLE_MEMORY,
                nacelle_vm_answer(guest.vm, NACELLE_ANSWER_CPUID, LEAF + 1, 0, none));
    check_error("one in place of another", NACELLE_ERROR_OK,
                nacelle_vm_answer(guest.vm, NACELLE_ANSWER_CPUID, LEAF, 0, none));
}

static void run_shadow(void)
{
    struct guest guest =
        guest_make(0, GUEST_CODE_OF(guest_shadow), make(NACELLE_TYPE_ENDPOINT, 0), 1);

    set_all(guest.vm);
    check_number("exits in the shadow of STI", 1, run(&guest, true));
}

/* A guest that does nothing but ask is preempted as any other. */
static void run_endless(void)
{
    struct guest guest =
        guest_make(0, GUEST_CODE_OF(guest_endless), make(NACELLE_TYPE_ENDPOINT, 0), 1);
    const volatile uint32_t *counter = (const volatile uint32_t *)(const void *)guest.data;
    uint64_t timer = make(NACELLE_TYPE_NOTIFICATION, 0);
    uint64_t ms = boot->tsc_hz / 1000;

    set_all(guest.vm);
    need(nacelle_vcpu_fetch(guest.vcpu, NACELLE_GROUP_IP), "fetch");
    guest.state->rflags |= RFLAGS_IF;
    need(nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_IP), "store");
    need(nacelle_vcpu_set_priority(guest.vcpu, 1, 0), "priority");
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    for (unsigned i = 0; i < 10; i++) {
        struct nacelle_message message = {0};
        uint32_t before = *counter;
        uint64_t begin = nacelle_tsc();

        need(nacelle_notification_set_timer(timer, begin + 2 * ms), "timer");
        need(nacelle_receive(timer, &message), "wait");
        check_range("waited, in ms", 2, 4, (nacelle_tsc() - begin) / ms);
        check_true("the guest ran meanwhile", *counter - before > 100);
    }
    need(nacelle_vcpu_suspend(guest.vcpu), "suspend");
}

PARTS({"all answers", run_table}, {"one by one", run_one_by_one}, {"refusals", run_refusals},
      {"interrupt shadow", run_shadow}, {"a guest that only asks", run_endless});
