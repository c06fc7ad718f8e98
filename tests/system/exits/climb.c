/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest changes its processor mode itself: control registers, EFER.LMA and the mode that the
 * server reports follow, with nothing but WRMSR to EFER left to the client. SDM vol. 3, 9.8.5. */
#include "climb.h"

#include "cases.h"
#include "events.h"
#include "rig.h"
#include "verdict.h"

#include <runtime/client.h>
#include <runtime/string.h>
#include <x86/descriptor.h>
#include <x86/msr.h>
#include <x86/paging.h>

#define CR0_MODE  (X86_CR0_PE | X86_CR0_PG)
#define EFER_MODE (X86_EFER_LME | X86_EFER_LMA)
#define LARGE     (X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_PAGE)

static const struct {
    const char *name;
    uint64_t cr0, cr4, efer, cr3;
    uint32_t code; /* L and D of CS */
} stages[CLIMB_STAGES] = {
    [CLIMB_REAL] = {"real", 0, 0, 0, 0, 0},
    [CLIMB_PROTECTED] = {"protected", X86_CR0_PE, 0, 0, 0, X86_AR_DB},
    [CLIMB_PAGED] = {"32-bit paged", CR0_MODE, 0, 0, CLIMB_TABLES_32, X86_AR_DB},
    [CLIMB_PAE] = {"PAE", CR0_MODE, X86_CR4_PAE, 0, CLIMB_TABLES_PAE, X86_AR_DB},
    [CLIMB_LME] = {"LME without paging", X86_CR0_PE, X86_CR4_PAE, X86_EFER_LME, CLIMB_TABLES_LONG,
                   X86_AR_DB},
    [CLIMB_COMPATIBILITY] = {"compatibility", CR0_MODE, X86_CR4_PAE, EFER_MODE, CLIMB_TABLES_LONG,
                             X86_AR_DB},
    [CLIMB_LONG] = {"long", CR0_MODE, X86_CR4_PAE, EFER_MODE, CLIMB_TABLES_LONG, X86_AR_L},
    [CLIMB_LEFT] = {"long mode left", X86_CR0_PE, X86_CR4_PAE, 0, CLIMB_TABLES_LONG, X86_AR_DB},
};

static const uint8_t way[] = {
    CLIMB_REAL, CLIMB_PROTECTED,     CLIMB_PAGED, CLIMB_PAE,  CLIMB_LME,       CLIMB_COMPATIBILITY,
    CLIMB_LONG, CLIMB_COMPATIBILITY, CLIMB_LME,   CLIMB_LEFT, CLIMB_PROTECTED, CLIMB_REAL,
};

static void fill_tables(void)
{
    uint64_t *pae = rig_ram(CLIMB_TABLES_PAE), *directory = rig_ram(CLIMB_DIRECTORY);
    uint64_t *pml4 = rig_ram(CLIMB_TABLES_LONG), *pointers = rig_ram(CLIMB_POINTERS);
    uint32_t *small = rig_ram(CLIMB_TABLES_32);

    memset(small, 0, CLIMB_POINTERS + 0x1000 - CLIMB_TABLES_32);
    small[0] = (uint32_t)LARGE;
    pae[0] = CLIMB_DIRECTORY | X86_PTE_PRESENT;
    pae[2] = (CLIMB_DIRECTORY + 0x1000) | X86_PTE_PRESENT;
    directory[0] = LARGE;
    pml4[0] = CLIMB_POINTERS | X86_PTE_PRESENT | X86_PTE_WRITE;
    pointers[0] = CLIMB_DIRECTORY | X86_PTE_PRESENT | X86_PTE_WRITE;
}

static void check_stage(unsigned stage)
{
    rig_fetch(NACELLE_GROUP_CONTROL | NACELLE_GROUP_SEGMENTS);
    verdict_case("climb", stages[stage].name);
    verdict_equal("stage", stage, rig_state->exit.number);
    verdict_equal("cr0", stages[stage].cr0, rig_state->cr0 & CR0_MODE);
    verdict_equal("cr4", stages[stage].cr4, rig_state->cr4 & (X86_CR4_PAE | X86_CR4_VMXE));
    verdict_equal("efer", stages[stage].efer, rig_state->efer);
    verdict_equal("L and D of CS", stages[stage].code,
                  rig_state->segments[NACELLE_CS].rights & (X86_AR_L | X86_AR_DB));
    if (stages[stage].cr3 != 0)
        verdict_equal("cr3", stages[stage].cr3, rig_state->cr3);
    if (stage == CLIMB_PAE) {
        verdict_equal("PDPTE 0", CLIMB_DIRECTORY | X86_PTE_PRESENT, rig_state->pdpte[0]);
        verdict_equal("PDPTE 1", 0, rig_state->pdpte[1]);
        verdict_equal("PDPTE 2", (CLIMB_DIRECTORY + 0x1000) | X86_PTE_PRESENT, rig_state->pdpte[2]);
    }
}

/* The client's part: EFER is not the guest's to write. */
static void write_efer(void)
{
    verdict_equal("kind", NACELLE_EXIT_MSR, rig_state->exit.kind);
    verdict_equal("MSR", X86_MSR_EFER, rig_state->exit.number);
    rig_fetch(NACELLE_GROUP_CONTROL);
    rig_state->efer = rig_state->exit.value;
    rig_state->dirty = NACELLE_GROUP_CONTROL;
}

void climb_run(void)
{
    const unsigned size = (unsigned)((uintptr_t)climb_end - (uintptr_t)climb_begin);
    uint32_t flags = 0;

    nacelle_print("climb\n");
    verdict_case("climb", "start");
    exits_begin(REAL, climb_begin, size, 0);
    fill_tables();
    for (unsigned i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
        if (!verdict_equal("exit in time", 1, rig_run(flags)))
            return;
        flags = NACELLE_RESUME_ADVANCE;
        if (rig_state->exit.kind == NACELLE_EXIT_MSR) {
            write_efer();
            verdict_equal("exit in time", 1, rig_run(flags));
        }
        if (!verdict_equal("kind", NACELLE_EXIT_HYPERCALL, rig_state->exit.kind))
            return;
        check_stage(way[i]);
    }
    events_expect(flags, NACELLE_EXIT_HLT, RIG_CODE + size - 1);
}
