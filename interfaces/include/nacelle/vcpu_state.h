/* SPDX-License-Identifier: BSD-2-Clause */
/* The vCPU state page: what a client and the engine share of a vCPU. */
#ifndef NACELLE_VCPU_STATE_H
#define NACELLE_VCPU_STATE_H

/*
 * Groups of state, one bit each. The general registers are no group: while the vCPU is stopped they
 * are always valid, and taken as they stand at the next entry.
 *
 * valid: the groups that the engine has brought into the page since the last exit: IP at the exit
 *        itself, others by NACELLE_VCPU_FETCH. It has no meaning while the vCPU runs.
 * dirty: the client sets it for the groups that it changed; the engine reads it once when the vCPU
 *        is resumed, takes these groups over, each checked, and clears it.
 */
#define NACELLE_GROUP_IP          (1u << 0)
#define NACELLE_GROUP_SEGMENTS    (1u << 1)
#define NACELLE_GROUP_CONTROL     (1u << 2)
#define NACELLE_GROUP_TABLES      (1u << 3)
#define NACELLE_GROUP_SYSTEM_CALL (1u << 4)
#define NACELLE_GROUP_EVENTS      (1u << 5)
#define NACELLE_GROUP_DEBUG       (1u << 6)
#define NACELLE_GROUP_FPU         (1u << 7)
#define NACELLE_GROUP_RSP         (1u << 8)
#define NACELLE_GROUPS_ALL        0x1ffu
#define NACELLE_GROUPS            9

/* Index of a segment register in nacelle_vcpu_state.segments: the architecture's encoding. */
enum nacelle_segment_index {
    NACELLE_ES,
    NACELLE_CS,
    NACELLE_SS,
    NACELLE_DS,
    NACELLE_FS,
    NACELLE_GS,
    NACELLE_LDTR,
    NACELLE_TR,
    NACELLE_SEGMENTS
};

/* nacelle_vcpu_state.blocking: what holds events back (SDM vol 3 24.4.2). */
#define NACELLE_BLOCKING_STI    (1u << 0)
#define NACELLE_BLOCKING_MOV_SS (1u << 1)
#define NACELLE_BLOCKING_SMI    (1u << 2)
#define NACELLE_BLOCKING_NMI    (1u << 3)

/* nacelle_vcpu_state.activity (SDM vol 3 24.4.2). */
#define NACELLE_ACTIVITY_ACTIVE        0
#define NACELLE_ACTIVITY_HLT           1
#define NACELLE_ACTIVITY_SHUTDOWN      2
#define NACELLE_ACTIVITY_WAIT_FOR_SIPI 3

/* nacelle_vcpu_state.windows: exits that the client asks for, each reported once. */
#define NACELLE_WINDOW_INTERRUPT (1u << 0)
#define NACELLE_WINDOW_NMI       (1u << 1)

#define NACELLE_STATE_PAGE_SIZE  4096
#define NACELLE_STATE_GENERAL    0x80 /* offset of general, for assembly */
#define NACELLE_STATE_FPU_SIZE   3072

#ifndef __ASSEMBLER__

#include <nacelle/exit.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A segment register. rights are the bits of the descriptor as VMX keeps them (SDM vol 3 24.4.1):
 * 3-0 type, 4 S, 6-5 DPL, 7 P, 12 AVL, 13 L, 14 D/B, 15 G, 16 unusable.
 */
struct nacelle_segment {
    uint16_t selector;
    uint16_t reserved; /* 0 */
    uint32_t rights;
    uint64_t base;
    uint32_t limit; /* in bytes, granularity applied */
    uint32_t reserved2;
};

struct nacelle_table {
    uint64_t base;
    uint16_t limit;
    uint16_t reserved[3];
};

/*
 * The state page. A client may write to any of it at any time; what makes no sense is refused when
 * the engine takes it over, and never harms anyone but the vCPU itself.
 */
struct nacelle_vcpu_state {
    struct nacelle_exit exit; /* 0x000 */
    uint64_t general[16];     /* 0x080: index order; [4] is unused, see rsp */
    uint32_t valid;           /* 0x100: NACELLE_GROUP_* */
    uint32_t dirty;           /* 0x104 */
    uint64_t reserved0;       /* 0x108 */

    /* NACELLE_GROUP_IP */
    uint64_t rip; /* 0x110 */
    uint64_t rsp; /* NACELLE_GROUP_RSP, which no exit needs */
    uint64_t rflags;
    uint64_t reserved1;

    /* NACELLE_GROUP_SEGMENTS */
    struct nacelle_segment segments[NACELLE_SEGMENTS]; /* 0x130 */

    /* NACELLE_GROUP_CONTROL. cr0 and cr4 are what the processor runs with; what the guest reads of
     * bits that the client owns (NACELLE_CONTROL_CR0_MASK) comes from the shadow. */
    uint64_t cr0; /* 0x1f0 */
    uint64_t cr2;
    uint64_t cr3;
    uint64_t cr4;
    uint64_t cr0_shadow;
    uint64_t cr4_shadow;
    uint64_t efer; /* LMA is computed by the engine: LME and CR0.PG */
    uint64_t xcr0;
    uint64_t xss;
    uint64_t pdpte[4]; /* PAE paging only */

    /* NACELLE_GROUP_TABLES */
    struct nacelle_table gdtr; /* 0x258 */
    struct nacelle_table idtr;

    /* NACELLE_GROUP_SYSTEM_CALL */
    uint64_t star; /* 0x278 */
    uint64_t lstar;
    uint64_t cstar;
    uint64_t fmask;
    uint64_t kernel_gs_base;
    uint64_t sysenter_cs;
    uint64_t sysenter_esp;
    uint64_t sysenter_eip;
    uint64_t tsc_aux;
    uint64_t pat;

    /* NACELLE_GROUP_EVENTS. The pending events can be read and written here as a whole, to save and
     * restore a vCPU; NACELLE_VCPU_INJECT and CANCEL change one. 0: none (bit 31 is clear). */
    uint32_t blocking;         /* 0x2c8: NACELLE_BLOCKING_* */
    uint32_t activity;         /* NACELLE_ACTIVITY_* */
    uint64_t pending_debug;    /* pending debug exceptions, in the layout of DR6 */
    uint32_t interrupt;        /* external interrupt, delivered when the guest can take it */
    uint32_t nmi;              /* NMI, delivered when not blocked */
    uint32_t exception;        /* exception or software event, delivered at the next entry */
    uint32_t exception_error;  /* its error code */
    uint32_t exception_length; /* instruction length of a software event */
    uint32_t vectoring;        /* interrupted delivery, repeated before all others */
    uint32_t vectoring_error;
    uint32_t vectoring_length;
    uint32_t windows;  /* NACELLE_WINDOW_* */
    uint32_t deferred; /* external interrupt that an exception overtook; delivered after it */

    /* NACELLE_GROUP_DEBUG */
    uint64_t dr[4]; /* 0x300 */
    uint64_t dr6;
    uint64_t dr7;
    uint64_t debugctl;

    uint8_t reserved3[0x400 - 0x338];

    /* NACELLE_GROUP_FPU: the standard form of the XSAVE area (SDM vol 1 13.4). XSTATE_BV may have
     * the bits that XCR0 has, XCOMP_BV is 0; MXCSR without reserved bits. */
    uint8_t fpu[NACELLE_STATE_FPU_SIZE]; /* 0x400 */
};

_Static_assert(sizeof(struct nacelle_segment) == 24, "layout of the state page");
_Static_assert(offsetof(struct nacelle_vcpu_state, general) == NACELLE_STATE_GENERAL, "layout");
_Static_assert(offsetof(struct nacelle_vcpu_state, valid) == 0x100, "layout of the state page");
_Static_assert(offsetof(struct nacelle_vcpu_state, rip) == 0x110, "layout of the state page");
_Static_assert(offsetof(struct nacelle_vcpu_state, segments) == 0x130, "layout of the state page");
_Static_assert(offsetof(struct nacelle_vcpu_state, cr0) == 0x1f0, "layout of the state page");
_Static_assert(offsetof(struct nacelle_vcpu_state, gdtr) == 0x258, "layout of the state page");
_Static_assert(offsetof(struct nacelle_vcpu_state, star) == 0x278, "layout of the state page");
_Static_assert(offsetof(struct nacelle_vcpu_state, blocking) == 0x2c8, "layout of the state page");
_Static_assert(offsetof(struct nacelle_vcpu_state, dr) == 0x300, "layout of the state page");
_Static_assert(offsetof(struct nacelle_vcpu_state, fpu) == 0x400, "layout of the state page");
_Static_assert(sizeof(struct nacelle_vcpu_state) == NACELLE_STATE_PAGE_SIZE, "one page");

#endif
#endif
