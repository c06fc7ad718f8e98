/* SPDX-License-Identifier: BSD-2-Clause */
#include "mode.h"

#include "rig.h"
#include "tables.h"

#include <x86/control.h>
#include <x86/descriptor.h>
#include <x86/msr.h>

const struct mode_properties modes[MODES] = {
    [REAL] = {"real", 16, 2, false},
    [PROT16] = {"16-bit protected", 16, 2, false},
    [PROT32] = {"32-bit protected", 32, 4, false},
    [PAGED32] = {"32-bit paged", 32, 4, true},
    [PAE] = {"PAE", 32, 4, true},
    [COMPAT] = {"compatibility", 32, 8, true},
    [LONG] = {"long", 64, 8, true},
};

/* No two segments have the same base. FS and GS are the only ones that 64-bit mode does not ignore.
 * GS comes near RIG_READ_ONLY and what follows, for 16-bit offsets. */
static const uint32_t bases[NACELLE_SEGMENTS] = {
    [NACELLE_ES] = 0x20000, [NACELLE_CS] = 0,       [NACELLE_SS] = 0x30000,
    [NACELLE_DS] = 0x24000, [NACELLE_FS] = 0x28000, [NACELLE_GS] = 0x3f000,
};
static const uint16_t selectors[NACELLE_SEGMENTS] = {
    [NACELLE_ES] = SELECTOR_ES, [NACELLE_SS] = SELECTOR_SS, [NACELLE_DS] = SELECTOR_DS,
    [NACELLE_FS] = SELECTOR_FS, [NACELLE_GS] = SELECTOR_GS,
};

uint64_t mode_base(enum mode mode, unsigned segment)
{
    bool ignored = mode == LONG && segment != NACELLE_FS && segment != NACELLE_GS;

    return ignored ? 0 : bases[segment];
}

static void set_segments(enum mode mode, struct nacelle_vcpu_state *state)
{
    bool wide = modes[mode].bits >= 32;
    uint32_t data = wide ? X86_AR_DATA32 : X86_AR_REAL_DATA;

    for (unsigned i = NACELLE_ES; i <= NACELLE_GS; i++)
        state->segments[i] = (struct nacelle_segment){
            .selector = mode == REAL ? (uint16_t)(bases[i] >> 4) : selectors[i],
            .rights = data,
            .base = bases[i],
            .limit = wide ? 0xffffffff : 0xffff,
        };
    state->segments[NACELLE_CS].rights = mode == LONG ? X86_AR_CODE64
                                         : wide       ? X86_AR_CODE32
                                                      : X86_AR_REAL_CODE;
    if (mode != REAL)
        state->segments[NACELLE_CS].selector = mode == LONG ? SELECTOR_CODE64
                                               : wide       ? SELECTOR_CODE32
                                                            : SELECTOR_CODE16;
    state->segments[NACELLE_LDTR] = (struct nacelle_segment){.rights = X86_AR_UNUSABLE};
    state->segments[NACELLE_TR] = (struct nacelle_segment){
        .selector = SELECTOR_TSS, .rights = X86_AR_TSS_BUSY, .base = RIG_TSS, .limit = 0x67};
}

static void set_control(enum mode mode, struct nacelle_vcpu_state *state)
{
    state->cr0 = X86_CR0_ET | X86_CR0_NE;
    if (mode != REAL)
        state->cr0 |= X86_CR0_PE;
    if (modes[mode].paging)
        state->cr0 |= X86_CR0_PG | X86_CR0_WP;
    state->cr4 = mode >= PAE ? X86_CR4_PAE : 0;
    state->cr0_shadow = state->cr0;
    state->cr4_shadow = state->cr4;
    state->cr3 = modes[mode].paging ? RIG_TABLES : 0;
    state->efer = mode >= COMPAT ? X86_EFER_LME | X86_EFER_LMA : 0;
    tables_paging(mode, state->pdpte);
}

void mode_set(enum mode mode, struct nacelle_vcpu_state *state)
{
    *state = rig_reset;
    state->rip = RIG_CODE;
    state->rsp = mode_offset(mode, NACELLE_SS, RIG_STACK);
    state->rflags = X86_RFLAGS_FIXED;
    set_segments(mode, state);
    set_control(mode, state);
    state->gdtr = (struct nacelle_table){.base = RIG_GDT, .limit = GDT_LIMIT};
    state->idtr = (struct nacelle_table){.base = RIG_IDT, .limit = 0xfff};
    tables_descriptors(mode, bases);
    tables_handlers(mode);
}
