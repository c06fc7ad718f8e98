/* SPDX-License-Identifier: BSD-2-Clause */
/* The checks of an entry, one bad value at a time: SDM vol. 3, 26.2.1.3 and 26.3.1. */

#include "test.h"

#include "vmx/check.h"

static struct vmx_entry_state s;

static void real_mode(void)
{
    s = (struct vmx_entry_state){
        .cr0 = 0x30,
        .cr4 = 0x2000,
        .dr7 = 0x400,
        .pat = 0x0007040600070406,
        .rip = 0xfff0,
        .rflags = 2,
        .link_pointer = ~UINT64_C(0),
        .cr0_fixed0 = 0x20,
        .cr0_fixed1 = 0xffffffff,
        .cr4_fixed0 = 0x2000,
        .cr4_fixed1 = 0x1727ff,
        .physical_bits = 40,
        .activities = 15,
    };
    for (unsigned i = 0; i < NACELLE_SEGMENTS; i++)
        s.segments[i] = (struct nacelle_segment){.limit = 0xffff, .rights = 0x93};
    s.segments[NACELLE_CS].rights = 0x9b;
    s.segments[NACELLE_CS].base = 0xffff0000;
    s.segments[NACELLE_LDTR].rights = 0x82;
    s.segments[NACELLE_TR].rights = 0x8b;
}

static void long_mode(void)
{
    real_mode();
    s.cr0 = 0x80000031;
    s.cr4 = 0x2020;
    s.efer = 0x500;
    s.ia32e = true;
    s.segments[NACELLE_CS].rights = 0xa09b;
    s.segments[NACELLE_CS].base = 0;
    s.segments[NACELLE_CS].limit = 0xffffffff;
}

#define REFUSED(base, statement, name)                               \
    do {                                                             \
        base();                                                      \
        statement;                                                   \
        assert_int_equal(vmx_check_guest(&s), NACELLE_CHECK_##name); \
    } while (0)
#define ACCEPTED(base, statement)                 \
    do {                                          \
        base();                                   \
        statement;                                \
        assert_int_equal(vmx_check_guest(&s), 0); \
    } while (0)
#define SEG(name) s.segments[NACELLE_##name]

static void registers(void **state)
{
    (void)state;
    ACCEPTED(real_mode, );
    ACCEPTED(long_mode, );
    REFUSED(real_mode, s.cr0 = 0x10, CR0);       /* NE is fixed */
    REFUSED(real_mode, s.cr0 = 0x80000030, CR0); /* PG without PE */
    REFUSED(real_mode, s.cr0 = 0x20000030, CR0); /* NW without CD */
    REFUSED(real_mode, s.cr0 |= UINT64_C(1) << 32, CR0);
    REFUSED(real_mode, s.cr4 = 0, CR4);
    REFUSED(real_mode, s.cr4 |= 1 << 23, CR4);
    REFUSED(real_mode, s.debugctl = 0x10000, DEBUGCTL);
    REFUSED(long_mode, s.cr4 = 0x2000, LONG_MODE_PAGING);
    REFUSED(long_mode, s.cr0 = 0x31, LONG_MODE_PAGING);
    REFUSED(real_mode, s.cr4 |= 0x20000, PCIDE);
    REFUSED(real_mode, s.cr3 = UINT64_C(1) << 40, CR3);
    REFUSED(real_mode, s.dr7 = UINT64_C(1) << 32, DR7);
    REFUSED(real_mode, s.sysenter_esp = UINT64_C(1) << 50, SYSENTER);
    REFUSED(real_mode, s.pat = 3, PAT);
    REFUSED(real_mode, s.efer = 0x1000, EFER);
    REFUSED(real_mode, s.efer = 0x400, EFER_LMA);
    REFUSED(long_mode, s.efer = 0x100, EFER_LMA);
    REFUSED(long_mode, s.ia32e = false, EFER_LMA);
    ACCEPTED(real_mode, s.efer = 0x100); /* LME without PG */
}

static void segments(void **state)
{
    (void)state;
    REFUSED(real_mode, SEG(TR).selector = 4, TR_SELECTOR);
    REFUSED(real_mode, SEG(LDTR).selector = 4, LDTR_SELECTOR);
    REFUSED(real_mode, SEG(CS).base = UINT64_C(1) << 32, SEGMENT_BASE);
    REFUSED(real_mode, SEG(DS).base = UINT64_C(1) << 32, SEGMENT_BASE);
    REFUSED(real_mode, SEG(GS).base = UINT64_C(1) << 47, SEGMENT_BASE);
    REFUSED(real_mode, SEG(TR).base = UINT64_C(1) << 47, SEGMENT_BASE);
    REFUSED(real_mode, SEG(CS).rights = 0x9a, CS_TYPE); /* not accessed */
    REFUSED(real_mode, SEG(CS).rights = 0x91, CS_TYPE);
    ACCEPTED(real_mode, SEG(CS).rights = 0x93); /* unrestricted guest */
    REFUSED(real_mode, SEG(CS).rights = 0xfb, CS_DPL);
    REFUSED(real_mode, SEG(CS).rights = 0xf3, CS_DPL);
    REFUSED(real_mode, SEG(SS).rights = 0x91, SS_TYPE);
    REFUSED(real_mode, (SEG(SS).rights = 0xf3, SEG(CS).rights = 0xfb), SS_DPL);
    REFUSED(real_mode, SEG(DS).rights = 0x92, DATA_TYPE);
    REFUSED(real_mode, SEG(ES).rights = 0x99, DATA_TYPE); /* execute only */
    ACCEPTED(real_mode, SEG(DS).rights = 0x10000);        /* unusable */
}

static void rights_of_segments(void **state)
{
    (void)state;
    REFUSED(real_mode, SEG(CS).rights = 0x8b, SEGMENT_S);
    REFUSED(real_mode, SEG(FS).rights = 0x13, SEGMENT_PRESENT);
    REFUSED(real_mode, SEG(FS).rights = 0x193, SEGMENT_RESERVED);
    REFUSED(real_mode, SEG(DS).limit = 0xfffff0, SEGMENT_GRANULARITY);
    REFUSED(real_mode, (SEG(DS).limit = 0xffff0, SEG(DS).rights |= 0x8000), SEGMENT_GRANULARITY);
    REFUSED(long_mode, SEG(CS).rights = 0xe09b, CS_DB);
    REFUSED(real_mode, SEG(TR).rights = 0x89, TR_RIGHTS); /* available, not busy */
    REFUSED(real_mode, SEG(TR).rights = 0x1008b, TR_RIGHTS);
    ACCEPTED(real_mode, SEG(TR).rights = 0x83);
    REFUSED(long_mode, SEG(TR).rights = 0x83, TR_RIGHTS);
    REFUSED(real_mode, SEG(LDTR).rights = 0x02, LDTR_RIGHTS);
    REFUSED(real_mode, SEG(LDTR).rights = 0x8b, LDTR_RIGHTS);
    ACCEPTED(real_mode, SEG(LDTR).rights = 0x10000);
}

static void virtual_8086(void)
{
    real_mode();
    s.cr0 = 0x31;
    s.rflags = 0x20002;
    for (unsigned i = NACELLE_ES; i <= NACELLE_GS; i++)
        s.segments[i] = (struct nacelle_segment){
            .selector = 0x100, .base = 0x1000, .limit = 0xffff, .rights = 0xf3};
}

static void virtual_8086_mode(void **state)
{
    (void)state;
    ACCEPTED(virtual_8086, );
    REFUSED(virtual_8086, SEG(DS).base = 0x1010, SEGMENT_BASE);
    REFUSED(virtual_8086, SEG(SS).limit = 0xffffffff, V86_LIMIT);
    REFUSED(virtual_8086, SEG(CS).rights = 0x9b, V86_RIGHTS);
    REFUSED(virtual_8086, s.cr0 = 0x30, RFLAGS_VM);
}

static void ip(void **state)
{
    (void)state;
    REFUSED(real_mode, s.gdtr_base = UINT64_C(1) << 47, TABLE_BASE);
    REFUSED(real_mode, s.rip = UINT64_C(1) << 32, RIP);
    ACCEPTED(long_mode, s.rip = 0xffffffff81000000);
    ACCEPTED(long_mode, s.rip = 0x0000800000000000); /* bits 63:48 are alike */
    REFUSED(long_mode, s.rip = 0x0001000000000000, RIP);
    REFUSED(long_mode, (SEG(CS).rights = 0xc09b, s.rip = UINT64_C(1) << 32), RIP);
    REFUSED(real_mode, s.rflags = 0, RFLAGS);
    REFUSED(real_mode, s.rflags = 0x8002, RFLAGS);
    REFUSED(real_mode, s.event = 0x80000030, RFLAGS_IF);
    ACCEPTED(real_mode, (s.event = 0x80000030, s.rflags = 0x202));
}

static void non_register_state(void **state)
{
    (void)state;
    REFUSED(real_mode, s.activity = 4, ACTIVITY);
    REFUSED(real_mode, (s.activities = 1, s.activity = 1), ACTIVITY);
    REFUSED(long_mode, (SEG(SS).rights = 0xf3, SEG(CS).rights = 0xa0fb, s.activity = 1),
            ACTIVITY_DPL);
    REFUSED(real_mode, (s.activity = 1, s.blocking = 1, s.rflags = 0x202), ACTIVITY_BLOCKING);
    REFUSED(real_mode, (s.activity = 1, s.event = 0x80000306), ACTIVITY_EVENT);
    ACCEPTED(real_mode, (s.activity = 1, s.event = 0x80000301));
    REFUSED(real_mode, (s.activity = 2, s.event = 0x80000301), ACTIVITY_EVENT);
    REFUSED(real_mode, (s.activity = 3, s.event = 0x80000202), ACTIVITY_EVENT);
    REFUSED(real_mode, s.blocking = 0x20, BLOCKING_RESERVED);
    REFUSED(real_mode, (s.blocking = 3, s.rflags = 0x202), BLOCKING_BOTH);
    REFUSED(real_mode, s.blocking = 1, BLOCKING_STI);
    REFUSED(real_mode, (s.blocking = 2, s.event = 0x80000030, s.rflags = 0x202),
            BLOCKING_INTERRUPT);
    REFUSED(real_mode, (s.blocking = 2, s.event = 0x80000202), BLOCKING_NMI);
    REFUSED(real_mode, (s.blocking = 8, s.event = 0x80000202), BLOCKING_NMI);
    REFUSED(real_mode, s.blocking = 4, BLOCKING_SMI);
    REFUSED(real_mode, s.pending_debug = 0x10, PENDING_DEBUG);
    REFUSED(real_mode, (s.blocking = 2, s.rflags = 0x102), PENDING_DEBUG_BS);
    REFUSED(real_mode, (s.blocking = 2, s.pending_debug = 0x4000), PENDING_DEBUG_BS);
    ACCEPTED(real_mode, (s.blocking = 2, s.rflags = 0x102, s.pending_debug = 0x4000));
    ACCEPTED(real_mode, (s.blocking = 2, s.rflags = 0x102, s.debugctl = 2));
    REFUSED(real_mode, s.link_pointer = 0, LINK_POINTER);
}

static void pae(void)
{
    real_mode();
    s.cr0 = 0x80000031;
    s.cr4 = 0x2020;
}

static void pdptes(void **state)
{
    (void)state;
    ACCEPTED(pae, s.pdpte[1] = 0x1e6); /* not present */
    ACCEPTED(pae, s.pdpte[1] = 0x1001);
    REFUSED(pae, s.pdpte[3] = 0x21, PDPTE);
    REFUSED(pae, s.pdpte[0] = (UINT64_C(1) << 40) | 1, PDPTE);
    ACCEPTED(long_mode, s.pdpte[0] = 0x21);
}

static void injected_events(void **state)
{
    static const struct {
        uint32_t event, error, length, check;
    } cases[] = {
        {0, 0, 0, 0},
        {0x80000030, 0, 0, 0},
        {0x80000100, 0, 0, NACELLE_CHECK_EVENT_TYPE},
        {0x80000203, 0, 0, NACELLE_CHECK_EVENT_VECTOR},
        {0x80000320, 0, 0, NACELLE_CHECK_EVENT_VECTOR},
        {0x8000030d, 0, 0, NACELLE_CHECK_EVENT_ERROR_CODE},
        {0x80000b0d, 0x10000, 0, NACELLE_CHECK_EVENT_ERROR_CODE},
        {0x80000b0d, 0, 0, 0},
        {0x80000421, 0, 0, NACELLE_CHECK_EVENT_LENGTH},
        {0x80000421, 0, 16, NACELLE_CHECK_EVENT_LENGTH},
        {0x80000421, 0, 2, 0},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(cases); i++) {
        long_mode();
        s.event = cases[i].event;
        s.event_error = cases[i].error;
        s.event_length = cases[i].length;
        assert_int_equal(vmx_check_controls(&s), cases[i].check);
    }
    real_mode();
    s.event = 0x80000b0d;
    assert_int_equal(vmx_check_controls(&s), NACELLE_CHECK_EVENT_ERROR_CODE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(registers),
    cmocka_unit_test(segments),
    cmocka_unit_test(rights_of_segments),
    cmocka_unit_test(virtual_8086_mode),
    cmocka_unit_test(ip),
    cmocka_unit_test(non_register_state),
    cmocka_unit_test(pdptes),
    cmocka_unit_test(injected_events),
};

TEST_MAIN(tests)
