/* SPDX-License-Identifier: BSD-2-Clause */
/* Values taken from the state page: each one that is refused, by its group and check. */

#include "test.h"

#include <string.h>

#include <nacelle/check.h>

#include "image.h"

static struct nacelle_vcpu_state page;
static struct vcpu_limits limits;

/* A page with the state after RESET, good in all groups. */
static void good(void)
{
    memset(&page, 0, sizeof(page));
    page.rflags = 2;
    page.cr0 = 0x60000010;
    page.xcr0 = 1;
    page.pat = 0x0007040600070406;
    page.fpu[24] = 0x80;
    page.fpu[25] = 0x1f;
    page.fpu[512] = 3;
    limits = (struct vcpu_limits){
        .cr4_allowed = 0x1707ff,
        .cr4_shadowed = 0x2040,
        .efer_allowed = 0xd01,
        .debugctl_allowed = 3,
        .xcr0_supported = 7,
        .physical_bits = 40,
        .tsc_aux = true,
        .activities = 15,
    };
}

static uint32_t check(uint32_t group)
{
    struct vcpu_image image;

    memset(&image, 0xa5, sizeof(image)); /* other groups do not matter */
    vcpu_image_read(&image, &page, group);
    return vcpu_image_check(&image, group, &limits);
}

#define REFUSED(group, statement, name)                                       \
    do {                                                                      \
        good();                                                               \
        statement;                                                            \
        assert_int_equal(check(NACELLE_GROUP_##group), NACELLE_CHECK_##name); \
    } while (0)
#define ACCEPTED(group, statement)                         \
    do {                                                   \
        good();                                            \
        statement;                                         \
        assert_int_equal(check(NACELLE_GROUP_##group), 0); \
    } while (0)

static void reset_state_is_good(void **state)
{
    (void)state;
    good();
    for (uint32_t group = 1; group <= NACELLE_GROUPS_ALL; group <<= 1)
        assert_int_equal(check(group), 0);
}

static void ip(void **state)
{
    (void)state;
    ACCEPTED(IP, page.rip = 0xffffffffffffffff); /* the mode decides, at the entry */
    ACCEPTED(IP, page.rflags = 0x3f7fd7);
    REFUSED(IP, page.rflags = 0, RFLAGS);
    REFUSED(IP, page.rflags = 2 | 8, RFLAGS);
    REFUSED(IP, page.rflags = 2 | 0x8000, RFLAGS);
    REFUSED(IP, page.rflags = 2 | UINT64_C(1) << 32, RFLAGS);
}

static void segments(void **state)
{
    (void)state;
    ACCEPTED(SEGMENTS, page.segments[NACELLE_GS].base = 0xffff800000000000);
    ACCEPTED(SEGMENTS, page.segments[NACELLE_CS].rights = 0x1f0ff);
    REFUSED(SEGMENTS, page.segments[NACELLE_CS].rights = 0x100, SEGMENT_RESERVED);
    REFUSED(SEGMENTS, page.segments[NACELLE_TR].rights = 0x20000, SEGMENT_RESERVED);
    REFUSED(SEGMENTS, page.segments[NACELLE_SS].base = UINT64_C(1) << 32, SEGMENT_BASE);
    REFUSED(SEGMENTS, page.segments[NACELLE_FS].base = UINT64_C(1) << 47, SEGMENT_BASE);
    REFUSED(SEGMENTS, page.segments[NACELLE_LDTR].base = UINT64_C(1) << 63, SEGMENT_BASE);
    REFUSED(SEGMENTS, page.segments[NACELLE_ES].reserved = 1, RESERVED);
    REFUSED(SEGMENTS, page.segments[NACELLE_DS].reserved2 = 1, RESERVED);
}

static void control(void **state)
{
    (void)state;
    ACCEPTED(CONTROL, page.cr0 = 0x80000011);
    ACCEPTED(CONTROL, page.cr4 = 0x2040); /* VMXE and MCE go into the shadow */
    ACCEPTED(CONTROL, page.cr2 = ~UINT64_C(0));
    ACCEPTED(CONTROL, page.xcr0 = 7);
    ACCEPTED(CONTROL, (page.efer = 0x500, page.cr0 = 0x80000011, page.cr4 = 0x20));
    ACCEPTED(CONTROL, (page.efer = 0x100, page.cr0 = 0x80000011, page.cr4 = 0x20020));
    REFUSED(CONTROL, page.cr0 |= UINT64_C(1) << 32, CR0);
    REFUSED(CONTROL, page.cr0 = 0x80000010, CR0); /* PG without PE */
    REFUSED(CONTROL, page.cr0 = 0x20000010, CR0); /* NW without CD */
    REFUSED(CONTROL, page.cr4 = 1 << 23, CR4);    /* CET */
    REFUSED(CONTROL, page.cr4 = 1 << 24, CR4);    /* PKS */
    REFUSED(CONTROL, page.cr4 = 1 << 14, CR4);    /* SMXE */
    REFUSED(CONTROL, page.cr4 = UINT64_C(1) << 63, CR4);
    REFUSED(CONTROL, page.cr3 = UINT64_C(1) << 40, CR3);
}

static void modes(void **state)
{
    (void)state;
    REFUSED(CONTROL, page.efer = 0x1000, EFER); /* SVME */
    REFUSED(CONTROL, (page.efer = 0x100, page.cr0 = 0x80000011), LONG_MODE_PAGING);
    REFUSED(CONTROL, page.cr4 = 0x20000, PCIDE);
    REFUSED(CONTROL, page.xcr0 = 0, XCR0);
    REFUSED(CONTROL, page.xcr0 = 5, XCR0);
    REFUSED(CONTROL, page.xcr0 = 0xe7, XCR0);
    REFUSED(CONTROL, page.xcr0 = ~UINT64_C(0), XCR0);
    REFUSED(CONTROL, page.xss = 0x100, XSS);
}

/* PDPTEs count under PAE paging alone. */
static void pdptes(void **state)
{
    (void)state;
    ACCEPTED(CONTROL, page.pdpte[0] = 0x1e7);
    REFUSED(CONTROL, (page.cr0 = 0x80000011, page.cr4 = 0x20, page.pdpte[3] = 0x3), PDPTE);
    REFUSED(CONTROL,
            (page.cr0 = 0x80000011, page.cr4 = 0x20, page.pdpte[0] = (UINT64_C(1) << 40) | 1),
            PDPTE);
    ACCEPTED(CONTROL, (page.cr0 = 0x80000011, page.cr4 = 0x20, page.pdpte[0] = 0x2));
}

static void tables(void **state)
{
    (void)state;
    ACCEPTED(TABLES, (page.gdtr.base = 0x7fffffffffff, page.gdtr.limit = 0xffff));
    REFUSED(TABLES, page.gdtr.base = UINT64_C(1) << 47, TABLE_BASE);
    REFUSED(TABLES, page.idtr.base = 0xff00000000000000, TABLE_BASE);
}

static void system_call(void **state)
{
    (void)state;
    ACCEPTED(SYSTEM_CALL, page.star = ~UINT64_C(0));
    ACCEPTED(SYSTEM_CALL, page.lstar = 0xffffffff81000000);
    REFUSED(SYSTEM_CALL, page.lstar = UINT64_C(1) << 47, SYSTEM_CALL_ADDRESS);
    REFUSED(SYSTEM_CALL, page.cstar = UINT64_C(1) << 62, SYSTEM_CALL_ADDRESS);
    REFUSED(SYSTEM_CALL, page.kernel_gs_base = UINT64_C(1) << 47, SYSTEM_CALL_ADDRESS);
    REFUSED(SYSTEM_CALL, page.fmask = UINT64_C(1) << 32, FMASK);
    REFUSED(SYSTEM_CALL, page.sysenter_esp = UINT64_C(1) << 47, SYSENTER);
    REFUSED(SYSTEM_CALL, page.sysenter_eip = UINT64_C(1) << 47, SYSENTER);
    REFUSED(SYSTEM_CALL, page.sysenter_cs = UINT64_C(1) << 32, SYSENTER);
    REFUSED(SYSTEM_CALL, page.tsc_aux = UINT64_C(1) << 32, TSC_AUX);
    REFUSED(SYSTEM_CALL, (limits.tsc_aux = false, page.tsc_aux = 1), TSC_AUX);
    REFUSED(SYSTEM_CALL, page.pat = 2, PAT);
    REFUSED(SYSTEM_CALL, page.pat = UINT64_C(0x80) << 56, PAT);
}

static void events(void **state)
{
    (void)state;
    ACCEPTED(EVENTS, (page.interrupt = 0x80000030, page.nmi = 0x80000202,
                      page.exception = 0x80000b0d, page.vectoring = 0x80000421,
                      page.vectoring_length = 2, page.blocking = 9, page.windows = 3));
    ACCEPTED(EVENTS, page.vectoring = 0x80000008);
    ACCEPTED(EVENTS, page.exception = 0x8000030d); /* error code 0 is meant */
    REFUSED(EVENTS, page.blocking = 3, BLOCKING_BOTH);
    REFUSED(EVENTS, page.blocking = 4, BLOCKING_SMI);
    REFUSED(EVENTS, page.blocking = 16, BLOCKING_RESERVED);
    REFUSED(EVENTS, page.activity = 4, ACTIVITY);
    REFUSED(EVENTS, page.activity = 0xffffffff, ACTIVITY);
    REFUSED(EVENTS, (limits.activities = 1, page.activity = 1), ACTIVITY);
    REFUSED(EVENTS, (page.activity = 1, page.blocking = 1), ACTIVITY_BLOCKING);
    REFUSED(EVENTS, page.pending_debug = 0x10, PENDING_DEBUG);
    REFUSED(EVENTS, page.windows = 4, WINDOWS);
}

static void pending_events(void **state)
{
    (void)state;
    REFUSED(EVENTS, page.interrupt = 0x30, EVENT_TYPE);       /* not valid and not 0 */
    REFUSED(EVENTS, page.interrupt = 0x80000202, EVENT_TYPE); /* an NMI in the wrong place */
    REFUSED(EVENTS, page.interrupt = 0x80000830, EVENT_ERROR_CODE);
    REFUSED(EVENTS, page.deferred = 0x80000330, EVENT_TYPE);
    REFUSED(EVENTS, page.nmi = 0x80000203, EVENT_VECTOR);
    REFUSED(EVENTS, page.exception = 0x80000030, EVENT_TYPE);
    REFUSED(EVENTS, page.exception = 0x80000320, EVENT_VECTOR);
    REFUSED(EVENTS, page.exception = 0x80000302, EVENT_VECTOR);
    REFUSED(EVENTS, page.exception = 0x80000b06, EVENT_ERROR_CODE);
    REFUSED(EVENTS, (page.exception = 0x80000b0d, page.exception_error = 0x10000),
            EVENT_ERROR_CODE);
    REFUSED(EVENTS, page.exception = 0x80000480, EVENT_LENGTH);
    REFUSED(EVENTS, (page.exception = 0x80000480, page.exception_length = 16), EVENT_LENGTH);
    REFUSED(EVENTS, page.vectoring = 0x80000100, EVENT_TYPE);
    REFUSED(EVENTS, page.vectoring = 0x80000700, EVENT_TYPE);
}

static void debug(void **state)
{
    (void)state;
    ACCEPTED(DEBUG, (page.dr[0] = ~UINT64_C(0), page.dr7 = 0xffffffff, page.debugctl = 3));
    REFUSED(DEBUG, page.dr7 = UINT64_C(1) << 32, DR7);
    REFUSED(DEBUG, page.dr6 = UINT64_C(1) << 32, DR6);
    REFUSED(DEBUG, page.debugctl = 0x40, DEBUGCTL); /* TR */
    REFUSED(DEBUG, page.debugctl = 0x80, DEBUGCTL); /* BTS */
}

static void fpu(void **state)
{
    (void)state;
    ACCEPTED(FPU, memset(page.fpu + 32, 0xff, 480));
    ACCEPTED(FPU, page.fpu[512] = 7);
    REFUSED(FPU, page.fpu[26] = 1, MXCSR);
    REFUSED(FPU, page.fpu[512] = 8, XSTATE);
    REFUSED(FPU, page.fpu[519] = 0x80, XSTATE);
    REFUSED(FPU, page.fpu[520] = 1, XSTATE); /* XCOMP_BV */
    REFUSED(FPU, page.fpu[527] = 0x80, XSTATE);
    REFUSED(FPU, page.fpu[575] = 1, XSTATE);
}

/* Random pages: an answer for every group, and never an index out of range. */
static void random_pages(void **state)
{
    uint64_t seed = 7;
    unsigned refused = 0;

    (void)state;
    good();
    for (unsigned i = 0; i < 2000; i++) {
        uint8_t *bytes = (uint8_t *)&page;

        for (unsigned j = 0; j < sizeof(page); j++)
            bytes[j] = (uint8_t)test_random(&seed);
        for (uint32_t group = 1; group <= NACELLE_GROUPS_ALL; group <<= 1)
            refused += check(group) != 0;
    }
    assert_true(refused > 2000);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reset_state_is_good),
    cmocka_unit_test(ip),
    cmocka_unit_test(segments),
    cmocka_unit_test(control),
    cmocka_unit_test(modes),
    cmocka_unit_test(pdptes),
    cmocka_unit_test(pending_events),
    cmocka_unit_test(tables),
    cmocka_unit_test(system_call),
    cmocka_unit_test(events),
    cmocka_unit_test(debug),
    cmocka_unit_test(fpu),
    cmocka_unit_test(random_pages),
};

TEST_MAIN(tests)
