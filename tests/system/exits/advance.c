/* SPDX-License-Identifier: BSD-2-Clause */
/* What ADVANCE does besides moving rip: the interrupt shadow ends, TF takes effect (SDM vol. 3,
 * 6.8.3, 17.3.1.4); pokes; HLT that does not exit. */
#include "cases.h"
#include "events.h"
#include "rig.h"
#include "tables.h"
#include "verdict.h"

#include <runtime/client.h>
#include <runtime/vcpu.h>

#define NOP        0x90
#define STI        0xfb
#define CPUID      0x0f, 0xa2
#define MOV_SS     0x8c, 0xd0, 0x8e, 0xd0 /* mov %ss, %ax; mov %ax, %ss */
#define CPUID_SIZE 2u

static void begin(enum mode mode, const char *name, const uint8_t *code, unsigned size,
                  uint64_t rflags)
{
    verdict_case(modes[mode].name, name);
    exits_begin(mode, code, size, rflags);
    nacelle_check(nacelle_vcpu_store(rig_vcpu, rig_state->dirty), "store");
    rig_state->dirty = 0;
}

/* The instruction in the shadow exits; blocking is reported; behind it there is none. */
static void shadow(enum mode mode, const char *name, const uint8_t *code, unsigned before,
                   uint32_t blocking)
{
    const unsigned size = before + CPUID_SIZE + 1;
    const struct frame frame = {
        .vector = 0x40, .rip = RIG_CODE + before + CPUID_SIZE, .rflags = X86_RFLAGS_IF};
    uint64_t rflags = blocking == NACELLE_BLOCKING_STI ? 0 : X86_RFLAGS_IF;

    begin(mode, name, code, size, rflags);
    if (!events_expect(0, NACELLE_EXIT_CPUID, RIG_CODE + before))
        return;
    rig_fetch(NACELLE_GROUP_EVENTS);
    verdict_equal("blocking in the shadow", blocking, rig_state->blocking);
    events_expect_end(NACELLE_RESUME_ADVANCE, size);
    rig_fetch(NACELLE_GROUP_EVENTS);
    verdict_equal("blocking behind the shadow", 0, rig_state->blocking);

    /* Not advanced, the instruction is executed again, and an interrupt waits for its end. */
    begin(mode, name, code, size, rflags);
    events_expect(0, NACELLE_EXIT_CPUID, RIG_CODE + before);
    events_inject(NACELLE_EVENT_INTERRUPT | 0x40, 0, 0);
    events_expect(0, NACELLE_EXIT_CPUID, RIG_CODE + before);
    verdict_equal("the interrupt waits", 1, events_pending());
    if (events_expect_handler(mode, NACELLE_RESUME_ADVANCE, &frame))
        events_expect_end(NACELLE_RESUME_ADVANCE, size);
}

static void shadows(enum mode mode)
{
    static const uint8_t sti[] = {STI, CPUID, NOP};
    static const uint8_t mov_ss[] = {MOV_SS, CPUID, NOP};

    shadow(mode, "STI, CPUID", sti, 1, NACELLE_BLOCKING_STI);
    shadow(mode, "MOV SS, CPUID", mov_ss, 4, NACELLE_BLOCKING_MOV_SS);
}

/* With TF, the instruction that the client carries out traps like any other. */
static void single_step(enum mode mode)
{
    static const uint8_t code[] = {CPUID, NOP};
    const volatile struct nacelle_exit *exit = &rig_state->exit;
    const struct frame frame = {.vector = 1, .rip = RIG_CODE + CPUID_SIZE, .rflags = X86_RFLAGS_TF};

    begin(mode, "TF, CPUID: exit", code, sizeof(code), X86_RFLAGS_TF);
    rig_control(NACELLE_CONTROL_EXCEPTIONS, 1 << 1);
    events_expect(0, NACELLE_EXIT_CPUID, RIG_CODE);
    if (events_expect(NACELLE_RESUME_ADVANCE, NACELLE_EXIT_EXCEPTION, RIG_CODE + CPUID_SIZE)) {
        verdict_equal("vector", 1, exit->number);
        verdict_equal("DR6 bits", X86_DR6_BS, exit->value);
    }
    rig_control(NACELLE_CONTROL_EXCEPTIONS, 0);

    begin(mode, "TF, CPUID: handler", code, sizeof(code), X86_RFLAGS_TF);
    events_expect(0, NACELLE_EXIT_CPUID, RIG_CODE);
    if (!events_expect_handler(mode, NACELLE_RESUME_ADVANCE, &frame))
        return;
    rig_fetch(NACELLE_GROUP_DEBUG);
    verdict_equal("DR6", X86_DR6_RESET | X86_DR6_BS, rig_state->dr6);
}

/* However many pokes, one exit; the guest goes on as if nothing had been. */
static void pokes(enum mode mode)
{
    static const uint8_t nops[] = {NOP, NOP};
    static const uint8_t loop[] = {0xeb, 0xfe};

    begin(mode, "poke before the entry", nops, sizeof(nops), 0);
    nacelle_check(nacelle_vcpu_poke(rig_vcpu), "poke");
    nacelle_check(nacelle_vcpu_poke(rig_vcpu), "poke");
    events_expect(0, NACELLE_EXIT_POKE, RIG_CODE);
    verdict_equal("vendor", nacelle_by_syscall ? NACELLE_VENDOR_SVM : NACELLE_VENDOR_VMX,
                  rig_state->exit.vendor);
    events_expect_end(0, sizeof(nops));

    /* rig_run pokes when its patience is at an end; IF is 0. */
    begin(mode, "poke of a loop", loop, sizeof(loop), 0);
    verdict_equal("the loop does not exit", 0, rig_run(0));
    verdict_equal("kind", NACELLE_EXIT_POKE, rig_state->exit.kind);
    verdict_equal("rip", RIG_CODE, rig_state->rip);
    /* Out of the loop: a poke can be answered with another state. */
    rig_state->rip = RIG_CODE + sizeof(loop);
    rig_state->dirty = NACELLE_GROUP_IP;
    events_expect_end(0, sizeof(loop));
}

/* HLT that does not exit waits inside the guest for what wakes it. (Bochs 2.7 wakes it for the
 * host's interrupts too, and then no longer says that it had halted: hence the loop.) */
static void halted(enum mode mode)
{
    static const uint8_t code[] = {STI, 0xf4, 0xeb, 0xfd}; /* sti; 1: hlt; jmp 1b */
    struct frame frame = {.vector = 0x40, .rflags = X86_RFLAGS_IF};

    begin(mode, "HLT inside the guest", code, sizeof(code), 0);
    rig_control(NACELLE_CONTROL_HLT, 0);
    verdict_equal("HLT does not exit", 0, rig_run(0));
    verdict_equal("kind", NACELLE_EXIT_POKE, rig_state->exit.kind);
    verdict_equal("rip is in the loop", 1,
                  rig_state->rip > RIG_CODE && rig_state->rip < RIG_CODE + sizeof(code));
    frame.rip = rig_state->rip;
    rig_control(NACELLE_CONTROL_HLT, 1);
    events_inject(NACELLE_EVENT_INTERRUPT | 0x40, 0, 0);
    events_expect_handler(mode, 0, &frame);
}

/* A vCPU that the client puts into the state after HLT wakes up by an interrupt, and by an NMI also
 * when interrupts are off. */
static void woken(enum mode mode)
{
    static const uint8_t nops[] = {NOP, NOP};
    static const struct {
        uint32_t event;
        uint64_t rflags;
    } events[] = {
        {NACELLE_EVENT_INTERRUPT | 0x40, X86_RFLAGS_IF},
        {NACELLE_EVENT_NMI | 2, 0},
        {NACELLE_EVENT_EXCEPTION | 6, 0},
    };

    for (unsigned i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        const struct frame frame = {
            .vector = events[i].event & 0xff, .rip = RIG_CODE, .rflags = events[i].rflags};

        begin(mode, "woken from HLT", nops, sizeof(nops), events[i].rflags);
        rig_fetch(NACELLE_GROUP_EVENTS);
        rig_state->activity = NACELLE_ACTIVITY_HLT;
        nacelle_check(nacelle_vcpu_store(rig_vcpu, NACELLE_GROUP_EVENTS), "store");
        events_inject(events[i].event, 0, 0);
        if (!events_expect_handler(mode, 0, &frame))
            continue;
        rig_fetch(NACELLE_GROUP_EVENTS);
        verdict_equal("activity", NACELLE_ACTIVITY_ACTIVE, rig_state->activity);
        events_expect_end(NACELLE_RESUME_ADVANCE, sizeof(nops));
    }
}

void advance_run(enum mode mode)
{
    shadows(mode);
    single_step(mode);
    pokes(mode);
    halted(mode);
    woken(mode);
}
