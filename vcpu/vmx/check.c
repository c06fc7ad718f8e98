/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of an entry: Intel SDM vol. 3, 26.2.1.3 and 26.3.1, in that order. */

#include "check.h"

#include <x86/control.h>
#include <x86/descriptor.h>
#include <x86/event.h>
#include <x86/paging.h>

#define UPPER_32            UINT64_C(0xffffffff00000000)
#define RIGHTS_RESERVED     0xfffe0f00u
#define V86_RIGHTS          0xf3u
#define V86_LIMIT           0xffffu
#define DEBUGCTL_KNOWN      UINT64_C(0xffc3)
#define PDPTE_RESERVED      UINT64_C(0x1e6)
#define PENDING_DEBUG_KNOWN UINT64_C(0x1500f)
#define EFER_KNOWN          (X86_EFER_SCE | X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE)

/* Types of segments. */
#define TYPE_ACCESSED   1u
#define TYPE_WRITABLE   2u /* of data; readable, of code */
#define TYPE_CONFORMING 4u
#define TYPE_CODE       8u

static bool canonical(const struct vmx_entry_state *state, uint64_t address)
{
    return x86_canonical(address, x86_linear_bits(state->cr4));
}

/* --- The injected event --- */

uint32_t vmx_check_controls(const struct vmx_entry_state *state)
{
    struct x86_event event = x86_event_unpack(state->event, state->event_error);
    uint32_t flags = X86_EVENT_CHECK_NO_CET;

    if ((state->cr0 & X86_CR0_PE) == 0)
        flags |= X86_EVENT_CHECK_REAL_MODE;
    if (state->any_error_code)
        flags |= X86_EVENT_CHECK_ANY_ERROR_CODE;
    if (state->length_0)
        flags |= X86_EVENT_CHECK_LENGTH_0;
    switch (x86_event_check(&event, state->event_length, flags)) {
    case X86_EVENT_OK:
        return 0;
    case X86_EVENT_BAD_TYPE:
        return NACELLE_CHECK_EVENT_TYPE;
    case X86_EVENT_BAD_VECTOR:
        return NACELLE_CHECK_EVENT_VECTOR;
    case X86_EVENT_BAD_LENGTH:
        return NACELLE_CHECK_EVENT_LENGTH;
    default:
        return NACELLE_CHECK_EVENT_ERROR_CODE;
    }
}

/* --- 26.3.1.1: control registers, debug registers, MSRs --- */

static bool cr_refused(uint64_t value, uint64_t fixed0, uint64_t fixed1)
{
    return (value & fixed0) != fixed0 || (value & ~fixed1) != 0;
}

static uint32_t check_registers(const struct vmx_entry_state *state)
{
    bool paging = (state->cr0 & X86_CR0_PG) != 0;
    bool lma = (state->efer & X86_EFER_LMA) != 0;
    bool lme = (state->efer & X86_EFER_LME) != 0;

    if (cr_refused(state->cr0, state->cr0_fixed0, state->cr0_fixed1) ||
        (paging && (state->cr0 & X86_CR0_PE) == 0) ||
        ((state->cr0 & X86_CR0_NW) != 0 && (state->cr0 & X86_CR0_CD) == 0))
        return NACELLE_CHECK_CR0;
    if (cr_refused(state->cr4, state->cr4_fixed0, state->cr4_fixed1))
        return NACELLE_CHECK_CR4;
    if ((state->debugctl & ~DEBUGCTL_KNOWN) != 0)
        return NACELLE_CHECK_DEBUGCTL;
    if (state->ia32e && (!paging || (state->cr4 & X86_CR4_PAE) == 0))
        return NACELLE_CHECK_LONG_MODE_PAGING;
    if (!state->ia32e && (state->cr4 & X86_CR4_PCIDE) != 0)
        return NACELLE_CHECK_PCIDE;
    if ((state->cr3 >> state->physical_bits) != 0)
        return NACELLE_CHECK_CR3;
    if ((state->dr7 & UPPER_32) != 0)
        return NACELLE_CHECK_DR7;
    if (!canonical(state, state->sysenter_esp) || !canonical(state, state->sysenter_eip))
        return NACELLE_CHECK_SYSENTER;
    if (!x86_pat_valid(state->pat))
        return NACELLE_CHECK_PAT;
    if ((state->efer & ~EFER_KNOWN) != 0)
        return NACELLE_CHECK_EFER;
    if (lma != state->ia32e || (paging && lma != lme))
        return NACELLE_CHECK_EFER_LMA;
    return 0;
}

/* --- 26.3.1.2: segment registers --- */

static bool usable(const struct nacelle_segment *segment)
{
    return (segment->rights & X86_AR_UNUSABLE) == 0;
}

static unsigned type_of(const struct nacelle_segment *segment)
{
    return segment->rights & X86_AR_TYPE_MASK;
}

static unsigned dpl_of(const struct nacelle_segment *segment)
{
    return (segment->rights & X86_AR_DPL_MASK) >> X86_AR_DPL_SHIFT;
}

static uint32_t check_virtual_8086(const struct vmx_entry_state *state)
{
    for (unsigned i = NACELLE_ES; i <= NACELLE_GS; i++) {
        const struct nacelle_segment *segment = &state->segments[i];

        if (segment->base != (uint64_t)segment->selector << 4)
            return NACELLE_CHECK_SEGMENT_BASE;
        if (segment->limit != V86_LIMIT)
            return NACELLE_CHECK_V86_LIMIT;
        if (segment->rights != V86_RIGHTS)
            return NACELLE_CHECK_V86_RIGHTS;
    }
    return 0;
}

/* G must be 1 when the limit has bits 31:20, and 0 when it lacks one of 11:0. */
static bool granularity_fits(const struct nacelle_segment *segment)
{
    bool granular = (segment->rights & X86_AR_G) != 0;

    if ((segment->limit & 0xfffu) != 0xfffu && granular)
        return false;
    return (segment->limit & 0xfff00000u) == 0 || granular;
}

static uint32_t check_cs(const struct vmx_entry_state *state)
{
    const struct nacelle_segment *cs = &state->segments[NACELLE_CS];
    const struct nacelle_segment *ss = &state->segments[NACELLE_SS];
    unsigned type = type_of(cs);

    /* Accessed code; or, with unrestricted guest, what real mode has. */
    if (type != (TYPE_WRITABLE | TYPE_ACCESSED) &&
        (type & (TYPE_CODE | TYPE_ACCESSED)) != (TYPE_CODE | TYPE_ACCESSED))
        return NACELLE_CHECK_CS_TYPE;
    if ((type & TYPE_CODE) == 0) {
        if (dpl_of(cs) != 0)
            return NACELLE_CHECK_CS_DPL;
    } else if ((type & TYPE_CONFORMING) != 0) {
        if (dpl_of(cs) > dpl_of(ss))
            return NACELLE_CHECK_CS_DPL;
    } else if (dpl_of(cs) != dpl_of(ss)) {
        return NACELLE_CHECK_CS_DPL;
    }
    if (state->ia32e && (cs->rights & X86_AR_L) != 0 && (cs->rights & X86_AR_DB) != 0)
        return NACELLE_CHECK_CS_DB;
    return 0;
}

static uint32_t check_ss(const struct vmx_entry_state *state)
{
    const struct nacelle_segment *cs = &state->segments[NACELLE_CS];
    const struct nacelle_segment *ss = &state->segments[NACELLE_SS];

    /* Unrestricted guest drops the demand that DPL be RPL; type 3 CS and real mode want DPL 0. */
    if (usable(ss) && type_of(ss) != (TYPE_WRITABLE | TYPE_ACCESSED) &&
        type_of(ss) != (TYPE_WRITABLE | TYPE_ACCESSED | 4u))
        return NACELLE_CHECK_SS_TYPE;
    if ((type_of(cs) == (TYPE_WRITABLE | TYPE_ACCESSED) || (state->cr0 & X86_CR0_PE) == 0) &&
        dpl_of(ss) != 0)
        return NACELLE_CHECK_SS_DPL;
    return 0;
}

static uint32_t check_data(const struct nacelle_segment *segment)
{
    unsigned type = type_of(segment);

    if (!usable(segment))
        return 0;
    if ((type & TYPE_ACCESSED) == 0 || ((type & TYPE_CODE) != 0 && (type & TYPE_WRITABLE) == 0))
        return NACELLE_CHECK_DATA_TYPE;
    return 0;
}

/* What all of CS, SS, DS, ES, FS and GS must have in common. */
static uint32_t check_common(const struct nacelle_segment *segment)
{
    if ((segment->rights & X86_AR_S) == 0)
        return NACELLE_CHECK_SEGMENT_S;
    if ((segment->rights & X86_AR_P) == 0)
        return NACELLE_CHECK_SEGMENT_PRESENT;
    if ((segment->rights & RIGHTS_RESERVED) != 0)
        return NACELLE_CHECK_SEGMENT_RESERVED;
    if (!granularity_fits(segment))
        return NACELLE_CHECK_SEGMENT_GRANULARITY;
    return 0;
}

static uint32_t check_code_and_data(const struct vmx_entry_state *state)
{
    uint32_t check = check_cs(state);

    if (check == 0)
        check = check_ss(state);
    for (unsigned i = NACELLE_ES; check == 0 && i <= NACELLE_GS; i++) {
        const struct nacelle_segment *segment = &state->segments[i];

        if (i != NACELLE_CS && i != NACELLE_SS)
            check = check_data(segment);
        if (check == 0 && (i == NACELLE_CS || usable(segment)))
            check = check_common(segment);
    }
    return check;
}

static uint32_t check_bases(const struct vmx_entry_state *state)
{
    for (unsigned i = NACELLE_ES; i < NACELLE_SEGMENTS; i++) {
        const struct nacelle_segment *segment = &state->segments[i];
        bool any = i == NACELLE_CS || i >= NACELLE_FS; /* usable or not */

        if (i == NACELLE_LDTR && !usable(segment))
            continue;
        if (i >= NACELLE_FS ? !canonical(state, segment->base)
                            : (any || usable(segment)) && (segment->base & UPPER_32) != 0)
            return NACELLE_CHECK_SEGMENT_BASE;
    }
    return 0;
}

static uint32_t check_system_segments(const struct vmx_entry_state *state)
{
    const struct nacelle_segment *tr = &state->segments[NACELLE_TR];
    const struct nacelle_segment *ldtr = &state->segments[NACELLE_LDTR];
    unsigned type = type_of(tr);
    bool busy = type == 11 || (type == 3 && !state->ia32e);

    if (!busy || (tr->rights & X86_AR_S) != 0 || (tr->rights & X86_AR_P) == 0 || !usable(tr))
        return NACELLE_CHECK_TR_RIGHTS;
    if ((tr->rights & (RIGHTS_RESERVED & ~X86_AR_UNUSABLE)) != 0)
        return NACELLE_CHECK_SEGMENT_RESERVED;
    if (!granularity_fits(tr))
        return NACELLE_CHECK_SEGMENT_GRANULARITY;
    if (!usable(ldtr))
        return 0;
    if (type_of(ldtr) != 2 || (ldtr->rights & X86_AR_S) != 0 || (ldtr->rights & X86_AR_P) == 0)
        return NACELLE_CHECK_LDTR_RIGHTS;
    if ((ldtr->rights & RIGHTS_RESERVED) != 0)
        return NACELLE_CHECK_SEGMENT_RESERVED;
    return granularity_fits(ldtr) ? 0 : NACELLE_CHECK_SEGMENT_GRANULARITY;
}

static uint32_t check_segments(const struct vmx_entry_state *state)
{
    const struct nacelle_segment *ldtr = &state->segments[NACELLE_LDTR];
    uint32_t check;

    if ((state->segments[NACELLE_TR].selector & X86_SELECTOR_LDT) != 0)
        return NACELLE_CHECK_TR_SELECTOR;
    if (usable(ldtr) && (ldtr->selector & X86_SELECTOR_LDT) != 0)
        return NACELLE_CHECK_LDTR_SELECTOR;
    /* SS.RPL is free under unrestricted guest. */
    if ((state->rflags & X86_RFLAGS_VM) != 0) {
        check = check_virtual_8086(state);
    } else {
        check = check_bases(state);
        if (check == 0)
            check = check_code_and_data(state);
    }
    return check != 0 ? check : check_system_segments(state);
}

/* --- 26.3.1.3 and 26.3.1.4 --- */

static uint32_t check_ip(const struct vmx_entry_state *state)
{
    bool long_64 = state->ia32e && (state->segments[NACELLE_CS].rights & X86_AR_L) != 0;
    unsigned linear = x86_linear_bits(state->cr4);
    uint64_t above = state->rip >> linear;

    if (!canonical(state, state->gdtr_base) || !canonical(state, state->idtr_base))
        return NACELLE_CHECK_TABLE_BASE;
    if (long_64 ? above != 0 && above != (~UINT64_C(0) >> linear) : (state->rip & UPPER_32) != 0)
        return NACELLE_CHECK_RIP;
    if ((state->rflags & X86_RFLAGS_RESERVED) != 0 || (state->rflags & X86_RFLAGS_FIXED) == 0)
        return NACELLE_CHECK_RFLAGS;
    if ((state->rflags & X86_RFLAGS_VM) != 0 && (state->ia32e || (state->cr0 & X86_CR0_PE) == 0))
        return NACELLE_CHECK_RFLAGS_VM;
    if ((state->rflags & X86_RFLAGS_IF) == 0 && (state->event & X86_EVENT_VALID) != 0 &&
        (state->event >> 8 & 7u) == X86_EVENT_EXTERNAL)
        return NACELLE_CHECK_RFLAGS_IF;
    return 0;
}

/* --- 26.3.1.5: activity, interruptibility, pending debug exceptions --- */

static bool activity_takes(const struct vmx_entry_state *state)
{
    unsigned type = state->event >> 8 & 7u;
    unsigned vector = state->event & 0xffu;

    if ((state->event & X86_EVENT_VALID) == 0 || state->activity == VMX_ACTIVITY_ACTIVE)
        return true;
    switch (state->activity) {
    case VMX_ACTIVITY_HLT:
        return type == X86_EVENT_EXTERNAL || type == X86_EVENT_NMI ||
               (type == X86_EVENT_HARDWARE_EXCEPTION &&
                (vector == X86_VECTOR_DB || vector == X86_VECTOR_MC)) ||
               (type == X86_EVENT_OTHER && vector == 0);
    case VMX_ACTIVITY_SHUTDOWN:
        return type == X86_EVENT_NMI ||
               (type == X86_EVENT_HARDWARE_EXCEPTION && vector == X86_VECTOR_MC);
    default:
        return false;
    }
}

static uint32_t check_activity(const struct vmx_entry_state *state)
{
    const uint32_t shadow = VMX_INTERRUPTIBILITY_STI | VMX_INTERRUPTIBILITY_MOV_SS;

    if (state->activity > VMX_ACTIVITY_WAIT_FOR_SIPI ||
        (state->activities >> state->activity & 1u) == 0)
        return NACELLE_CHECK_ACTIVITY;
    if (state->activity == VMX_ACTIVITY_HLT && dpl_of(&state->segments[NACELLE_SS]) != 0)
        return NACELLE_CHECK_ACTIVITY_DPL;
    if (state->activity != VMX_ACTIVITY_ACTIVE && (state->blocking & shadow) != 0)
        return NACELLE_CHECK_ACTIVITY_BLOCKING;
    return activity_takes(state) ? 0 : NACELLE_CHECK_ACTIVITY_EVENT;
}

static uint32_t check_blocking(const struct vmx_entry_state *state)
{
    const uint32_t shadow = VMX_INTERRUPTIBILITY_STI | VMX_INTERRUPTIBILITY_MOV_SS;
    bool event = (state->event & X86_EVENT_VALID) != 0;
    unsigned type = state->event >> 8 & 7u;

    if ((state->blocking & ~0x1fu) != 0)
        return NACELLE_CHECK_BLOCKING_RESERVED;
    if ((state->blocking & shadow) == shadow)
        return NACELLE_CHECK_BLOCKING_BOTH;
    if ((state->blocking & VMX_INTERRUPTIBILITY_STI) != 0 && (state->rflags & X86_RFLAGS_IF) == 0)
        return NACELLE_CHECK_BLOCKING_STI;
    if (event && type == X86_EVENT_EXTERNAL && (state->blocking & shadow) != 0)
        return NACELLE_CHECK_BLOCKING_INTERRUPT;
    if (event && type == X86_EVENT_NMI &&
        (state->blocking & (VMX_INTERRUPTIBILITY_MOV_SS | VMX_INTERRUPTIBILITY_NMI)) != 0)
        return NACELLE_CHECK_BLOCKING_NMI;
    if ((state->blocking & VMX_INTERRUPTIBILITY_SMI) != 0)
        return NACELLE_CHECK_BLOCKING_SMI;
    return 0;
}

static uint32_t check_pending_debug(const struct vmx_entry_state *state)
{
    const uint32_t shadow = VMX_INTERRUPTIBILITY_STI | VMX_INTERRUPTIBILITY_MOV_SS;
    bool stepping = (state->rflags & X86_RFLAGS_TF) != 0 &&
                    (state->debugctl & X86_DEBUGCTL_BTF) == 0;
    bool pending = (state->pending_debug & VMX_PENDING_DEBUG_BS) != 0;

    if ((state->pending_debug & ~PENDING_DEBUG_KNOWN) != 0)
        return NACELLE_CHECK_PENDING_DEBUG;
    if (((state->blocking & shadow) != 0 || state->activity == VMX_ACTIVITY_HLT) &&
        pending != stepping)
        return NACELLE_CHECK_PENDING_DEBUG_BS;
    return 0;
}

/* --- 26.3.1.6: PDPTEs --- */

static uint32_t check_pdptes(const struct vmx_entry_state *state)
{
    if (state->ia32e || (state->cr0 & X86_CR0_PG) == 0 || (state->cr4 & X86_CR4_PAE) == 0)
        return 0;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t pdpte = state->pdpte[i];

        if ((pdpte & X86_PTE_PRESENT) != 0 &&
            ((pdpte & PDPTE_RESERVED) != 0 || (pdpte >> state->physical_bits) != 0))
            return NACELLE_CHECK_PDPTE;
    }
    return 0;
}

uint32_t vmx_check_guest(const struct vmx_entry_state *state)
{
    static uint32_t (*const checks[])(const struct vmx_entry_state *) = {
        check_registers, check_segments,      check_ip,     check_activity,
        check_blocking,  check_pending_debug, check_pdptes,
    };

    for (unsigned i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        uint32_t check = checks[i](state);

        if (check != 0)
            return check;
    }
    return state->link_pointer == ~UINT64_C(0) ? 0 : NACELLE_CHECK_LINK_POINTER;
}
