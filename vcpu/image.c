/* SPDX-License-Identifier: BSD-2-Clause */
/* Private copies of the state page, and the checks on single values. */

#include "image.h"

#include <nacelle/check.h>
#include <x86/control.h>
#include <x86/event.h>
#include <x86/paging.h>

#include "events.h"

/* --- Reading --- */

static void read_segments(struct vcpu_image *image, const volatile struct nacelle_vcpu_state *state)
{
    for (unsigned i = 0; i < NACELLE_SEGMENTS; i++) {
        image->segments[i].selector = state->segments[i].selector;
        image->segments[i].reserved = state->segments[i].reserved;
        image->segments[i].rights = state->segments[i].rights;
        image->segments[i].base = state->segments[i].base;
        image->segments[i].limit = state->segments[i].limit;
        image->segments[i].reserved2 = state->segments[i].reserved2;
    }
}

static void read_control(struct vcpu_image *image, const volatile struct nacelle_vcpu_state *state)
{
    image->control.cr0 = state->cr0;
    image->control.cr2 = state->cr2;
    image->control.cr3 = state->cr3;
    image->control.cr4 = state->cr4;
    image->control.cr0_shadow = state->cr0_shadow;
    image->control.cr4_shadow = state->cr4_shadow;
    image->control.efer = state->efer;
    image->control.xcr0 = state->xcr0;
    image->control.xss = state->xss;
    for (unsigned i = 0; i < 4; i++)
        image->control.pdpte[i] = state->pdpte[i];
}

static void read_tables(struct vcpu_image *image, const volatile struct nacelle_vcpu_state *state)
{
    image->gdtr.base = state->gdtr.base;
    image->gdtr.limit = state->gdtr.limit;
    image->idtr.base = state->idtr.base;
    image->idtr.limit = state->idtr.limit;
}

static void read_system_call(struct vcpu_image *image,
                             const volatile struct nacelle_vcpu_state *state)
{
    image->system_call.star = state->star;
    image->system_call.lstar = state->lstar;
    image->system_call.cstar = state->cstar;
    image->system_call.fmask = state->fmask;
    image->system_call.kernel_gs_base = state->kernel_gs_base;
    image->system_call.sysenter_cs = state->sysenter_cs;
    image->system_call.sysenter_esp = state->sysenter_esp;
    image->system_call.sysenter_eip = state->sysenter_eip;
    image->system_call.tsc_aux = state->tsc_aux;
    image->system_call.pat = state->pat;
}

static void read_events(struct vcpu_image *image, const volatile struct nacelle_vcpu_state *state)
{
    image->events.blocking = state->blocking;
    image->events.activity = state->activity;
    image->events.pending_debug = state->pending_debug;
    image->events.interrupt = state->interrupt;
    image->events.nmi = state->nmi;
    image->events.exception = state->exception;
    image->events.exception_error = state->exception_error;
    image->events.exception_length = state->exception_length;
    image->events.vectoring = state->vectoring;
    image->events.vectoring_error = state->vectoring_error;
    image->events.vectoring_length = state->vectoring_length;
    image->events.windows = state->windows;
    image->events.deferred = state->deferred;
}

static void read_debug(struct vcpu_image *image, const volatile struct nacelle_vcpu_state *state)
{
    for (unsigned i = 0; i < 4; i++)
        image->debug.dr[i] = state->dr[i];
    image->debug.dr6 = state->dr6;
    image->debug.dr7 = state->dr7;
    image->debug.debugctl = state->debugctl;
}

static void read_fpu(struct vcpu_image *image, const volatile struct nacelle_vcpu_state *state)
{
    for (unsigned i = 0; i < VCPU_IMAGE_XSAVE_HEADER_SIZE; i++)
        image->fpu.header[i] = state->fpu[VCPU_IMAGE_XSAVE_HEADER + i];
    image->fpu.mxcsr = 0;
    for (unsigned i = 0; i < 4; i++)
        image->fpu.mxcsr |= (uint32_t)state->fpu[VCPU_IMAGE_MXCSR + i] << (8 * i);
}

void vcpu_image_read(struct vcpu_image *image, const volatile struct nacelle_vcpu_state *state,
                     uint32_t groups)
{
    if ((groups & NACELLE_GROUP_IP) != 0) {
        image->ip.rip = state->rip;
        image->ip.rflags = state->rflags;
    }
    if ((groups & NACELLE_GROUP_RSP) != 0)
        image->rsp = state->rsp;
    if ((groups & NACELLE_GROUP_SEGMENTS) != 0)
        read_segments(image, state);
    if ((groups & NACELLE_GROUP_CONTROL) != 0)
        read_control(image, state);
    if ((groups & NACELLE_GROUP_TABLES) != 0)
        read_tables(image, state);
    if ((groups & NACELLE_GROUP_SYSTEM_CALL) != 0)
        read_system_call(image, state);
    if ((groups & NACELLE_GROUP_EVENTS) != 0)
        read_events(image, state);
    if ((groups & NACELLE_GROUP_DEBUG) != 0)
        read_debug(image, state);
    if ((groups & NACELLE_GROUP_FPU) != 0)
        read_fpu(image, state);
}

/* --- Checks --- */

#define LINEAR_BITS           48u
#define RIGHTS_RESERVED       0xfffe0f00u /* 31:17 and 11:8 */
#define PENDING_DEBUG_ENABLED X86_BIT(12) /* a breakpoint that DR7 enables was met */
#define PENDING_DEBUG_ALLOWED \
    (X86_DR6_B0 | X86_DR6_B1 | X86_DR6_B2 | X86_DR6_B3 | PENDING_DEBUG_ENABLED | X86_DR6_BS)
#define BLOCKING_ALLOWED (NACELLE_BLOCKING_STI | NACELLE_BLOCKING_MOV_SS | NACELLE_BLOCKING_NMI)
#define PDPTE_RESERVED   UINT64_C(0x1e6) /* 8:5, 2:1; the address width on top */
#define MXCSR_ALLOWED    0xffffu
#define UPPER_32         UINT64_C(0xffffffff00000000)

static bool canonical(uint64_t address)
{
    return x86_canonical(address, LINEAR_BITS);
}

/* A value with a bit at or above the physical-address width. */
static bool beyond(uint64_t value, uint32_t physical_bits)
{
    return (value >> physical_bits) != 0;
}

uint32_t vcpu_image_check_ip(const struct vcpu_image *image)
{
    if ((image->ip.rflags & X86_RFLAGS_RESERVED) != 0 || (image->ip.rflags & X86_RFLAGS_FIXED) == 0)
        return NACELLE_CHECK_RFLAGS;
    return 0;
}

static uint32_t check_segments(const struct vcpu_image *image)
{
    for (unsigned i = 0; i < NACELLE_SEGMENTS; i++) {
        const struct nacelle_segment *segment = &image->segments[i];
        bool below_4g = i <= NACELLE_DS;

        if ((segment->rights & RIGHTS_RESERVED) != 0)
            return NACELLE_CHECK_SEGMENT_RESERVED;
        if (segment->reserved != 0 || segment->reserved2 != 0)
            return NACELLE_CHECK_RESERVED;
        /* The base of an unusable CS, SS, DS or ES counts as well (26.3.1.2). */
        if (below_4g ? (segment->base & UPPER_32) != 0 : !canonical(segment->base))
            return NACELLE_CHECK_SEGMENT_BASE;
    }
    return 0;
}

static uint32_t check_pdptes(const struct vcpu_image *image, const struct vcpu_limits *limits)
{
    /* Used with PAE paging only, where not present entries may hold anything. */
    if (x86_paging_mode(image->control.cr0, image->control.cr4, image->control.efer) !=
        X86_PAGING_PAE)
        return 0;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t pdpte = image->control.pdpte[i];

        if ((pdpte & X86_PTE_PRESENT) != 0 &&
            ((pdpte & PDPTE_RESERVED) != 0 || beyond(pdpte, limits->physical_bits)))
            return NACELLE_CHECK_PDPTE;
    }
    return 0;
}

static uint32_t check_control(const struct vcpu_image *image, const struct vcpu_limits *limits)
{
    uint64_t cr0 = image->control.cr0;
    uint64_t cr4 = image->control.cr4;
    uint64_t efer = image->control.efer;

    if ((cr0 & UPPER_32) != 0 || ((cr0 & X86_CR0_PG) != 0 && (cr0 & X86_CR0_PE) == 0) ||
        ((cr0 & X86_CR0_NW) != 0 && (cr0 & X86_CR0_CD) == 0))
        return NACELLE_CHECK_CR0;
    if ((cr4 & ~(limits->cr4_allowed | limits->cr4_shadowed)) != 0)
        return NACELLE_CHECK_CR4;
    if (beyond(image->control.cr3, limits->physical_bits))
        return NACELLE_CHECK_CR3;
    if ((efer & ~limits->efer_allowed) != 0)
        return NACELLE_CHECK_EFER;
    /* LMA itself is the engine's: LME with PG. */
    if ((efer & X86_EFER_LME) != 0 && (cr0 & X86_CR0_PG) != 0 && (cr4 & X86_CR4_PAE) == 0)
        return NACELLE_CHECK_LONG_MODE_PAGING;
    if ((cr4 & X86_CR4_PCIDE) != 0 && !((efer & X86_EFER_LME) != 0 && (cr0 & X86_CR0_PG) != 0))
        return NACELLE_CHECK_PCIDE;
    if (!x86_xcr0_valid(image->control.xcr0, limits->xcr0_supported))
        return NACELLE_CHECK_XCR0;
    if (image->control.xss != 0)
        return NACELLE_CHECK_XSS;
    return check_pdptes(image, limits);
}

static uint32_t check_tables(const struct vcpu_image *image)
{
    if (!canonical(image->gdtr.base) || !canonical(image->idtr.base))
        return NACELLE_CHECK_TABLE_BASE;
    return 0;
}

static uint32_t check_system_call(const struct vcpu_image *image, const struct vcpu_limits *limits)
{
    if (!canonical(image->system_call.lstar) || !canonical(image->system_call.cstar) ||
        !canonical(image->system_call.kernel_gs_base))
        return NACELLE_CHECK_SYSTEM_CALL_ADDRESS;
    if ((image->system_call.fmask & UPPER_32) != 0)
        return NACELLE_CHECK_FMASK;
    if (!canonical(image->system_call.sysenter_esp) ||
        !canonical(image->system_call.sysenter_eip) ||
        (image->system_call.sysenter_cs & UPPER_32) != 0)
        return NACELLE_CHECK_SYSENTER;
    if ((image->system_call.tsc_aux & UPPER_32) != 0 ||
        (image->system_call.tsc_aux != 0 && !limits->tsc_aux))
        return NACELLE_CHECK_TSC_AUX;
    if (!x86_pat_valid(image->system_call.pat))
        return NACELLE_CHECK_PAT;
    return 0;
}

/* One pending event: 0, or valid and of one of the types (bit mask). */
static uint32_t check_event(uint32_t event, uint32_t error, uint32_t length, uint32_t types)
{
    uint32_t type = (event & NACELLE_EVENT_TYPE_MASK) >> 8;

    if ((event & NACELLE_EVENT_VALID) == 0)
        return event == 0 ? 0 : NACELLE_CHECK_EVENT_TYPE;
    if ((types >> type & 1u) == 0)
        return NACELLE_CHECK_EVENT_TYPE;
    /* A missing error code is 0, so no vector needs one here. */
    if (vcpu_event_valid(event, error, length, 0))
        return 0;
    if (x86_event_is_soft((uint8_t)type) && (length == 0 || length > 15))
        return NACELLE_CHECK_EVENT_LENGTH;
    if ((event & NACELLE_EVENT_ERROR_CODE) != 0)
        return NACELLE_CHECK_EVENT_ERROR_CODE;
    return NACELLE_CHECK_EVENT_VECTOR;
}

#define TYPE_INTERRUPT (1u << X86_EVENT_EXTERNAL)
#define TYPE_NMI       (1u << X86_EVENT_NMI)
#define TYPES_SYNCHRONOUS                                                      \
    (1u << X86_EVENT_HARDWARE_EXCEPTION | 1u << X86_EVENT_SOFTWARE_INTERRUPT | \
     1u << X86_EVENT_PRIVILEGED_SOFTWARE_EXCEPTION | 1u << X86_EVENT_SOFTWARE_EXCEPTION)

static uint32_t check_pending(const struct vcpu_image *image)
{
    const struct {
        uint32_t event, error, length, types;
    } slots[] = {
        {image->events.interrupt, 0, 0, TYPE_INTERRUPT},
        {image->events.deferred, 0, 0, TYPE_INTERRUPT},
        {image->events.nmi, 0, 0, TYPE_NMI},
        {image->events.exception, image->events.exception_error, image->events.exception_length,
         TYPES_SYNCHRONOUS},
        {image->events.vectoring, image->events.vectoring_error, image->events.vectoring_length,
         TYPES_SYNCHRONOUS | TYPE_INTERRUPT | TYPE_NMI},
    };

    for (unsigned i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        uint32_t check =
            check_event(slots[i].event, slots[i].error, slots[i].length, slots[i].types);

        if (check != 0)
            return check;
    }
    return 0;
}

static uint32_t check_events(const struct vcpu_image *image, const struct vcpu_limits *limits)
{
    const uint32_t shadows = NACELLE_BLOCKING_STI | NACELLE_BLOCKING_MOV_SS;

    if ((image->events.blocking & NACELLE_BLOCKING_SMI) != 0)
        return NACELLE_CHECK_BLOCKING_SMI;
    if ((image->events.blocking & ~BLOCKING_ALLOWED) != 0)
        return NACELLE_CHECK_BLOCKING_RESERVED;
    if ((image->events.blocking & shadows) == shadows)
        return NACELLE_CHECK_BLOCKING_BOTH;
    if (image->events.activity > NACELLE_ACTIVITY_WAIT_FOR_SIPI ||
        (limits->activities >> image->events.activity & 1u) == 0)
        return NACELLE_CHECK_ACTIVITY;
    if (image->events.activity != NACELLE_ACTIVITY_ACTIVE &&
        (image->events.blocking & shadows) != 0)
        return NACELLE_CHECK_ACTIVITY_BLOCKING;
    if ((image->events.pending_debug & ~PENDING_DEBUG_ALLOWED) != 0)
        return NACELLE_CHECK_PENDING_DEBUG;
    if ((image->events.windows & ~(NACELLE_WINDOW_INTERRUPT | NACELLE_WINDOW_NMI)) != 0)
        return NACELLE_CHECK_WINDOWS;
    return check_pending(image);
}

static uint32_t check_debug(const struct vcpu_image *image, const struct vcpu_limits *limits)
{
    if ((image->debug.dr7 & UPPER_32) != 0)
        return NACELLE_CHECK_DR7;
    if ((image->debug.dr6 & UPPER_32) != 0)
        return NACELLE_CHECK_DR6;
    if ((image->debug.debugctl & ~limits->debugctl_allowed) != 0)
        return NACELLE_CHECK_DEBUGCTL;
    return 0;
}

/* XRSTOR faults, in ring 0, on all that is refused here: SDM vol. 1, 13.8. */
static uint32_t check_fpu(const struct vcpu_image *image, const struct vcpu_limits *limits)
{
    uint64_t xstate_bv = 0;

    for (unsigned i = 0; i < 8; i++)
        xstate_bv |= (uint64_t)image->fpu.header[i] << (8 * i);
    if ((image->fpu.mxcsr & ~MXCSR_ALLOWED) != 0)
        return NACELLE_CHECK_MXCSR;
    if ((xstate_bv & ~limits->xcr0_supported) != 0)
        return NACELLE_CHECK_XSTATE;
    for (unsigned i = 8; i < VCPU_IMAGE_XSAVE_HEADER_SIZE; i++) {
        if (image->fpu.header[i] != 0)
            return NACELLE_CHECK_XSTATE;
    }
    return 0;
}

uint32_t vcpu_image_check(const struct vcpu_image *image, uint32_t group,
                          const struct vcpu_limits *limits)
{
    switch (group) {
    case NACELLE_GROUP_IP:
        return vcpu_image_check_ip(image);
    case NACELLE_GROUP_SEGMENTS:
        return check_segments(image);
    case NACELLE_GROUP_CONTROL:
        return check_control(image, limits);
    case NACELLE_GROUP_TABLES:
        return check_tables(image);
    case NACELLE_GROUP_SYSTEM_CALL:
        return check_system_call(image, limits);
    case NACELLE_GROUP_EVENTS:
        return check_events(image, limits);
    case NACELLE_GROUP_DEBUG:
        return check_debug(image, limits);
    case NACELLE_GROUP_FPU:
        return check_fpu(image, limits);
    default:
        return 0;
    }
}

uint32_t vcpu_check_group(uint32_t check)
{
    static const struct {
        uint8_t first, last;
        uint32_t group;
    } groups[] = {
        {NACELLE_CHECK_EVENT_TYPE, NACELLE_CHECK_EVENT_LENGTH, NACELLE_GROUP_EVENTS},
        {NACELLE_CHECK_CR0, NACELLE_CHECK_PCIDE, NACELLE_GROUP_CONTROL},
        {NACELLE_CHECK_DEBUGCTL, NACELLE_CHECK_DR7, NACELLE_GROUP_DEBUG},
        {NACELLE_CHECK_SYSENTER, NACELLE_CHECK_PAT, NACELLE_GROUP_SYSTEM_CALL},
        {NACELLE_CHECK_EFER, NACELLE_CHECK_EFER_LMA, NACELLE_GROUP_CONTROL},
        {NACELLE_CHECK_TR_SELECTOR, NACELLE_CHECK_LDTR_RIGHTS, NACELLE_GROUP_SEGMENTS},
        {NACELLE_CHECK_TABLE_BASE, NACELLE_CHECK_TABLE_BASE, NACELLE_GROUP_TABLES},
        {NACELLE_CHECK_RIP, NACELLE_CHECK_RFLAGS_IF, NACELLE_GROUP_IP},
        {NACELLE_CHECK_ACTIVITY, NACELLE_CHECK_PENDING_DEBUG_BS, NACELLE_GROUP_EVENTS},
        {NACELLE_CHECK_PDPTE, NACELLE_CHECK_PDPTE, NACELLE_GROUP_CONTROL},
    };

    for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (check >= groups[i].first && check <= groups[i].last)
            return groups[i].group;
    }
    return 0;
}
