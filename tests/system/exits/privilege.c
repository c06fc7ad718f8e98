/* SPDX-License-Identifier: BSD-2-Clause */
/* Events that find the guest at privilege level 3: the handler's stack comes from the TSS, and the
 * way back leads to level 3 again. SDM vol. 3, 6.12.1, 6.14.2, 7.2.1. */
#include "cases.h"
#include "events.h"
#include "rig.h"
#include "tables.h"
#include "verdict.h"

#include <runtime/client.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>

#define NOP          0x90
#define VMCALL       0x0f, 0x01, 0xc1
#define KERNEL_STACK 0x30f00u /* linear */
#define TSS_SP0      4        /* in both formats */
#define TSS_SS0      8

static const uint8_t code[] = {NOP, NOP, VMCALL};

/* The TSS names the stack of level 0: SS0:ESP0, or RSP0 with a null SS. */
static void set_stack(enum mode mode)
{
    uint32_t *tss = rig_ram(RIG_TSS);
    uint32_t base = mode >= COMPAT ? 0 : (uint32_t)mode_base(mode, NACELLE_SS);

    tss[TSS_SP0 / 4] = KERNEL_STACK - base;
    if (mode < COMPAT)
        tss[TSS_SS0 / 4] = SELECTOR_SS;
}

static uint64_t pushed(enum mode mode, unsigned words, unsigned index)
{
    unsigned size = modes[mode].frame_word;
    uint64_t value = 0;

    memcpy(&value, rig_ram(KERNEL_STACK - (words - index) * size), size);
    return value;
}

static void check_frame(enum mode mode, bool has_error, uint32_t error)
{
    unsigned words = 5u + has_error;
    uint64_t base = mode >= COMPAT ? 0 : mode_base(mode, NACELLE_SS);

    verdict_equal("stack pointer in the handler",
                  KERNEL_STACK - base - (uint64_t)words * modes[mode].frame_word, rig_rsp());
    if (has_error)
        verdict_equal("error code pushed", error, pushed(mode, words, 0));
    verdict_equal("rip pushed", RIG_CODE, pushed(mode, words, has_error));
    verdict_equal("cs pushed", SELECTOR_USER_CODE | 3,
                  pushed(mode, words, has_error + 1u) & 0xffff);
    verdict_equal("rsp pushed", mode_offset(mode, NACELLE_SS, RIG_STACK),
                  pushed(mode, words, has_error + 3u));
    verdict_equal("ss pushed", SELECTOR_USER_DATA | 3,
                  pushed(mode, words, has_error + 4u) & 0xffff);
}

static void from_user(enum mode mode, uint32_t event, uint32_t error, uint32_t interrupted_page)
{
    bool has_error = (event & NACELLE_EVENT_ERROR_CODE) != 0;

    verdict_case(modes[mode].name, "event at privilege level 3");
    exits_begin(mode, code, sizeof(code), X86_RFLAGS_IF);
    exits_set_user(rig_state);
    set_stack(mode);
    nacelle_check(nacelle_vcpu_store(rig_vcpu, rig_state->dirty), "store");
    rig_state->dirty = 0;
    events_inject(event, error, 0);
    if (interrupted_page) {
        rig_unmap(interrupted_page);
        events_expect(0, NACELLE_EXIT_MEMORY, RIG_CODE);
        verdict_equal("vectoring", event | NACELLE_EVENT_VALID, rig_state->exit.vectoring);
        rig_map(interrupted_page);
    }
    if (!events_expect(0, NACELLE_EXIT_HLT, tables_handler(event & 0xff)))
        return;
    check_frame(mode, has_error, error);
    if (!events_expect(NACELLE_RESUME_ADVANCE, NACELLE_EXIT_HYPERCALL, RIG_CODE + 2))
        return;
    rig_fetch(NACELLE_GROUP_SEGMENTS);
    verdict_equal("cs", SELECTOR_USER_CODE | 3, rig_state->segments[NACELLE_CS].selector);
    verdict_equal("ss", SELECTOR_USER_DATA | 3, rig_state->segments[NACELLE_SS].selector);
    verdict_equal("rsp", mode_offset(mode, NACELLE_SS, RIG_STACK), rig_rsp());
}

void privilege_run(enum mode mode)
{
    static const struct {
        uint32_t event, error;
    } events[] = {
        {NACELLE_EVENT_INTERRUPT | 0x40, 0},
        {NACELLE_EVENT_NMI | 2, 0},
        {NACELLE_EVENT_EXCEPTION | NACELLE_EVENT_ERROR_CODE | 14, 4},
    };

    if (modes[mode].bits == 16)
        return; /* the segments of level 3 are 32-bit ones */
    for (unsigned i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        from_user(mode, events[i].event, events[i].error, 0);
        from_user(mode, events[i].event, events[i].error, RIG_TSS);
        from_user(mode, events[i].event, events[i].error, RIG_STACK_PAGE);
    }
}
