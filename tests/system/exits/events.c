/* SPDX-License-Identifier: BSD-2-Clause */
/* Injected events: delivered to the guest's handler, when the guest can take them, in the right
 * order, once. SDM vol. 3, 6.9, 6.12, 6.14, 20.1.4 (frames), 26.6.1. */
#include "events.h"

#include "cases.h"
#include "rig.h"
#include "tables.h"
#include "verdict.h"

#include <runtime/client.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>

#define NOP        0x90
#define STI        0xfb
#define CPUID      0x0f, 0xa2
#define CPUID_SIZE 2

static const uint8_t nops[] = {NOP, NOP, NOP};

bool events_expect(uint32_t resume_flags, uint32_t kind, uint64_t rip)
{
    if (!verdict_equal("exit in time", 1, rig_run(resume_flags)))
        return false;

    bool kind_right = verdict_equal("kind", kind, rig_state->exit.kind);

    return verdict_equal("rip", rip, rig_state->rip) && kind_right;
}

bool events_expect_end(uint32_t resume_flags, unsigned size)
{
    bool ended = events_expect(resume_flags, NACELLE_EXIT_HLT, RIG_CODE + size);

    return verdict_equal("nothing pending", 0, events_pending()) && ended;
}

bool events_pending(void)
{
    return (rig_state->exit.flags & NACELLE_EXIT_EVENT_PENDING) != 0;
}

void events_inject(uint32_t event, uint32_t error, uint32_t length)
{
    verdict_equal(
        "INJECT", NACELLE_ERROR_OK,
        nacelle_invoke3(rig_vcpu, NACELLE_VCPU_INJECT, event | NACELLE_EVENT_VALID, error, length));
}

/* The stack pointer that a handler begins with. IA-32e mode aligns it, and pushes SS:RSP too. */
static uint64_t handler_rsp(enum mode mode, bool has_error)
{
    uint64_t rsp = mode_offset(mode, NACELLE_SS, RIG_STACK);
    unsigned words = (mode >= COMPAT ? 5 : 3) + has_error;

    if (mode >= COMPAT)
        rsp &= ~0xfull;
    return rsp - (uint64_t)words * modes[mode].frame_word;
}

/* Handlers of IA-32e mode are 64-bit code, for which SS has no base. */
static uint64_t stack_linear(enum mode mode, uint64_t rsp)
{
    return mode >= COMPAT ? rsp : rsp + mode_base(mode, NACELLE_SS);
}

static uint64_t pushed(enum mode mode, uint64_t rsp, unsigned index)
{
    unsigned size = modes[mode].frame_word;
    uint64_t value = 0;

    memcpy(&value, rig_ram((uint32_t)(stack_linear(mode, rsp) + (uint64_t)index * size)), size);
    return value;
}

bool events_expect_handler(enum mode mode, uint32_t resume_flags, const struct frame *frame)
{
    bool has_error = frame->has_error && mode != REAL;
    uint64_t rsp = handler_rsp(mode, has_error);
    uint64_t flags = X86_RFLAGS_IF | X86_RFLAGS_TF | X86_RFLAGS_FIXED;

    if (!events_expect(resume_flags, NACELLE_EXIT_HLT, tables_handler(frame->vector)))
        return false;
    if (!verdict_equal("stack pointer in the handler", rsp, rig_rsp()))
        return false;
    if (has_error)
        verdict_equal("error code pushed", frame->error, pushed(mode, rsp, 0));
    verdict_equal("rip pushed", frame->rip, pushed(mode, rsp, has_error));
    verdict_equal("cs pushed",
                  mode == REAL             ? 0
                  : mode == LONG           ? SELECTOR_CODE64
                  : modes[mode].bits == 32 ? SELECTOR_CODE32
                                           : SELECTOR_CODE16,
                  pushed(mode, rsp, has_error + 1u) & 0xffff);
    verdict_equal("rflags pushed", frame->rflags | X86_RFLAGS_FIXED,
                  pushed(mode, rsp, has_error + 2u) & flags);
    if (mode >= COMPAT) {
        verdict_equal("rsp pushed", mode_offset(mode, NACELLE_SS, RIG_STACK),
                      pushed(mode, rsp, has_error + 3u));
        verdict_equal("ss pushed", SELECTOR_SS, pushed(mode, rsp, has_error + 4u));
    }
    verdict_equal("interrupts are off in the handler", 0, rig_state->rflags & X86_RFLAGS_IF);
    return true;
}

/* --- Each type of event, delivered at once --- */

static const struct {
    const char *name;
    uint32_t event, error, length;
    uint64_t rflags;
    unsigned vector;
    bool has_error;
} at_once[] = {
    {"interrupt", NACELLE_EVENT_INTERRUPT | 0x40, 0, 0, X86_RFLAGS_IF, 0x40, false},
    {"interrupt 0", NACELLE_EVENT_INTERRUPT | 0, 0, 0, X86_RFLAGS_IF, 0, false},
    {"interrupt 255", NACELLE_EVENT_INTERRUPT | 255, 0, 0, X86_RFLAGS_IF, 255, false},
    {"NMI", NACELLE_EVENT_NMI | 2, 0, 0, 0, 2, false},
    {"#DE", NACELLE_EVENT_EXCEPTION | 0, 0, 0, 0, 0, false},
    {"#UD", NACELLE_EVENT_EXCEPTION | 6, 0, 0, X86_RFLAGS_IF, 6, false},
    {"#DF", NACELLE_EVENT_EXCEPTION | NACELLE_EVENT_ERROR_CODE | 8, 0, 0, 0, 8, true},
    {"#NP", NACELLE_EVENT_EXCEPTION | NACELLE_EVENT_ERROR_CODE | 11, 0x68, 0, 0, 11, true},
    {"#GP", NACELLE_EVENT_EXCEPTION | NACELLE_EVENT_ERROR_CODE | 13, 0x1234, 0, 0, 13, true},
    {"#PF", NACELLE_EVENT_EXCEPTION | NACELLE_EVENT_ERROR_CODE | 14, 2, 0, X86_RFLAGS_IF, 14, true},
    {"#MF", NACELLE_EVENT_EXCEPTION | 16, 0, 0, 0, 16, false},
    {"INT 41h", NACELLE_EVENT_SOFTWARE_INTERRUPT | 0x41, 0, 2, 0, 0x41, false},
    {"INT3", NACELLE_EVENT_SOFTWARE_EXCEPTION | 3, 0, 1, X86_RFLAGS_IF, 3, false},
    {"INTO", NACELLE_EVENT_SOFTWARE_EXCEPTION | 4, 0, 1, 0, 4, false},
    {"INT1", NACELLE_EVENT_PRIVILEGED_SOFTWARE_EXCEPTION | 1, 0, 1, 0, 1, false},
};

static void inject_at_once(enum mode mode)
{
    for (unsigned i = 0; i < sizeof(at_once) / sizeof(at_once[0]); i++) {
        const struct frame frame = {.vector = at_once[i].vector,
                                    .rip = RIG_CODE + at_once[i].length,
                                    .rflags = at_once[i].rflags,
                                    .has_error = at_once[i].has_error,
                                    .error = at_once[i].error};

        verdict_case(modes[mode].name, at_once[i].name);
        exits_begin(mode, nops, sizeof(nops), at_once[i].rflags);
        nacelle_check(nacelle_vcpu_store(rig_vcpu, rig_state->dirty), "store");
        rig_state->dirty = 0;
        events_inject(at_once[i].event, at_once[i].error, at_once[i].length);
        if (events_expect_handler(mode, 0, &frame)) {
            verdict_equal("nothing pending in the handler", 0, events_pending());
            events_expect_end(NACELLE_RESUME_ADVANCE, sizeof(nops));
        }
    }
}

/* The state of exits_begin, so that INJECT finds the guest in its mode. */
static void begin(enum mode mode, const char *name, const uint8_t *code, unsigned size,
                  uint64_t rflags)
{
    verdict_case(modes[mode].name, name);
    exits_begin(mode, code, size, rflags);
    nacelle_check(nacelle_vcpu_store(rig_vcpu, rig_state->dirty), "store");
    rig_state->dirty = 0;
}

/* --- Waiting --- */

/* Held back by IF until the guest itself takes it: no exit tells anyone. */
static void wait_for_sti(enum mode mode)
{
    static const uint8_t code[] = {CPUID, STI, NOP, NOP};
    const struct frame frame = {
        .vector = 0x40, .rip = RIG_CODE + sizeof(code) - 1, .rflags = X86_RFLAGS_IF};

    begin(mode, "interrupt waits for STI", code, sizeof(code), 0);
    events_inject(NACELLE_EVENT_INTERRUPT | 0x40, 0, 0);
    events_expect(0, NACELLE_EXIT_CPUID, RIG_CODE);
    verdict_equal("the exit says that it waits", 1, events_pending());
    if (events_expect_handler(mode, NACELLE_RESUME_ADVANCE, &frame))
        events_expect_end(NACELLE_RESUME_ADVANCE, sizeof(code));
}

static void cancel(enum mode mode)
{
    static const uint8_t code[] = {STI, NOP, NOP};
    static const struct {
        uint32_t type, event, error;
    } events[] = {
        {0, NACELLE_EVENT_INTERRUPT | 0x40, 0},
        {2, NACELLE_EVENT_NMI | 2, 0},
        {3, NACELLE_EVENT_EXCEPTION | NACELLE_EVENT_ERROR_CODE | 13, 0x10},
    };

    for (unsigned i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        uint64_t pending = 2;

        begin(mode, "cancel", code, sizeof(code), 0);
        nacelle_check(nacelle_vcpu_cancel(rig_vcpu, events[i].type, &pending), "cancel");
        verdict_equal("nothing to cancel", 0, pending);
        events_inject(events[i].event, events[i].error, 0);
        nacelle_check(nacelle_vcpu_cancel(rig_vcpu, events[i].type, &pending), "cancel");
        verdict_equal("cancelled", 1, pending);
        nacelle_check(nacelle_vcpu_cancel(rig_vcpu, events[i].type, &pending), "cancel");
        verdict_equal("cancelled only once", 0, pending);
        events_expect_end(0, sizeof(code));
    }
}

static void replace(enum mode mode)
{
    const struct frame frame = {.vector = 0x41, .rip = RIG_CODE, .rflags = X86_RFLAGS_IF};

    begin(mode, "the later interrupt replaces the earlier", nops, sizeof(nops), X86_RFLAGS_IF);
    events_inject(NACELLE_EVENT_INTERRUPT | 0x40, 0, 0);
    events_inject(NACELLE_EVENT_INTERRUPT | 0x41, 0, 0);
    if (events_expect_handler(mode, 0, &frame))
        events_expect_end(NACELLE_RESUME_ADVANCE, sizeof(nops));
}

/* An exception, an NMI and an interrupt at once: each is handled in the end, the first frame on top
 * of the code, and the later ones when the handler before has returned or can be interrupted. */
static void priorities(enum mode mode)
{
    const struct frame nmi = {.vector = 2, .rip = RIG_CODE, .rflags = X86_RFLAGS_IF};
    const struct frame interrupt = {.vector = 0x40, .rip = RIG_CODE, .rflags = X86_RFLAGS_IF};

    begin(mode, "NMI before interrupt", nops, sizeof(nops), X86_RFLAGS_IF);
    events_inject(NACELLE_EVENT_INTERRUPT | 0x40, 0, 0);
    events_inject(NACELLE_EVENT_NMI | 2, 0, 0);
    if (!events_expect_handler(mode, 0, &nmi))
        return;
    verdict_equal("the interrupt waits", 1, events_pending());
    if (events_expect_handler(mode, NACELLE_RESUME_ADVANCE, &interrupt))
        events_expect_end(NACELLE_RESUME_ADVANCE, sizeof(nops));
}

static void exception_first(enum mode mode)
{
    const struct frame exception = {.vector = 6, .rip = RIG_CODE, .rflags = X86_RFLAGS_IF};
    const struct frame interrupt = {.vector = 0x40, .rip = RIG_CODE, .rflags = X86_RFLAGS_IF};

    begin(mode, "exception before interrupt", nops, sizeof(nops), X86_RFLAGS_IF);
    events_inject(NACELLE_EVENT_INTERRUPT | 0x40, 0, 0);
    events_inject(NACELLE_EVENT_EXCEPTION | 6, 0, 0);
    if (events_expect_handler(mode, 0, &exception) &&
        events_expect_handler(mode, NACELLE_RESUME_ADVANCE, &interrupt))
        events_expect_end(NACELLE_RESUME_ADVANCE, sizeof(nops));
}

/* The handler of an NMI is not interrupted by the next; its IRET lets it in (6.7.1). */
static void nmi_blocks_nmi(enum mode mode)
{
    const struct frame frame = {.vector = 2, .rip = RIG_CODE};

    begin(mode, "NMI in the handler of an NMI", nops, sizeof(nops), 0);
    events_inject(NACELLE_EVENT_NMI | 2, 0, 0);
    if (!events_expect_handler(mode, 0, &frame))
        return;
    rig_fetch(NACELLE_GROUP_EVENTS);
    verdict_equal("NMIs are blocked", NACELLE_BLOCKING_NMI, rig_state->blocking);
    events_inject(NACELLE_EVENT_NMI | 2, 0, 0);
    if (!events_expect_handler(mode, NACELLE_RESUME_ADVANCE, &frame))
        return;
    events_expect_end(NACELLE_RESUME_ADVANCE, sizeof(nops));
    rig_fetch(NACELLE_GROUP_EVENTS);
    verdict_equal("NMIs are not blocked", 0, rig_state->blocking);
}

/* --- Windows that the client asks for, each reported once --- */

static void ask(uint32_t window)
{
    rig_fetch(NACELLE_GROUP_EVENTS);
    rig_state->windows = window;
    rig_state->dirty = NACELLE_GROUP_EVENTS;
}

static void windows(enum mode mode)
{
    static const uint8_t code[] = {STI, NOP, NOP};
    const struct frame frame = {.vector = 2, .rip = RIG_CODE};

    begin(mode, "interrupt window", code, sizeof(code), 0);
    ask(NACELLE_WINDOW_INTERRUPT);
    events_expect(0, NACELLE_EXIT_INTERRUPT_WINDOW, RIG_CODE + 2); /* behind the shadow of STI */
    events_expect_end(0, sizeof(code));

    begin(mode, "interrupt window that is open", nops, sizeof(nops), X86_RFLAGS_IF);
    ask(NACELLE_WINDOW_INTERRUPT);
    events_expect(0, NACELLE_EXIT_INTERRUPT_WINDOW, RIG_CODE);
    events_expect_end(0, sizeof(nops));

    begin(mode, "NMI window", nops, sizeof(nops), 0);
    events_inject(NACELLE_EVENT_NMI | 2, 0, 0);
    if (!events_expect_handler(mode, 0, &frame))
        return;
    ask(NACELLE_WINDOW_NMI);
    events_expect(NACELLE_RESUME_ADVANCE, NACELLE_EXIT_NMI_WINDOW, RIG_CODE);
    events_expect_end(0, sizeof(nops));
}

/* --- Events that make no sense --- */

static void refused_events(enum mode mode)
{
    static const struct {
        uint32_t event, error, length;
        bool only_protected;
    } events[] = {
        {NACELLE_EVENT_EXCEPTION | 32, 0, 0, false},
        {NACELLE_EVENT_EXCEPTION | 2, 0, 0, false},
        {NACELLE_EVENT_EXCEPTION | NACELLE_EVENT_ERROR_CODE | 6, 0, 0, false},
        {NACELLE_EVENT_EXCEPTION | NACELLE_EVENT_ERROR_CODE | 13, 0x10000, 0, false},
        {NACELLE_EVENT_EXCEPTION | 13, 0, 0, true},
        {NACELLE_EVENT_NMI | 3, 0, 0, false},
        {NACELLE_EVENT_INTERRUPT | NACELLE_EVENT_ERROR_CODE | 0x40, 0, 0, false},
        {NACELLE_EVENT_SOFTWARE_INTERRUPT | 0x40, 0, 0, false},
        {NACELLE_EVENT_SOFTWARE_INTERRUPT | 0x40, 0, 16, false},
        {NACELLE_EVENT_SOFTWARE_EXCEPTION | 5, 0, 1, false},
        {NACELLE_EVENT_PRIVILEGED_SOFTWARE_EXCEPTION | 3, 0, 1, false},
        {1u << 8 | 0x40, 0, 0, false},
        {7u << 8 | 0, 0, 0, false},
        {1u << 12 | 0x40, 0, 0, false},
        {1u << 30 | 0x40, 0, 0, false},
    };

    begin(mode, "refused events", nops, sizeof(nops), X86_RFLAGS_IF);
    for (unsigned i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (mode != REAL || !events[i].only_protected)
            verdict_equal("INJECT", NACELLE_ERROR_INVALID_EVENT,
                          nacelle_invoke3(rig_vcpu, NACELLE_VCPU_INJECT,
                                          events[i].event | NACELLE_EVENT_VALID, events[i].error,
                                          events[i].length));
    events_expect_end(0, sizeof(nops));
}

void events_run(void)
{
    static void (*const tests[])(enum mode mode) = {
        inject_at_once, wait_for_sti, cancel,         replace,       priorities,  exception_first,
        nmi_blocks_nmi, windows,      refused_events, vectoring_run, advance_run, privilege_run,
    };

    nacelle_print("events\n");
    for (unsigned mode = REAL; mode < MODES; mode++)
        for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
            tests[i]((enum mode)mode);
}
