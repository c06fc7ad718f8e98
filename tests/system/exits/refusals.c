/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * States that no processor enters: SDM vol. 3, 26.2 and 26.3. The exit names the check and
 * the group. What the engine refuses by itself STORE refuses as well; what only the processor can
 * tell has ENTRY_FAILED. After each refusal the vCPU is as usable as before.
 *
 * Not among them, as no client can cause them: CONTROLS, HOST_STATE, HOST_MOV_SS, LAUNCH_STATE,
 * MSR_LOADING, LINK_POINTER (the engine's own doing); EFER_LMA (it computes LMA); SS_RPL, DATA_DPL
 * (not checked with unrestricted guest); RFLAGS_IF, BLOCKING_INTERRUPT, BLOCKING_NMI (an event that
 * cannot be taken waits). PENDING_DEBUG_BS is left to a unit test: Bochs 2.7 enters.
 */
#include "cases.h"
#include "events.h"
#include "rig.h"
#include "verdict.h"

#include <nacelle/check.h>
#include <runtime/client.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <x86/vmx_exit.h>

#define NOT_CANONICAL 0x8000000000000000ull
#define EVENT(x)      (NACELLE_EVENT_VALID | (x))
#define CHANGES       3

struct change {
    uint16_t offset;
    uint8_t size;
    uint64_t value;
};

struct refusal {
    const char *name;
    enum mode mode;
    uint32_t check, group;
    struct change changes[CHANGES];
    bool by_processor, virtual_8086;
};

#define SET(member, x)                                            \
    {                                                             \
        offsetof(struct nacelle_vcpu_state, member),              \
            sizeof(((struct nacelle_vcpu_state *)0)->member), (x) \
    }
#define RIGHTS(segment, x) SET(segments[NACELLE_##segment].rights, x)
#define IF_SET             SET(rflags, X86_RFLAGS_FIXED | X86_RFLAGS_IF)

static const struct refusal refusals[] = {
#define ENGINE(name, mode, check, group, ...) \
    {name, mode, NACELLE_CHECK_##check, group, {__VA_ARGS__}, false, false},
#define PROCESSOR(name, mode, check, group, ...) \
    {name, mode, NACELLE_CHECK_##check, group, {__VA_ARGS__}, true, false},
#define PROCESSOR_V86(name, mode, check, group, ...) \
    {name, mode, NACELLE_CHECK_##check, group, {__VA_ARGS__}, true, true},
#include "refusals.def"
};

/* Virtual-8086 mode as it must be, for one thing to be changed. */
static void set_virtual_8086(void)
{
    for (unsigned i = NACELLE_ES; i <= NACELLE_GS; i++) {
        volatile struct nacelle_segment *segment = &rig_state->segments[i];

        segment->rights = 0xf3;
        segment->limit = 0xffff;
        segment->selector = (uint16_t)(segment->base >> 4);
    }
    rig_state->rflags = X86_RFLAGS_FIXED | X86_RFLAGS_VM;
}

/* STORE takes all groups or none, and says what it does not take. */
static void check_store(const struct refusal *refusal)
{
    struct nacelle_message message = {.words = {rig_state->dirty}};

    verdict_equal("STORE", NACELLE_ERROR_INVALID_STATE,
                  nacelle_invoke(rig_vcpu, NACELLE_VCPU_STORE, 1, &message));
    verdict_equal("STORE: group", refusal->group, message.words[1]);
    verdict_equal("STORE: check", refusal->check, message.words[2]);
}

static void refuse(const struct refusal *refusal)
{
    static const uint8_t nop[] = {0x90};
    const struct nacelle_exit expected = {
        .kind = NACELLE_EXIT_ENTRY_REFUSED,
        .number = refusal->check,
        .detail = refusal->group,
        .flags = refusal->by_processor ? NACELLE_EXIT_ENTRY_FAILED : 0,
        .raw_reason = refusal->by_processor
                          ? VMX_EXIT_ENTRY_FAILURE | VMX_EXIT_REASON_ENTRY_FAILURE_GUEST_STATE
                          : 0,
    };
    struct nacelle_exit found;

    verdict_case(modes[refusal->mode].name, refusal->name);
    exits_begin(refusal->mode, nop, sizeof(nop), 0);
    if (refusal->virtual_8086)
        set_virtual_8086();
    for (unsigned i = 0; i < CHANGES; i++)
        memcpy((char *)(uintptr_t)rig_state + refusal->changes[i].offset,
               &refusal->changes[i].value, refusal->changes[i].size);
    if (refusal->group == NACELLE_GROUP_FPU)
        rig_state->dirty |= NACELLE_GROUP_FPU;
    if (!refusal->by_processor)
        check_store(refusal);
    verdict_equal("exit in time", 1, rig_run(0));
    found = *(const struct nacelle_exit *)(uintptr_t)&rig_state->exit;
    found.flags &= ~NACELLE_EXIT_EVENT_PENDING;
    verdict_exit(&expected, &found);

    exits_begin(refusal->mode, nop, sizeof(nop), 0);
    if (refusal->group == NACELLE_GROUP_FPU) {
        rig_fetch(NACELLE_GROUP_FPU);
        rig_state->dirty |= NACELLE_GROUP_FPU;
    }
    events_expect_end(0, sizeof(nop));
}

void refusals_run(void)
{
    nacelle_print("refusals\n");
    for (unsigned i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        refuse(&refusals[i]);
}
