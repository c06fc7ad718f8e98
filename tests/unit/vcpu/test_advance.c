/* SPDX-License-Identifier: BSD-2-Clause */

#include "test.h"

#include <nacelle/vcpu_state.h>

#include "advance.h"

#define TF  0x100u
#define RF  0x10000u
#define BTF 2u
#define BS  0x4000u

static void rip(void **state)
{
    static const struct {
        uint64_t from;
        bool long_64;
        uint32_t length;
        uint64_t to;
    } cases[] = {
        {0x1000, false, 2, 0x1002},         {0x1000, false, 0, 0x1000},
        {0xfffe, false, 2, 0x10000}, /* 16-bit code: the limit of CS is what faults then */
        {0xfffffffe, false, 2, 0},          {0xffffffff, false, 15, 14},
        {0xfffffffe, true, 2, 0x100000000}, {0x7ffffffffffe, true, 2, 0x800000000000},
        {0xffffffffffffffff, true, 1, 0},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct vcpu_progress progress = {.rip = cases[i].from, .long_64 = cases[i].long_64};

        vcpu_advance(&progress, cases[i].length);
        assert_int_equal(progress.rip, cases[i].to);
    }
}

static void shadow(void **state)
{
    struct vcpu_progress progress = {.blocking = NACELLE_BLOCKING_STI | NACELLE_BLOCKING_NMI};

    (void)state;
    vcpu_advance(&progress, 1);
    assert_int_equal(progress.blocking, NACELLE_BLOCKING_NMI);
    progress.blocking = NACELLE_BLOCKING_MOV_SS | NACELLE_BLOCKING_SMI;
    vcpu_advance(&progress, 1);
    assert_int_equal(progress.blocking, NACELLE_BLOCKING_SMI);
    assert_int_equal(progress.pending_debug, 0);
}

static void single_step(void **state)
{
    struct vcpu_progress progress = {.rflags = TF | 2, .pending_debug = 1};

    (void)state;
    vcpu_advance(&progress, 1);
    assert_int_equal(progress.pending_debug, BS | 1);
    assert_int_equal(progress.rflags, TF | 2);
    progress = (struct vcpu_progress){.rflags = TF | 2, .debugctl = BTF};
    vcpu_advance(&progress, 1);
    assert_int_equal(progress.pending_debug, 0); /* steps on branches only */
}

static void resume_flag(void **state)
{
    struct vcpu_progress progress = {.rflags = RF | 0x202};

    (void)state;
    vcpu_advance(&progress, 3);
    assert_int_equal(progress.rflags, 0x202);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rip),
    cmocka_unit_test(shadow),
    cmocka_unit_test(single_step),
    cmocka_unit_test(resume_flag),
};

TEST_MAIN(tests)
