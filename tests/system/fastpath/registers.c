/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers that are no part of a message: what one had in them is nobody else's to see. */
#include "fastpath.h"

#include <harness/platform.h>
#include <runtime/string.h>
#include <x86/control.h>
#include <x86/general_registers.h>

#include "raw.h"

#define SECRET       0x5ec2e70000000000u
#define GUEST_VALUE  0x6e570000u
#define ROUNDS       40u
#define KINDS        11u /* exits of guest_kinds in a round */
#define MEMORY_BYTES 5u  /* of its instructions that use memory */

/* All that a program can have in its flags that another must not get: DF, NT, AC, ID, and the
 * arithmetic flags. */
#define ODD_FLAGS \
    (X86_RFLAGS_FIXED | X86_RFLAGS_DF | X86_RFLAGS_NT | X86_RFLAGS_AC | X86_RFLAGS_ID | 0x8d5)
#define ARITHMETIC 0x8d5u

static const unsigned lost[] = {X86_RBX, X86_RBP, X86_R12, X86_R13, X86_R14, X86_R15};

#define LOST (sizeof(lost) / sizeof(*lost))

static void fill(struct raw *raw, uint64_t slot, unsigned number, uint64_t tag, uint64_t word)
{
    for (unsigned i = 0; i < 16; i++)
        raw->general[i] = SECRET + i;
    raw->general[X86_RDI] = slot;
    raw->general[X86_RSI] = nacelle_entry_tag(number, tag);
    raw->general[X86_R8] = word;
    raw->general[X86_R9] = word + 1;
    raw->general[X86_R10] = word + 2;
    raw->general[X86_RAX] = word + 3;
    raw->flags = ODD_FLAGS;
    raw->selectors[0] = 0x33;
    raw->selectors[1] = 0x23;
    raw->selectors[2] = 0x2b;
    raw->selectors[3] = 0x30;
}

/* What the server itself leaves behind is nothing but the way back. */
static bool is_clean(const struct raw *raw)
{
    const uint64_t *general = raw->general;
    uint64_t back = raw->return_address;

    return (general[X86_RCX] == 0 || general[X86_RCX] == general[X86_RSP] ||
            general[X86_RCX] == back) &&
           (general[X86_RDX] == 0 || general[X86_RDX] == back) &&
           (general[X86_R11] == 0 || general[X86_R11] == (X86_RFLAGS_FIXED | X86_RFLAGS_IF)) &&
           (raw->flags & ~(uint64_t)ARITHMETIC) == (X86_RFLAGS_FIXED | X86_RFLAGS_IF);
}

/* --- Guest and handler --- */

/* Zero, or a register of the handler's own guest. */
static bool may_hold(const struct nacelle_vcpu_state *state, uint64_t value)
{
    bool found = value == 0;

    for (unsigned i = 0; i < 16; i++)
        found |= i != X86_RSP && state->general[i] == value;
    return found;
}

static void check_exit(const struct guest *guest, const struct raw *raw)
{
    const struct nacelle_vcpu_state *state = guest->state;
    const struct nacelle_exit *record = &state->exit;
    bool has_gpa = record->kind == NACELLE_EXIT_MEMORY;
    uint64_t failed = checks_failed;

    check_true("the server's own leftovers", is_clean(raw));
    for (unsigned i = 0; i < LOST; i++)
        check_true("a lost register", may_hold(state, raw->general[lost[i]]));
    check_number("badge", 9, raw->general[X86_RDI]);
    check_number("tag", nacelle_tag(record->kind, 4) | NACELLE_TAG_KERNEL | NACELLE_TAG_CALL,
                 raw->general[X86_RSI]);
    check_number("word 0", record->number | (uint64_t)record->flags << 32, raw->general[X86_R8]);
    if (has_gpa || record->kind == NACELLE_EXIT_MSR || record->kind == NACELLE_EXIT_PORT)
        check_true("word 1", raw->general[X86_R9] == (has_gpa ? record->gpa : record->value) ||
                                 (record->flags & NACELLE_EXIT_WRITE) == 0);
    check_number("word 2", record->detail | (uint64_t)record->size << 32, raw->general[X86_R10]);
    check_number("word 3", state->rip, raw->general[X86_RAX]);
    /* The guest's own are as they were, and 32 bits wide. */
    check_number("guest's rbx", GUEST_VALUE + X86_RBX, state->general[X86_RBX]);
    check_number("guest's rbp", GUEST_VALUE + X86_RBP, state->general[X86_RBP]);
    check_number("guest's rdi", GUEST_VALUE + X86_RDI, state->general[X86_RDI]);
    if (checks_failed == failed)
        return;
    print("... exit %u:", record->kind);
    for (unsigned i = 0; i < 16; i++)
        print(" %lx", raw->general[i]);
    print(" flags %lx\n", raw->flags);
}

void test_exit_registers(void)
{
    uint64_t exits = make(NACELLE_TYPE_ENDPOINT, 0);
    struct guest guest = hostile_guest(GUEST_CODE_OF(guest_kinds), exits, 9);
    static struct raw raw;
    uint64_t stack = 0;

    for (unsigned i = 0; i < 8; i++)
        guest.state->general[i] = GUEST_VALUE + i;
    need(nacelle_vcpu_resume(guest.vcpu), "start the guest");
    for (unsigned i = 0; i < ROUNDS * KINDS; i++) {
        uint32_t label = NACELLE_RESUME_ADVANCE;

        if (i != 0 && guest.state->exit.kind == NACELLE_EXIT_MEMORY)
            label |= NACELLE_RESUME_LENGTH(MEMORY_BYTES);
        fill(&raw, exits, NACELLE_REPLY_RECEIVE, nacelle_tag(label, 0), SECRET + 100);
        raw_call(&raw);
        check_exit(&guest, &raw);
        stack = i == 0 ? raw.general[X86_RSP] : stack;
        check_number("stack pointer", stack, raw.general[X86_RSP]);
    }
    check_number("last kind", NACELLE_EXIT_CACHE, guest.state->exit.kind);
    check_not_reached();
}

/* --- Two threads --- */

static uint64_t calls, call_slot;
static volatile uint64_t calls_made;
static struct raw found_wrong;

static bool all_zero(const struct raw *raw)
{
    uint64_t any = 0;

    for (unsigned i = 0; i < LOST; i++)
        any |= raw->general[lost[i]];
    return any == 0;
}

static void check_message(const struct raw *raw, uint64_t badge, uint64_t tag, uint64_t word)
{
    const uint64_t *general = raw->general;

    if (is_clean(raw) && all_zero(raw) && general[X86_RDI] == badge && general[X86_RSI] == tag &&
        general[X86_R8] == word && general[X86_R9] == word + 1 && general[X86_R10] == word + 2 &&
        general[X86_RAX] == word + 3)
        return;
    mistakes++;
    found_wrong = *raw;
}

static void serve(uint64_t argument)
{
    static struct raw raw;

    (void)argument;
    fill(&raw, calls, NACELLE_RECEIVE, 0, 0);
    raw_call(&raw);
    for (uint64_t i = 0;; i++) {
        check_message(&raw, 44, nacelle_tag(3, i % 5) | NACELLE_TAG_CALL, i);
        fill(&raw, calls, NACELLE_REPLY_RECEIVE, nacelle_tag(4, i % 5), 2 * i);
        raw_call(&raw);
    }
}

static void make_calls(uint64_t argument)
{
    static struct raw raw;

    (void)argument;
    for (uint64_t i = 0;; i++) {
        fill(&raw, call_slot, NACELLE_CALL, nacelle_tag(3, i % 5), i);
        raw_call(&raw);
        check_message(&raw, 0, nacelle_tag(4, i % 5), 2 * i);
        calls_made++;
    }
}

void test_thread_registers(void)
{
    mistakes = 0;
    calls = make(NACELLE_TYPE_ENDPOINT, 0);
    call_slot = copy(calls, NACELLE_RIGHT_WRITE, 44);
    thread_start(serve, 0, 2);
    thread_start(make_calls, 0, 1);
    wait_ticks(bochs_ticks(300000));
    check_true("calls were made", calls_made > 100);
    if (check_number("mistakes", 0, mistakes))
        return;
    for (unsigned i = 0; i < 16; i++)
        print(" %lx", found_wrong.general[i]);
    print(" flags %lx\n", found_wrong.flags);
}

/* --- FPU registers --- */

#define XMM       16u
#define XMM_GUEST 8ull
#define THREADS   4u

struct xmm {
    _Alignas(16) uint8_t bytes[XMM][16];
};

static uint64_t xmm_exits[2], xmm_calls;
static volatile uint64_t xmm_rounds[THREADS];

static void pattern(struct xmm *xmm, unsigned seed)
{
    for (unsigned i = 0; i < sizeof(xmm->bytes); i++)
        (&xmm->bytes[0][0])[i] = (uint8_t)(i * 7 + seed * 31 + 1);
}

/* The compiler uses none of them. */
#define FOR_ALL_XMM(x) \
    x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9) x(10) x(11) x(12) x(13) x(14) x(15)
#define XMM_LOAD(n)  "movaps 16*" #n "(%0), %%xmm" #n "\n\t"
#define XMM_STORE(n) "movaps %%xmm" #n ", 16*" #n "(%0)\n\t"

static void xmm_load(const struct xmm *xmm)
{
    __asm__ volatile(FOR_ALL_XMM(XMM_LOAD) : : "r"(xmm) : "memory");
}

static void xmm_store(struct xmm *xmm)
{
    __asm__ volatile(FOR_ALL_XMM(XMM_STORE) : : "r"(xmm) : "memory");
}

/* Loads registers, makes fast calls for a while, and finds them as they were. */
static void keep_xmm(uint64_t which)
{
    struct xmm own, found;
    struct nacelle_message message = {0};
    uint64_t label = 0;

    pattern(&own, 10 + (unsigned)which);
    for (;;) {
        xmm_load(&own);
        (void)nacelle_invoke0(0, 0); /* it comes back as it must for the fast path */
        for (unsigned i = 0; i < 5; i++) {
            switch (which) {
            case 0:
            case 1:
                nacelle_resume_receive(xmm_exits[which], NACELLE_RESUME_ADVANCE, &message);
                /* The guest found its own. */
                mistakes += (uint32_t)message.words[0] == 0x5a5a && (uint32_t)message.words[2] != 0;
                break;
            case 2:
                message.tag = nacelle_tag((uint32_t)++label, 4);
                nacelle_reply_receive(xmm_calls, &message);
                break;
            default:
                message.tag = nacelle_tag(1, 4);
                nacelle_call(xmm_calls, &message);
                break;
            }
        }
        xmm_store(&found);
        mistakes += memcmp(&own, &found, sizeof(own)) != 0;
        xmm_rounds[which]++;
    }
}

void test_fpu(void)
{
    uint64_t slice = bochs_ticks(10100);
    struct guest guests[2];

    mistakes = 0;
    xmm_calls = make(NACELLE_TYPE_ENDPOINT, 0);
    for (unsigned i = 0; i < 2; i++) {
        struct xmm xmm;

        xmm_exits[i] = make(NACELLE_TYPE_ENDPOINT, 0);
        guests[i] = hostile_guest(GUEST_CODE_OF(guest_xmm), xmm_exits[i], 0);
        pattern(&xmm, i);
        memcpy(guests[i].data, &xmm, XMM_GUEST * 16);
        guests[i].state->general[X86_RSI] = GUEST_DATA;
        need(nacelle_vcpu_set_priority(guests[i].vcpu, 1, slice + 1000ull * i), "slice");
        need(nacelle_vcpu_resume(guests[i].vcpu), "start a guest");
    }
    for (unsigned i = 0; i < THREADS; i++) {
        struct thread thread = thread_make(keep_xmm, i, 1, 0);

        need(nacelle_thread_set_priority(thread.slot, 1, slice + 777ull * i), "slice");
        need(nacelle_thread_resume(thread.slot), "start a thread");
    }
    wait_ticks(bochs_ticks(3000000));
    check_number("FPU registers that were not one's own", 0, mistakes);
    for (unsigned i = 0; i < THREADS; i++)
        check_true("it has run", xmm_rounds[i] > 20);
    /* Debug registers, which no client can look at itself. */
    for (unsigned i = 0; i < 2; i++) {
        need(nacelle_vcpu_suspend(guests[i].vcpu), "suspend");
        need(nacelle_vcpu_fetch(guests[i].vcpu, NACELLE_GROUP_DEBUG | NACELLE_GROUP_SYSTEM_CALL),
             "fetch");
        check_number("dr0", (uint64_t)tells_next, guests[i].state->dr[0]);
        check_number("dr3", (uint64_t)&mistakes, guests[i].state->dr[3]);
        check_number("star", 0x0013000800000000, guests[i].state->star);
    }
    check_not_reached();
}
