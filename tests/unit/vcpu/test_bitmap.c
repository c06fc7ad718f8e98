/* SPDX-License-Identifier: BSD-2-Clause */

#include "test.h"

#include <string.h>

#include <x86/msr.h>

#include "vmx/bitmap.h"

static uint8_t io[IO_BITMAP_BYTES];
static uint8_t msr[MSR_BITMAP_BYTES];

static int setup(void **state)
{
    (void)state;
    memset(io, 0, sizeof(io));
    memset(msr, 0, sizeof(msr));
    io_bitmap_close_all(io);
    msr_bitmap_close_all(msr);
    return 0;
}

static void closed_by_default(void **state)
{
    (void)state;
    for (uint32_t port = 0; port <= 0xffff; port++)
        assert_true(io_bitmap_exits(io, (uint16_t)port));
    for (uint32_t i = 0; i < 0x2000; i++) {
        assert_true(msr_bitmap_exits(msr, i, false) && msr_bitmap_exits(msr, i, true));
        assert_true(msr_bitmap_exits(msr, 0xc0000000 + i, false));
        assert_true(msr_bitmap_exits(msr, 0xc0000000 + i, true));
    }
}

/* Each single port, and nothing but that port. 0x2000-0x7fff were out of bounds elsewhere. */
static void every_port(void **state)
{
    (void)state;
    for (uint32_t port = 0; port <= 0xffff; port++) {
        unsigned open = 0;

        io_bitmap_set(io, (uint16_t)port, (uint16_t)port, false);
        assert_false(io_bitmap_exits(io, (uint16_t)port));
        assert_int_equal(io[port / 8], 0xff & ~(1u << port % 8)); /* 24.6.4: port n is bit n */
        if (port > 0)
            assert_true(io_bitmap_exits(io, (uint16_t)(port - 1)));
        if (port < 0xffff)
            assert_true(io_bitmap_exits(io, (uint16_t)(port + 1)));
        if (port % 4096 == 0) {
            for (unsigned i = 0; i < IO_BITMAP_BYTES; i++)
                open += io[i] != 0xff;
            assert_int_equal(open, 1);
        }
        io_bitmap_set(io, (uint16_t)port, (uint16_t)port, true);
        assert_int_equal(io[port / 8], 0xff);
    }
}

static void port_ranges(void **state)
{
    (void)state;
    io_bitmap_set(io, 0x3f8, 0x3ff, false);
    assert_true(io_bitmap_exits(io, 0x3f7) && io_bitmap_exits(io, 0x400));
    assert_false(io_bitmap_exits(io, 0x3f8) || io_bitmap_exits(io, 0x3ff));
    io_bitmap_set(io, 5, 4, false); /* nothing */
    assert_true(io_bitmap_exits(io, 4) && io_bitmap_exits(io, 5));
    io_bitmap_set(io, 0, 0xffff, false);
    for (unsigned i = 0; i < IO_BITMAP_BYTES; i++)
        assert_int_equal(io[i], 0);
    io_bitmap_set(io, 0x7fff, 0x8000, true); /* the border of A and B */
    assert_int_equal(io[0xfff], 0x80);
    assert_int_equal(io[0x1000], 0x01);
}

static void msr_places(void **state)
{
    (void)state;
    /* 24.6.9: reads of low MSRs at 0, of high ones at 1024, writes at 2048 and 3072. */
    assert_true(msr_bitmap_set(msr, 0x174, false, true));
    assert_int_equal(msr[0x174 / 8], 0xff & ~(1u << 4));
    assert_int_equal(msr[2048 + 0x174 / 8], 0xff);
    assert_true(msr_bitmap_set(msr, 0xc0000082, true, false));
    assert_int_equal(msr[1024 + 0x82 / 8], 0xff);
    assert_int_equal(msr[3072 + 0x82 / 8], 0xff & ~(1u << 2));
    assert_false(msr_bitmap_exits(msr, 0x174, false));
    assert_true(msr_bitmap_exits(msr, 0x174, true));
    assert_false(msr_bitmap_exits(msr, 0xc0000082, true));
    assert_true(msr_bitmap_set(msr, 0x174, true, true));
    assert_true(msr_bitmap_set(msr, 0xc0000082, true, true));
    for (unsigned i = 0; i < MSR_BITMAP_BYTES; i++)
        assert_int_equal(msr[i], 0xff);
}

static void msr_edges(void **state)
{
    static const struct {
        uint32_t msr;
        bool covered;
    } cases[] = {{0, true},           {0x800, true},      {0x1fff, true},     {0x2000, false},
                 {0xbfffffff, false}, {0xc0000000, true}, {0xc0001fff, true}, {0xc0002000, false},
                 {0xc0010117, false}, {0xffffffff, false}};

    (void)state;
    for (unsigned i = 0; i < COUNT(cases); i++) {
        assert_int_equal(msr_bitmap_covers(cases[i].msr), cases[i].covered);
        assert_int_equal(msr_bitmap_set(msr, cases[i].msr, false, false), cases[i].covered);
        assert_int_equal(msr_bitmap_exits(msr, cases[i].msr, false), !cases[i].covered);
        assert_int_equal(msr_bitmap_exits(msr, cases[i].msr, true), !cases[i].covered);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(closed_by_default, setup), cmocka_unit_test_setup(every_port, setup),
    cmocka_unit_test_setup(port_ranges, setup),       cmocka_unit_test_setup(msr_places, setup),
    cmocka_unit_test_setup(msr_edges, setup),
};

TEST_MAIN(tests)
