/* SPDX-License-Identifier: BSD-2-Clause */
/* Each class of bad guest state is refused, by its name, and the vCPU can be used again. */
#include <harness/check.h>
#include <harness/memory.h>
#include <harness/vm.h>
#include <nacelle/check.h>
#include <runtime/string.h>
#include <stddef.h>

#include "guests.h"
#include "rows.h"

#define AT(member) offsetof(struct nacelle_vcpu_state, member)
#define SEGMENT(i, member)                           \
    (offsetof(struct nacelle_vcpu_state, segments) + \
     NACELLE_##i * sizeof(struct nacelle_segment) + offsetof(struct nacelle_segment, member))
#define NOT_CANONICAL 0x0000800000000000ull
#define FPU_MXCSR     24  /* SDM vol 1 table 10-2 */
#define FPU_XSTATE_BV 512 /* SDM vol 1 13.4.2 */

/* An unrestricted guest may have an SS and data segments of any privilege (26.3.1.2).
 *
 * A good state in which `size` bytes at `offset` have this value. */
static const struct {
    const char *what;
    uint32_t offset, size;
    uint64_t value;
    uint32_t group, check;
} states[] = {
#define STATE(what, offset, size, value, group, check)                          \
    {                                                                           \
        what, offset, size, value, NACELLE_GROUP_##group, NACELLE_CHECK_##check \
    }
    STATE("CR0: PG without PE", AT(cr0), 8, 0x80000030, CONTROL, CR0),
    STATE("CR0: NW without CD", AT(cr0), 8, 0x20000031, CONTROL, CR0),
    STATE("CR0: bit 32", AT(cr0), 8, 0x100000031, CONTROL, CR0),
    STATE("CR3: bit 63", AT(cr3), 8, 1ull << 63, CONTROL, CR3),
    STATE("CR3: bit 52", AT(cr3), 8, 1ull << 52, CONTROL, CR3),
    STATE("CR4: bit 31", AT(cr4), 8, 1ull << 31, CONTROL, CR4),
    STATE("CR4: bit 63", AT(cr4), 8, 1ull << 63, CONTROL, CR4),
    STATE("EFER: bit 1", AT(efer), 8, 2, CONTROL, EFER),
    STATE("EFER: bit 63", AT(efer), 8, 1ull << 63, CONTROL, EFER),
    STATE("XCR0: without x87", AT(xcr0), 8, 2, CONTROL, XCR0),
    STATE("XCR0: bit 63", AT(xcr0), 8, 1ull << 63 | 1, CONTROL, XCR0),
    STATE("XCR0: AVX without SSE", AT(xcr0), 8, 5, CONTROL, XCR0),
    STATE("DR7: bit 32", AT(dr7), 8, 1ull << 32 | 0x400, DEBUG, DR7),
    STATE("DR6: bit 32", AT(dr6), 8, 1ull << 32 | 0xffff0ff0, DEBUG, DR6),
    STATE("DEBUGCTL: bit 63", AT(debugctl), 8, 1ull << 63, DEBUG, DEBUGCTL),
    STATE("SYSENTER_ESP", AT(sysenter_esp), 8, NOT_CANONICAL, SYSTEM_CALL, SYSENTER),
    STATE("SYSENTER_EIP", AT(sysenter_eip), 8, 1ull << 63, SYSTEM_CALL, SYSENTER),
    STATE("PAT: type 2", AT(pat), 8, 0x0007040600070402, SYSTEM_CALL, PAT),
    STATE("PAT: type 8", AT(pat), 8, 0x0807040600070406, SYSTEM_CALL, PAT),
    STATE("LSTAR", AT(lstar), 8, NOT_CANONICAL, SYSTEM_CALL, SYSTEM_CALL_ADDRESS),
    STATE("CSTAR", AT(cstar), 8, 1ull << 48, SYSTEM_CALL, SYSTEM_CALL_ADDRESS),
    STATE("KERNEL_GS_BASE", AT(kernel_gs_base), 8, 1ull << 63, SYSTEM_CALL, SYSTEM_CALL_ADDRESS),
    STATE("FMASK: bit 32", AT(fmask), 8, 1ull << 32, SYSTEM_CALL, FMASK),
    STATE("TSC_AUX: bit 32", AT(tsc_aux), 8, 1ull << 32, SYSTEM_CALL, TSC_AUX),
    STATE("TR: in the LDT", SEGMENT(TR, selector), 2, 4, SEGMENTS, TR_SELECTOR),
    STATE("TR: rights 0", SEGMENT(TR, rights), 4, 0, SEGMENTS, TR_RIGHTS),
    STATE("TR: unusable", SEGMENT(TR, rights), 4, 0x1008b, SEGMENTS, TR_RIGHTS),
    STATE("TR: not present", SEGMENT(TR, rights), 4, 0xb, SEGMENTS, TR_RIGHTS),
    STATE("LDTR: a data segment", SEGMENT(LDTR, rights), 4, 0x93, SEGMENTS, LDTR_RIGHTS),
    STATE("CS: data", SEGMENT(CS, rights), 4, 0xc091, SEGMENTS, CS_TYPE),
    STATE("CS: system", SEGMENT(CS, rights), 4, 0xc08b, SEGMENTS, SEGMENT_S),
    STATE("CS: not present", SEGMENT(CS, rights), 4, 0xc01b, SEGMENTS, SEGMENT_PRESENT),
    STATE("CS: reserved bit 8", SEGMENT(CS, rights), 4, 0xc19b, SEGMENTS, SEGMENT_RESERVED),
    STATE("CS: reserved bit 31", SEGMENT(CS, rights), 4, 0x8000c09b, SEGMENTS, SEGMENT_RESERVED),
    STATE("CS: G = 0 and 4 GiB", SEGMENT(CS, rights), 4, 0x409b, SEGMENTS, SEGMENT_GRANULARITY),
    STATE("CS: G = 1 and 64 KiB - 2", SEGMENT(CS, limit), 4, 0xfffe, SEGMENTS, SEGMENT_GRANULARITY),
    STATE("CS: DPL 3", SEGMENT(CS, rights), 4, 0xc0fb, SEGMENTS, CS_DPL),
    STATE("CS: base above 4 GiB", SEGMENT(CS, base), 8, 1ull << 32, SEGMENTS, SEGMENT_BASE),
    STATE("SS: read only", SEGMENT(SS, rights), 4, 0xc091, SEGMENTS, SS_TYPE),
    STATE("SS: code", SEGMENT(SS, rights), 4, 0xc09b, SEGMENTS, SS_TYPE),
    STATE("DS: execute only", SEGMENT(DS, rights), 4, 0xc099, SEGMENTS, DATA_TYPE),
    STATE("DS: not accessed", SEGMENT(DS, rights), 4, 0xc092, SEGMENTS, DATA_TYPE),
    STATE("ES: base above 4 GiB", SEGMENT(ES, base), 8, 1ull << 40, SEGMENTS, SEGMENT_BASE),
    STATE("FS: base", SEGMENT(FS, base), 8, NOT_CANONICAL, SEGMENTS, SEGMENT_BASE),
    STATE("GS: base", SEGMENT(GS, base), 8, 1ull << 63, SEGMENTS, SEGMENT_BASE),
    STATE("TR: base", SEGMENT(TR, base), 8, 1ull << 63, SEGMENTS, SEGMENT_BASE),
    STATE("GDTR: base", AT(gdtr.base), 8, NOT_CANONICAL, TABLES, TABLE_BASE),
    STATE("IDTR: base", AT(idtr.base), 8, 1ull << 63, TABLES, TABLE_BASE),
    STATE("RIP: above 4 GiB", AT(rip), 8, 1ull << 32, IP, RIP),
    STATE("RIP: not canonical", AT(rip), 8, NOT_CANONICAL, IP, RIP),
    STATE("RFLAGS: bit 1 clear", AT(rflags), 8, 0, IP, RFLAGS),
    STATE("RFLAGS: bit 3", AT(rflags), 8, 0xa, IP, RFLAGS),
    STATE("RFLAGS: bit 63", AT(rflags), 8, 1ull << 63 | 2, IP, RFLAGS),
    STATE("activity 4", AT(activity), 4, 4, EVENTS, ACTIVITY),
    STATE("activity 2^31", AT(activity), 4, 1u << 31, EVENTS, ACTIVITY),
    STATE("blocking: bit 5", AT(blocking), 4, 1 << 5, EVENTS, BLOCKING_RESERVED),
    STATE("blocking: bit 31", AT(blocking), 4, 1u << 31, EVENTS, BLOCKING_RESERVED),
    STATE("blocking by STI without IF", AT(blocking), 4, 1, EVENTS, BLOCKING_STI),
    STATE("blocking by SMI", AT(blocking), 4, NACELLE_BLOCKING_SMI, EVENTS, BLOCKING_SMI),
    STATE("pending debug: bit 63", AT(pending_debug), 8, 1ull << 63, EVENTS, PENDING_DEBUG),
    STATE("pending debug: bit 4", AT(pending_debug), 8, 1 << 4, EVENTS, PENDING_DEBUG),
    STATE("windows: bit 2", AT(windows), 4, 1 << 2, EVENTS, WINDOWS),
    STATE("exception slot: an interrupt", AT(exception), 4, 0x80000020, EVENTS, EVENT_TYPE),
    STATE("exception slot: vector 32", AT(exception), 4, 0x80000320, EVENTS, EVENT_VECTOR),
    STATE("exception slot: #DE with error code", AT(exception), 4, 0x80000b00, EVENTS,
          EVENT_ERROR_CODE),
    STATE("exception slot: INT3 of length 0", AT(exception), 4, 0x80000603, EVENTS, EVENT_LENGTH),
    STATE("interrupt slot: an NMI", AT(interrupt), 4, 0x80000202, EVENTS, EVENT_TYPE),
    STATE("NMI slot: vector 3", AT(nmi), 4, 0x80000203, EVENTS, EVENT_VECTOR),
    STATE("vectoring slot: reserved type", AT(vectoring), 4, 0x80000120, EVENTS, EVENT_TYPE),
    STATE("MXCSR: bit 31", AT(fpu) + FPU_MXCSR, 4, 0x80001f80, FPU, MXCSR),
    STATE("XSTATE_BV: bit 63", AT(fpu) + FPU_XSTATE_BV, 8, 1ull << 63, FPU, XSTATE),
    STATE("XCOMP_BV: compacted", AT(fpu) + FPU_XSTATE_BV + 8, 8, 1ull << 63, FPU, XSTATE),
#undef STATE
};

static struct guest guest;

/* The vCPU in a good state, all groups in the page. */
static void start(void)
{
    check_error("reset", NACELLE_ERROR_OK, guest_reset(&guest));
    check_error("fetch", NACELLE_ERROR_OK, nacelle_vcpu_fetch(guest.vcpu, NACELLE_GROUPS_ALL));
}

static void spoil(unsigned i)
{
    memcpy((uint8_t *)guest.state + states[i].offset, &states[i].value, states[i].size);
}

/* Through NACELLE_VCPU_STORE: refused there, or at the entry. */
static bool store_refuses(unsigned i)
{
    struct nacelle_message message = {.words = {states[i].group}};
    enum nacelle_error error = nacelle_invoke(guest.vcpu, NACELLE_VCPU_STORE, 1, &message);

    if (error == NACELLE_ERROR_OK)
        return false;
    check_error(states[i].what, NACELLE_ERROR_INVALID_STATE, error);
    check_number("store: group", states[i].group, message.words[1]);
    check_number("store: check", states[i].check, message.words[2]);
    return true;
}

/*
 * AMD's processors check less of a guest's state than Intel's (APM vol. 2 15.5.1), and the engine
 * leaves it to them: there a guest may also run.
 */
static void entry_refuses(unsigned i, bool dirty)
{
    struct nacelle_message message = {0};
    uint32_t kind;

    if (dirty)
        guest.state->dirty = states[i].group;
    check_error("resume", NACELLE_ERROR_OK, nacelle_vcpu_resume(guest.vcpu));
    kind = guest_receive(guest.endpoint, &message);
    if (nacelle_by_syscall && kind != NACELLE_EXIT_ENTRY_REFUSED)
        return;
    check_number(states[i].what, NACELLE_EXIT_ENTRY_REFUSED, kind);
    check_number("entry: check", states[i].check, guest.state->exit.number);
    check_number("entry: group", states[i].group, guest.state->exit.detail);
}

static void test_state(unsigned i)
{
    struct nacelle_message message = {0};
    uint64_t failed = checks_failed;

    start();
    spoil(i);
    if (!store_refuses(i))
        entry_refuses(i, false);
    start();
    spoil(i);
    entry_refuses(i, true);
    /* It goes on from a good state. */
    check_error("reset", NACELLE_ERROR_OK, guest_reset(&guest));
    check_error("resume", NACELLE_ERROR_OK, nacelle_vcpu_resume(guest.vcpu));
    check_number("goes on", NACELLE_EXIT_CPUID, guest_receive(guest.endpoint, &message));
    if (checks_failed != failed)
        print("... with %s\n", states[i].what);
}

void test_states(void)
{
    guest = guest_make(0, GUEST_CODE_OF(guest_cpuid), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    for (unsigned i = 0; i < sizeof(states) / sizeof(*states); i++)
        test_state(i);
}
