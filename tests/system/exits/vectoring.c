/* SPDX-License-Identifier: BSD-2-Clause */
/* Deliveries that a second-level fault interrupts: they are repeated, never lost, never doubled;
 * and what becomes of them when the client injects an exception meanwhile (SDM vol. 3, 6.15,
 * 27.2.4). */
#include "cases.h"
#include "events.h"
#include "rig.h"
#include "tables.h"
#include "verdict.h"

#include <runtime/client.h>
#include <runtime/vcpu.h>

#define PAGE               4096ull
#define NOP                0x90
#define EXCEPTION(vector)  (NACELLE_EVENT_EXCEPTION | (vector))
#define WITH_ERROR(vector) (NACELLE_EVENT_EXCEPTION | NACELLE_EVENT_ERROR_CODE | (vector))

static const uint8_t nops[] = {NOP, NOP, NOP};

/* The page on which the frame is pushed. */
static uint32_t stack_page(enum mode mode)
{
    return mode == COMPAT ? 0 : RIG_STACK_PAGE;
}

static void begin(enum mode mode, const char *name, const uint8_t *code, unsigned size,
                  uint64_t rflags)
{
    verdict_case(modes[mode].name, name);
    exits_begin(mode, code, size, rflags);
    nacelle_check(nacelle_vcpu_store(rig_vcpu, rig_state->dirty), "store");
    rig_state->dirty = 0;
}

/* Runs into a page that is not mapped, with an event on its way. */
static bool expect_interrupted(uint32_t page, uint32_t access, uint32_t event, uint32_t error,
                               uint64_t rip)
{
    const volatile struct nacelle_exit *exit = &rig_state->exit;

    if (!events_expect(0, NACELLE_EXIT_MEMORY, rip))
        return false;
    verdict_equal("flags", access | NACELLE_EXIT_GVA_VALID | NACELLE_EXIT_VECTORING,
                  exit->flags & ~NACELLE_EXIT_EVENT_PENDING);
    verdict_equal("page", page, exit->gpa & ~(PAGE - 1ull));
    verdict_equal("gva", exit->gpa, exit->gva);
    verdict_equal("vectoring", event | NACELLE_EVENT_VALID, exit->vectoring);
    verdict_equal("vectoring error code", error, exit->vectoring_error);
    return true;
}

/* --- Delivered once when the page is there --- */

static const uint8_t int_41[] = {0xcd, 0x41};
static const uint8_t int3[] = {0xcc};
static const uint8_t ud2[] = {0x0f, 0x0b};

/* What the client injects (event) or the guest executes (code). */
static const struct {
    const char *name;
    uint32_t event, error, length;
    const uint8_t *code;
    unsigned size;  /* of the code */
    unsigned skips; /* bytes of code that the return address lies behind */
    uint64_t rflags;
} once[] = {
    {"interrupt", NACELLE_EVENT_INTERRUPT | 0x40, 0, 0, NULL, 0, 0, X86_RFLAGS_IF},
    {"NMI", NACELLE_EVENT_NMI | 2, 0, 0, NULL, 0, 0, 0},
    {"#UD injected", EXCEPTION(6), 0, 0, NULL, 0, 0, 0},
    {"#GP injected", WITH_ERROR(13), 0x20, 0, NULL, 0, 0, 0},
    {"INT n injected", NACELLE_EVENT_SOFTWARE_INTERRUPT | 0x42, 0, 2, NULL, 0, 2, 0},
    {"INT n", NACELLE_EVENT_SOFTWARE_INTERRUPT | 0x41, 0, 0, int_41, sizeof(int_41), 2, 0},
    {"INT3", NACELLE_EVENT_SOFTWARE_EXCEPTION | 3, 0, 0, int3, sizeof(int3), 1, 0},
    {"#UD", EXCEPTION(6), 0, 0, ud2, sizeof(ud2), 0, 0},
};

static void deliver_once(enum mode mode, uint32_t page, uint32_t access, unsigned i)
{
    const uint8_t *code = once[i].code ? once[i].code : nops;
    unsigned size = once[i].code ? once[i].size : sizeof(nops);
    bool faults = once[i].code != NULL && once[i].skips == 0;
    /* In real mode the processor drops what the client says. */
    bool error = (once[i].event & NACELLE_EVENT_ERROR_CODE) && mode != REAL;
    uint32_t event = error ? once[i].event : once[i].event & ~NACELLE_EVENT_ERROR_CODE;
    const struct frame frame = {.vector = once[i].event & 0xff,
                                .rip = RIG_CODE + once[i].skips,
                                .rflags = once[i].rflags,
                                .has_error = error,
                                .error = once[i].error};

    begin(mode, once[i].name, code, size, once[i].rflags);
    if (!once[i].code)
        events_inject(once[i].event, once[i].error, once[i].length);
    rig_unmap(page);
    expect_interrupted(page, access, event, error ? once[i].error : 0, RIG_CODE);
    /* Nothing has changed: it is interrupted again, not lost. */
    expect_interrupted(page, access, event, error ? once[i].error : 0, RIG_CODE);
    rig_map(page);
    if (events_expect_handler(mode, 0, &frame) && !faults)
        events_expect_end(NACELLE_RESUME_ADVANCE, size);
}

static void interrupted(enum mode mode)
{
    for (unsigned i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
        deliver_once(mode, RIG_IDT, NACELLE_EXIT_READ, i);
        deliver_once(mode, stack_page(mode), NACELLE_EXIT_WRITE, i);
    }
}

/* The client may take the event back instead. */
static void cancelled(enum mode mode)
{
    uint64_t pending = 0;

    begin(mode, "interrupted and cancelled", nops, sizeof(nops), X86_RFLAGS_IF);
    events_inject(NACELLE_EVENT_INTERRUPT | 0x40, 0, 0);
    rig_unmap(RIG_IDT);
    expect_interrupted(RIG_IDT, NACELLE_EXIT_READ, NACELLE_EVENT_INTERRUPT | 0x40, 0, RIG_CODE);
    rig_map(RIG_IDT);
    nacelle_check(nacelle_vcpu_cancel(rig_vcpu, 0, &pending), "cancel");
    verdict_equal("cancelled", 1, pending);
    events_expect_end(0, sizeof(nops));
}

/* --- Two events: table 6-5 --- */

#define NOTHING  0u
#define SHUTDOWN ~0u

static const struct {
    const char *name;
    uint32_t first, first_error, second, second_error;
    uint32_t handled, error; /* what the guest sees first */
    uint32_t then;           /* and when that handler has returned */
} pairs[] = {
    {"contributory after contributory", WITH_ERROR(11), 0x10, WITH_ERROR(13), 0x20, 8, 0, NOTHING},
    {"contributory after page fault", WITH_ERROR(14), 2, WITH_ERROR(13), 0x20, 8, 0, NOTHING},
    {"page fault after page fault", WITH_ERROR(14), 2, WITH_ERROR(14), 0, 8, 0, NOTHING},
    {"page fault after contributory", WITH_ERROR(13), 0x10, WITH_ERROR(14), 2, 14, 2, NOTHING},
    {"contributory after benign", EXCEPTION(6), 0, WITH_ERROR(13), 0x20, 13, 0x20, NOTHING},
    {"benign after contributory", WITH_ERROR(13), 0x10, EXCEPTION(6), 0, 6, 0, NOTHING},
    {"contributory after interrupt", NACELLE_EVENT_INTERRUPT | 0x40, 0, WITH_ERROR(13), 0x20, 13,
     0x20, 0x40},
    {"benign after NMI", NACELLE_EVENT_NMI | 2, 0, EXCEPTION(6), 0, 6, 0, 2},
    {"contributory after double fault", WITH_ERROR(8), 0, WITH_ERROR(13), 0x20, SHUTDOWN, 0,
     NOTHING},
};

static bool has_error_code(uint32_t vector)
{
    return vector == 8 || (vector >= 10 && vector <= 14);
}

static void combine(enum mode mode, unsigned i)
{
    const struct frame handled = {.vector = pairs[i].handled,
                                  .rip = RIG_CODE,
                                  .rflags = X86_RFLAGS_IF,
                                  .has_error = has_error_code(pairs[i].handled),
                                  .error = pairs[i].error};
    const struct frame then = {.vector = pairs[i].then, .rip = RIG_CODE, .rflags = X86_RFLAGS_IF};

    begin(mode, pairs[i].name, nops, sizeof(nops), X86_RFLAGS_IF);
    events_inject(pairs[i].first, pairs[i].first_error, 0);
    rig_unmap(RIG_IDT);
    expect_interrupted(RIG_IDT, NACELLE_EXIT_READ, pairs[i].first, pairs[i].first_error, RIG_CODE);
    rig_map(RIG_IDT);
    events_inject(pairs[i].second, pairs[i].second_error, 0);
    if (pairs[i].handled == SHUTDOWN) {
        verdict_equal("exit in time", 1, rig_run(0));
        verdict_equal("kind", NACELLE_EXIT_SHUTDOWN, rig_state->exit.kind);
        return;
    }
    if (!events_expect_handler(mode, 0, &handled))
        return;
    if (pairs[i].then != NOTHING && !events_expect_handler(mode, NACELLE_RESUME_ADVANCE, &then))
        return;
    events_expect_end(NACELLE_RESUME_ADVANCE, sizeof(nops));
}

/* --- Longer stories --- */

/* The delivery of the exception that overtook the interrupt is interrupted in turn, and another
 * interrupt is injected: all of them come in the end. */
static void three_events(enum mode mode)
{
    const struct frame protection = {
        .vector = 13, .rip = RIG_CODE, .rflags = X86_RFLAGS_IF, .has_error = true, .error = 0x20};
    const struct frame first = {.vector = 0x40, .rip = RIG_CODE, .rflags = X86_RFLAGS_IF};
    const struct frame second = {.vector = 0x41, .rip = RIG_CODE, .rflags = X86_RFLAGS_IF};

    begin(mode, "interrupt, exception, interrupt", nops, sizeof(nops), X86_RFLAGS_IF);
    events_inject(NACELLE_EVENT_INTERRUPT | 0x40, 0, 0);
    rig_unmap(RIG_IDT);
    expect_interrupted(RIG_IDT, NACELLE_EXIT_READ, NACELLE_EVENT_INTERRUPT | 0x40, 0, RIG_CODE);
    events_inject(WITH_ERROR(13), 0x20, 0);
    expect_interrupted(RIG_IDT, NACELLE_EXIT_READ, mode == REAL ? EXCEPTION(13) : WITH_ERROR(13),
                       mode == REAL ? 0 : 0x20, RIG_CODE);
    events_inject(NACELLE_EVENT_INTERRUPT | 0x41, 0, 0);
    rig_map(RIG_IDT);
    if (events_expect_handler(mode, 0, &protection) &&
        events_expect_handler(mode, NACELLE_RESUME_ADVANCE, &first) &&
        events_expect_handler(mode, NACELLE_RESUME_ADVANCE, &second))
        events_expect_end(NACELLE_RESUME_ADVANCE, sizeof(nops));
}

/* IRET of an NMI's handler faults: NMIs stay blocked until it was really executed (27.2.3). */
static void faulting_iret(enum mode mode)
{
    const struct frame frame = {.vector = 2, .rip = RIG_CODE};

    begin(mode, "IRET that faults", nops, sizeof(nops), 0);
    events_inject(NACELLE_EVENT_NMI | 2, 0, 0);
    if (!events_expect_handler(mode, 0, &frame))
        return;
    rig_unmap(stack_page(mode));
    events_expect(NACELLE_RESUME_ADVANCE, NACELLE_EXIT_MEMORY, tables_handler(2) + 1);
    verdict_equal("vectoring", 0, rig_state->exit.vectoring);
    rig_fetch(NACELLE_GROUP_EVENTS);
    verdict_equal("NMIs are blocked", NACELLE_BLOCKING_NMI, rig_state->blocking);
    events_inject(NACELLE_EVENT_NMI | 2, 0, 0);
    rig_map(stack_page(mode));
    if (events_expect_handler(mode, 0, &frame))
        events_expect_end(NACELLE_RESUME_ADVANCE, sizeof(nops));
}

/* A poke in the middle of it changes nothing. */
static void poked(enum mode mode)
{
    const struct frame frame = {.vector = 0x40, .rip = RIG_CODE, .rflags = X86_RFLAGS_IF};

    begin(mode, "poke during a delivery", nops, sizeof(nops), X86_RFLAGS_IF);
    events_inject(NACELLE_EVENT_INTERRUPT | 0x40, 0, 0);
    nacelle_check(nacelle_vcpu_poke(rig_vcpu), "poke");
    events_expect(0, NACELLE_EXIT_POKE, RIG_CODE);
    verdict_equal("the interrupt waits", 1, events_pending());
    rig_unmap(RIG_IDT);
    expect_interrupted(RIG_IDT, NACELLE_EXIT_READ, NACELLE_EVENT_INTERRUPT | 0x40, 0, RIG_CODE);
    nacelle_check(nacelle_vcpu_poke(rig_vcpu), "poke");
    events_expect(0, NACELLE_EXIT_POKE, RIG_CODE);
    verdict_equal("the interrupt waits", 1, events_pending());
    rig_map(RIG_IDT);
    if (events_expect_handler(mode, 0, &frame))
        events_expect_end(NACELLE_RESUME_ADVANCE, sizeof(nops));
}

void vectoring_run(enum mode mode)
{
    three_events(mode);
    faulting_iret(mode);
    poked(mode);
    interrupted(mode);
    cancelled(mode);
    for (unsigned i = 0; mode != REAL && i < sizeof(pairs) / sizeof(pairs[0]); i++)
        combine(mode, i);
}
